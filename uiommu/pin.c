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
		return -EFAULT;
	if (!(vma->vm_flags & (writable ? VM_WRITE : VM_READ)))
		return -EFAULT;
	if (vma_is_fsdax(vma))
		return -EOPNOTSUPP;
	if (vma->vm_flags & VM_MAYSHARE)
		return shared_flags(vma, writable);
	return private_flags(vma);
}

static int find_segment(struct uiommu_mapping *map, unsigned long addr,
			unsigned long *end, unsigned int *gup_flags)
{
	struct vm_area_struct *vma = find_vma(map->mm, addr);
	int flags;

	if (!vma || vma->vm_start > addr)
		return -EFAULT;
	flags = gup_flags_of(vma, map->writable);
	if (flags < 0)
		return flags;
	*gup_flags = flags | FOLL_LONGTERM;
	while (vma->vm_end < *end) {
		unsigned long next = vma->vm_end;

		vma = find_vma(map->mm, next);
		if (!vma || vma->vm_start != next ||
		    gup_flags_of(vma, map->writable) != flags) {
			*end = next;
			break;
		}
	}
	return 0;
}

/**
 * pin_segment() - how to pin the memory at an address
 * @map: the mapping, of current->mm
 * @addr: user address
 * @end: in: end of interest; out: end of the memory that is of one kind
 * @gup_flags: where to store the FOLL_ flags to pin it with
 *
 * The answer may be old when it is used: the notifier of @map is live, so that
 * a change of what is mapped there fails the mapping.
 *
 * Return: 0; -EFAULT where nothing (or nothing permitted) is mapped;
 * -EOPNOTSUPP for memory that cannot be pinned for long; -EINTR.
 */
int pin_segment(struct uiommu_mapping *map, unsigned long addr,
		unsigned long *end, unsigned int *gup_flags)
{
	int ret;

	if (mmap_read_lock_killable(map->mm))
		return -EINTR;
	ret = find_segment(map, addr, end, gup_flags);
	mmap_read_unlock(map->mm);
	return ret;
}

/* Is @page, pinned earlier, still what the file behind @addr holds there? */
static bool file_page_in_place(struct uiommu_mapping *map, unsigned long addr,
			       struct page *page)
{
	struct vm_area_struct *vma = find_vma(map->mm, addr);
	struct folio *folio = page_folio(page);
	pgoff_t index;

	if (folio_test_anon(folio) || !vma || vma->vm_start > addr ||
	    !vma->vm_file)
		return false;
	if (READ_ONCE(folio->mapping) != vma->vm_file->f_mapping)
		return false;
	index = ((addr - vma->vm_start) >> PAGE_SHIFT) + vma->vm_pgoff;
	return is_vm_hugetlb_page(vma) ||
	       folio->index + folio_page_idx(folio, page) == index;
}

/*
 * FOLL_DUMP because hugetlb of 6.1 does not know FOLL_NOFAULT: it at least
 * keeps a hole a hole.
 */
#define LOOK_FLAGS (FOLL_NOFAULT | FOLL_FORCE | FOLL_DUMP)

static bool pages_in_place(struct uiommu_mapping *map,
			   struct frame_cursor *cursor, unsigned long addr,
			   unsigned int npages)
{
	struct page *now[LOOK_BATCH];
	unsigned int i;
	bool same = true;
	long got;

	got = get_user_pages_remote(map->mm, addr, npages, LOOK_FLAGS, now,
				    NULL);
	for (i = 0; i < npages && same; i++, addr += PAGE_SIZE) {
		struct page *page = pfn_to_page(frame_next(cursor));

		if ((long)i < got && now[i] == page)
			continue;
		same = file_page_in_place(map, addr, page);
	}
	while (got > 0)
		put_page(now[--got]);
	return same;
}

/**
 * pin_still_theirs() - does the process still use the pages we pinned?
 * @map: the mapping; its frames do not change meanwhile
 * @hull: user addresses to look at, page aligned
 *
 * Looks without faulting, so that a hole that was punched is not refilled.
 * The caller holds mmap_lock for read.
 *
 * Return: true when every page is still in its place.
 */
bool pin_still_theirs(struct uiommu_mapping *map, struct span hull)
{
	unsigned long addr = max_t(u64, hull.first, map->vaddr);
	unsigned long end =
		min_t(u64, hull.last, map->vaddr + map->size - 1) + 1;
	struct frame_cursor cursor;

	mmap_assert_locked(map->mm);
	frame_seek(map, (addr - map->vaddr) >> PAGE_SHIFT, &cursor);
	while (addr < end) {
		unsigned int npages = min_t(unsigned long, LOOK_BATCH,
					    (end - addr) >> PAGE_SHIFT);

		if (!pages_in_place(map, &cursor, addr, npages))
			return false;
		addr += (unsigned long)npages << PAGE_SHIFT;
		cond_resched();
	}
	return true;
}
