/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Teaches older kernels the names of newer ones: IOMMU and memory. Part of
 * compat.h.
 */
#ifndef _COMPAT_IOMMU_H
#define _COMPAT_IOMMU_H

#include <linux/version.h>

#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/trace_events.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)

#define iommu_map(domain, iova, paddr, size, prot, gfp) \
	iommu_map(domain, iova, paddr, size, prot)
#define iommu_map_sg(domain, iova, sg, nents, prot, gfp) \
	iommu_map_sg(domain, iova, sg, nents, prot)

static inline int compat_lacks_msi_isolation(struct device *dev, void *data)
{
	return !device_iommu_capable(dev, IOMMU_CAP_INTR_REMAP);
}

static inline bool iommu_group_has_isolated_msi(struct iommu_group *group)
{
	return !iommu_group_for_each_dev(group, NULL,
					 compat_lacks_msi_isolation);
}

#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
#define get_user_pages_remote(mm, start, npages, flags, pages, locked) \
	get_user_pages_remote(mm, start, npages, flags, pages, NULL, locked)
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
static inline struct iommu_domain *iommu_paging_domain_alloc(struct device *dev)
{
	struct iommu_domain *domain = iommu_domain_alloc(dev->bus);

	return domain ?: ERR_PTR(-ENOMEM);
}
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
#define compat_assign_str(field, value) __assign_str(field, value)
#else
#define compat_assign_str(field, value) __assign_str(field)
#endif

#endif /* _COMPAT_IOMMU_H */
