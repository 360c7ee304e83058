// SPDX-License-Identifier: GPL-2.0
/*
 * Several devices in one address space. Invariant: device k is in a group of
 * its own, so that each attach is one of the hardware's.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "../lib/call.h"
#include "../lib/device.h"
#include "bench.h"
#include "buffer.h"
#include "clock.h"

#define ROUNDS 101
#define PART (256 * MIB)
#define PARTS 4

static int map_rounds(struct space *space, char *buf, __u64 *values)
{
	int round, err = 0;
	__u64 begin;

	for (round = 0; round < ROUNDS && !err; round++) {
		begin = clock_now();
		err = space->peer->map(space, buf, BASE_IOVA, PAGE);
		values[round] = clock_now() - begin;
		if (!err)
			err = space->peer->unmap(space, BASE_IOVA, PAGE);
	}
	return err;
}

static void tell_map(struct space *space, unsigned int k, char *buf, int err)
{
	__u64 values[ROUNDS];
	char row[64];

	snprintf(row, sizeof(row), "devices-%u", k);
	if (!err)
		err = map_rounds(space, buf, values);
	if (err)
		report_missing(row, space->peer->name, err);
	else
		report(row, space->peer->name, median(values, ROUNDS));
}

static bool is_asked(unsigned int k)
{
	return k == 1 || k == 2 || k == 8 || k == 16;
}

static void measure_map(const struct peer *peer, const char *const devices[],
			unsigned int n, char *buf)
{
	struct space space;
	unsigned int k;
	int err = space_open(&space, peer, devices[0]);

	for (k = 1; k <= n; k++) {
		if (k > 1 && !err)
			err = space_add(&space, devices[k - 1]);
		if (is_asked(k))
			tell_map(&space, k, buf, err);
	}
	space_close(&space);
}

static int map_parts(struct space *space, char *buf)
{
	int i, err = 0;

	for (i = 0; i < PARTS && !err; i++)
		err = space->peer->map(space, buf, BASE_IOVA + i * PART, PART);
	return err;
}

/* Attach the second device with @buf mapped, several times over, or not. */
static int attach_second(const struct peer *peer, const char *const devices[],
			 char *buf, __u64 *spent)
{
	struct space space;
	__u64 begin;
	int err = space_open(&space, peer, devices[0]);

	if (!err && buf)
		err = map_parts(&space, buf);
	if (!err)
		err = peer->prepare(&space, devices[1]);
	if (!err) {
		begin = clock_now();
		err = peer->attach(&space);
		*spent = clock_now() - begin;
	}
	space_close(&space);
	return err;
}

static void tell_attach(const char *row, const struct peer *peer,
			const char *const devices[], char *buf)
{
	__u64 spent[3] = { 0 };
	int i, err = 0;

	for (i = 0; i < 3 && !err; i++)
		err = attach_second(peer, devices, buf, &spent[i]);
	if (err)
		report_missing(row, peer->name, err);
	else
		report(row, peer->name, median(spent, 3));
}

/**
 * measure_attached() - what more devices cost
 * @devices: addresses of devices
 * @n: how many
 */
void measure_attached(const char *const devices[], unsigned int n)
{
	char *buf = buffer_make(SCATTERED, PART);
	unsigned int i, k;

	for (i = 0; i < NR_PEERS; i++) {
		for (k = 0; k < n; k++)
			device_bind(devices[k], peers[i]->driver);
		measure_map(peers[i], devices, n, buf);
		tell_attach("attach-0", peers[i], devices, NULL);
		tell_attach("attach-1g", peers[i], devices, buf);
	}
	for (k = 0; k < n; k++)
		device_bind(devices[k], NULL);
	buffer_free(buf, PART);
}
