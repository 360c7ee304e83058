/* SPDX-License-Identifier: GPL-2.0 */
/* Raw calls of /dev/uiommu; each returns 0 or a negative errno. */
#ifndef SELFTESTS_DOMAIN_H
#define SELFTESTS_DOMAIN_H

#include <stdbool.h>
#include <linux/types.h>
#include <linux/uiommu.h>

int domain_open(void);
int domain_map(int fd, const void *vaddr, __u64 iova, __u64 size, bool write);
int domain_map_any(int fd, const void *vaddr, __u64 *iova, __u64 size);
int domain_map_within(int fd, const void *vaddr, struct uiommu_map *map);
int domain_unmap(int fd, __u64 iova, __u64 size);
int domain_unmap_all(int fd);
int domain_info(int fd, struct uiommu_info *info);
long domain_nr_maps(int fd);
long domain_pinned(int fd);
int domain_pinned_becomes(int fd, long npages);
__u64 domain_last(int fd);
bool domain_separate(void);
bool domain_iommu(const char *kind);
int domain_revoked(int fd, struct uiommu_revoked_range *ranges, unsigned int n,
		   __u32 *flags);
int domain_faults(int fd, struct uiommu_fault *faults, unsigned int n,
		  __u32 *flags);

#endif
