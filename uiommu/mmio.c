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

static int fill_everywhere(struct uiommu_mapping *map)
{
	struct uiommu_domain *domain = map->domain;
	unsigned int i;
	int ret;

	/* charged by fill_locked() */
	ret = domain->nr_hw ? tables_note(domain, map->place.span) : 0;
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

static int fill_and_publish(struct uiommu_mapping *map, phys_addr_t phys)
{
	struct uiommu_domain *domain = map->domain;
	u64 pfn = phys >> PAGE_SHIFT;
	u64 left = map->size >> PAGE_SHIFT;
	int ret;

	while (left) {
		u64 npages = min_t(u64, left, RUN_MAX_NPAGES);

		ret = frames_add(map, pfn, npages);
		if (ret)
			return ret;
		pfn += npages;
		left -= npages;
	}
	spin_lock(&domain->lock);
	list_add_tail(&map->mmio_node, &map->mmio->mmios);
	domain->mmio_pages += map->size >> PAGE_SHIFT;
	spin_unlock(&domain->lock);
	ret = fill_everywhere(map);
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

static int fill_locked(struct uiommu_mapping *map)
{
	struct uiommu_domain *domain = map->domain;
	struct vm_area_struct *vma = find_vma(map->mm, map->vaddr);
	phys_addr_t phys;
	int ret;

	if (!vma || vma->vm_start > map->vaddr ||
	    vma->vm_end - map->vaddr < map->size ||
	    !(vma->vm_flags & (map->writable ? VM_WRITE : VM_READ)))
		return -EFAULT;
	/* may wait, which nobody has to who has to lock the members */
	if (fill_charge_tables(map, map->place.span) < 0)
		return -ENOMEM;
	mutex_lock(&domain->members);
	ret = find_phys(map, vma, &phys);
	if (!ret)
		ret = fill_and_publish(map, phys);
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
