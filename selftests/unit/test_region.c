// SPDX-License-Identifier: GPL-2.0
/*
 * Offsets of regions, ranges in them, windows beside an MSI-X table, widths of
 * accesses. Invariant of the tests: each limit has a row on both of its sides.
 */
#include "../../vfio/region.h"
#include "unit.h"

#define MAX U64_MAX
#define PAGE 4096ULL
#define GIB (1ULL << 30)

static const struct {
	const char *name;
	u64 file_offset;
	int ret;
	struct region_pos pos;
} decode_rows[] = {
	{ "first byte", 0, 0, { 0, false, 0 } },
	{ "end of BAR 0 as in 2010", 0xffffffff, 0, { 0, false, 0xffffffff } },
	{ "BAR 1", 1ULL << 32, 0, { 1, false, 0 } },
	{ "ROM", 6ULL << 32 | 8, 0, { 6, false, 8 } },
	{ "configuration", 15ULL << 32 | 0x40, 0, { 15, false, 0x40 } },
	{ "write combining", 1ULL << 36 | 2ULL << 32, 0, { 2, true, 0 } },
	{ "last narrow", (1ULL << 37) - 1, 0, { 15, true, 0xffffffff } },
	{ "beyond narrow", 1ULL << 37, -EINVAL, { 0 } },
	{ "below wide", (1ULL << 62) - 1, -EINVAL, { 0 } },
	{ "wide", 1ULL << 62 | 2ULL << 56 | 5 * GIB, 0, { 2, false, 5 * GIB } },
	{ "wide, combining", 5ULL << 60, 0, { 0, true, 0 } },
	{ "wide, unused bit", 1ULL << 62 | 1ULL << 61, -EINVAL, { 0 } },
	{ "last wide",
	  (1ULL << 62) + (1ULL << 61) - 1,
	  0,
	  { 15, true, (1ULL << 56) - 1 } },
	{ "negative", 1ULL << 63, -EINVAL, { 0 } },
	{ "all ones", MAX, -EINVAL, { 0 } },
};

TABLE_TEST(decode, decode_rows)
{
	struct region_pos pos;

	ck_assert_int_eq(region_decode(row->file_offset, &pos), row->ret);
	if (row->ret)
		return;
	ck_assert_uint_eq(pos.region, row->pos.region);
	ck_assert_int_eq(pos.wc, row->pos.wc);
	ck_assert_uint_eq(pos.offset, row->pos.offset);
}

static const struct {
	const char *name;
	u32 region;
	bool wc;
	u64 size;
	u64 offset;
} encode_rows[] = {
	{ "small", 2, false, PAGE, 2ULL << 32 },
	{ "small, combining", 2, true, PAGE, 1ULL << 36 | 2ULL << 32 },
	{ "largest of 2010", 1, false, 0xffffffff, 1ULL << 32 },
	{ "4 GiB", 1, false, 4 * GIB, 1ULL << 62 | 1ULL << 56 },
	{ "4 GiB, combining", 1, true, 4 * GIB, 5ULL << 60 | 1ULL << 56 },
	{ "none", 15, false, 0, 15ULL << 32 },
};

TABLE_TEST(encode, encode_rows)
{
	struct region_pos pos;
	u64 offset = region_encode(row->region, row->wc, row->size);

	ck_assert_uint_eq(offset, row->offset);
	ck_assert_int_eq(region_decode(offset, &pos), 0);
	ck_assert_uint_eq(pos.region, row->region);
	ck_assert_int_eq(pos.wc, row->wc);
	ck_assert_uint_eq(pos.offset, 0);
}

static const struct {
	const char *name;
	u64 size, offset, count;
	bool within;
	u64 clamped;
} range_rows[] = {
	{ "all", 16, 0, 16, true, 16 },
	{ "one too many", 16, 0, 17, false, 16 },
	{ "last byte", 16, 15, 1, true, 1 },
	{ "past the end by one", 16, 15, 2, false, 1 },
	{ "at the end", 16, 16, 1, false, 0 },
	{ "beyond", 16, 17, 1, false, 0 },
	{ "nothing", 16, 0, 0, false, 0 },
	{ "wrapping", 16, 8, MAX, false, 8 },
	{ "far and wrapping", 16, MAX, 2, false, 0 },
	{ "no region", 0, 0, 1, false, 0 },
	{ "more than 4 GiB", 8 * GIB, GIB, 5 * GIB, true, 5 * GIB },
	{ "huge region", MAX, MAX - 1, 1, true, 1 },
};

TABLE_TEST(range, range_rows)
{
	ck_assert_int_eq(region_contains(row->size, row->offset, row->count),
			 row->within);
	ck_assert_uint_eq(region_clamp(row->size, row->offset, row->count),
			  row->clamped);
}

