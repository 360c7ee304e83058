// SPDX-License-Identifier: GPL-2.0
/*
 * Rules of address ranges. Small cases are compared with a model that is
 * obvious because it is slow: a set is a bit for each address.
 */
#include "unit.h"

#include "../../uiommu/span.h"

#define PG 4096ULL
#define TOP_PAGE (~0ULL - PG + 1)
#define R(a, b) ((struct span){ .first = (a), .last = (b) })

static const struct {
	const char *name;
	u64 start, size, align;
	bool ok;
} make_rows[] = {
	{ "one page at zero", 0, PG, PG, true },
	{ "empty", PG, 0, PG, false },
	{ "empty at zero", 0, 0, PG, false },
	{ "start unaligned", PG + 1, PG, PG, false },
	{ "size unaligned", PG, PG - 1, PG, false },
	{ "size less than a page", 0, 1, PG, false },
	{ "bytes", 3, 1, 1, true },
	{ "last page", TOP_PAGE, PG, PG, true },
	{ "one page past the top", TOP_PAGE, 2 * PG, PG, false },
	{ "wraps to zero", TOP_PAGE, 0ULL - TOP_PAGE + PG, PG, false },
	{ "all but the first page", PG, 0ULL - PG, PG, true },
	{ "wraps from the middle", 1ULL << 63, (1ULL << 63) + PG, PG, false },
	{ "upper half", 1ULL << 63, 1ULL << 63, PG, true },
};

static const struct {
	const char *name;
	struct span r;
	u64 window, windows;
} windows_rows[] = {
	{ "one byte", { 0, 0 }, 0x200000, 1 },
	{ "whole window", { 0, 0x1fffff }, 0x200000, 1 },
	{ "one byte more", { 0, 0x200000 }, 0x200000, 2 },
	{ "across a border", { 0x1fffff, 0x200000 }, 0x200000, 2 },
	{ "last window", { TOP_PAGE, ~0ULL }, 0x200000, 1 },
	{ "everything", { 0, ~0ULL }, 0x200000, 1ULL << 43 },
};

static const struct {
	const char *name;
	struct span r, gap;
	bool grown;
	struct span want;
} widen_rows[] = {
	{ "alone in everything",
	  { 0x5000, 0x5fff },
	  { 0, ~0ULL },
	  true,
	  { 0, 0xffff } },
	{ "whole window already",
	  { 0, 0xffff },
	  { 0, ~0ULL },
	  false,
	  { 0, 0xffff } },
	{ "neighbour below, one window",
	  { 0x5000, 0x5fff },
	  { 0x4000, ~0ULL },
	  false,
	  { 0x5000, 0x5fff } },
	{ "neighbour above, one window",
	  { 0x5000, 0x5fff },
	  { 0, 0x6fff },
	  false,
	  { 0x5000, 0x5fff } },
	{ "neighbour below, two windows",
	  { 0x5000, 0x15fff },
	  { 0x4000, ~0ULL },
	  true,
	  { 0x5000, 0x1ffff } },
	{ "neighbour above, two windows",
	  { 0x5000, 0x15fff },
	  { 0, 0x16fff },
	  true,
	  { 0, 0x15fff } },
	{ "neighbours at both ends",
	  { 0x5000, 0x15fff },
	  { 0x4000, 0x16fff },
	  false,
	  { 0x5000, 0x15fff } },
	{ "neighbours just outside",
	  { 0x15000, 0x25fff },
	  { 0x10000, 0x2ffff },
	  true,
	  { 0x10000, 0x2ffff } },
	{ "at the top",
	  { TOP_PAGE, ~0ULL },
	  { 0x10000, ~0ULL },
	  true,
	  { ~0ULL - 0xffff, ~0ULL } },
};

static const struct {
	const char *name;
	u64 size, page_sizes, align;
} align_rows[] = {
	{ "4 KiB only", 1ULL << 40, 0x1000, 0x1000 },
	{ "one page", 0x1000, 0x40201000, 0x1000 },
	{ "just below 2 MiB", 0x1ff000, 0x40201000, 0x1000 },
	{ "2 MiB", 0x200000, 0x40201000, 0x200000 },
	{ "1 GiB", 0x40000000, 0x40201000, 0x40000000 },
	{ "huge, biggest page", ~0ULL, 0x40201000, 0x40000000 },
	{ "64 KiB only", 0x1000, 0x10000, 0x10000 },
	{ "every size there is", ~0ULL, ~0xfffULL, 1ULL << 63 },
	{ "smaller than any page", 1, 0x1000, 0x1000 },
};

TABLE_TEST(make, make_rows)
{
	struct span r = { 7, 7 };

	ck_assert_int_eq(span_make(&r, row->start, row->size, row->align),
			 row->ok);
	ck_assert_uint_eq(r.first, row->ok ? row->start : 7);
	ck_assert_uint_eq(r.last, row->ok ? row->start + row->size - 1 : 7);
}

