// SPDX-License-Identifier: GPL-2.0
/*
 * A process of many threads that all do the same thing, over and over.
 * Invariant: they have all ended when crowd_stop() returns, without having to
 * finish what they wait for: they are killed.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crowd.h"
#include "process.h"
#include "text.h"

#define STACK (64 * 1024)
#define START_MS 30000
#define AWAKE 40 /* running at a time, when the others wait */

/* All begin when all are there: those that call leave no time to the others */
static pthread_barrier_t all_are_there;

static void *run(void *arg)
{
	struct crowd *crowd = arg;

	pthread_barrier_wait(&all_are_there);
	crowd->progress->begun++;
	while (crowd->step(crowd->arg) >= 0)
		crowd->progress->steps++;
	return NULL;
}

static void be_many(struct crowd *crowd)
{
	pthread_attr_t attr;
	pthread_t thread;
	int i, err = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	pthread_barrier_init(&all_are_there, NULL, CROWD_SIZE);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	for (i = 0; !err && i < CROWD_SIZE; i++)
		err = pthread_create(&thread, &attr, run, crowd);
	if (err)
		_exit(err);
	for (;;)
		pause();
}

static int has_ended(pid_t pid)
{
	siginfo_t info = { .si_pid = 0 };

	waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT);
	return info.si_pid == pid;
}

/* How many threads of the machine want a processor? */
static int nr_running(void)
{
	char text[64];
	int nr;

	if (text_read("/proc/loadavg", text, sizeof(text)) < 0 ||
	    sscanf(text, "%*s %*s %*s %d", &nr) != 1)
		return CROWD_SIZE;
	return nr;
}

/* All are at it and stand in each other's way, but one gets through */
static bool is_settled(const struct crowd_progress *progress)
{
	return progress->begun == CROWD_SIZE && progress->steps &&
	       nr_running() <= AWAKE;
}

static int await(const struct crowd *crowd)
{
	long end = process_ms() + START_MS;

	while (!is_settled(crowd->progress)) {
		if (has_ended(crowd->pid))
			return -EAGAIN;
		if (process_ms() > end)
			return -ETIMEDOUT;
		process_nap(10);
	}
	return 0;
}

/**
 * crowd_start() - start the threads, and let them get at each other
 * @crowd: memory for them, all zero
 * @step: what each does all the time; a negative answer ends its thread
 * @arg: argument of @step, of which they have a copy
 *
 * Return: 0, or a negative errno if not all can be had or none gets through.
 */
int crowd_start(struct crowd *crowd, int (*step)(void *arg), void *arg)
{
	crowd->step = step;
	crowd->arg = arg;
	crowd->progress = mmap(NULL, sizeof(*crowd->progress),
			       PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (crowd->progress == MAP_FAILED) {
		crowd->progress = NULL;
		return -errno;
	}
	crowd->pid = fork();
	if (crowd->pid < 0)
		crowd->pid = 0;
	else if (!crowd->pid)
		be_many(crowd);
	return crowd->pid ? await(crowd) : -EAGAIN;
}

/**
 * crowd_stop() - end the threads
 * @crowd: started by crowd_start(), in whatever part
 */
void crowd_stop(struct crowd *crowd)
{
	if (crowd->pid) {
		kill(crowd->pid, SIGKILL);
		waitpid(crowd->pid, NULL, 0);
	}
	crowd->pid = 0;
	if (crowd->progress)
		munmap(crowd->progress, sizeof(*crowd->progress));
	crowd->progress = NULL;
}
