// SPDX-License-Identifier: GPL-2.0
/*
 * BARs mapped into user space.
 *
 * Owns &vfio_dev.open. Invariant: a page table entry of a user leads to a BAR
 * only while VFIO_OPEN_MEMORY is set; closing it zaps them all before the lock
 * is let go, and faults put them back piece by piece when it is open again.
 *
 * A piece is 2 MiB where kernel, address and BAR allow. Not more: mremap()
 * takes entries of 1 GiB for broken ones unless it moves them as they are.
 */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>

#include "device.h"

/* How many pages one fault fills in, as far as they are there */
#define FAULT_AROUND 16

static unsigned int wanted_access(struct vfio_dev *vdev)
{
	unsigned int open = 0;

	if (vdev->gone || !vdev->att || vdev->frozen)
		return 0;
	if (vfio_config_memory_on(&vdev->config))
		open |= VFIO_OPEN_MEMORY;
	if (vfio_config_io_on(&vdev->config))
		open |= VFIO_OPEN_IO;
	return open;
}

/* The lock is let go before uiommu is told: it holds its own in mmio() */
static void set_access(struct vfio_dev *vdev, unsigned int open, bool paused)
{
	bool closed, was_paused = vdev->paused;

	lockdep_assert_held(&vdev->lock);
	down_write(&vdev->mem);
	closed = vdev->open & ~open & VFIO_OPEN_MEMORY;
	vdev->open = open;
	WRITE_ONCE(vdev->attached, vdev->att);
	WRITE_ONCE(vdev->paused, paused);
	if (closed)
		unmap_mapping_range(vdev->inode->i_mapping, 0, 0, 1);
	up_write(&vdev->mem);
	if (closed && vdev->att)
		uiommu_revoke_mmio(vdev->att);
	if (was_paused && !paused)
		wake_up_all(&vdev->unpaused);
}

/**
 * vfio_mem_update - open or close access, after a change of what decides on it
 * @vdev: the device
 *
 * It stays paused while others reset the device, unless that has gone: then
 * nothing ends the pause any more.
 */
void vfio_mem_update(struct vfio_dev *vdev)
{
	bool paused = !vdev->gone && atomic_read(&vdev->nr_resets);

	set_access(vdev, paused ? 0 : wanted_access(vdev), paused);
}

/**
 * vfio_mem_pause - close access for a moment; who comes meanwhile waits
 * @vdev: the device
 *
 * Ends with vfio_mem_update().
 */
void vfio_mem_pause(struct vfio_dev *vdev)
{
	set_access(vdev, 0, true);
}

/* Which BAR, and where in it; not set up by us if there is none */
static struct vfio_bar *bar_at(struct vfio_dev *vdev, u64 pgoff,
			       struct region_pos *pos)
{
	if (pgoff > U64_MAX >> PAGE_SHIFT ||
	    region_decode(pgoff << PAGE_SHIFT, pos) ||
	    pos->region >= REGION_NR_BARS)
		return NULL;
	return &vdev->bars[pos->region];
}

static bool may_map(const struct vfio_bar *bar, u64 offset, u64 size)
{
	struct region_range want = { offset, size };

	return region_may_map(bar->map_size, bar->holes, REGION_PROCESS,
			      PAGE_SIZE, &want);
}

/* Pages from the aligned block of the fault, the one asked for first */
static vm_fault_t insert_pages(struct vm_fault *vmf, struct vfio_bar *bar,
			       u64 offset)
{
	struct vm_area_struct *vma = vmf->vma;
	unsigned long block = FAULT_AROUND * PAGE_SIZE;
	unsigned long addr = ALIGN_DOWN(vmf->address, block);
	unsigned long end = min(addr + block, vma->vm_end);
	unsigned long here = vmf->address & PAGE_MASK;
	phys_addr_t base = bar->start + offset - here;
	vm_fault_t ret;

	ret = vmf_insert_pfn(vma, here, PHYS_PFN(base + here));
	if (ret != VM_FAULT_NOPAGE)
		return ret;
	for (addr = max(addr, vma->vm_start); addr < end; addr += PAGE_SIZE) {
		/* An offset below the BAR wraps, and is beyond its end */
		if (addr == here ||
		    !may_map(bar, offset + addr - here, PAGE_SIZE))
			continue;
		if (vmf_insert_pfn(vma, addr, PHYS_PFN(base + addr)) !=
		    VM_FAULT_NOPAGE)
			break;
	}
	return VM_FAULT_NOPAGE;
}

