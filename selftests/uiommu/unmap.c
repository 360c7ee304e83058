// SPDX-License-Identifier: GPL-2.0
/*
 * What may be unmapped, by whom and through what. Invariant: an unmap takes
 * whole mappings of the caller's or nothing.
 */
#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/memory.h"
#include "../lib/process.h"

#define IOVA 0x30000000ULL /* mappings of 2, 1 and 4 pages, a gap each */
#define SECOND (IOVA + 3 * PAGE)
#define THIRD (IOVA + 5 * PAGE)
#define END (IOVA + 9 * PAGE)
#define FAR 0x100000000ULL
#define MANY 20000 /* mappings beside the one that is measured */
#define BATCH 200 /* of maps and unmaps that are measured at once */
#define BATCHES 8

FIXTURE(unmap)
{
	int domain;
	int a;
	int b;
	__u8 *buf;
};

FIXTURE_VARIANT(unmap)
{
	bool by_device;
};

FIXTURE_VARIANT_ADD(unmap, by_domain){ .by_device = false };
FIXTURE_VARIANT_ADD(unmap, by_device){ .by_device = true };

static int map(FIXTURE_DATA(unmap) * self, bool by_device, __u64 iova,
	       __u64 size)
{
	if (by_device)
		return device_map(self->a, self->buf, iova, size, 1);
	return domain_map(self->domain, self->buf, iova, size, true);
}

static int unmap(FIXTURE_DATA(unmap) * self, bool by_device, __u64 iova,
		 __u64 size)
{
	if (by_device)
		return device_unmap(self->a, iova, size);
	return domain_unmap(self->domain, iova, size);
}

FIXTURE_SETUP(unmap)
{
	bool by_device = variant->by_device;

	if (!device_bdf("EDU0") || !device_bdf("EDU1"))
		SKIP(return, "EDU0 or EDU1 is not set");
	self->domain = domain_open();
	self->a = device_open("EDU0");
	self->b = device_open("EDU1");
	ASSERT_EQ(0, device_set(self->a, self->domain));
	ASSERT_EQ(0, device_set(self->b, self->domain));
	self->buf = memory_anon(16 * PAGE);
	ASSERT_NE(NULL, self->buf);
	ASSERT_EQ(0, map(self, by_device, IOVA, 2 * PAGE));
	ASSERT_EQ(0, map(self, by_device, SECOND, PAGE));
	ASSERT_EQ(0, map(self, by_device, THIRD, 4 * PAGE));
}

FIXTURE_TEARDOWN(unmap)
{
	close(self->a);
	close(self->b);
	close(self->domain);
}

struct row {
	const char *name;
	__u64 iova;
	__u64 size;
	int err;
	int left; /* mappings afterwards */
};

static const struct row rows[] = {
	{ "first", IOVA, 2 * PAGE, 0, 2 },
	{ "first and gap", IOVA, 3 * PAGE, 0, 2 },
	{ "gap and first", IOVA - PAGE, 3 * PAGE, 0, 2 },
	{ "first two", IOVA, 4 * PAGE, 0, 1 },
	{ "all", IOVA, END - IOVA, 0, 0 },
	{ "all and more", 0, 1ULL << 40, 0, 0 },
	{ "gap", IOVA + 2 * PAGE, PAGE, -ENXIO, 3 },
	{ "below", IOVA - PAGE, PAGE, -ENXIO, 3 },
	{ "above", END, PAGE, -ENXIO, 3 },
	{ "half of the first", IOVA, PAGE, -EINVAL, 3 },
	{ "other half", IOVA + PAGE, PAGE, -EINVAL, 3 },
	{ "middle of the third", THIRD + PAGE, PAGE, -EINVAL, 3 },
	{ "all but the first page", IOVA + PAGE, END - IOVA, -EINVAL, 3 },
	{ "all but the last page", IOVA, END - IOVA - PAGE, -EINVAL, 3 },
	{ "one whole, one cut", SECOND, 3 * PAGE, -EINVAL, 3 },
	{ "no size", IOVA, 0, -EINVAL, 3 },
	{ "unaligned", IOVA + 1, PAGE, -EINVAL, 3 },
	{ "size unaligned", IOVA, 2 * PAGE + 1, -EINVAL, 3 },
	{ "wraps", IOVA, -(__u64)PAGE, -EINVAL, 3 },
	{ "wraps by all", IOVA, ~0ULL, -EINVAL, 3 },
};

TEST_F(unmap, ranges)
{
	static const __u64 places[][2] = {
		{ IOVA, 2 * PAGE },
		{ SECOND, PAGE },
		{ THIRD, 4 * PAGE },
	};
	const struct row *row;
	size_t i;

	for (row = rows; row < rows + ARRAY_SIZE(rows); row++) {
		EXPECT_EQ(row->err,
			  unmap(self, variant->by_device, row->iova, row->size))
		TH_LOG("%s", row->name);
		EXPECT_EQ(row->left, domain_nr_maps(self->domain))
		TH_LOG("%s", row->name);
		for (i = 0; i < ARRAY_SIZE(places); i++)
			map(self, variant->by_device, places[i][0],
			    places[i][1]);
		ASSERT_EQ(3, domain_nr_maps(self->domain))
		TH_LOG("%s: not free again", row->name);
	}
}

TEST_F(unmap, twice_is_enxio)
{
	EXPECT_EQ(0, unmap(self, variant->by_device, SECOND, PAGE));
	EXPECT_EQ(-ENXIO, unmap(self, variant->by_device, SECOND, PAGE));
}

