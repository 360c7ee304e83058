// SPDX-License-Identifier: GPL-2.0
/*
 * Maps and unmaps against everything else that threads of a process do to
 * its memory. Invariant: whoever wins, the loser gets an error of the table,
 * and once all have returned nothing is mapped, pinned or charged that should
 * not be.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/edu.h"
#include "../lib/memory.h"
#include "../lib/process.h"

#define IOVA 0xd0000000ULL
#define BLOCK (16 * PAGE)
#define BLOCKS 8
#define MUCH (4UL << 20) /* takes a while to unmap */
#define SPINS 30000 /* as long as it takes until somebody looks */
#define SECONDS 2 /* at least */
#define PATIENCE 90 /* seconds, on a host that has other things to do */

struct field {
	int domain;
	struct memory m;
	struct edu *edu;
	int other; /* another device */
	atomic_bool stop;
	atomic_bool go;
	atomic_int bad; /* an error that is not of the table */
	atomic_ulong done[8]; /* turns of each kind of thread */
	atomic_int seed;
};

static void *map_blocks(void *arg)
{
	struct field *f = arg;
	unsigned int seed = ++f->seed;
	int i, err;

	while (!f->stop) {
		i = rand_r(&seed) % BLOCKS;
		err = domain_map(f->domain, f->m.buf + i * BLOCK,
				 IOVA + i * BLOCK, BLOCK, true);
		if (err && err != -EBUSY && err != -EFAULT)
			f->bad = err;
		f->done[0] += !err;
		i = rand_r(&seed) % BLOCKS;
		err = domain_unmap(f->domain, IOVA + i * BLOCK, BLOCK);
		if (err && err != -ENXIO)
			f->bad = err;
		f->done[1] += !err;
	}
	return NULL;
}

static void *replace_pages(void *arg)
{
	struct field *f = arg;
	unsigned int seed = ++f->seed;
	__u8 *at;

	while (!f->stop) {
		at = f->m.buf + rand_r(&seed) % (BLOCKS * BLOCK / PAGE) * PAGE;
		munmap(at, PAGE);
		mmap(at, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		     f->m.fd, at - f->m.buf);
		f->done[2]++;
	}
	return NULL;
}

static void *punch_holes(void *arg)
{
	struct field *f = arg;
	unsigned int seed = ++f->seed;

	while (!f->stop) {
		fallocate(f->m.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			  rand_r(&seed) % (BLOCKS * BLOCK / PAGE) * PAGE, PAGE);
		f->done[3]++;
		process_nap(1);
	}
	return NULL;
}

static void *protect_pages(void *arg)
{
	struct field *f = arg;
	unsigned int seed = ++f->seed;
	__u8 *at;

	while (!f->stop) {
		at = f->m.buf + rand_r(&seed) % (BLOCKS * BLOCK / PAGE) * PAGE;
		mprotect(at, PAGE, PROT_READ);
		mprotect(at, PAGE, PROT_READ | PROT_WRITE);
		f->done[4]++;
	}
	return NULL;
}

static void *fork_children(void *arg)
{
	struct field *f = arg;
	pid_t pid;

	while (!f->stop) {
		pid = fork();
		if (!pid)
			_exit(0);
		process_wait(pid);
		f->done[5]++;
		process_nap(5);
	}
	return NULL;
}

static void *make_dma(void *arg)
{
	struct field *f = arg;
	unsigned int seed = ++f->seed;

	while (!f->stop) {
		edu_store_start(f->edu,
				IOVA + rand_r(&seed) % (BLOCKS * BLOCK / PAGE) *
						PAGE);
		if (edu_wait(f->edu))
			f->bad = -ETIMEDOUT;
		f->done[6]++;
	}
	return NULL;
}

FIXTURE(race)
{
	struct field f;
	struct edu edu;
};

FIXTURE_SETUP(race)
{
	if (!device_bdf("EDU0"))
		SKIP(return, "EDU0 is not set");
	self->f.domain = domain_open();
	ASSERT_EQ(0, edu_open(&self->edu, "EDU0"));
	ASSERT_EQ(0, edu_attach(&self->edu, self->f.domain));
	ASSERT_EQ(0, memory_make(&self->f.m, MEMFD, BLOCKS * BLOCK));
	self->f.edu = &self->edu;
}

