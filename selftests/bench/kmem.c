// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that the kernel takes for what is mapped: tables of the IOMMU and its
 * own records alike. Invariant: what is free is counted with the pages that
 * wait on a processor's list, so that the count is exact when nothing else
 * runs.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/call.h"
#include "../lib/text.h"
#include "bench.h"
#include "buffer.h"

#define GIB (1024 * MIB)
#define ROUNDS 4

static long free_kib(void)
{
	return text_free_pages() * (long)(PAGE / 1024);
}

static int map_parts(struct space *space, char *buf, size_t size)
{
	size_t done;
	int err = 0;

	for (done = 0; done < GIB && !err; done += size)
		err = space->peer->map(space, buf, BASE_IOVA + done, size);
	return err;
}

/* In a new address space: tables may stay behind in one that was used. */
static int measure_once(const struct peer *peer, char *buf, size_t size,
			__u64 *taken)
{
	struct space space;
	long before, after;
	int err = space_open(&space, peer, getenv(peer->device));

	if (err)
		return err;
	before = free_kib();
	err = map_parts(&space, buf, size);
	after = free_kib();
	*taken = before > after ? before - after : 0;
	space_close(&space);
	return err;
}

/* The first round is not counted: it fills caches of the allocators. */
static void measure(const char *row, const struct peer *peer, char *buf,
		    size_t size)
{
	__u64 taken[ROUNDS];
	int i, err = 0;

	for (i = 0; i < ROUNDS && !err; i++)
		err = measure_once(peer, buf, size, &taken[i]);
	if (err)
		report_missing(row, peer->name, err);
	else
		report(row, peer->name, median(taken + 1, ROUNDS - 1));
}

static void measure_kind(const char *row, enum pages pages, size_t size)
{
	char *buf = buffer_make(pages, size);
	int i;

	for (i = 0; i < NR_PEERS; i++) {
		if (buf)
			measure(row, peers[i], buf, size);
		else
			report_missing(row, peers[i]->name, -ENOMEM);
	}
	buffer_free(buf, size);
}

/* Kernel memory, in KiB, for each GiB mapped. */
void measure_memory(void)
{
	measure_kind("kmem-huge", THP, GIB);
	measure_kind("kmem-scattered", SCATTERED, 256 * MIB);
}
