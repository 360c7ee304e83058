// SPDX-License-Identifier: LGPL-2.1
/*
 * The calls of /dev/uiommu: one open file is one address space.
 *
 * Invariant: every structure handed to the kernel tells its own size and has
 * no byte that this file did not set.
 */
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#include "internal.h"
#include "uvfio.h"

/**
 * uvfio_domain_open() - make a new, empty domain
 *
 * Needs no privilege. The domain lives until this descriptor, its copies and
 * the last device attached to it have gone.
 *
 * Return: the descriptor, or a negative errno.
 */
int uvfio_domain_open(void)
{
	int fd = open("/dev/uiommu", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/**
 * uvfio_domain_map() - let the devices of a domain reach a buffer
 * @domain: descriptor of the domain
 * @buffer: what to map; without UIOMMU_MAP_FIXED the kernel chooses the
 *	I/O address and stores it in &uvfio_buffer.iova
 * @flags: UIOMMU_MAP_WRITE, UIOMMU_MAP_FIXED
 *
 * The kernel does not know how many address bits a device has: for one that
 * has less than 64 use uvfio_domain_map_within().
 *
 * Return: 0, or a negative errno.
 */
int uvfio_domain_map(int domain, struct uvfio_buffer *buffer, __u32 flags)
{
	static const struct uvfio_limits none;

	return uvfio_domain_map_within(domain, buffer, flags, &none);
}

/**
 * uvfio_domain_map_within() - let devices of few address bits reach a buffer
 * @domain: descriptor of the domain
 * @buffer: what to map; without UIOMMU_MAP_FIXED the kernel chooses the
 *	I/O address and stores it in &uvfio_buffer.iova
 * @flags: UIOMMU_MAP_WRITE, UIOMMU_MAP_FIXED
 * @limits: what addresses the devices can take; with UIOMMU_MAP_FIXED the
 *	address in @buffer is checked against them
 *
 * Return: 0, or a negative errno: -EINVAL also for an address outside @limits,
 * -ENOSPC where no address within them is free.
 */
int uvfio_domain_map_within(int domain, struct uvfio_buffer *buffer,
			    __u32 flags, const struct uvfio_limits *limits)
{
	bool fixed = flags & UIOMMU_MAP_FIXED;
	struct uiommu_map map = {
		.argsz = sizeof(map),
		.flags = flags,
		.vaddr = (uintptr_t)buffer->vaddr,
		.iova = fixed ? buffer->iova.addr : 0,
		.size = buffer->size,
		.lowest = fixed ? 0 : limits->lowest,
		.highest = fixed ? 0 : uvfio_highest(limits),
		.align = fixed ? 0 : limits->align,
	};
	int ret;

	if (fixed && !uvfio_reaches(limits, buffer))
		return -EINVAL;
	ret = call(domain, UIOMMU_MAP, &map);
	if (!ret)
		buffer->iova = uvfio_iova(map.iova);
	return ret;
}

static int unmap(int domain, struct uiommu_unmap *range, __u64 *removed)
{
	int ret = call(domain, UIOMMU_UNMAP, range);

	if (removed)
		*removed = ret ? 0 : range->size;
	return ret;
}

/**
 * uvfio_domain_unmap() - take back all mappings in a range
 * @domain: descriptor of the domain
 * @iova: start of the range
 * @size: bytes; the range must not cut a mapping
 * @removed: bytes of mappings removed; may be NULL
 *
 * Return: 0, or a negative errno.
 */
int uvfio_domain_unmap(int domain, struct uvfio_iova iova, __u64 size,
		       __u64 *removed)
{
	struct uiommu_unmap range = {
		.argsz = sizeof(range),
		.iova = iova.addr,
		.size = size,
	};

	return unmap(domain, &range, removed);
}

/**
 * uvfio_domain_unmap_all() - take back every mapping that is the caller's
 * @domain: descriptor of the domain
 * @removed: bytes of mappings removed; may be NULL
 *
 * Return: 0, or a negative errno.
 */
int uvfio_domain_unmap_all(int domain, __u64 *removed)
{
	struct uiommu_unmap range = {
		.argsz = sizeof(range),
		.flags = UIOMMU_UNMAP_ALL,
	};

	return unmap(domain, &range, removed);
}

/**
 * uvfio_domain_info() - ask for counts and page sizes
 * @domain: descriptor of the domain
 * @info: where the answer goes
 *
 * Return: 0, or a negative errno.
 */
int uvfio_domain_info(int domain, struct uiommu_info *info)
{
	*info = (struct uiommu_info){ .argsz = sizeof(*info) };
	return call(domain, UIOMMU_INFO, info);
}

/**
 * uvfio_domain_room() - ask how much more may be mapped
 * @domain: descriptor of the domain
 * @bytes: where the answer goes: what the limit of locked memory leaves to this
 *	process after all that its user has locked; all ones without a limit
 *
 * It is true at that moment: another process of the user may be faster.
 *
 * Return: 0, or a negative errno.
 */
int uvfio_domain_room(int domain, __u64 *bytes)
{
	__u64 page_size = sysconf(_SC_PAGESIZE);
	struct uiommu_info info;
	int err = uvfio_domain_info(domain, &info);

	if (err)
		return err;
	if (info.lockable > ~0ULL / page_size)
		*bytes = ~0ULL;
	else
		*bytes = info.lockable * page_size;
	return 0;
}

/**
 * uvfio_domain_ranges() - ask which I/O addresses may be mapped
 * @domain: descriptor of the domain
 * @ranges: where the answer goes, ascending
 * @nr_ranges: in: room at @ranges; out: how many there are, also when they
 *	do not fit (-ENOSPC)
 *
 * Return: 0, or a negative errno.
 */
int uvfio_domain_ranges(int domain, struct uiommu_iova_range *ranges,
			__u32 *nr_ranges)
{
	struct uiommu_iova_ranges query = {
		.argsz = sizeof(query),
		.nr_ranges = *nr_ranges,
		.ranges = (uintptr_t)ranges,
	};
	int ret = call(domain, UIOMMU_IOVA_RANGES, &query);

	if (!ret || ret == -ENOSPC)
		*nr_ranges = query.nr_ranges;
	return ret;
}

/**
 * uvfio_domain_revoked() - take the reports of mappings whose memory went
 * @domain: descriptor of the domain; poll() shows POLLIN while there are any
 * @ranges: where the reports go, oldest first
 * @nr_ranges: in: room at @ranges; out: how many were stored
 * @overflow: whether more were revoked than the kernel remembers
 *
 * Return: 0, or a negative errno.
 */
int uvfio_domain_revoked(int domain, struct uiommu_revoked_range *ranges,
			 __u32 *nr_ranges, bool *overflow)
{
	struct uiommu_revoked query = {
		.argsz = sizeof(query),
		.nr_ranges = *nr_ranges,
		.ranges = (uintptr_t)ranges,
	};
	int ret = call(domain, UIOMMU_REVOKED, &query);

	if (ret)
		return ret;
	*nr_ranges = query.nr_ranges;
	*overflow = query.flags & UIOMMU_REVOKED_OVERFLOW;
	return 0;
}

/**
 * uvfio_domain_faults() - take the reports of DMA faults
 * @domain: descriptor of the domain; poll() shows POLLMSG while there are any
 * @faults: where the reports go, oldest first
 * @nr_faults: in: room at @faults; out: how many were stored
 * @overflow: whether there were more than the kernel remembers
 *
 * Return: 0, or a negative errno: -EOPNOTSUPP where the IOMMU tells of faults
 * in the kernel's log alone.
 */
int uvfio_domain_faults(int domain, struct uiommu_fault *faults,
			__u32 *nr_faults, bool *overflow)
{
	struct uiommu_faults query = {
		.argsz = sizeof(query),
		.nr_faults = *nr_faults,
		.faults = (uintptr_t)faults,
	};
	int ret = call(domain, UIOMMU_FAULTS, &query);

	if (ret)
		return ret;
	*nr_faults = query.nr_faults;
	*overflow = query.flags & UIOMMU_FAULTS_OVERFLOW;
	return 0;
}
