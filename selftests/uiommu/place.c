// SPDX-License-Identifier: GPL-2.0
/*
 * The addresses that the kernel chooses. Invariant: the lowest free one within
 * the limits given, whatever was mapped before.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/edu.h"
#include "../lib/memory.h"

#define START 0x10000ULL /* the lowest that is chosen unasked */
#define WINDOW 0xfee00000ULL
#define BEHIND 0xfef00000ULL
#define LAST_32 0xffffffffULL
#define MOST 8 /* pages of one mapping */

FIXTURE(place)
{
	int domain;
	__u8 *buf;
	__u64 iova;
};

FIXTURE_SETUP(place)
{
	self->domain = domain_open();
	ASSERT_LE(0, self->domain);
	self->buf = memory_anon(MOST * PAGE);
	memset(self->buf, 0, MOST * PAGE);
}

FIXTURE_TEARDOWN(place)
{
	close(self->domain);
}

TEST_F(place, a_device_of_32_bits_hits_no_other_buffer)
{
	__u8 *page = self->buf + 3 * PAGE;
	struct memory large;
	struct edu edu;
	__u64 iova;
	int i;

	if (!device_bdf("EDU32"))
		SKIP(return, "EDU32 is not set");
	ASSERT_EQ(0, edu_open(&edu, "EDU32"));
	ASSERT_EQ(0, edu_attach(&edu, self->domain));
	ASSERT_EQ(0, domain_map_any(self->domain, self->buf, &iova, 3 * PAGE));
	ASSERT_EQ(0, memory_make(&large, THP, 64UL << 20));
	for (i = 0; i < 66; i++) {
		ASSERT_EQ(0, domain_map_any(self->domain, large.buf, &iova,
					    large.size));
		ASSERT_EQ(0, domain_unmap(self->domain, iova, large.size));
	}
	ASSERT_EQ(0, domain_map_any(self->domain, page, &iova, PAGE));
	EXPECT_GE(LAST_32, iova);
	EXPECT_EQ(1, edu_arrives(&edu, iova, page));
	for (i = 0; i < 3 * (int)PAGE; i++)
		ASSERT_EQ(0, self->buf[i]);
	memory_free(&large);
	edu_close(&edu);
}

TEST_F(place, a_device_of_32_bits_is_reached_when_low_addresses_are_wanted)
{
	struct uiommu_map map = { .size = PAGE, .highest = LAST_32 };
	struct edu edu;

	if (!device_bdf("EDU32"))
		SKIP(return, "EDU32 is not set");
	ASSERT_EQ(0, edu_open(&edu, "EDU32"));
	ASSERT_EQ(0, edu_attach(&edu, self->domain));
	map.lowest = LAST_32 + 1 - PAGE;
	ASSERT_EQ(0, domain_map_within(self->domain, self->buf, &map));
	EXPECT_EQ(LAST_32 + 1 - PAGE, map.iova);
	EXPECT_EQ(1, edu_arrives(&edu, map.iova, self->buf));
	/* that was the last one */
	EXPECT_EQ(-ENOSPC, domain_map_within(self->domain, self->buf, &map));
	edu_close(&edu);
}

struct row {
	const char *name;
	__u64 size, lowest, highest, align;
	int err;
	__u64 iova;
};

static const struct row rows[] = {
	{ "no limit", PAGE, 0, 0, 0, 0, START },
	{ "the lowest there is", PAGE, 1, 0, 0, 0, PAGE },
	{ "a lower limit, unaligned", PAGE, START + 1, 0, 0, 0, START + PAGE },
	{ "a lower limit", PAGE, 5ULL << 32, 0, 0, 0, 5ULL << 32 },
	{ "exactly between", 2 * PAGE, START, START + 2 * PAGE - 1, 0, 0,
	  START },
	{ "a byte too few", 2 * PAGE, START, START + 2 * PAGE - 2, 0, -ENOSPC },
	{ "unaligned, a byte too few", PAGE, START + 1, START + 2 * PAGE - 2, 0,
	  -ENOSPC },
	{ "an upper limit below the lowest", PAGE, 0, START - 1, 0, -EINVAL },
	{ "upside down", PAGE, 2 * START, START, 0, -EINVAL },
	{ "alignment of 1", PAGE, 0, 0, 1, 0, START },
	{ "alignment of 1 MiB", PAGE, 0, 0, 1 << 20, 0, 1 << 20 },
	{ "alignment of 2^47", PAGE, 0, 0, 1ULL << 47, 0, 1ULL << 47 },
	{ "alignment of 2^63", PAGE, 0, 0, 1ULL << 63, 0, 1ULL << 63 },
	{ "alignment and no room", PAGE, 0, (1 << 20) - 1, 1 << 20, -ENOSPC },
	{ "alignment of 3", PAGE, 0, 0, 3, -EINVAL },
	{ "alignment of two bits", PAGE, 0, 0, 3 * PAGE, -EINVAL },
	{ "alignment of all bits", PAGE, 0, 0, ~0ULL, -EINVAL },
	{ "interrupts' window", PAGE, WINDOW, 0, 0, 0, BEHIND },
	{ "across interrupts' window", 2 * PAGE, WINDOW - PAGE, 0, 0, 0,
	  BEHIND },
	{ "in interrupts' window", PAGE, WINDOW, BEHIND - 1, 0, -ENOSPC },
	{ "the last page", PAGE, -PAGE, ~0ULL, 0, 0, -PAGE },
	{ "behind the last page", PAGE, 1 - PAGE, ~0ULL, 0, -ENOSPC },
	{ "the very last byte", PAGE, ~0ULL, ~0ULL, 0, -ENOSPC },
	{ "more than there is", 2 * PAGE, -PAGE, ~0ULL, 0, -ENOSPC },
};

