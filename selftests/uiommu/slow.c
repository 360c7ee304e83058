// SPDX-License-Identifier: GPL-2.0
/*
 * A process whose invalidations take as long as it likes. Invariant: that holds
 * up nobody but itself, and one kernel thread.
 *
 * It is in munmap() of a page that the test module iostuck keeps the IOMMU from
 * letting go of.
 */
#include <ctype.h>
#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/edu.h"
#include "../lib/memory.h"
#include "../lib/process.h"
#include "../lib/text.h"

#define KEEP "/sys/module/iostuck/parameters/keep"
#define HOLD "/sys/module/iostuck/parameters/hold"
#define IOVA 0x40000000ULL
#define THEIRS 0x12340000ULL
#define HELD 0x45670000ULL
#define SECRET 0x5c

/* more than the workers of one queue were */
#define MANY 20

/* mappings: far more than may wait to be buried */
#define DEAD 3000

/* ms: as in stuck.c */
#define SOON 1500
#define SLOW 10

/* The slow process */
struct sloth {
	int ends[2]; /* to tell, to await: see process_start() */
	int held;
	int domains[MANY];
	int nr;
	bool throws_away;
};

FIXTURE(slow)
{
	struct sloth sloth;
	int mine;
	struct edu a;
	struct edu b;
	struct memory mem;
	long pinned; /* pages that are pinned without @mem */
	pid_t pid;
	int ready;
	int go;
};

FIXTURE_VARIANT(slow)
{
	int nr; /* domains of the slow process */
	bool shared; /* the first of them is ours, too */
};

/* clang-format off */
FIXTURE_VARIANT_ADD(slow, in_one_domain) { .nr = 1, .shared = true };
FIXTURE_VARIANT_ADD(slow, of_one_user) { .nr = MANY };
/* clang-format on */

static int keep(__u64 iova, int times)
{
	char text[64];

	snprintf(text, sizeof(text), "%llx %d", iova, times);
	return text_write(KEEP, text);
}

static void *unmap_page(void *page)
{
	munmap(page, PAGE);
	return NULL;
}

/* An invalidation of this process is under way from the second word on. */
static int be_slow(void *arg)
{
	struct sloth *s = arg;
	__u8 *held = memory_anon(PAGE);
	struct memory mem;
	pthread_t thread;
	int i, err;

	/* thrown away it is still there, which only a look can tell */
	err = memory_make(&mem, SHARED_ANON, PAGE);
	err = err ?: domain_map(s->held, held, HELD, PAGE, true);
	for (i = 0; !err && i < s->nr; i++)
		err = domain_map(s->domains[i], mem.buf, THEIRS, PAGE, true);
	if (err || process_tell(s->ends[0]) || process_await(s->ends[1]))
		return err ? -err : EIO;
	if (pthread_create(&thread, NULL, unmap_page, held))
		return EAGAIN;
	while (text_field(KEEP, ""))
		process_nap(10);
	if (s->throws_away && madvise(mem.buf, PAGE, MADV_DONTNEED))
		return errno;
	for (i = 0; i < s->nr; i++)
		close(s->domains[i]);
	process_tell(s->ends[0]);
	pthread_join(thread, NULL);
	return 0;
}

FIXTURE_SETUP(slow)
{
	int i;

	if (!device_bdf("EDU0") || !device_bdf("EDU1"))
		SKIP(return, "EDU0 or EDU1 is not set");
	if (access(KEEP, W_OK))
		SKIP(return, "the module iostuck is not loaded");
	self->sloth.held = domain_open();
	self->sloth.nr = variant->nr;
	for (i = 0; i < variant->nr; i++)
		self->sloth.domains[i] = domain_open();
	self->mine = variant->shared ? self->sloth.domains[0] : domain_open();
	ASSERT_EQ(0, edu_open(&self->a, "EDU0"));
	ASSERT_EQ(0, edu_open(&self->b, "EDU1"));
	ASSERT_EQ(0, edu_attach(&self->a, self->mine));
	ASSERT_EQ(0, edu_attach(&self->b, self->sloth.held));
	self->pinned = process_vmpin(getpid());
	ASSERT_EQ(0, memory_make(&self->mem, THP, HUGE));
	ASSERT_TRUE(memory_is_huge(self->mem.buf));
	memset(self->mem.buf, SECRET, self->mem.size);
	ASSERT_EQ(0, device_map(self->a.fd, self->mem.buf, IOVA, HUGE, 1));
}

FIXTURE_TEARDOWN(slow)
{
	text_write(HOLD, "0");
	if (self->pid)
		process_wait(self->pid);
	text_write(KEEP, "0 0");
	edu_close(&self->a);
	edu_close(&self->b);
}

/* Returns 0 when it has begun to be slow. */
static int begin(FIXTURE_DATA(slow) * self, bool throws_away)
{
	self->sloth.throws_away = throws_away;
	self->pid =
		process_start(be_slow, &self->sloth, &self->ready, &self->go);
	if (process_await(self->ready) || keep(HELD, 1) ||
	    text_write(HOLD, "1") || process_tell(self->go))
		return -EIO;
	return process_await(self->ready);
}

/* The last to do so: what they mapped of its memory is given back. */
static void close_theirs(FIXTURE_DATA(slow) * self)
{
	int i;

	for (i = 0; i < self->sloth.nr; i++)
		close(self->sloth.domains[i]);
}

