/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * uiommu: an I/O address space as a file descriptor
 *
 * Each open of /dev/uiommu is a new, empty domain: one I/O address space that
 * any number of devices may share. A device joins by its own driver's call
 * (VFIO_DOMAIN_SET for /dev/vfio<N>, see linux/uvfio.h). Memory may be mapped
 * before or after that, here or through a device's descriptor.
 *
 * Every structure begins with @argsz, the size in bytes of the structure as
 * the caller knows it, and @flags. Errors common to all calls:
 *
 * * EFAULT: the structure cannot be read or written
 * * EINVAL: @argsz is smaller than the first version of the structure, or a
 *   known field has a value that makes no sense
 * * E2BIG: @argsz is larger than the kernel knows and the rest is not zero, or
 *   it is larger than a page
 * * EOPNOTSUPP: a flag that the kernel does not know
 * * ENOTTY: no such call
 */
#ifndef _UAPI_LINUX_UIOMMU_H
#define _UAPI_LINUX_UIOMMU_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define UIOMMU_TYPE ';'
#define UIOMMU_BASE 180

/* &uiommu_map.flags: the device may write; without it the device only reads */
#define UIOMMU_MAP_WRITE (1U << 0)
/* &uiommu_map.flags: map at &uiommu_map.iova; without it the kernel chooses */
#define UIOMMU_MAP_FIXED (1U << 1)

/**
 * struct uiommu_map - argument of UIOMMU_MAP
 * @argsz: size of this structure in bytes
 * @flags: UIOMMU_MAP_WRITE, UIOMMU_MAP_FIXED
 * @vaddr: start of the buffer in the caller's memory, page aligned
 * @iova: I/O virtual address; in with UIOMMU_MAP_FIXED, out without
 * @size: bytes, a multiple of the page size
 * @lowest: without UIOMMU_MAP_FIXED: lowest address to choose; 0 for 64 KiB
 * @highest: last address that the mapping may reach, inclusive: the last that
 *	the device can address; 0 for all that the IOMMUs can
 * @align: a power of two that @iova is to be a multiple of; 0 for the page
 *	size
 *
 * @lowest, @highest and @align are not in the first version; they are 0 with
 * UIOMMU_MAP_FIXED.
 *
 * The kernel chooses the lowest free address at which the mapping fits. It is
 * aligned as far as the buffer is for large pages, where there is room for
 * that. With an alignment and a great many gaps too small for it, some of them
 * may be passed by. An address is chosen again as soon as it is free: a device
 * that is still told an old one reaches what is mapped there now. The kernel
 * knows what the IOMMU can address, and not what the device can: a device with
 * 32 address bits drops the others, and reaches another mapping, unless
 * @highest is 0xffffffff.
 *
 * Pins the pages, charges them to the caller's locked-memory quota and maps
 * them for every device of the domain, present and future. The mapping ends
 * by UIOMMU_UNMAP, by the close of the descriptor that made it, or when the
 * memory itself goes (munmap, mremap, exec, exit, MADV_DONTNEED, a hole
 * punched). It ends as a whole when a page of its memory goes, as a balloon or
 * another discard takes it: map in blocks what is given back in blocks, and
 * unmap before. exec ends the mappings and leaves the descriptor: map again.
 *
 * * EINVAL: zero, unaligned or wrapping range; outside what the devices'
 *   IOMMUs can address or in one of their reserved windows; @lowest above
 *   @highest, @align no power of two, or either of them with
 *   UIOMMU_MAP_FIXED; or this descriptor holds mappings of another process
 * * EBUSY: overlaps a mapping
 * * ENOSPC: no free range of that size and alignment between @lowest and
 *   @highest (without UIOMMU_MAP_FIXED)
 * * ENOMEM: over the locked-memory limit (RLIMIT_MEMLOCK), or no memory
 * * EFAULT: part of the buffer is not mapped, not readable, or not writable
 *   when UIOMMU_MAP_WRITE is asked, or was unmapped meanwhile; or touching it
 *   would be SIGBUS: the pool of huge pages is empty, its tmpfs is full, its
 *   file is shorter; or it is a device's memory that may not be reached
 * * EOPNOTSUPP: memory that cannot be pinned for long: secret memory, a shared
 *   mapping of an ordinary file, a dma-buf, a BAR mapped by other means than
 *   a device descriptor
 * * EINTR: a fatal signal; no other ends a call
 * * EIO: an IOMMU did not obey; the devices of the domain were cut off
 *
 * A mapping of another device's memory (an mmap of its BAR) pins nothing; it is
 * charged as one page.
 */
