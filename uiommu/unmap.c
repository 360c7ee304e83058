// SPDX-License-Identifier: GPL-2.0
/*
 * Taking mappings away. Invariant: a mapping is claimed once (live ->
 * revoking) under the lock; the claimer, and nobody else, unmaps from the
 * hardware exactly what was mapped, without the lock. The hardware domains stay
 * for as long as that takes.
 */
#include <linux/sched/signal.h>

#include "domain.h"
#include "trace.h"

/* mappings of others passed by before the lock is dropped once */
#define UNMAP_STEPS 256

static void clear_suspicion(struct uiommu_mapping *map)
{
	list_del(&map->work_node);
	map->suspect = false;
}

/**
 * unmap_claim() - become the one who unmaps a mapping
 * @map: the mapping; filling by the caller, or live
 * @filled: what of it is in page tables
 *
 * From here on nobody begins to look at it: once &uiommu_mapping.busy is 0 it
 * stays so.
 */
void unmap_claim(struct uiommu_mapping *map, struct span filled)
{
	struct uiommu_domain *domain = map->domain;

	lockdep_assert_held(&domain->lock);
	map->state = MAP_REVOKING;
	if (map->suspect)
		clear_suspicion(map);
	domain->nr_revoking++;
	map->unmap = filled;
}

static void claim_live(struct uiommu_mapping *map)
{
	unmap_claim(map, map->place.span);
}

/**
 * unmap_retire() - free the range of a mapping
 * @map: the mapping, claimed by the caller and in no page table any more
 */
void unmap_retire(struct uiommu_mapping *map)
{
	struct uiommu_domain *domain = map->domain;

	tree_erase(domain, map);
	list_del(&map->owner_node);
	map->owner->nr_maps--;
	if (!list_empty(&map->mmio_node)) {
		list_del(&map->mmio_node);
		domain->mmio_pages -= map->size >> PAGE_SHIFT;
	}
	map->state = MAP_REVOKED;
	domain->nr_revoking--;
	domain->retired++;
	if (wq_has_sleeper(&domain->wait))
		wake_up_all(&domain->wait);
}

/**
 * unmap_hardware() - take a claimed mapping out of all page tables
 * @map: the mapping, claimed by the caller
 *
 * May be repeated for those that kept it.
 *
 * Return: true if the hardware has let go of all of it.
 */
bool unmap_hardware(struct uiommu_mapping *map)
{
	struct uiommu_domain *domain = map->domain;
	u64 size = map->unmap.last - map->unmap.first + 1;
	u8 held = map->hw_mask;
	unsigned int i;

	for (i = 0; held >> i; i++)
		if ((held & (1U << i)) &&
		    hw_unmap(domain->hw[i], map->unmap) >= size)
			map->hw_mask &= ~(1U << i);
	if (map->hw_mask)
		return false;
	/* what was mapped nowhere frees no tables, whosever are there */
	if (held && size >= UIOMMU_LEAF_WINDOW &&
	    READ_ONCE(domain->frees_tables))
		tables_forget(domain, map->unmap);
	return true;
}

/*
 * Take in what is around a mapping that has gone from the hardware, up to whole
 * windows of page tables in which it is alone, so that their tables can be
 * freed: else one page mapped and unmapped here and there would take tables
 * without end. Not during a replay: entries of a mapping that has left the tree
 * may be in the window still. Returns false if there is nothing to take in.
 *
 * Of two neighbours that leave at the same time the one that retires last finds
 * itself alone.
 */
static bool widen(struct uiommu_mapping *map)
{
	struct uiommu_domain *domain = map->domain;
	struct span gap, wide;

	if (!domain->frees_empty || domain->replaying)
		return false;
	gap = span_common(tree_gap(map), domain->aperture);
	wide = levels_widen(map->unmap, gap, domain->levels);
	if (wide.first == map->unmap.first && wide.last == map->unmap.last)
		return false;
	map->unmap = wide;
	tree_widen(map, wide);
	return true;
}

