/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Regions of a device in the file's offsets, and what may be done where: pure
 * rules, compiled into the module and into the unit tests.
 */
#ifndef _VFIO_REGION_H
#define _VFIO_REGION_H

#include "../include/compat/pure.h"

#define REGION_NR_BARS 6
#define REGION_ROM 6
#define REGION_CONFIG 15

/* Pieces that stay when the MSI-X table and its pending bits are cut out */
#define REGION_MAX_WINDOWS 3

/**
 * struct region_pos - a file offset, taken apart
 * @region: resource number, 0-15
 * @wc: with write combining (mmap only)
 * @offset: offset in the region
 */
struct region_pos {
	u32 region;
	bool wc;
	u64 offset;
};

/**
 * struct region_range - a piece of a region
 * @offset: offset of its first byte
 * @size: bytes; 0 for none
 */
struct region_range {
	u64 offset;
	u64 size;
};

/**
 * enum region_use - what a piece of a region is mapped for
 * @REGION_PROCESS: for a process, the MSI-X table left out. Programs of 2010
 *	map all that is beside the table, and pending bits are the device's to
 *	write: a process that writes them confuses itself alone.
 * @REGION_PEER: for DMA of other devices, the pending bits left out too
 *
 * The value is the last of the holes that is left out.
 */
enum region_use {
	REGION_PROCESS,
	REGION_PEER,
};

int region_decode(u64 file_offset, struct region_pos *pos);
u64 region_encode(u32 region, bool wc, u64 region_size);

bool region_contains(u64 size, u64 offset, u64 count);
u64 region_clamp(u64 size, u64 offset, u64 count);
bool region_overlaps(const struct region_range *range, u64 offset, u64 count);

unsigned int region_windows(u64 size, const struct region_range holes[2],
			    enum region_use use, u64 page_size,
			    struct region_range *windows);
bool region_may_map(u64 size, const struct region_range holes[2],
		    enum region_use use, u64 page_size,
		    const struct region_range *want);

unsigned int region_access_width(u64 offset, u64 count, unsigned int widest);

#endif /* _VFIO_REGION_H */
