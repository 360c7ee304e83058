// SPDX-License-Identifier: GPL-2.0
/*
 * The search for a free place. Small address spaces are compared with a model
 * that tries one address after the other.
 */
#include "unit.h"

#include "../../uiommu/place.h"

#define PG 4096ULL
#define TOP_PAGE (~0ULL - PG + 1)
#define R(a, b) ((struct span){ .first = (a), .last = (b) })
#define MAX_PLACES 8192

static struct place places[MAX_PLACES];

static struct place *root_of(struct rb_node *node)
{
	return container_of(node, struct place, node);
}

/* A balanced tree of places[first] to places[end - 1] */
static struct rb_node *grow(unsigned int first, unsigned int end)
{
	unsigned int mid = first + (end - first) / 2;
	struct place *place = &places[mid];

	if (first == end)
		return NULL;
	place->node.rb_left = grow(first, mid);
	place->node.rb_right = grow(mid + 1, end);
	place->widest = place->gap;
	if (place->node.rb_left)
		place->widest = max(place->widest,
				    root_of(place->node.rb_left)->widest);
	if (place->node.rb_right)
		place->widest = max(place->widest,
				    root_of(place->node.rb_right)->widest);
	return &place->node;
}

/* A tree of the first @n spans of places[], which ascend */
static struct place_tree plant(unsigned int n)
{
	struct place_tree tree = {};
	unsigned int i;

	for (i = 0; i < n; i++)
		places[i].gap =
			i ? places[i].span.first - places[i - 1].span.last - 1 :
			    0;
	if (n)
		tree = (struct place_tree){ root_of(grow(0, n)), &places[0],
					    &places[n - 1] };
	return tree;
}

static const struct {
	const char *name;
	struct span taken[3], allowed[2];
	u64 size, align, offset;
	struct span within, except;
	int ret;
	u64 iova;
} find_rows[] = {
	{ "nothing taken", .allowed = { { 0, ~0ULL } }, .size = PG,
	  .within = { 0x10000, ~0ULL }, .iova = 0x10000 },
	{ "below the first", .taken = { { 0x11000, 0x11fff } },
	  .allowed = { { 0, ~0ULL } }, .size = PG, .within = { 0x10000, ~0ULL },
	  .iova = 0x10000 },
	{ "between two, exactly",
	  .taken = { { 0x10000, 0x10fff }, { 0x13000, 0x13fff } },
	  .allowed = { { 0, ~0ULL } }, .size = 2 * PG,
	  .within = { 0x10000, ~0ULL }, .iova = 0x11000 },
	{ "between two, a page too large",
	  .taken = { { 0x10000, 0x10fff }, { 0x13000, 0x13fff } },
	  .allowed = { { 0, ~0ULL } }, .size = 3 * PG,
	  .within = { 0x10000, ~0ULL }, .iova = 0x14000 },
	{ "the upper limit ends a gap",
	  .taken = { { 0x10000, 0x10fff }, { 0x14000, 0x14fff } },
	  .allowed = { { 0, ~0ULL } }, .size = 2 * PG,
	  .within = { 0x10000, 0x12fff }, .iova = 0x11000 },
	{ "the upper limit a byte too low",
	  .taken = { { 0x10000, 0x10fff }, { 0x14000, 0x14fff } },
	  .allowed = { { 0, ~0ULL } }, .size = 2 * PG,
	  .within = { 0x10000, 0x12ffe }, .ret = -ENOSPC },
	{ "the lower limit within a gap",
	  .taken = { { 0x10000, 0x10fff }, { 0x20000, 0x20fff } },
	  .allowed = { { 0, ~0ULL } }, .size = PG, .within = { 0x18000, ~0ULL },
	  .iova = 0x18000 },
	{ "the lower limit within a place",
	  .taken = { { 0x10000, 0x1ffff }, { 0x21000, 0x21fff } },
	  .allowed = { { 0, ~0ULL } }, .size = PG, .within = { 0x18000, ~0ULL },
	  .iova = 0x20000 },
	{ "the lower limit unaligned", .allowed = { { 0, ~0ULL } }, .size = PG,
	  .within = { 0x10001, ~0ULL }, .iova = 0x11000 },
	{ "an alignment beyond the gap",
	  .taken = { { 0x10000, 0x10fff }, { 0x1f000, 0x1ffff } },
	  .allowed = { { 0, ~0ULL } }, .size = PG, .align = 0x10000,
	  .within = { 0x1000, ~0ULL }, .iova = 0x20000 },
	{ "an alignment at the end of a gap",
	  .taken = { { 0x10000, 0x10fff }, { 0x21000, 0x21fff } },
	  .allowed = { { 0, ~0ULL } }, .size = PG, .align = 0x10000,
	  .within = { 0x10000, ~0ULL }, .iova = 0x20000 },
	{ "an offset", .allowed = { { 0, ~0ULL } }, .size = 0x200000,
	  .align = 0x200000, .offset = 0x3000, .within = { 0x10000, ~0ULL },
	  .iova = 0x203000 },
	{ "a reserved window",
	  .allowed = { { 0, 0xfedfffff }, { 0xfef00000, ~0ULL } }, .size = PG,
	  .within = { 0xfedff001, ~0ULL }, .iova = 0xfef00000 },
	{ "before a reserved window",
	  .allowed = { { 0, 0xfedfffff }, { 0xfef00000, ~0ULL } }, .size = PG,
	  .within = { 0xfedff000, ~0ULL }, .iova = 0xfedff000 },
	{ "before what is excepted", .allowed = { { 0, ~0ULL } }, .size = PG,
	  .within = { 0xfedff000, ~0ULL }, .except = { 0xfee00000, 0xfeefffff },
	  .iova = 0xfedff000 },
	{ "behind what is excepted", .allowed = { { 0, ~0ULL } },
	  .size = 2 * PG, .within = { 0xfedff000, ~0ULL },
	  .except = { 0xfee00000, 0xfeefffff }, .iova = 0xfef00000 },
	{ "all is excepted", .allowed = { { 0xfee00000, 0xfeefffff } },
	  .size = PG, .within = { 0, ~0ULL },
	  .except = { 0xfee00000, 0xfeefffff }, .ret = -ENOSPC },
	{ "nothing is excepted", .allowed = { { 0, ~0ULL } }, .size = PG,
	  .within = { TOP_PAGE, ~0ULL }, .except = { ~0ULL, 0 },
	  .iova = TOP_PAGE },
	{ "nothing is allowed", .allowed = { { 1, 0 } }, .size = PG,
	  .within = { 0, ~0ULL }, .ret = -ENOSPC },
	{ "the last page", .taken = { { 0, TOP_PAGE - 1 } },
	  .allowed = { { 0, ~0ULL } }, .size = PG, .within = { 0x10000, ~0ULL },
	  .iova = TOP_PAGE },
	{ "the last page is taken",
	  .taken = { { 0, TOP_PAGE - 1 }, { TOP_PAGE, ~0ULL } },
	  .allowed = { { 0, ~0ULL } }, .size = PG, .within = { 0, ~0ULL },
	  .ret = -ENOSPC },
	{ "below the last page", .taken = { { 0, 0xfff }, { TOP_PAGE, ~0ULL } },
	  .allowed = { { 0, ~0ULL } }, .size = TOP_PAGE - PG,
	  .within = { 0, ~0ULL }, .iova = PG },
	{ "no alignment beyond the top", .allowed = { { 0, ~0ULL } },
	  .size = PG, .align = 1ULL << 63,
	  .within = { (1ULL << 63) + PG, ~0ULL }, .ret = -ENOSPC },
	{ "everything but a page", .allowed = { { 0, ~0ULL } },
	  .size = TOP_PAGE, .align = 1ULL << 63, .within = { 0, ~0ULL },
	  .iova = 0 },
};

