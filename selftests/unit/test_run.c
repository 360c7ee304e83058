// SPDX-License-Identifier: GPL-2.0
/*
 * Rules of packed runs of pages.
 */
#include "unit.h"

#include "../../uiommu/run.h"

/* The highest frame number that fits beside the number of pages */
#define TOP_PFN (~0ULL >> RUN_NPAGES_BITS)

/* clang-format off */
static const struct {
	const char *name;
	u64 pfn, npages;
} pack_rows[] = {
	{ "first page",				0, 1 },
	{ "one page",				0x12345, 1 },
	{ "two pages",				0x12345, 2 },
	{ "longest run",			0x12345, RUN_MAX_NPAGES },
	{ "one less than the longest",		7, RUN_MAX_NPAGES - 1 },
	{ "highest frame of 52 bits",		(1ULL << 40) - 1, 1 },
	{ "highest frame, longest run",		TOP_PFN, RUN_MAX_NPAGES },
};

static const struct {
	const char *name;
	u64 pfn, npages, next, more;
	bool ok;
} extend_rows[] = {
	{ "next page",				10, 1, 11, 1, true },
	{ "next run",				10, 5, 15, 100, true },
	{ "same page again",			10, 1, 10, 1, false },
	{ "page before",			10, 1, 9, 1, false },
	{ "gap of one",				10, 1, 12, 1, false },
	{ "up to the longest",			10, RUN_MAX_NPAGES - 1,
	  10 + RUN_MAX_NPAGES - 1, 1, true },
	{ "one more than the longest",		10, RUN_MAX_NPAGES,
	  10 + RUN_MAX_NPAGES, 1, false },
	{ "two that are too long together",	0, RUN_MAX_NPAGES / 2,
	  RUN_MAX_NPAGES / 2, RUN_MAX_NPAGES / 2 + 1, false },
	{ "two halves",				0, RUN_MAX_NPAGES / 2,
	  RUN_MAX_NPAGES / 2, RUN_MAX_NPAGES / 2, true },
};

/* clang-format on */

TABLE_TEST(pack, pack_rows)
{
	u64 run = run_pack(row->pfn, row->npages);

	ck_assert_uint_eq(run_pfn(run), row->pfn);
	ck_assert_uint_eq(run_npages(run), row->npages);
}

UNIT_TEST(longest, "a run is 1 GiB at most, and all frames fit beside")
{
	ck_assert_uint_eq(RUN_MAX_NPAGES * 4096, 1ULL << 30);
	ck_assert_uint_eq(TOP_PFN, (1ULL << 46) - 1);
}

TABLE_TEST(extend, extend_rows)
{
	u64 run = run_pack(row->pfn, row->npages);
	u64 want = row->ok ? row->npages + row->more : row->npages;

	ck_assert_int_eq(run_extend(&run, row->next, row->more), row->ok);
	ck_assert_uint_eq(run_pfn(run), row->pfn);
	ck_assert_uint_eq(run_npages(run), want);
}

SUITE(run)
{
	ADD_TABLE(tc, pack, pack_rows);
	tcase_add_test(tc, longest);
	ADD_TABLE(tc, extend, extend_rows);
}
