// SPDX-License-Identifier: GPL-2.0
/*
 * What happens to a mapping when its memory changes. Invariant: after an
 * invalidation that means "this memory is gone" has returned, no device
 * reaches it through a live mapping.
 *
 * MMU_NOTIFY_UNMAP and MMU_NOTIFY_RELEASE mean that. MMU_NOTIFY_CLEAR may
 * mean it (MADV_DONTNEED, a hole punched, truncation) or not (huge page
 * split and collapse, KSM, migration, copy-on-write, reclaim, our own pin): it
 * is noted in the hull of the mapping, and somebody who may sleep looks again,
 * the filler before publication and a worker after. All others do not mean it.
 *
 * To look at a process one may have to wait for long: the work of that process
 * does, and while it waits, or is to begin, the pages are glanced at: that
 * tells less, but waits for nobody.
 */
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>

#include "glance.h"
#include "trace.h"

#define LOOK_AGAIN_JIFFIES msecs_to_jiffies(5)

/*
 * Looks in vain, one after the other, before mmap_lock is waited for, or before
 * memory that has gone each time is taken for gone.
 */
#define LOOKS_MISSED 4

/* looks in one go: then others have their turn, who share the queue */
#define LOOK_ROUND 64

static void suspect(struct uiommu_mapping *map,
		    const struct mmu_notifier_range *range)
{
	struct uiommu_memory *memory = map->memory;

	map->hull.first = min_t(u64, map->hull.first, range->start);
	map->hull.last = max_t(u64, map->hull.last, range->end - 1);
	if (map->state != MAP_LIVE || map->suspect)
		return;
	map->suspect = true;
	list_add_tail(&map->work_node, &memory->suspects);
	memory_queue_look(memory, 0);
	glance_soon(memory);
}

/**
 * revoke_memory_gone() - the memory of a mapping has gone
 * @map: the mapping; uiommu_domain.lock is held
 *
 * Return: true when the caller has claimed it, for revoke_claimed().
 */
bool revoke_memory_gone(struct uiommu_mapping *map)
{
	if (map->state == MAP_FILLING)
		map->doomed = true;
	if (map->state != MAP_LIVE)
		return false;
	unmap_claim(map, map->place.span);
	report_push(map->domain, map);
	return true;
}

/**
 * revoke_claimed() - take a mapping away from devices
 * @map: the mapping, claimed by the caller, who still holds it busy, looks at
 *	it, or is in its notifier
 */
void revoke_claimed(struct uiommu_mapping *map)
{
	trace_uiommu_revoke(map->domain->id, map->iova, map->size);
	unmap_claimed(map, true);
}

static bool is_leaving(struct uiommu_mapping *map)
{
	return READ_ONCE(map->state) == MAP_REVOKING;
}

/*
 * Callback of the notifier; what it may do is in domain.h. The mapping stays
 * for as long as we run, because removing the notifier waits for us.
 */
static bool invalidate(struct mmu_interval_notifier *notifier,
		       const struct mmu_notifier_range *range,
		       unsigned long seq)
{
	struct uiommu_mapping *map =
		container_of(notifier, struct uiommu_mapping, notifier);
	struct uiommu_domain *domain = map->domain;
	bool gone = range->event == MMU_NOTIFY_UNMAP ||
		    range->event == MMU_NOTIFY_RELEASE;
	bool wait = mmu_notifier_range_blockable(range);
	bool claimed = false;

	spin_lock(&domain->lock);
	mmu_interval_set_seq(notifier, seq);
	/* what is in no page table can be unmapped without waiting */
	if (gone && (wait || !map->hw_mask))
		claimed = revoke_memory_gone(map);
	else if (range->event == MMU_NOTIFY_CLEAR && !map->mmio)
		suspect(map, range);
	spin_unlock(&domain->lock);

	if (claimed)
		revoke_claimed(map);
	/* the OOM reaper: else it might have to wait for an attach or detach */
	if (!wait)
		return !gone || READ_ONCE(map->state) == MAP_REVOKED;
	if (gone && !claimed)
		wait_event(domain->wait, !is_leaving(map));
	/* an exit with millions of mappings comes here for each of them */
	cond_resched();
	return true;
}

const struct mmu_interval_notifier_ops revoke_ops = {
	.invalidate = invalidate,
};

static struct span take_hull(struct uiommu_mapping *map)
{
	struct span hull = map->hull;

	map->hull = SPAN_NONE;
	return hull;
}

/* To be looked at again, with its lock held. */
static void postpone(struct uiommu_mapping *map, struct span hull,
		     struct list_head *list)
{
	map->hull.first = min(map->hull.first, hull.first);
	map->hull.last = max(map->hull.last, hull.last);
	if (map->suspect)
		list_del(&map->work_node);
	list_add_tail(&map->work_node, list);
	map->suspect = true;
}

