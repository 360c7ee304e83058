// SPDX-License-Identifier: GPL-2.0
/*
 * Telling the owner what his devices tried to reach and could not. Owns the
 * table by which the IOMMU's fault handler finds a domain. Invariant: takes no
 * more memory when nobody reads, and a handler that comes late touches nothing
 * that is gone.
 *
 * A driver of an IOMMU calls the handler in whatever context it learns of a
 * fault, and may have looked the hardware domain up before it was detached. So
 * the handler is given a number that is never used again instead of a pointer,
 * and finds a domain by it, or none, under the table's lock; a domain leaves
 * the table under that lock before it is freed. See faults_exit() for the code
 * of the handler itself.
 */
#include <linux/poll.h>
#include <linux/rcupdate.h>
#include <linux/uaccess.h>

#include "domain.h"

static DEFINE_XARRAY_FLAGS(domains, XA_FLAGS_LOCK_IRQ);
static atomic_long_t cookies;

/* Name the device as its driver does, if it is attached. */
static void name_device(struct uiommu_fault_ring *ring, struct device *dev,
			struct uiommu_fault *fault)
{
	struct uiommu_attachment *att;

	list_for_each_entry(att, &ring->devices, fault_node) {
		if (att->dev != dev || !att->ops || !att->ops->id)
			continue;
		fault->flags |= UIOMMU_FAULT_DEVICE;
		fault->device = att->ops->id(att->priv);
		return;
	}
}

static void push(struct uiommu_domain *domain, struct device *dev,
		 const struct uiommu_fault *fault)
{
	struct uiommu_fault_ring *ring = &domain->faults;
	unsigned int at;

	spin_lock(&ring->lock);
	if (ring->nr == UIOMMU_MAX_FAULTS) {
		ring->overflow = true;
	} else {
		at = (ring->first + ring->nr++) % UIOMMU_MAX_FAULTS;
		ring->ring[at] = *fault;
		name_device(ring, dev, &ring->ring[at]);
	}
	spin_unlock(&ring->lock);
	wake_up_interruptible_poll(&domain->poll, EPOLLMSG);
}

/* Never handled: the IOMMU's driver goes on to log it, as without us. */
static int handle(struct iommu_domain *hw, struct device *dev,
		  unsigned long iova, int flags, void *token)
{
	struct uiommu_fault fault = {
		.flags = flags & IOMMU_FAULT_WRITE ? UIOMMU_FAULT_WRITE : 0,
		.iova = iova,
	};
	struct uiommu_domain *domain;
	unsigned long irq;

	xa_lock_irqsave(&domains, irq);
	domain = xa_load(&domains, (unsigned long)token);
	if (domain)
		push(domain, dev, &fault);
	xa_unlock_irqrestore(&domains, irq);
	return -ENOSYS;
}

/**
 * faults_init() - prepare a new domain
 * @domain: the domain
 */
void faults_init(struct uiommu_domain *domain)
{
	spin_lock_init(&domain->faults.lock);
	INIT_LIST_HEAD(&domain->faults.devices);
}

/**
 * faults_watch() - hear of the faults in a hardware domain
 * @domain: its domain, frozen
 * @hw: the new hardware domain
 *
 * Return: 0 or -ENOMEM.
 */
int faults_watch(struct uiommu_domain *domain, struct iommu_domain *hw)
{
	unsigned long cookie = domain->faults.cookie;
	int ret;

	lockdep_assert_held_write(&domain->freeze);
	if (!cookie) {
		cookie = atomic_long_inc_return(&cookies);
		ret = xa_err(xa_store_irq(&domains, cookie, domain,
					  GFP_KERNEL_ACCOUNT));
		if (ret)
			return ret;
		domain->faults.cookie = cookie;
	}
	iommu_set_fault_handler(hw, handle, (void *)cookie);
	return 0;
}

/**
 * faults_forget() - hear of no more faults in a domain that is being freed
 * @domain: the domain
 */
void faults_forget(struct uiommu_domain *domain)
{
	if (domain->faults.cookie)
		xa_erase_irq(&domains, domain->faults.cookie);
}

/**
 * faults_exit() - wait until nobody is on his way into the handler
 *
 * The interrupt threads of IOMMUs take no reference on it; they do not sleep
 * between finding the handler and leaving it.
 */
void faults_exit(void)
{
	synchronize_rcu_tasks();
	xa_destroy(&domains);
}

