// SPDX-License-Identifier: GPL-2.0
/*
 * Calls under a timer. Invariant: each child has an address space of its own,
 * in which nothing was ever mapped for a device, and with as many areas as a
 * large program has. It inherits those, which takes less time than making them.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/domain.h"
#include "../lib/memory.h"
#include "../lib/process.h"

#define VMAS 20000
#define IOVA 0x10000000ULL
#define TRIES 3
#define THREADS 8

FIXTURE(signals)
{
	int domain;
};

FIXTURE_VARIANT(signals)
{
	long us;
};

FIXTURE_VARIANT_ADD(signals, ten_ms){
	.us = 10000,
};

FIXTURE_VARIANT_ADD(signals, one_ms){
	.us = 1000,
};

static volatile sig_atomic_t signals;

static void count(int signal)
{
	signals++;
}

static int start_timer(long us)
{
	struct sigaction action = { .sa_handler = count,
				    .sa_flags = SA_RESTART };
	struct itimerval every = { { 0, us }, { 0, us } };

	signals = 0;
	return sigaction(SIGALRM, &action, NULL) ||
			       setitimer(ITIMER_REAL, &every, NULL) ?
		       -errno :
		       0;
}

static int make_vmas(void)
{
	__u8 *at = mmap(NULL, 2 * VMAS * PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	unsigned int i;

	if (at == MAP_FAILED)
		return -errno;
	for (i = 0; i < VMAS / 2; i++)
		if (mprotect(at + 2 * i * PAGE, PAGE, PROT_READ))
			return -errno;
	return 0;
}

FIXTURE_SETUP(signals)
{
	self->domain = domain_open();
	ASSERT_LE(0, self->domain);
	ASSERT_EQ(0, make_vmas());
}

FIXTURE_TEARDOWN(signals)
{
	close(self->domain);
}

struct first {
	int domain;
	long us;
};

static int map_first(void *arg)
{
	struct first *first = arg;
	__u8 *page = memory_anon(PAGE);
	int err = start_timer(first->us);

	/* the timer has begun to fire */
	while (!err && !signals)
		;
	return -(err ?: domain_map(first->domain, page, IOVA, PAGE, true));
}

TEST_F(signals, the_first_map_succeeds)
{
	struct first first = { self->domain, variant->us };
	int i;

	for (i = 0; i < TRIES; i++)
		EXPECT_EQ(0, process_run(map_first, &first));
	EXPECT_EQ(1, domain_pinned_becomes(self->domain, 0));
}

struct one {
	pthread_t thread;
	int domain;
	__u8 *page;
	__u64 iova;
	int err;
};

static void *map_one(void *arg)
{
	struct one *one = arg;

	one->err = domain_map(one->domain, one->page, one->iova, PAGE, true);
	return NULL;
}

static int map_at_once(void *arg)
{
	struct first *first = arg;
	struct one ones[THREADS];
	int err = start_timer(first->us), i;

	for (i = 0; i < THREADS; i++) {
		ones[i] = (struct one){ 0, first->domain, memory_anon(PAGE),
					IOVA + i * PAGE, 0 };
		pthread_create(&ones[i].thread, NULL, map_one, &ones[i]);
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(ones[i].thread, NULL);
		err = err ?: ones[i].err;
	}
	if (!err && domain_nr_maps(first->domain) != THREADS)
		err = -ENOENT;
	return -err;
}

TEST_F(signals, threads_map_first_at_once)
{
	struct first first = { self->domain, variant->us };
	int i;

	for (i = 0; i < TRIES; i++)
		EXPECT_EQ(0, process_run(map_at_once, &first));
	EXPECT_EQ(1, domain_pinned_becomes(self->domain, 0));
}

/* Killed at some moment of its first map, again and again */
TEST_F(signals, a_fatal_signal_ends_it)
{
	struct first first = { self->domain, variant->us };
	int i, status, ready[2];
	long began;
	pid_t pid;
	char byte;

	for (i = 0; i < 10; i++) {
		ASSERT_EQ(0, pipe(ready));
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid) {
			if (start_timer(first.us))
				_exit(1);
			if (write(ready[1], "", 1) != 1)
				_exit(1);
			map_one(&(struct one){ 0, first.domain,
					       memory_anon(PAGE), IOVA, 0 });
			for (;;)
				pause();
		}
		close(ready[1]);
		ASSERT_EQ(1, read(ready[0], &byte, 1));
		close(ready[0]);
		process_nap(i * 3);
		began = process_ms();
		ASSERT_EQ(0, kill(pid, SIGKILL));
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		EXPECT_TRUE(WIFSIGNALED(status));
		EXPECT_GT(5000, process_ms() - began);
	}
	EXPECT_EQ(1, domain_pinned_becomes(self->domain, 0));
}

TEST_HARNESS_MAIN
