/* SPDX-License-Identifier: LGPL-2.1 */
/*
 * libuvfio: /dev/uiommu and /dev/vfio<N> for programs
 *
 * Descriptors are plain file descriptors: open them here, get them from a
 * launcher, or bring your own. Every function that returns int returns 0 (or
 * a descriptor or number) on success and a negative errno otherwise;
 * uvfio_explain() turns that into a sentence. Nothing here keeps state.
 */
#ifndef _UVFIO_H
#define _UVFIO_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <linux/uiommu.h>
#include <linux/uvfio.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct uvfio_iova - an address as the devices of a domain see it
 * @addr: the number to give to the hardware
 *
 * A structure, so that the compiler refuses to take it for a pointer or a
 * size, and the other way round.
 */
struct uvfio_iova {
	__u64 addr;
};

static inline struct uvfio_iova uvfio_iova(__u64 addr)
{
	struct uvfio_iova iova;

	iova.addr = addr;
	return iova;
}

static inline struct uvfio_iova uvfio_iova_add(struct uvfio_iova iova,
					       __u64 bytes)
{
	return uvfio_iova(iova.addr + bytes);
}

/**
 * struct uvfio_buffer - memory that the devices of a domain may reach
 * @vaddr: where the process sees it, page aligned
 * @size: bytes, a multiple of the page size
 * @iova: where the devices see it, page aligned
 */
struct uvfio_buffer {
	void *vaddr;
	size_t size;
	struct uvfio_iova iova;
};

/**
 * struct uvfio_limits - what I/O addresses a device can take
 * @address_bits: how many address bits it has; 0 for all
 * @lowest: lowest address; 0 for no limit
 * @align: a power of two that addresses are to be multiples of; 0 for a page
 *
 * A device of 32 address bits drops the others of a longer address, and
 * reaches some other buffer.
 */
struct uvfio_limits {
	unsigned int address_bits;
	__u64 lowest;
	__u64 align;
};

/* The last address that a device can take; 0 where there is no limit */
static inline __u64 uvfio_highest(const struct uvfio_limits *limits)
{
	if (!limits->address_bits || limits->address_bits > 63)
		return 0;
	return (1ULL << limits->address_bits) - 1;
}

/* Is all of a buffer where the device can address it? */
static inline bool uvfio_reaches(const struct uvfio_limits *limits,
				 const struct uvfio_buffer *buffer)
{
	__u64 last = buffer->iova.addr + buffer->size - 1;
	__u64 highest = uvfio_highest(limits);

	if (!buffer->size || last < buffer->iova.addr ||
	    (highest && last > highest))
		return false;
	return buffer->iova.addr >= limits->lowest &&
	       !(limits->align && buffer->iova.addr & (limits->align - 1));
}

/* Domain: an address space, /dev/uiommu (domain.c) */
int uvfio_domain_open(void);
int uvfio_domain_map(int domain, struct uvfio_buffer *buffer, __u32 flags);
int uvfio_domain_map_within(int domain, struct uvfio_buffer *buffer,
			    __u32 flags, const struct uvfio_limits *limits);
int uvfio_domain_unmap(int domain, struct uvfio_iova iova, __u64 size,
		       __u64 *removed);
int uvfio_domain_unmap_all(int domain, __u64 *removed);
int uvfio_domain_info(int domain, struct uiommu_info *info);
int uvfio_domain_room(int domain, __u64 *bytes);
int uvfio_domain_ranges(int domain, struct uiommu_iova_range *ranges,
			__u32 *nr_ranges);
int uvfio_domain_revoked(int domain, struct uiommu_revoked_range *ranges,
			 __u32 *nr_ranges, bool *overflow);
int uvfio_domain_faults(int domain, struct uiommu_fault *faults,
			__u32 *nr_faults, bool *overflow);

/* Device: /dev/vfio<N>, found by its PCI address (device.c) */
int uvfio_device_find(const char *bdf);
int uvfio_device_open(const char *bdf);
int uvfio_attach(int device, int domain);
int uvfio_detach(int device);
int uvfio_reset(int device);
int uvfio_reset_bus(int device, const int *devices, unsigned int count);
int uvfio_map(int device, const struct uvfio_buffer *buffer, __u64 flags);
int uvfio_unmap(int device, struct uvfio_iova iova, __u64 size);

/* Regions: registers, ROM and configuration space (region.c) */
static inline __u64 uvfio_offset(unsigned int resource, __u32 offset)
{
	return ((__u64)resource << VFIO_PCI_SPACE_SHIFT) | offset;
}

int uvfio_region_size(int device, unsigned int resource, __u64 *size);
int uvfio_region_read(int device, __u64 offset, void *data, size_t size);
int uvfio_region_write(int device, __u64 offset, const void *data, size_t size);
int uvfio_region_mmap(int device, __u64 offset, size_t size, void **addr);
int uvfio_config_read(int device, __u32 offset, unsigned int size,
		      __u32 *value);
int uvfio_config_write(int device, __u32 offset, unsigned int size,
		       __u32 value);
int uvfio_set_bus_master(int device, bool on);
int uvfio_find_capability(int device, __u8 id);

