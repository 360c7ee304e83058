// SPDX-License-Identifier: GPL-2.0
/*
 * All invalidations at once, on mappings under DMA, with maps and unmaps
 * racing. Invariant: memory that was taken away is never written or read by a
 * device again, mappings whose memory stays work to the end, and nothing is
 * left when all have gone.
 *
 * Each kind of disturbance is counted: one that never happened fails the test.
 * STORM_SECONDS says for how long; 60 if it is not set.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/memory.h"
#include "../lib/process.h"

#include "storm.h"

static int unless(int err, int allowed)
{
	return err == -EBUSY || err == allowed ? 0 : err;
}

/* Maps and unmaps blocks of both buffers */
static void *map_blocks(void *arg)
{
	struct storm *s = arg;
	unsigned int seed = ++s->seed;

	while (!s->stop) {
		bool file = rand_r(&seed) & 1;
		__u8 *buf = file ? s->file.buf : s->anon.buf;
		size_t block = (file ? SIZE : s->anon.size) / BLOCKS;
		__u64 iova = file ? FILE_IOVA : ANON_IOVA;
		size_t at = rand_r(&seed) % BLOCKS * block;
		bool write = rand_r(&seed) & 1;

		check(s, unless(domain_map(s->domain, buf + at, iova + at,
					   block, write),
				-EFAULT));
		at = rand_r(&seed) % BLOCKS * block;
		check(s, unless(domain_unmap(s->domain, iova + at, block),
				-ENXIO));
		s->turns++;
	}
	return NULL;
}

/* Devices write everywhere, mapped or not; where all is calm it arrives */
static void *make_dma(void *arg)
{
	struct storm *s = arg;
	unsigned int seed = ++s->seed;

	while (!s->stop) {
		size_t at = random_page(&seed, s->calm.size);

		edu_store_start(&s->a, FILE_IOVA + random_page(&seed, SIZE));
		edu_store_start(&s->b,
				ANON_IOVA + random_page(&seed, s->anon.size));
		check(s, edu_wait(&s->a));
		check(s, edu_wait(&s->b));
		if (edu_arrives(&s->a, CALM_IOVA + at, s->calm.view + at) != 1)
			check(s, -EIO);
		at = random_page(&seed, HUGE);
		if (edu_arrives(&s->b, HUGE_IOVA + at, s->huge.buf + at) != 1)
			check(s, -EIO);
	}
	return NULL;
}

/* Reads mapped memory from one node and the other: work for balancing */
static void *touch(void *arg)
{
	struct storm *s = arg;
	size_t at, sum = 0;
	int node = 0;

	while (!s->stop) {
		check(s, disturb_go_to(node = !node));
		for (at = 0; at < HUGE; at += PAGE)
			sum += *(volatile __u8 *)(s->calm.buf + at) +
			       *(volatile __u8 *)(s->huge.buf + at);
		process_nap(20);
	}
	return sum ? NULL : s;
}

/* Punches holes beside what is mapped, in the same file */
static void *punch_beside(void *arg)
{
	struct storm *s = arg;
	unsigned int seed = ++s->seed;

	while (!s->stop) {
		__u8 *at = s->file.buf + SIZE + random_page(&seed, SIZE);

		fallocate(s->file.fd,
			  FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			  SIZE + random_page(&seed, SIZE), PAGE);
		madvise(at, PAGE, MADV_DONTNEED);
		memset(at, 1, PAGE);
		process_nap(1);
	}
	return NULL;
}

static void disturb_once(struct storm *s, unsigned int *seed)
{
	struct memory *const victims[] = { &s->anon, &s->calm, &s->huge,
					   &s->idle };
	unsigned int i = rand_r(seed) % nr_disturbances;
	const struct disturbance *d = disturbances + i;
	struct memory *m =
		victims[d->takes ? 0 : rand_r(seed) % ARRAY_SIZE(victims)];
	size_t at = HUGE + random_page(seed, m->size - HUGE);
	int err;

	if (d->everywhere)
		pthread_rwlock_rdlock(&s->whole);
	err = d->act(m, at);
	check(s, unless(err, 0));
	if (d->everywhere)
		pthread_rwlock_unlock(&s->whole);
	s->done[i] += !err;
}

static void *disturb(void *arg)
{
	struct storm *s = arg;
	unsigned int seed = ++s->seed;

	while (!s->stop) {
		disturb_once(s, &seed);
		process_nap(1);
	}
	return NULL;
}

/* May a mapping there have been revoked? */
static bool is_disturbed(const struct uiommu_revoked_range *r)
{
	return (r->iova >= FILE_IOVA && r->iova < CALM_IOVA) ||
	       r->iova == WATCHED_IOVA;
}

/* Reads reports as they come, so that none of them blocks */
static void *read_reports(void *arg)
{
	struct storm *s = arg;
	struct uiommu_revoked_range ranges[16];
	__u32 flags;
	int i, n;

	while (!s->stop) {
		n = domain_revoked(s->domain, ranges, 16, &flags);
		if (n < 0)
			check(s, n);
		for (i = 0; i < n; i++)
			if (!is_disturbed(ranges + i))
				check(s, -EPROTO);
		process_nap(5);
	}
	return NULL;
}

FIXTURE(storm)
{
	struct storm s;
};

static int map_calm(struct storm *s)
{
	int err = domain_map(s->domain, s->calm.buf, CALM_IOVA, s->calm.size,
			     true);

	return err ? err :
		     domain_map(s->domain, s->huge.buf, HUGE_IOVA, s->huge.size,
				true);
}

