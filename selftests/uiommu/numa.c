// SPDX-License-Identifier: GPL-2.0
/*
 * Memory on two nodes. Invariant: whoever wants to move pages to another node
 * moves those that no device uses, and leaves those that are mapped where the
 * device finds them.
 *
 * Beside the buffer that is mapped there is one of its kind that is not: it
 * has to move, or nothing was tried at all.
 */
#include <linux/mempolicy.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/disturb.h"
#include "../lib/domain.h"
#include "../lib/edu.h"
#include "../lib/memory.h"
#include "../lib/process.h"

#define IOVA 0x90000000ULL
#define SMALL (64 * PAGE)
#define MUCH (256 * PAGE)
#define MOST 1024 /* pages of a buffer */
#define HOME 0
#define AWAY 1
#define MOVE_MS 500
#define PATIENCE_MS 100000 /* for balancing to have its way */
#define THREAD_MS 2000

/*
 * Ask for all pages of @m where they are (@nodes NULL), or move them; the
 * kernel drains all processors' lists for each call, so it is one call.
 */
static int ask_or_move(struct memory *m, const int *nodes, int *status)
{
	static void *pages[MOST];
	size_t i, npages = m->size / PAGE;

	for (i = 0; i < npages; i++)
		pages[i] = m->buf + i * PAGE;
	return syscall(SYS_move_pages, 0, npages, pages, nodes, status,
		       nodes ? MPOL_MF_MOVE : 0) < 0 ?
		       -errno :
		       0;
}

/* How many pages of @m are on @node */
static size_t pages_on(struct memory *m, int node)
{
	static int status[MOST];
	size_t i, n = 0;

	if (ask_or_move(m, NULL, status))
		return 0;
	for (i = 0; i < m->size / PAGE; i++)
		n += status[i] == node;
	return n;
}

static int by_mbind(struct memory *m, int node)
{
	unsigned long nodes = 1UL << node;

	/* EIO: some stayed where they were */
	if (syscall(SYS_mbind, m->buf, m->size, MPOL_BIND, &nodes,
		    DISTURB_NODES + 1, MPOL_MF_MOVE | MPOL_MF_STRICT) &&
	    errno != EIO)
		return -errno;
	return 0;
}

static int by_move_pages(struct memory *m, int node)
{
	static int nodes[MOST], status[MOST];
	size_t i;

	for (i = 0; i < MOST; i++)
		nodes[i] = node;
	return ask_or_move(m, nodes, status);
}

static int by_migrate_pages(struct memory *m, int node)
{
	unsigned long from = 1UL << !node, to = 1UL << node;

	/* all of the process; returns how many stayed */
	return syscall(SYS_migrate_pages, 0, DISTURB_NODES + 1, &from, &to) <
			       0 ?
		       -errno :
		       0;
}

FIXTURE(numa)
{
	int domain;
	struct edu edu;
	struct memory m;
	struct memory unmapped;
};

FIXTURE_VARIANT(numa)
{
	enum kind kind;
	size_t size;
	int (*way)(struct memory * m, int node);
};

