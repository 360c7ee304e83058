// SPDX-License-Identifier: GPL-2.0
/*
 * How many page tables of the IOMMU a domain takes. Owns the record of leaf
 * windows (what one leaf table spans) in which a mapping has ever been and
 * that were not unmapped as a whole since. Invariant: a window with a leaf
 * table is in the record; so what a user can make grow is counted.
 *
 * Intel VT-d frees a table when all it spans is unmapped in one call. AMD-Vi
 * frees none before the domain goes. Virtual IOMMUs have none here, but are
 * treated alike: what the host keeps for them is not known.
 */
#include <linux/bitops.h>
#include <linux/xarray.h>

#include "domain.h"

/* windows in one entry of the record; an xarray value has 63 bits */
#define ENTRY_WINDOWS 32

static u32 bits_of(void *entry)
{
	return entry ? xa_to_value(entry) : 0;
}

static void *entry_of(u32 bits)
{
	return bits ? xa_mk_value(bits) : NULL;
}

/* The part of windows @first to @last that is in entry @index. */
static u32 mask_of(u64 index, u64 first, u64 last)
{
	u64 base = index * ENTRY_WINDOWS;
	u32 from = first > base ? first - base : 0;
	u32 to = min(last - base, (u64)ENTRY_WINDOWS - 1);

	return GENMASK(to, from);
}

/* Set or clear bits of one entry; returns how many changed, or an error. */
static int change(struct uiommu_domain *domain, u64 index, u32 set, u32 clear)
{
	void *old, *seen = xa_load(&domain->tables, index);
	u32 bits;

	do {
		old = seen;
		bits = (bits_of(old) | set) & ~clear;
		if (bits == bits_of(old))
			return 0;
		/* clearing replaces what is there and allocates nothing */
		seen = xa_cmpxchg(&domain->tables, index, old, entry_of(bits),
				  set ? GFP_KERNEL_ACCOUNT : GFP_NOWAIT);
		if (xa_is_err(seen))
			return xa_err(seen);
	} while (seen != old);
	return hweight32(bits ^ bits_of(old));
}

/**
 * tables_missing() - leaf windows of a range that are not in the record
 * @domain: the domain
 * @r: the range; of a mapping that is in the tree
 *
 * Return: how many page tables mapping there may take.
 */
u64 tables_missing(struct uiommu_domain *domain, struct span r)
{
	u64 first = r.first / UIOMMU_LEAF_WINDOW;
	u64 last = r.last / UIOMMU_LEAF_WINDOW;
	u64 index, missing = 0;

	for (index = first / ENTRY_WINDOWS; index <= last / ENTRY_WINDOWS;
	     index++) {
		u32 bits = bits_of(xa_load(&domain->tables, index));

		missing += hweight32(mask_of(index, first, last) & ~bits);
	}
	return missing;
}

/**
 * tables_note() - note that a range is about to take page tables
 * @domain: the domain
 * @r: the range; of a mapping that is in the tree
 *
 * Return: 0, or -ENOMEM with a part of it noted.
 */
int tables_note(struct uiommu_domain *domain, struct span r)
{
	u64 first = r.first / UIOMMU_LEAF_WINDOW;
	u64 last = r.last / UIOMMU_LEAF_WINDOW;
	u64 index;
	int n = 0;

	for (index = first / ENTRY_WINDOWS; index <= last / ENTRY_WINDOWS;
	     index++) {
		n = change(domain, index, mask_of(index, first, last), 0);
		if (n < 0)
			return n;
		atomic64_add(n, &domain->nr_tables);
	}
	WRITE_ONCE(domain->noted, last + 1);
	return 0;
}

/**
 * tables_forget() - note that the tables of a range are free
 * @domain: the domain
 * @r: what was unmapped in one call; nobody else is in its windows
 */
void tables_forget(struct uiommu_domain *domain, struct span r)
{
	u64 first = DIV64_U64_ROUND_UP(r.first, UIOMMU_LEAF_WINDOW);
	u64 end = (r.last - UIOMMU_LEAF_WINDOW + 1) / UIOMMU_LEAF_WINDOW + 1;
	u64 index, noted;

	if (r.last - r.first < UIOMMU_LEAF_WINDOW - 1 || first >= end)
		return;
	noted = READ_ONCE(domain->noted);
	if (noted > first && noted <= end)
		WRITE_ONCE(domain->noted, 0);
	for (index = first / ENTRY_WINDOWS; index <= (end - 1) / ENTRY_WINDOWS;
	     index++) {
		int n = change(domain, index, 0,
			       mask_of(index, first, end - 1));

		atomic64_sub(max(n, 0), &domain->nr_tables);
	}
}

/**
 * tables_forget_all() - note that the domain has no tables
 * @domain: the domain, frozen, with no hardware domain
 */
void tables_forget_all(struct uiommu_domain *domain)
{
	xa_destroy(&domain->tables);
	domain->noted = 0;
	atomic64_set(&domain->nr_tables, 0);
}

/**
 * tables_are_many() - would a domain take more tables than it may?
 * @domain: the domain
 * @free: how many it may, besides those in proportion to what is pinned
 *
 * Return: true if so. Memory of devices does not count: none is pinned.
 */
bool tables_are_many(struct uiommu_domain *domain, u64 free)
{
	u64 pinned = atomic64_read(&domain->pinned);

	return atomic64_read(&domain->nr_tables) >
	       free + pinned / UIOMMU_PAGES_PER_TABLE;
}

/**
 * tables_are_too_many() - are too many tables left behind by what is gone?
 * @domain: the domain
 *
 * A mapping is in no more windows than its size and its two ends take.
 *
 * Return: true if so: no mapping may take a new one.
 */
bool tables_are_too_many(struct uiommu_domain *domain)
{
	u64 used = 2 * READ_ONCE(domain->nr_maps) +
		   READ_ONCE(domain->mapped) / UIOMMU_LEAF_WINDOW;

	return atomic64_read(&domain->nr_tables) >
	       used + UIOMMU_MAX_STALE_TABLES;
}
