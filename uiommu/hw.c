// SPDX-License-Identifier: GPL-2.0
/*
 * Hardware domains: the page tables behind a domain. Invariant: while a group
 * is attached to one or detached from it nobody maps or unmaps there.
 */
#include <linux/device.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "group.h"

static bool separate_tables;
module_param(separate_tables, bool, 0644);
MODULE_PARM_DESC(
	separate_tables,
	"give each IOMMU group page tables of its own, for tests (default off)");

#define AMD_ADDRESS_BITS 48

/* Drivers of the kernel name their IOMMUs so, with a number behind. */
static bool iommu_is(struct device *dev, const char *name)
{
	struct iommu_device *iommu = dev->iommu->iommu_dev;

	return iommu && iommu->dev &&
	       str_has_prefix(dev_name(iommu->dev), name);
}

/*
 * Unmapping all of a leaf window frees its table on Intel VT-d. AMD-Vi keeps
 * tables until the domain goes, and virtio-iommu takes a range with holes for
 * an error.
 */
static bool frees_tables(struct device *dev)
{
	return iommu_is(dev, "dmar");
}

/*
 * The table of AMD-Vi in 6.1 does not grow safely while others map. So it is
 * made to grow once, to the levels that 48 bits need, and not beyond.
 */
static int grow_once(struct uiommu_hw *hw, struct device *dev)
{
	u64 top = BIT_ULL(AMD_ADDRESS_BITS) - PAGE_SIZE;
	int ret;

	if (!iommu_is(dev, "ivhd"))
		return 0;
	hw->max_last = BIT_ULL(AMD_ADDRESS_BITS) - 1;
	if (hw->domain->geometry.aperture_end < hw->max_last)
		return 0;
	ret = iommu_map(hw->domain, top, page_to_phys(ZERO_PAGE(0)), PAGE_SIZE,
			IOMMU_READ, GFP_KERNEL_ACCOUNT);
	if (!ret)
		iommu_unmap(hw->domain, top, PAGE_SIZE);
	return ret;
}

static bool enforce_snooping(struct iommu_domain *domain)
{
	return domain->ops->enforce_cache_coherency &&
	       domain->ops->enforce_cache_coherency(domain);
}

/**
 * hw_free() - free a hardware domain that no device is attached to
 * @hw: the hardware domain, or NULL
 */
void hw_free(struct uiommu_hw *hw)
{
	if (!hw)
		return;
	if (hw->domain)
		iommu_domain_free(hw->domain);
	kfree(hw);
}

/**
 * hw_drain() - free the page tables of a hardware domain that stays
 * @hw: the hardware domain; no device is attached to it, nor will be
 *
 * Waits for those who map or unmap just now. Who does so afterwards does
 * nothing, with success: no device could see it.
 */
void hw_drain(struct uiommu_hw *hw)
{
	struct iommu_domain *tables;

	gate_shut(&hw->gate);
	tables = hw->domain;
	hw->domain = NULL;
	gate_open(&hw->gate);
	if (tables)
		iommu_domain_free(tables);
}

/*
 * The driver of AMD-Vi calls report_iommu_fault(). Those of VT-d and
 * virtio-iommu write to the kernel's log alone.
 */
static bool reports_faults(struct device *dev)
{
	return iommu_is(dev, "ivhd");
}

static struct uiommu_hw *hw_alloc(struct uiommu_domain *domain,
				  struct device *dev)
{
	struct uiommu_hw *hw = kzalloc(sizeof(*hw), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!hw)
		return ERR_PTR(-ENOMEM);
	hw->domain = iommu_paging_domain_alloc(dev);
	if (IS_ERR(hw->domain)) {
		ret = PTR_ERR(hw->domain);
		kfree(hw);
		return ERR_PTR(ret);
	}
	ret = faults_watch(domain, hw->domain);
	if (ret) {
		hw_free(hw);
		return ERR_PTR(ret);
	}
	hw->reports_faults = reports_faults(dev);
	hw->frees_tables = frees_tables(dev);
	hw->frees_empty = hw->frees_tables;
	hw->max_last = ~0ULL;
	gate_init(&hw->gate);
	if (device_iommu_capable(dev, IOMMU_CAP_CACHE_COHERENCY))
		hw->prot = IOMMU_CACHE;
	return hw;
}

static struct uiommu_hw *attach_to_new(struct uiommu_domain *domain,
				       struct device *dev,
				       struct iommu_group *group)
{
	struct uiommu_hw *hw = hw_alloc(domain, dev);
	int ret;

	if (IS_ERR(hw))
		return hw;
	ret = iommu_attach_group(hw->domain, group);
	if (ret) {
		hw_free(hw);
		return ERR_PTR(ret);
	}
	hw->snoops = enforce_snooping(hw->domain);
	if ((hw->domain->pgsize_bitmap & -hw->domain->pgsize_bitmap) >
	    PAGE_SIZE)
		ret = -ENODEV;
	else
		ret = grow_once(hw, dev);
	if (ret) {
		hw_detach(hw, group);
		hw_free(hw);
		return ERR_PTR(ret);
	}
	return hw;
}

static int attach_to(struct uiommu_hw *hw, struct iommu_group *group)
{
	int ret;

	gate_shut(&hw->gate);
	ret = iommu_attach_group(hw->domain, group);
	gate_open(&hw->gate);
	return ret;
}

/**
 * hw_attach() - attach a group to a hardware domain that suits it
 * @domain: the domain
 * @dev: a device of the group
 * @group: the group, whose DMA we own
 *
 * Tries those there are before it makes a new one. A new one is not in
 * @domain yet.
 *
 * Return: the hardware domain, or an ERR_PTR.
 */
