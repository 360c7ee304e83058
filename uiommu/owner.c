// SPDX-License-Identifier: GPL-2.0
/*
 * Owners: open files through which memory is mapped. Invariant: all mappings
 * of an owner are of one process.
 */
#include <linux/slab.h>

#include "domain.h"

/**
 * owner_alloc() - an owner with no attachment
 * @domain: its domain; the owner takes a reference
 *
 * Return: the owner, or an ERR_PTR.
 */
struct uiommu_owner *owner_alloc(struct uiommu_domain *domain)
{
	struct uiommu_owner *owner =
		kzalloc(sizeof(*owner), GFP_KERNEL_ACCOUNT);

	if (!owner)
		return ERR_PTR(-ENOMEM);
	refcount_set(&owner->ref, 1);
	domain_get(domain);
	owner->domain = domain;
	INIT_LIST_HEAD(&owner->maps);
	INIT_LIST_HEAD(&owner->att_node);
	return owner;
}

/**
 * uiommu_owner_alloc() - an owner for an open file of an attached device
 * @att: the attachment
 *
 * It becomes retired when the device is detached.
 *
 * Return: the owner, or ERR_PTR(-ENOMEM).
 */
struct uiommu_owner *uiommu_owner_alloc(struct uiommu_attachment *att)
{
	struct uiommu_owner *owner = owner_alloc(att->domain);

	if (IS_ERR(owner))
		return owner;
	spin_lock(&att->domain->lock);
	owner->att = att;
	list_add_tail(&owner->att_node, &att->owners);
	spin_unlock(&att->domain->lock);
	return owner;
}
EXPORT_SYMBOL_GPL(uiommu_owner_alloc);

/**
 * uiommu_owner_get() - take a reference
 * @owner: the owner
 */
void uiommu_owner_get(struct uiommu_owner *owner)
{
	refcount_inc(&owner->ref);
}
EXPORT_SYMBOL_GPL(uiommu_owner_get);

/**
 * uiommu_owner_put() - give a reference back
 * @owner: the owner
 */
void uiommu_owner_put(struct uiommu_owner *owner)
{
	struct uiommu_domain *domain = owner->domain;

	if (!refcount_dec_and_test(&owner->ref))
		return;
	spin_lock(&domain->lock);
	list_del(&owner->att_node);
	spin_unlock(&domain->lock);
	if (owner->memory)
		memory_put(owner->memory);
	kfree(owner);
	uiommu_domain_put(domain);
}
EXPORT_SYMBOL_GPL(uiommu_owner_put);

/**
 * uiommu_owner_close() - unmap all that an owner mapped, and let go of it
 * @owner: the owner; the caller's reference is given back
 *
 * Takes as long as unmapping takes. Waits a moment for the worker, so that
 * a process that has exited has given back what it was charged.
 */
void uiommu_owner_close(struct uiommu_owner *owner)
{
	spin_lock(&owner->domain->lock);
	owner->retired = true;
	spin_unlock(&owner->domain->lock);
	unmap_owned(owner);
	reap_settle(owner->domain);
	uiommu_owner_put(owner);
}
EXPORT_SYMBOL_GPL(uiommu_owner_close);

/**
 * uiommu_owner_retired() - has an owner's device been detached?
 * @owner: the owner
 *
 * Return: true if so; it maps no more.
 */
bool uiommu_owner_retired(struct uiommu_owner *owner)
{
	return READ_ONCE(owner->retired);
}
EXPORT_SYMBOL_GPL(uiommu_owner_retired);