static void postpone_to_later(struct uiommu_mapping *map, struct span hull)
{
	struct uiommu_memory *memory = map->memory;

	if (list_empty(&memory->later))
		memory->later_at = jiffies + LOOK_AGAIN_JIFFIES;
	postpone(map, hull, &memory->later);
}

static int publish(struct uiommu_mapping *map)
{
	if (map->doomed)
		return -EFAULT;
	map->hw_mask = (1U << map->domain->nr_hw) - 1;
	map->state = MAP_LIVE;
	return 0;
}

/* 0 published, -EFAULT, or -EAGAIN with a hull to look at. */
static int try_publish(struct uiommu_mapping *map, struct span *hull)
{
	struct uiommu_domain *domain = map->domain;
	int ret = -EAGAIN;

	spin_lock(&domain->lock);
	*hull = take_hull(map);
	if (map->doomed || span_empty(*hull))
		ret = publish(map);
	spin_unlock(&domain->lock);
	return ret;
}

/*
 * It cannot be told now whether the memory is the same, and whoever locks its
 * file may be anybody: the worker goes on looking, as with any live mapping.
 */
static int publish_suspect(struct uiommu_mapping *map, struct span hull)
{
	struct uiommu_domain *domain = map->domain;
	int ret;

	spin_lock(&domain->lock);
	ret = publish(map);
	if (!ret) {
		postpone_to_later(map, hull);
		memory_queue_look(map->memory, LOOK_AGAIN_JIFFIES);
		glance_soon(map->memory);
	}
	spin_unlock(&domain->lock);
	return ret;
}

/*
 * Memory seen gone while somebody worked on it may be back in a moment: who
 * migrates a huge page of hugetlbfs empties its entry and finds our pin then.
 */
static enum look doubt(struct uiommu_mapping *map, unsigned long seq,
		       enum look result)
{
	/* first the entries were read, then whether they have changed */
	smp_rmb();
	if (result == LOOK_GONE && mmu_interval_read_retry(&map->notifier, seq))
		return LOOK_DOUBTFUL;
	return result;
}

/* Look at a mapping of current; -EINTR after a fatal signal. */
static int look_at_ours(struct uiommu_mapping *map, struct span hull,
			enum look *result)
{
	/* those that widened the hull may not have ended yet */
	unsigned long seq = mmu_interval_read_begin(&map->notifier);

	if (mmap_read_lock_killable(map->mm))
		return -EINTR;
	*result = doubt(map, seq, pin_look(map, hull));
	mmap_read_unlock(map->mm);
	return 0;
}

/**
 * revoke_settle() - publish a filled mapping if its memory is still the same
 * @map: the mapping, of current->mm
 *
 * Return: 0; -EFAULT when it is not; -EINTR after a fatal signal.
 */
int revoke_settle(struct uiommu_mapping *map)
{
	enum look result;
	struct span hull;
	int ret;

	while ((ret = try_publish(map, &hull)) == -EAGAIN) {
		ret = look_at_ours(map, hull, &result);
		if (ret)
			return ret;
		if (result == LOOK_GONE)
			return -EFAULT;
		if (result == LOOK_LATER || result == LOOK_DOUBTFUL)
			return publish_suspect(map, hull);
	}
	return ret;
}

static bool lock_memory(struct mm_struct *mm, bool wait)
{
	if (!wait)
		return mmap_read_trylock(mm);
	mmap_read_lock(mm);
	return true;
}

/*
 * From here to end_look() it keeps its pages, whoever unmaps it. The process
 * has been waited for before that: nobody else is to wait for it.
 */
static bool begin_look(struct uiommu_mapping *map)
{
	bool live;

	spin_lock(&map->domain->lock);
	live = map->state == MAP_LIVE;
	if (live)
		WRITE_ONCE(map->busy, map->busy + 1);
	spin_unlock(&map->domain->lock);
	return live;
}

static void end_look(struct uiommu_mapping *map)
{
	struct uiommu_domain *domain = map->domain;

	spin_lock(&domain->lock);
	revoke_let_go(domain, map);
	spin_unlock(&domain->lock);
}

/* LOOK_SAME of what has been claimed meanwhile, too: nothing is to be done. */
static enum look look_at_pages(struct uiommu_mapping *map, unsigned long seq,
			       struct span hull)
{
	enum look result;

	if (!begin_look(map))
		return LOOK_SAME;
	result = doubt(map, seq, pin_look(map, hull));
	end_look(map);
	return result;
}

static enum look look_at(struct uiommu_memory *memory, bool wait)
{
	struct uiommu_mapping *map = memory->looking;
	unsigned long seq = mmu_interval_read_begin(&map->notifier);
	enum look result = LOOK_MISSED;

