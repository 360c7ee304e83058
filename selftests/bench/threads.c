// SPDX-License-Identifier: GPL-2.0
/*
 * Two threads against one, in disjoint ranges, by the clock on the wall.
 * Invariant: each thread keeps to a processor, a buffer and a range of its
 * own; one thread does in the first half of a round what each of two does in
 * the second.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../lib/call.h"
#include "bench.h"
#include "buffer.h"

#define CHUNK (2 * MIB)
#define STRIDE (1024 * MIB)

/**
 * struct worker - one thread
 * @space: the address space that all share
 * @buf: its buffer
 * @nr: its processor, and which range is its own
 * @times: how many maps and unmaps it makes
 * @err: why it stopped, or 0
 */
struct worker {
	struct space *space;
	char *buf;
	unsigned int nr;
	unsigned int times;
	int err;
};

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	__u64 iova = BASE_IOVA + w->nr * STRIDE;
	unsigned int i;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(w->nr, &set);
	sched_setaffinity(0, sizeof(set), &set);
	for (i = 0; i < w->times && !w->err; i++) {
		w->err = w->space->peer->map(w->space, w->buf, iova, CHUNK);
		if (!w->err)
			w->err = w->space->peer->unmap(w->space, iova, CHUNK);
	}
	return NULL;
}

/* Seconds that the first @n workers take together, or a negative errno. */
static double run(struct worker *workers, unsigned int n)
{
	pthread_t threads[2];
	double begin = seconds();
	unsigned int i;
	int err = 0;

	for (i = 0; i < n; i++)
		if (pthread_create(&threads[i], NULL, work, &workers[i]))
			abort();
	for (i = 0; i < n; i++) {
		pthread_join(threads[i], NULL);
		err = workers[i].err ?: err;
	}
	return err ? err : seconds() - begin;
}

/* The best round of several: others use the processors of the host too. */
static int measure(struct space *space, char *buf, double *ratio)
{
	unsigned int i, rounds = quick ? 5 : 15;
	double one, two, best_one = 1e9, best_two = 1e9;
	struct worker workers[2];

	for (i = 0; i < 2; i++)
		workers[i] = (struct worker){
			.space = space,
			.buf = buf + i * CHUNK,
			.nr = i,
			.times = 100,
		};
	for (i = 0; i < rounds; i++) {
		one = run(workers, 1);
		two = run(workers, 2);
		if (one < 0 || two < 0)
			return one < 0 ? one : two;
		best_one = one < best_one ? one : best_one;
		best_two = two < best_two ? two : best_two;
	}
	*ratio = 2 * best_one / best_two;
	return 0;
}

/* How many times as much two threads get done as one. */
void measure_threads(void)
{
	char *buf = buffer_make(SMALL, 2 * CHUNK);
	struct space space;
	double ratio = 0;
	int i, err;

	for (i = 0; i < NR_PEERS; i++) {
		err = space_open(&space, peers[i], getenv(peers[i]->device));
		if (!err)
			err = measure(&space, buf, &ratio);
		if (err)
			report_missing("threads", peers[i]->name, err);
		else
			report("threads", peers[i]->name, ratio);
		space_close(&space);
	}
	buffer_free(buf, 2 * CHUNK);
}