static void frees_no_empty(struct uiommu_domain *domain, struct uiommu_hw *hw)
{
	spin_lock(&domain->lock);
	hw->frees_empty = false;
	domain->frees_empty = false;
	spin_unlock(&domain->lock);
}

/*
 * Free the tables of windows in which nothing is mapped any more. Whether a
 * driver does that depends on its version: nothing is wrong with one that stops
 * at the first address that is not mapped. Its tables stay in the record.
 *
 * The mapping was there until just now: the tables above what is widened are
 * there too, without which VT-d takes more than it is told to.
 */
static void free_empty(struct uiommu_mapping *map, u8 held)
{
	struct uiommu_domain *domain = map->domain;
	/* a slot that was being filled when it was claimed may keep tables */
	bool freed = held == (1U << domain->nr_hw) - 1;
	bool there;
	unsigned int i;

	for (i = 0; held >> i; i++) {
		if (!(held & (1U << i)) ||
		    hw_clear(domain->hw[i], map->unmap, &there))
			continue;
		if (there)
			frees_no_empty(domain, domain->hw[i]);
		freed = false;
	}
	if (freed)
		tables_forget(domain, map->unmap);
}

/* Called and returns with the lock held. */
static void free_tables(struct uiommu_mapping *map, u8 held)
{
	struct uiommu_domain *domain = map->domain;

	while (held && tables_are_worth_freeing(domain) && widen(map)) {
		spin_unlock(&domain->lock);
		free_empty(map, held);
		spin_lock(&domain->lock);
	}
}

/**
 * unmap_undo() - take back what was just mapped, at any price
 * @domain: the domain; no spinlock is held
 * @hw: one hardware domain of it, or one that is to become that
 * @r: the range, mapped there
 *
 * No device reaches it there afterwards: if the hardware does not let go, all
 * are cut off.
 */
void unmap_undo(struct uiommu_domain *domain, struct uiommu_hw *hw,
		struct span r)
{
	if (hw_unmap(hw, r) < r.last - r.first + 1)
		group_cut_off(domain, r);
}

static void become_stuck(struct uiommu_mapping *map)
{
	map->state = MAP_STUCK;
	reap_stuck(map);
	wake_up_all(&map->domain->wait);
}

/**
 * unmap_claimed() - unmap a claimed mapping from the hardware
 * @map: the mapping, claimed by the caller; not the caller's afterwards
 *	unless this returns true and @hand_over is false
 * @hand_over: let the worker finish it
 *
 * Takes no lock but uiommu_domain.lock, waits for nobody but who attaches or
 * detaches just now.
 *
 * Return: true when no device reaches it any more and its range is free. If
 * not it is stuck, and has been handed to the worker.
 */