TEST_F(unmap, through_another_descriptor_of_the_domain)
{
	EXPECT_EQ(0, device_unmap(self->b, IOVA, 2 * PAGE));
	EXPECT_EQ(0, unmap(self, !variant->by_device, SECOND, PAGE));
	EXPECT_EQ(1, domain_nr_maps(self->domain));
}

static int unmap_by_b(void *arg)
{
	FIXTURE_DATA(unmap) *self = arg;

	return device_unmap(self->b, IOVA, 2 * PAGE);
}

TEST_F(unmap, another_process_through_another_descriptor_is_enxio)
{
	EXPECT_EQ(ENXIO, process_run(unmap_by_b, self));
	EXPECT_EQ(3, domain_nr_maps(self->domain));
}

static int unmap_by_maker(void *arg)
{
	FIXTURE_DATA(unmap) *self = arg;

	return domain_unmap(self->domain, IOVA, 2 * PAGE);
}

TEST_F(unmap, another_process_through_the_makers_descriptor)
{
	int err = variant->by_device ? ENXIO : 0;

	EXPECT_EQ(err, process_run(unmap_by_maker, self));
	EXPECT_EQ(err ? 3 : 2, domain_nr_maps(self->domain));
}

struct mapper {
	int ends[2]; /* to tell, to await: see process_start() */
	void *self;
};

static int map_by_b(void *arg)
{
	FIXTURE_DATA(unmap) *self = ((struct mapper *)arg)->self;
	int *ends = arg;

	if (device_map(self->b, self->buf, END + PAGE, PAGE, 1))
		return EIO;
	process_tell(ends[0]);
	return process_await(ends[1]);
}

TEST_F(unmap, a_range_takes_ones_own_and_leaves_the_others)
{
	struct mapper mapper = { .self = self };
	int ready, go;
	pid_t pid = process_start(map_by_b, &mapper, &ready, &go);

	ASSERT_EQ(0, process_await(ready));
	EXPECT_EQ(4, domain_nr_maps(self->domain));
	EXPECT_EQ(0, unmap(self, variant->by_device, IOVA, 64 * PAGE));
	EXPECT_EQ(1, domain_nr_maps(self->domain));
	process_tell(go);
	EXPECT_EQ(0, process_wait(pid));
}

TEST_F(unmap, all_and_how_much)
{
	struct uiommu_unmap arg = {
		.argsz = sizeof(arg),
		.flags = UIOMMU_UNMAP_ALL,
	};

	EXPECT_EQ(0, call(self->domain, UIOMMU_UNMAP, &arg));
	EXPECT_EQ(7 * PAGE, arg.size);
	EXPECT_EQ(0, domain_nr_maps(self->domain));
	EXPECT_EQ(0, domain_pinned(self->domain));
}

TEST_F(unmap, all_with_a_range_is_einval)
{
	struct uiommu_unmap arg = {
		.argsz = sizeof(arg),
		.flags = UIOMMU_UNMAP_ALL,
		.iova = IOVA,
	};

	EXPECT_EQ(-EINVAL, call(self->domain, UIOMMU_UNMAP, &arg));
	arg.iova = 0;
	arg.size = PAGE;
	EXPECT_EQ(-EINVAL, call(self->domain, UIOMMU_UNMAP, &arg));
	EXPECT_EQ(3, domain_nr_maps(self->domain));
}

TEST_F(unmap, tells_how_much)
{
	struct uiommu_unmap arg = {
		.argsz = sizeof(arg),
		.iova = IOVA - PAGE,
		.size = 6 * PAGE,
	};

	EXPECT_EQ(0, call(self->domain, UIOMMU_UNMAP, &arg));
	EXPECT_EQ(3 * PAGE, arg.size);
}

TEST_F(unmap, close_takes_what_the_descriptor_made)
{
	close(variant->by_device ? self->b : self->a);
	EXPECT_EQ(3, domain_nr_maps(self->domain));
	if (variant->by_device)
		close(self->a);
	EXPECT_EQ(variant->by_device ? 0 : 3, domain_nr_maps(self->domain));
}

/* Milliseconds of the fastest of some batches: what others run is left out. */
static long batch_ms(int domain, __u8 *page)
{
	long best = 1000000, start, ms;
	int i, k;

	for (i = 0; i < BATCHES; i++) {
		start = process_ms();
		for (k = 0; k < BATCH; k++) {
			domain_map(domain, page, FAR - PAGE, PAGE, true);
			domain_unmap(domain, FAR - PAGE, PAGE);
		}
		ms = process_ms() - start;
		best = ms < best ? ms : best;
	}
	return best;
}

/* A list to be searched would make it slower by some hundred times. */
TEST(costs_do_not_grow_with_the_mappings)
{
	int domain = domain_open(), fd = device_open("EDU0"), i, n;
	__u8 *page = memory_anon(PAGE);
	long few, many;

	if (!device_bdf("EDU0"))
		SKIP(return, "EDU0 is not set");
	ASSERT_EQ(0, device_set(fd, domain));
	few = batch_ms(domain, page);
	for (i = 0, n = 0; i < MANY; i++)
		n += !domain_map(domain, page, FAR + i * PAGE, PAGE, true);
	EXPECT_EQ(MANY, n);
	many = batch_ms(domain, page);
	EXPECT_GE(4 * few + 4, many)
	TH_LOG("%ld ms among few, %ld among many", few, many);
	EXPECT_EQ(MANY, domain_nr_maps(domain));
	close(fd);
	close(domain);
}

TEST_HARNESS_MAIN
