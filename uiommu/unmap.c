// SPDX-License-Identifier: GPL-2.0
/*
 * Taking mappings away. Invariant: a mapping is claimed once (live ->
 * revoking) under the lock; the claimer, and nobody else, unmaps from the
 * hardware exactly what was mapped, without the lock and without waiting for
 * memory.
 */
#include <linux/sched/signal.h>

#include "domain.h"
#include "trace.h"

/* mappings of others passed by before the lock is dropped once */
#define UNMAP_STEPS 256

static bool tables_are_freed(struct uiommu_domain *domain)
{
	unsigned int i;

	for (i = 0; i < domain->nr_hw; i++)
		if (!domain->hw[i]->frees_tables)
			return false;
	return true;
}

/**
 * unmap_claim() - become the one who unmaps a mapping
 * @map: the mapping; filling by the caller, or live
 * @filled: what of it is in page tables
 *
 * Where it is alone in a leaf window all of the window is claimed, so that
 * unmapping frees the leaf table: otherwise one page mapped and unmapped here
 * and there would take page tables without end.
 */
void unmap_claim(struct uiommu_mapping *map, struct span filled)
{
	struct uiommu_domain *domain = map->domain;

	lockdep_assert_held(&domain->lock);
	map->state = MAP_REVOKING;
	domain->nr_revoking++;
	map->unmap = filled;
	if (!tables_are_freed(domain) || !map->hw_mask)
		return;
	if (!span_widen(&map->unmap, tree_gap(map), UIOMMU_LEAF_WINDOW))
		return;
	map->span.first = min(map->span.first, map->unmap.first);
	map->span.last = max(map->span.last, map->unmap.last);
}

static void claim_live(struct uiommu_mapping *map)
{
	unmap_claim(map, map->span);
}

/* The claimed mapping is in no page table any more. */
static void retire(struct uiommu_mapping *map)
{
	struct uiommu_domain *domain = map->domain;

	tree_erase(domain, map);
	list_del(&map->owner_node);
	map->owner->nr_maps--;
	if (!list_empty(&map->mmio_node))
		list_del(&map->mmio_node);
	if (map->suspect) {
		list_del(&map->work_node);
		map->suspect = false;
	}
	map->state = MAP_REVOKED;
	domain->nr_revoking--;
	domain->retired++;
	if (wq_has_sleeper(&domain->wait))
		wake_up_all(&domain->wait);
}

static bool unmap_hardware(struct uiommu_mapping *map)
{
	struct uiommu_domain *domain = map->domain;
	u64 size = map->unmap.last - map->unmap.first + 1;
	bool all = true;
	unsigned int i;

	for (i = 0; i < domain->nr_hw; i++)
		if (map->hw_mask & (1U << i))
			all &= hw_unmap(domain->hw[i], map->unmap) >= size;
	return all;
}

/**
 * unmap_claimed() - unmap a claimed mapping from the hardware
 * @map: the mapping, claimed by the caller
 *
 * Takes no lock but uiommu_domain.lock, waits for nothing.
 *
 * Return: true when no device reaches it any more and its range is free. If
 * not it is stuck, and has been handed to the worker.
 */
bool unmap_claimed(struct uiommu_mapping *map)
{
	struct uiommu_domain *domain = map->domain;
	bool ok = unmap_hardware(map);

	spin_lock(&domain->lock);
	if (ok) {
		retire(map);
	} else {
		map->state = MAP_STUCK;
		if (map->suspect)
			list_del(&map->work_node);
		map->suspect = false;
		list_add_tail(&map->work_node, &domain->revoked);
		domain_queue_reap(domain);
		wake_up_all(&domain->wait);
	}
	spin_unlock(&domain->lock);
	trace_uiommu_unmap(domain->id, map->iova, map->size, ok);
	return ok;
}

/**
 * unmap_hand_over() - hand a revoked mapping to the worker
 * @map: the mapping
 */
void unmap_hand_over(struct uiommu_mapping *map)
{
	struct uiommu_domain *domain = map->domain;

	spin_lock(&domain->lock);
	list_add_tail(&map->work_node, &domain->revoked);
	domain_queue_reap(domain);
	spin_unlock(&domain->lock);
}

/**
 * unmap_not_busy() - finish a revoked mapping of current
 * @map: the mapping
 *
 * When somebody still looks at it, who ends only if a fatal signal does not
 * come first, the worker finishes it.
 */
void unmap_not_busy(struct uiommu_mapping *map)
{
	if (READ_ONCE(map->busy) &&
	    wait_event_killable(map->domain->wait, !READ_ONCE(map->busy)))
		unmap_hand_over(map);
	else
		map_finish(map);
}

static bool may_unmap(struct uiommu_mapping *map, struct uiommu_owner *owner)
{
	return map->owner == owner || map->mm == current->mm;
}

/* Does a live mapping lie across the edge before address @at? */
static bool cut_at(struct uiommu_domain *domain, u64 at)
{
	struct uiommu_mapping *map;

	if (!at)
		return false;
	map = tree_first(domain, (struct span){ at - 1, at });
	return map && map->state == MAP_LIVE && map->iova < at &&
	       map->iova + map->size - 1 >= at;
}

/**
 * struct unmapper - progress of an unmap by range
 * @owner: in whose name
 * @rest: what is still to be searched
 * @done: bytes unmapped
 * @seen: &uiommu_domain.retired when the lock was last held
 * @must_wait: one of ours is just being unmapped by another
 */