static int make_memory(struct storm *s)
{
	int err = memory_make(&s->file, MEMFD, 2 * SIZE) ||
		  memory_make(&s->anon, ANON, 2 * HUGE) ||
		  memory_make(&s->calm, MEMFD, 2 * HUGE) ||
		  memory_make(&s->huge, THP, 2 * HUGE) ||
		  memory_make(&s->idle, ANON, 2 * HUGE) ||
		  memory_make(&s->merged, ANON, SIZE);

	memset(s->merged.buf, MARK, SIZE);
	s->parking = memory_anon(PAGE);
	return err;
}

/*
 * What nobody uses is merged first: 6.1 passes by pages with hints of
 * balancing, which nobody would take away, and looks at what is pinned very
 * slowly.
 */
static int start_merging(struct storm *s)
{
	int left = 600;

	if (disturb_start_merging() ||
	    madvise(s->merged.buf, SIZE, MADV_MERGEABLE))
		return -EIO;
	while (disturb_merged() <= 0) {
		if (!left--)
			return -ETIMEDOUT;
		process_nap(100);
	}
	return madvise(s->anon.buf, s->anon.size, MADV_MERGEABLE) ||
	       madvise(s->huge.buf, s->huge.size, MADV_MERGEABLE);
}

FIXTURE_SETUP(storm)
{
	struct storm *s = &self->s;

	if (!device_bdf("EDU0") || !device_bdf("EDU1") || !device_bdf("EDU2"))
		SKIP(return, "EDU0, EDU1 or EDU2 is not set");
	pthread_rwlock_init(&s->whole, NULL);
	s->domain = domain_open();
	ASSERT_EQ(0, edu_open(&s->a, "EDU0"));
	ASSERT_EQ(0, edu_attach(&s->a, s->domain));
	ASSERT_EQ(0, edu_open(&s->b, "EDU1"));
	ASSERT_EQ(0, edu_attach(&s->b, s->domain));
	ASSERT_EQ(0, edu_open(&s->c, "EDU2"));
	ASSERT_EQ(0, edu_attach(&s->c, s->domain));
	ASSERT_EQ(0, make_memory(s));
	ASSERT_EQ(0, map_calm(s));
	ASSERT_EQ(0, start_merging(s));
	ASSERT_EQ(0, disturb_hurry_balancing());
}

FIXTURE_TEARDOWN(storm)
{
	disturb_stop_merging();
	disturb_stop_balancing();
	edu_close(&self->s.a);
	edu_close(&self->s.b);
	edu_close(&self->s.c);
	close(self->s.domain);
}

/* What has to have happened, by the kernel's own count */
static const char *const events[] = {
	"numa_pte_updates ",	    "numa_hint_faults ", "pgmigrate_success ",
	"compact_migrate_scanned ", "thp_split_pmd ",
};

static long counted[ARRAY_SIZE(events)];

static void count_events(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(events); i++)
		counted[i] = disturb_count(events[i]);
}

/* One that has not happened since count_events(), or NULL */
static const char *missing_event(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(events); i++)
		if (disturb_count(events[i]) <= counted[i])
			return events[i];
	return NULL;
}

/* One that was not done yet, or a negative number */
static int missing_disturbance(struct storm *s)
{
	int i = nr_disturbances + NR_WAYS + NR_THROWS + NR_LEAVES;

	while (--i >= 0 && s->done[i])
		;
	return i;
}

static bool all_has_happened(struct storm *s)
{
	return !missing_event() && missing_disturbance(s) < 0 &&
	       disturb_merge_candidates() > 0;
}

/* For so long, and on a busy host until all has happened */
static void run(struct storm *s, int seconds)
{
	static void *(*const threads[])(void *) = {
		map_blocks,   map_blocks,	    make_dma, take_pages_away,
		punch_beside, throw_away_and_leave, disturb,  disturb,
		touch,	      read_reports,
	};
	pthread_t running[ARRAY_SIZE(threads)];
	int left = 3 * seconds;
	size_t i;

	count_events();
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_create(running + i, NULL, threads[i], s);
	process_nap(seconds * 1000);
	while (!all_has_happened(s) && left--)
		process_nap(1000);
	s->stop = true;
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(running[i], NULL);
}

TEST_F_TIMEOUT(storm, everything_at_once, 700)
{
	const char *seconds = getenv("STORM_SECONDS");
	struct storm *s = &self->s;
	const char *missing;

	run(s, seconds ? atoi(seconds) : 60);
	EXPECT_EQ(0, s->errors)
	TH_LOG("line %d", s->where);
	EXPECT_EQ(0, s->escaped)
	TH_LOG("line %d of storm_watch.c", s->escape);
	EXPECT_LT(100, s->turns);
	EXPECT_LT(0, disturb_merge_candidates());
	missing = missing_event();
	EXPECT_EQ(NULL, missing)
	TH_LOG("%sdid not happen", missing);
	EXPECT_GT(0, missing_disturbance(s))
	TH_LOG("disturbance %d was not done", missing_disturbance(s));
	EXPECT_EQ(1, edu_arrives(&s->a, CALM_IOVA, s->calm.view));
	EXPECT_EQ(1, edu_arrives(&s->b, HUGE_IOVA, s->huge.buf));
	EXPECT_EQ(0, domain_unmap_all(s->domain));
	EXPECT_TRUE(process_vmpin_becomes(getpid(), 0));
	EXPECT_EQ(0, domain_pinned(s->domain));
	EXPECT_EQ(0, domain_nr_maps(s->domain));
}

TEST_HARNESS_MAIN
