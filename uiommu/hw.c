// SPDX-License-Identifier: GPL-2.0
/*
 * Hardware domains: the page tables behind a domain. Invariant: a slot of
 * uiommu_domain.hw, once filled, keeps its hardware domain while a device is
 * attached or a mapping is claimed, and every live mapping is in every one of
 * them.
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
	iommu_domain_free(hw->domain);
	kfree(hw);
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
	hw->max_last = ~0ULL;
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
		iommu_detach_group(hw->domain, group);
		hw_free(hw);
		return ERR_PTR(ret);
	}
	return hw;
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
		if (!iommu_attach_group(hw->domain, group))
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
 * hw_frees_tables() - are page tables freed when all they span is unmapped?
 * @domain: the domain, locked; or the caller has claimed a mapping
 *
 * Return: true if so, in all its hardware domains.
 */
bool hw_frees_tables(struct uiommu_domain *domain)
{
	unsigned int i;

	for (i = 0; i < domain->nr_hw; i++)
		if (!domain->hw[i]->frees_tables)
			return false;
	return true;
}

/**
 * hw_unmap() - unmap a range from one hardware domain
 * @hw: the hardware domain
 * @r: what was mapped, exactly, or whole leaf windows with nothing else in
 *	them: on VT-d unmapping what is absent takes neighbours along
 *
 * Return: bytes unmapped.
 */
size_t hw_unmap(struct uiommu_hw *hw, struct span r)
{
	return iommu_unmap(hw->domain, r.first, r.last - r.first + 1);
}

/**
 * hw_scrub() - unmap what a failed map may have left
 * @hw: the hardware domain
 * @r: where; nobody else maps there
 *
 * The driver of VT-d does not take back what it wrote before it ran out of
 * memory for the next table, and the IOMMU core does not know of it.
 */
void hw_scrub(struct uiommu_hw *hw, struct span r)
{
	u64 iova = r.first;
	size_t n;

	while (iova <= r.last) {
		n = 0;
		if (iommu_iova_to_phys(hw->domain, iova))
			n = iommu_unmap(hw->domain, iova, PAGE_SIZE);
		iova += max(n, PAGE_SIZE);
		cond_resched();
	}
}

static void publish(struct uiommu_domain *domain, struct uiommu_hw *hw)
{
	spin_lock(&domain->lock);
	domain->hw[domain->nr_hw++] = hw;
	spin_unlock(&domain->lock);
}

static void set_replaying(struct uiommu_domain *domain, bool replaying)
{
	spin_lock(&domain->lock);
	domain->replaying = replaying;
	spin_unlock(&domain->lock);
}

/* The first live mapping from @from up, made busy so that it stays. */
static struct uiommu_mapping *next_live(struct uiommu_domain *domain, u64 *from)
{
	struct uiommu_mapping *map;

	spin_lock(&domain->lock);
	map = tree_first(domain, (struct span){ *from, ~0ULL });
	while (map && map->state != MAP_LIVE)
		map = tree_next(map);
	if (map) {
		map->busy++;
		*from = map->iova + map->size;
	}
	spin_unlock(&domain->lock);
	return map;
}

static void no_longer_busy(struct uiommu_mapping *map)
{
	struct uiommu_domain *domain = map->domain;

	spin_lock(&domain->lock);
	map->busy--;
	wake_up_all(&domain->wait);
	domain_queue_reap(domain);
	spin_unlock(&domain->lock);
}

/* Mark @map as held by slot @slot, unless it was claimed meanwhile. */
static bool try_mark(struct uiommu_mapping *map, unsigned int slot)
{
	bool live;

	spin_lock(&map->domain->lock);
	live = map->state == MAP_LIVE;
	if (live)
		map->hw_mask |= 1U << slot;
	spin_unlock(&map->domain->lock);
	return live;
}

