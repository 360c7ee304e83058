// SPDX-License-Identifier: GPL-2.0
/*
 * IOMMU groups: what can be isolated only together. Owns the list of groups
 * whose DMA we own. Invariant: a group is in one domain at most, its DMA
 * ownership claimed from the first attach of a device to the last detach. While
 * that goes on it is in the list with no device, and nobody may join.
 */
#include <linux/device.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "group.h"

static DEFINE_MUTEX(groups_lock);
static LIST_HEAD(groups);

static struct uiommu_group *find(struct iommu_group *iommu_group)
{
	struct uiommu_group *group;

	lockdep_assert_held(&groups_lock);
	list_for_each_entry(group, &groups, node)
		if (group->iommu_group == iommu_group)
			return group;
	return NULL;
}

/* Returns the group with one device more; @nr_devices is 1 for a new one. */
static struct uiommu_group *join(struct uiommu_domain *domain,
				 struct iommu_group *iommu_group)
{
	struct uiommu_group *group = find(iommu_group);

	if (READ_ONCE(domain->broken))
		return ERR_PTR(-EBUSY);
	if (group &&
	    (group->domain != domain || group->cut_off || !group->nr_devices))
		return ERR_PTR(-EBUSY);
	if (group) {
		group->nr_devices++;
		return group;
	}
	group = kzalloc(sizeof(*group), GFP_KERNEL_ACCOUNT);
	if (!group)
		return ERR_PTR(-ENOMEM);
	iommu_group_ref_get(iommu_group);
	group->iommu_group = iommu_group;
	group->domain = domain;
	group->nr_devices = 1;
	list_add(&group->node, &groups);
	return group;
}

static void forget(struct uiommu_group *group)
{
	list_del(&group->node);
	iommu_group_put(group->iommu_group);
	kfree(group->resv.ranges);
	kfree(group->room);
	kfree(group);
}

static unsigned int count(struct list_head *list)
{
	struct list_head *pos;
	unsigned int n = 0;

	list_for_each(pos, list)
		n++;
	return n;
}

static void free_regions(struct list_head *regions)
{
	struct iommu_resv_region *region, *next;

	list_for_each_entry_safe(region, next, regions, list)
		kfree(region);
}

/* Remember the group's reserved windows; those that may be relaxed are none. */
static int read_reserved(struct uiommu_group *group)
{
	struct iommu_resv_region *region;
	struct span_set *resv = &group->resv;
	LIST_HEAD(regions);
	int ret;

	ret = iommu_get_group_resv_regions(group->iommu_group, &regions);
	if (ret)
		goto out;
	resv->cap = count(&regions);
	resv->ranges = kcalloc(resv->cap + 1, sizeof(*resv->ranges),
			       GFP_KERNEL_ACCOUNT);
	ret = resv->ranges ? 0 : -ENOMEM;
	list_for_each_entry(region, &regions, list) {
		if (ret || !region->length ||
		    region->type == IOMMU_RESV_DIRECT_RELAXABLE)
			continue;
		resv->ranges[resv->nr++] = (struct span){
			.first = region->start & PAGE_MASK,
			.last = (region->start + region->length - 1) |
				~PAGE_MASK,
		};
	}
out:
	free_regions(&regions);
	return ret;
}

/* Make it ours; what the IOMMU core says by what the user is told of it. */
static int claim_dma(struct uiommu_group *group)
{
	switch (iommu_group_claim_dma_owner(group->iommu_group, group)) {
	case 0:
		return 0;
	case -EPERM:
	case -EBUSY:
		return -EBUSY; /* somebody else owns its DMA */
	case -ENOMEM:
	case -EINVAL: /* 6.1, without memory for a domain that blocks */
		return -ENOMEM;
	default:
		return -ENODEV;
	}
}

/* The slow part of joining as the first; others of our kind see it taken. */
static int set_up(struct uiommu_group *group, struct device *dev, u32 flags)
{
	struct uiommu_hw *hw;
	int ret;

	if (!(flags & UIOMMU_ATTACH_UNSAFE_INTRS) &&
	    !iommu_group_has_isolated_msi(group->iommu_group))
		return -EPERM;
	ret = read_reserved(group);
	if (ret)
		return ret;
	ret = claim_dma(group);
	if (ret)
		return ret;
	hw = hw_attach(group->domain, dev, group->iommu_group);
	if (IS_ERR(hw)) {
		iommu_group_release_dma_owner(group->iommu_group);
		/* what an IOMMU's driver says is no business of the user's */
		return PTR_ERR(hw) == -ENOMEM ? -ENOMEM : -ENODEV;
	}
	mutex_lock(&groups_lock);
	group->hw = hw;
	mutex_unlock(&groups_lock);
	return 0;
}