static const struct {
	const char *name;
	struct region_range range;
	u64 offset, count;
	bool overlap;
} overlap_rows[] = {
	{ "same", { 8, 8 }, 8, 8, true },
	{ "ends before", { 8, 8 }, 0, 8, false },
	{ "ends in it", { 8, 8 }, 0, 9, true },
	{ "last byte", { 8, 8 }, 15, 1, true },
	{ "after", { 8, 8 }, 16, 8, false },
	{ "around", { 8, 8 }, 0, 100, true },
	{ "within", { 8, 8 }, 10, 1, true },
	{ "nothing", { 8, 8 }, 10, 0, false },
	{ "no range", { 8, 0 }, 0, 100, false },
};

TABLE_TEST(overlap, overlap_rows)
{
	ck_assert_int_eq(region_overlaps(&row->range, row->offset, row->count),
			 row->overlap);
}

static const struct {
	const char *name;
	u64 size;
	struct region_range holes[2];
	unsigned int n;
	struct region_range windows[REGION_MAX_WINDOWS];
} window_rows[] = {
	{ "no hole", 4 * PAGE, { { 0 } }, 1, { { 0, 4 * PAGE } } },
	{ "no region", 0, { { 0 } }, 0, { { 0 } } },
	{ "table first", 4 * PAGE, { { 0, 16 } }, 1, { { PAGE, 3 * PAGE } } },
	{ "last", 4 * PAGE, { { 3 * PAGE, 16 } }, 1, { { 0, 3 * PAGE } } },
	{ "table inside",
	  4 * PAGE,
	  { { PAGE + 16, 16 } },
	  2,
	  { { 0, PAGE }, { 2 * PAGE, 2 * PAGE } } },
	{ "table and bits apart",
	  8 * PAGE,
	  { { PAGE, 16 }, { 4 * PAGE, 8 } },
	  3,
	  { { 0, PAGE }, { 2 * PAGE, 2 * PAGE }, { 5 * PAGE, 3 * PAGE } } },
	{ "bits before table",
	  8 * PAGE,
	  { { 4 * PAGE, 16 }, { PAGE, 8 } },
	  3,
	  { { 0, PAGE }, { 2 * PAGE, 2 * PAGE }, { 5 * PAGE, 3 * PAGE } } },
	{ "both in one page",
	  4 * PAGE,
	  { { PAGE, 16 }, { PAGE + 2048, 8 } },
	  2,
	  { { 0, PAGE }, { 2 * PAGE, 2 * PAGE } } },
	{ "bits within the table",
	  8 * PAGE,
	  { { PAGE, 4 * PAGE }, { 2 * PAGE, 8 } },
	  2,
	  { { 0, PAGE }, { 5 * PAGE, 3 * PAGE } } },
	{ "adjacent",
	  4 * PAGE,
	  { { PAGE, PAGE }, { 2 * PAGE, 8 } },
	  2,
	  { { 0, PAGE }, { 3 * PAGE, PAGE } } },
	{ "crosses a page",
	  4 * PAGE,
	  { { 2 * PAGE - 8, 16 } },
	  2,
	  { { 0, PAGE }, { 3 * PAGE, PAGE } } },
	{ "all of it", PAGE, { { 0, 16 }, { 2048, 8 } }, 0, { { 0 } } },
	{ "lies beyond the end", PAGE, { { PAGE, 16 } }, 1, { { 0, PAGE } } },
	{ "runs past the end",
	  2 * PAGE,
	  { { PAGE, 32 * PAGE } },
	  1,
	  { { 0, PAGE } } },
	{ "runs past all ends",
	  2 * PAGE,
	  { { PAGE + 1, MAX } },
	  1,
	  { { 0, PAGE } } },
};

TABLE_TEST(windows, window_rows)
{
	struct region_range windows[REGION_MAX_WINDOWS];
	unsigned int i, n;

	n = region_windows(row->size, row->holes, REGION_PEER, PAGE, windows);
	ck_assert_uint_eq(n, row->n);
	for (i = 0; i < n; i++) {
		ck_assert_uint_eq(windows[i].offset, row->windows[i].offset);
		ck_assert_uint_eq(windows[i].size, row->windows[i].size);
	}
}

/* A process is kept from the table alone */
static const struct {
	const char *name;
	struct region_range holes[2];
	unsigned int n;
	struct region_range windows[REGION_MAX_WINDOWS];
} process_rows[] = {
	{ "process, as e1000e",
	  { { 0, 80 }, { 0x2000, 8 } },
	  1,
	  { { PAGE, 3 * PAGE } } },
	{ "process, bits before the table",
	  { { 2 * PAGE, 80 }, { 0, 8 } },
	  2,
	  { { 0, 2 * PAGE }, { 3 * PAGE, PAGE } } },
	{ "process, bits in the table's page",
	  { { PAGE, 16 }, { PAGE + 64, 8 } },
	  2,
	  { { 0, PAGE }, { 2 * PAGE, 2 * PAGE } } },
	{ "process, bits alone",
	  { { 0, 0 }, { PAGE, 8 } },
	  1,
	  { { 0, 4 * PAGE } } },
};

