// SPDX-License-Identifier: GPL-2.0
/*
 * The hardware domains of a domain. Invariant: a slot of uiommu_domain.hw,
 * once filled, keeps its hardware domain while a device is attached or a
 * mapping is claimed, and every live mapping is in every one of them.
 */
#include "group.h"

/* Under the lock. Who has claimed a mapping reads @frees_tables without it. */
static void set_count(struct uiommu_domain *domain, unsigned int nr_hw)
{
	bool all = true, empty = true;
	unsigned int i;

	for (i = 0; i < nr_hw; i++) {
		all &= domain->hw[i]->frees_tables;
		empty &= domain->hw[i]->frees_empty;
	}
	WRITE_ONCE(domain->frees_tables, all);
	domain->frees_empty = empty;
	WRITE_ONCE(domain->nr_hw, nr_hw);
}

static void publish(struct uiommu_domain *domain, struct uiommu_hw *hw)
{
	spin_lock(&domain->lock);
	domain->hw[domain->nr_hw] = hw;
	/* for the replay; limits_add() looks at all of them */
	if (!domain->nr_hw)
		domain->levels = levels_below_root(hw_aperture(hw).last);
	set_count(domain, domain->nr_hw + 1);
	spin_unlock(&domain->lock);
}

static void set_replaying(struct uiommu_domain *domain, bool replaying)
{
	spin_lock(&domain->lock);
	domain->replaying = replaying;
	spin_unlock(&domain->lock);
}

/* The first live mapping from @from up, made busy so that it stays. */
static struct uiommu_mapping *next_live(struct uiommu_domain *domain, u64 *from)
{
	struct uiommu_mapping *map;

	spin_lock(&domain->lock);
	map = tree_first(domain, (struct span){ *from, ~0ULL });
	while (map && map->state != MAP_LIVE)
		map = tree_next(map);
	if (map) {
		WRITE_ONCE(map->busy, map->busy + 1);
		*from = map->iova + map->size;
	}
	spin_unlock(&domain->lock);
	return map;
}

static void no_longer_busy(struct uiommu_mapping *map)
{
	struct uiommu_domain *domain = map->domain;

	spin_lock(&domain->lock);
	WRITE_ONCE(map->busy, map->busy - 1);
	wake_up_all(&domain->wait);
	domain_queue_reap(domain);
	spin_unlock(&domain->lock);
}

/* Mark @map as held by slot @slot, unless it was claimed meanwhile. */
static bool try_mark(struct uiommu_mapping *map, unsigned int slot)
{
	bool live;

	spin_lock(&map->domain->lock);
	live = map->state == MAP_LIVE;
	if (live)
		map->hw_mask |= 1U << slot;
	spin_unlock(&map->domain->lock);
	return live;
}

static bool try_unmark(struct uiommu_mapping *map, unsigned int slot)
{
	bool ours;

	spin_lock(&map->domain->lock);
	ours = map->state == MAP_LIVE && (map->hw_mask & (1U << slot));
	if (ours)
		map->hw_mask &= ~(1U << slot);
	spin_unlock(&map->domain->lock);
	return ours;
}

static struct span whole(struct uiommu_mapping *map)
{
	return (struct span){ map->iova, map->iova + map->size - 1 };
}

/*
 * No new mapping appears meanwhile, so that addresses freed by a claimer are
 * not mapped by anybody else before we have undone what we did there.
 */
static int replay_one(struct uiommu_mapping *map, unsigned int slot)
{
	struct uiommu_hw *hw = map->domain->hw[slot];
	int ret;

	ret = map->mmio ? mmio_replay_tables(map, hw) :
			  tables_note(map->domain, whole(map));
	if (!ret)
		ret = fill_hw(hw, map);
	if (!ret && !try_mark(map, slot))
		unmap_undo(map->domain, hw, whole(map));
	no_longer_busy(map);
	return ret;
}

static int replay(struct uiommu_domain *domain, unsigned int slot)
{
	struct uiommu_mapping *map;
	u64 from = 0;
	int ret = 0;

	while (!ret && (map = next_live(domain, &from))) {
		ret = replay_one(map, slot);
		cond_resched();
		if (!from)
			break;
	}
	return ret;
}

/*
 * Take a slot, the last one, from its domain when nobody who claimed a mapping
 * looks at it any more.
 */
static void take_slot(struct uiommu_domain *domain, unsigned int slot)
{
	bool taken = false;

	while (!taken) {
		wait_event(domain->wait, !READ_ONCE(domain->nr_revoking));
		spin_lock(&domain->lock);
		taken = !domain->nr_revoking;
		if (taken) {
			domain->hw[slot] = NULL;
			set_count(domain, slot);
		}
		spin_unlock(&domain->lock);
	}
}

