/* SPDX-License-Identifier: GPL-2.0 */
/* Glances at suspects' pages. */
#ifndef _UIOMMU_GLANCE_H
#define _UIOMMU_GLANCE_H

#include "domain.h"

void glance_soon(struct uiommu_memory *memory);
bool glance_is_wanted(struct uiommu_memory *memory);
void glance_round(struct uiommu_memory *memory);

#endif /* _UIOMMU_GLANCE_H */
