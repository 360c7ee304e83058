// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that goes away behind a device's back. Invariant: once munmap,
 * mremap, exec or exit has returned, or 100 ms after its pages were thrown
 * away otherwise, no device reaches them, and the I/O address is free.
 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/edu.h"
#include "../lib/memory.h"
#include "../lib/process.h"

#define IOVA 0x80000000ULL
#define SECRET 0x5c
#define SMALL (8 * PAGE)

static int by_munmap(struct memory *m)
{
	return munmap(m->buf, m->size);
}

static int by_munmap_of_the_end(struct memory *m)
{
	size_t part = m->size % HUGE ? PAGE : HUGE;

	return munmap(m->buf + m->size - part, part);
}

static int by_mremap_away(struct memory *m)
{
	void *to = mmap(NULL, m->size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			-1, 0);

	to = mremap(m->buf, m->size, m->size, MREMAP_MAYMOVE | MREMAP_FIXED,
		    to);
	return to == MAP_FAILED ? -errno : 0;
}

static int by_mremap_shorter(struct memory *m)
{
	void *to = mremap(m->buf, m->size, m->size - PAGE, 0);

	return to == MAP_FAILED ? -errno : 0;
}

static int by_mmap_over(struct memory *m)
{
	void *to = mmap(m->buf, m->size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	return to == MAP_FAILED ? -errno : 0;
}

static int by_dontneed(struct memory *m)
{
	return madvise(m->buf, m->size, MADV_DONTNEED);
}

static int by_dontneed_of_the_end(struct memory *m)
{
	return madvise(m->buf + m->size - PAGE, PAGE, MADV_DONTNEED);
}

static int by_dontneed_and_touch(struct memory *m)
{
	int err = madvise(m->buf, m->size, MADV_DONTNEED);

	memset(m->buf, 0, m->size);
	return err;
}

static int by_remove(struct memory *m)
{
	return madvise(m->buf, m->size, MADV_REMOVE);
}

static int by_punch(struct memory *m)
{
	return fallocate(m->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			 m->size);
}

static int by_punch_of_the_end(struct memory *m)
{
	size_t part = m->size % HUGE ? PAGE : HUGE;

	return fallocate(m->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			 m->size - part, part);
}

static int by_truncate(struct memory *m)
{
	return ftruncate(m->fd, 0);
}

static int by_truncate_and_back(struct memory *m)
{
	return ftruncate(m->fd, 0) || ftruncate(m->fd, m->size);
}

/* Has anybody made new pages where they were thrown away? */
static bool is_refilled(struct memory *m)
{
	unsigned char resident = 0;
	struct stat st = {};

	if (m->fd >= 0)
		return fstat(m->fd, &st) || st.st_blocks;
	return mincore(m->buf, PAGE, &resident) || (resident & 1);
}

FIXTURE(revoke)
{
	int domain;
	struct edu edu;
	struct memory m;
	__u8 *other;
};

FIXTURE_VARIANT(revoke)
{
	enum kind kind;
	size_t size;
	int (*way)(struct memory * m);
	unsigned int delay;
	bool pages_stay; /* the file keeps them for the view to show */
};

#define ROW(k, s, w, d, stay)                               \
	FIXTURE_VARIANT_ADD(revoke, k##_##w)                \
	{                                                   \
		.kind = k, .size = s, .way = w, .delay = d, \
		.pages_stay = stay,                         \
	}

ROW(ANON, SMALL, by_munmap, 0, false);
ROW(ANON, SMALL, by_munmap_of_the_end, 0, false);
ROW(ANON, SMALL, by_mremap_away, 0, false);
ROW(ANON, SMALL, by_mremap_shorter, 0, false);
ROW(ANON, SMALL, by_mmap_over, 0, false);
ROW(ANON, SMALL, by_dontneed, 100, false);
ROW(ANON, SMALL, by_dontneed_of_the_end, 100, false);
ROW(ANON, SMALL, by_dontneed_and_touch, 100, false);
ROW(THP, 2 * HUGE, by_munmap, 0, false);
ROW(THP, 2 * HUGE, by_munmap_of_the_end, 0, false);
ROW(THP, 2 * HUGE, by_mremap_away, 0, false);
ROW(THP, 2 * HUGE, by_dontneed_of_the_end, 100, false);
ROW(SHARED_ANON, SMALL, by_munmap, 0, true);
ROW(SHARED_ANON, SMALL, by_mremap_away, 0, true);
ROW(SHARED_ANON, SMALL, by_remove, 100, false);
ROW(MEMFD, SMALL, by_munmap, 0, true);
ROW(MEMFD, SMALL, by_munmap_of_the_end, 0, true);
ROW(MEMFD, SMALL, by_mremap_away, 0, true);
ROW(MEMFD, SMALL, by_mmap_over, 0, true);
ROW(MEMFD, SMALL, by_punch, 100, false);
ROW(MEMFD, SMALL, by_punch_of_the_end, 100, false);
ROW(MEMFD, SMALL, by_truncate, 100, false);
ROW(MEMFD, SMALL, by_truncate_and_back, 100, false);
ROW(HUGETLB, 2 * HUGE, by_munmap, 0, true);
ROW(HUGETLB, 2 * HUGE, by_mremap_away, 0, true);
ROW(HUGETLB, 2 * HUGE, by_punch, 100, false);
ROW(HUGETLB, 2 * HUGE, by_punch_of_the_end, 100, false);
ROW(HUGETLB, 2 * HUGE, by_truncate, 100, false);
ROW(HUGETLB_PRIVATE, HUGE, by_munmap, 0, false);
ROW(HUGETLB_PRIVATE, HUGE, by_dontneed, 100, false);
ROW(HUGETLB_1G, GIGANTIC, by_munmap, 0, true);
ROW(PRIVATE_FILE, SMALL, by_munmap, 0, false);
ROW(PRIVATE_FILE, SMALL, by_mremap_away, 0, false);
ROW(PRIVATE_FILE, SMALL, by_dontneed, 100, false);
ROW(PRIVATE_FILE, SMALL, by_truncate, 100, false);

FIXTURE_SETUP(revoke)
{
	if (!device_bdf("EDU0"))
		SKIP(return, "EDU0 is not set");
	self->domain = domain_open();
	ASSERT_EQ(0, edu_open(&self->edu, "EDU0"));
	ASSERT_EQ(0, edu_attach(&self->edu, self->domain));
	ASSERT_EQ(0, memory_make(&self->m, variant->kind, variant->size));
	memset(self->m.buf, SECRET, variant->size);
	self->other = memory_anon(PAGE);
	ASSERT_EQ(0, domain_map(self->domain, self->m.buf, IOVA, variant->size,
				true));
}

FIXTURE_TEARDOWN(revoke)
{
	edu_close(&self->edu);
	close(self->domain);
	memory_free(&self->m);
}

TEST_F(revoke, no_longer_reached)
{
	struct uiommu_revoked_range range;
	__u32 flags;

	ASSERT_EQ(1, edu_sees(&self->edu, IOVA, SECRET));
	EXPECT_EQ(2, domain_nr_maps(self->domain));
	ASSERT_EQ(0, variant->way(&self->m));
	process_nap(variant->delay);
	EXPECT_EQ(0, edu_sees(&self->edu, IOVA, SECRET));
	/* who looks whether they are still there must not bring them back */
	if (variant->way == by_punch ||
	    (variant->way == by_dontneed && variant->kind == ANON))
		EXPECT_FALSE(is_refilled(&self->m));
	if (variant->pages_stay) {
		EXPECT_EQ(SECRET, self->m.view[0]);
		EXPECT_EQ(0, edu_arrives(&self->edu, IOVA, self->m.view));
	}
	EXPECT_EQ(0, domain_map(self->domain, self->other, IOVA, PAGE, true));
	EXPECT_EQ(1, edu_arrives(&self->edu, IOVA, self->other));
	EXPECT_EQ(2, domain_nr_maps(self->domain));
	EXPECT_TRUE(process_vmpin_becomes(getpid(), 2));
	ASSERT_EQ(1, domain_revoked(self->domain, &range, 1, &flags));
	EXPECT_EQ(IOVA, range.iova);
	EXPECT_EQ(variant->size, range.size);
	EXPECT_EQ(0, flags);
}

struct leaver {
	int ends[2];
	int domain;
	struct memory m;
};

static int map_and_exit(void *arg)
{
	struct leaver *l = arg;
	int err = domain_map(l->domain, l->m.buf, IOVA, SMALL, true);

	if (err)
		return err;
	process_tell(l->ends[0]);
	process_await(l->ends[1]);
	return 0;
}

static int map_and_exec(void *arg)
{
	struct leaver *l = arg;
	int err = domain_map(l->domain, l->m.buf, IOVA, SMALL, true);

	if (err)
		return err;
	process_tell(l->ends[0]);
	process_await(l->ends[1]);
	process_become_sleeper(l->ends[0], l->ends[1]);
	return EIO;
}

FIXTURE(leave)
{
	struct edu edu;
	struct leaver l;
	int ready;
	int go;
	pid_t pid;
};

FIXTURE_VARIANT(leave)
{
	int (*fn)(void *arg);
	bool by_kill;
	bool waits;
};

FIXTURE_VARIANT_ADD(leave, by_exit){
	.fn = map_and_exit,
	.waits = true,
};

FIXTURE_VARIANT_ADD(leave, by_kill){
	.fn = map_and_exit,
	.by_kill = true,
	.waits = true,
};

FIXTURE_VARIANT_ADD(leave, by_exec){
	.fn = map_and_exec,
};

FIXTURE_SETUP(leave)
{
	if (!device_bdf("EDU0"))
		SKIP(return, "EDU0 is not set");
	self->l.domain = domain_open();
	ASSERT_EQ(0, edu_open(&self->edu, "EDU0"));
	ASSERT_EQ(0, edu_attach(&self->edu, self->l.domain));
	ASSERT_EQ(0, memory_make(&self->l.m, MEMFD, SMALL));
	self->pid =
		process_start(variant->fn, &self->l, &self->ready, &self->go);
	ASSERT_EQ(0, process_await(self->ready));
}

FIXTURE_TEARDOWN(leave)
{
	edu_close(&self->edu);
	close(self->l.domain);
	close(self->go);
}

TEST_F(leave, no_longer_reached)
{
	__u8 *view = self->l.m.view;

	ASSERT_EQ(1, edu_arrives(&self->edu, IOVA, view));
	if (variant->by_kill)
		kill(self->pid, SIGKILL);
	else
		process_tell(self->go);
	if (variant->waits)
		process_wait(self->pid);
	else
		ASSERT_EQ(0, process_await(self->ready));
	EXPECT_EQ(0, edu_arrives(&self->edu, IOVA, view));
	EXPECT_EQ(1, domain_nr_maps(self->l.domain));
	EXPECT_EQ(0,
		  domain_map(self->l.domain, self->l.m.buf, IOVA, SMALL, true));
	EXPECT_EQ(1, edu_arrives(&self->edu, IOVA, view));
}

TEST_HARNESS_MAIN