/*
 * Detached without our lock: that may have to wait for those who map just now,
 * and they for memory. To detach a group once more that has been cut off is no
 * harm.
 */
static void tear_down(struct uiommu_group *group)
{
	hw_detach(group->hw, group->iommu_group);
	/* its next owner's domain is none of group_cut_off()'s business */
	mutex_lock(&groups_lock);
	group->cut_off = true;
	mutex_unlock(&groups_lock);
	iommu_group_release_dma_owner(group->iommu_group);
}

static bool is_published(struct uiommu_domain *domain, struct uiommu_hw *hw)
{
	unsigned int i;

	for (i = 0; i < domain->nr_hw; i++)
		if (domain->hw[i] == hw)
			return true;
	return false;
}

/* Make the group's limits and hardware domain those of its domain. */
static int admit(struct uiommu_group *group)
{
	struct uiommu_domain *domain = group->domain;
	struct uiommu_hw *hw = group->hw;
	bool published = is_published(domain, hw);
	int ret;

	/* cut off before it could be seen */
	ret = READ_ONCE(domain->broken) ? -EBUSY : limits_check(domain, group);
	if (!ret)
		ret = limits_prepare(domain, group);
	if (!ret && !published)
		ret = slots_add(domain, hw);
	if (!ret) {
		limits_add(domain, group);
		mutex_lock(&groups_lock);
		hw->nr_groups++;
		mutex_unlock(&groups_lock);
		return 0;
	}
	tear_down(group);
	mutex_lock(&groups_lock);
	group->hw = NULL;
	mutex_unlock(&groups_lock);
	if (!published)
		hw_free(hw);
	return ret;
}

static int first_in(struct uiommu_group *group, struct device *dev, u32 flags)
{
	int ret;

	ret = set_up(group, dev, flags);
	if (!ret)
		ret = admit(group);
	/* an attach that failed may have made page tables narrower */
	if (ret)
		limits_update(group->domain);
	return ret;
}

/**
 * group_join() - bring a device's group into a domain
 * @domain: the domain, frozen
 * @dev: the device
 * @flags: UIOMMU_ATTACH_UNSAFE_INTRS
 *
 * Return: the group, or an ERR_PTR as uiommu_attach() documents it.
 */
struct uiommu_group *group_join(struct uiommu_domain *domain,
				struct device *dev, u32 flags)
{
	struct iommu_group *iommu_group = iommu_group_get(dev);
	struct uiommu_group *group;
	int ret = 0;

	lockdep_assert_held_write(&domain->freeze);
	if (!iommu_group)
		return ERR_PTR(-ENODEV);
	mutex_lock(&groups_lock);
	group = join(domain, iommu_group);
	mutex_unlock(&groups_lock);
	iommu_group_put(iommu_group);
	if (IS_ERR(group))
		return group;
	if (!group->hw)
		ret = first_in(group, dev, flags);
	if (!ret)
		return group;
	mutex_lock(&groups_lock);
	forget(group);
	mutex_unlock(&groups_lock);
	return ERR_PTR(ret);
}

/**
 * group_leave() - a device leaves; the last one takes the group along
 * @group: its group
 */
void group_leave(struct uiommu_group *group)
{
	bool last;

	mutex_lock(&groups_lock);
	last = !--group->nr_devices;
	mutex_unlock(&groups_lock);
	if (!last)
		return;
	tear_down(group);
	mutex_lock(&groups_lock);
	group->hw->nr_groups--;
	/* from here on slots_drop_idle() may free the hardware domain */
	limits_remove(group->domain, group);
	forget(group);
	mutex_unlock(&groups_lock);
}

/**
 * group_cut_off() - detach all groups of a domain for good
 * @domain: the domain, whose hardware does not obey
 * @r: what it keeps mapped
 *
 * Takes the lock of all groups.
 */
void group_cut_off(struct uiommu_domain *domain, struct span r)
{
	struct uiommu_group *group;

	pr_err_ratelimited(
		"domain %u: IOMMU keeps IOVA %#llx to %#llx mapped; all devices of the domain are cut off\n",
		domain->id, r.first, r.last);
	spin_lock(&domain->lock);
	domain->broken = true;
	spin_unlock(&domain->lock);
	mutex_lock(&groups_lock);
	list_for_each_entry(group, &groups, node) {
		if (group->domain != domain || !group->hw || group->cut_off)
			continue;
		hw_detach(group->hw, group->iommu_group);
		group->cut_off = true;
	}
	mutex_unlock(&groups_lock);
}
