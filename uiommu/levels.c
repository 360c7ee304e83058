// SPDX-License-Identifier: GPL-2.0
/*
 * Arithmetic of page tables in levels. Owns nothing. Invariant: a table that
 * holds an entry of a mapping is in a window that the mapping touches; one
 * whose window is covered holds nothing else.
 */
#include "levels.h"

/* what the root table of units of 39 bits spans */
#define WINDOW_39_BITS BIT_ULL(39)
#define FIRST_GIB BIT_ULL(30)

/**
 * levels_below_root() - levels of tables below the root
 * @last: last address that the tables can map
 *
 * Return: how many; at least one.
 */
unsigned int levels_below_root(u64 last)
{
	unsigned int levels = 1;

	while (levels < LEVELS_MAX && last >> level_shift(levels + 1))
		levels++;
	return levels;
}

/**
 * levels_touched() - tables of one level that a range may need
 * @r: the range
 * @level: the level
 *
 * Return: numbers of the first and last window.
 */
struct span levels_touched(struct span r, unsigned int level)
{
	unsigned int shift = level_shift(level);

	return (struct span){ r.first >> shift, r.last >> shift };
}

/* Numbers of the aligned blocks of @size bytes that are wholly within @r. */
static struct span blocks_within(struct span r, u64 size)
{
	u64 below = size - 1;
	u64 first = r.first / size;
	u64 last = r.last / size;

	if (r.first & below)
		first++;
	if ((r.last & below) != below) {
		if (!last)
			return SPAN_NONE;
		last--;
	}
	return first > last ? SPAN_NONE : (struct span){ first, last };
}

/**
 * levels_covered() - tables of one level that hold nothing beside a range
 * @r: the range
 * @level: the level
 *
 * Return: numbers of the first and last window; empty if there is none.
 */
struct span levels_covered(struct span r, unsigned int level)
{
	return blocks_within(r, 1ULL << level_shift(level));
}

/**
 * levels_spared() - where contiguous memory needs no table of a level
 * @flat: the memory
 * @level: the level
 *
 * An entry of a page that is as large as a window, or larger, is in a table
 * above. Such a page is aligned both in the range and in memory.
 *
 * Return: the addresses, whole windows; empty if there are none.
 */
struct span levels_spared(const struct flat *flat, unsigned int level)
{
	u64 sizes = flat->page_sizes & -(1ULL << level_shift(level));
	u64 size = sizes & -sizes;
	struct span blocks;

	if (!size || ((flat->r.first ^ flat->phys) & (size - 1)))
		return SPAN_NONE;
	blocks = blocks_within(flat->r, size);
	if (span_empty(blocks))
		return SPAN_NONE;
	return (struct span){ blocks.first * size,
			      blocks.last * size + (size - 1) };
}

/**
 * levels_needed() - where contiguous memory needs tables of a level
 * @flat: the memory
 * @level: the level
 * @part: where to store two ranges, that share no window; either may be empty
 */
void levels_needed(const struct flat *flat, unsigned int level,
		   struct span part[2])
{
	struct span spared = levels_spared(flat, level);

	part[0] = flat->r;
	part[1] = SPAN_NONE;
	if (span_empty(spared))
		return;
	part[0] = SPAN_NONE;
	if (spared.first > flat->r.first)
		part[0] = (struct span){ flat->r.first, spared.first - 1 };
	if (spared.last < flat->r.last)
		part[1] = (struct span){ spared.last + 1, flat->r.last };
}

/*
 * To unmap in one call all that a unit can address frees even the root table,
 * on VT-d, while devices are attached to it. How much that is may change with
 * an attach, and a replay may go on before the limits of the domain follow: so
 * a window that can be all of it is taken without its first GiB, or not at all.
 */
static struct span spare_root(struct span wide, struct span r)
{
	if (wide.first || wide.last < WINDOW_39_BITS - 1)
		return wide;
	if (r.first < FIRST_GIB)
		return r;
	return (struct span){ FIRST_GIB, wide.last };
}

/**
 * levels_widen() - grow a range to whole tables in which nothing else is
 * @r: the range
 * @gap: addresses around it that nobody else uses; contains @r
 * @levels: levels of tables below the root
 *
 * Return: the range, grown at each end to as high a level as there is room for.
 */
struct span levels_widen(struct span r, struct span gap, unsigned int levels)
{
	for (; levels; levels--) {
		struct span wide = r;

		span_widen(&wide, gap, 1ULL << level_shift(levels));
		r = spare_root(wide, r);
	}
	return r;
}

/**
 * levels_in_use() - tables that mappings can be in, at most
 * @nr_maps: mappings
 * @pages: pages in them
 * @levels: levels of tables below the root
 *
 * Each page is in one table of each level. And each mapping is, at each level,
 * in as many as its size takes and two more, one at each end.
 *
 * Return: their number.
 */
u64 levels_in_use(u64 nr_maps, u64 pages, unsigned int levels)
{
	u64 each = pages * levels;
	u64 by_size = 2 * nr_maps * levels;

	while (levels--) {
		pages >>= 9;
		by_size += pages;
	}
	return min(each, by_size);
}

/**
 * levels_kept() - tables that are not worth freeing
 * @pages: pages mapped
 *
 * Always fewer than levels_limit(), or none would be freed before that is
 * reached.
 *
 * Return: their number.
 */
u64 levels_kept(u64 pages)
{
	return LEVELS_KEPT + min(pages / LEVELS_PAGES_PER_TABLE,
				 LEVELS_STALE / 2 + pages / 512);
}

/**
 * levels_limit() - tables from which on no mapping may take a new one
 * @nr_maps: mappings
 * @pages: pages in them
 * @levels: levels of tables below the root
 *
 * Return: their number: those in use, and some left behind by what is gone.
 */
u64 levels_limit(u64 nr_maps, u64 pages, unsigned int levels)
{
	return levels_in_use(nr_maps, pages, levels) + LEVELS_STALE;
}

/**
 * levels_to_charge() - tables that a mapping has to pay for
 * @noted: tables that there are
 * @missing: tables that it may take
 * @pinned: pages pinned
 *
 * Return: their number: what it takes beyond those that are free of charge.
 */
u64 levels_to_charge(u64 noted, u64 missing, u64 pinned)
{
	u64 all = noted + missing;
	u64 free = LEVELS_FREE + pinned / LEVELS_PAGES_PER_TABLE;

	return all > free ? min(missing, all - free) : 0;
}