TEST_F(slow, what_others_lose_is_given_back)
{
	ASSERT_EQ(0, begin(self, false));
	close_theirs(self);
	ASSERT_EQ(0, munmap(self->mem.buf, self->mem.size));
	EXPECT_EQ(1, process_vmpin_becomes(getpid(), self->pinned));
	EXPECT_EQ(0, waitpid(self->pid, NULL, WNOHANG));
}

/* What it shows to a glance: one page of many that are still in use, nothing */
TEST_F(slow, what_others_throw_away_is_seen)
{
	long until = process_ms() +
		     (text_kernel_looks_closely() ? SLOW * SOON : SOON);
	int seen = 1;

	ASSERT_EQ(1, edu_sees(&self->a, IOVA + PAGE, SECRET));
	ASSERT_EQ(0, begin(self, true));
	process_nap(100);
	ASSERT_EQ(0, madvise(self->mem.buf + PAGE, PAGE, MADV_DONTNEED));
	while (seen == 1 && process_ms() < until)
		seen = edu_sees(&self->a, IOVA + PAGE, SECRET);
	EXPECT_EQ(0, seen);
	EXPECT_EQ(0, waitpid(self->pid, NULL, WNOHANG));
}

static int unmap_theirs(void *arg)
{
	struct sloth *s = arg;

	return domain_unmap(s->domains[0], THEIRS, PAGE);
}

static int ends_soon(pid_t pid)
{
	int left = 250, status;

	while (left-- && !waitpid(pid, &status, WNOHANG))
		process_nap(20);
	if (left >= 0)
		return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
	kill(pid, SIGKILL);
	process_wait(pid);
	return -ETIMEDOUT;
}

/* By who holds the descriptor, while it is looked at, too */
TEST_F(slow, its_memory_can_be_unmapped)
{
	int ready, go;
	pid_t pid;

	ASSERT_EQ(0, begin(self, true));
	process_nap(100);
	pid = process_start(unmap_theirs, &self->sloth, &ready, &go);
	EXPECT_EQ(0, ends_soon(pid));
	EXPECT_EQ(0, waitpid(self->pid, NULL, WNOHANG));
}

/* Kernel threads that are where @symbol is called */
static int threads_in(const char *symbol)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	char path[300], text[64];
	int n = 0;

	while ((entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%s/wchan", entry->d_name);
		if (isdigit(entry->d_name[0]) &&
		    text_read(path, text, sizeof(text)) >= 0 &&
		    !strcmp(text, symbol))
			n++;
	}
	closedir(dir);
	return n;
}

TEST_F(slow, one_thread_waits_for_it)
{
	int left = 100, n;

	ASSERT_EQ(0, begin(self, false));
	close_theirs(self);
	while (!(n = threads_in("mmu_interval_notifier_remove")) && left--)
		process_nap(20);
	process_nap(100);
	EXPECT_EQ(1, threads_in("mmu_interval_notifier_remove"));
}

/* A process with much to be buried */
struct heap {
	int ends[2]; /* to tell, to await: see process_start() */
	int held;
	int domain;
};

static int map_heap(int domain, __u8 *buf)
{
	int i, err = 0;

	for (i = 0; i < DEAD && !err; i++)
		err = domain_map(domain, buf + i * PAGE, THEIRS + i * PAGE,
				 PAGE, true);
	return err;
}

/* An invalidation is under way from the second word on; then it maps again. */
static int map_with_backlog(void *arg)
{
	struct heap *h = arg;
	__u8 *held = memory_anon(PAGE), *buf = memory_anon(DEAD * PAGE);
	pthread_t thread;
	int err;

	err = domain_map(h->held, held, HELD, PAGE, true);
	err = err ?: map_heap(h->domain, buf);
	if (err || process_tell(h->ends[0]) || process_await(h->ends[1]))
		return err ? -err : EIO;
	if (pthread_create(&thread, NULL, unmap_page, held))
		return EAGAIN;
	while (text_field(KEEP, ""))
		process_nap(10);
	if (process_tell(h->ends[0]) || process_await(h->ends[1]))
		return EIO;
	err = domain_map(h->domain, buf, THEIRS, PAGE, true);
	pthread_join(thread, NULL);
	return -err;
}

/*
 * Of what waits to be buried nothing is charged: while there is much of it a
 * process makes no more, and does not even take the range.
 */
TEST(what_is_to_be_buried_is_bounded)
{
	struct heap h = { .held = domain_open(), .domain = domain_open() };
	int fd = device_open("EDU0"), ready, go;
	pid_t pid;

	if (!device_bdf("EDU0") || access(KEEP, W_OK))
		SKIP(return, "EDU0 is not set, or iostuck is not loaded");
	ASSERT_EQ(0, device_set(fd, h.held));
	pid = process_start(map_with_backlog, &h, &ready, &go);
	ASSERT_EQ(0, process_await(ready));
	ASSERT_EQ(0, keep(HELD, 1));
	ASSERT_EQ(0, text_write(HOLD, "1"));
	ASSERT_EQ(0, process_tell(go));
	ASSERT_EQ(0, process_await(ready));
	EXPECT_EQ(0, domain_unmap(h.domain, THEIRS, DEAD * PAGE));
	ASSERT_EQ(0, process_tell(go));
	process_nap(300);
	EXPECT_EQ(0, domain_nr_maps(h.domain));
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
	ASSERT_EQ(0, text_write(HOLD, "0"));
	EXPECT_EQ(0, process_wait(pid));
	text_write(KEEP, "0 0");
	close(fd);
}

TEST_HARNESS_MAIN
