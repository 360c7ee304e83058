// SPDX-License-Identifier: GPL-2.0
/*
 * Which memory may be pinned, and how, so that the device and the process go
 * on seeing the same pages. Owns nothing.
 *
 * A pin that does not write may be of a page that the process leaves behind
 * at its next write (the zero page, a page of a private file mapping, one
 * shared with a child). So private memory is pinned for writing, even if the
 * device may only read: that makes the page the process's own first.
 */
#include <linux/hugetlb.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/shmem_fs.h>

#include "domain.h"

#define LOOK_BATCH 16

/* Shared memory whose pages have no writeback that a pin would upset. */
static bool shared_is_memory(struct vm_area_struct *vma)
{
	return !vma->vm_file || is_vm_hugetlb_page(vma) ||
	       shmem_mapping(vma->vm_file->f_mapping);
}

static int shared_flags(struct vm_area_struct *vma, bool writable)
{
	if ((vma->vm_flags & VM_SHARED) && !shared_is_memory(vma))
		return -EOPNOTSUPP;
	return writable ? FOLL_WRITE : 0;
}

static int private_flags(struct vm_area_struct *vma)
{
	if (vma->vm_flags & VM_WRITE)
		return FOLL_WRITE;
	if (is_vm_hugetlb_page(vma))
		return -EOPNOTSUPP;
	return FOLL_WRITE | FOLL_FORCE;
}

/* How to pin the memory of @vma, as FOLL_ flags, or why not. */
static int gup_flags_of(struct vm_area_struct *vma, bool writable)
{
	if (vma->vm_flags & (VM_IO | VM_PFNMAP))
		return mmio_refusal(vma);
	if (!(vma->vm_flags & (writable ? VM_WRITE : VM_READ)))
		return -EFAULT;
	if (vma_is_fsdax(vma))
		return -EOPNOTSUPP;
	if (vma->vm_flags & VM_MAYSHARE)
		return shared_flags(vma, writable);
	return private_flags(vma);
}

/* Until where the memory after @vma, which ends before @end, is of its kind. */
static unsigned long same_kind_until(struct uiommu_mapping *map,
				     struct vm_area_struct *vma,
				     unsigned long end, int flags)
{
	while (vma->vm_end < end) {
		unsigned long next = vma->vm_end;

		vma = find_vma(map->mm, next);
		if (!vma || vma->vm_start != next ||
		    gup_flags_of(vma, map->writable) != flags)
			return next;
	}
	return end;
}

static int find_segment(struct uiommu_mapping *map, unsigned long addr,
			struct segment *segment)
{
	struct vm_area_struct *vma = find_vma(map->mm, addr);
	int flags;

	if (!vma || vma->vm_start > addr)
		return -EFAULT;
	segment->mmio = addr == map->vaddr &&
			(vma->vm_flags & (VM_IO | VM_PFNMAP));
	if (segment->mmio)
		return 0;
	flags = gup_flags_of(vma, map->writable);
	if (flags < 0)
		return flags;
	segment->gup_flags = flags | FOLL_LONGTERM;
	segment->end = same_kind_until(map, vma, map->vaddr + map->size, flags);
	return 0;
}

/**
 * pin_segment() - how to pin the memory at an address
 * @map: the mapping, of current->mm
 * @addr: user address
 * @segment: where to store the answer
 *
 * The answer may be old when it is used: the notifier of @map is live, so that
 * a change of what is mapped there fails the mapping.
 *
 * Return: 0; -EFAULT where nothing (or nothing permitted) is mapped;
 * -EOPNOTSUPP for memory that cannot be pinned for long; -EINTR.
 */
int pin_segment(struct uiommu_mapping *map, unsigned long addr,
		struct segment *segment)
{
	int ret;

	if (mmap_read_lock_killable(map->mm))
		return -EINTR;
	ret = find_segment(map, addr, segment);
	mmap_read_unlock(map->mm);
	return ret;
}

/*
 * Is @page, pinned earlier, still what the file behind @addr holds there? A
 * hole is punched, and a file truncated, under the lock of the inode: first
 * the page table entries go and then the pages, without another word to us.
 */
static enum look look_at_file(struct uiommu_mapping *map, unsigned long addr,
			      struct page *page)
{
	struct vm_area_struct *vma = find_vma(map->mm, addr);
	struct folio *folio = page_folio(page);
	pgoff_t index;

	if (folio_test_anon(folio) || !vma || vma->vm_start > addr ||
	    !vma->vm_file)
		return LOOK_GONE;
	if (READ_ONCE(folio->mapping) != vma->vm_file->f_mapping)
		return LOOK_GONE;
	index = ((addr - vma->vm_start) >> PAGE_SHIFT) + vma->vm_pgoff;
	if (!is_vm_hugetlb_page(vma) &&
	    folio->index + folio_page_idx(folio, page) != index)
		return LOOK_GONE;
	if (inode_is_locked(vma->vm_file->f_mapping->host))
		return LOOK_LATER;
	/* unlocked before that, it may have been gone before we saw it there */
	smp_rmb();
	return READ_ONCE(folio->mapping) == vma->vm_file->f_mapping ?
		       LOOK_SAME :
		       LOOK_GONE;
}