struct unmapper {
	struct uiommu_owner *owner;
	struct span rest;
	u64 done;
	u64 seen;
	bool must_wait;
};

/*
 * Claim the next mapping that is ours. Returns NULL with @rest moved on after
 * some steps, or with @must_wait set, or with @rest empty at the end.
 */
static struct uiommu_mapping *claim_next(struct unmapper *u)
{
	struct uiommu_domain *domain = u->owner->domain;
	struct uiommu_mapping *map = tree_first(domain, u->rest);
	unsigned int steps;

	u->must_wait = false;
	for (steps = 0; map && map->span.first <= u->rest.last; steps++) {
		u->rest.first = max(u->rest.first, map->span.first);
		if (steps == UNMAP_STEPS)
			return NULL;
		if (may_unmap(map, u->owner) && map->state != MAP_FILLING) {
			u->must_wait = map->state != MAP_LIVE;
			if (u->must_wait)
				return NULL;
			claim_live(map);
			return map;
		}
		map = tree_next(map);
	}
	u->rest = SPAN_NONE;
	return NULL;
}

static int unmap_next(struct unmapper *u)
{
	struct uiommu_domain *domain = u->owner->domain;
	struct uiommu_mapping *map;
	u64 size;

	spin_lock(&domain->lock);
	map = claim_next(u);
	u->seen = domain->retired;
	spin_unlock(&domain->lock);
	if (u->must_wait)
		return wait_event_killable(domain->wait,
					   READ_ONCE(domain->retired) !=
						   u->seen) ?
			       -EINTR :
			       0;
	if (!map)
		return 0;
	size = map->size;
	if (unmap_claimed(map))
		unmap_not_busy(map);
	u->done += size;
	return 0;
}

static int check_edges(struct uiommu_domain *domain, struct span r)
{
	bool cut;

	spin_lock(&domain->lock);
	cut = cut_at(domain, r.first) || cut_at(domain, r.last + 1);
	spin_unlock(&domain->lock);
	return cut ? -EINVAL : 0;
}

/**
 * unmap_range() - unmap whole mappings in a range
 * @owner: in whose name; those of the memory of current are included
 * @r: the range
 * @done: where to store the bytes unmapped
 *
 * Return: 0; -EINVAL when @r cuts a mapping; -ENXIO when there was none;
 * -EINTR after a fatal signal, with the rest untouched.
 */
int unmap_range(struct uiommu_owner *owner, struct span r, u64 *done)
{
	struct unmapper u = { .owner = owner, .rest = r };
	int ret = check_edges(owner->domain, r);

	while (!ret && !span_empty(u.rest)) {
		if (u.done && fatal_signal_pending(current))
			ret = -EINTR;
		else
			ret = unmap_next(&u);
		cond_resched();
	}
	*done = u.done;
	return ret ?: u.done ? 0 : -ENXIO;
}

/**
 * uiommu_unmap() - unmap whole mappings in a range
 * @owner: in whose name
 * @iova: start of the range
 * @size: bytes
 *
 * Return: 0, or an error as VFIO_DMA_UNMAP documents it.
 */
int uiommu_unmap(struct uiommu_owner *owner, u64 iova, u64 size)
{
	struct span r;
	u64 done;

	if (!span_make(&r, iova, size, PAGE_SIZE))
		return -EINVAL;
	return unmap_range(owner, r, &done);
}
EXPORT_SYMBOL_GPL(uiommu_unmap);

/* A mapping of @owner to unmap, claimed; those in flight are doomed. */
static struct uiommu_mapping *claim_owned(struct uiommu_owner *owner)
{
	struct uiommu_mapping *map;

	list_for_each_entry(map, &owner->maps, owner_node) {
		if (map->state == MAP_FILLING)
			map->doomed = true;
		if (map->state != MAP_LIVE)
			continue;
		claim_live(map);
		return map;
	}
	return NULL;
}

/**
 * unmap_owned() - unmap all that an owner has mapped
 * @owner: the owner; retired, so that nothing is added
 *
 * Does not wait for another process whose memory it was: the worker does.
 */
void unmap_owned(struct uiommu_owner *owner)
{
	struct uiommu_domain *domain = owner->domain;
	struct uiommu_mapping *map;

	for (;;) {
		spin_lock(&domain->lock);
		map = claim_owned(owner);
		spin_unlock(&domain->lock);
		if (!map)
			return;
		if (unmap_claimed(map)) {
			if (map->mm == current->mm && !READ_ONCE(map->busy))
				map_finish(map);
			else
				unmap_hand_over(map);
		}
		cond_resched();
	}
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

/* Get rid of what the hardware did not let go of: again, then by force. */
static void unstick(struct uiommu_mapping *map)
{
	struct uiommu_domain *domain = map->domain;

	if (!unmap_hardware(map)) {
		pr_err("domain %u: IOMMU keeps %llu bytes at IOVA %#llx mapped; all devices of the domain are cut off\n",
		       domain->id, map->size, map->iova);
		group_cut_off(domain);
	}
	spin_lock(&domain->lock);
	retire(map);
	spin_unlock(&domain->lock);
}

/**
 * unmap_reap() - finish what was revoked
 * @domain: whose mappings
 */
void unmap_reap(struct uiommu_domain *domain)
{
	struct uiommu_mapping *map;

	for (;;) {
		spin_lock(&domain->lock);
		map = next_to_reap(domain);
		spin_unlock(&domain->lock);
		if (!map)
			return;
		if (map->state == MAP_STUCK)
			unstick(map);
		map_finish(map);
		cond_resched();
	}
}
