// SPDX-License-Identifier: GPL-2.0
/*
 * What addresses a domain may map: what all its hardware can address, without
 * the reserved windows of its groups. Invariant: every live mapping is within.
 */
#include <linux/slab.h>

#include "group.h"

#ifdef CONFIG_X86
/*
 * Writes there are interrupts, never memory, with every x86 IOMMU (Intel SDM
 * volume 3, 11.11.1 "Message Address Register Format"). Known before any
 * device is attached, so that what is prepared early does not fail late.
 */
#define ARCH_WINDOW ((struct span){ 0xfee00000, 0xfeefffff })
#else
#define ARCH_WINDOW SPAN_NONE
#endif

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
	if (!span_empty(ARCH_WINDOW))
		span_set_remove(set, ARCH_WINDOW);
	for (i = 0; i < domain->nr_hw; i++)
		span_set_clip(set, hw_aperture(domain->hw[i]));
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

	if (span_empty(r))
		return false;
	spin_lock(&domain->lock);
	map = tree_first(domain, r);
	while (map && map->state != MAP_LIVE)
		map = tree_next(map);
	spin_unlock(&domain->lock);
	return map && map->iova <= r.last;
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
 * limits_add() - limit a domain to what a group allows
 * @domain: the domain, frozen; the group's hardware domain is published
 * @group: the group
 *
 * Return: 0 or -ENOMEM.
 */
int limits_add(struct uiommu_domain *domain, struct uiommu_group *group)
{
	/* each window cuts one range in two at most */
	unsigned int cap = domain->allowed.cap + group->resv.nr;
	struct span *ranges = kcalloc(cap, sizeof(*ranges), GFP_KERNEL_ACCOUNT);

	if (!ranges)
		return -ENOMEM;
	spin_lock(&domain->lock);
	swap(domain->allowed.ranges, ranges);
	domain->allowed.cap = cap;
	list_add_tail(&group->domain_node, &domain->groups);
	compute(domain, &domain->allowed);
	domain->page_sizes = common_page_sizes(domain);
	spin_unlock(&domain->lock);
	kfree(ranges);
	return 0;
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