	/* the mm's last user gone: MMU_NOTIFY_RELEASE does the rest */
	if (!mmget_not_zero(map->mm))
		return LOOK_SAME;
	if (lock_memory(map->mm, wait)) {
		result = look_at_pages(map, seq, memory->hull);
		mmap_read_unlock(map->mm);
	}
	mmput_async(map->mm);
	return result;
}

/* Begin to look at the next suspect, or return NULL. */
static struct uiommu_mapping *next_suspect(struct uiommu_memory *memory,
					   struct list_head *list)
{
	struct uiommu_mapping *map;

	spin_lock(&memory->domain->lock);
	map = list_first_entry_or_null(list, struct uiommu_mapping, work_node);
	if (map) {
		list_del(&map->work_node);
		map->suspect = false;
		memory->hull = take_hull(map);
		memory->looking = map;
	}
	spin_unlock(&memory->domain->lock);
	return map;
}

/* It may be freed from here on; pairs with map_finish(). */
static void stop_looking(struct uiommu_memory *memory)
{
	spin_lock(&memory->domain->lock);
	/* pairs with the acquire in map_finish() */
	smp_store_release(&memory->looking, NULL);
	spin_unlock(&memory->domain->lock);
}

/* A lock that others always want is got only by waiting for it. */
static void note_missed(struct uiommu_mapping *map, struct span hull)
{
	if (++map->missed < LOOKS_MISSED) {
		postpone_to_later(map, hull);
		return;
	}
	map->missed = 0;
	postpone(map, hull, &map->memory->hidden);
}

/* A doubt that stays is none. */
static enum look weigh(struct uiommu_mapping *map, enum look result)
{
	if (result == LOOK_DOUBTFUL)
		return ++map->missed < LOOKS_MISSED ? LOOK_LATER : LOOK_GONE;
	if (result != LOOK_MISSED)
		map->missed = 0;
	return result;
}

/* Act on what was seen. Returns true when the caller has claimed @map. */
static bool conclude(struct uiommu_mapping *map, struct span hull,
		     enum look result)
{
	if (map->state != MAP_LIVE)
		return false;
	result = weigh(map, result);
	if (result == LOOK_GONE)
		return revoke_memory_gone(map);
	if (result == LOOK_MISSED)
		note_missed(map, hull);
	if (result == LOOK_LATER)
		postpone_to_later(map, hull);
	return false;
}

/**
 * revoke_let_go() - hold a mapping busy no longer
 * @domain: its domain; its lock is held
 * @map: the mapping
 *
 * Who has claimed a mapping reads without the lock whether it is busy, and
 * frees it then: this is the last that the caller knows of it.
 */
void revoke_let_go(struct uiommu_domain *domain, struct uiommu_mapping *map)
{
	WRITE_ONCE(map->busy, map->busy - 1);
	wake_up_all(&domain->wait);
	domain_queue_reap(domain);
}

static bool look_at_next(struct uiommu_memory *memory, struct list_head *list,
			 bool wait)
{
	struct uiommu_mapping *map = next_suspect(memory, list);
	enum look result;
	bool claimed;

	if (!map)
		return false;
	result = look_at(memory, wait);
	spin_lock(&memory->domain->lock);
	claimed = conclude(map, memory->hull, result);
	spin_unlock(&memory->domain->lock);
	if (claimed)
		revoke_claimed(map);
	stop_looking(memory);
	return true;
}

/* Those that could not be looked at the last time, if it is time. */
static void take_later(struct uiommu_memory *memory)
{
	spin_lock(&memory->domain->lock);
	if (time_after_eq(jiffies, memory->later_at))
		list_splice_tail_init(&memory->later, &memory->suspects);
	spin_unlock(&memory->domain->lock);
}

static void look_later(struct uiommu_memory *memory)
{
	bool now, later;

	spin_lock(&memory->domain->lock);
	now = !list_empty(&memory->suspects);
	later = !list_empty(&memory->later);
	if (!glance_is_wanted(memory))
		memory_cancel_glance(memory);
	spin_unlock(&memory->domain->lock);
	if (now || later)
		memory_queue_look(memory, now ? 0 : LOOK_AGAIN_JIFFIES);
}

/**
 * revoke_look() - look whether suspects still have their memory
 * @memory: theirs
 *
 * Does not wait for mmap_lock as long as any other has not been looked at, and
 * not before it has been tried some times. Those that are disturbed without end
 * do not keep others from being looked at.
 */
void revoke_look(struct uiommu_memory *memory)
{
	unsigned int n;

	take_later(memory);
	for (n = 0; n < LOOK_ROUND; n++) {
		if (!look_at_next(memory, &memory->suspects, false))
			break;
		cond_resched();
	}
	while (look_at_next(memory, &memory->hidden, true))
		cond_resched();
	look_later(memory);
}
