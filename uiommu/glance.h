/* SPDX-License-Identifier: GPL-2.0 */
/* Who looks at suspects tells glances of it. */
#ifndef _UIOMMU_GLANCE_H
#define _UIOMMU_GLANCE_H

#include "domain.h"

/**
 * struct looker - somebody who looks at a mapping just now, and may wait
 * @node: place in &uiommu_domain.looking; under its lock
 * @map: the mapping, busy
 * @hull: where it looks
 */
struct looker {
	struct list_head node;
	struct uiommu_mapping *map;
	struct span hull;
};

void glance_soon(struct uiommu_domain *domain);
bool glance_is_wanted(struct uiommu_domain *domain);
void glance_round(struct uiommu_domain *domain);

#endif /* _UIOMMU_GLANCE_H */