TEST_F(place, limits)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct uiommu_map map = {
			.size = rows[i].size,
			.lowest = rows[i].lowest,
			.highest = rows[i].highest,
			.align = rows[i].align,
		};

		EXPECT_EQ(rows[i].err,
			  domain_map_within(self->domain, self->buf, &map))
		TH_LOG("%s", rows[i].name);
		if (!rows[i].err)
			EXPECT_EQ(rows[i].iova, map.iova)
		TH_LOG("%s", rows[i].name);
		EXPECT_EQ(!rows[i].err, domain_nr_maps(self->domain));
		domain_unmap_all(self->domain);
	}
}

TEST_F(place, limits_are_refused_with_a_chosen_address)
{
	struct uiommu_map good = {
		.argsz = sizeof(good),
		.flags = UIOMMU_MAP_FIXED,
		.vaddr = (unsigned long)self->buf,
		.iova = START,
		.size = PAGE,
	};
	struct uiommu_map map = good;

	map.lowest = START;
	EXPECT_EQ(-EINVAL, call(self->domain, UIOMMU_MAP, &map));
	map = good;
	map.highest = ~0ULL;
	EXPECT_EQ(-EINVAL, call(self->domain, UIOMMU_MAP, &map));
	map = good;
	map.align = PAGE;
	EXPECT_EQ(-EINVAL, call(self->domain, UIOMMU_MAP, &map));
	EXPECT_EQ(0, domain_nr_maps(self->domain));
	EXPECT_EQ(0, call(self->domain, UIOMMU_MAP, &good));
}

TEST_F(place, huge_pages_get_the_offset_of_their_buffer)
{
	struct uiommu_map map = { .lowest = START, .highest = LAST_32 };
	struct memory m;

	ASSERT_EQ(0, memory_make(&m, THP, 4 * HUGE));
	map.size = 2 * HUGE + PAGE;
	ASSERT_EQ(0, domain_map_within(self->domain, m.buf + PAGE, &map));
	EXPECT_EQ(HUGE + PAGE, map.iova);
	ASSERT_EQ(0, domain_unmap_all(self->domain));
	/* where there is no room for that, anywhere */
	map.lowest = START;
	map.highest = START + HUGE - 1;
	map.size = HUGE;
	ASSERT_EQ(0, domain_map_within(self->domain, m.buf + PAGE, &map));
	EXPECT_EQ(START, map.iova);
	memory_free(&m);
}

/* The model: who has a page, from START on. */
#define PAGES 384
#define ROUNDS 20000

struct model {
	unsigned short size[PAGES]; /* of the mapping that begins there */
	bool taken[PAGES];
};

static bool is_free(const struct model *model, unsigned int at, unsigned int n)
{
	unsigned int i;

	for (i = at; i < at + n; i++)
		if (i >= PAGES || model->taken[i])
			return false;
	return true;
}

static void mark(struct model *model, unsigned int at, unsigned int n, bool on)
{
	memset(model->taken + at, on, n);
	model->size[at] = on ? n : 0;
}

/* What a chosen mapping of @n pages gets in [lowest, end); PAGES for none */
static unsigned int expected(const struct model *model, unsigned int lowest,
			     unsigned int end, unsigned int n,
			     unsigned int align)
{
	unsigned int at;

	for (at = lowest; at + n <= end; at++)
		if ((at + START / PAGE) % align == 0 && is_free(model, at, n))
			return at;
	return PAGES;
}

static __u64 iova_of(unsigned int page)
{
	return START + page * PAGE;
}

