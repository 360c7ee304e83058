/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Levels of page tables below the root. Pure rules: the unit tests compile
 * this file as well.
 *
 * A table of level 1 holds 512 pages, one of level n 512 tables of level n - 1.
 * So a table stands for a window of addresses, aligned to its size. All IOMMUs
 * of x86 are built like this; others are treated as if they were.
 */
#ifndef _UIOMMU_LEVELS_H
#define _UIOMMU_LEVELS_H

#include "span.h"

/* below a root that spans 66 bits, of which 64 can be used */
#define LEVELS_MAX 5

/* Tables that may stay for the next mapping though nothing is in them. */
#define LEVELS_KEPT 512

/*
 * Tables that may be left behind with no mapping in them, where the IOMMU does
 * not free them or a neighbour that has gone since was in the way.
 */
#define LEVELS_STALE 4096

/* A dense mapping needs a leaf for 512 pages; so much sparser is no matter. */
#define LEVELS_PAGES_PER_TABLE 64

/*
 * Page tables that are not charged: this many, and one for
 * LEVELS_PAGES_PER_TABLE pages pinned. A user who spreads pages far apart pays
 * for the tables as for pages.
 */
#define LEVELS_FREE 16

/**
 * struct flat - contiguous memory that is put into page tables in one go
 * @r: where
 * @phys: where that memory begins
 * @page_sizes: bit mask of the page sizes that are used for it
 */
struct flat {
	struct span r;
	u64 phys;
	u64 page_sizes;
};

unsigned int levels_below_root(u64 last);
struct span levels_touched(struct span r, unsigned int level);
struct span levels_covered(struct span r, unsigned int level);
struct span levels_spared(const struct flat *flat, unsigned int level);
void levels_needed(const struct flat *flat, unsigned int level,
		   struct span part[2]);
struct span levels_widen(struct span r, struct span gap, unsigned int levels);
u64 levels_in_use(u64 nr_maps, u64 pages, unsigned int levels);
u64 levels_kept(u64 pages);
u64 levels_limit(u64 nr_maps, u64 pages, unsigned int levels);
u64 levels_to_charge(u64 noted, u64 missing, u64 pinned);

/* The size of a window of @level is 1 shifted by this. */
static inline unsigned int level_shift(unsigned int level)
{
	return 12 + 9 * level;
}

#endif /* _UIOMMU_LEVELS_H */
