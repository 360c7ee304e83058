// SPDX-License-Identifier: GPL-2.0
/*
 * Regions of a device in the file's offsets, and what may be done where.
 *
 * Pure rules; their invariant: no answer depends on a sum that can wrap.
 *
 * Two encodings of an offset. That of 2010 has the resource number in bits
 * 32-35 and the offset below, and gained bit 36 for write combining. A
 * resource of 4 GiB or more does not fit it; for such bit 62 is set, the
 * resource number is in bits 56-59 and write combining is bit 60. A 32-bit
 * program can pass no more than 44 bits to mmap: for it there is the first.
 */
#include "region.h"

#define NARROW_SHIFT 32
#define NARROW_WC BIT_ULL(36)
#define NARROW_LIMIT BIT_ULL(37)
#define WIDE_SHIFT 56
#define WIDE_WC BIT_ULL(60)
#define WIDE BIT_ULL(62)
#define WIDE_LIMIT (BIT_ULL(62) | (BIT_ULL(61) - 1))

/**
 * region_decode - take a file offset apart
 * @file_offset: the offset
 * @pos: where to store its parts
 *
 * Return: 0, or -EINVAL if no region is at such an offset.
 */
int region_decode(u64 file_offset, struct region_pos *pos)
{
	if (file_offset < NARROW_LIMIT) {
		pos->region = (file_offset >> NARROW_SHIFT) & 15;
		pos->wc = file_offset & NARROW_WC;
		pos->offset = file_offset & (BIT_ULL(NARROW_SHIFT) - 1);
		return 0;
	}
	if (!(file_offset & WIDE) || file_offset > WIDE_LIMIT)
		return -EINVAL;
	pos->region = (file_offset >> WIDE_SHIFT) & 15;
	pos->wc = file_offset & WIDE_WC;
	pos->offset = file_offset & (BIT_ULL(WIDE_SHIFT) - 1);
	return 0;
}

/**
 * region_encode - the file offset of the first byte of a region
 * @region: resource number, 0-15
 * @wc: for mmap with write combining
 * @region_size: its size in bytes, which decides on the encoding
 *
 * Return: the file offset.
 */
u64 region_encode(u32 region, bool wc, u64 region_size)
{
	if (region_size <= BIT_ULL(NARROW_SHIFT) - 1)
		return (u64)region << NARROW_SHIFT | (wc ? NARROW_WC : 0);
	return WIDE | (u64)region << WIDE_SHIFT | (wc ? WIDE_WC : 0);
}

/**
 * region_contains - is a range, not empty, within a region?
 * @size: size of the region
 * @offset: first byte
 * @count: bytes
 *
 * Return: the answer.
 */
bool region_contains(u64 size, u64 offset, u64 count)
{
	return count && offset < size && count <= size - offset;
}

/**
 * region_clamp - how much of a range is within a region?
 * @size: size of the region
 * @offset: first byte
 * @count: bytes
 *
 * Return: at most @count, 0 for what begins beyond the end.
 */
u64 region_clamp(u64 size, u64 offset, u64 count)
{
	if (offset >= size)
		return 0;
	return min_t(u64, count, size - offset);
}

/**
 * region_overlaps - have two ranges a byte in common?
 * @range: one; does not wrap
 * @offset: first byte of the other
 * @count: its bytes; does not wrap
 *
 * Return: the answer.
 */
bool region_overlaps(const struct region_range *range, u64 offset, u64 count)
{
	if (!range->size || !count)
		return false;
	if (offset < range->offset)
		return range->offset - offset < count;
	return offset - range->offset < range->size;
}

/* Widen to whole pages, cut at the end of a region of @size, whole pages too */
static struct region_range whole_pages(const struct region_range *range,
				       u64 size, u64 page_size)
{
	struct region_range out = { 0, 0 };
	u64 used;

	if (!range->size || range->offset >= size)
		return out;
	out.offset = range->offset & ~(page_size - 1);
	used = min_t(u64, range->size, size - range->offset);
	used += range->offset - out.offset;
	out.size = min_t(u64, (used + page_size - 1) & ~(page_size - 1),
			 size - out.offset);
	return out;
}

/**
 * region_windows - what of a region may be mmapped
 * @size: size of the region, a multiple of @page_size
 * @holes: the MSI-X table and its pending bits
 * @use: what the mapping is for, and so which of @holes are left out
 * @page_size: size of a page
 * @windows: where to store up to REGION_MAX_WINDOWS ranges, ascending
 *
 * Return: how many ranges there are.
 */
unsigned int region_windows(u64 size, const struct region_range holes[2],
			    enum region_use use, u64 page_size,
			    struct region_range *windows)
{
	struct region_range cut[2] = { { 0, 0 }, { 0, 0 } };
	unsigned int i, first, n = 0;
	u64 at = 0;

	for (i = 0; i <= use; i++)
		cut[i] = whole_pages(&holes[i], size, page_size);
	first = cut[1].offset < cut[0].offset;
	for (i = 0; i < 2; i++) {
		const struct region_range *hole = &cut[first ^ i];

		if (!hole->size)
			continue;
		if (hole->offset > at)
			windows[n++] =
				(struct region_range){ at, hole->offset - at };
		at = max_t(u64, at, hole->offset + hole->size);
	}
	if (at < size)
		windows[n++] = (struct region_range){ at, size - at };
	return n;
}

/**
 * region_may_map - may this piece of a region be mmapped?
 * @size: size of the region, a multiple of @page_size
 * @holes: the MSI-X table and its pending bits
 * @use: what the mapping is for
 * @page_size: size of a page
 * @want: the piece, whole pages
 *
 * Return: the answer.
 */
bool region_may_map(u64 size, const struct region_range holes[2],
		    enum region_use use, u64 page_size,
		    const struct region_range *want)
{
	struct region_range windows[REGION_MAX_WINDOWS];
	unsigned int i, n;

	n = region_windows(size, holes, use, page_size, windows);
	for (i = 0; i < n; i++)
		if (want->offset >= windows[i].offset &&
		    region_contains(windows[i].size,
				    want->offset - windows[i].offset,
				    want->size))
			return true;
	return false;
}

/**
 * region_access_width - the next naturally aligned access
 * @offset: where it begins
 * @count: bytes wanted from there, not 0
 * @widest: the widest that is possible there: 4 or 8
 *
 * Return: 1, 2, 4 or 8, at most @count.
 */
unsigned int region_access_width(u64 offset, u64 count, unsigned int widest)
{
	unsigned int width = widest;

	while (width > count || offset & (width - 1))
		width >>= 1;
	return width;
}
