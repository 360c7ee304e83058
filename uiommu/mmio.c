// SPDX-License-Identifier: GPL-2.0
/*
 * Peer-to-peer DMA: memory of one device (a BAR mmap) mapped for the others
 * of its domain. Invariant: what is mapped belongs to a device that is
 * attached to the same domain and has not revoked it.
 */
#include <linux/module.h>
#include <linux/mutex.h>

#include "domain.h"

static LIST_HEAD(kinds);
static DEFINE_SPINLOCK(kinds_lock); /* innermost */

/**
 * uiommu_mmio_register() - make VMAs of devices' memory known
 * @kind: what they have in common; stays until uiommu_mmio_unregister()
 */
void uiommu_mmio_register(struct uiommu_mmio_kind *kind)
{
	spin_lock(&kinds_lock);
	list_add(&kind->node, &kinds);
	spin_unlock(&kinds_lock);
}
EXPORT_SYMBOL_GPL(uiommu_mmio_register);

/**
 * uiommu_mmio_unregister() - forget VMAs of devices' memory
 * @kind: what uiommu_mmio_register() was given
 */
void uiommu_mmio_unregister(struct uiommu_mmio_kind *kind)
{
	spin_lock(&kinds_lock);
	list_del(&kind->node);
	spin_unlock(&kinds_lock);
}
EXPORT_SYMBOL_GPL(uiommu_mmio_unregister);

/**
 * mmio_refusal() - why memory that is not made of ordinary pages is refused
 * @vma: the memory, with VM_IO or VM_PFNMAP
 *
 * Return: -EFAULT if a driver that uses uiommu handed it out; it may be reached
 * at another time or in another domain. Else -EOPNOTSUPP: nothing pins it, or
 * tells when it goes (a dma-buf, a BAR mapped through sysfs).
 */
int mmio_refusal(struct vm_area_struct *vma)
{
	struct uiommu_mmio_kind *kind;
	int ret = -EOPNOTSUPP;

	spin_lock(&kinds_lock);
	list_for_each_entry(kind, &kinds, node)
		if (kind->vm_ops == vma->vm_ops)
			ret = -EFAULT;
	spin_unlock(&kinds_lock);
	return ret;
}

/* Ask the devices of the domain whose memory it is. */
static int find_phys(struct uiommu_mapping *map, struct vm_area_struct *vma,
		     phys_addr_t *phys)
{
	struct uiommu_attachment *att;
	int ret;

	list_for_each_entry(att, &map->domain->attachments, node) {
		if (!att->ops || !att->ops->mmio)
			continue;
		ret = att->ops->mmio(att->priv, vma, map->vaddr, map->size,
				     phys);
		if (ret == -ENOENT)
			continue;
		map->mmio = att;
		return ret;
	}
	return mmio_refusal(vma);
}

/* fill_hw() puts it into page tables run by run, so that none is larger. */
static struct flat flat_of(struct uiommu_mapping *map, phys_addr_t phys,
			   u64 page_sizes)
{
	return (struct flat){
		.r = { map->iova, map->iova + map->size - 1 },
		.phys = phys,
		.page_sizes = page_sizes &
			      ((RUN_MAX_NPAGES << PAGE_SHIFT) * 2 - 1),
	};
}

/**
 * mmio_replay_tables() - account for tables that a replay may take
 * @map: the mapping, live and busy
 * @hw: the new hardware domain
 *
 * One that lacks large pages takes more than the mapping was charged for.
 *
 * Return: 0; -ENOMEM, also when they would have to be charged.
 */
int mmio_replay_tables(struct uiommu_mapping *map, struct uiommu_hw *hw)
{
	u64 phys = run_pfn(map->runs.run[0]) << PAGE_SHIFT;
	struct flat flat = flat_of(map, phys, hw->domain->pgsize_bitmap);

	if (tables_to_charge(map->domain,
			     tables_missing_flat(map->domain, &flat)))
		return -ENOMEM;
	return tables_note_flat(map->domain, &flat);
}

static int fill_everywhere(struct uiommu_mapping *map, phys_addr_t phys)
{
	struct uiommu_domain *domain = map->domain;
	struct flat flat = flat_of(map, phys, domain->page_sizes);
	unsigned int i;
	int ret;

	/* charged by fill_locked() */
	ret = tables_note_flat(domain, &flat);
	if (ret)
		return ret;
	for (i = 0; i < domain->nr_hw; i++) {
		ret = fill_hw(domain->hw[i], map);
		if (ret)
			goto undo;
	}
	map->filled = map->size;
	return 0;
undo:
	while (i--)
		unmap_undo(domain, domain->hw[i], map->place.span);
	return ret;
}