/* Interrupts (irq.c); an eventfd of -1 takes the interrupt away */
int uvfio_eventfd(void);
int uvfio_eventfd_wait(int eventfd, int timeout_ms);
int uvfio_irq_intx(int device, int eventfd);
int uvfio_irq_msi(int device, int eventfd);
int uvfio_irq_msix(int device, const int *eventfds, unsigned int count);
int uvfio_irq_eoi(int device);
int uvfio_irq_eoi_eventfd(int device, int eventfd);

/* What a device has; single vectors (info.c) */
int uvfio_query_device(int device, struct uvfio_device_info *info);
int uvfio_query_region(int device, unsigned int resource,
		       struct uvfio_region_info *info,
		       struct uvfio_window *windows, __u32 nr_windows);
int uvfio_query_irqs(int device, __u32 kind, struct uvfio_irq_info *info);
int uvfio_enable_irqs(int device, __u32 kind, __u32 count);
int uvfio_bind_irq(int device, __u32 kind, __u32 vector, int eventfd);
int uvfio_set_irq(int device, __u32 kind, __u32 vector, __u32 action);

/* Descriptors from one process to another (pass.c) */
#define UVFIO_PASS_MAX 64

/**
 * struct uvfio_named_fd - a descriptor and what it is for
 * @fd: the descriptor
 * @name: up to 31 characters without ':', as in LISTEN_FDNAMES
 */
struct uvfio_named_fd {
	int fd;
	char name[32];
};

int uvfio_send_fds(int sock, const struct uvfio_named_fd *fds,
		   unsigned int count);
int uvfio_receive_fds(int sock, struct uvfio_named_fd *fds, unsigned int room);
int uvfio_find_fd(const struct uvfio_named_fd *fds, unsigned int count,
		  const char *name);
int uvfio_inherited_fds(struct uvfio_named_fd *fds, unsigned int room);
int uvfio_bequeath_fds(const struct uvfio_named_fd *fds, unsigned int count);

/**
 * enum uvfio_call - what was tried, for uvfio_explain()
 * @UVFIO_CALL_DOMAIN_OPEN: uvfio_domain_open()
 * @UVFIO_CALL_DEVICE_OPEN: uvfio_device_find(), uvfio_device_open()
 * @UVFIO_CALL_ATTACH: uvfio_attach()
 * @UVFIO_CALL_DETACH: uvfio_detach()
 * @UVFIO_CALL_MAP: uvfio_map(), uvfio_domain_map()
 * @UVFIO_CALL_UNMAP: uvfio_unmap(), uvfio_domain_unmap(),
 *	uvfio_domain_unmap_all()
 * @UVFIO_CALL_QUERY: uvfio_domain_info(), uvfio_domain_ranges(),
 *	uvfio_domain_revoked(), uvfio_domain_faults(), uvfio_query_device() and
 *	its kin
 * @UVFIO_CALL_REGION: the functions of regions
 * @UVFIO_CALL_IRQ: the functions of interrupts
 * @UVFIO_CALL_RESET: uvfio_reset(), uvfio_reset_bus()
 * @UVFIO_CALL_PASS: the functions that pass descriptors
 */
enum uvfio_call {
	UVFIO_CALL_DOMAIN_OPEN,
	UVFIO_CALL_DEVICE_OPEN,
	UVFIO_CALL_ATTACH,
	UVFIO_CALL_DETACH,
	UVFIO_CALL_MAP,
	UVFIO_CALL_UNMAP,
	UVFIO_CALL_QUERY,
	UVFIO_CALL_REGION,
	UVFIO_CALL_IRQ,
	UVFIO_CALL_RESET,
	UVFIO_CALL_PASS,
};

const char *uvfio_explain(enum uvfio_call call, int error);
const char *uvfio_errno_name(int error);

/*
 * Registers in an mmapped BAR: PCI is little endian, and each access must be
 * one access of exactly that width. The order keeps memory that the device
 * reads or writes on the right side of the register access. A 32-bit program
 * has no 64-bit access: it does two, low half first, as NVMe permits.
 */
static inline __u32 uvfio_read32(const void *reg)
{
	return le32toh(__atomic_load_n((const __u32 *)reg, __ATOMIC_SEQ_CST));
}

static inline void uvfio_write32(void *reg, __u32 value)
{
	__atomic_store_n((__u32 *)reg, htole32(value), __ATOMIC_RELEASE);
}

#ifdef __LP64__
static inline __u64 uvfio_read64(const void *reg)
{
	return le64toh(__atomic_load_n((const __u64 *)reg, __ATOMIC_SEQ_CST));
}

static inline void uvfio_write64(void *reg, __u64 value)
{
	__atomic_store_n((__u64 *)reg, htole64(value), __ATOMIC_RELEASE);
}
#else
static inline __u64 uvfio_read64(const void *reg)
{
	const char *half = (const char *)reg;
	__u64 low = uvfio_read32(half);

	return low | (__u64)uvfio_read32(half + 4) << 32;
}

static inline void uvfio_write64(void *reg, __u64 value)
{
	char *half = (char *)reg;

	uvfio_write32(half, (__u32)value);
	uvfio_write32(half + 4, (__u32)(value >> 32));
}
#endif

#ifdef __cplusplus
}
#endif

#endif /* _UVFIO_H */
