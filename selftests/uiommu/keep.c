// SPDX-License-Identifier: GPL-2.0
/*
 * What must not disturb a device: everything that changes page tables of the
 * process, but not which page is whose. Invariant: the device goes on reading
 * what the process writes and writing what the process reads, and nothing is
 * reported as revoked.
 */
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/disturb.h"
#include "../lib/domain.h"
#include "../lib/edu.h"
#include "../lib/memory.h"
#include "../lib/process.h"
#include "../lib/text.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

#define IOVA 0x90000000ULL
#define SMALL (8 * PAGE)
#define KSM "/sys/kernel/mm/ksm/"

static int touch_in_child(void *arg)
{
	struct memory *m = arg;

	memset(m->buf, 0x11, m->size);
	return 0;
}

static int do_nothing(struct memory *m)
{
	return 0;
}

static int fork_and_write(struct memory *m)
{
	if (process_run(touch_in_child, m))
		return -EIO;
	memset(m->buf, 0x22, m->size);
	return 0;
}

static int write_beside_a_child(struct memory *m)
{
	pid_t pid = fork();

	if (!pid) {
		process_nap(300);
		_exit(0);
	}
	memset(m->buf, 0x22, m->size);
	return 0;
}

static int protect(struct memory *m)
{
	return mprotect(m->buf, m->size, PROT_NONE) ||
	       mprotect(m->buf, m->size, PROT_READ) ||
	       mprotect(m->buf, m->size, PROT_READ | PROT_WRITE);
}

static int protect_a_piece(struct memory *m)
{
	return mprotect(m->buf + PAGE, PAGE, PROT_READ) ||
	       mprotect(m->buf + PAGE, PAGE, PROT_READ | PROT_WRITE);
}

static int collapse(struct memory *m)
{
	madvise(m->buf, m->size, MADV_HUGEPAGE);
	/* pinned pages make it fail: that is the kernel's business */
	madvise(m->buf, m->size, MADV_COLLAPSE);
	return 0;
}

static int split(struct memory *m)
{
	if (!memory_is_huge(m->buf))
		return -ENOENT;
	return protect_a_piece(m) ||
	       madvise(m->buf + HUGE / 2, HUGE / 2, MADV_NOHUGEPAGE);
}

static int merge(struct memory *m)
{
	int left = 500, err;
	long before = disturb_merge_scans();

	memset(m->buf, 0x33, m->size);
	err = madvise(m->buf, m->size, MADV_MERGEABLE);
	if (!err)
		err = text_write(KSM "pages_to_scan", "10000");
	if (!err)
		err = text_write(KSM "sleep_millisecs", "5");
	if (!err)
		err = text_write(KSM "run", "1");
	/* it merges what it has seen unchanged twice */
	while (disturb_merge_scans() < before + 3 && left--)
		process_nap(10);
	text_write(KSM "run", "0");
	return err ? err : left > 0 ? 0 : -ETIMEDOUT;
}

static int compact(struct memory *m)
{
	return text_write("/proc/sys/vm/compact_memory", "1");
}

static int drop_caches(struct memory *m)
{
	return text_write("/proc/sys/vm/drop_caches", "3");
}

static int reclaim(struct memory *m)
{
	return madvise(m->buf, m->size, MADV_COLD) ||
	       madvise(m->buf, m->size, MADV_PAGEOUT);
}

static int lock(struct memory *m)
{
	return mlock(m->buf, m->size) || munlock(m->buf, m->size);
}

static int move(struct memory *m)
{
	unsigned long nodes = 1;
	void *page = m->buf;
	int status, node = 0;

	if (syscall(SYS_mbind, m->buf, m->size, MPOL_BIND, &nodes, 8,
		    MPOL_MF_MOVE | MPOL_MF_STRICT) &&
	    errno != EIO)
		return -errno;
	return syscall(SYS_move_pages, 0, 1, &page, &node, &status,
		       MPOL_MF_MOVE) < 0 ?
		       -errno :
		       0;
}

static int clear_refs(struct memory *m)
{
	return text_write("/proc/self/clear_refs", "1") ||
	       text_write("/proc/self/clear_refs", "4");
}

static int unmap_beside(struct memory *m)
{
	__u8 *at = mmap(m->buf + m->size, PAGE, PROT_READ,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
			0);

	if (at == MAP_FAILED)
		return -errno;
	return munmap(at, PAGE);
}

