/* SPDX-License-Identifier: GPL-2.0 */
/* A process of many threads that all do the same thing, over and over. */
#ifndef SELFTESTS_CROWD_H
#define SELFTESTS_CROWD_H

#include <stdatomic.h>
#include <sys/types.h>

#define CROWD_SIZE 1000

/**
 * struct crowd_progress - how far they are, in memory shared with them
 * @begun: threads that do it
 * @steps: how often it has been done
 */
struct crowd_progress {
	atomic_uint begun;
	atomic_ulong steps;
};

/**
 * struct crowd - the threads
 * @pid: their process; 0: none
 * @step: what they do; a negative answer ends a thread
 * @arg: its argument
 * @progress: how far they are
 */
struct crowd {
	pid_t pid;
	int (*step)(void *arg);
	void *arg;
	struct crowd_progress *progress;
};

int crowd_start(struct crowd *crowd, int (*step)(void *arg), void *arg);
void crowd_stop(struct crowd *crowd);

#endif
