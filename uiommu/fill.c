// SPDX-License-Identifier: GPL-2.0
/*
 * From user memory to page tables: pins the buffer of a mapping in batches
 * and maps its frames in all hardware domains. Invariant: the first
 * uiommu_mapping.filled bytes are in every hardware domain, the rest in none.
 */
#include <linux/gfp.h>
#include <linux/sched/signal.h>

#include "domain.h"

#define SMALL_PAGES 16
#define SMALL_SG 8
#define LARGE_PAGES (PAGE_SIZE / sizeof(struct page *))
#define LARGE_SG (PAGE_SIZE / sizeof(struct scatterlist))

/**
 * struct filler - work room while a mapping is filled
 * @map: the mapping
 * @pages: room for a batch of pinned pages
 * @max_pages: how many fit
 * @sg: the last runs of the mapping, on their way into page tables
 * @max_sg: how many fit
 * @nr_sg: how many they are
 * @size: their bytes
 */
struct filler {
	struct uiommu_mapping *map;
	struct page **pages;
	unsigned int max_pages;
	struct scatterlist *sg;
	unsigned int max_sg;
	unsigned int nr_sg;
	u64 size;
};

static int prot_of(struct uiommu_mapping *map)
{
	int prot = map->mmio ? IOMMU_MMIO : 0;

	return prot | IOMMU_READ | (map->writable ? IOMMU_WRITE : 0);
}

/* Runs from @cursor into @sg; returns how many, with their bytes in @size. */
static unsigned int take_runs(struct frame_cursor *cursor,
			      struct scatterlist *sg, unsigned int max,
			      u64 *size)
{
	unsigned int n;

	*size = 0;
	for (n = 0; n < max; n++) {
		u64 npages, pfn = frame_run(cursor, &npages);

		if (!npages)
			break;
		sg_set_page(&sg[n], pfn_to_page(pfn), npages << PAGE_SHIFT, 0);
		*size += npages << PAGE_SHIFT;
	}
	return n;
}

/* Map runs of @size bytes at @offset, or leave nothing that is reached. */
static int map_runs(struct uiommu_hw *hw, struct uiommu_mapping *map,
		    u64 offset, struct scatterlist *sg, unsigned int n,
		    u64 size)
{
	u64 iova = map->iova + offset;
	struct span r = { iova, iova + size - 1 };
	int ret;

	ret = hw_map(hw, r, sg, n, prot_of(map));
	if (unlikely(ret) && !hw_scrub(hw, r))
		group_cut_off(map->domain, r);
	return ret;
}

/* Undo what @map has in [@from, @to) of one hardware domain, exactly. */
static void unmap_bytes(struct uiommu_hw *hw, struct uiommu_mapping *map,
			u64 from, u64 to)
{
	struct span r = { map->iova + from, map->iova + to - 1 };

	if (from < to)
		unmap_undo(map->domain, hw, r);
}

/* Account for the page tables that filling @r may take. */
static int take_tables(struct uiommu_mapping *map, struct span r)
{
	struct uiommu_domain *domain = map->domain;
	u64 missing;
	int ret;

	if (!domain->nr_hw || tables_are_noted(domain, r))
		return 0;
	missing = tables_missing(domain, r);
	if (!missing)
		return 0;
	ret = charge_tables(map, missing, 0);
	return ret ?: tables_note(domain, r);
}

/* Map runs of @size bytes behind what is filled, or leave nothing there. */
static int map_runs_everywhere(struct uiommu_mapping *map,
			       struct scatterlist *sg, unsigned int n, u64 size)
{
	struct uiommu_domain *domain = map->domain;
	u64 iova = map->iova + map->filled;
	unsigned int i;
	int ret;

	ret = take_tables(map, (struct span){ iova, iova + size - 1 });
	if (ret)
		return ret;
	for (i = 0; i < domain->nr_hw; i++) {
		ret = map_runs(domain->hw[i], map, map->filled, sg, n, size);
		if (ret)
			goto undo;
	}
	map->filled += size;
	return 0;
undo:
	while (i--)
		unmap_bytes(domain->hw[i], map, map->filled,
			    map->filled + size);
	return ret;
}

/* Put all waiting runs into the page tables. */
static int flush(struct filler *f)
{
	int ret = 0;

	if (f->nr_sg)
		ret = map_runs_everywhere(f->map, f->sg, f->nr_sg, f->size);
	f->nr_sg = 0;
	f->size = 0;
	return ret;
}

