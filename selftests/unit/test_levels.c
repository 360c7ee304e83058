// SPDX-License-Identifier: GPL-2.0
/*
 * Rules of page tables in levels, for address widths of 39, 48 and 57 bits and
 * more.
 */
#include "unit.h"

#include "../../uiommu/levels.h"

#define KIB (1ULL << 10)
#define MIB (1ULL << 20)
#define GIB (1ULL << 30)
#define TIB (1ULL << 40)
#define BITS(n) ((1ULL << (n)) - 1)
#define ALL              \
	{                \
		0, ~0ULL \
	}

/* clang-format off */
static const struct {
	const char *name;
	u64 last;
	unsigned int levels;
} below_rows[] = {
	{ "one page",			4 * KIB - 1,	1 },
	{ "30 bits, one table of level 2", BITS(30),	1 },
	{ "31 bits",			BITS(31),	2 },
	{ "39 bits",			BITS(39),	2 },
	{ "39 bits and a page",		BITS(39) + 4 * KIB, 3 },
	{ "47 bits",			BITS(47),	3 },
	{ "48 bits",			BITS(48),	3 },
	{ "57 bits",			BITS(57),	4 },
	{ "58 bits",			BITS(58),	5 },
	{ "64 bits",			~0ULL,		5 },
};

static const struct {
	const char *name;
	struct span r;
	unsigned int level;
	struct span touched, covered;
} window_rows[] = {
	{ "a page", { 0, BITS(12) }, 1, { 0, 0 }, { 1, 0 } },
	{ "a leaf", { 2 * MIB, 4 * MIB - 1 }, 1, { 1, 1 }, { 1, 1 } },
	{ "a leaf but its first page", { 2 * MIB + 4 * KIB, 4 * MIB - 1 }, 1,
	  { 1, 1 }, { 1, 0 } },
	{ "a leaf but its last page", { 2 * MIB, 4 * MIB - 4 * KIB - 1 }, 1,
	  { 1, 1 }, { 1, 0 } },
	{ "a leaf and a page at each end",
	  { 2 * MIB - 4 * KIB, 4 * MIB + 4 * KIB - 1 }, 1, { 0, 2 }, { 1, 1 } },
	{ "two halves", { MIB, 3 * MIB - 1 }, 1, { 0, 1 }, { 1, 0 } },
	{ "a leaf, one level up", { 2 * MIB, 4 * MIB - 1 }, 2,
	  { 0, 0 }, { 1, 0 } },
	{ "a GiB", { 5 * GIB, 6 * GIB - 1 }, 2, { 5, 5 }, { 5, 5 } },
	{ "a GiB as leaves", { 5 * GIB, 6 * GIB - 1 }, 1,
	  { 5 * 512, 6 * 512 - 1 }, { 5 * 512, 6 * 512 - 1 } },
	{ "512 GiB at 48 bits", { 512 * GIB, TIB - 1 }, 3, { 1, 1 }, { 1, 1 } },
	{ "256 TiB at 57 bits", { 256 * TIB, 512 * TIB - 1 }, 4,
	  { 1, 1 }, { 1, 1 } },
	{ "from 4 KiB up to 57 bits", { 4 * KIB, BITS(57) }, 4,
	  { 0, 511 }, { 1, 511 } },
	{ "the last page", { ~0ULL - BITS(12), ~0ULL }, 1,
	  { BITS(43), BITS(43) }, { 1, 0 } },
	{ "the last leaf", { ~0ULL - BITS(21), ~0ULL }, 1,
	  { BITS(43), BITS(43) }, { BITS(43), BITS(43) } },
	{ "everything", ALL, 5, { 0, 127 }, { 0, 127 } },
};

