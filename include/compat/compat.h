/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Teaches older kernels the names of newer ones
 *
 * Included ahead of everything else in every file of the modules. The code is
 * written for the newest kernel supported; nowhere but here is a kernel's
 * version looked at.
 */
#ifndef _COMPAT_COMPAT_H
#define _COMPAT_COMPAT_H

#include <linux/version.h>

#include <linux/cleanup.h>
#include <linux/device/class.h>
#include <linux/eventfd.h>
#include <linux/mm.h>
#include <linux/msi.h>
#include <linux/pci.h>
#include <linux/pfn_t.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
#undef class_create
#define class_create(name)                                 \
	({                                                 \
		static struct lock_class_key __key;        \
		__class_create(THIS_MODULE, name, &__key); \
	})
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define pmdp_get_lockless(pmdp) READ_ONCE(*(pmdp))

struct msi_map {
	int index;
	int virq;
};

/* A vector set of MSI-X is fixed when it is enabled */
static inline bool pci_msix_can_alloc_dyn(struct pci_dev *pdev)
{
	return false;
}

static inline struct msi_map
pci_msix_alloc_irq_at(struct pci_dev *pdev, unsigned int index,
		      const struct irq_affinity_desc *affdesc)
{
	return (struct msi_map){ .index = -EOPNOTSUPP };
}

static inline void pci_msix_free_irq(struct pci_dev *pdev, struct msi_map map)
{
}
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
#define eventfd_signal(ctx) ((void)eventfd_signal(ctx, 1))
#endif

/*
 * Huge entries that lead to no struct page: only where get_user_pages() tells
 * them from memory. Elsewhere a fault asks for none, and none is to be had.
 */
#ifdef CONFIG_ARCH_SUPPORTS_PMD_PFNMAP
#define compat_huge_fault(fn) (fn)

static inline vm_fault_t compat_insert_pfn_pmd(struct vm_fault *vmf,
					       unsigned long pfn, bool write)
{
	return vmf_insert_pfn_pmd(vmf, __pfn_to_pfn_t(pfn, PFN_DEV), write);
}
#else
#define compat_huge_fault(fn) (0 ? (void *)(fn) : NULL)

static inline vm_fault_t compat_insert_pfn_pmd(struct vm_fault *vmf,
					       unsigned long pfn, bool write)
{
	return VM_FAULT_FALLBACK;
}
#endif

#include "iommu.h"

#endif /* _COMPAT_COMPAT_H */