TABLE_TEST(windows, windows_rows)
{
	ck_assert_uint_eq(span_windows(row->r, row->window), row->windows);
}

TABLE_TEST(widen, widen_rows)
{
	struct span r = row->r;

	ck_assert_int_eq(span_widen(&r, row->gap, 0x10000), row->grown);
	ck_assert_uint_eq(r.first, row->want.first);
	ck_assert_uint_eq(r.last, row->want.last);
}

TABLE_TEST(best_align, align_rows)
{
	ck_assert_uint_eq(span_best_align(row->size, row->page_sizes),
			  row->align);
}

/* The model: addresses 0 to 31, a bit each. */
#define UNIVERSE 32
#define ROOM 6

static u32 bits_of(struct span r)
{
	u32 bits = 0;
	u64 a;

	for (a = 0; a < UNIVERSE; a++)
		if (a >= r.first && a <= r.last)
			bits |= 1U << a;
	return bits;
}

static u32 bits_of_set(const struct span_set *set)
{
	u32 bits = 0;
	unsigned int i;

	for (i = 0; i < set->nr; i++) {
		ck_assert_uint_le(set->ranges[i].first, set->ranges[i].last);
		if (i)
			ck_assert_uint_gt(set->ranges[i].first,
					  set->ranges[i - 1].last + 1);
		bits |= bits_of(set->ranges[i]);
	}
	return bits;
}

static unsigned int pieces(u32 bits)
{
	return __builtin_popcount(bits & ~(bits << 1));
}

static u32 seed;

static u32 pick(u32 below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

static struct span pick_range(void)
{
	u64 first = pick(UNIVERSE);

	return R(first, first + pick(UNIVERSE - first));
}

static void compare_queries(const struct span_set *set, u32 model)
{
	struct span r = pick_range();

	ck_assert_int_eq(span_set_contains(set, r),
			 (model & bits_of(r)) == bits_of(r));
}

static void remove_and_compare(struct span_set *set, u32 *model)
{
	struct span r = pick_range();
	u32 after = *model & ~bits_of(r);
	int ret = span_set_remove(set, r);

	if (pieces(after) > ROOM)
		ck_assert_int_eq(ret, -ENOSPC);
	else
		ck_assert_int_eq(ret, 0);
	*model = ret ? *model : after;
	ck_assert_uint_eq(bits_of_set(set), *model);
}

static const struct {
	const char *name;
	u32 seed;
} model_rows[] = {
	{ "set against model, 1", 1 },
	{ "set against model, 2", 2 },
	{ "set against model, 3", 3 },
	{ "set against model, 4", 4 },
};

TABLE_TEST(set_model, model_rows)
{
	int round, step;

	seed = row->seed;
	for (round = 0; round < 3000; round++) {
		struct span ranges[ROOM];
		struct span_set set = { .ranges = ranges, .cap = ROOM };
		u32 model = ~0U;

		span_set_fill(&set, R(0, UNIVERSE - 1));
		for (step = 0; step < 8 && model; step++) {
			remove_and_compare(&set, &model);
			compare_queries(&set, model);
		}
		if (pick(2)) {
			struct span keep = pick_range();

			span_set_clip(&set, keep);
			ck_assert_uint_eq(bits_of_set(&set),
					  model & bits_of(keep));
		}
	}
}

UNIT_TEST(set_at_the_top, "set at the top of the address space")
{
	struct span ranges[3];
	struct span_set set = { .ranges = ranges, .cap = 3 };

	span_set_fill(&set, SPAN_ALL);
	ck_assert(span_set_contains(&set, SPAN_ALL));
	ck_assert_int_eq(span_set_remove(&set, R(TOP_PAGE, ~0ULL)), 0);
	ck_assert_int_eq(span_set_remove(&set, R(0, PG - 1)), 0);
	ck_assert_uint_eq(set.nr, 1);
	ck_assert_uint_eq(set.ranges[0].first, PG);
	ck_assert_uint_eq(set.ranges[0].last, TOP_PAGE - 1);
	span_set_clip(&set, SPAN_ALL);
	ck_assert_uint_eq(set.nr, 1);
	ck_assert_int_eq(span_set_remove(&set, SPAN_ALL), 0);
	ck_assert_uint_eq(set.nr, 0);
}

SUITE(span)
{
	ADD_TABLE(tc, make, make_rows);
	ADD_TABLE(tc, windows, windows_rows);
	ADD_TABLE(tc, widen, widen_rows);
	ADD_TABLE(tc, best_align, align_rows);
	ADD_TABLE(tc, set_model, model_rows);
	tcase_add_test(tc, set_at_the_top);
}
