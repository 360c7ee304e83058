// SPDX-License-Identifier: GPL-2.0
/*
 * Domains: I/O address spaces, and the queue on which their workers run.
 * Invariant: a domain lives while a descriptor, an attachment, an owner or
 * queued work holds it.
 */
#include <linux/cred.h>
#include <linux/hash.h>
#include <linux/idr.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "group.h"

/*
 * To give pages back takes long where they are many. So there are several
 * queues, each with so many at work at once, and a user's domains are all in
 * one, drawn by lot.
 */
#define QUEUES_BITS 6
#define QUEUE_WORKERS 8

static struct workqueue_struct *queues[1 << QUEUES_BITS];
static u32 lot;
static DEFINE_IDA(ids);

static struct workqueue_struct *queue_of(kuid_t uid)
{
	return queues[hash_32(__kuid_val(uid) ^ lot, QUEUES_BITS)];
}

int __init domain_init(void)
{
	unsigned int i;

	lot = get_random_u32();
	for (i = 0; i < ARRAY_SIZE(queues); i++) {
		queues[i] = alloc_workqueue("uiommu/%u", WQ_UNBOUND,
					    QUEUE_WORKERS, i);
		if (!queues[i]) {
			domain_exit();
			return -ENOMEM;
		}
	}
	return 0;
}

void domain_exit(void)
{
	unsigned int i;

	faults_exit();
	for (i = 0; i < ARRAY_SIZE(queues); i++)
		if (queues[i])
			destroy_workqueue(queues[i]);
	ida_destroy(&ids);
}

void domain_get(struct uiommu_domain *domain)
{
	kref_get(&domain->ref);
}

static void release(struct kref *ref)
{
	struct uiommu_domain *domain =
		container_of(ref, struct uiommu_domain, ref);
	unsigned int i;

	sysfs_domain_remove(domain);
	faults_forget(domain);
	for (i = 0; i < domain->nr_hw; i++)
		hw_free(domain->hw[i]);
	ida_free(&ids, domain->id);
	tables_forget_all(domain);
	kfree(domain->allowed.ranges);
	kfree(domain);
}

/**
 * uiommu_domain_put() - give a reference back
 * @domain: the domain
 */
void uiommu_domain_put(struct uiommu_domain *domain)
{
	kref_put(&domain->ref, release);
}
EXPORT_SYMBOL_GPL(uiommu_domain_put);

/* Queued work holds the domain, and the module whose code it runs. */
static void work_done(struct uiommu_domain *domain)
{
	uiommu_domain_put(domain);
	module_put(THIS_MODULE);
}

static void reap(struct work_struct *work)
{
	struct uiommu_domain *domain =
		container_of(work, struct uiommu_domain, reap);

	reap_all(domain);
	work_done(domain);
}

/**
 * domain_queue_reap() - have what was revoked finished
 * @domain: its domain, referenced by the caller
 *
 * May be called from the notifier.
 */
void domain_queue_reap(struct uiommu_domain *domain)
{
	if (list_empty(&domain->revoked))
		return;
	domain_get(domain);
	__module_get(THIS_MODULE);
	if (!queue_work(domain->queue, &domain->reap))
		work_done(domain);
}

static void unstick(struct work_struct *work)
{
	struct uiommu_domain *domain =
		container_of(work, struct uiommu_domain, unstick);

	reap_unstick(domain);
	work_done(domain);
}

/**
 * domain_queue_unstick() - have taken from the hardware what it keeps
 * @domain: its domain, referenced by the caller
 *
 * In none of our queues, where others would wait for slow hardware. May be
 * called from the notifier.
 */
void domain_queue_unstick(struct uiommu_domain *domain)
{
	domain_get(domain);
	__module_get(THIS_MODULE);
	if (!queue_work(system_unbound_wq, &domain->unstick))
		work_done(domain);
}

static void init(struct uiommu_domain *domain)
{
	unsigned int i;

	kref_init(&domain->ref);
	init_rwsem(&domain->freeze);
	spin_lock_init(&domain->lock);
	mutex_init(&domain->members);
	faults_init(domain);
	domain->maps = RB_ROOT_CACHED;
	INIT_LIST_HEAD(&domain->attachments);
	INIT_LIST_HEAD(&domain->groups);
	INIT_LIST_HEAD(&domain->revoked);
	INIT_LIST_HEAD(&domain->stuck);
	INIT_LIST_HEAD(&domain->waiters);
	for (i = 0; i < LEVELS_MAX; i++)
		xa_init_flags(&domain->tables[i], XA_FLAGS_ACCOUNT);
	init_waitqueue_head(&domain->wait);
	init_waitqueue_head(&domain->poll);
	INIT_WORK(&domain->reap, reap);
	INIT_WORK(&domain->unstick, unstick);
	domain->queue = queue_of(current_uid());
}

/**
 * domain_alloc() - a new, empty domain
 *
 * Return: the domain, or an ERR_PTR.
 */
struct uiommu_domain *domain_alloc(void)
{
	struct uiommu_domain *domain;
	int id;

	domain = kzalloc(sizeof(*domain), GFP_KERNEL_ACCOUNT);
	if (!domain)
		return ERR_PTR(-ENOMEM);
	init(domain);
	id = ida_alloc(&ids, GFP_KERNEL_ACCOUNT);
	if (id < 0)
		goto free_domain;
	domain->id = id;
	if (limits_init(domain))
		goto free_id;
	return domain;
free_id:
	ida_free(&ids, id);
free_domain:
	kfree(domain);
	return ERR_PTR(-ENOMEM);
}
