// SPDX-License-Identifier: GPL-2.0
/*
 * All invalidations at once, on mappings under DMA, with maps and unmaps
 * racing. Invariant: memory that was unmapped and given back to its file is
 * never written by a device again, mappings that nobody disturbed work to the
 * end, and nothing is left when all have gone.
 *
 * STORM_SECONDS says for how long; 10 if it is not set.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/edu.h"
#include "../lib/memory.h"
#include "../lib/process.h"
#include "../lib/text.h"

#define FILE_IOVA 0x100000000ULL
#define ANON_IOVA 0x110000000ULL
#define CALM_IOVA 0x120000000ULL
#define BLOCK (16 * PAGE)
#define BLOCKS 16
#define SIZE (BLOCKS * BLOCK)
#define MARK 0xc3

struct storm {
	int domain;
	struct memory file;
	struct memory anon;
	struct memory calm; /* nobody disturbs it */
	struct edu a;
	struct edu b;
	atomic_bool stop;
	atomic_int seed;
	atomic_int errors;
	atomic_int escaped; /* writes seen where none may be */
	atomic_long turns;
};

static size_t random_page(unsigned int *seed)
{
	return rand_r(seed) % (SIZE / PAGE) * PAGE;
}

static void check(struct storm *s, int err, int allowed)
{
	if (err && err != -EBUSY && err != allowed)
		s->errors = err;
}

/* Maps and unmaps blocks of both buffers */
static void *map_blocks(void *arg)
{
	struct storm *s = arg;
	unsigned int seed = ++s->seed;

	while (!s->stop) {
		int i = rand_r(&seed) % BLOCKS;
		bool file = rand_r(&seed) & 1;
		__u8 *buf = file ? s->file.buf : s->anon.buf;
		__u64 iova = file ? FILE_IOVA : ANON_IOVA;

		check(s,
		      domain_map(s->domain, buf + i * BLOCK, iova + i * BLOCK,
				 BLOCK, rand_r(&seed) & 1),
		      -EFAULT);
		i = rand_r(&seed) % BLOCKS;
		check(s, domain_unmap(s->domain, iova + i * BLOCK, BLOCK),
		      -ENXIO);
		s->turns++;
	}
	return NULL;
}

/* Devices write everywhere, mapped or not */
static void *make_dma(void *arg)
{
	struct storm *s = arg;
	unsigned int seed = ++s->seed;

	while (!s->stop) {
		edu_store_start(&s->a, FILE_IOVA + random_page(&seed));
		edu_store_start(&s->b, ANON_IOVA + random_page(&seed));
		check(s, edu_wait(&s->a), 0);
		check(s, edu_wait(&s->b), 0);
		if (edu_arrives(&s->a, CALM_IOVA, s->calm.buf) != 1)
			s->errors = -EIO;
	}
	return NULL;
}

/*
 * Takes a page of the file out of the process and watches it through another
 * view: what is written to it then comes from a device that had no right.
 */
static void *take_pages_away(void *arg)
{
	struct storm *s = arg;
	unsigned int seed = ++s->seed;

	while (!s->stop) {
		size_t at = random_page(&seed);

		munmap(s->file.buf + at, PAGE);
		memset(s->file.view + at, MARK, EDU_PROBE);
		process_nap(rand_r(&seed) % 8 ? 1 : 130);
		if (s->file.view[at] == EDU_PATTERN)
			s->escaped++;
		mmap(s->file.buf + at, PAGE, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_FIXED, s->file.fd, at);
	}
	return NULL;
}

static void *disturb_file(void *arg)
{
	struct storm *s = arg;
	unsigned int seed = ++s->seed;

	while (!s->stop) {
		__u8 *at = s->file.buf + SIZE + random_page(&seed);

		/* the second half is mapped by nobody: only noise */
		fallocate(s->file.fd,
			  FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			  SIZE + random_page(&seed), PAGE);
		madvise(at, PAGE, MADV_DONTNEED);
		memset(at, 1, PAGE);
		process_nap(1);
	}
	return NULL;
}