static const struct {
	const char *name;
	struct span r, gap;
	unsigned int levels;
	struct span want;
} widen_rows[] = {
	{ "alone at 39 bits", { 9 * GIB, 9 * GIB + BITS(12) }, { 0, BITS(39) },
	  2, { 9 * GIB, 10 * GIB - 1 } },
	{ "alone at 48 bits", { TIB, TIB + BITS(12) }, { 0, BITS(48) },
	  3, { TIB, TIB + 512 * GIB - 1 } },
	{ "alone at 57 bits", { 300 * TIB, 300 * TIB + BITS(12) },
	  { 0, BITS(57) }, 4, { 256 * TIB, 512 * TIB - 1 } },
	{ "a neighbour in the same GiB", { TIB + 8 * MIB, TIB + 9 * MIB - 1 },
	  { TIB + 4 * KIB, BITS(48) }, 3,
	  { TIB + 8 * MIB, TIB + 10 * MIB - 1 } },
	{ "a neighbour in the same 512 GiB",
	  { TIB + GIB, TIB + GIB + BITS(12) },
	  { TIB + 4 * KIB, BITS(48) }, 3,
	  { TIB + GIB, TIB + 2 * GIB - 1 } },
	{ "a neighbour in the same leaf", { TIB + 4 * KIB, TIB + 8 * KIB - 1 },
	  { TIB + 4 * KIB, BITS(48) }, 3,
	  { TIB + 4 * KIB, TIB + 8 * KIB - 1 } },
	{ "a neighbour at one end", { TIB - 4 * KIB, TIB + 4 * KIB - 1 },
	  { TIB - 8 * KIB, BITS(48) }, 3,
	  { TIB - 4 * KIB, TIB + 512 * GIB - 1 } },
	{ "nobody is to free the root of 39 bits", { 4 * KIB, BITS(39) },
	  { 0, BITS(39) }, 2, { 4 * KIB, BITS(39) } },
	{ "one that begins beyond the first GiB", { GIB + MIB, 2 * GIB - 1 },
	  { 0, BITS(48) }, 3, { GIB, 512 * GIB - 1 } },
	{ "one right behind the first GiB", { GIB, GIB + BITS(12) },
	  { 0, BITS(48) }, 3, { GIB, 512 * GIB - 1 } },
	{ "one in the first GiB", { 4 * KIB, 8 * KIB - 1 }, { 0, BITS(48) },
	  3, { 0, GIB - 1 } },
	{ "the root of 48 bits below one of 57", { TIB, TIB + BITS(12) },
	  { 0, BITS(57) }, 4, { GIB, 256 * TIB - 1 } },
	{ "at the top of 64 bits", { ~0ULL - BITS(12), ~0ULL },
	  ALL, 5, { ~0ULL - BITS(57), ~0ULL } },
};

static const struct {
	const char *name;
	u64 nr_maps, pages;
	unsigned int levels;
	u64 in_use;
} use_rows[] = {
	{ "nothing",				0, 0, 3, 0 },
	{ "asked for, nothing pinned yet",	7, 0, 3, 0 },
	{ "a page at 39 bits",			1, 1, 2, 2 },
	{ "a page at 48 bits",			1, 1, 3, 3 },
	{ "a page at 57 bits",			1, 1, 4, 4 },
	{ "pages far apart",			1000, 1000, 3, 3000 },
	{ "2 MiB",				1, 512, 3, 7 },
	{ "1 GiB at 48 bits",			1, 1 << 18, 3, 512 + 1 + 6 },
	{ "512 GiB at 57 bits",			1, 1 << 27, 4,
	  (1 << 18) + 512 + 1 + 8 },
};

#define SIZES (4 * KIB | 2 * MIB | GIB) /* of VT-d */
#define BASE (8 * GIB) /* of a BAR */
#define NO         \
	{          \
		1, 0 \
	}