/* May one entry cover the aligned 2 MiB around the fault? */
static bool fits_huge(const struct vm_fault *vmf, const struct vfio_bar *bar,
		      u64 offset)
{
	const struct vm_area_struct *vma = vmf->vma;
	unsigned long addr = vmf->address & PMD_MASK;

	if (addr < vma->vm_start || vma->vm_end - addr < PMD_SIZE)
		return false;
	offset -= (vmf->address & PAGE_MASK) - addr;
	return IS_ALIGNED(bar->start + offset, PMD_SIZE) &&
	       may_map(bar, offset, PMD_SIZE);
}

/*
 * An entry as the VMA says; if that is there, a write may have found it read
 * only (writes are tracked). The two steps are apart because the kernel warns
 * of a write that finds a table of small entries; while we are here, no huge
 * entry becomes one.
 */
static vm_fault_t insert_huge(struct vm_fault *vmf, struct vfio_bar *bar,
			      u64 offset)
{
	unsigned long pfn = PHYS_PFN((bar->start + offset) & PMD_MASK);
	pmd_t pmd = pmdp_get_lockless(vmf->pmd);

	if (pmd_none(pmd))
		return compat_insert_pfn_pmd(vmf, pfn, false);
	if (!pmd_trans_huge(pmd))
		return VM_FAULT_FALLBACK;
	return compat_insert_pfn_pmd(vmf, pfn, vmf->flags & FAULT_FLAG_WRITE);
}

/* Return: VM_FAULT_FALLBACK to be asked again with an @order of 0 */
static vm_fault_t huge_fault(struct vm_fault *vmf, unsigned int order)
{
	struct vfio_dev *vdev = vmf->vma->vm_private_data;
	struct region_pos pos;
	struct vfio_bar *bar = bar_at(vdev, vmf->pgoff, &pos);
	unsigned int noio;
	vm_fault_t ret;
	int err;

	if (!bar || !may_map(bar, pos.offset, PAGE_SIZE))
		return VM_FAULT_SIGBUS;
	if (order && (order != PMD_SHIFT - PAGE_SHIFT ||
		      !fits_huge(vmf, bar, pos.offset)))
		return VM_FAULT_FALLBACK;
	err = vfio_begin_access(vdev, VFIO_OPEN_MEMORY);
	if (err)
		return err == -EINTR ? VM_FAULT_NOPAGE : VM_FAULT_SIGBUS;
	/* Page tables are allocated under a lock that removal takes */
	noio = memalloc_noio_save();
	ret = order ? insert_huge(vmf, bar, pos.offset) :
		      insert_pages(vmf, bar, pos.offset);
	memalloc_noio_restore(noio);
	vfio_end_access(vdev);
	return ret;
}

static vm_fault_t fault(struct vm_fault *vmf)
{
	return huge_fault(vmf, 0);
}

/*
 * The architecture knows one memory type for a page: a BAR is mapped with
 * write combining by all, or by none. The kernel's own mapping follows.
 */
static int count_wc(struct vfio_dev *vdev, struct vfio_bar *bar)
{
	int ret;

	if (bar->nr_plain)
		return -EBUSY;
	if (!bar->wc) {
		if (bar->io)
			pci_iounmap(vdev->pdev, bar->io);
		bar->io = NULL;
		ret = arch_io_reserve_memtype_wc(bar->start, bar->size);
		if (ret)
			return ret;
		bar->wc = true;
	}
	bar->nr_wc++;
	return 0;
}

static int count_vma(struct vfio_dev *vdev, struct vfio_bar *bar, bool wc)
{
	int ret = 0;

	down_write(&vdev->mem);
	if (vdev->gone)
		ret = -ENODEV;
	else if (vfio_given_up(vdev))
		ret = -EIO;
	else if (!vdev->attached)
		ret = -EINVAL;
	else if (wc)
		ret = count_wc(vdev, bar);
	else if (bar->nr_wc)
		ret = -EBUSY;
	else
		bar->nr_plain++;
	up_write(&vdev->mem);
	return ret;
}

static void vma_open(struct vm_area_struct *vma)
{
	struct vfio_dev *vdev = vma->vm_private_data;
	struct region_pos pos;
	struct vfio_bar *bar = bar_at(vdev, vma->vm_pgoff, &pos);

	down_write(&vdev->mem);
	if (pos.wc)
		bar->nr_wc++;
	else
		bar->nr_plain++;
	up_write(&vdev->mem);
}

static void vma_close(struct vm_area_struct *vma)
{
	struct vfio_dev *vdev = vma->vm_private_data;
	struct region_pos pos;
	struct vfio_bar *bar = bar_at(vdev, vma->vm_pgoff, &pos);

	down_write(&vdev->mem);
	if (!pos.wc) {
		bar->nr_plain--;
	} else if (!--bar->nr_wc && bar->wc) {
		if (bar->io)
			pci_iounmap(vdev->pdev, bar->io);
		bar->io = NULL;
		arch_io_free_memtype_wc(bar->start, bar->size);
		bar->wc = false;
	}
	up_write(&vdev->mem);
}