/* Runs end where the largest pages do, which none of them is to cut. */
static int add_runs(struct uiommu_mapping *map, phys_addr_t phys)
{
	u64 page = map->iova >> PAGE_SHIFT;
	u64 pfn = phys >> PAGE_SHIFT;
	u64 left = map->size >> PAGE_SHIFT;
	int ret = 0;

	while (left && !ret) {
		u64 npages = RUN_MAX_NPAGES - (page & (RUN_MAX_NPAGES - 1));

		npages = min(left, npages);
		ret = frames_add(map, pfn, npages);
		page += npages;
		pfn += npages;
		left -= npages;
	}
	return ret;
}

static int fill_and_publish(struct uiommu_mapping *map, phys_addr_t phys)
{
	struct uiommu_domain *domain = map->domain;
	int ret;

	ret = add_runs(map, phys);
	if (ret)
		return ret;
	spin_lock(&domain->lock);
	list_add_tail(&map->mmio_node, &map->mmio->mmios);
	domain->mmio_pages += map->size >> PAGE_SHIFT;
	spin_unlock(&domain->lock);
	ret = fill_everywhere(map, phys);
	if (ret)
		return ret;
	spin_lock(&domain->lock);
	map->hw_mask = (1U << domain->nr_hw) - 1;
	if (map->doomed)
		ret = -EFAULT;
	else
		map->state = MAP_LIVE;
	spin_unlock(&domain->lock);
	return ret;
}

/* Charge the page tables of memory at @phys, as far as they have to be paid. */
static int pay_for_tables(struct uiommu_mapping *map, phys_addr_t phys)
{
	struct uiommu_domain *domain = map->domain;
	struct flat flat = flat_of(map, phys, domain->page_sizes);

	return charge_tables(map, tables_missing_flat(domain, &flat),
			     map->size >> PAGE_SHIFT);
}

static int fill_locked(struct uiommu_mapping *map)
{
	struct uiommu_domain *domain = map->domain;
	struct vm_area_struct *vma = find_vma(map->mm, map->vaddr);
	phys_addr_t phys, paid_for;
	int ret;

	if (!vma || vma->vm_start > map->vaddr ||
	    vma->vm_end - map->vaddr < map->size ||
	    !(vma->vm_flags & (map->writable ? VM_WRITE : VM_READ)))
		return -EFAULT;
	mutex_lock(&domain->members);
	ret = find_phys(map, vma, &paid_for);
	mutex_unlock(&domain->members);
	/* may wait, which nobody has to who has to lock the members */
	ret = ret ?: pay_for_tables(map, paid_for);
	if (ret)
		return ret;
	mutex_lock(&domain->members);
	ret = find_phys(map, vma, &phys);
	if (!ret)
		ret = phys == paid_for ? fill_and_publish(map, phys) : -EFAULT;
	mutex_unlock(&domain->members);
	return ret;
}

/**
 * mmio_fill() - map a device's memory everywhere and publish it
 * @map: the mapping, of current->mm, its notifier live
 *
 * Return: 0; -EFAULT when it is memory of a device of another domain, or may
 * not be reached; -EOPNOTSUPP when it is of no device that uses uiommu;
 * -ENOMEM; -EINTR.
 */
int mmio_fill(struct uiommu_mapping *map)
{
	/* another thread may free the mapping once it is published */
	struct mm_struct *mm = map->mm;
	int ret;

	if (mmap_read_lock_killable(mm))
		return -EINTR;
	ret = fill_locked(map);
	mmap_read_unlock(mm);
	return ret;
}

static struct uiommu_mapping *claim_one(struct uiommu_attachment *att)
{
	struct uiommu_mapping *map;

	list_for_each_entry(map, &att->mmios, mmio_node) {
		if (map->state != MAP_LIVE)
			continue;
		unmap_claim(map, map->place.span);
		report_push(map->domain, map);
		return map;
	}
	return NULL;
}

static bool all_gone(struct uiommu_attachment *att)
{
	bool gone;

	spin_lock(&att->domain->lock);
	gone = list_empty(&att->mmios);
	spin_unlock(&att->domain->lock);
	return gone;
}

/**
 * uiommu_revoke_mmio() - end all peer-to-peer mappings of a device's memory
 * @att: the device
 *
 * The driver has seen to it that its mmio() refuses new ones, and holds no
 * lock that mmio() takes. Waits for nobody but those who unmap just now.
 */
void uiommu_revoke_mmio(struct uiommu_attachment *att)
{
	struct uiommu_domain *domain = att->domain;
	struct uiommu_mapping *map;

	mutex_lock(&domain->members);
	for (;;) {
		spin_lock(&domain->lock);
		map = claim_one(att);
		spin_unlock(&domain->lock);
		if (!map)
			break;
		unmap_claimed(map, true);
	}
	mutex_unlock(&domain->members);
	wait_event(domain->wait, all_gone(att));
}
EXPORT_SYMBOL_GPL(uiommu_revoke_mmio);