static int unmap_view(struct memory *m)
{
	/* another view of the same pages: not the one that is mapped */
	__u8 *at = mmap(NULL, m->size, PROT_READ, MAP_SHARED, m->fd, 0);

	if (at == MAP_FAILED)
		return -errno;
	return munmap(at, m->size);
}

static int punch_the_file(struct memory *m)
{
	/* private pages are no longer the file's */
	return fallocate(m->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			 m->size);
}

static int grow_and_punch_beyond(struct memory *m)
{
	return ftruncate(m->fd, 2 * m->size) ||
	       fallocate(m->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			 m->size, m->size) ||
	       ftruncate(m->fd, m->size);
}

FIXTURE(keep)
{
	int domain;
	struct edu edu;
	struct memory m;
};

FIXTURE_VARIANT(keep)
{
	enum kind kind;
	size_t size;
	int (*way)(struct memory * m);
};

#define ROW(k, s, w)                            \
	FIXTURE_VARIANT_ADD(keep, k##_##w)      \
	{                                       \
		.kind = k, .size = s, .way = w, \
	}

ROW(ANON, SMALL, do_nothing);
ROW(ANON, SMALL, fork_and_write);
ROW(ANON, SMALL, write_beside_a_child);
ROW(ANON, SMALL, protect);
ROW(ANON, SMALL, protect_a_piece);
ROW(ANON, 2 * HUGE, collapse);
ROW(ANON, SMALL, merge);
ROW(ANON, SMALL, compact);
ROW(ANON, SMALL, drop_caches);
ROW(ANON, SMALL, reclaim);
ROW(ANON, SMALL, lock);
ROW(ANON, SMALL, move);
ROW(ANON, SMALL, clear_refs);
ROW(ANON, SMALL, unmap_beside);
ROW(THP, 2 * HUGE, fork_and_write);
ROW(THP, 2 * HUGE, split);
ROW(THP, 2 * HUGE, compact);
ROW(THP, 2 * HUGE, move);
ROW(THP, 2 * HUGE, reclaim);
ROW(MEMFD, SMALL, fork_and_write);
ROW(MEMFD, SMALL, protect);
ROW(MEMFD, SMALL, reclaim);
ROW(MEMFD, SMALL, compact);
ROW(MEMFD, SMALL, move);
ROW(MEMFD, SMALL, drop_caches);
ROW(MEMFD, SMALL, unmap_view);
ROW(MEMFD, SMALL, grow_and_punch_beyond);
ROW(MEMFD, 2 * HUGE, collapse);
ROW(HUGETLB, HUGE, fork_and_write);
ROW(HUGETLB, HUGE, protect);
ROW(HUGETLB, HUGE, move);
ROW(PRIVATE_FILE, SMALL, fork_and_write);
ROW(PRIVATE_FILE, SMALL, drop_caches);
ROW(PRIVATE_FILE, SMALL, protect);
ROW(PRIVATE_FILE, SMALL, punch_the_file);
ROW(PRIVATE_FILE, SMALL, reclaim);

FIXTURE_SETUP(keep)
{
	if (!device_bdf("EDU0"))
		SKIP(return, "EDU0 is not set");
	self->domain = domain_open();
	ASSERT_EQ(0, edu_open(&self->edu, "EDU0"));
	ASSERT_EQ(0, edu_attach(&self->edu, self->domain));
	ASSERT_EQ(0, memory_make(&self->m, variant->kind, variant->size));
	ASSERT_EQ(0, domain_map(self->domain, self->m.buf, IOVA, variant->size,
				true));
}

FIXTURE_TEARDOWN(keep)
{
	edu_close(&self->edu);
	close(self->domain);
	memory_free(&self->m);
	while (wait(NULL) > 0)
		;
}

TEST_F(keep, still_reached)
{
	size_t last = variant->size - PAGE;
	struct uiommu_revoked_range range;
	__u32 flags;

	ASSERT_EQ(1, edu_arrives(&self->edu, IOVA, self->m.buf));
	ASSERT_EQ(0, variant->way(&self->m));
	process_nap(150);
	memset(self->m.buf + last, 0x6d, PAGE);
	EXPECT_EQ(1, edu_sees(&self->edu, IOVA + last, 0x6d));
	EXPECT_EQ(1, edu_arrives(&self->edu, IOVA, self->m.buf));
	EXPECT_EQ(1, edu_arrives(&self->edu, IOVA + last, self->m.buf + last));
	EXPECT_EQ(2, domain_nr_maps(self->domain));
	EXPECT_EQ(0, domain_revoked(self->domain, &range, 1, &flags));
	EXPECT_EQ(0, flags);
}

TEST_HARNESS_MAIN