struct uiommu_hw *hw_attach(struct uiommu_domain *domain, struct device *dev,
			    struct iommu_group *group)
{
	unsigned int i;

	for (i = 0; i < domain->nr_hw; i++) {
		struct uiommu_hw *hw = domain->hw[i];

		if (separate_tables && hw->nr_groups)
			continue;
		if (!attach_to(hw, group))
			return hw;
	}
	if (domain->nr_hw == UIOMMU_MAX_HW)
		return ERR_PTR(-ENOSPC);
	return attach_to_new(domain, dev, group);
}

/**
 * hw_aperture() - what a hardware domain can address
 * @hw: the hardware domain; read afresh after each attach
 *
 * Return: first and last address.
 */
struct span hw_aperture(struct uiommu_hw *hw)
{
	struct iommu_domain_geometry *geometry = &hw->domain->geometry;

	struct span r = { 0, hw->max_last };

	if (!geometry->force_aperture)
		return r;
	return span_common(r, (struct span){ geometry->aperture_start,
					     geometry->aperture_end });
}

/**
 * hw_detach() - detach a group from its hardware domain
 * @hw: the hardware domain
 * @group: the group
 *
 * Waits for those who map or unmap just now, and holds off others.
 */
void hw_detach(struct uiommu_hw *hw, struct iommu_group *group)
{
	gate_shut(&hw->gate);
	iommu_detach_group(hw->domain, group);
	gate_open(&hw->gate);
}

/**
 * hw_unmap() - unmap a range from one hardware domain
 * @hw: the hardware domain
 * @r: what was mapped, exactly: on VT-d unmapping what is absent takes
 *	neighbours along
 *
 * Return: bytes unmapped.
 */
size_t hw_unmap(struct uiommu_hw *hw, struct span r)
{
	size_t done = r.last - r.first + 1;

	gate_enter(&hw->gate);
	if (likely(hw->domain))
		done = iommu_unmap(hw->domain, r.first, done);
	gate_leave(&hw->gate);
	return done;
}

static bool clear_inside(struct uiommu_hw *hw, struct span r, bool *there)
{
	size_t size = r.last - r.first + 1;

	*there = span_covers(hw_aperture(hw), r);
	return *there && iommu_unmap(hw->domain, r.first, size) >= size;
}

/**
 * hw_clear() - unmap whole windows in which nothing is mapped, for their tables
 * @hw: the hardware domain
 * @r: the windows
 * @there: where to store whether it has them
 *
 * An attach may have made it narrower than when they were chosen, and drivers
 * take an address beyond for a bug of ours.
 *
 * Return: true if all of it was unmapped.
 */
bool hw_clear(struct uiommu_hw *hw, struct span r, bool *there)
{
	bool done = true;

	*there = true;
	gate_enter(&hw->gate);
	if (likely(hw->domain))
		done = clear_inside(hw, r, there);
	gate_leave(&hw->gate);
	return done;
}

static int map_inside(struct uiommu_hw *hw, u64 iova, struct scatterlist *sg,
		      unsigned int n, int prot)
{
	ssize_t ret;

	if (n == 1)
		return iommu_map(hw->domain, iova, sg_phys(sg), sg->length,
				 prot, GFP_KERNEL_ACCOUNT);
	ret = iommu_map_sg(hw->domain, iova, sg, n, prot, GFP_KERNEL_ACCOUNT);
	return ret < 0 ? ret : 0;
}

/**
 * hw_map() - map runs of frames in one hardware domain
 * @hw: the hardware domain
 * @r: where; as long as the runs
 * @sg: the runs
 * @n: how many
 * @prot: IOMMU_READ and other flags of iommu_map(), but IOMMU_CACHE
 *
 * Return: 0, or an error of iommu_map(): then hw_scrub() is to follow.
 */
int hw_map(struct uiommu_hw *hw, struct span r, struct scatterlist *sg,
	   unsigned int n, int prot)
{
	int ret;

	if (!(prot & IOMMU_MMIO))
		prot |= hw->prot;
	gate_enter(&hw->gate);
	ret = likely(hw->domain) ? map_inside(hw, r.first, sg, n, prot) : 0;
	gate_leave(&hw->gate);
	return ret;
}

/* Returns the bytes that are not mapped any more; less than a page: it is. */
static u64 scrub_page(struct iommu_domain *tables, u64 iova)
{
	if (!iommu_iova_to_phys(tables, iova))
		return PAGE_SIZE;
	return iommu_unmap(tables, iova, PAGE_SIZE);
}

/**
 * hw_scrub() - unmap what a failed map may have left
 * @hw: the hardware domain
 * @r: where it was to map; nobody else maps there
 *
 * The driver of VT-d does not take back what it wrote before it ran out of
 * memory for the next table, and the IOMMU core does not know of it.
 *
 * Return: true if nothing is left.
 */
bool hw_scrub(struct uiommu_hw *hw, struct span r)
{
	u64 done, n, size = r.last - r.first + 1;
	bool clean = true;

	gate_enter(&hw->gate);
	/* by size, because the last address may be the last there is */
	for (done = 0; done < size && hw->domain;
	     done += max_t(u64, n, PAGE_SIZE)) {
		n = scrub_page(hw->domain, r.first + done);
		clean &= n >= PAGE_SIZE;
		cond_resched();
	}
	gate_leave(&hw->gate);
	return clean;
}
