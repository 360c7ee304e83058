/* SPDX-License-Identifier: GPL-2.0 */
/* Groups in a domain, and what they limit it to. */
#ifndef _UIOMMU_GROUP_H
#define _UIOMMU_GROUP_H

#include "domain.h"

/**
 * struct uiommu_group - an IOMMU group whose DMA we own
 * @node: place in the list of all; under groups_lock
 * @domain_node: place in &uiommu_domain.groups; under its lock
 * @iommu_group: the group; holds a reference
 * @domain: where it is attached; the attachments hold the reference
 * @hw: the hardware domain it is attached to; set by the first to join,
 *	who holds the domain frozen
 * @resv: its reserved windows; fixed once @hw is set
 * @room: memory for the limits of the domain; of the first to join
 * @nr_devices: devices attached; 0 while it leaves; under groups_lock
 * @cut_off: detached from @hw: it did not obey, or the last device leaves
 */
struct uiommu_group {
	struct list_head node;
	struct list_head domain_node;
	struct iommu_group *iommu_group;
	struct uiommu_domain *domain;
	struct uiommu_hw *hw;
	struct span_set resv;
	struct span *room;
	unsigned int nr_devices;
	bool cut_off;
};

struct uiommu_group *group_join(struct uiommu_domain *domain,
				struct device *dev, u32 flags);
void group_leave(struct uiommu_group *group);

/* limits.c */
int limits_init(struct uiommu_domain *domain);
int limits_check(struct uiommu_domain *domain, struct uiommu_group *group);
int limits_prepare(struct uiommu_domain *domain, struct uiommu_group *group);
void limits_add(struct uiommu_domain *domain, struct uiommu_group *group);
void limits_remove(struct uiommu_domain *domain, struct uiommu_group *group);
void limits_update(struct uiommu_domain *domain);

#endif /* _UIOMMU_GROUP_H */