TABLE_TEST(find, find_rows)
{
	struct span ranges[2];
	struct span_set allowed = { .ranges = ranges, .cap = 2 };
	struct place_wish wish = {
		.size = row->size,
		.align = row->align ?: PG,
		.offset = row->offset,
		.within = row->within,
		.except = row->except.last ? row->except : SPAN_NONE,
	};
	struct place_tree tree;
	unsigned int n = 0;
	u64 iova = 7;

	for (; n < 3 && row->taken[n].last; n++)
		places[n].span = row->taken[n];
	for (; allowed.nr < 2 && row->allowed[allowed.nr].last; allowed.nr++)
		ranges[allowed.nr] = row->allowed[allowed.nr];
	tree = plant(n);
	ck_assert_int_eq(place_find(&tree, &allowed, &wish, &iova), row->ret);
	if (!row->ret)
		ck_assert_uint_eq(iova, row->iova);
}

/* The model: a bit for each of the addresses from @base on. */
#define UNIVERSE 64

static u32 seed;

static u32 pick(u32 below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

static u64 bits_of(u64 base, struct span r)
{
	u64 bits = 0, a;

	for (a = 0; a < UNIVERSE; a++)
		if (base + a >= r.first && base + a <= r.last)
			bits |= 1ULL << a;
	return bits;
}

static struct span pick_range(u64 base)
{
	u64 first = pick(UNIVERSE);

	return R(base + first, base + first + pick(UNIVERSE - first));
}

static bool model_find(u64 base, u64 bits, const struct place_wish *wish,
		       u64 *iova)
{
	u64 a, want;

	for (a = 0; a + wish->size <= UNIVERSE; a++) {
		want = bits_of(base, R(base + a, base + a + wish->size - 1));
		*iova = base + a;
		if ((*iova & (wish->align - 1)) == wish->offset &&
		    (bits & want) == want)
			return true;
	}
	return false;
}

/* Takes places from the bottom up, some with a gap and some without */
static unsigned int pick_places(u64 base, u64 *bits)
{
	unsigned int n = 0;
	u64 at = pick(8);

	while (at < UNIVERSE && n < 20) {
		u64 last = min(at + pick(4), UNIVERSE - 1ULL);

		places[n].span = R(base + at, base + last);
		*bits &= ~bits_of(base, places[n++].span);
		at = last + 1 + pick(5);
	}
	return pick(8) ? n : n / 2;
}

static void compare_once(u64 base)
{
	struct span ranges[8];
	struct span_set allowed = { .ranges = ranges, .cap = 8 };
	struct place_wish wish = { .size = 1 + pick(6), .align = 1 << pick(4) };
	u64 bits = ~0ULL, got = 0, want = 0;
	struct place_tree tree;
	unsigned int n, i;
	struct span gone;
	bool there;

	n = pick_places(base, &bits);
	bits = ~0ULL;
	for (i = 0; i < n; i++)
		bits &= ~bits_of(base, places[i].span);
	tree = plant(n);
	span_set_fill(&allowed, R(base, base + UNIVERSE - 1));
	for (i = pick(3); i; i--) {
		gone = pick_range(base);
		span_set_remove(&allowed, gone);
		bits &= ~bits_of(base, gone);
	}
	wish.offset = pick(wish.align);
	wish.within = pick_range(base);
	wish.except = pick(2) ? pick_range(base) : SPAN_NONE;
	bits &= bits_of(base, wish.within) & ~bits_of(base, wish.except);

	there = model_find(base, bits, &wish, &want);
	ck_assert_int_eq(place_find(&tree, &allowed, &wish, &got),
			 there ? 0 : -ENOSPC);
	if (there)
		ck_assert_uint_eq(got, want);
}

static const struct {
	const char *name;
	u64 base;
} model_rows[] = {
	{ "places against model, at the bottom", 0 },
	{ "places against model, in the middle", 1ULL << 32 },
	{ "places against model, across the middle", (1ULL << 63) - 32 },
	{ "places against model, at the top", 0ULL - UNIVERSE },
};

TABLE_TEST(model, model_rows)
{
	int round;

	seed = row->base >> 32 ^ row->base;
	for (round = 0; round < 50000; round++)
		compare_once(row->base);
}

static const struct {
	const char *name;
	u64 last;
	int calls;
	int ret;
	u64 iova;
} comb_rows[] = {
	{ "no gap fits, behind them all one does", ~0ULL, 1, 0,
	  4 * PG *MAX_PLACES },
	{ "no gap fits, and there is none behind them", 4 * PG *MAX_PLACES + PG,
	  32, -ENOSPC, 0 },
};

/* Two pages taken and two free, in turns; the search is to begin behind 0 */
static void set_comb(void)
{
	unsigned int i;
	u64 at = 0;

	for (i = 0; i < MAX_PLACES; i++, at += 4 * PG)
		places[i].span = R(at, at + 2 * PG - 1);
}

/* Calls until the search is over; how often it was not is added to @calls */
static int find_at_last(const struct place_tree *tree, struct place_wish *wish,
			u64 *iova, int *calls)
{
	struct span range = SPAN_ALL;
	struct span_set allowed = { .ranges = &range, .nr = 1, .cap = 1 };
	int ret;

	do {
		ret = place_find(tree, &allowed, wish, iova);
		++*calls;
	} while (ret == -EAGAIN);
	return ret;
}

/*
 * Every gap is as large as what is wanted, and not one where it is wanted:
 * that is found out some at a time, unless there is room elsewhere.
 */
TABLE_TEST(comb, comb_rows)
{
	struct place_wish wish = {
		.size = 2 * PG,
		.align = 4 * PG,
		.within = R(PG, row->last),
		.except = SPAN_NONE,
	};
	struct place_tree tree;
	int calls = 0;
	u64 iova = 0;

	set_comb();
	tree = plant(MAX_PLACES);
	ck_assert_int_eq(find_at_last(&tree, &wish, &iova, &calls), row->ret);
	ck_assert_int_eq(calls, row->calls);
	if (!row->ret)
		ck_assert_uint_eq(iova, row->iova);
}

/* Behind more gaps that do not fit than one call tries, one that just does */
UNIT_TEST(exact, "the only gap with the alignment is found among many")
{
	const unsigned int which = 3 * PLACE_STEPS + 5;
	struct place_wish wish = {
		.size = 2 * PG,
		.align = 4 * PG,
		.within = R(PG, 4 * PG * MAX_PLACES - 1),
		.except = SPAN_NONE,
	};
	struct place_tree tree;
	int calls = 0;
	u64 iova = 0;

	set_comb();
	/* it takes the two pages before: four are free, and large enough */
	places[which].span.first -= 2 * PG;
	places[which].span.last -= 2 * PG;
	tree = plant(MAX_PLACES);
	ck_assert_int_eq(find_at_last(&tree, &wish, &iova, &calls), 0);
	ck_assert_int_eq(calls, 4);
	ck_assert_uint_eq(iova, which * 4 * PG);
}

SUITE(place)
{
	ADD_TABLE(tc, find, find_rows);
	ADD_TABLE(tc, model, model_rows);
	ADD_TABLE(tc, comb, comb_rows);
	tcase_add_test(tc, exact);
}