bool unmap_claimed(struct uiommu_mapping *map, bool hand_over)
{
	struct uiommu_domain *domain = map->domain;
	u8 held = map->hw_mask;
	bool ok = unmap_hardware(map);

	trace_uiommu_unmap(domain->id, map->iova, map->size, ok);
	spin_lock(&domain->lock);
	if (ok) {
		free_tables(map, held);
		unmap_retire(map);
	} else {
		become_stuck(map);
	}
	if (ok && hand_over)
		reap_later(map);
	spin_unlock(&domain->lock);
	return ok;
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
 * @all: the range
 * @rest: what of it is still to be searched
 * @done: bytes unmapped
 * @seen: &uiommu_domain.retired when the lock was last held
 * @must_wait: one of ours is just being unmapped by another
 */
struct unmapper {
	struct uiommu_owner *owner;
	struct span all;
	struct span rest;
	u64 done;
	u64 seen;
	bool must_wait;
};

/*
 * What to do with a mapping in the range: 1 claim it, 0 pass it by, -EAGAIN
 * wait for another who unmaps it just now, -EINVAL the range cuts it.
 */
static int judge(struct unmapper *u, struct uiommu_mapping *map)
{
	struct span whole = { map->iova, map->iova + map->size - 1 };

	if (!may_unmap(map, u->owner) || map->state == MAP_FILLING)
		return 0;
	if (map->state != MAP_LIVE)
		return -EAGAIN;
	return span_covers(u->all, whole) ? 1 : -EINVAL;
}

/*
 * Claim the next mapping that is ours. Returns 1 with it; 0 with @rest moved
 * on after some steps or empty at the end; or an error of judge().
 */
static int claim_next(struct unmapper *u, struct uiommu_mapping **claimed)
{
	struct uiommu_mapping *map = tree_first(u->owner->domain, u->rest);
	unsigned int steps;
	int ret;

	for (steps = 0; map && map->place.span.first <= u->rest.last; steps++) {
		u->rest.first = max(u->rest.first, map->place.span.first);
		if (steps == UNMAP_STEPS)
			return 0;
		ret = judge(u, map);
		if (ret > 0)
			claim_live(map);
		*claimed = map;
		if (ret)
			return ret;
		map = tree_next(map);
	}
	u->rest = SPAN_NONE;
	return 0;
}

static int wait_for_retired(struct uiommu_domain *domain, u64 seen)
{
	if (wait_event_killable(domain->wait,
				READ_ONCE(domain->retired) != seen))
		return -EINTR;
	return 0;
}

/*
 * Returns false if it is stuck: then it is met again in the range, and waited
 * for, until the worker has unmapped it or cut the devices off.
 */
static bool unmap_one(struct unmapper *u, struct uiommu_mapping *map)
{
	u64 size = map->size;
	bool ok = unmap_claimed(map, false);

	if (ok)
		reap_now(map);
	u->done += size;
	return ok;
}

static int unmap_next(struct unmapper *u)
{
	struct uiommu_domain *domain = u->owner->domain;
	struct uiommu_mapping *map;
	u64 seen;
	int ret;

	spin_lock(&domain->lock);
	ret = claim_next(u, &map);
	seen = domain->retired;
	spin_unlock(&domain->lock);
	if (ret == -EAGAIN)
		return wait_for_retired(domain, seen);
	if (ret <= 0)
		return ret;
	unmap_one(u, map);
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

/* The common case: one mapping of ours, exactly. Returns NULL otherwise. */
static struct uiommu_mapping *claim_exactly(struct uiommu_owner *owner,
					    struct span r)
{
	struct uiommu_domain *domain = owner->domain;
	struct uiommu_mapping *map;

	spin_lock(&domain->lock);
	map = tree_first(domain, r);
	if (map && map->state == MAP_LIVE && map->place.span.first == r.first &&
	    map->place.span.last == r.last && may_unmap(map, owner))
		claim_live(map);
	else
		map = NULL;
	spin_unlock(&domain->lock);
	return map;
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
	struct uiommu_mapping *map = claim_exactly(owner, r);
	struct unmapper u = { .owner = owner, .all = r, .rest = r };
	int ret;

	if (map && unmap_one(&u, map)) {
		*done = u.done;
		return 0;
	}
	ret = check_edges(owner->domain, r);
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

static bool others_unmap(struct uiommu_owner *owner)
{
	struct uiommu_mapping *map;
	bool any = false;

	spin_lock(&owner->domain->lock);
	list_for_each_entry(map, &owner->maps, owner_node)
		any |= map->state != MAP_FILLING;
	spin_unlock(&owner->domain->lock);
	return any;
}

/**
 * unmap_owned() - unmap all that an owner has mapped
 * @owner: the owner; retired, so that nothing is added
 *
 * Does not wait for another process whose memory it was: the worker does. Does
 * wait for those who unmap a mapping just now, because nothing but the file
 * that is being closed may keep the module they run in.
 */
void unmap_owned(struct uiommu_owner *owner)
{
	struct uiommu_domain *domain = owner->domain;
	struct uiommu_mapping *map;
	bool ours;

	for (;;) {
		spin_lock(&domain->lock);
		map = claim_owned(owner);
		spin_unlock(&domain->lock);
		if (!map)
			break;
		ours = map->mm == current->mm && !READ_ONCE(map->busy);
		if (unmap_claimed(map, !ours) && ours)
			map_finish(map);
		cond_resched();
	}
	wait_event(domain->wait, !others_unmap(owner));
}
