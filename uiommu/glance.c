// SPDX-License-Identifier: GPL-2.0
/*
 * Glances: what the pages of suspects tell while the work that looks at their
 * process waits for it. Invariant: a glance waits for nobody, holds one mapping
 * busy at a time, and says "gone" only of what has gone for good.
 */
#include "glance.h"

/* how often suspects' pages are looked at while that waits */
#define GLANCE_JIFFIES msecs_to_jiffies(20)

/* and not for more than one part in so many of the time */
#define GLANCE_PART 8

/* of each list in one go */
#define GLANCE_ROUND 64

/**
 * glance_soon() - glance at suspects soon
 * @memory: theirs; the lock of its domain is held
 *
 * Not for more of the time than may be.
 */
void glance_soon(struct uiommu_memory *memory)
{
	unsigned long delay = GLANCE_JIFFIES;

	if (time_after(memory->next_glance, jiffies + delay))
		delay = memory->next_glance - jiffies;
	memory_queue_glance(memory, delay);
}

/**
 * glance_is_wanted() - is anything left to glance at?
 * @memory: theirs; the lock of its domain is held
 *
 * Return: true if so.
 */
bool glance_is_wanted(struct uiommu_memory *memory)
{
	return memory->looking || !list_empty(&memory->hidden) ||
	       !list_empty(&memory->suspects) || !list_empty(&memory->later);
}

/* What is looked at just now, made busy, or NULL. */
static struct uiommu_mapping *take_looked_at(struct uiommu_memory *memory,
					     struct span *hull)
{
	struct uiommu_mapping *map;

	spin_lock(&memory->domain->lock);
	map = memory->looking;
	/* what is being unmapped may have no pages any more */
	if (map && map->state != MAP_LIVE)
		map = NULL;
	if (map)
		WRITE_ONCE(map->busy, map->busy + 1);
	*hull = memory->hull;
	spin_unlock(&memory->domain->lock);
	return map;
}

/* The first of a list, made busy and put to its end, or NULL. */
static struct uiommu_mapping *take_suspect(struct uiommu_memory *memory,
					   struct list_head *list,
					   struct span *hull)
{
	struct uiommu_mapping *map;

	spin_lock(&memory->domain->lock);
	map = list_first_entry_or_null(list, struct uiommu_mapping, work_node);
	if (map) {
		list_move_tail(&map->work_node, list);
		WRITE_ONCE(map->busy, map->busy + 1);
		*hull = map->hull;
	}
	spin_unlock(&memory->domain->lock);
	return map;
}

static void glance_at(struct uiommu_mapping *map, struct span hull)
{
	struct uiommu_domain *domain = map->domain;
	bool claimed = false;

	if (pin_glance(map, hull)) {
		spin_lock(&domain->lock);
		claimed = revoke_memory_gone(map);
		spin_unlock(&domain->lock);
	}
	if (claimed)
		revoke_claimed(map);
	spin_lock(&domain->lock);
	revoke_let_go(domain, map);
	spin_unlock(&domain->lock);
}

/* Each of a list once, or some of it if it is long. */
static void glance_at_list(struct uiommu_memory *memory, struct list_head *list)
{
	struct uiommu_mapping *map;
	struct list_head *node;
	unsigned int n = 0;
	struct span hull;

	spin_lock(&memory->domain->lock);
	list_for_each(node, list)
		if (++n == GLANCE_ROUND)
			break;
	spin_unlock(&memory->domain->lock);
	while (n-- && (map = take_suspect(memory, list, &hull))) {
		glance_at(map, hull);
		cond_resched();
	}
}

/**
 * glance_round() - look at the pages of suspects, waiting for nobody
 * @memory: theirs
 *
 * Who looks properly waits for mmap_lock, and until no invalidation of the
 * whole process is under way: in a process that changes much of its memory
 * that may be seconds. What has gone for good shows before.
 */
void glance_round(struct uiommu_memory *memory)
{
	unsigned long begin = jiffies;
	struct uiommu_mapping *map;
	struct span hull;

	map = take_looked_at(memory, &hull);
	if (map)
		glance_at(map, hull);
	glance_at_list(memory, &memory->suspects);
	glance_at_list(memory, &memory->hidden);
	glance_at_list(memory, &memory->later);
	spin_lock(&memory->domain->lock);
	memory->next_glance = jiffies + GLANCE_PART * (jiffies - begin);
	if (glance_is_wanted(memory))
		glance_soon(memory);
	spin_unlock(&memory->domain->lock);
}
