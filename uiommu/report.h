/* SPDX-License-Identifier: GPL-2.0 */
/* Which mappings were revoked, until the owner reads it. */
#ifndef _UIOMMU_REPORT_H
#define _UIOMMU_REPORT_H

#include <linux/types.h>
#include <uapi/linux/uiommu.h>

#define UIOMMU_MAX_REPORTS 64

struct uiommu_domain;
struct uiommu_mapping;

/**
 * struct uiommu_report - revoked mappings that the owner has not read yet
 * @ring: the mappings
 * @first: index of the oldest
 * @nr: how many
 * @overflow: more were revoked than fit
 */
struct uiommu_report {
	struct uiommu_revoked_range ring[UIOMMU_MAX_REPORTS];
	unsigned int first;
	unsigned int nr;
	bool overflow;
};

void report_push(struct uiommu_domain *domain, struct uiommu_mapping *map);
int report_take(struct uiommu_domain *domain, struct uiommu_revoked *arg);

#endif /* _UIOMMU_REPORT_H */