static const struct vm_operations_struct vm_ops = {
	.open = vma_open,
	.close = vma_close,
	.fault = fault,
	.huge_fault = compat_huge_fault(huge_fault),
};

static struct uiommu_mmio_kind mmio_kind = { .vm_ops = &vm_ops };

/**
 * vfio_mmap_init() - make BAR mmaps known to uiommu
 */
void __init vfio_mmap_init(void)
{
	uiommu_mmio_register(&mmio_kind);
}

/**
 * vfio_mmap_exit() - take that back, when no BAR is mmapped any more
 */
void vfio_mmap_exit(void)
{
	uiommu_mmio_unregister(&mmio_kind);
}

static pgprot_t protection(pgprot_t prot, bool wc)
{
	return wc ? pgprot_writecombine(prot) : pgprot_noncached(prot);
}

/* All of it within what may be mapped, its last page in the same encoding? */
static bool may_map_vma(struct vfio_dev *vdev, const struct vfio_bar *bar,
			const struct region_pos *pos,
			const struct vm_area_struct *vma)
{
	u64 size = vma->vm_end - vma->vm_start;
	u64 pgoff = vma->vm_pgoff + (size >> PAGE_SHIFT) - 1;
	struct region_pos last;

	return may_map(bar, pos->offset, size) &&
	       bar_at(vdev, pgoff, &last) == bar && last.wc == pos->wc &&
	       last.offset == pos->offset + size - PAGE_SIZE;
}

/**
 * vfio_mmap - map a piece of a BAR
 * @filp: open file
 * @vma: what the user asks for
 *
 * Return: 0; -EINVAL for what is not mappable, private, or without a domain;
 * -EBUSY if it is mapped otherwise; -ENODEV.
 */
int vfio_mmap(struct file *filp, struct vm_area_struct *vma)
{
	struct vfio_file *file = filp->private_data;
	struct vfio_dev *vdev = file->vdev;
	struct region_pos pos;
	struct vfio_bar *bar = bar_at(vdev, vma->vm_pgoff, &pos);
	int ret;

	if (READ_ONCE(vdev->gone))
		return -ENODEV;
	if (!bar || !may_map_vma(vdev, bar, &pos, vma))
		return -EINVAL;
	if ((vma->vm_flags & (VM_SHARED | VM_MAYWRITE)) == VM_MAYWRITE)
		return -EINVAL;
	if (pos.wc && !(bar->flags & IORESOURCE_PREFETCH))
		return -EINVAL;
	ret = count_vma(vdev, bar, pos.wc);
	if (ret)
		return ret;
	vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_page_prot = protection(vma->vm_page_prot, pos.wc);
	vma->vm_private_data = vdev;
	vma->vm_ops = &vm_ops;
	return 0;
}

/* Writes of another device to pending bits have no meaning: those stay out */
static bool may_reach(const struct vfio_bar *bar, u64 offset, u64 size)
{
	struct region_range want = { offset, size };

	return region_may_map(bar->map_size, bar->holes, REGION_PEER, PAGE_SIZE,
			      &want);
}

/**
 * vfio_mmio_phys - where a piece of a BAR mmap is, for peer-to-peer DMA
 * @priv: the device
 * @vma: a mmap, perhaps of this device
 * @vaddr: start of the piece
 * @size: its size
 * @phys: where to store the answer
 *
 * Called by uiommu under mmap_lock.
 *
 * Return: 0, -ENOENT if @vma is not of this
 * device, -EFAULT if the piece cannot be reached.
 */
int vfio_mmio_phys(void *priv, struct vm_area_struct *vma, unsigned long vaddr,
		   size_t size, phys_addr_t *phys)
{
	struct vfio_dev *vdev = priv;
	struct region_pos pos;
	struct vfio_bar *bar;
	bool open;

	if (vma->vm_ops != &vm_ops || vma->vm_private_data != vdev)
		return -ENOENT;
	if (vaddr < vma->vm_start || vaddr >= vma->vm_end ||
	    size > vma->vm_end - vaddr)
		return -EFAULT;
	bar = bar_at(vdev, vma->vm_pgoff, &pos);
	if (!bar)
		return -EFAULT;
	pos.offset += vaddr - vma->vm_start;
	if (!may_reach(bar, pos.offset, size))
		return -EFAULT;
	down_read(&vdev->mem);
	open = vdev->open & VFIO_OPEN_MEMORY;
	up_read(&vdev->mem);
	*phys = bar->start + pos.offset;
	return open ? 0 : -EFAULT;
}
