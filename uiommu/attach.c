// SPDX-License-Identifier: GPL-2.0
/*
 * Devices in a domain. Invariant: a device that is attached is in the
 * domain's list, and its group in every page table it needs.
 */
#include <linux/device.h>
#include <linux/slab.h>

#include "group.h"
#include "trace.h"

/* how long new mappings let one who wants to attach go first */
#define PRECEDENCE msecs_to_jiffies(100)

/**
 * uiommu_domain_freeze() - keep new mappings out of a domain
 * @domain: the domain
 *
 * Waits until no map is in flight, which may take as long as a user likes:
 * call it with no lock held that a removal needs. Only for a moment do others
 * who map let it go first, so that one who hangs does not hang them too.
 *
 * Return: 0, or -EINTR after a fatal signal.
 */
int uiommu_domain_freeze(struct uiommu_domain *domain)
{
	int ret;

	WRITE_ONCE(domain->give_way_until, jiffies + PRECEDENCE);
	atomic_inc(&domain->freezers);
	ret = wait_event_killable(domain->wait,
				  down_write_trylock(&domain->freeze));
	atomic_dec(&domain->freezers);
	wake_up_all(&domain->wait);
	if (ret)
		return -EINTR;
	slots_drop_frozen(domain);
	return 0;
}
EXPORT_SYMBOL_GPL(uiommu_domain_freeze);

/**
 * uiommu_domain_thaw() - let mappings in again
 * @domain: the domain
 */
void uiommu_domain_thaw(struct uiommu_domain *domain)
{
	up_write(&domain->freeze);
	wake_up_all(&domain->wait);
	slots_drop_idle(domain);
}
EXPORT_SYMBOL_GPL(uiommu_domain_thaw);

static void add(struct uiommu_domain *domain, struct uiommu_attachment *att)
{
	faults_add(att);
	mutex_lock(&domain->members);
	spin_lock(&domain->lock);
	list_add_tail(&att->node, &domain->attachments);
	domain->nr_devices++;
	spin_unlock(&domain->lock);
	mutex_unlock(&domain->members);
}

/**
 * uiommu_attach() - attach a device to a domain
 * @domain: the domain, frozen by the caller
 * @dev: the device; it does not master the bus until this returns
 * @flags: UIOMMU_ATTACH_UNSAFE_INTRS
 * @ops: what there is to know of @dev, or NULL
 * @priv: argument of @ops
 *
 * Takes time for each mapping if the device needs page tables of its own, but
 * waits for no user.
 *
 * Return: the attachment, or an ERR_PTR: -ENODEV no IOMMU; -EBUSY its group is
 * attached elsewhere or is just being detached, or a driver of the kernel uses
 * a device of it for DMA;
 * -EADDRINUSE mappings meet its reserved windows or exceed its address width;
 * -EPERM its interrupts are not isolated; -ENOMEM.
 */
struct uiommu_attachment *uiommu_attach(struct uiommu_domain *domain,
					struct device *dev, u32 flags,
					const struct uiommu_device_ops *ops,
					void *priv)
{
	struct uiommu_attachment *att;

	att = kzalloc(sizeof(*att), GFP_KERNEL_ACCOUNT);
	if (!att || sysfs_domain_add(domain)) {
		kfree(att);
		return ERR_PTR(-ENOMEM);
	}
	att->dev = dev;
	att->ops = ops;
	att->priv = priv;
	INIT_LIST_HEAD(&att->owners);
	INIT_LIST_HEAD(&att->mmios);
	att->group = group_join(domain, dev, flags);
	trace_uiommu_attach(domain->id, dev, PTR_ERR_OR_ZERO(att->group));
	if (IS_ERR(att->group)) {
		struct uiommu_group *error = att->group;

		kfree(att);
		return ERR_CAST(error);
	}
	domain_get(domain);
	att->domain = domain;
	add(domain, att);
	return att;
}
EXPORT_SYMBOL_GPL(uiommu_attach);

/* Retire all owners, under the lock. */
static void retire_owners(struct uiommu_attachment *att)
{
	struct uiommu_owner *owner, *next;

	list_for_each_entry_safe(owner, next, &att->owners, att_node) {
		owner->retired = true;
		owner->att = NULL;
		list_del_init(&owner->att_node);
	}
}

static bool owns_mappings(struct uiommu_attachment *att)
{
	struct uiommu_owner *owner;

	list_for_each_entry(owner, &att->owners, att_node)
		if (owner->nr_maps)
			return true;
	return false;
}

/**
 * uiommu_attachment_retire() - no more is to be mapped through a device
 * @att: its attachment
 *
 * The descriptors of the device map no more, those opened before; the driver
 * sees to it that uiommu_owner_alloc() is not called for @att any more.
 *
 * Return: 0, or -EBUSY while an owner that came with @att owns a mapping, or
 * just makes one; then nothing has changed.
 */
int uiommu_attachment_retire(struct uiommu_attachment *att)
{
	struct uiommu_domain *domain = att->domain;
	bool busy;

	spin_lock(&domain->lock);
	busy = owns_mappings(att);
	if (!busy)
		retire_owners(att);
	spin_unlock(&domain->lock);
	return busy ? -EBUSY : 0;
}
EXPORT_SYMBOL_GPL(uiommu_attachment_retire);

static void leave(struct uiommu_attachment *att)
{
	struct uiommu_domain *domain = att->domain;

	mutex_lock(&domain->members);
	spin_lock(&domain->lock);
	retire_owners(att);
	list_del(&att->node);
	domain->nr_devices--;
	spin_unlock(&domain->lock);
	mutex_unlock(&domain->members);
	faults_remove(att);
}

/**
 * uiommu_detach() - detach a device
 * @att: its attachment; gone afterwards
 *
 * Waits for no user. Owners that came with @att keep what they mapped until
 * uiommu_owner_close(), and map no more.
 */
void uiommu_detach(struct uiommu_attachment *att)
{
	struct uiommu_domain *domain = att->domain;

	leave(att);
	uiommu_revoke_mmio(att);
	group_leave(att->group);
	slots_left(domain);
	trace_uiommu_detach(domain->id, att->dev, 0);
	kfree(att);
	uiommu_domain_put(domain);
}
EXPORT_SYMBOL_GPL(uiommu_detach);

/**
 * uiommu_enforces_snoop() - does the IOMMU make all DMA of a device snoop?
 * @att: the attachment
 *
 * Return: true if so; else the driver keeps Enable No Snoop of the device
 * clear.
 */
bool uiommu_enforces_snoop(struct uiommu_attachment *att)
{
	return att->group->hw->snoops;
}
EXPORT_SYMBOL_GPL(uiommu_enforces_snoop);

/**
 * uiommu_attachment_pinned() - pages pinned through a device's descriptors
 * @att: the attachment
 *
 * Return: how many.
 */
u64 uiommu_attachment_pinned(struct uiommu_attachment *att)
{
	struct uiommu_domain *domain = att->domain;
	struct uiommu_owner *owner;
	u64 npages = 0;

	spin_lock(&domain->lock);
	list_for_each_entry(owner, &att->owners, att_node)
		npages += atomic64_read(&owner->pinned);
	spin_unlock(&domain->lock);
	return npages;
}
EXPORT_SYMBOL_GPL(uiommu_attachment_pinned);