FIXTURE_TEARDOWN(race)
{
	edu_close(&self->edu);
	close(self->f.domain);
}

/* How often each kind of thread has to have its turn before we stop */
struct goals {
	unsigned long turns[8];
};

static bool is_reached(struct field *f, const struct goals *goals)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(goals->turns); i++)
		if (goals->turns[i] && f->done[i] <= goals->turns[i])
			return false;
	return true;
}

static void run(struct field *f, void *(*const *fns)(void *), int n,
		const struct goals *goals)
{
	int i, left = (PATIENCE * process_slowness() - SECONDS) * 10;
	pthread_t threads[8];

	for (i = 0; i < n; i++)
		pthread_create(threads + i, NULL, fns[i], f);
	process_nap(SECONDS * 1000);
	while (!is_reached(f, goals) && left--)
		process_nap(100);
	f->stop = true;
	for (i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
}

#define expect_clean()                                           \
	do {                                                     \
		EXPECT_EQ(0, self->f.bad);                       \
		domain_unmap_all(self->f.domain);                \
		EXPECT_EQ(0, domain_nr_maps(self->f.domain));    \
		EXPECT_TRUE(process_vmpin_becomes(getpid(), 0)); \
		EXPECT_EQ(0, domain_pinned(self->f.domain));     \
	} while (0)

TEST_F_TIMEOUT(race, map_against_map, 400)
{
	static void *(*const fns[])(void *) = { map_blocks, map_blocks,
						make_dma };
	static const struct goals goals = { { 100, 100 } };

	run(&self->f, fns, ARRAY_SIZE(fns), &goals);
	EXPECT_TRUE(is_reached(&self->f, &goals));
	expect_clean();
}

TEST_F_TIMEOUT(race, map_against_munmap, 400)
{
	static void *(*const fns[])(void *) = { map_blocks, map_blocks,
						replace_pages, make_dma };
	static const struct goals goals = { { 10, 0, 100 } };

	run(&self->f, fns, ARRAY_SIZE(fns), &goals);
	EXPECT_TRUE(is_reached(&self->f, &goals));
	expect_clean();
}

TEST_F_TIMEOUT(race, map_against_everything, 400)
{
	static void *(*const fns[])(void *) = { map_blocks,    map_blocks,
						replace_pages, punch_holes,
						protect_pages, fork_children,
						make_dma };
	static const struct goals goals = { { 10, 0, 0, 10, 0, 2 } };

	run(&self->f, fns, ARRAY_SIZE(fns), &goals);
	EXPECT_TRUE(is_reached(&self->f, &goals));
	expect_clean();
}

/**
 * struct duel - a map and a munmap of the same memory, beside each other
 * @f: the memory
 * @go: the map is about to begin
 * @delay: of the munmap after that, in turns of an empty loop
 * @top: delays are below; follows who wins, so that both do
 * @began: when the munmap began
 * @ended: when it had returned
 * @won: maps that succeeded though the munmap began before they returned
 * @lost: maps that failed though they began before the munmap returned
 */
struct duel {
	struct field *f;
	atomic_bool go;
	unsigned int delay;
	unsigned int top;
	long began;
	long ended;
	int won;
	int lost;
};

static long nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000 + now.tv_nsec;
}

static void *unmap_whole_buffer(void *arg)
{
	struct duel *d = arg;
	volatile unsigned int spin;

	while (!d->go)
		sched_yield();
	for (spin = d->delay; spin; spin--)
		;
	d->began = nanoseconds();
	munmap(d->f->m.buf, d->f->m.size);
	d->ended = nanoseconds();
	return NULL;
}

