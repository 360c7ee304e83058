/* SPDX-License-Identifier: GPL-2.0 */
/*
 * uiommu: an I/O address space as a file descriptor, for drivers
 *
 * A driver that gives its device to a user takes the user's domain
 * descriptor, attaches the device, and makes one owner per open file through
 * which that file maps memory. uiommu knows nothing of the device but its
 * struct device; pinning, counting and revoking happen here, whoever asks.
 *
 * Order of locks: uiommu_domain_freeze() -> locks of the driver -> locks of
 * uiommu. uiommu_map() and uiommu_unmap() take mmap_lock, fault pages in and
 * may sleep for as long as the user likes: call them with no lock held that
 * a removal of the device needs.
 */
#ifndef _LINUX_UIOMMU_H
#define _LINUX_UIOMMU_H

#include <linux/list.h>
#include <linux/types.h>

struct device;
struct vm_area_struct;

struct uiommu_domain;
struct uiommu_attachment;
struct uiommu_owner;

/* uiommu_attach(): permit a device whose interrupts the IOMMU cannot isolate */
#define UIOMMU_ATTACH_UNSAFE_INTRS BIT(0)

/* uiommu_map(): the device may write */
#define UIOMMU_PROT_WRITE BIT(0)

/**
 * struct uiommu_device_ops - what a driver tells of its device
 * @id: how users know the device, told in &struct uiommu_fault; NULL if they
 *	do not. Called in interrupts: takes no lock.
 * @mmio: is @vma a window of this device's memory (a BAR mmap) that other
 *	devices of the domain may reach? If so, store the physical address of
 *	@vaddr and return 0 when all @size bytes from there are within the
 *	window and may be reached; -EFAULT when some are not; -ENOENT when
 *	@vma is not of this device. Called under mmap_lock and a mutex of
 *	uiommu: takes no lock under which it faults, copies or waits.
 *
 * A driver that offers @mmio calls uiommu_revoke_mmio() before the memory
 * stops answering (reset, memory disable, removal).
 */
struct uiommu_device_ops {
	u64 (*id)(void *priv);
	int (*mmio)(void *priv, struct vm_area_struct *vma, unsigned long vaddr,
		    size_t size, phys_addr_t *phys);
};

/**
 * struct uiommu_mmio_kind - device memory that one driver hands out
 * @vm_ops: operations of their VMAs
 * @node: of uiommu while the kind is registered
 *
 * A driver that offers &uiommu_device_ops.mmio registers one before its first
 * attach, and unregisters it when no such VMA is left. By it uiommu tells
 * memory that may not be reached just now (-EFAULT) from memory that can never
 * be mapped (-EOPNOTSUPP).
 */
struct uiommu_mmio_kind {
	const struct vm_operations_struct *vm_ops;
	struct list_head node;
};

void uiommu_mmio_register(struct uiommu_mmio_kind *kind);
void uiommu_mmio_unregister(struct uiommu_mmio_kind *kind);

struct uiommu_domain *uiommu_domain_get_fd(int fd);
void uiommu_domain_put(struct uiommu_domain *domain);

int uiommu_domain_freeze(struct uiommu_domain *domain);
void uiommu_domain_thaw(struct uiommu_domain *domain);

struct uiommu_attachment *uiommu_attach(struct uiommu_domain *domain,
					struct device *dev, u32 flags,
					const struct uiommu_device_ops *ops,
					void *priv);
int uiommu_attachment_retire(struct uiommu_attachment *att);
void uiommu_detach(struct uiommu_attachment *att);

bool uiommu_enforces_snoop(struct uiommu_attachment *att);
u64 uiommu_attachment_pinned(struct uiommu_attachment *att);
void uiommu_revoke_mmio(struct uiommu_attachment *att);

struct uiommu_owner *uiommu_owner_alloc(struct uiommu_attachment *att);
void uiommu_owner_get(struct uiommu_owner *owner);
void uiommu_owner_put(struct uiommu_owner *owner);
void uiommu_owner_close(struct uiommu_owner *owner);
bool uiommu_owner_retired(struct uiommu_owner *owner);

int uiommu_map(struct uiommu_owner *owner, u64 vaddr, u64 iova, u64 size,
	       u32 prot);
int uiommu_unmap(struct uiommu_owner *owner, u64 iova, u64 size);

#endif /* _LINUX_UIOMMU_H */
