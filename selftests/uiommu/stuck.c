// SPDX-License-Identifier: GPL-2.0
/*
 * An IOMMU that does not let go of a mapping. Invariant: it is asked again, and
 * if that does not help the devices are cut off before the pages go back;
 * whoever unmaps waits until one or the other is true. What a map or an attach
 * that fails cannot take back cuts them off at once.
 *
 * No model of QEMU behaves so: the test module iostuck stands in.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
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
#define REFUSE "/sys/module/iostuck/parameters/refuse"
#define HOLES "/sys/module/iostuck/parameters/holes"
#define NARROW "/sys/module/iostuck/parameters/narrow"
#define BEYOND "/sys/module/iostuck/parameters/beyond"
#define OVERPAY "/sys/module/iostuck/parameters/overpay"
#define USER 61008
#define QUOTA 64 /* pages */
#define SEPARATE "/sys/module/uiommu/parameters/separate_tables"
#define IOVA 0x12340000ULL
#define OTHER 0x45670000ULL
#define FOR_GOOD 1000
#define SECRET 0x5c
#define FAR 0x200000000ULL
#define ALONE 320 /* pages: more than twice as many tables as are kept */
#define WINDOWS 5000 /* with a page table each: more than may stay empty */

/* ms: 100 are promised, the rest is for a host and a device that are busy */
#define SOON 1500
#define SLOW 10 /* times as long as that on a kernel that looks closely */

/* What this machine has not got, or NULL. */
static const char *missing(void)
{
	if (!device_bdf("EDU0") || !device_bdf("EDU1"))
		return "EDU0 or EDU1 is not set";
	return access(KEEP, W_OK) ? "the module iostuck is not loaded" : NULL;
}

FIXTURE(stuck)
{
	int domain;
	struct edu a;
	struct edu b;
	struct memory mem;
	__u8 *other;
	long others; /* pages pinned beside @mem */
};