struct uiommu_map {
	__u32 argsz;
	__u32 flags;
	__aligned_u64 vaddr;
	__aligned_u64 iova;
	__aligned_u64 size;
	__aligned_u64 lowest;
	__aligned_u64 highest;
	__aligned_u64 align;
};

#define UIOMMU_MAP _IO(UIOMMU_TYPE, UIOMMU_BASE + 0)

/* &uiommu_unmap.flags: everything the caller may unmap; iova and size are 0 */
#define UIOMMU_UNMAP_ALL (1U << 0)

/**
 * struct uiommu_unmap - argument of UIOMMU_UNMAP
 * @argsz: size of this structure in bytes
 * @flags: UIOMMU_UNMAP_ALL
 * @iova: start of the range
 * @size: in: bytes of the range; out: bytes of mappings removed, 0 if
 *	UIOMMU_UNMAP_ALL found none, which is no error
 *
 * Removes the mappings in the range that this descriptor made or whose memory
 * is the caller's. When it returns, no device reaches the pages, and their
 * charge has been given back.
 *
 * * EINVAL: zero, unaligned or wrapping range; or the range cuts a mapping
 * * ENXIO: nothing there that is the caller's
 * * EINTR: a fatal signal; @size tells how much was removed
 */
struct uiommu_unmap {
	__u32 argsz;
	__u32 flags;
	__aligned_u64 iova;
	__aligned_u64 size;
};

#define UIOMMU_UNMAP _IO(UIOMMU_TYPE, UIOMMU_BASE + 1)

/* &uiommu_info.features: every IOMMU of the domain reports DMA faults */
#define UIOMMU_INFO_FAULTS (1U << 0)

/**
 * struct uiommu_info - argument of UIOMMU_INFO
 * @argsz: size of this structure in bytes
 * @flags: none, 0
 * @page_sizes: bit mask of page sizes that every attached device's IOMMU can
 *	map, in bytes; before the first attach the CPU's page size alone
 * @nr_maps: mappings in the domain
 * @mapped: bytes mapped
 * @pinned: pages pinned, of the CPU's page size
 * @nr_devices: devices attached
 * @nr_hw_domains: hardware page tables behind the domain
 * @features: UIOMMU_INFO_FAULTS; nothing before the first attach
 * @reserved: 0
 * @locked: pages that count against the limit of locked memory of the caller:
 *	of all processes of the caller's user, whatever the domain
 * @lockable: pages that the caller could have mapped now before a map is
 *	ENOMEM for RLIMIT_MEMLOCK; all ones without a limit (RLIM_INFINITY,
 *	CAP_IPC_LOCK). Page tables may be charged too, see Documentation.
 *
 * @features and @reserved are not in the first version, @locked and @lockable
 * not in the second.
 */
struct uiommu_info {
	__u32 argsz;
	__u32 flags;
	__aligned_u64 page_sizes;
	__aligned_u64 nr_maps;
	__aligned_u64 mapped;
	__aligned_u64 pinned;
	__u32 nr_devices;
	__u32 nr_hw_domains;
	__u32 features;
	__u32 reserved;
	__aligned_u64 locked;
	__aligned_u64 lockable;
};

#define UIOMMU_INFO _IO(UIOMMU_TYPE, UIOMMU_BASE + 2)

/**
 * struct uiommu_iova_range - addresses that may be mapped
 * @first: first I/O virtual address
 * @last: last I/O virtual address, inclusive
 */
struct uiommu_iova_range {
	__aligned_u64 first;
	__aligned_u64 last;
};

/**
 * struct uiommu_iova_ranges - argument of UIOMMU_IOVA_RANGES
 * @argsz: size of this structure in bytes
 * @flags: none, 0
 * @nr_ranges: in: how many records fit at @ranges; out: how many there are
 * @reserved: 0
 * @ranges: address of an array of &struct uiommu_iova_range, ascending
 *
 * * ENOSPC: they do not fit; @nr_ranges tells how many there are
 */
