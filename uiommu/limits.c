// SPDX-License-Identifier: GPL-2.0
/*
 * What addresses a domain may map: what all its hardware can address, without
 * the reserved windows of its groups. Invariant: every live mapping is within.
 */
#include <linux/slab.h>

#include "group.h"

/* ranges that fit without any group */
#define BASE_CAP 4

static void remove_all(struct span_set *set, const struct span_set *windows)
{
	unsigned int i;

	for (i = 0; i < windows->nr; i++)
		span_set_remove(set, windows->ranges[i]);
}

/* What is allowed with all groups attached now; @set has the room. */
static void compute(struct uiommu_domain *domain, struct span_set *set)
{
	struct uiommu_group *group;
	unsigned int i;

	span_set_fill(set, SPAN_ALL);
	domain->aperture = SPAN_ALL;
	for (i = 0; i < domain->nr_hw; i++)
		domain->aperture = span_common(domain->aperture,
					       hw_aperture(domain->hw[i]));
	domain->levels = levels_below_root(domain->aperture.last);
	span_set_clip(set, domain->aperture);
	list_for_each_entry(group, &domain->groups, domain_node)
		remove_all(set, &group->resv);
}

static u64 common_page_sizes(struct uiommu_domain *domain)
{
	u64 sizes = ~0ULL;
	unsigned int i;

	for (i = 0; i < domain->nr_hw; i++)
		sizes &= domain->hw[i]->domain->pgsize_bitmap;
	/* smaller ones than the CPU's cannot be asked for */
	return domain->nr_hw ? sizes & PAGE_MASK : PAGE_SIZE;
}

/**
 * limits_init() - a domain with no hardware allows all there is
 * @domain: the new domain
 *
 * Return: 0 or -ENOMEM.
 */
int limits_init(struct uiommu_domain *domain)
{
	domain->allowed.ranges =
		kcalloc(BASE_CAP, sizeof(struct span), GFP_KERNEL_ACCOUNT);
	if (!domain->allowed.ranges)
		return -ENOMEM;
	domain->allowed.cap = BASE_CAP;
	domain->page_sizes = PAGE_SIZE;
	compute(domain, &domain->allowed);
	return 0;
}

static bool is_mapped(struct uiommu_domain *domain, struct span r)
{
	struct uiommu_mapping *map;
	bool mapped;

	if (span_empty(r))
		return false;
	spin_lock(&domain->lock);
	map = tree_first(domain, r);
	while (map && map->state != MAP_LIVE)
		map = tree_next(map);
	mapped = map && map->iova <= r.last;
	spin_unlock(&domain->lock);
	return mapped;
}

/**
 * limits_check() - may a group join with what is mapped?
 * @domain: the domain, frozen
 * @group: the group, with its hardware domain
 *
 * Return: 0, or -EADDRINUSE when a mapping is in one of its reserved windows
 * or outside what its IOMMU can address.
 */
int limits_check(struct uiommu_domain *domain, struct uiommu_group *group)
{
	struct span aperture = hw_aperture(group->hw);
	struct span below = SPAN_NONE, above = SPAN_NONE;
	unsigned int i;

	lockdep_assert_held_write(&domain->freeze);
	if (aperture.first)
		below = (struct span){ 0, aperture.first - 1 };
	if (aperture.last != ~0ULL)
		above = (struct span){ aperture.last + 1, ~0ULL };
	if (is_mapped(domain, below) || is_mapped(domain, above))
		return -EADDRINUSE;
	for (i = 0; i < group->resv.nr; i++)
		if (is_mapped(domain, group->resv.ranges[i]))
			return -EADDRINUSE;
	return 0;
}

/**
 * limits_prepare() - get the room that limits_add() needs
 * @domain: the domain, frozen
 * @group: the group
 *
 * Return: 0 or -ENOMEM.
 */
int limits_prepare(struct uiommu_domain *domain, struct uiommu_group *group)
{
	/* each window cuts one range in two at most */
	unsigned int cap = domain->allowed.cap + group->resv.nr;

	group->room = kcalloc(cap, sizeof(*group->room), GFP_KERNEL_ACCOUNT);
	return group->room ? 0 : -ENOMEM;
}

/**
 * limits_add() - limit a domain to what a group allows
 * @domain: the domain, frozen; the group's hardware domain is published
 * @group: the group, prepared
 */
void limits_add(struct uiommu_domain *domain, struct uiommu_group *group)
{
	spin_lock(&domain->lock);
	swap(domain->allowed.ranges, group->room);
	domain->allowed.cap += group->resv.nr;
	list_add_tail(&group->domain_node, &domain->groups);
	compute(domain, &domain->allowed);
	domain->page_sizes = common_page_sizes(domain);
	spin_unlock(&domain->lock);
}

/**
 * limits_remove() - forget the reserved windows of a group
 * @domain: the domain
 * @group: the group
 */
void limits_remove(struct uiommu_domain *domain, struct uiommu_group *group)
{
	spin_lock(&domain->lock);
	list_del(&group->domain_node);
	domain->allowed.cap -= group->resv.nr;
	compute(domain, &domain->allowed);
	spin_unlock(&domain->lock);
}

/**
 * limits_update() - limit a domain to what its hardware domains allow now
 * @domain: the domain, frozen; some of them have gone or become narrower
 */
void limits_update(struct uiommu_domain *domain)
{
	spin_lock(&domain->lock);
	compute(domain, &domain->allowed);
	domain->page_sizes = common_page_sizes(domain);
	spin_unlock(&domain->lock);
}
