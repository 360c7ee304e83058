// SPDX-License-Identifier: GPL-2.0
/*
 * Glances: what the pages of suspects tell while those who look at the process
 * wait for its locks. Invariant: a glance waits for nobody, holds one mapping
 * busy at a time, and says "gone" only of what has gone for good.
 */
#include "glance.h"

/* how often suspects' pages are looked at while who looks at them waits */
#define GLANCE_JIFFIES msecs_to_jiffies(20)

/* and not for more than one part in so many of the time */
#define GLANCE_PART 8

/* of each list in one go */
#define GLANCE_ROUND 64

/**
 * glance_soon() - glance at suspects soon
 * @domain: whose mappings; its lock is held
 *
 * Not for more of the time than may be.
 */
void glance_soon(struct uiommu_domain *domain)
{
	unsigned long delay = GLANCE_JIFFIES;

	if (time_after(domain->next_glance, jiffies + delay))
		delay = domain->next_glance - jiffies;
	domain_queue_glance(domain, delay);
}

/**
 * glance_is_wanted() - is anything left to glance at?
 * @domain: the domain; its lock is held
 *
 * Return: true if so.
 */
bool glance_is_wanted(struct uiommu_domain *domain)
{
	return !list_empty(&domain->looking) || !list_empty(&domain->hidden) ||
	       !list_empty(&domain->suspects) || !list_empty(&domain->later);
}

/* The first of a list, made busy and put to its end, or NULL. */
static struct uiommu_mapping *pass_by_suspect(struct list_head *list,
					      struct span *hull)
{
	struct uiommu_mapping *map;

	map = list_first_entry_or_null(list, struct uiommu_mapping, work_node);
	if (!map)
		return NULL;
	list_move_tail(&map->work_node, list);
	map->busy++;
	*hull = map->hull;
	return map;
}

/* The same of those that are looked at just now. */
static struct uiommu_mapping *pass_by_looker(struct list_head *looking,
					     struct span *hull)
{
	struct looker *looker;

	looker = list_first_entry_or_null(looking, struct looker, node);
	if (!looker)
		return NULL;
	list_move_tail(&looker->node, looking);
	looker->map->busy++;
	*hull = looker->hull;
	return looker->map;
}

/* How to pass by one of a list, when the next is wanted. */
struct pass {
	struct list_head *list;
	struct uiommu_mapping *(*by)(struct list_head *list, struct span *hull);
};

/* Returns false if there was none. */
static bool glance_at_next(struct uiommu_domain *domain,
			   const struct pass *pass)
{
	struct uiommu_mapping *map;
	bool claimed = false;
	struct span hull;

	spin_lock(&domain->lock);
	map = pass->by(pass->list, &hull);
	spin_unlock(&domain->lock);
	if (!map)
		return false;
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
	return true;
}

/* Each of a list once, or some of it if it is long. */
static void glance_at_list(struct uiommu_domain *domain,
			   const struct pass *pass)
{
	struct list_head *node;
	unsigned int n = 0;

	spin_lock(&domain->lock);
	list_for_each(node, pass->list)
		if (++n == GLANCE_ROUND)
			break;
	spin_unlock(&domain->lock);
	while (n-- && glance_at_next(domain, pass))
		cond_resched();
}

/**
 * glance_round() - look at the pages of suspects, waiting for nobody
 * @domain: whose mappings
 *
 * Those who look properly wait for mmap_lock, and until no invalidation of the
 * whole process is under way: in a process that changes much of its memory
 * that may be seconds. What has gone for good shows before.
 */
void glance_round(struct uiommu_domain *domain)
{
	const struct pass passes[] = {
		{ &domain->looking, pass_by_looker },
		{ &domain->suspects, pass_by_suspect },
		{ &domain->hidden, pass_by_suspect },
		{ &domain->later, pass_by_suspect },
	};
	unsigned long begin = jiffies;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(passes); i++)
		glance_at_list(domain, passes + i);
	spin_lock(&domain->lock);
	domain->next_glance = jiffies + GLANCE_PART * (jiffies - begin);
	if (glance_is_wanted(domain))
		glance_soon(domain);
	spin_unlock(&domain->lock);
}
