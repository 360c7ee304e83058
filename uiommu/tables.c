// SPDX-License-Identifier: GPL-2.0
/*
 * How many page tables of the IOMMU a domain takes. Owns the record of windows
 * (what one table spans, at each level below the root) in which a mapping has
 * ever been and whose tables were not freed since. Invariant: the window of
 * each table is in the record, and with it those of the tables above; so what a
 * user can make grow is counted.
 *
 * Intel VT-d frees a table, and those below, when all it spans is unmapped in
 * one call. AMD-Vi frees none before the domain goes. Virtual IOMMUs have none
 * here, but are treated alike: what the host keeps for them is not known.
 */
#include <linux/bitops.h>
#include <linux/xarray.h>

#include "domain.h"

/* windows in one entry of the record; an xarray value has 63 bits */
#define ENTRY_WINDOWS 32

static struct xarray *record(struct uiommu_domain *domain, unsigned int level)
{
	return &domain->tables[level - 1];
}

static u32 bits_of(void *entry)
{
	return entry ? xa_to_value(entry) : 0;
}

static void *entry_of(u32 bits)
{
	return bits ? xa_mk_value(bits) : NULL;
}

/* The part of windows @w that is in entry @index. */
static u32 mask_of(u64 index, struct span w)
{
	u64 base = index * ENTRY_WINDOWS;
	u32 from = w.first > base ? w.first - base : 0;
	u32 to = min(w.last - base, (u64)ENTRY_WINDOWS - 1);

	return GENMASK(to, from);
}

/* Set or clear bits of one entry; returns how many changed, or an error. */
static int change(struct xarray *xa, u64 index, u32 set, u32 clear)
{
	void *old, *seen = xa_load(xa, index);
	u32 bits;

	do {
		old = seen;
		bits = (bits_of(old) | set) & ~clear;
		if (bits == bits_of(old))
			return 0;
		/* clearing replaces what is there and allocates nothing */
		seen = xa_cmpxchg(xa, index, old, entry_of(bits),
				  set ? GFP_KERNEL_ACCOUNT : GFP_NOWAIT);
		if (xa_is_err(seen))
			return xa_err(seen);
	} while (seen != old);
	return hweight32(bits ^ bits_of(old));
}

/* Windows of a level that are not noted; @fresh: some entry is empty. */
static u64 missing_at(struct uiommu_domain *domain, struct span r,
		      unsigned int level, bool *fresh)
{
	struct span w = levels_touched(r, level);
	u64 index, missing = 0;

	for (index = w.first / ENTRY_WINDOWS; index <= w.last / ENTRY_WINDOWS;
	     index++) {
		u32 bits = bits_of(xa_load(record(domain, level), index));

		missing += hweight32(mask_of(index, w) & ~bits);
		*fresh |= !bits;
	}
	return missing;
}

static int note_at(struct uiommu_domain *domain, struct span r,
		   unsigned int level)
{
	struct span w = levels_touched(r, level);
	u64 index;
	int n;

	for (index = w.first / ENTRY_WINDOWS; index <= w.last / ENTRY_WINDOWS;
	     index++) {
		n = change(record(domain, level), index, mask_of(index, w), 0);
		if (n < 0)
			return n;
		atomic64_add(n, &domain->nr_tables);
	}
	return 0;
}

/* Are the tables above the leaves those of the window noted last? */
static bool above_is_noted(struct uiommu_domain *domain, struct span r)
{
	struct span w = levels_touched(r, 2);

	return w.first == w.last &&
	       READ_ONCE(domain->noted_above) == w.last + 1;
}

/**
 * tables_missing() - tables that a range may need and that are in no record
 * @domain: the domain
 * @r: the range; of a mapping that is in the tree
 *
 * Return: how many page tables mapping there may take.
 */
u64 tables_missing(struct uiommu_domain *domain, struct span r)
{
	bool fresh = false;
	u64 missing = missing_at(domain, r, 1, &fresh);
	unsigned int level;

	/* where a leaf is noted, in an entry, what is above of it is as well */
	if (!fresh || above_is_noted(domain, r))
		return missing;
	for (level = 2; level <= domain->levels; level++)
		missing += missing_at(domain, r, level, &fresh);
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
	unsigned int level = above_is_noted(domain, r) ? 1 : domain->levels;
	int ret;

	for (; level; level--) {
		ret = note_at(domain, r, level);
		if (ret)
			return ret;
	}
	WRITE_ONCE(domain->noted_above, levels_touched(r, 2).last + 1);
	WRITE_ONCE(domain->noted, levels_touched(r, 1).last + 1);
	return 0;
}

/**
 * tables_missing_flat() - the same as tables_missing(), of contiguous memory
 * @domain: the domain
 * @flat: the memory; of a mapping that is in the tree
 *
 * Return: how many page tables mapping it there takes.
 */
