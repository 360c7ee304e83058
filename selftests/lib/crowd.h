/* SPDX-License-Identifier: GPL-2.0 */
/* Many threads that all do the same thing, over and over. */
#ifndef SELFTESTS_CROWD_H
#define SELFTESTS_CROWD_H

#include <pthread.h>
#include <stdatomic.h>

#define CROWD_SIZE 1000

/**
 * struct crowd - the threads
 * @threads: them; @nr of them
 * @nr: how many could be started
 * @step: what they do; a negative answer ends a thread
 * @arg: its argument
 * @stop: it is over
 * @steps: how often it has been done
 */
struct crowd {
	pthread_t threads[CROWD_SIZE];
	unsigned int nr;
	int (*step)(void *arg);
	void *arg;
	atomic_bool stop;
	atomic_ulong steps;
};

int crowd_start(struct crowd *crowd, int (*step)(void *arg), void *arg);
void crowd_stop(struct crowd *crowd);

#endif
