// SPDX-License-Identifier: GPL-2.0
/*
 * Children of a test.
 *
 * A child's answer is its exit status: 0 for success, what its function
 * returned otherwise (a negative errno as its absolute value). Nothing here
 * waits for ever: the harness kills a test that hangs, children included.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "call.h"
#include "process.h"
#include "text.h"

/**
 * process_nap() - sleep
 * @ms: milliseconds
 */
void process_nap(unsigned int ms)
{
	struct timespec nap = {
		.tv_sec = ms / 1000,
		.tv_nsec = ms % 1000 * 1000000L,
	};

	nanosleep(&nap, NULL);
}

/**
 * process_ms() - a clock
 *
 * Return: milliseconds since some time.
 */
long process_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/**
 * process_slowness() - how much longer may this kernel take
 *
 * One that proves locks checks each access to memory, too.
 *
 * Return: a factor for limits of time, 1 on a kernel of a distribution.
 */
unsigned int process_slowness(void)
{
	return access("/proc/lockdep_stats", F_OK) ? 1 : 4;
}

/**
 * process_wait() - wait for a child
 * @pid: the child
 *
 * Return: its exit status, or 128 and the signal that killed it.
 */
int process_wait(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		return -errno;
	if (WIFSIGNALED(status))
		return 128 + WTERMSIG(status);
	return WEXITSTATUS(status);
}

/**
 * process_run() - run a function in a child
 * @fn: function
 * @arg: its argument
 *
 * Return: what it returned, as an absolute value.
 */
int process_run(int (*fn)(void *arg), void *arg)
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (!pid)
		_exit(abs(fn(arg)));
	return process_wait(pid);
}

/**
 * process_become() - turn into a user without any privilege
 * @uid: user and group
 * @memlock: limit of locked memory in bytes
 *
 * Return: 0, or a negative errno.
 */
int process_become(uid_t uid, unsigned long memlock)
{
	struct rlimit limit = { .rlim_cur = memlock, .rlim_max = memlock };

	if (setrlimit(RLIMIT_MEMLOCK, &limit) || setgroups(0, NULL) ||
	    setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
		return -errno;
	return 0;
}

/**
 * process_run_as() - run a function in a child without any privilege
 * @uid: user and group
 * @memlock: limit of locked memory in bytes
 * @fn: function
 * @arg: its argument
 *
 * Return: what it returned, as an absolute value.
 */
int process_run_as(uid_t uid, unsigned long memlock, int (*fn)(void *arg),
		   void *arg)
{
	pid_t pid = fork();
	int err;

	if (pid < 0)
		return -errno;
	if (pid)
		return process_wait(pid);
	err = process_become(uid, memlock);
	_exit(abs(err ? err : fn(arg)));
}

/**
 * process_tell() - one step further, to the other end
 * @fd: writing end of a pipe
 *
 * Return: 0, or a negative errno.
 */
int process_tell(int fd)
{
	return write(fd, "", 1) == 1 ? 0 : -errno;
}

/**
 * process_await() - wait for process_tell() of the other end
 * @fd: reading end of a pipe
 *
 * Return: 0, or -EPIPE if the other end has gone.
 */
int process_await(int fd)
{
	char c;

	return read(fd, &c, 1) == 1 ? 0 : -EPIPE;
}

/**
 * process_start() - start a child that works in step with its parent
 * @fn: function; it finds the other ends of the pipes in arg[0] and arg[1]
 *	if @arg is an array of int: arg[0] to tell, arg[1] to await
 * @arg: its argument
 * @ready: out: becomes readable when the child tells
 * @go: out: where the parent tells
 *
 * Return: the child, or a negative errno.
 */
pid_t process_start(int (*fn)(void *arg), void *arg, int *ready, int *go)
{
	int up[2], down[2], *ends = arg;
	pid_t pid;

	if (pipe(up) || pipe(down))
		return -errno;
	pid = fork();
	if (!pid) {
		close(up[0]);
		close(down[1]);
		ends[0] = up[1];
		ends[1] = down[0];
		_exit(abs(fn(arg)));
	}
	close(up[1]);
	close(down[0]);
	*ready = up[0];
	*go = down[1];
	return pid;
}

/**
 * process_become_sleeper() - exec a program that tells, awaits and exits
 * @ready: where it tells
 * @go: where it awaits
 *
 * Returns only on failure.
 */
void process_become_sleeper(int ready, int go)
{
	char text[32];
	char *argv[] = { "sleeper", NULL };

	snprintf(text, sizeof(text), "%d %d", ready, go);
	setenv("SELFTEST_SLEEPER", text, 1);
	execv("/proc/self/exe", argv);
}

static void __attribute__((constructor)) sleep_if_asked(void)
{
	const char *text = getenv("SELFTEST_SLEEPER");
	int ready, go;

	if (!text || sscanf(text, "%d %d", &ready, &go) != 2)
		return;
	process_tell(ready);
	process_await(go);
	_exit(0);
}

/**
 * process_vmpin() - pages pinned by a process
 * @pid: process
 *
 * Return: the number, or a negative errno.
 */
long process_vmpin(pid_t pid)
{
	char path[64];
	long kib;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	kib = text_field(path, "VmPin:");
	return kib < 0 ? kib : kib * 1024 / (long)PAGE;
}

/**
 * process_vmpin_becomes() - wait for a number of pinned pages
 * @pid: process
 * @pages: the number; a worker gives back what died
 *
 * Return: 1, or 0 if it did not come within 20 s.
 */
int process_vmpin_becomes(pid_t pid, long pages)
{
	int left = 1000;

	while (process_vmpin(pid) != pages) {
		if (!left--)
			return 0;
		process_nap(20);
	}
	return 1;
}