/* Returns what the map said. */
static int fight(struct duel *d, unsigned int *seed)
{
	long began, ended;
	pthread_t thread;
	int err;

	d->go = false;
	d->delay = rand_r(seed) % d->top;
	pthread_create(&thread, NULL, unmap_whole_buffer, d);
	sched_yield();
	d->go = true;
	began = nanoseconds();
	err = domain_map(d->f->domain, d->f->m.buf, IOVA, d->f->m.size, true);
	ended = nanoseconds();
	pthread_join(thread, NULL);
	if (began < d->ended && d->began < ended)
		*(err ? &d->lost : &d->won) += 1;
	d->top = err ? d->top * 9 / 8 + 8 : d->top * 7 / 8 + 8;
	return err;
}

/* Until each has been the loser often enough, while both were under way */
TEST_F_TIMEOUT(race, loser_of_map_against_munmap_leaves_nothing, 400)
{
	struct duel d = { .f = &self->f, .top = SPINS };
	long until = process_ms() + PATIENCE * process_slowness() * 1000;
	__u8 *view = self->f.m.view, *buf = self->f.m.buf;
	unsigned int seed = 1;
	int i, err;

	for (i = 0;
	     i < 300 || ((d.won < 20 || d.lost < 20) && process_ms() < until);
	     i++) {
		err = fight(&d, &seed);
		EXPECT_TRUE(!err || err == -EFAULT);
		/* the munmap has returned, and so has the map */
		EXPECT_EQ(1, domain_nr_maps(self->f.domain))
		TH_LOG("turn %d, map said %d", i, err);
		ASSERT_EQ(buf, mmap(buf, BLOCKS * BLOCK, PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_FIXED, self->f.m.fd, 0));
	}
	EXPECT_LE(20, d.won)
	TH_LOG("of %d turns", i);
	EXPECT_LE(20, d.lost)
	TH_LOG("of %d turns", i);
	EXPECT_EQ(0, edu_arrives(&self->edu, IOVA, view));
	expect_clean();
}

static void *punch_elsewhere(void *arg)
{
	struct field *f = arg;
	__u8 *other = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			   f->m.fd, 0);

	/* an invalidation is always running somewhere in this process */
	while (!f->stop) {
		*other = 1;
		fallocate(f->m.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			  0, PAGE);
		f->done[3]++;
	}
	return NULL;
}

TEST_F_TIMEOUT(race, munmap_beside_a_hole_punch_is_heard, 400)
{
	pthread_t threads[2];
	__u8 *page;
	int i;

	for (i = 0; i < 2; i++)
		pthread_create(threads + i, NULL, punch_elsewhere, &self->f);
	for (i = 0; i < 500 || (self->f.done[3] <= 10 && i < 50000); i++) {
		page = memory_anon(PAGE);
		ASSERT_EQ(0,
			  domain_map(self->f.domain, page, IOVA, PAGE, true));
		ASSERT_EQ(0, munmap(page, PAGE));
		EXPECT_EQ(1, domain_nr_maps(self->f.domain))
		TH_LOG("turn %d", i);
	}
	self->f.stop = true;
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	EXPECT_LT(10, self->f.done[3]);
	expect_clean();
}

static void *discard_when_told(void *arg)
{
	struct field *f = arg;

	while (!f->stop) {
		sched_yield();
		if (!f->go)
			continue;
		/* its file keeps the pages: who looks finds them unchanged */
		madvise(f->m.buf, f->m.size, MADV_DONTNEED);
		f->done[2]++;
		f->go = false;
	}
	return NULL;
}

static void *map_and_close(void *arg)
{
	struct field *f = arg;
	unsigned int seed = 1;
	volatile int spin;
	int fd, err;

	while (!f->stop) {
		fd = device_open("EDU0");
		err = device_map(fd, f->m.buf, IOVA, f->m.size, 1);
		if (err)
			f->bad = err;
		f->done[0] += !err;
		f->go = true;
		for (spin = rand_r(&seed) % SPINS; spin; spin--)
			;
		close(fd);
		while (f->go && !f->stop)
			sched_yield();
	}
	return NULL;
}