/* A run that is in page tables already does not grow any more. */
static bool extend_run(struct filler *f, u64 pfn, u64 npages)
{
	u64 size = npages << PAGE_SHIFT;

	if (!f->nr_sg || !chunk_extend(f->map->last_run, pfn, npages))
		return false;
	f->sg[f->nr_sg - 1].length += size;
	f->size += size;
	return true;
}

static int append_run(struct filler *f, struct page *page, u64 npages)
{
	struct uiommu_mapping *map = f->map;
	u64 size = npages << PAGE_SHIFT;
	int ret = 0;

	if (f->nr_sg == f->max_sg)
		ret = flush(f);
	if (!ret && map->last_run->nr == map->last_run->cap)
		ret = frames_grow(map);
	if (ret)
		return ret;
	chunk_add(map->last_run, page_to_pfn(page), npages);
	sg_set_page(&f->sg[f->nr_sg++], page, size, 0);
	f->size += size;
	return 0;
}

/* Unpin pages that have not become frames of the mapping. */
static void unpin_again(struct uiommu_mapping *map, struct page **pages,
			unsigned int npages)
{
	unpin_user_pages(pages, npages);
	atomic64_sub(npages, &map->domain->pinned);
	atomic64_sub(npages, &map->owner->pinned);
}

/* How many pages from the first on are contiguous? */
static unsigned int run_length(struct page **pages, struct page **end)
{
	struct page *page = *pages;
	struct page **next = pages;

	do {
		page = nth_page(page, 1);
		next++;
	} while (next < end && *next == page);
	return next - pages;
}

/* Append pinned pages as runs. Those after a failure are unpinned here. */
static int append_pages(struct filler *f, unsigned int npages)
{
	struct page **pages = f->pages;
	struct page **end = pages + npages;
	unsigned int n = run_length(pages, end);
	int ret = 0;

	/* only the first can follow what the last batch ended with */
	if (extend_run(f, page_to_pfn(*pages), n))
		pages += n;
	for (; pages < end; pages += n) {
		n = run_length(pages, end);
		ret = append_run(f, *pages, n);
		if (ret)
			break;
	}
	if (ret)
		unpin_again(f->map, pages, end - pages);
	return ret;
}

/* Pin up to @want pages into @pages; returns how many, at least one. */
static int pin_pages(struct uiommu_mapping *map, unsigned long addr, int want,
		     unsigned int gup_flags, struct page **pages)
{
	int got;

	if (READ_ONCE(map->doomed))
		return -EFAULT;
	if (fatal_signal_pending(current))
		return -EINTR;
	got = pin_user_pages_fast(addr, want, gup_flags, pages);
	if (got <= 0)
		return got ? got : -EFAULT;
	atomic64_add(got, &map->domain->pinned);
	atomic64_add(got, &map->owner->pinned);
	return got;
}

static int pin_batch(struct filler *f, unsigned long addr, unsigned long end,
		     unsigned int gup_flags)
{
	int want =
		min_t(unsigned long, f->max_pages, (end - addr) >> PAGE_SHIFT);
	int got = pin_pages(f->map, addr, want, gup_flags, f->pages);

	return got < 0 ? got : append_pages(f, got) ?: got;
}

static int fill_segments(struct filler *f, const struct segment *first)
{
	struct uiommu_mapping *map = f->map;
	unsigned long addr = map->vaddr;
	unsigned long end = addr + map->size;
	struct segment segment = *first;
	int got;

	for (;;) {
		got = pin_batch(f, addr, segment.end, segment.gup_flags);
		if (got < 0)
			return got;
		addr += (unsigned long)got << PAGE_SHIFT;
		if (addr == end)
			return flush(f);
		cond_resched();
		if (addr != segment.end)
			continue;
		got = pin_segment(map, addr, &segment);
		if (got)
			return got;
	}
}

/* A single page needs none of the others' bookkeeping. */
static int fill_pinned_page(struct uiommu_mapping *map, struct page *page)
{
	struct scatterlist sg = {};

	/* cannot fail: the first run has its place in the mapping itself */
	frames_add(map, page_to_pfn(page), 1);
	sg_set_page(&sg, page, PAGE_SIZE, 0);
	return map_runs_everywhere(map, &sg, 1, PAGE_SIZE);
}

