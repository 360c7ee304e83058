/* SPDX-License-Identifier: GPL-2.0 */
/* What devices could not reach, until the owner reads it. */
#ifndef _UIOMMU_FAULTS_H
#define _UIOMMU_FAULTS_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <uapi/linux/uiommu.h>

#define UIOMMU_MAX_FAULTS 64

struct iommu_domain;
struct uiommu_attachment;
struct uiommu_domain;

/**
 * struct uiommu_fault_ring - DMA faults that the owner has not read yet
 * @lock: guards all but @cookie; taken in interrupts
 * @cookie: by which the handler finds the domain, 0 before the first attach;
 *	set under &uiommu_domain.freeze (write)
 * @devices: &uiommu_attachment.fault_node
 * @ring: the faults
 * @first: index of the oldest
 * @nr: how many
 * @overflow: there were more than fit
 */
struct uiommu_fault_ring {
	spinlock_t lock;
	unsigned long cookie;
	struct list_head devices;
	struct uiommu_fault ring[UIOMMU_MAX_FAULTS];
	unsigned int first;
	unsigned int nr;
	bool overflow;
};

void faults_init(struct uiommu_domain *domain);
int faults_watch(struct uiommu_domain *domain, struct iommu_domain *hw);
void faults_forget(struct uiommu_domain *domain);
void faults_exit(void);
void faults_add(struct uiommu_attachment *att);
void faults_remove(struct uiommu_attachment *att);
bool faults_any(struct uiommu_domain *domain);
bool faults_are_told(struct uiommu_domain *domain);
int faults_take(struct uiommu_domain *domain, struct uiommu_faults *arg);

#endif /* _UIOMMU_FAULTS_H */
