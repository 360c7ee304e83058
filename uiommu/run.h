/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Runs: physically contiguous pages, packed in 8 bytes each. Pure rules: the
 * unit tests compile this file as well.
 */
#ifndef _UIOMMU_RUN_H
#define _UIOMMU_RUN_H

#include "../include/compat/pure.h"

/*
 * Number of pages - 1 in the low bits, frame number above. A run is at most
 * 1 GiB of 4 KiB pages, so that its bytes fit the length of a scatterlist
 * entry, and 46 bits of frame number are more than any machine has.
 */
#define RUN_NPAGES_BITS 18
#define RUN_MAX_NPAGES BIT_ULL(RUN_NPAGES_BITS)

static inline u64 run_pack(u64 pfn, u64 npages)
{
	return pfn << RUN_NPAGES_BITS | (npages - 1);
}

static inline u64 run_pfn(u64 run)
{
	return run >> RUN_NPAGES_BITS;
}

static inline u64 run_npages(u64 run)
{
	return (run & (RUN_MAX_NPAGES - 1)) + 1;
}

/**
 * run_extend() - append pages to a run if they follow it
 * @run: the run, changed in place
 * @pfn: frame number of the first page
 * @npages: how many pages
 *
 * Return: false when they do not follow it or the run would be too long.
 */
static inline bool run_extend(u64 *run, u64 pfn, u64 npages)
{
	if (run_pfn(*run) + run_npages(*run) != pfn ||
	    run_npages(*run) + npages > RUN_MAX_NPAGES)
		return false;
	*run += npages;
	return true;
}

#endif /* _UIOMMU_RUN_H */