TABLE_TEST(for_process, process_rows)
{
	struct region_range windows[REGION_MAX_WINDOWS];
	const struct region_range *bits = &row->holes[1];
	struct region_range page = { bits->offset & ~(PAGE - 1), PAGE };
	unsigned int i, n;

	n = region_windows(4 * PAGE, row->holes, REGION_PROCESS, PAGE, windows);
	ck_assert_uint_eq(n, row->n);
	for (i = 0; i < n; i++) {
		ck_assert_uint_eq(windows[i].offset, row->windows[i].offset);
		ck_assert_uint_eq(windows[i].size, row->windows[i].size);
		ck_assert(region_may_map(4 * PAGE, row->holes, REGION_PROCESS,
					 PAGE, &row->windows[i]));
	}
	ck_assert(!region_may_map(4 * PAGE, row->holes, REGION_PEER, PAGE,
				  &page));
}

static const struct {
	const char *name;
	struct region_range want;
	bool may;
} may_map_rows[] = {
	{ "first window", { 0, PAGE }, true },
	{ "into the table", { 0, 2 * PAGE }, false },
	{ "the table", { PAGE, PAGE }, false },
	{ "second window", { 2 * PAGE, 2 * PAGE }, true },
	{ "its end", { 3 * PAGE, PAGE }, true },
	{ "past the end", { 3 * PAGE, 2 * PAGE }, false },
	{ "at the end", { 4 * PAGE, PAGE }, false },
	{ "all", { 0, 4 * PAGE }, false },
	{ "wrapping", { 2 * PAGE, MAX - PAGE + 1 }, false },
	{ "nothing", { 0, 0 }, false },
};

TABLE_TEST(may_map, may_map_rows)
{
	const struct region_range holes[2] = { { PAGE, 128 }, { 0 } };

	ck_assert_int_eq(region_may_map(4 * PAGE, holes, REGION_PEER, PAGE,
					&row->want),
			 row->may);
}

static const struct {
	const char *name;
	u64 offset, count;
	unsigned int widest, width;
} width_rows[] = {
	{ "eight", 0, 8, 8, 8 },
	{ "eight of many", 8, 100, 8, 8 },
	{ "eight on a port", 0, 8, 4, 4 },
	{ "seven", 0, 7, 8, 4 },
	{ "three", 0, 3, 8, 2 },
	{ "one", 0, 1, 8, 1 },
	{ "odd", 1, 8, 8, 1 },
	{ "two off", 2, 8, 8, 2 },
	{ "four off", 4, 8, 8, 4 },
	{ "six off", 6, 8, 8, 2 },
	{ "beyond 4 GiB", 4 * GIB + 4, 8, 8, 4 },
};

TABLE_TEST(width, width_rows)
{
	ck_assert_uint_eq(region_access_width(row->offset, row->count,
					      row->widest),
			  row->width);
}

static const struct {
	const char *name;
	u64 holes;
} model_rows[] = {
	{ "pages against model, no second hole", 0 },
	{ "pages against model, two holes", 1 },
};

/* The model: a page may be mapped if no byte of it is in a hole. */
#define MODEL_PAGES 5
#define STEP 1024

static bool page_free(const struct region_range holes[2], u64 page)
{
	u64 byte;
	int i;

	for (byte = page * PAGE; byte < (page + 1) * PAGE; byte += STEP)
		for (i = 0; i < 2; i++)
			if (byte >= holes[i].offset &&
			    byte < holes[i].offset + holes[i].size)
				return false;
	return true;
}

static void compare_maps(const struct region_range holes[2])
{
	struct region_range want;
	u64 first, last, page;

	for (first = 0; first < MODEL_PAGES + 1; first++)
		for (last = first; last < MODEL_PAGES + 1; last++) {
			bool ok = last < MODEL_PAGES;

			for (page = first; page <= last; page++)
				ok = ok && page_free(holes, page);
			want.offset = first * PAGE;
			want.size = (last - first + 1) * PAGE;
			ck_assert_int_eq(region_may_map(MODEL_PAGES * PAGE,
							holes, REGION_PEER,
							PAGE, &want),
					 ok);
		}
}

/* Every hole of whole steps, the second one at three places */
TABLE_TEST(map_model, model_rows)
{
	struct region_range holes[2] = { { 0 } };
	u64 at, size, second;

	for (at = 0; at < MODEL_PAGES * PAGE; at += STEP)
		for (size = 0; at + size <= MODEL_PAGES * PAGE; size += STEP)
			for (second = 0; second < 3; second++) {
				holes[0].offset = at;
				holes[0].size = size;
				holes[1].offset = second * 2 * PAGE;
				holes[1].size = row->holes * STEP;
				compare_maps(holes);
			}
}

SUITE(region)
{
	ADD_TABLE(tc, map_model, model_rows);
	ADD_TABLE(tc, decode, decode_rows);
	ADD_TABLE(tc, encode, encode_rows);
	ADD_TABLE(tc, range, range_rows);
	ADD_TABLE(tc, overlap, overlap_rows);
	ADD_TABLE(tc, windows, window_rows);
	ADD_TABLE(tc, for_process, process_rows);
	ADD_TABLE(tc, may_map, may_map_rows);
	ADD_TABLE(tc, width, width_rows);
}
