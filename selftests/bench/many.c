// SPDX-License-Identifier: GPL-2.0
/*
 * Many mappings in one address space. Invariant: mapping i is one page, at
 * BASE_IOVA + i pages.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/call.h"
#include "bench.h"
#include "buffer.h"
#include "clock.h"

#define WINDOW (64 * MIB)
#define LAST 100 /* maps that the n-th is the mean of */

static __u64 iova_of(unsigned long i)
{
	return BASE_IOVA + i * PAGE;
}

static int map_all(struct space *space, char *buf)
{
	unsigned long i;
	int err = 0;

	for (i = 0; i < MANY && !err; i++)
		err = space->peer->map(space, buf + i * PAGE, iova_of(i), PAGE);
	return err;
}

static int unmap_all(struct space *space)
{
	unsigned long i;
	int err = 0;

	for (i = 0; i < MANY && !err; i++)
		err = space->peer->unmap(space, iova_of(i), PAGE);
	return err;
}

static int many_in(struct space *space, char *buf)
{
	__u64 begin = clock_now(), mapped;
	int err = map_all(space, buf);

	mapped = clock_now();
	if (!err)
		err = unmap_all(space);
	if (err)
		return err;
	report("map-20000", space->peer->name, (double)(mapped - begin) / MANY);
	report("unmap-20000", space->peer->name,
	       (double)(clock_now() - mapped) / MANY);
	return 0;
}

/* 20 000 mappings of one page each, and then their unmaps. */
void measure_many(void)
{
	size_t size = MANY * PAGE;
	char *buf = buffer_make(SMALL, size);
	struct space space;
	int i, err;

	for (i = 0; i < NR_PEERS; i++) {
		err = space_open(&space, peers[i], getenv(peers[i]->device));
		if (!err)
			err = many_in(&space, buf);
		if (err) {
			report_missing("map-20000", peers[i]->name, err);
			report_missing("unmap-20000", peers[i]->name, err);
		}
		space_close(&space);
	}
	buffer_free(buf, size);
}

/* Memory of one file at many addresses: a million pages need not be had. */
static char *make_windows(size_t size)
{
	int fd = memfd_create("bench", MFD_CLOEXEC);
	char *at = mmap(NULL, size, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t done;

	if (fd < 0 || at == MAP_FAILED || ftruncate(fd, WINDOW))
		return NULL;
	for (done = 0; done < size; done += WINDOW)
		if (mmap(at + done, WINDOW, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED | MAP_POPULATE, fd,
			 0) == MAP_FAILED)
			return NULL;
	close(fd);
	return at;
}

static bool is_milestone(unsigned long n)
{
	return n == 1000 || n == 10000 || n == 100000 || n == 1000000;
}

static void tell_nth(struct space *space, const char *kind, unsigned long n,
		     __u64 spent)
{
	char row[64];

	snprintf(row, sizeof(row), "%s-%lu", kind, n);
	report(row, space->peer->name, (double)spent / LAST);
}

static int map_next(struct space *space, bool any, char *at, unsigned long i)
{
	if (any)
		return space->peer->map_any(space, at, PAGE);
	return space->peer->map(space, at, iova_of(i), PAGE);
}

static int map_up_to(struct space *space, const char *kind, char *buf,
		     unsigned long max, unsigned long *n)
{
	bool any = strcmp(kind, "any") == 0;
	__u64 begin = 0;
	int err = 0;

	for (*n = 0; *n < max && !err; ++*n) {
		if (is_milestone(*n + LAST))
			begin = clock_now();
		err = map_next(space, any, buf + *n * PAGE, *n);
		if (!err && is_milestone(*n + 1))
			tell_nth(space, kind, *n + 1, clock_now() - begin);
	}
	return err;
}

static void tell_the_rest(const struct peer *peer, const char *kind,
			  unsigned long n, unsigned long max, int err)
{
	unsigned long i;
	char row[64];

	for (i = 1000; i <= max; i *= 10) {
		snprintf(row, sizeof(row), "%s-%lu", kind, i);
		if (i > n)
			report_missing(row, peer->name, err);
	}
}

static void measure_peer(const struct peer *peer, const char *kind, char *buf,
			 unsigned long max)
{
	struct space space;
	unsigned long n = 0;
	int err;

	err = space_open(&space, peer, getenv(peer->device));
	if (!err)
		err = buf ? map_up_to(&space, kind, buf, max, &n) : -ENOMEM;
	if (err)
		tell_the_rest(peer, kind, n ? n - 1 : 0, max, err);
	space_close(&space);
}

/* What the n-th mapping of one page costs, where we or the kernel choose. */
static void measure_up_to(const char *kind)
{
	unsigned long max = quick ? 100000 : 1000000;
	size_t size = (max * PAGE + WINDOW - 1) / WINDOW * WINDOW;
	char *buf = make_windows(size);
	int i;

	for (i = 0; i < NR_PEERS; i++)
		if (strcmp(kind, "any") || peers[i]->map_any)
			measure_peer(peers[i], kind, buf, max);
	if (buf)
		munmap(buf, size);
}

/* What the n-th mapping of one page costs. */
void measure_nth(void)
{
	measure_up_to("nth");
}

/* The same where the kernel chooses the address. */
void measure_any(void)
{
	measure_up_to("any");
}
