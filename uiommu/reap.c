// SPDX-License-Identifier: GPL-2.0
/*
 * What is left of a mapping that no device reaches any more: its pages and its
 * charge. Invariant: a mapping given to the worker is finished once, when
 * nobody is busy with it any more, and whoever waits for that is told. Nothing
 * here waits for an invalidation of a process; see process.c. What the hardware
 * keeps is taken from it in work of its own.
 */
#include <linux/sched/signal.h>

#include "domain.h"

/* how long a process waits for the worker where it need not, in jiffies */
#define REAP_PATIENCE (HZ / 2)

/* mappings in one go: then others have their turn, who share the queue */
#define REAP_ROUND 64

/**
 * reap_later() - give a mapping to the worker
 * @map: the mapping, revoked
 *
 * May be called from the notifier.
 */
void reap_later(struct uiommu_mapping *map)
{
	lockdep_assert_held(&map->domain->lock);
	map->domain->nr_unfinished++;
	list_add_tail(&map->work_node, &map->domain->revoked);
	domain_queue_reap(map->domain);
}

/**
 * struct waiter - somebody who waits until the worker has finished a mapping
 * @node: place in &uiommu_domain.waiters; under its lock
 * @ticket: &uiommu_mapping.ticket of the mapping
 * @done: it has been finished
 */
struct waiter {
	struct list_head node;
	u64 ticket;
	bool done;
};

static void let_worker_finish(struct uiommu_mapping *map)
{
	struct uiommu_domain *domain = map->domain;
	struct waiter waiter = {};

	spin_lock(&domain->lock);
	map->ticket = ++domain->tickets;
	waiter.ticket = map->ticket;
	list_add(&waiter.node, &domain->waiters);
	reap_later(map);
	spin_unlock(&domain->lock);
	wait_event_killable(domain->wait, READ_ONCE(waiter.done));
	spin_lock(&domain->lock);
	list_del(&waiter.node);
	spin_unlock(&domain->lock);
}

/* One that was queued is finished; its ticket, or 0. */
static void tell_waiters(struct uiommu_domain *domain, u64 ticket)
{
	struct waiter *waiter;

	spin_lock(&domain->lock);
	domain->nr_unfinished--;
	list_for_each_entry(waiter, &domain->waiters, node)
		if (ticket && waiter->ticket == ticket)
			WRITE_ONCE(waiter->done, true);
	wake_up_all(&domain->wait);
	spin_unlock(&domain->lock);
}

/**
 * reap_now() - finish a revoked mapping, and wait for that
 * @map: the mapping
 *
 * Where somebody is still busy with it the worker finishes it; a fatal signal
 * ends our waiting.
 */
void reap_now(struct uiommu_mapping *map)
{
	if (READ_ONCE(map->busy))
		let_worker_finish(map);
	else
		map_finish(map);
}

/**
 * reap_settle() - give the worker a moment to give back what was revoked
 * @domain: whose mappings
 *
 * Return: true if it had something to give back.
 */
bool reap_settle(struct uiommu_domain *domain)
{
	if (!READ_ONCE(domain->nr_unfinished))
		return false;
	wait_event_timeout(domain->wait, !READ_ONCE(domain->nr_unfinished),
			   REAP_PATIENCE);
	return true;
}

static struct uiommu_mapping *next_to_reap(struct uiommu_domain *domain)
{
	struct uiommu_mapping *map;

	list_for_each_entry(map, &domain->revoked, work_node) {
		if (map->busy)
			continue;
		list_del(&map->work_node);
		return map;
	}
	return NULL;
}

/**
 * reap_stuck() - have what the hardware keeps taken from it
 * @map: the mapping, stuck
 *
 * May be called from the notifier.
 */
void reap_stuck(struct uiommu_mapping *map)
{
	lockdep_assert_held(&map->domain->lock);
	map->domain->nr_unfinished++;
	list_add_tail(&map->work_node, &map->domain->stuck);
	domain_queue_unstick(map->domain);
}

static struct uiommu_mapping *next_stuck(struct uiommu_domain *domain)
{
	struct uiommu_mapping *map;

	spin_lock(&domain->lock);
	map = list_first_entry_or_null(&domain->stuck, struct uiommu_mapping,
				       work_node);
	if (map)
		list_del(&map->work_node);
	spin_unlock(&domain->lock);
	return map;
}

/**
 * reap_unstick() - take from the hardware what it keeps: again, then by force
 * @domain: whose mappings
 *
 * Takes as long as the hardware does. What it has let go of does not wait for
 * that.
 */
void reap_unstick(struct uiommu_domain *domain)
{
	struct uiommu_mapping *map;

	while ((map = next_stuck(domain))) {
		if (!unmap_hardware(map))
			group_cut_off(domain, map->place.span);
		spin_lock(&domain->lock);
		unmap_retire(map);
		list_add_tail(&map->work_node, &domain->revoked);
		domain_queue_reap(domain);
		spin_unlock(&domain->lock);
		cond_resched();
	}
}

/**
 * reap_all() - finish what was revoked
 * @domain: whose mappings
 */
void reap_all(struct uiommu_domain *domain)
{
	struct uiommu_mapping *map;
	unsigned int n;
	u64 ticket;

	for (n = 0; n < REAP_ROUND; n++) {
		spin_lock(&domain->lock);
		map = next_to_reap(domain);
		spin_unlock(&domain->lock);
		if (!map)
			return;
		ticket = map->ticket;
		map_finish(map);
		tell_waiters(domain, ticket);
		cond_resched();
	}
	spin_lock(&domain->lock);
	domain_queue_reap(domain);
	spin_unlock(&domain->lock);
}