/* Take all mappings out of a slot, and the slot from its domain. */
static void empty_slot(struct uiommu_domain *domain, unsigned int slot,
		       bool attached)
{
	struct uiommu_mapping *map;
	u64 from = 0;

	while ((map = next_live(domain, &from))) {
		if (try_unmark(map, slot) && attached)
			unmap_undo(domain, domain->hw[slot], whole(map));
		no_longer_busy(map);
		cond_resched();
		if (!from)
			break;
	}
	take_slot(domain, slot);
}

/**
 * slots_add() - make a new hardware domain part of its domain
 * @domain: the domain, frozen
 * @hw: the hardware domain; its devices do not master the bus yet
 *
 * Maps in it all that is mapped.
 *
 * Return: 0; or, with @hw not part of the domain, -ENOMEM, or -EBUSY when the
 * domain was cut off.
 */
int slots_add(struct uiommu_domain *domain, struct uiommu_hw *hw)
{
	unsigned int slot = domain->nr_hw;
	int ret;

	lockdep_assert_held_write(&domain->freeze);
	publish(domain, hw);
	set_replaying(domain, true);
	ret = replay(domain, slot);
	if (!ret && READ_ONCE(domain->broken))
		ret = -EBUSY;
	if (ret)
		empty_slot(domain, slot, true);
	if (!domain->nr_hw)
		tables_forget_all(domain);
	set_replaying(domain, false);
	return ret;
}

static bool has_groups(struct uiommu_domain *domain)
{
	bool any;

	spin_lock(&domain->lock);
	any = !list_empty(&domain->groups);
	spin_unlock(&domain->lock);
	return any;
}

/* Frozen. */
static void drop_if_idle(struct uiommu_domain *domain)
{
	while (domain->nr_hw && !has_groups(domain)) {
		unsigned int slot = domain->nr_hw - 1;
		struct uiommu_hw *hw = domain->hw[slot];

		empty_slot(domain, slot, false);
		hw_free(hw);
	}
	if (!domain->nr_hw) {
		WRITE_ONCE(domain->drained, false);
		tables_forget_all(domain);
		limits_update(domain);
	}
}

/**
 * slots_drop_frozen() - free what slots_drop_idle() has not been able to
 * @domain: the domain, frozen
 */
void slots_drop_frozen(struct uiommu_domain *domain)
{
	lockdep_assert_held_write(&domain->freeze);
	if (!READ_ONCE(domain->idle))
		return;
	WRITE_ONCE(domain->idle, false);
	drop_if_idle(domain);
}

/*
 * Free the page tables, if no device uses them, under mappings in flight: the
 * slots stay until those have ended, but lead nowhere. Returns false if that
 * has been done, or is not for us to do.
 */
static bool drain(struct uiommu_domain *domain)
{
	unsigned int i;
	bool unused;

	if (READ_ONCE(domain->drained) || !down_read_trylock(&domain->freeze))
		return false;
	unused = !has_groups(domain);
	for (i = 0; unused && i < domain->nr_hw; i++)
		hw_drain(domain->hw[i]);
	if (unused) {
		tables_forget_all(domain);
		WRITE_ONCE(domain->drained, true);
	}
	up_read(&domain->freeze);
	wake_up_all(&domain->wait);
	/* others that have left or ended a map may have failed because of us */
	return !has_groups(domain);
}

/**
 * slots_drop_idle() - free the page tables of a domain that no device uses
 * @domain: the domain; nothing is done unless its &uiommu_domain.idle is set
 *
 * Else whoever opens domains, attaches to each and leaves again could keep
 * tables without end. Waits for nobody but those who change page tables just
 * now. Where somebody maps the tables go, and the slots when he has done so and
 * calls this himself; where somebody attaches that does as much in the end.
 */
void slots_drop_idle(struct uiommu_domain *domain)
{
	for (;;) {
		/*
		 * Either who sets @idle gets the lock, or who has it, and gives
		 * it back, sees @idle.
		 */
		smp_mb();
		if (!READ_ONCE(domain->idle))
			return;
		if (down_write_trylock(&domain->freeze)) {
			slots_drop_frozen(domain);
			up_write(&domain->freeze);
			wake_up_all(&domain->wait);
		} else if (!drain(domain)) {
			return;
		}
	}
}

/**
 * slots_left() - a device has left
 * @domain: its domain
 *
 * Frees the page tables if it was the last one.
 */
void slots_left(struct uiommu_domain *domain)
{
	if (has_groups(domain))
		return;
	WRITE_ONCE(domain->idle, true);
	slots_drop_idle(domain);
}
