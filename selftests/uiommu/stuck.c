// SPDX-License-Identifier: GPL-2.0
/*
 * An IOMMU that does not let go of a mapping. Invariant: it is asked again, and
 * if that does not help the devices are cut off before the pages go back;
 * whoever unmaps waits until one or the other is true.
 *
 * No model of QEMU behaves so: the test module iostuck stands in.
 */
#include <stdio.h>
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
#define IOVA 0x12340000ULL
#define OTHER 0x45670000ULL
#define FOR_GOOD 1000

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
	if (!device_bdf("EDU0") || !device_bdf("EDU1"))
		SKIP(return, "EDU0 or EDU1 is not set");
	if (access(KEEP, W_OK))
		SKIP(return, "the module iostuck is not loaded");
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

TEST_HARNESS_MAIN
