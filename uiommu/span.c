// SPDX-License-Identifier: GPL-2.0
/*
 * Arithmetic of address ranges. Owns nothing; the invariant of a set is that
 * its ranges ascend and neither touch nor overlap.
 */
#include "span.h"

/**
 * span_make() - the range of @size bytes from @start
 * @r: where to store it
 * @start: first address
 * @size: bytes
 * @align: power of two that @start and @size must be multiples of
 *
 * Return: false when @size is zero, something is unaligned or the range wraps.
 */
bool span_make(struct span *r, u64 start, u64 size, u64 align)
{
	u64 last = start + size - 1;

	if (!size || ((start | size) & (align - 1)) || last < start)
		return false;
	*r = (struct span){ .first = start, .last = last };
	return true;
}

/**
 * span_windows() - aligned windows that a range touches
 * @r: the range
 * @window: size of a window in bytes, a power of two
 *
 * Return: their number
 */
u64 span_windows(struct span r, u64 window)
{
	return r.last / window - r.first / window + 1;
}

/**
 * span_widen() - grow a range to whole aligned windows where it is alone
 * @r: the range, grown in place
 * @gap: addresses around it that nobody else uses; contains @r
 * @window: size of a window in bytes, a power of two
 *
 * Each end grows by itself: one that shares its window stays.
 *
 * Return: true if an end has grown.
 */
bool span_widen(struct span *r, struct span gap, u64 window)
{
	u64 first = r->first & ~(window - 1);
	u64 last = r->last | (window - 1);
	struct span old = *r;

	/* within one window both ends are free, or neither may grow */
	if (first == (r->last & ~(window - 1)) &&
	    (first < gap.first || last > gap.last))
		return false;
	if (first >= gap.first)
		r->first = first;
	if (last <= gap.last)
		r->last = last;
	return old.first != r->first || old.last != r->last;
}

/**
 * span_best_align() - alignment that lets a mapping use large pages
 * @size: bytes of the mapping, not zero
 * @page_sizes: bit mask of the page sizes there are, not zero
 *
 * Return: the largest page size that is not larger than @size, or the
 * smallest there is.
 */
u64 span_best_align(u64 size, u64 page_sizes)
{
	u64 best = page_sizes & -page_sizes;
	u64 bit;

	for (bit = best; bit && bit <= size; bit <<= 1)
		if (page_sizes & bit)
			best = bit;
	return best;
}

/**
 * span_set_fill() - make a set of one range
 * @set: the set, room for at least one
 * @all: its only range
 */
void span_set_fill(struct span_set *set, struct span all)
{
	set->ranges[0] = all;
	set->nr = 1;
}

static void delete_at(struct span_set *set, unsigned int i)
{
	for (set->nr--; i < set->nr; i++)
		set->ranges[i] = set->ranges[i + 1];
}

static void insert_at(struct span_set *set, unsigned int i, struct span r)
{
	unsigned int j;

	for (j = set->nr++; j > i; j--)
		set->ranges[j] = set->ranges[j - 1];
	set->ranges[i] = r;
}

/* Cut @r out of the range at @i. Returns how many ranges are left of it. */
static int cut_at(struct span_set *set, unsigned int i, struct span r)
{
	struct span old = set->ranges[i];
	bool left = old.first < r.first;
	bool right = old.last > r.last;

	if (left && right && set->nr == set->cap)
		return -ENOSPC;
	if (!left && !right)
		delete_at(set, i);
	if (left)
		set->ranges[i].last = r.first - 1;
	if (left && right)
		insert_at(set, i + 1, (struct span){ r.last + 1, old.last });
	else if (right)
		set->ranges[i].first = r.last + 1;
	return left + right;
}

/**
 * span_set_remove() - take a range out of a set
 * @set: the set
 * @r: what to take out; need not be in it
 *
 * Return: 0, or -ENOSPC when a range would fall in two and there is no room,
 * with the set as it was.
 */
int span_set_remove(struct span_set *set, struct span r)
{
	unsigned int i = 0;

	while (i < set->nr) {
		int left = 1;

		if (span_overlaps(set->ranges[i], r))
			left = cut_at(set, i, r);
		if (left < 0)
			return left;
		i += left;
	}
	return 0;
}

/**
 * span_set_clip() - keep only what is within a range
 * @set: the set
 * @keep: the range
 */
void span_set_clip(struct span_set *set, struct span keep)
{
	if (keep.first)
		span_set_remove(set, (struct span){ 0, keep.first - 1 });
	if (keep.last != ~0ULL)
		span_set_remove(set, (struct span){ keep.last + 1, ~0ULL });
}

/**
 * span_set_contains() - is a range wholly within one of a set?
 * @set: the set
 * @r: the range
 *
 * Return: true if it is.
 */
bool span_set_contains(const struct span_set *set, struct span r)
{
	unsigned int i;

	for (i = 0; i < set->nr; i++)
		if (span_covers(set->ranges[i], r))
			return true;
	return false;
}