static int fill_page(struct uiommu_mapping *map, const struct segment *first)
{
	struct page *page;
	int got = pin_pages(map, map->vaddr, 1, first->gup_flags, &page);

	return got < 0 ? got : fill_pinned_page(map, page);
}

/**
 * fill_own_page() - pin and map a page that is the process's own
 * @map: the mapping: one page, writable, of current->mm, its notifier live
 *
 * An anonymous page, once pinned for writing, is nobody else's, whatever the
 * VMA says: most maps of one page need no look at that.
 *
 * Return: 0; -EAGAIN with nothing done if the kind of memory must be found out
 * first; or an error of fill_map(), of which the caller undoes as much.
 */
int fill_own_page(struct uiommu_mapping *map)
{
	struct page *page;
	int ret;

	ret = charge_map(map, 1);
	if (ret)
		return ret;
	ret = pin_pages(map, map->vaddr, 1, FOLL_WRITE | FOLL_LONGTERM, &page);
	if (ret > 0 && PageAnon(page)) {
		charge_show(map);
		return fill_pinned_page(map, page);
	}
	if (ret > 0)
		unpin_again(map, &page, 1);
	uncharge_map(map);
	return ret == -EINTR ? ret : -EAGAIN;
}

static int fill_small(struct uiommu_mapping *map, const struct segment *first)
{
	struct page *pages[SMALL_PAGES];
	struct scatterlist sg[SMALL_SG];
	struct filler f = {
		.map = map,
		.pages = pages,
		.max_pages = SMALL_PAGES,
		.sg = sg,
		.max_sg = SMALL_SG,
	};

	sg_init_table(sg, SMALL_SG);
	return fill_segments(&f, first);
}

static int fill_large(struct uiommu_mapping *map, const struct segment *first)
{
	struct page **pages = (void *)__get_free_page(GFP_KERNEL_ACCOUNT);
	struct scatterlist *sg = (void *)__get_free_page(GFP_KERNEL_ACCOUNT);
	struct filler f = {
		.map = map,
		.pages = pages,
		.max_pages = LARGE_PAGES,
		.sg = sg,
		.max_sg = LARGE_SG,
	};
	int ret = -ENOMEM;

	if (pages && sg) {
		sg_init_table(sg, LARGE_SG);
		ret = fill_segments(&f, first);
	}
	free_page((unsigned long)sg);
	free_page((unsigned long)pages);
	return ret;
}

/**
 * fill_map() - pin a mapping's buffer and map it everywhere
 * @map: the mapping, of current->mm, its notifier live
 * @first: what pin_segment() says of its start
 *
 * The caller holds &uiommu_domain.freeze for read, so that there are no other
 * hardware domains afterwards than now. After an error &uiommu_mapping.filled
 * bytes are to be unmapped and its frames to be unpinned by the caller.
 *
 * Return: 0 or what pin_segment(), pinning and iommu_map() may return; -EINTR
 * after a fatal signal; -EFAULT when the memory went meanwhile.
 */
int fill_map(struct uiommu_mapping *map, const struct segment *first)
{
	lockdep_assert_held(&map->domain->freeze);
	if (map->size == PAGE_SIZE)
		return fill_page(map, first);
	if (map->size <= SMALL_PAGES * PAGE_SIZE)
		return fill_small(map, first);
	return fill_large(map, first);
}

/**
 * fill_hw() - map an already pinned mapping in one more hardware domain
 * @hw: the hardware domain
 * @map: the mapping; its frames do not change meanwhile
 *
 * Return: 0, or an error with nothing left behind that is reached.
 */
int fill_hw(struct uiommu_hw *hw, struct uiommu_mapping *map)
{
	struct frame_cursor cursor = { .chunk = &map->runs };
	struct scatterlist sg[SMALL_SG];
	u64 done = 0, size;
	unsigned int n;
	int ret;

	sg_init_table(sg, SMALL_SG);
	for (;;) {
		n = take_runs(&cursor, sg, SMALL_SG, &size);
		if (!n)
			return 0;
		ret = map_runs(hw, map, done, sg, n, size);
		if (ret)
			break;
		done += size;
		cond_resched();
	}
	unmap_bytes(hw, map, 0, done);
	return ret;
}
