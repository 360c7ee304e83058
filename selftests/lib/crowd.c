// SPDX-License-Identifier: GPL-2.0
/*
 * Many threads that all do the same thing, over and over. Invariant: they have
 * all ended when crowd_stop() returns.
 */
#include <errno.h>
#include <stdbool.h>

#include "crowd.h"
#include "process.h"

#define STACK (64 * 1024)
#define START_MS 30000

static void *run(void *arg)
{
	struct crowd *crowd = arg;

	while (!crowd->stop) {
		if (crowd->step(crowd->arg) < 0)
			break;
		crowd->steps++;
	}
	return NULL;
}

/**
 * crowd_start() - start the threads, and let them get at each other
 * @crowd: memory for them
 * @step: what each does all the time; a negative answer ends its thread
 * @arg: argument of @step
 *
 * Return: 0, or a negative errno if not all can be had or none gets through.
 */
int crowd_start(struct crowd *crowd, int (*step)(void *arg), void *arg)
{
	long end = process_ms() + START_MS;
	pthread_attr_t attr;
	int err = 0;

	crowd->nr = 0;
	crowd->step = step;
	crowd->arg = arg;
	crowd->stop = false;
	crowd->steps = 0;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	while (!err && crowd->nr < CROWD_SIZE) {
		err = pthread_create(&crowd->threads[crowd->nr], &attr, run,
				     crowd);
		crowd->nr += !err;
	}
	pthread_attr_destroy(&attr);
	process_nap(500);
	while (!err && !crowd->steps && process_ms() < end)
		process_nap(50);
	if (!err && !crowd->steps)
		err = ETIMEDOUT;
	return -err;
}

/**
 * crowd_stop() - end the threads
 * @crowd: started by crowd_start(), in whatever part
 */
void crowd_stop(struct crowd *crowd)
{
	unsigned int i;

	crowd->stop = true;
	for (i = 0; i < crowd->nr; i++)
		pthread_join(crowd->threads[i], NULL);
	crowd->nr = 0;
}