static void *disturb_memory(void *arg)
{
	struct storm *s = arg;
	unsigned int seed = ++s->seed;

	while (!s->stop) {
		__u8 *at = s->anon.buf + random_page(&seed);

		switch (rand_r(&seed) % 6) {
		case 0:
			madvise(at, PAGE, MADV_DONTNEED);
			break;
		case 1:
			mprotect(at, PAGE, PROT_READ);
			mprotect(at, PAGE, PROT_READ | PROT_WRITE);
			break;
		case 2:
			madvise(at, PAGE, MADV_PAGEOUT);
			break;
		case 3:
			mmap(at, PAGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
			break;
		case 4:
			madvise(s->anon.buf, SIZE,
				rand_r(&seed) & 1 ? MADV_HUGEPAGE :
						    MADV_NOHUGEPAGE);
			break;
		default:
			process_nap(1);
		}
	}
	return NULL;
}

static void *disturb_all(void *arg)
{
	struct storm *s = arg;
	unsigned int turn = 0;
	pid_t pid;

	while (!s->stop) {
		pid = fork();
		if (!pid)
			_exit(0);
		process_wait(pid);
		if (turn++ % 8 == 0)
			text_write("/proc/sys/vm/compact_memory", "1");
		if (turn % 8 == 4)
			text_write("/proc/sys/vm/drop_caches", "3");
		process_nap(20);
	}
	return NULL;
}

/* Reads reports as they come, so that none of them blocks */
static void *read_reports(void *arg)
{
	struct storm *s = arg;
	struct uiommu_revoked_range ranges[16];
	__u32 flags;

	while (!s->stop) {
		if (domain_revoked(s->domain, ranges, 16, &flags) < 0)
			s->errors = -EPROTO;
		process_nap(5);
	}
	return NULL;
}

FIXTURE(storm)
{
	struct storm s;
};

FIXTURE_SETUP(storm)
{
	struct storm *s = &self->s;

	if (!device_bdf("EDU0") || !device_bdf("EDU1"))
		SKIP(return, "EDU0 or EDU1 is not set");
	s->domain = domain_open();
	ASSERT_EQ(0, edu_open(&s->a, "EDU0"));
	ASSERT_EQ(0, edu_attach(&s->a, s->domain));
	ASSERT_EQ(0, edu_open(&s->b, "EDU1"));
	ASSERT_EQ(0, edu_attach(&s->b, s->domain));
	ASSERT_EQ(0, memory_make(&s->file, MEMFD, 2 * SIZE));
	ASSERT_EQ(0, memory_make(&s->anon, ANON, SIZE));
	ASSERT_EQ(0, memory_make(&s->calm, ANON, PAGE));
	ASSERT_EQ(0, domain_map(s->domain, s->calm.buf, CALM_IOVA, PAGE, true));
}

FIXTURE_TEARDOWN(storm)
{
	edu_close(&self->s.a);
	edu_close(&self->s.b);
	close(self->s.domain);
}

TEST_F_TIMEOUT(storm, everything_at_once, 180)
{
	static void *(*const threads[])(void *) = {
		map_blocks,   map_blocks,     make_dma,	   take_pages_away,
		disturb_file, disturb_memory, disturb_all, read_reports,
	};
	const char *seconds = getenv("STORM_SECONDS");
	pthread_t running[ARRAY_SIZE(threads)];
	struct storm *s = &self->s;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_create(running + i, NULL, threads[i], s);
	process_nap((seconds ? atoi(seconds) : 10) * 1000);
	s->stop = true;
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(running[i], NULL);
	EXPECT_EQ(0, s->errors);
	EXPECT_EQ(0, s->escaped);
	EXPECT_LT(100, s->turns);
	EXPECT_EQ(1, edu_arrives(&s->a, CALM_IOVA, s->calm.buf));
	EXPECT_EQ(1, edu_arrives(&s->b, CALM_IOVA, s->calm.buf));
	EXPECT_EQ(0, domain_unmap_all(s->domain));
	EXPECT_TRUE(process_vmpin_becomes(getpid(), 0));
	EXPECT_EQ(0, domain_pinned(s->domain));
	EXPECT_EQ(0, domain_nr_maps(s->domain));
}

TEST_HARNESS_MAIN