FIXTURE_VARIANT(stuck)
{
	bool munmap;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(stuck, by_unmap) { .munmap = false };
FIXTURE_VARIANT_ADD(stuck, by_munmap) { .munmap = true };
/* clang-format on */

FIXTURE_SETUP(stuck)
{
	if (missing())
		SKIP(return, "%s", missing());
	self->domain = domain_open();
	ASSERT_EQ(0, edu_open(&self->a, "EDU0"));
	ASSERT_EQ(0, edu_open(&self->b, "EDU1"));
	ASSERT_EQ(0, edu_attach(&self->a, self->domain));
	ASSERT_EQ(0, edu_attach(&self->b, self->domain));
	self->other = memory_anon(PAGE);
	ASSERT_EQ(0, domain_map(self->domain, self->other, OTHER, PAGE, true));
	self->others = domain_pinned(self->domain);
	ASSERT_EQ(0, memory_make(&self->mem, SHARED_ANON, 4 * PAGE));
	ASSERT_EQ(0, domain_map(self->domain, self->mem.buf, IOVA,
				self->mem.size, true));
}

FIXTURE_TEARDOWN(stuck)
{
	text_write(HOLD, "0");
	text_write(KEEP, "0 0");
	edu_close(&self->a);
	edu_close(&self->b);
	close(self->domain);
}

static int keep(__u64 iova, int times)
{
	char text[64];

	snprintf(text, sizeof(text), "%llx %d", iova, times);
	return text_write(KEEP, text);
}

static int times_left(void)
{
	return text_field(KEEP, "");
}

static int take_away(int domain, struct memory *mem, bool by_munmap)
{
	if (by_munmap)
		return munmap(mem->buf, mem->size);
	return domain_unmap(domain, IOVA, mem->size);
}

TEST_F(stuck, for_a_moment_it_is_unmapped_again)
{
	__u8 *view = self->mem.view;

	ASSERT_EQ(1, edu_arrives(&self->a, IOVA, view));
	ASSERT_EQ(0, keep(IOVA, 1));
	EXPECT_EQ(0, take_away(self->domain, &self->mem, variant->munmap));
	/* As if nothing had been: the range is free, others may join */
	EXPECT_EQ(0, domain_map(self->domain, view, IOVA, PAGE, true));
	EXPECT_EQ(0, times_left());
	EXPECT_EQ(1, edu_arrives(&self->a, IOVA, view));
	EXPECT_EQ(0, edu_arrives(&self->a, IOVA + PAGE, view + PAGE));
	EXPECT_EQ(1, edu_arrives(&self->b, OTHER, self->other));
	EXPECT_TRUE(domain_pinned_becomes(self->domain, self->others + 1));
	EXPECT_EQ(0, edu_detach(&self->b));
	EXPECT_EQ(0, edu_attach(&self->b, self->domain));
}

/* Neither device reaches anything through the domain, nor does it take more. */
TEST_F(stuck, for_good_the_devices_are_cut_off)
{
	__u8 *view = self->mem.view;
	int another = domain_open();

	ASSERT_EQ(1, edu_arrives(&self->a, IOVA, view));
	ASSERT_EQ(1, edu_arrives(&self->b, OTHER, self->other));
	ASSERT_EQ(0, keep(IOVA, FOR_GOOD));
	EXPECT_EQ(0, take_away(self->domain, &self->mem, variant->munmap));
	EXPECT_TRUE(domain_pinned_becomes(self->domain, self->others));
	EXPECT_GT(FOR_GOOD, times_left());
	EXPECT_EQ(0, edu_arrives(&self->a, IOVA, view));
	EXPECT_EQ(0, edu_arrives(&self->a, OTHER, self->other));
	EXPECT_EQ(0, edu_arrives(&self->b, OTHER, self->other));
	EXPECT_EQ(-EIO, domain_map(self->domain, view, IOVA, PAGE, true));
	EXPECT_EQ(0, domain_unmap(self->domain, OTHER, PAGE));

	/* Who leaves cannot come back, and is as good as new elsewhere */
	EXPECT_EQ(0, edu_detach(&self->a));
	EXPECT_EQ(-EBUSY, device_set(self->a.fd, self->domain));
	EXPECT_EQ(0, edu_attach(&self->a, another));
	EXPECT_EQ(0, domain_map(another, view, IOVA, PAGE, true));
	EXPECT_EQ(1, edu_arrives(&self->a, IOVA, view));
	EXPECT_EQ(0, edu_arrives(&self->b, IOVA, view));
	close(another);
}

/* A retry that the hardware holds up delays no other mapping */
TEST_F(stuck, what_the_hardware_lets_go_of_is_given_back_meanwhile)
{
	struct memory mem;

	ASSERT_EQ(0, memory_make(&mem, SHARED_ANON, PAGE));
	ASSERT_EQ(0, domain_map(self->domain, mem.buf, FAR, PAGE, true));
	/* The first time in each page table, and the second in one */
	ASSERT_EQ(0, keep(IOVA, domain_separate() ? 3 : 2));
	ASSERT_EQ(0, text_write(HOLD, "2"));
	ASSERT_EQ(0, munmap(self->mem.buf, self->mem.size));
	while (times_left())
		process_nap(10);
	EXPECT_EQ(0, variant->munmap ? munmap(mem.buf, PAGE) :
				       domain_unmap(self->domain, FAR, PAGE));
	EXPECT_TRUE(domain_pinned_becomes(self->domain,
					  self->others + self->mem.size / PAGE))
	TH_LOG("%ld pinned", domain_pinned(self->domain));
	EXPECT_EQ(0, text_write(HOLD, "0"));
	EXPECT_TRUE(domain_pinned_becomes(self->domain, self->others));
}

/*
 * To unmap more than was mapped frees page tables with some drivers, and stops
 * at the first hole with others. Those obey: their tables are counted, until
 * there are too many.
 */
TEST(stopping_at_a_hole_is_no_disobedience)
{
	struct edu edu;
	int domain, n, err = 0;
	__u8 *page;

	if (missing())
		SKIP(return, "%s", missing());
	domain = domain_open();
	page = memory_anon(PAGE);
	ASSERT_EQ(0, edu_open(&edu, "EDU0"));
	ASSERT_EQ(0, edu_attach(&edu, domain));
	ASSERT_EQ(0, domain_map(domain, page, OTHER, PAGE, true));
	ASSERT_EQ(0, text_write(HOLES, "1"));
	for (n = 0; n < WINDOWS && !err; n++) {
		err = domain_map(domain, page, FAR + n * HUGE, PAGE, true);
		if (!err)
			err = domain_unmap(domain, FAR + n * HUGE, PAGE);
	}
	EXPECT_EQ(0, text_write(HOLES, "0"));
	EXPECT_EQ(-ENOMEM, err);
	EXPECT_LT(WINDOWS / 2, n);
	EXPECT_EQ(1, edu_arrives(&edu, OTHER, page));
	EXPECT_EQ(0, domain_map(domain, page, FAR, PAGE, true));
	EXPECT_EQ(1, edu_arrives(&edu, FAR, page));
	EXPECT_EQ(0, domain_unmap(domain, FAR, PAGE));
	EXPECT_EQ(0, edu_arrives(&edu, FAR, page));
	edu_close(&edu);
	close(domain);
}

/*
 * Attaching a device behind a unit of fewer address bits makes page tables that
 * others use narrower at once, and what is unmapped then to free tables must be
 * within them.
 */
TEST(nothing_is_unmapped_beyond_tables_that_have_become_narrower)
{
	int domain = domain_open(), fd = device_open("EDU0"), n;
	__u8 *page = memory_anon(PAGE);
	char text[64];
	__u64 at;

	if (missing())
		SKIP(return, "%s", missing());
	ASSERT_EQ(0, device_set(fd, domain));
	/* so many tables that empty ones are freed, each alone in its GiB */
	for (n = 0; n < ALONE; n++)
		ASSERT_EQ(0, domain_map(domain, page, FAR + n * GIGANTIC, PAGE,
					true));
	at = FAR + n * GIGANTIC;
	snprintf(text, sizeof(text), "%llx %llx", at, at + PAGE - 1);
	ASSERT_EQ(0, text_write(NARROW, text));
	ASSERT_EQ(0, domain_map(domain, page, at, PAGE, true));
	EXPECT_EQ(0, domain_unmap(domain, at, PAGE));
	EXPECT_EQ(0, text_field(BEYOND, ""));
	/* those below are freed as before */
	EXPECT_EQ(0, domain_unmap_all(domain));
	EXPECT_EQ(0, text_field(BEYOND, ""));
	close(fd);
	close(domain);
}

/*
 * An unmap that takes as long as the test likes: a thread is in munmap() of
 * @other for that long, so that an invalidation of the process is under way.
 */
FIXTURE(held)
{
	int domain;
	struct edu a;
	struct memory mem;
	__u8 *other;
	pthread_t thread;
	atomic_bool done;
};

FIXTURE_VARIANT(held)
{
	enum kind kind;
	size_t size;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(held, ANON) { .kind = ANON, .size = 4 * PAGE };
FIXTURE_VARIANT_ADD(held, MEMFD) { .kind = MEMFD, .size = 4 * PAGE };
FIXTURE_VARIANT_ADD(held, HUGETLB) { .kind = HUGETLB, .size = HUGE };
/* clang-format on */

FIXTURE_SETUP(held)
{
	if (missing())
		SKIP(return, "%s", missing());
	self->domain = domain_open();
	ASSERT_EQ(0, edu_open(&self->a, "EDU0"));
	ASSERT_EQ(0, edu_attach(&self->a, self->domain));
	self->other = memory_anon(PAGE);
	ASSERT_EQ(0, domain_map(self->domain, self->other, OTHER, PAGE, true));
	ASSERT_EQ(0, memory_make(&self->mem, variant->kind, variant->size));
	memset(self->mem.buf, SECRET, self->mem.size);
	ASSERT_EQ(0, domain_map(self->domain, self->mem.buf, IOVA,
				self->mem.size, true));
}

FIXTURE_TEARDOWN(held)
{
	text_write(HOLD, "0");
	text_write(KEEP, "0 0");
	edu_close(&self->a);
	close(self->domain);
	memory_free(&self->mem);
}

static void *munmap_other(void *arg)
{
	FIXTURE_DATA(held) *self = arg;
	long err = munmap(self->other, PAGE);

	self->done = true;
	return (void *)err;
}

static int throw_away(struct memory *mem)
{
	if (mem->fd < 0)
		return madvise(mem->buf, mem->size, MADV_DONTNEED);
	return fallocate(mem->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			 mem->size);
}

/* Whoever looks at the process waits until no invalidation is under way. */
TEST_F(held, memory_thrown_away_is_seen_meanwhile)
{
	long patience = text_kernel_looks_closely() ? SLOW * SOON : SOON;
	int seen = 1;
	void *failed;
	long since;

	ASSERT_EQ(1, edu_sees(&self->a, IOVA, SECRET));
	ASSERT_EQ(0, keep(OTHER, 1));
	ASSERT_EQ(0, text_write(HOLD, "1"));
	ASSERT_EQ(0, pthread_create(&self->thread, NULL, munmap_other, self));
	while (times_left())
		process_nap(10);
	since = process_ms();
	ASSERT_EQ(0, throw_away(&self->mem));
	while (seen == 1 && process_ms() < since + patience)
		seen = edu_sees(&self->a, IOVA, SECRET);
	EXPECT_EQ(0, seen);
	EXPECT_FALSE(self->done);
	ASSERT_EQ(0, text_write(HOLD, "0"));
	ASSERT_EQ(0, pthread_join(self->thread, &failed));
	EXPECT_EQ(NULL, failed);
	EXPECT_TRUE(domain_pinned_becomes(self->domain, 1));
}

/* The map of @iova behind @skip others fails; or is @done and said to fail. */
static int refuse(__u64 iova, int skip, bool done)
{
	char text[64];

	snprintf(text, sizeof(text), "%llx %d %d", iova, skip, done);
	return text_write(REFUSE, text);
}

/* A domain and two devices that each get page tables of their own */
struct pair {
	int domain;
	struct edu a;
	struct edu b;
	bool was_separate;
};

static int separate(bool on)
{
	return text_write(SEPARATE, on ? "1" : "0");
}

/* Only one of them is attached */
static int pair_open(struct pair *p)
{
	int err;

	p->was_separate = domain_separate();
	err = separate(true);
	p->domain = domain_open();
	err = err ?: edu_open(&p->a, "EDU0");
	err = err ?: edu_open(&p->b, "EDU1");
	return err ?: edu_attach(&p->a, p->domain);
}

static void pair_close(struct pair *p)
{
	text_write(KEEP, "0 0");
	separate(p->was_separate);
	edu_close(&p->a);
	edu_close(&p->b);
	close(p->domain);
}

/* One page for two hardware domains, and no more than one gets it */
FIXTURE(undone)
{
	struct pair p;
	__u8 *page;
	__u8 *other;
	long others; /* pages pinned beside @page */
};

FIXTURE_VARIANT(undone)
{
	bool bar; /* it is memory of a device */
	int skip;
	bool done;
};

#define UNDO(name, is_bar, skipped, is_done)                           \
	FIXTURE_VARIANT_ADD(undone, name)                              \
	{                                                              \
		.bar = (is_bar), .skip = (skipped), .done = (is_done), \
	}

UNDO(refused_by_the_second, false, 1, false);
UNDO(left_behind, false, 0, true);
UNDO(left_behind_in_the_second, false, 1, true);
UNDO(bar_refused_by_the_second, true, 1, false);
UNDO(bar_left_behind, true, 0, true);

FIXTURE_SETUP(undone)
{
	if (missing())
		SKIP(return, "%s", missing());
	ASSERT_EQ(0, pair_open(&self->p));
	ASSERT_EQ(0, edu_attach(&self->p.b, self->p.domain));
	self->other = memory_anon(PAGE);
	ASSERT_EQ(0,
		  domain_map(self->p.domain, self->other, OTHER, PAGE, true));
	self->others = domain_pinned(self->p.domain);
	if (variant->bar)
		self->page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				  MAP_SHARED, self->p.b.fd, REGION(0, 0));
	else
		self->page = memory_anon(PAGE);
	ASSERT_NE(MAP_FAILED, self->page);
}

FIXTURE_TEARDOWN(undone)
{
	pair_close(&self->p);
}

TEST_F(undone, it_may_be_tried_again)
{
	ASSERT_EQ(0, refuse(IOVA, variant->skip, variant->done));
	EXPECT_EQ(-ENOMEM,
		  domain_map(self->p.domain, self->page, IOVA, PAGE, true));
	EXPECT_EQ(1, edu_arrives(&self->p.a, OTHER, self->other));
	EXPECT_EQ(1, edu_arrives(&self->p.b, OTHER, self->other));
	EXPECT_EQ(0, domain_map(self->p.domain, self->other, IOVA, PAGE, true));
	EXPECT_EQ(1, edu_arrives(&self->p.a, IOVA, self->other));
	EXPECT_EQ(1, edu_arrives(&self->p.b, IOVA, self->other));
	EXPECT_EQ(0, domain_unmap(self->p.domain, IOVA, PAGE));
	EXPECT_EQ(0, domain_map(self->p.domain, self->page, IOVA, PAGE, true));
}

TEST_F(undone, kept_by_the_hardware_the_devices_are_cut_off)
{
	ASSERT_EQ(0, keep(IOVA, FOR_GOOD));
	ASSERT_EQ(0, refuse(IOVA, variant->skip, variant->done));
	EXPECT_EQ(-ENOMEM,
		  domain_map(self->p.domain, self->page, IOVA, PAGE, true));
	EXPECT_GT(FOR_GOOD, times_left());
	EXPECT_EQ(0, edu_arrives(&self->p.a, OTHER, self->other));
	EXPECT_EQ(0, edu_arrives(&self->p.b, OTHER, self->other));
	EXPECT_EQ(-EIO,
		  domain_map(self->p.domain, self->other, IOVA, PAGE, true));
	EXPECT_TRUE(domain_pinned_becomes(self->p.domain, self->others));
	EXPECT_EQ(0, domain_unmap(self->p.domain, OTHER, PAGE));
	EXPECT_TRUE(domain_pinned_becomes(self->p.domain, self->others - 1));
}

/* With virtio-iommu that is 2^64 - 1, and what comes behind it is 0 */
TEST(a_map_that_fails_at_the_last_address_harms_no_other)
{
	struct edu edu;
	__u8 *page;
	int domain;
	__u64 iova;

	if (missing())
		SKIP(return, "%s", missing());
	domain = domain_open();
	page = memory_anon(PAGE);
	ASSERT_EQ(0, edu_open(&edu, "EDU0"));
	ASSERT_EQ(0, edu_attach(&edu, domain));
	ASSERT_EQ(0, domain_map(domain, page, OTHER, PAGE, true));
	iova = domain_last(domain) & ~(__u64)(PAGE - 1);
	ASSERT_EQ(0, refuse(iova, 0, true));
	EXPECT_EQ(-ENOMEM, domain_map(domain, page, iova, PAGE, true));
	EXPECT_EQ(1, edu_arrives(&edu, OTHER, page));
	EXPECT_EQ(0, domain_map(domain, page, iova, PAGE, true));
	EXPECT_EQ(1, edu_arrives(&edu, OTHER, page));
	EXPECT_EQ(0, domain_unmap(domain, iova, PAGE));
	edu_close(&edu);
	close(domain);
}

/* With nothing locked by the number, and less: returns what is wrong, or 0 */
static int map_overpaid(void *arg)
{
	int overpay = *(int *)arg, domain = domain_open(), err;
	__u8 *buf = memory_anon(2 * QUOTA * PAGE);
	struct uiommu_info info;

	if (write(overpay, "10", 2) != 2)
		return 1;
	if (domain_info(domain, &info) || info.locked || info.lockable != QUOTA)
		err = 2;
	else if (domain_map(domain, buf, IOVA, PAGE, true))
		err = 3;
	else
		err = 0;
	if (domain_map(domain, buf, OTHER, (QUOTA + 1) * PAGE, true) != -ENOMEM)
		err = err ?: 4;
	write(overpay, "-10", 3);
	return err;
}

/* Of the same user's locked memory: it may be negative for a moment */
TEST(locked_memory_that_others_gave_back_too_much_counts_as_none)
{
	int overpay;

	if (missing())
		SKIP(return, "%s", missing());
	overpay = open(OVERPAY, O_WRONLY);
	ASSERT_LE(0, overpay);
	EXPECT_EQ(0,
		  process_run_as(USER, QUOTA * PAGE, map_overpaid, &overpay));
	close(overpay);
}

/* Two pages, and a device with tables of its own that are not for both */
FIXTURE(replayed)
{
	struct pair p;
	__u8 *low;
	__u8 *high;
};

FIXTURE_SETUP(replayed)
{
	if (missing())
		SKIP(return, "%s", missing());
	ASSERT_EQ(0, pair_open(&self->p));
	self->low = memory_anon(PAGE);
	self->high = memory_anon(PAGE);
	ASSERT_EQ(0, domain_map(self->p.domain, self->low, IOVA, PAGE, true));
	ASSERT_EQ(0, domain_map(self->p.domain, self->high, OTHER, PAGE, true));
}

FIXTURE_TEARDOWN(replayed)
{
	pair_close(&self->p);
}

TEST_F(replayed, undone_it_may_be_tried_again)
{
	ASSERT_EQ(0, refuse(OTHER, 0, false));
	EXPECT_EQ(-ENOMEM, device_set(self->p.b.fd, self->p.domain));
	EXPECT_EQ(1, edu_arrives(&self->p.a, IOVA, self->low));
	EXPECT_EQ(1, edu_arrives(&self->p.a, OTHER, self->high));
	EXPECT_EQ(0, edu_attach(&self->p.b, self->p.domain));
	EXPECT_EQ(1, edu_arrives(&self->p.b, IOVA, self->low));
	EXPECT_EQ(1, edu_arrives(&self->p.b, OTHER, self->high));
}

TEST_F(replayed, kept_by_the_hardware_the_devices_are_cut_off)
{
	int another = domain_open();

	ASSERT_EQ(0, keep(IOVA, FOR_GOOD));
	ASSERT_EQ(0, refuse(OTHER, 0, false));
	EXPECT_EQ(-ENOMEM, device_set(self->p.b.fd, self->p.domain));
	EXPECT_GT(FOR_GOOD, times_left());
	EXPECT_EQ(0, edu_arrives(&self->p.a, IOVA, self->low));
	EXPECT_EQ(0, edu_arrives(&self->p.a, OTHER, self->high));
	EXPECT_EQ(-EIO, domain_map(self->p.domain, self->low, IOVA + PAGE, PAGE,
				   true));

	/* Who did not get in is as good as new elsewhere */
	ASSERT_EQ(0, keep(0, 0));
	EXPECT_EQ(-EBUSY, device_set(self->p.b.fd, self->p.domain));
	EXPECT_EQ(0, edu_attach(&self->p.b, another));
	EXPECT_EQ(0, edu_arrives(&self->p.b, IOVA, self->low));
	EXPECT_EQ(0, domain_map(another, self->high, IOVA, PAGE, true));
	EXPECT_EQ(1, edu_arrives(&self->p.b, IOVA, self->high));
	close(another);
}

TEST_HARNESS_MAIN