struct uiommu_iova_ranges {
	__u32 argsz;
	__u32 flags;
	__u32 nr_ranges;
	__u32 reserved;
	__aligned_u64 ranges;
};

#define UIOMMU_IOVA_RANGES _IO(UIOMMU_TYPE, UIOMMU_BASE + 3)

/**
 * struct uiommu_revoked_range - a mapping that ended because its memory went
 * @iova: its I/O virtual address
 * @size: its size in bytes
 */
struct uiommu_revoked_range {
	__aligned_u64 iova;
	__aligned_u64 size;
};

/* &uiommu_revoked.flags, out: more were revoked than could be remembered */
#define UIOMMU_REVOKED_OVERFLOW (1U << 0)

/**
 * struct uiommu_revoked - argument of UIOMMU_REVOKED
 * @argsz: size of this structure in bytes
 * @flags: in: 0; out: UIOMMU_REVOKED_OVERFLOW
 * @nr_ranges: in: how many records fit at @ranges; out: how many were stored
 * @reserved: 0
 * @ranges: address of an array of &struct uiommu_revoked_range, oldest first
 *
 * Takes the reports of revoked mappings. poll() on the descriptor shows
 * POLLIN | POLLPRI while there are any. The kernel remembers a fixed number
 * of them and an overflow mark, which this call clears.
 */
struct uiommu_revoked {
	__u32 argsz;
	__u32 flags;
	__u32 nr_ranges;
	__u32 reserved;
	__aligned_u64 ranges;
};

#define UIOMMU_REVOKED _IO(UIOMMU_TYPE, UIOMMU_BASE + 4)

/* &uiommu_fault.flags: the device tried to write; without it, to read */
#define UIOMMU_FAULT_WRITE (1U << 0)
/* &uiommu_fault.flags: &uiommu_fault.device tells which device it was */
#define UIOMMU_FAULT_DEVICE (1U << 1)

/**
 * struct uiommu_fault - a device tried to reach what it may not
 * @flags: UIOMMU_FAULT_WRITE, UIOMMU_FAULT_DEVICE
 * @reserved: 0
 * @iova: the I/O virtual address
 * @device: with UIOMMU_FAULT_DEVICE which device, as its driver names it: for
 *	/dev/vfio<N> the PCI segment in bits 16 and up, the bus in bits 8 to
 *	15, device and function in bits 0 to 7. Else 0: the IOMMU cannot tell
 *	it from others, or the device has been detached since.
 */
struct uiommu_fault {
	__u32 flags;
	__u32 reserved;
	__aligned_u64 iova;
	__aligned_u64 device;
};

/* &uiommu_faults.flags, out: there were more than could be remembered */
#define UIOMMU_FAULTS_OVERFLOW (1U << 0)

/**
 * struct uiommu_faults - argument of UIOMMU_FAULTS
 * @argsz: size of this structure in bytes
 * @flags: in: 0; out: UIOMMU_FAULTS_OVERFLOW
 * @nr_faults: in: how many records fit at @faults; out: how many were stored
 * @reserved: 0
 * @faults: address of an array of &struct uiommu_fault, oldest first
 *
 * Takes the reports of DMA faults. poll() on the descriptor shows POLLMSG
 * while there are any: a bit of their own, which no program gets that reads
 * only revocations. The kernel remembers a fixed number of them and an
 * overflow mark, which this call clears. An IOMMU may itself leave out faults
 * that come fast one upon another. Each is in the kernel's log, too, as far
 * as its rate limit goes.
 *
 * * EOPNOTSUPP: no IOMMU of the attached devices reports faults to anybody
 *   but the kernel's log (Intel VT-d, virtio-iommu); see UIOMMU_INFO_FAULTS
 */
struct uiommu_faults {
	__u32 argsz;
	__u32 flags;
	__u32 nr_faults;
	__u32 reserved;
	__aligned_u64 faults;
};

#define UIOMMU_FAULTS _IO(UIOMMU_TYPE, UIOMMU_BASE + 5)

#endif /* _UAPI_LINUX_UIOMMU_H */
