// SPDX-License-Identifier: GPL-2.0
/*
 * The common rules of every call of /dev/uiommu: its size field, its flags,
 * its pointer. Invariant: a call that fails has changed nothing.
 */
#include <string.h>
#include <sys/mman.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/domain.h"

#define IOVA 0x200000ULL

union argument {
	struct {
		__u32 argsz;
		__u32 flags;
	};
	struct uiommu_map map;
	struct uiommu_unmap unmap;
	struct uiommu_info info;
	struct uiommu_iova_ranges ranges;
	struct uiommu_revoked revoked;
	struct uiommu_faults faults;
	__u8 bytes[PAGE];
};

FIXTURE(argsz)
{
	int fd;
	void *page;
	__u8 *pages;
	union argument *arg;
};

FIXTURE_VARIANT(argsz)
{
	unsigned long call;
	unsigned int size;
	unsigned int first_size; /* of the first version; 0 if it is the same */
	int maps_before;
	int maps_after;
	bool writes_back;
};

FIXTURE_VARIANT_ADD(argsz, map){
	.call = UIOMMU_MAP,
	.size = sizeof(struct uiommu_map),
	.first_size = 32,
	.maps_after = 1,
};

FIXTURE_VARIANT_ADD(argsz, map_any){
	.call = UIOMMU_MAP,
	.size = sizeof(struct uiommu_map),
	.first_size = 32,
	.maps_after = 1,
	.writes_back = true,
};

FIXTURE_VARIANT_ADD(argsz, unmap){
	.call = UIOMMU_UNMAP,
	.size = sizeof(struct uiommu_unmap),
	.maps_before = 1,
};

FIXTURE_VARIANT_ADD(argsz, info){
	.call = UIOMMU_INFO,
	.size = sizeof(struct uiommu_info),
	.first_size = 48,
	.writes_back = true,
};

FIXTURE_VARIANT_ADD(argsz, iova_ranges){
	.call = UIOMMU_IOVA_RANGES,
	.size = sizeof(struct uiommu_iova_ranges),
	.writes_back = true,
};

FIXTURE_VARIANT_ADD(argsz, revoked){
	.call = UIOMMU_REVOKED,
	.size = sizeof(struct uiommu_revoked),
	.writes_back = true,
};

FIXTURE_VARIANT_ADD(argsz, faults){
	.call = UIOMMU_FAULTS,
	.size = sizeof(struct uiommu_faults),
	.writes_back = true,
};

/* A good argument, at the end of which memory ends if @at_end */
static union argument *fill(FIXTURE_DATA(argsz) * self,
			    const FIXTURE_VARIANT(argsz) * variant, bool at_end)
{
	union argument good = {};
	__u8 *at = self->pages;

	good.argsz = variant->size;
	if (variant->call == UIOMMU_MAP) {
		good.map.vaddr = (unsigned long)self->page;
		good.map.size = PAGE;
		if (!variant->writes_back) {
			good.map.flags = UIOMMU_MAP_FIXED;
			good.map.iova = IOVA;
		}
	} else if (variant->call == UIOMMU_UNMAP) {
		good.unmap.iova = IOVA;
		good.unmap.size = PAGE;
	} else if (variant->call == UIOMMU_IOVA_RANGES) {
		good.ranges.nr_ranges = 64;
		good.ranges.ranges = (unsigned long)self->page;
	} else if (variant->call == UIOMMU_REVOKED) {
		good.revoked.nr_ranges = 64;
		good.revoked.ranges = (unsigned long)self->page;
	} else if (variant->call == UIOMMU_FAULTS) {
		good.faults.nr_faults = 64;
		good.faults.faults = (unsigned long)self->page;
	}
	if (at_end)
		at += PAGE - variant->size;
	memset(self->pages, 0, PAGE);
	memcpy(at, &good, variant->size);
	return (union argument *)at;
}

FIXTURE_SETUP(argsz)
{
	self->fd = domain_open();
	ASSERT_LE(0, self->fd);
	self->page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	self->pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_EQ(0, munmap(self->pages + PAGE, PAGE));
	if (variant->maps_before)
		ASSERT_EQ(0,
			  domain_map(self->fd, self->page, IOVA, PAGE, true));
	self->arg = fill(self, variant, false);
}

FIXTURE_TEARDOWN(argsz)
{
	close(self->fd);
}

#define expect_untouched() \
	EXPECT_EQ(variant->maps_before, domain_nr_maps(self->fd))
