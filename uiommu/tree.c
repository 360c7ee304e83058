// SPDX-License-Identifier: GPL-2.0
/*
 * The mappings of a domain by I/O virtual address. Invariant: their spans do
 * not overlap. Everything here needs uiommu_domain.lock.
 */
#include "domain.h"

/* steps of a search for a free address before the lock is dropped once */
#define PLACE_STEPS 1024

static struct uiommu_mapping *to_map(struct rb_node *node)
{
	return rb_entry_safe(node, struct uiommu_mapping, node);
}

/**
 * tree_first() - the first mapping in a range
 * @domain: where to look
 * @r: the range
 *
 * Return: the mapping with the lowest address that overlaps @r, or NULL.
 */
struct uiommu_mapping *tree_first(struct uiommu_domain *domain, struct span r)
{
	struct rb_node *node = domain->maps.rb_node;
	struct uiommu_mapping *found = NULL;

	lockdep_assert_held(&domain->lock);
	while (node) {
		struct uiommu_mapping *map = to_map(node);

		if (map->span.last < r.first) {
			node = node->rb_right;
			continue;
		}
		found = map;
		node = node->rb_left;
	}
	return found && found->span.first <= r.last ? found : NULL;
}

/**
 * tree_next() - the mapping after another
 * @map: the other
 *
 * Return: the mapping with the next higher address, or NULL.
 */
struct uiommu_mapping *tree_next(struct uiommu_mapping *map)
{
	return to_map(rb_next(&map->node));
}

/**
 * tree_gap() - what a mapping could grow into
 * @map: a mapping in the tree
 *
 * Return: the addresses between its neighbours.
 */
struct span tree_gap(struct uiommu_mapping *map)
{
	struct uiommu_mapping *prev = to_map(rb_prev(&map->node));
	struct uiommu_mapping *next = to_map(rb_next(&map->node));

	return (struct span){
		.first = prev ? prev->span.last + 1 : 0,
		.last = next ? next->span.first - 1 : ~0ULL,
	};
}

/**
 * tree_insert() - add a mapping
 * @domain: where to
 * @map: the mapping; its span overlaps no other
 */
void tree_insert(struct uiommu_domain *domain, struct uiommu_mapping *map)
{
	struct rb_node **link = &domain->maps.rb_node;
	struct rb_node *parent = NULL;

	lockdep_assert_held(&domain->lock);
	while (*link) {
		parent = *link;
		if (map->span.first < to_map(parent)->span.first)
			link = &parent->rb_left;
		else
			link = &parent->rb_right;
	}
	rb_link_node(&map->node, parent, link);
	rb_insert_color(&map->node, &domain->maps);
	domain->nr_maps++;
	domain->mapped += map->size;
}

/**
 * tree_erase() - take a mapping out
 * @domain: where from
 * @map: the mapping
 */
void tree_erase(struct uiommu_domain *domain, struct uiommu_mapping *map)
{
	lockdep_assert_held(&domain->lock);
	domain->nr_maps--;
	domain->mapped -= map->size;
	/* with no limit yet, do not run away from one to come */
	if (!domain->nr_hw && map->iova < domain->place)
		domain->place = max_t(u64, map->iova, UIOMMU_PLACE_START);
	rb_erase(&map->node, &domain->maps);
}

/* Page sizes to be ready for; before the first attach those of the CPU. */
static u64 likely_page_sizes(struct uiommu_domain *domain)
{
	if (domain->nr_hw)
		return domain->page_sizes;
	return PAGE_SIZE | PMD_SIZE | PUD_SIZE;
}

/* The search from *@from up, for a number of steps; then -EAGAIN. */
static int place_from(struct uiommu_domain *domain, u64 *from, u64 size,
		      u64 *iova)
{
	u64 align = span_best_align(size, likely_page_sizes(domain));
	struct uiommu_mapping *other;
	unsigned int steps;
	struct span place;

	for (steps = 0; steps < PLACE_STEPS; steps++) {
		if (!span_set_place(&domain->allowed, *from, size, align, iova))
			return -ENOSPC;
		place = (struct span){ *iova, *iova + size - 1 };
		if (span_overlaps(place, UIOMMU_ARCH_WINDOW)) {
			*from = UIOMMU_ARCH_WINDOW.last + 1;
			continue;
		}
		other = tree_first(domain, place);
		if (!other)
			return 0;
		*from = other->span.last + 1;
		if (!*from)
			return -ENOSPC;
	}
	return -EAGAIN;
}

/**
 * tree_place() - find a free address for a request
 * @domain: where to look
 * @request: what is to be mapped; its address is stored there
 *
 * The address has the offset of the buffer within the largest page that may
 * matter, so that huge pages of memory can be huge pages of the IOMMU. The
 * search goes on from where the last one ended and wraps once.
 *
 * Return: 0; -ENOSPC when there is none; -EAGAIN when the lock should be
 * dropped for a moment before the search goes on.
 */
int tree_place(struct uiommu_domain *domain, struct map_request *request)
{
	u64 align = span_best_align(request->size, likely_page_sizes(domain));
	u64 offset = request->vaddr & (align - 1);
	u64 size = request->size + offset;
	int ret;

	lockdep_assert_held(&domain->lock);
	if (size < offset)
		return -ENOSPC;
	if (!request->from)
		request->from = domain->place;
	ret = place_from(domain, &request->from, size, &request->iova);
	if (ret == -ENOSPC && !request->wrapped) {
		request->wrapped = true;
		request->from = UIOMMU_PLACE_START;
		ret = -EAGAIN;
	}
	if (ret)
		return ret;
	request->iova += offset;
	domain->place = request->iova + request->size;
	return 0;
}