static const struct {
	const char *name;
	struct flat flat;
	unsigned int level;
	struct span before, behind;
} flat_rows[] = {
	{ "aligned, leaves", { { 64 * GIB, 72 * GIB - 1 }, BASE, SIZES }, 1,
	  NO, NO },
	{ "aligned, above leaves", { { 64 * GIB, 72 * GIB - 1 }, BASE, SIZES },
	  2, NO, NO },
	{ "aligned, where nothing is so large",
	  { { 64 * GIB, 72 * GIB - 1 }, BASE, SIZES }, 3,
	  { 64 * GIB, 72 * GIB - 1 }, NO },
	{ "a page off", { { 64 * GIB + 4 * KIB, 72 * GIB + 4 * KIB - 1 }, BASE,
	  SIZES }, 1, { 64 * GIB + 4 * KIB, 72 * GIB + 4 * KIB - 1 }, NO },
	{ "memory a page off", { { 64 * GIB, 72 * GIB - 1 }, BASE + 4 * KIB,
	  SIZES }, 1, { 64 * GIB, 72 * GIB - 1 }, NO },
	{ "2 MiB off, leaves", { { 64 * GIB + 2 * MIB, 72 * GIB + 2 * MIB - 1 },
	  BASE, SIZES }, 1, NO, NO },
	{ "2 MiB off, above leaves",
	  { { 64 * GIB + 2 * MIB, 72 * GIB + 2 * MIB - 1 }, BASE, SIZES }, 2,
	  { 64 * GIB + 2 * MIB, 72 * GIB + 2 * MIB - 1 }, NO },
	{ "pages at both ends, leaves",
	  { { 64 * GIB - 4 * KIB, 72 * GIB + 4 * KIB - 1 }, BASE - 4 * KIB,
	  SIZES }, 1, { 64 * GIB - 4 * KIB, 64 * GIB - 1 },
	  { 72 * GIB, 72 * GIB + 4 * KIB - 1 } },
	{ "leaves at both ends, leaves",
	  { { 64 * GIB - 2 * MIB, 72 * GIB + 2 * MIB - 1 }, BASE - 2 * MIB,
	  SIZES }, 1, NO, NO },
	{ "leaves at both ends, above them",
	  { { 64 * GIB - 2 * MIB, 72 * GIB + 2 * MIB - 1 }, BASE - 2 * MIB,
	  SIZES }, 2, { 64 * GIB - 2 * MIB, 64 * GIB - 1 },
	  { 72 * GIB, 72 * GIB + 2 * MIB - 1 } },
	{ "small pages alone", { { 64 * GIB, 72 * GIB - 1 }, BASE, 4 * KIB }, 1,
	  { 64 * GIB, 72 * GIB - 1 }, NO },
	{ "none of 2 MiB, leaves",
	  { { 64 * GIB - 2 * MIB, 65 * GIB - 1 }, BASE - 2 * MIB,
	  4 * KIB | GIB }, 1, { 64 * GIB - 2 * MIB, 64 * GIB - 1 }, NO },
	{ "pages of all sizes, leaves",
	  { { 64 * GIB + 4 * MIB, 64 * GIB + 6 * MIB - 1 }, BASE + 4 * MIB,
	  -(4 * KIB) }, 1, NO, NO },
	{ "less than a large page", { { 64 * GIB, 64 * GIB + MIB - 1 }, BASE,
	  SIZES }, 1, { 64 * GIB, 64 * GIB + MIB - 1 }, NO },
	{ "a large page cut in two", { { MIB, 3 * MIB - 1 }, BASE + MIB,
	  SIZES }, 1, { MIB, 3 * MIB - 1 }, NO },
	{ "at the bottom", { { 0, 2 * MIB - 1 }, BASE, SIZES }, 1, NO, NO },
	{ "at the top", { { ~0ULL - BITS(21), ~0ULL }, BASE - 2 * MIB, SIZES },
	  1, NO, NO },
};

static const struct {
	const char *name;
	u64 noted, missing, pinned, charge;
} charge_rows[] = {
	{ "the first",				0,  3,    1,    0 },
	{ "the last that are free",		13, 3,    1,    0 },
	{ "one too many",			14, 3,    1,    1 },
	{ "all of them",			16, 3,    1,    3 },
	{ "none missing",			90, 0,    1,    0 },
	{ "many at once",			0,  4106, 0,    4090 },
	{ "pages make others free",		16, 3,    128,  1 },
	{ "dense",				8,  8,    4096, 0 },
};

/* clang-format on */

TABLE_TEST(below, below_rows)
{
	ck_assert_uint_eq(levels_below_root(row->last), row->levels);
}

TABLE_TEST(windows, window_rows)
{
	struct span touched = levels_touched(row->r, row->level);
	struct span covered = levels_covered(row->r, row->level);

	ck_assert_uint_eq(touched.first, row->touched.first);
	ck_assert_uint_eq(touched.last, row->touched.last);
	ck_assert_int_eq(span_empty(covered), span_empty(row->covered));
	if (span_empty(covered))
		return;
	ck_assert_uint_eq(covered.first, row->covered.first);
	ck_assert_uint_eq(covered.last, row->covered.last);
}