#define ROW(k, s, w)                            \
	FIXTURE_VARIANT_ADD(numa, k##_##w)      \
	{                                       \
		.kind = k, .size = s, .way = w, \
	}

ROW(ANON, SMALL, by_mbind);
ROW(ANON, SMALL, by_move_pages);
ROW(ANON, SMALL, by_migrate_pages);
ROW(THP, 2 * HUGE, by_mbind);
ROW(THP, 2 * HUGE, by_move_pages);
ROW(THP, 2 * HUGE, by_migrate_pages);
ROW(MEMFD, SMALL, by_mbind);
ROW(MEMFD, SMALL, by_move_pages);
ROW(MEMFD, SMALL, by_migrate_pages);
ROW(HUGETLB, HUGE, by_mbind);
ROW(HUGETLB, HUGE, by_move_pages);
ROW(HUGETLB_PRIVATE, HUGE, by_mbind);
ROW(PRIVATE_FILE, SMALL, by_mbind);
ROW(PRIVATE_FILE, SMALL, by_move_pages);

FIXTURE_SETUP(numa)
{
	if (!device_bdf("EDU0"))
		SKIP(return, "EDU0 is not set");
	ASSERT_EQ(0, disturb_go_to(HOME));
	ASSERT_EQ(0, disturb_stop_balancing());
	self->domain = domain_open();
	ASSERT_EQ(0, edu_open(&self->edu, "EDU0"));
	ASSERT_EQ(0, edu_attach(&self->edu, self->domain));
	ASSERT_EQ(0, memory_make(&self->m, variant->kind, variant->size));
	ASSERT_EQ(0,
		  memory_make(&self->unmapped, variant->kind, variant->size));
	ASSERT_EQ(0, domain_map(self->domain, self->m.buf, IOVA, variant->size,
				true));
}

FIXTURE_TEARDOWN(numa)
{
	edu_close(&self->edu);
	close(self->domain);
	memory_free(&self->m);
	memory_free(&self->unmapped);
}

#define expect_dma(size)                                                  \
	do {                                                              \
		size_t last = (size)-PAGE;                                \
		memset(self->m.buf + last, 0x6d, PAGE);                   \
		EXPECT_EQ(1, edu_sees(&self->edu, IOVA + last, 0x6d));    \
		EXPECT_EQ(1, edu_arrives(&self->edu, IOVA, self->m.buf)); \
		EXPECT_EQ(1, edu_arrives(&self->edu, IOVA + last,         \
					 self->m.buf + last));            \
		EXPECT_EQ(2, domain_nr_maps(self->domain));               \
	} while (0)

TEST_F(numa, mapped_pages_stay_and_are_reached)
{
	static const int targets[] = { AWAY, HOME, AWAY };
	size_t i, npages = variant->size / PAGE;
	struct uiommu_revoked_range range;
	__u32 flags;

	ASSERT_EQ(npages, pages_on(&self->m, HOME));
	ASSERT_EQ(npages, pages_on(&self->unmapped, HOME));
	expect_dma(variant->size);
	for (i = 0; i < ARRAY_SIZE(targets); i++) {
		ASSERT_EQ(0, variant->way(&self->m, targets[i]));
		ASSERT_EQ(0, variant->way(&self->unmapped, targets[i]));
		EXPECT_EQ(npages, pages_on(&self->unmapped, targets[i]));
		EXPECT_EQ(npages, pages_on(&self->m, HOME));
		expect_dma(variant->size);
	}
	process_nap(150);
	expect_dma(variant->size);
	EXPECT_EQ(0, domain_revoked(self->domain, &range, 1, &flags));
	EXPECT_EQ(0, flags);
}

/* However often it is tried, and whenever we look */
TEST_F(numa, moved_over_and_over_they_stay)
{
	struct uiommu_revoked_range range;
	unsigned int n;
	__u32 flags;
	long end;

	ASSERT_EQ(variant->size / PAGE, pages_on(&self->m, HOME));
	end = process_ms() + MOVE_MS;
	for (n = 0; n < 3 || process_ms() < end; n++)
		ASSERT_EQ(0, variant->way(&self->m, n % 2 ? HOME : AWAY));
	process_nap(50);
	EXPECT_EQ(variant->size / PAGE, pages_on(&self->m, HOME));
	expect_dma(variant->size);
	EXPECT_EQ(0, domain_revoked(self->domain, &range, 1, &flags));
	EXPECT_EQ(0, flags);
}

/**
 * struct toucher - a thread on the other node
 * @thread: it
 * @m: what it touches over and over
 * @stop: ends it
 * @err: it could not go there
 */
struct toucher {
	pthread_t thread;
	struct memory *m;
	atomic_bool stop;
	int err;
};

static void *touch_from_away(void *arg)
{
	struct toucher *t = arg;
	size_t at;

	t->err = disturb_go_to(AWAY);
	while (!t->stop) {
		for (at = PAGE / 2; at < t->m->size; at += PAGE)
			*(volatile __u8 *)(t->m->buf + at) += 1;
	}
	return NULL;
}

/* 1 when it is @done, 0 when it is not yet, or a negative errno */
static int touch_for_a_while(struct memory *m, bool (*done)(void *), void *arg)
{
	struct toucher t = { .m = m };
	long end = process_ms() + THREAD_MS;
	bool is_done = false;

	if (pthread_create(&t.thread, NULL, touch_from_away, &t))
		return -EAGAIN;
	while (!is_done && process_ms() < end) {
		process_nap(10);
		is_done = done(arg);
	}
	t.stop = true;
	pthread_join(t.thread, NULL);
	return t.err ? t.err : is_done;
}

/*
 * Touch @m from the other node until it is @done. The kernel keeps a thread
 * from scanning for 32 times as long as its last scan took, and a processor
 * that the host took away meanwhile counts: a new thread begins afresh.
 */
static int touch_until(struct memory *m, bool (*done)(void *), void *arg)
{
	long end = process_ms() + PATIENCE_MS;
	int ret;

	do {
		ret = touch_for_a_while(m, done, arg);
	} while (!ret && process_ms() < end);
	return ret;
}

/* Shared memory is balanced where its policy says so */
static int ask_for_balancing(struct memory *m)
{
	unsigned long nodes = 1UL << HOME | 1UL << AWAY;

	return syscall(SYS_mbind, m->buf, m->size,
		       MPOL_BIND | MPOL_F_NUMA_BALANCING, &nodes,
		       DISTURB_NODES + 1, 0) ?
		       -errno :
		       0;
}

/* A page that waits for its fault is told as absent by 6.1 */
static void undo_hints(struct memory *m)
{
	size_t at;

	for (at = 0; at < m->size; at += PAGE)
		*(volatile __u8 *)(m->buf + at) += 1;
}

FIXTURE(balance)
{
	int domain;
	struct edu edu;
	struct memory m;
	struct memory unmapped;
};

/*
 * Balancing looks at the pages of shared memory whoever uses them besides,
 * while it passes by private ones that are pinned.
 */
FIXTURE_VARIANT(balance)
{
	enum kind kind;
	bool is_scanned;
};

FIXTURE_VARIANT_ADD(balance, anonymous){ .kind = ANON };
FIXTURE_VARIANT_ADD(balance, memfd){ .kind = MEMFD, .is_scanned = true };

FIXTURE_SETUP(balance)
{
	if (!device_bdf("EDU0"))
		SKIP(return, "EDU0 is not set");
	ASSERT_EQ(0, disturb_go_to(HOME));
	ASSERT_EQ(0, disturb_stop_balancing());
	self->domain = domain_open();
	ASSERT_EQ(0, edu_open(&self->edu, "EDU0"));
	ASSERT_EQ(0, edu_attach(&self->edu, self->domain));
	ASSERT_EQ(0, memory_make(&self->m, variant->kind, MUCH));
	ASSERT_EQ(0, memory_make(&self->unmapped, variant->kind, MUCH));
	ASSERT_EQ(0, ask_for_balancing(&self->m));
	ASSERT_EQ(0, ask_for_balancing(&self->unmapped));
	ASSERT_EQ(0, domain_map(self->domain, self->m.buf, IOVA, MUCH, true));
}

FIXTURE_TEARDOWN(balance)
{
	disturb_stop_balancing();
	edu_close(&self->edu);
	close(self->domain);
	memory_free(&self->m);
	memory_free(&self->unmapped);
}

static bool half_is_away(void *m)
{
	return pages_on(m, AWAY) >= MUCH / PAGE / 2;
}

static bool faults_are(void *enough)
{
	return disturb_count("numa_hint_faults ") >= *(long *)enough;
}

TEST_F_TIMEOUT(balance, mapped_pages_are_reached, 300)
{
	size_t npages = MUCH / PAGE;
	long updates, faults;
	int ret;

	ASSERT_EQ(npages, pages_on(&self->m, HOME));
	ASSERT_EQ(npages, pages_on(&self->unmapped, HOME));
	expect_dma(MUCH);
	ASSERT_EQ(0, disturb_hurry_balancing());
	/* it is at work: what is not mapped follows the thread */
	EXPECT_EQ(1,
		  touch_until(&self->unmapped, half_is_away, &self->unmapped));

	updates = disturb_count("numa_pte_updates ");
	/* twice over: a fault of each page, and one after it was answered */
	faults = disturb_count("numa_hint_faults ") + 2 * npages;
	if (variant->is_scanned)
		ret = touch_until(&self->m, faults_are, &faults);
	else
		ret = touch_for_a_while(&self->m, faults_are, &faults);
	EXPECT_LE(variant->is_scanned, ret);
	EXPECT_LT(0, disturb_count("numa_pte_updates ") - updates);
	ASSERT_EQ(0, disturb_stop_balancing());
	undo_hints(&self->m);
	EXPECT_EQ(npages, pages_on(&self->m, HOME));
	expect_dma(MUCH);
	process_nap(150);
	expect_dma(MUCH);
}

TEST_HARNESS_MAIN
