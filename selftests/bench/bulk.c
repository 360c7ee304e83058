// SPDX-License-Identifier: GPL-2.0
/*
 * Maps and unmaps of one buffer. Invariant: all peers take turns on the same
 * memory, round by round, in the same order.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "../lib/call.h"
#include "bench.h"
#include "buffer.h"
#include "bulk.h"
#include "clock.h"

#define MAX_ROUNDS 301

const struct shape shapes[] = {
	{ "4k", SMALL, PAGE, 301, false },
	{ "64k", SMALL, 64 * 1024, 101, false },
	{ "2m", SMALL, 2 * MIB, 21, false },
	{ "256m", SMALL, 256 * MIB, 3, true },
	{ "256m-scattered", SCATTERED, 256 * MIB, 3, true },
	{ "256m-thp", THP, 256 * MIB, 3, true },
	{ "256m-hugetlb", HUGETLB, 256 * MIB, 3, true },
};

const unsigned int nr_shapes = ARRAY_SIZE(shapes);

/**
 * struct turns - what one peer did
 * @space: where
 * @err: why it cannot take part, or 0
 * @map: instructions of each map
 * @unmap: and unmap
 */
struct turns {
	struct space space;
	int err;
	__u64 map[MAX_ROUNDS];
	__u64 unmap[MAX_ROUNDS];
};

static struct turns turns[NR_PEERS];

static void take_turn(struct turns *t, void *buf, size_t size,
		      unsigned int round)
{
	__u64 begin = clock_now(), end;

	t->err = t->space.peer->map(&t->space, buf, BASE_IOVA, size);
	end = clock_now();
	if (t->err)
		return;
	t->map[round] = end - begin;
	begin = clock_now();
	t->err = t->space.peer->unmap(&t->space, BASE_IOVA, size);
	end = clock_now();
	t->unmap[round] = end - begin;
}

static void tell(const char *op, const struct shape *shape, struct turns *t,
		 __u64 *values)
{
	char row[64];
	double value;

	snprintf(row, sizeof(row), "%s-%s", op, shape->name);
	if (t->err) {
		report_missing(row, t->space.peer->name, t->err);
		return;
	}
	value = median(values, shape->rounds);
	if (shape->per_page)
		value /= shape->size / PAGE;
	report(row, t->space.peer->name, value);
}

static void tell_runs(const struct shape *shape, void *buf)
{
	char row[64];
	long n;

	if (turns[0].err)
		return;
	n = floor_runs(&turns[0].space, buf, shape->size);
	snprintf(row, sizeof(row), "runs-%s", shape->name);
	report(row, "floor", n);
}

static void measure(const struct shape *shape, void *buf)
{
	unsigned int round, i;

	tell_runs(shape, buf);
	for (round = 0; round < shape->rounds; round++)
		for (i = 0; i < NR_PEERS; i++)
			if (!turns[i].err)
				take_turn(&turns[i], buf, shape->size, round);
	for (i = 0; i < NR_PEERS; i++) {
		tell("map", shape, &turns[i], turns[i].map);
		tell("unmap", shape, &turns[i], turns[i].unmap);
	}
}

/* Memory of small pages is taken first, while free memory is in order. */
void measure_bulk(void)
{
	void *small = buffer_make(SMALL, 256 * MIB), *buf;
	unsigned int i;

	for (i = 0; i < NR_PEERS; i++)
		turns[i].err = space_open(&turns[i].space, peers[i],
					  getenv(peers[i]->device));
	for (i = 0; i < nr_shapes; i++) {
		if (shapes[i].pages == SMALL) {
			measure(&shapes[i], small);
			continue;
		}
		buf = buffer_make(shapes[i].pages, shapes[i].size);
		if (buf)
			measure(&shapes[i], buf);
		else
			report_missing(shapes[i].name, "all", -ENOMEM);
		buffer_free(buf, shapes[i].size);
	}
	for (i = 0; i < NR_PEERS; i++)
		space_close(&turns[i].space);
	buffer_free(small, 256 * MIB);
}
