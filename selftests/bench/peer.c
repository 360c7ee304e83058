// SPDX-License-Identifier: GPL-2.0
/*
 * What all kinds of address space share. Invariant: a space that was opened
 * has its first device attached.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../lib/device.h"
#include "peer.h"

const struct peer *const peers[NR_PEERS] = {
	&peer_floor,
	&peer_uiommu,
	&peer_type1,
	&peer_iommufd,
};

/**
 * peer_find() - a peer by its name
 * @name: the name
 *
 * Return: the peer, or NULL.
 */
const struct peer *peer_find(const char *name)
{
	int i;

	for (i = 0; i < NR_PEERS; i++)
		if (strcmp(peers[i]->name, name) == 0)
			return peers[i];
	return NULL;
}

static int hold(const struct peer *peer, const char *bdf)
{
	char driver[64];
	int err = device_driver(bdf, driver, sizeof(driver));

	if (err || strcmp(driver, peer->driver ? peer->driver : "") == 0)
		return err;
	return device_bind(bdf, peer->driver);
}

/**
 * space_add() - attach one more device
 * @space: the address space
 * @bdf: PCI address; the device is bound to the driver it needs
 *
 * Return: 0, or a negative errno.
 */
int space_add(struct space *space, const char *bdf)
{
	int err = hold(space->peer, bdf);

	if (!err)
		err = space->peer->prepare(space, bdf);
	return err ? err : space->peer->attach(space);
}

/**
 * space_open() - make an address space with a device attached
 * @space: out
 * @peer: of which kind
 * @bdf: PCI address of the device
 *
 * Return: 0, or a negative errno: -ENOENT if the kernel has no such peer.
 */
int space_open(struct space *space, const struct peer *peer, const char *bdf)
{
	int err;

	*space = (struct space){ .peer = peer, .fd = -1 };
	if (!bdf)
		return -ENODEV;
	err = peer->open(space, bdf);
	if (!err)
		err = space_add(space, bdf);
	if (err)
		space_close(space);
	return err;
}

/**
 * space_close() - give all back
 * @space: an address space, or what space_open() left of it
 */
void space_close(struct space *space)
{
	while (space->nr_devices)
		close(space->devices[--space->nr_devices]);
	if (space->fd >= 0)
		close(space->fd);
	space->fd = -1;
}
