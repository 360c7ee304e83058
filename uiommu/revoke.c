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
 * To look at a process one may have to wait for long. As long as anybody does,
 * or is to, the pages are glanced at: that tells less, but waits for nobody.
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
	struct uiommu_domain *domain = map->domain;

	map->hull.first = min_t(u64, map->hull.first, range->start);
	map->hull.last = max_t(u64, map->hull.last, range->end - 1);
	if (map->state != MAP_LIVE || map->suspect)
		return;
	map->suspect = true;
	list_add_tail(&map->work_node, &domain->suspects);
	domain_queue_look(domain, 0);
	glance_soon(domain);
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
	unmap_claim(map, map->span);
	report_push(map->domain, map);
	return true;
}

/**
 * revoke_claimed() - take a mapping away from devices
 * @map: the mapping, claimed by the caller, who still holds it busy or is in
 *	its notifier
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

/* To be looked at again. */
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
		postpone(map, hull, &domain->later);
		domain_queue_look(domain, LOOK_AGAIN_JIFFIES);
		glance_soon(domain);
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

static enum look look_at(struct uiommu_mapping *map, struct span hull,
			 bool wait)
{
	unsigned long seq = mmu_interval_read_begin(&map->notifier);
	enum look result = LOOK_MISSED;

	/* the mm's last user gone: MMU_NOTIFY_RELEASE does the rest */
	if (!mmget_not_zero(map->mm))
		return LOOK_SAME;
	if (lock_memory(map->mm, wait)) {
		result = doubt(map, seq, pin_look(map, hull));
		mmap_read_unlock(map->mm);
	}
	mmput_async(map->mm);
	return result;
}

/* Begin to look at the next suspect; false if there is none. */
static bool next_suspect(struct uiommu_domain *domain, struct list_head *list,
			 struct looker *looker)
{
	struct uiommu_mapping *map;

	map = list_first_entry_or_null(list, struct uiommu_mapping, work_node);
	if (!map)
		return false;
	list_del(&map->work_node);
	map->suspect = false;
	map->busy++;
	looker->map = map;
	looker->hull = take_hull(map);
	list_add_tail(&looker->node, &domain->looking);
	return true;
}

/* A lock that others always want is got only by waiting for it. */
static void note_missed(struct uiommu_mapping *map, struct span hull)
{
	struct uiommu_domain *domain = map->domain;

	if (++map->missed < LOOKS_MISSED) {
		postpone(map, hull, &domain->later);
		return;
	}
	map->missed = 0;
	postpone(map, hull, &domain->hidden);
	domain_queue_wait(domain);
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
		postpone(map, hull, &map->domain->later);
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

static bool look_at_next(struct uiommu_domain *domain, struct list_head *list,
			 bool wait)
{
	struct looker looker;
	enum look result;
	bool any, claimed;

	spin_lock(&domain->lock);
	any = next_suspect(domain, list, &looker);
	spin_unlock(&domain->lock);
	if (!any)
		return false;
	result = look_at(looker.map, looker.hull, wait);
	spin_lock(&domain->lock);
	list_del(&looker.node);
	claimed = conclude(looker.map, looker.hull, result);
	spin_unlock(&domain->lock);
	if (claimed)
		revoke_claimed(looker.map);

	spin_lock(&domain->lock);
	revoke_let_go(domain, looker.map);
	spin_unlock(&domain->lock);
	return true;
}

static void look_later(struct uiommu_domain *domain)
{
	bool now, later;

	spin_lock(&domain->lock);
	now = !list_empty(&domain->suspects);
	later = !list_empty(&domain->later);
	list_splice_tail_init(&domain->later, &domain->suspects);
	if (!glance_is_wanted(domain))
		domain_cancel_glance(domain);
	spin_unlock(&domain->lock);
	if (now || later)
		domain_queue_look(domain, now ? 0 : LOOK_AGAIN_JIFFIES);
}

/**
 * revoke_look() - look whether suspects still have their memory
 * @domain: whose mappings
 *
 * Never waits for mmap_lock: a process that holds it for long is looked at
 * again later. Those who are disturbed without end do not keep others from
 * being looked at.
 */
void revoke_look(struct uiommu_domain *domain)
{
	unsigned int n;

	for (n = 0; n < LOOK_ROUND; n++) {
		if (!look_at_next(domain, &domain->suspects, false))
			break;
		cond_resched();
	}
	look_later(domain);
}

/**
 * revoke_wait_and_look() - look at suspects whose mmap_lock was never free
 * @domain: whose mappings
 *
 * Whose process holds that lock for ever holds up only those like itself.
 */
void revoke_wait_and_look(struct uiommu_domain *domain)
{
	while (look_at_next(domain, &domain->hidden, true))
		cond_resched();
	look_later(domain);
}