/**
 * faults_add() - name a device in the faults to come
 * @att: its attachment
 */
void faults_add(struct uiommu_attachment *att)
{
	struct uiommu_fault_ring *ring = &att->domain->faults;

	spin_lock_irq(&ring->lock);
	list_add_tail(&att->fault_node, &ring->devices);
	spin_unlock_irq(&ring->lock);
}

/**
 * faults_remove() - a device leaves
 * @att: its attachment; not looked at by the handler afterwards
 */
void faults_remove(struct uiommu_attachment *att)
{
	struct uiommu_fault_ring *ring = &att->domain->faults;

	spin_lock_irq(&ring->lock);
	list_del(&att->fault_node);
	spin_unlock_irq(&ring->lock);
}

/**
 * faults_any() - is there anything to read?
 * @domain: whose faults
 *
 * Return: true if so.
 */
bool faults_any(struct uiommu_domain *domain)
{
	struct uiommu_fault_ring *ring = &domain->faults;

	return READ_ONCE(ring->nr) || READ_ONCE(ring->overflow);
}

static unsigned int count_reporting(struct uiommu_domain *domain,
				    unsigned int *nr_hw)
{
	unsigned int i, n = 0;

	spin_lock(&domain->lock);
	*nr_hw = domain->nr_hw;
	for (i = 0; i < domain->nr_hw; i++)
		n += domain->hw[i]->reports_faults;
	spin_unlock(&domain->lock);
	return n;
}

/**
 * faults_are_told() - do all IOMMUs of a domain report faults?
 * @domain: the domain
 *
 * Return: true if so; false also before the first attach.
 */
bool faults_are_told(struct uiommu_domain *domain)
{
	unsigned int nr_hw;

	return count_reporting(domain, &nr_hw) == nr_hw && nr_hw;
}

static bool pop(struct uiommu_fault_ring *ring, struct uiommu_fault *fault)
{
	bool any;

	spin_lock_irq(&ring->lock);
	any = ring->nr;
	if (any) {
		*fault = ring->ring[ring->first];
		ring->first = (ring->first + 1) % UIOMMU_MAX_FAULTS;
		ring->nr--;
	}
	spin_unlock_irq(&ring->lock);
	return any;
}

/* Put back what @pop gave, or say that it is lost. */
static void unpop(struct uiommu_fault_ring *ring,
		  const struct uiommu_fault *fault)
{
	spin_lock_irq(&ring->lock);
	if (ring->nr < UIOMMU_MAX_FAULTS) {
		ring->first += UIOMMU_MAX_FAULTS - 1;
		ring->first %= UIOMMU_MAX_FAULTS;
		ring->ring[ring->first] = *fault;
		ring->nr++;
	} else {
		ring->overflow = true;
	}
	spin_unlock_irq(&ring->lock);
}

static bool take_overflow(struct uiommu_fault_ring *ring)
{
	bool overflow;

	spin_lock_irq(&ring->lock);
	overflow = ring->overflow;
	ring->overflow = false;
	spin_unlock_irq(&ring->lock);
	return overflow;
}

/**
 * faults_take() - UIOMMU_FAULTS
 * @domain: whose faults
 * @arg: how many fit where; and how many it were
 *
 * A record that cannot be copied to the user stays; those copied before it
 * are taken.
 *
 * Return: 0, -EFAULT, or -EOPNOTSUPP where no IOMMU reports any.
 */
int faults_take(struct uiommu_domain *domain, struct uiommu_faults *arg)
{
	struct uiommu_fault __user *to = u64_to_user_ptr(arg->faults);
	struct uiommu_fault_ring *ring = &domain->faults;
	struct uiommu_fault fault;
	u32 max = arg->nr_faults;
	unsigned int nr_hw;

	if (!count_reporting(domain, &nr_hw) && nr_hw)
		return -EOPNOTSUPP;
	arg->nr_faults = 0;
	while (arg->nr_faults < max && pop(ring, &fault)) {
		if (copy_to_user(&to[arg->nr_faults], &fault, sizeof(fault))) {
			unpop(ring, &fault);
			return arg->nr_faults ? 0 : -EFAULT;
		}
		arg->nr_faults++;
	}
	if (take_overflow(ring))
		arg->flags = UIOMMU_FAULTS_OVERFLOW;
	return 0;
}