/*
 * FOLL_DUMP because hugetlb of 6.1 does not know FOLL_NOFAULT: it at least
 * keeps a hole a hole.
 */
#define LOOK_FLAGS (FOLL_NOFAULT | FOLL_FORCE | FOLL_DUMP)

/* Look at up to @npages pages; at least one. Returns how many it were. */
static unsigned int look_at_some(struct uiommu_mapping *map,
				 struct frame_cursor *cursor,
				 unsigned long addr, unsigned int npages,
				 enum look *result)
{
	struct page *now[LOOK_BATCH];
	struct page *page;
	unsigned int i;
	long got;

	got = get_user_pages_remote(map->mm, addr, npages, LOOK_FLAGS, now,
				    NULL);
	got = max(got, 0L);
	*result = LOOK_SAME;
	for (i = 0; i < npages; i++) {
		page = pfn_to_page(frame_next(cursor));
		if (i < got && now[i] == page)
			continue;
		/* one that is not there ends the list: go on after it */
		*result = look_at_file(map, addr + i * PAGE_SIZE, page);
		if (*result != LOOK_SAME || i >= got) {
			i++;
			break;
		}
	}
	while (got > 0)
		put_page(now[--got]);
	return i;
}

/**
 * pin_look() - does the process still use the pages we pinned?
 * @map: the mapping; its frames do not change meanwhile
 * @hull: user addresses to look at, page aligned
 *
 * Looks without faulting, so that a hole that was punched is not refilled.
 * The caller holds mmap_lock for read.
 *
 * Return: LOOK_SAME when every page is still in its place.
 */
enum look pin_look(struct uiommu_mapping *map, struct span hull)
{
	unsigned long addr = max_t(u64, hull.first, map->vaddr);
	unsigned long end =
		min_t(u64, hull.last, map->vaddr + map->size - 1) + 1;
	struct frame_cursor cursor;
	enum look result;
	unsigned int n;

	lockdep_assert_held(&map->mm->mmap_lock);
	frame_seek(map, (addr - map->vaddr) >> PAGE_SHIFT, &cursor);
	while (addr < end) {
		n = min_t(unsigned long, LOOK_BATCH,
			  (end - addr) >> PAGE_SHIFT);
		n = look_at_some(map, &cursor, addr, n, &result);
		if (result != LOOK_SAME)
			return result;
		addr += (unsigned long)n << PAGE_SHIFT;
		cond_resched();
	}
	return LOOK_SAME;
}

/* Has a page gone that was pinned? Exact if it says so; waits for nobody. */
static bool folio_gone(struct folio *folio)
{
	bool gone;

	/* neither a page of zeroes nor a driver's is a file's */
	if (!folio_test_anon(folio))
		return !READ_ONCE(folio->mapping) && !folio_mapped(folio) &&
		       (folio_test_lru(folio) || folio_test_hugetlb(folio));
	/* who migrates or splits it unmaps it, but under its lock */
	if (folio_mapped(folio) || !folio_trylock(folio))
		return false;
	gone = !folio_mapped(folio);
	folio_unlock(folio);
	return gone;
}

/* Of @npages from a frame on, those that are in its folio; at least one. */
static u64 in_folio(struct folio *folio, u64 pfn, u64 npages)
{
	u64 after = folio_pfn(folio) + folio_nr_pages(folio) - pfn;

	return min(after, npages);
}

/**
 * pin_glance() - has any page that we pinned visibly gone from its owner?
 * @map: the mapping; its frames do not change meanwhile
 * @hull: user addresses to look at, page aligned
 *
 * Looks at the pages alone: an anonymous one that we pinned is of one process
 * and gone when nobody maps it, one of a file when the file has it no more and
 * nobody maps it. So this waits for no lock and for no invalidation to end.
 *
 * Return: true if so; false says nothing.
 */
bool pin_glance(struct uiommu_mapping *map, struct span hull)
{
	u64 first = max_t(u64, hull.first, map->vaddr);
	u64 last = min_t(u64, hull.last, map->vaddr + map->size - 1);
	u64 left = span_empty(hull) ? 0 : (last + 1 - first) >> PAGE_SHIFT;
	struct frame_cursor cursor;
	struct folio *folio;
	u64 pfn, n, step;

	frame_seek(map, (first - map->vaddr) >> PAGE_SHIFT, &cursor);
	for (; left && READ_ONCE(map->state) == MAP_LIVE; left -= n) {
		pfn = frame_run(&cursor, &n);
		n = min(n, left);
		for (step = 0; step < n;) {
			folio = page_folio(pfn_to_page(pfn + step));
			if (folio_gone(folio))
				return true;
			step += in_folio(folio, pfn + step, n - step);
			cond_resched();
		}
	}
	return false;
}