TABLE_TEST(widen, widen_rows)
{
	struct span r = levels_widen(row->r, row->gap, row->levels);

	ck_assert_uint_eq(r.first, row->want.first);
	ck_assert_uint_eq(r.last, row->want.last);
	/* nothing more is to be had from there */
	r = levels_widen(r, row->gap, row->levels);
	ck_assert_uint_eq(r.first, row->want.first);
	ck_assert_uint_eq(r.last, row->want.last);
}

TABLE_TEST(in_use, use_rows)
{
	ck_assert_uint_eq(levels_in_use(row->nr_maps, row->pages, row->levels),
			  row->in_use);
}

static void expect_span(struct span got, struct span want)
{
	ck_assert_int_eq(span_empty(got), span_empty(want));
	if (span_empty(got))
		return;
	ck_assert_uint_eq(got.first, want.first);
	ck_assert_uint_eq(got.last, want.last);
}

TABLE_TEST(flat, flat_rows)
{
	struct span part[2];

	levels_needed(&row->flat, row->level, part);
	expect_span(part[0], row->before);
	expect_span(part[1], row->behind);
}

TABLE_TEST(to_charge, charge_rows)
{
	ck_assert_uint_eq(levels_to_charge(row->noted, row->missing,
					   row->pinned),
			  row->charge);
}

static u64 windows_in(struct span w)
{
	return span_empty(w) ? 0 : w.last - w.first + 1;
}

/* Tables of all levels that @pages pages from page @first on need */
static u64 tables_of(u64 first, u64 pages, unsigned int levels)
{
	struct span r = { first << 12, ((first + pages) << 12) - 1 };
	u64 n = 0;

	for (; levels; levels--)
		n += windows_in(levels_touched(r, levels));
	return n;
}

/* Wherever a mapping is, it is in no more tables than are said to be in use */
UNIT_TEST(use_is_never_too_little, "use is never too little")
{
	static const u64 sizes[] = { 1,	  2,	3,    511,  512,
				     513, 1024, 1025, 1026, 300000 };
	static const u64 places[] = { 0,      1,	 510,	   511,
				      262143, 134217727, 134217000 };
	unsigned int i, j, levels;

	for (levels = 1; levels <= LEVELS_MAX; levels++)
		for (i = 0; i < ARRAY_SIZE(sizes); i++)
			for (j = 0; j < ARRAY_SIZE(places); j++)
				ck_assert_uint_le(
					tables_of(places[j], sizes[i], levels),
					levels_in_use(1, sizes[i], levels));
}

/* Tables are freed before there are too many of them, whatever is mapped */
UNIT_TEST(kept_is_below_the_limit, "kept is below the limit")
{
	unsigned int bit, levels;
	u64 pages;

	for (levels = 1; levels <= LEVELS_MAX; levels++)
		for (bit = 0; bit < 45; bit++) {
			pages = 1ULL << bit;
			ck_assert_uint_lt(levels_kept(pages) + LEVELS_KEPT,
					  levels_limit(1, pages, levels));
			ck_assert_uint_lt(levels_kept(pages) + LEVELS_KEPT,
					  levels_limit(pages, pages, levels));
		}
	ck_assert_uint_eq(levels_kept(0), LEVELS_KEPT);
	ck_assert_uint_eq(levels_kept(640), LEVELS_KEPT + 10);
	ck_assert_uint_eq(levels_kept(1ULL << 24),
			  LEVELS_KEPT + LEVELS_STALE / 2 + (1 << 15));
	ck_assert_uint_eq(levels_limit(0, 0, 3), LEVELS_STALE);
}

SUITE(levels)
{
	ADD_TABLE(tc, below, below_rows);
	ADD_TABLE(tc, windows, window_rows);
	ADD_TABLE(tc, widen, widen_rows);
	ADD_TABLE(tc, in_use, use_rows);
	ADD_TABLE(tc, flat, flat_rows);
	ADD_TABLE(tc, to_charge, charge_rows);
	tcase_add_test(tc, use_is_never_too_little);
	tcase_add_test(tc, kept_is_below_the_limit);
}