static bool try_unmark(struct uiommu_mapping *map, unsigned int slot)
{
	bool ours;

	spin_lock(&map->domain->lock);
	ours = map->state == MAP_LIVE && (map->hw_mask & (1U << slot));
	if (ours)
		map->hw_mask &= ~(1U << slot);
	spin_unlock(&map->domain->lock);
	return ours;
}

static struct span whole(struct uiommu_mapping *map)
{
	return (struct span){ map->iova, map->iova + map->size - 1 };
}

/*
 * No new mapping appears meanwhile, so that addresses freed by a claimer are
 * not mapped by anybody else before we have undone what we did there.
 */
static int replay_one(struct uiommu_mapping *map, unsigned int slot)
{
	struct uiommu_hw *hw = map->domain->hw[slot];
	int ret;

	ret = tables_note(map->domain, whole(map));
	if (!ret)
		ret = fill_hw(hw, map);
	if (!ret && !try_mark(map, slot))
		hw_unmap(hw, whole(map));
	no_longer_busy(map);
	return ret;
}

static int replay(struct uiommu_domain *domain, unsigned int slot)
{
	struct uiommu_mapping *map;
	u64 from = 0;
	int ret = 0;

	while (!ret && (map = next_live(domain, &from))) {
		ret = replay_one(map, slot);
		cond_resched();
		if (!from)
			break;
	}
	return ret;
}

/*
 * Take a slot, the last one, from its domain when nobody who claimed a mapping
 * looks at it any more.
 */
static void take_slot(struct uiommu_domain *domain, unsigned int slot)
{
	bool taken = false;

	while (!taken) {
		wait_event(domain->wait, !READ_ONCE(domain->nr_revoking));
		spin_lock(&domain->lock);
		taken = !domain->nr_revoking;
		if (taken) {
			domain->hw[slot] = NULL;
			domain->nr_hw = slot;
		}
		spin_unlock(&domain->lock);
	}
}

/* Take all mappings out of a slot, and the slot from its domain. */
static void empty_slot(struct uiommu_domain *domain, unsigned int slot,
		       bool attached)
{
	struct uiommu_mapping *map;
	u64 from = 0;

	while ((map = next_live(domain, &from))) {
		if (try_unmark(map, slot) && attached)
			hw_unmap(domain->hw[slot], whole(map));
		no_longer_busy(map);
		cond_resched();
		if (!from)
			break;
	}
	take_slot(domain, slot);
}

/**
 * hw_publish() - make a new hardware domain part of its domain
 * @domain: the domain, frozen
 * @hw: the hardware domain; its devices do not master the bus yet
 *
 * Maps in it all that is mapped.
 *
 * Return: 0, or -ENOMEM with @hw not part of the domain.
 */
int hw_publish(struct uiommu_domain *domain, struct uiommu_hw *hw)
{
	unsigned int slot = domain->nr_hw;
	int ret;

	lockdep_assert_held_write(&domain->freeze);
	publish(domain, hw);
	set_replaying(domain, true);
	ret = replay(domain, slot);
	if (ret)
		empty_slot(domain, slot, true);
	set_replaying(domain, false);
	return ret;
}

/**
 * hw_drop_idle() - free the page tables of a domain that no device uses
 * @domain: the domain
 *
 * Else whoever opens domains, attaches to each and leaves again could keep
 * tables without end. Waits for nobody but those who unmap just now: while
 * somebody maps the tables stay.
 */
void hw_drop_idle(struct uiommu_domain *domain)
{
	if (!down_write_trylock(&domain->freeze))
		return;
	while (domain->nr_hw && list_empty(&domain->groups)) {
		unsigned int slot = domain->nr_hw - 1;
		struct uiommu_hw *hw = domain->hw[slot];

		empty_slot(domain, slot, false);
		hw_free(hw);
	}
	if (!domain->nr_hw) {
		tables_forget_all(domain);
		limits_update(domain);
	}
	uiommu_domain_thaw(domain);
}