u64 tables_missing_flat(struct uiommu_domain *domain, const struct flat *flat)
{
	struct span part[2];
	bool fresh = false;
	u64 missing = 0;
	unsigned int level, i;

	for (level = 1; level <= domain->levels; level++) {
		levels_needed(flat, level, part);
		for (i = 0; i < ARRAY_SIZE(part); i++)
			if (!span_empty(part[i]))
				missing += missing_at(domain, part[i], level,
						      &fresh);
	}
	return missing;
}

/**
 * tables_note_flat() - the same as tables_note(), of contiguous memory
 * @domain: the domain
 * @flat: the memory; of a mapping that is in the tree
 *
 * Return: 0, or -ENOMEM with a part of it noted.
 */
int tables_note_flat(struct uiommu_domain *domain, const struct flat *flat)
{
	struct span part[2];
	unsigned int level, i;
	int ret = 0;

	for (level = domain->levels; level; level--) {
		levels_needed(flat, level, part);
		for (i = 0; i < ARRAY_SIZE(part) && !ret; i++)
			if (!span_empty(part[i]))
				ret = note_at(domain, part[i], level);
	}
	return ret;
}

/* The window noted last, if it is one of @w, is so no more. */
static void forget_last(u64 *noted, struct span w)
{
	u64 last = READ_ONCE(*noted);

	if (last > w.first && last <= w.last + 1)
		WRITE_ONCE(*noted, 0);
}

static void forget_entry(struct uiommu_domain *domain, struct span w,
			 unsigned int level, u64 index)
{
	int n = change(record(domain, level), index, 0, mask_of(index, w));

	atomic64_sub(max(n, 0), &domain->nr_tables);
}

static void forget_windows(struct uiommu_domain *domain, struct span w,
			   unsigned int level)
{
	u64 first = w.first / ENTRY_WINDOWS;
	u64 last = w.last / ENTRY_WINDOWS;
	unsigned long index;
	void *entry;

	if (first == last) {
		forget_entry(domain, w, level, first);
		return;
	}
	/* of a sparse record only what is there: it may span 256 TiB */
	xa_for_each_range(record(domain, level), index, entry, first, last)
		forget_entry(domain, w, level, index);
}

/**
 * tables_forget() - note that the tables of a range are free
 * @domain: the domain
 * @r: what was unmapped in one call; nobody else is in its windows
 */
void tables_forget(struct uiommu_domain *domain, struct span r)
{
	unsigned int level;

	for (level = 1; level <= domain->levels; level++) {
		struct span w = levels_covered(r, level);

		if (span_empty(w))
			return;
		if (level == 1)
			forget_last(&domain->noted, w);
		if (level == 2)
			forget_last(&domain->noted_above, w);
		forget_windows(domain, w, level);
	}
}

/**
 * tables_forget_all() - note that the domain has no tables
 * @domain: the domain, with no table of a hardware domain left
 */
void tables_forget_all(struct uiommu_domain *domain)
{
	unsigned int i;

	WRITE_ONCE(domain->noted, 0);
	WRITE_ONCE(domain->noted_above, 0);
	for (i = 0; i < LEVELS_MAX; i++)
		xa_destroy(&domain->tables[i]);
	atomic64_set(&domain->nr_tables, 0);
}

/*
 * A window that is forgotten while the record of a domain without devices is
 * emptied may be taken off twice.
 */
static u64 tables_noted(struct uiommu_domain *domain)
{
	return max(atomic64_read(&domain->nr_tables), 0LL);
}

/* Pages in mappings that are, or are just being put, into page tables. */
static u64 pages_mapped(struct uiommu_domain *domain)
{
	return atomic64_read(&domain->pinned) + READ_ONCE(domain->mmio_pages);
}

/**
 * tables_to_charge() - tables that a mapping has to pay for
 * @domain: the domain
 * @missing: tables that it may take
 *
 * Return: how many. Memory of devices does not make others free of charge: none
 * is pinned.
 */
u64 tables_to_charge(struct uiommu_domain *domain, u64 missing)
{
	return levels_to_charge(tables_noted(domain), missing,
				atomic64_read(&domain->pinned));
}

/**
 * tables_are_worth_freeing() - are more tables kept than may be of use?
 * @domain: the domain
 *
 * Return: true if so.
 */
bool tables_are_worth_freeing(struct uiommu_domain *domain)
{
	u64 nr = tables_noted(domain);

	return nr > LEVELS_KEPT && nr > levels_kept(pages_mapped(domain));
}

/**
 * tables_are_too_many() - are too many tables left behind by what is gone?
 * @domain: the domain
 * @missing: tables that a mapping may take
 * @npages: pages of it that are not counted as mapped yet
 *
 * What counts as mapped is what is pinned, or has been found to be memory of a
 * device: not what somebody only asks for.
 *
 * Return: true if so: it may not take them.
 */
bool tables_are_too_many(struct uiommu_domain *domain, u64 missing, u64 npages)
{
	return tables_noted(domain) + missing >
	       levels_limit(READ_ONCE(domain->nr_maps),
			    pages_mapped(domain) + npages, domain->levels);
}