/* A close unmaps what somebody else may just be about to look at */
TEST_F_TIMEOUT(race, close_against_looks, 400)
{
	static void *(*const fns[])(void *) = { map_and_close,
						discard_when_told };
	static const struct goals goals = { { 100, 0, 100 } };

	ASSERT_EQ(0, memory_make(&self->f.m, MEMFD, MUCH));
	memset(self->f.m.buf, 1, MUCH);
	run(&self->f, fns, ARRAY_SIZE(fns), &goals);
	EXPECT_TRUE(is_reached(&self->f, &goals));
	expect_clean();
}

static bool is_of(int err, int one, int other)
{
	return !err || err == one || err == other;
}

/* One device comes and goes */
static void *set_and_unset(void *arg)
{
	struct field *f = arg;
	int err;

	while (!f->stop) {
		err = device_set(f->other, f->domain);
		if (!is_of(err, -EBUSY, -EBUSY))
			f->bad = err;
		f->done[0] += !err;
		err = call(f->other, VFIO_DOMAIN_UNSET, NULL);
		if (!is_of(err, -EBUSY, -EBUSY))
			f->bad = err;
		f->done[1] += !err;
	}
	return NULL;
}

/* While others map through it; without a domain that is EINVAL */
static void *map_by_device(void *arg)
{
	struct field *f = arg;
	unsigned int seed = ++f->seed;
	int i, err;

	while (!f->stop) {
		i = rand_r(&seed) % BLOCKS;
		err = device_map(f->other, f->m.buf + i * BLOCK,
				 IOVA + i * BLOCK, BLOCK, 1);
		if (!is_of(err, -EBUSY, -EINVAL))
			f->bad = err;
		f->done[2] += !err;
		err = device_unmap(f->other, IOVA + i * BLOCK, BLOCK);
		if (!is_of(err, -ENXIO, -EINVAL))
			f->bad = err;
		process_nap(rand_r(&seed) % 2);
	}
	return NULL;
}

/* And others open it, map, and close with what they mapped */
static void *open_and_close(void *arg)
{
	struct field *f = arg;
	int err, fd;

	while (!f->stop) {
		fd = device_open("EDU1");
		err = device_map(fd, f->m.buf, IOVA + BLOCKS * BLOCK, BLOCK, 1);
		if (!is_of(err, -EBUSY, -EINVAL))
			f->bad = err;
		f->done[3] += !err;
		close(fd);
	}
	return NULL;
}

TEST_F_TIMEOUT(race, attach_against_map_and_close, 400)
{
	static void *(*const fns[])(void *) = { set_and_unset, map_by_device,
						map_by_device, open_and_close,
						make_dma };
	static const struct goals goals = { { 20, 20, 20, 20 } };

	self->f.other = device_open("EDU1");
	ASSERT_LE(0, self->f.other);
	run(&self->f, fns, ARRAY_SIZE(fns), &goals);
	EXPECT_TRUE(is_reached(&self->f, &goals));
	close(self->f.other);
	expect_clean();
}

/* @inside: shared with the parent: it is in the call of a map */
static int map_much(struct field *f, atomic_bool *inside)
{
	size_t size = 512UL << 20;
	__u8 *buf = memory_anon(size);

	for (;;) {
		*inside = true;
		domain_map(f->domain, buf, 1ULL << 33, size, true);
		*inside = false;
		domain_unmap(f->domain, 1ULL << 33, size);
	}
	return 0;
}

/* What was in the call, and did not come back, was killed in it */
TEST_F_TIMEOUT(race, killed_in_the_middle_of_a_long_map, 300)
{
	atomic_bool *inside = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int i, hit = 0;

	ASSERT_NE(MAP_FAILED, inside);
	for (i = 0; i < 50 && hit < 5; i++) {
		pid_t pid;

		*inside = false;
		pid = fork();
		if (!pid)
			_exit(map_much(&self->f, inside));
		process_nap(60 * (i % 5) + 20);
		kill(pid, SIGKILL);
		EXPECT_EQ(128 + SIGKILL, process_wait(pid));
		hit += *inside;
		EXPECT_EQ(1, domain_nr_maps(self->f.domain));
	}
	EXPECT_EQ(5, hit);
	EXPECT_EQ(1, domain_pinned(self->f.domain));
}

TEST_HARNESS_MAIN
