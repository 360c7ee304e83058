// SPDX-License-Identifier: GPL-2.0
/*
 * Raw calls of /dev/uiommu.
 *
 * Owns no state: each function fills one structure and makes one call.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "call.h"
#include "domain.h"
#include "process.h"
#include "text.h"

#define MAX_RANGES 16

/**
 * domain_open() - open a new, empty domain
 *
 * Return: descriptor, or a negative errno.
 */
int domain_open(void)
{
	int fd = open("/dev/uiommu", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/**
 * domain_map() - map at a fixed address
 * @fd: domain
 * @vaddr: memory
 * @iova: where the devices see it
 * @size: bytes
 * @write: may devices write?
 *
 * Return: 0, or a negative errno.
 */
int domain_map(int fd, const void *vaddr, __u64 iova, __u64 size, bool write)
{
	struct uiommu_map map = {
		.argsz = sizeof(map),
		.flags = UIOMMU_MAP_FIXED | (write ? UIOMMU_MAP_WRITE : 0),
		.vaddr = (unsigned long)vaddr,
		.iova = iova,
		.size = size,
	};

	return call(fd, UIOMMU_MAP, &map);
}

/**
 * domain_map_any() - map for writing where the kernel likes
 * @fd: domain
 * @vaddr: memory
 * @iova: out: where the devices see it
 * @size: bytes
 *
 * Return: 0, or a negative errno.
 */
int domain_map_any(int fd, const void *vaddr, __u64 *iova, __u64 size)
{
	struct uiommu_map map = {
		.argsz = sizeof(map),
		.flags = UIOMMU_MAP_WRITE,
		.vaddr = (unsigned long)vaddr,
		.size = size,
	};
	int err = call(fd, UIOMMU_MAP, &map);

	*iova = map.iova;
	return err;
}

/**
 * domain_map_within() - map for writing where limits let the kernel choose
 * @fd: domain
 * @vaddr: memory
 * @map: its size, lowest, highest and align in, its iova out
 *
 * Return: 0, or a negative errno.
 */
int domain_map_within(int fd, const void *vaddr, struct uiommu_map *map)
{
	map->argsz = sizeof(*map);
	map->flags = UIOMMU_MAP_WRITE;
	map->vaddr = (unsigned long)vaddr;
	return call(fd, UIOMMU_MAP, map);
}

/**
 * domain_unmap() - unmap the whole mappings in a range
 * @fd: domain
 * @iova: start
 * @size: bytes
 *
 * Return: 0, or a negative errno.
 */
int domain_unmap(int fd, __u64 iova, __u64 size)
{
	struct uiommu_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = iova,
		.size = size,
	};

	return call(fd, UIOMMU_UNMAP, &unmap);
}

/**
 * domain_unmap_all() - unmap everything the caller may
 * @fd: domain
 *
 * Return: 0, or a negative errno.
 */
int domain_unmap_all(int fd)
{
	struct uiommu_unmap unmap = {
		.argsz = sizeof(unmap),
		.flags = UIOMMU_UNMAP_ALL,
	};

	return call(fd, UIOMMU_UNMAP, &unmap);
}

/**
 * domain_info() - ask what a domain holds
 * @fd: domain
 * @info: out
 *
 * Return: 0, or a negative errno.
 */
int domain_info(int fd, struct uiommu_info *info)
{
	*info = (struct uiommu_info){ .argsz = sizeof(*info) };
	return call(fd, UIOMMU_INFO, info);
}

/**
 * domain_nr_maps() - how many mappings a domain holds
 * @fd: domain
 *
 * Return: the number, or a negative errno.
 */
long domain_nr_maps(int fd)
{
	struct uiommu_info info;
	int err = domain_info(fd, &info);

	return err ? err : (long)info.nr_maps;
}

/**
 * domain_pinned() - how many pages a domain has pinned
 * @fd: domain
 *
 * Return: the number, or a negative errno.
 */
long domain_pinned(int fd)
{
	struct uiommu_info info;
	int err = domain_info(fd, &info);

	return err ? err : (long)info.pinned;
}

/**
 * domain_pinned_becomes() - wait until so many pages are pinned
 * @fd: the domain
 * @npages: how many; what dies is unpinned by a worker
 *
 * Return: 1, or 0 if they are not within 20 s.
 */
int domain_pinned_becomes(int fd, long npages)
{
	int left = 1000;

	while (domain_pinned(fd) != npages) {
		if (!left--)
			return 0;
		process_nap(20);
	}
	return 1;
}

/**
 * domain_last() - the last address that the devices of a domain may have
 * @fd: domain
 *
 * Return: that address; all ones where the IOMMU has no limit.
 */
__u64 domain_last(int fd)
{
	struct uiommu_iova_range ranges[MAX_RANGES];
	struct uiommu_iova_ranges query = {
		.argsz = sizeof(query),
		.nr_ranges = MAX_RANGES,
		.ranges = (unsigned long)ranges,
	};

	if (call(fd, UIOMMU_IOVA_RANGES, &query) || !query.nr_ranges)
		return 0;
	return ranges[query.nr_ranges - 1].last;
}

/**
 * domain_separate() - has each device page tables of its own?
 *
 * So it is where the module's parameter separate_tables says so, for tests.
 *
 * Return: true if it has.
 */
bool domain_separate(void)
{
	char text[8];

	return text_read("/sys/module/uiommu/parameters/separate_tables", text,
			 sizeof(text)) > 0 &&
	       text[0] == 'Y';
}

/**
 * domain_iommu() - is an IOMMU of this kind in the machine?
 * @kind: as the kernel names it, without its number: "dmar" is Intel's VT-d,
 *	"ivhd" is AMD-Vi
 *
 * Return: true if so.
 */
bool domain_iommu(const char *kind)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/class/iommu/%s0", kind);
	return !access(path, F_OK);
}

/**
 * domain_revoked() - take the reports of revoked mappings
 * @fd: domain
 * @ranges: where to
 * @n: how many fit
 * @flags: out: flags of the answer
 *
 * Return: how many were stored, or a negative errno.
 */
int domain_revoked(int fd, struct uiommu_revoked_range *ranges, unsigned int n,
		   __u32 *flags)
{
	struct uiommu_revoked revoked = {
		.argsz = sizeof(revoked),
		.nr_ranges = n,
		.ranges = (unsigned long)ranges,
	};
	int err = call(fd, UIOMMU_REVOKED, &revoked);

	*flags = revoked.flags;
	return err ? err : (int)revoked.nr_ranges;
}

/**
 * domain_faults() - take the reports of DMA faults
 * @fd: domain
 * @faults: where to
 * @n: how many fit
 * @flags: out: flags of the answer
 *
 * Return: how many were stored, or a negative errno.
 */
int domain_faults(int fd, struct uiommu_fault *faults, unsigned int n,
		  __u32 *flags)
{
	struct uiommu_faults query = {
		.argsz = sizeof(query),
		.nr_faults = n,
		.faults = (unsigned long)faults,
	};
	int err = call(fd, UIOMMU_FAULTS, &query);

	*flags = query.flags;
	return err ? err : (int)query.nr_faults;
}
