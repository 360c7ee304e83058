// SPDX-License-Identifier: GPL-2.0
/* This project: a domain, and devices of uvfio. Owns no state. */
#include <errno.h>

#include "../lib/device.h"
#include "../lib/domain.h"
#include "peer.h"

static int open_space(struct space *space, const char *bdf)
{
	space->fd = domain_open();
	return space->fd < 0 ? space->fd : 0;
}

static int prepare(struct space *space, const char *bdf)
{
	int fd = device_open_bdf(bdf);

	if (fd < 0)
		return fd;
	space->devices[space->nr_devices++] = fd;
	return 0;
}

static int attach(struct space *space)
{
	return device_set(space->devices[space->nr_devices - 1], space->fd);
}

static int map(struct space *space, void *vaddr, __u64 iova, size_t size)
{
	return domain_map(space->fd, vaddr, iova, size, true);
}

static int unmap(struct space *space, __u64 iova, size_t size)
{
	return domain_unmap(space->fd, iova, size);
}

static int map_any(struct space *space, void *vaddr, size_t size)
{
	__u64 iova;

	return domain_map_any(space->fd, vaddr, &iova, size);
}

const struct peer peer_uiommu = {
	.name = "uiommu",
	.driver = "vfio",
	.device = "EDU0",
	.open = open_space,
	.prepare = prepare,
	.attach = attach,
	.map = map,
	.unmap = unmap,
	.map_any = map_any,
};