#define expect_done() EXPECT_EQ(variant->maps_after, domain_nr_maps(self->fd))

TEST_F(argsz, exact_size)
{
	EXPECT_EQ(0, call(self->fd, variant->call, self->arg));
	expect_done();
}

TEST_F(argsz, exact_size_where_memory_ends)
{
	EXPECT_EQ(0, call(self->fd, variant->call, fill(self, variant, true)));
	expect_done();
}

TEST_F(argsz, every_shorter_size_is_einval)
{
	unsigned int first = variant->first_size ?: variant->size;

	for (self->arg->argsz = 0; self->arg->argsz < first;
	     self->arg->argsz++) {
		EXPECT_EQ(-EINVAL, call(self->fd, variant->call, self->arg))
		TH_LOG("argsz %u", self->arg->argsz);
	}
	expect_untouched();
}

TEST_F(argsz, sizes_since_the_first_are_fine_and_no_more_is_written)
{
	unsigned int size = variant->first_size ?: variant->size;

	memset(self->arg->bytes + size, 0x5a, PAGE - size);
	self->arg->argsz = size;
	EXPECT_EQ(0, call(self->fd, variant->call, self->arg));
	for (; size < PAGE; size++)
		ASSERT_EQ(0x5a, self->arg->bytes[size]) TH_LOG("byte %u", size);
	expect_done();
}

TEST_F(argsz, longer_and_zero_is_fine)
{
	self->arg->argsz++;
	EXPECT_EQ(0, call(self->fd, variant->call, self->arg));
	expect_done();
}

TEST_F(argsz, much_longer_and_zero_is_fine)
{
	self->arg->argsz = 1024;
	EXPECT_EQ(0, call(self->fd, variant->call, self->arg));
	expect_done();
}

TEST_F(argsz, longer_and_not_zero_is_e2big)
{
	self->arg->argsz++;
	self->arg->bytes[variant->size] = 1;
	EXPECT_EQ(-E2BIG, call(self->fd, variant->call, self->arg));
	expect_untouched();
}

TEST_F(argsz, longer_than_memory_is_efault_or_e2big)
{
	static const __u32 sizes[] = { PAGE + 1, 0x7fffffff, 0x80000000, ~0U };
	size_t i;
	int err;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		self->arg->argsz = sizes[i];
		err = call(self->fd, variant->call, self->arg);
		EXPECT_TRUE(err == -EFAULT || err == -E2BIG)
		TH_LOG("argsz %#x: %d", sizes[i], err);
	}
	expect_untouched();
}

TEST_F(argsz, unknown_flags_are_eopnotsupp)
{
	__u32 known = self->arg->flags, bit;

	for (bit = 1U << 2; bit; bit <<= 1) {
		self->arg->flags = known | bit;
		EXPECT_EQ(-EOPNOTSUPP, call(self->fd, variant->call, self->arg))
		TH_LOG("flag %#x", bit);
	}
	expect_untouched();
}

TEST_F(argsz, bad_pointers_are_efault)
{
	const __u8 *bad[] = {
		NULL,
		(void *)1,
		(void *)~0UL,
		(void *)0xffff888000000000UL,
		self->pages + PAGE,
		self->pages + PAGE - 1,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EFAULT, call(self->fd, variant->call, bad[i]))
		TH_LOG("pointer %p", bad[i]);
	}
	expect_untouched();
}

TEST_F(argsz, argument_cut_by_the_end_of_memory_is_efault)
{
	__u8 *at;
	unsigned int there;

	for (there = sizeof(__u32); there < variant->size; there++) {
		at = self->pages + PAGE - there;
		memmove(at, self->arg, there);
		EXPECT_EQ(-EFAULT, call(self->fd, variant->call, at))
		TH_LOG("%u bytes are there", there);
		fill(self, variant, false);
	}
	expect_untouched();
}

/* Only a call that answers needs to write */
TEST_F(argsz, memory_that_cannot_be_written)
{
	ASSERT_EQ(0, mprotect(self->pages, PAGE, PROT_READ));
	if (variant->writes_back) {
		EXPECT_EQ(-EFAULT, call(self->fd, variant->call, self->arg));
		expect_untouched();
		EXPECT_EQ(0, domain_pinned(self->fd));
	} else {
		EXPECT_EQ(0, call(self->fd, variant->call, self->arg));
		EXPECT_EQ(variant->maps_after, domain_nr_maps(self->fd));
	}
}

TEST_HARNESS_MAIN