/* One mapping where the kernel chooses; false where it is not the model's. */
static bool choose(int domain, struct model *model, __u8 *buf)
{
	unsigned int n = 1 + rand() % MOST, lowest = rand() % (PAGES / 2);
	unsigned int end = lowest + n + rand() % (PAGES - lowest - n + 1);
	unsigned int align = 1U << rand() % 4;
	unsigned int want = expected(model, lowest, end, n, align);
	struct uiommu_map map = {
		.size = n * PAGE,
		.lowest = iova_of(lowest),
		.highest = iova_of(end) - 1,
		.align = align * PAGE,
	};
	int err = domain_map_within(domain, buf, &map);

	if (err)
		return err == -ENOSPC && want == PAGES;
	if (map.iova != iova_of(want))
		return false;
	mark(model, want, n, true);
	return true;
}

static bool place_fixed(int domain, struct model *model, __u8 *buf)
{
	unsigned int n = 1 + rand() % MOST, at = rand() % (PAGES - MOST);
	bool room = is_free(model, at, n);
	int err = domain_map(domain, buf, iova_of(at), n * PAGE, true);

	if (room)
		mark(model, at, n, true);
	return err == (room ? 0 : -EBUSY);
}

static bool take_away(int domain, struct model *model)
{
	unsigned int at = rand() % PAGES;

	while (at < PAGES && !model->size[at])
		at++;
	if (at == PAGES)
		return true;
	if (domain_unmap(domain, iova_of(at), model->size[at] * PAGE))
		return false;
	mark(model, at, model->size[at], false);
	return true;
}

TEST_F(place, always_the_lowest_that_a_model_finds)
{
	struct model model = {};
	int i, kind;
	bool ok;

	srand(1);
	for (i = 0; i < ROUNDS; i++) {
		kind = rand() % 8;
		if (kind < 3)
			ok = choose(self->domain, &model, self->buf);
		else if (kind == 3)
			ok = place_fixed(self->domain, &model, self->buf);
		else
			ok = take_away(self->domain, &model);
		ASSERT_TRUE(ok) TH_LOG("round %d, kind %d", i, kind);
	}
}

#define MANY 1400 /* enough for tables to be freed, by widened unmaps */
#define HIGH (1ULL << 33)

/* What is taken besides while tables are freed is free again afterwards */
TEST_F(place, unmaps_that_free_tables_leave_all_free)
{
	struct uiommu_map map = { .size = PAGE, .lowest = HIGH, .align = HUGE };
	int fd = device_open("EDU0"), i;

	if (!device_bdf("EDU0"))
		SKIP(return, "EDU0 is not set");
	ASSERT_EQ(0, device_set(fd, self->domain));
	for (i = 0; i < MANY; i++)
		ASSERT_EQ(0,
			  domain_map(self->domain, self->buf,
				     HIGH + i * HUGE + 5 * PAGE, PAGE, true));
	for (i = 0; i < MANY; i += 2)
		ASSERT_EQ(0, domain_unmap(self->domain,
					  HIGH + i * HUGE + 5 * PAGE, PAGE));
	for (i = 0; i < MANY; i++) {
		ASSERT_EQ(0, domain_map_within(self->domain, self->buf, &map));
		ASSERT_EQ(HIGH + i * HUGE, map.iova);
	}
	EXPECT_EQ(0, domain_unmap_all(self->domain));
	ASSERT_EQ(0,
		  domain_map_any(self->domain, self->buf, &self->iova, PAGE));
	EXPECT_EQ(START, self->iova);
	close(fd);
}

struct turn {
	int domain;
	__u8 *buf;
	int err;
};

/* There is room for both of them, and for nothing else. */
static void *take_turns(void *arg)
{
	struct turn *turn = arg;
	struct uiommu_map map = {
		.size = 2 * PAGE,
		.lowest = START,
		.highest = START + 4 * PAGE - 1,
		.align = 2 * PAGE,
	};
	int i;

	for (i = 0; i < 20000 && !turn->err; i++) {
		turn->err = domain_map_within(turn->domain, turn->buf, &map);
		if (!turn->err)
			turn->err =
				domain_unmap(turn->domain, map.iova, map.size);
	}
	return NULL;
}

TEST_F(place, two_threads_find_room_for_two)
{
	struct turn turns[2] = {
		{ self->domain, self->buf, 0 },
		{ self->domain, self->buf + 2 * PAGE, 0 },
	};
	int fd = device_open("EDU0");
	pthread_t thread;

	if (!device_bdf("EDU0"))
		SKIP(return, "EDU0 is not set");
	ASSERT_EQ(0, device_set(fd, self->domain));
	ASSERT_EQ(0, pthread_create(&thread, NULL, take_turns, &turns[0]));
	take_turns(&turns[1]);
	pthread_join(thread, NULL);
	EXPECT_EQ(0, turns[0].err);
	EXPECT_EQ(0, turns[1].err);
	close(fd);
}

TEST_HARNESS_MAIN
