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

/**
 * struct best - the best that one peer did
 * @space: where
 * @err: why it cannot take part, or 0
 * @one: seconds of one thread
 * @two: and of two, which do twice as much
 */
struct best {
	struct space space;
	int err;
	double one;
	double two;
};

static double run_workers(struct best *best, char *buf, unsigned int n)
{
	struct worker workers[2];
	unsigned int i;

	for (i = 0; i < n; i++)
		workers[i] = (struct worker){
			.space = &best->space,
			.buf = buf + i * CHUNK,
			.nr = i,
			.times = 50,
		};
	return run(workers, n);
}

static void take_round(struct best *best, char *buf)
{
	double one = run_workers(best, buf, 1);
	double two = run_workers(best, buf, 2);

	if (one < 0 || two < 0) {
		best->err = one < 0 ? one : two;
		return;
	}
	best->one = one < best->one ? one : best->one;
	best->two = two < best->two ? two : best->two;
}

static void tell(struct best *best)
{
	if (best->err)
		report_missing("threads", best->space.peer->name, best->err);
	else
		report("threads", best->space.peer->name,
		       2 * best->one / best->two);
}

/*
 * How many times as much two threads get done as one: by the best of several
 * rounds, since others use the processors of the host too.
 */
void measure_threads(void)
{
	char *buf = buffer_make(SMALL, 2 * CHUNK);
	int i, round, rounds = quick ? 10 : 40;
	struct best bests[NR_PEERS];

	for (i = 0; i < NR_PEERS; i++) {
		bests[i].err = space_open(&bests[i].space, peers[i],
					  getenv(peers[i]->device));
		bests[i].one = 1e9;
		bests[i].two = 1e9;
	}
	for (round = 0; round < rounds; round++)
		for (i = 0; i < NR_PEERS; i++)
			if (!bests[i].err)
				take_round(&bests[i], buf);
	for (i = 0; i < NR_PEERS; i++) {
		tell(&bests[i]);
		space_close(&bests[i].space);
	}
	buffer_free(buf, 2 * CHUNK);
}
