// SPDX-License-Identifier: GPL-2.0
/*
 * The mappings of a domain by I/O virtual address. Invariant: their spans do
 * not overlap, and each knows the gap before it. Everything here needs
 * uiommu_domain.lock.
 */
#include <linux/rbtree_augmented.h>

#include "domain.h"

static struct place *to_place(struct rb_node *node)
{
	return rb_entry_safe(node, struct place, node);
}

static struct uiommu_mapping *to_map(struct rb_node *node)
{
	return rb_entry_safe(node, struct uiommu_mapping, place.node);
}

static u64 own_gap(struct place *place)
{
	return place->gap;
}

RB_DECLARE_CALLBACKS_MAX(static, gaps, struct place, node, u64, widest, own_gap)

/* Note how much is free between a place and the one before, if any. */
static void note_gap(struct place *prev, struct place *place)
{
	place->gap = prev ? place->span.first - prev->span.last - 1 : 0;
	gaps.propagate(&place->node, NULL);
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
	struct rb_node *node = domain->maps.rb_root.rb_node;
	struct uiommu_mapping *found = NULL;

	lockdep_assert_held(&domain->lock);
	while (node) {
		struct uiommu_mapping *map = to_map(node);

		if (map->place.span.last < r.first) {
			node = node->rb_right;
			continue;
		}
		found = map;
		node = node->rb_left;
	}
	return found && found->place.span.first <= r.last ? found : NULL;
}

/**
 * tree_next() - the mapping after another
 * @map: the other
 *
 * Return: the mapping with the next higher address, or NULL.
 */
struct uiommu_mapping *tree_next(struct uiommu_mapping *map)
{
	return to_map(rb_next(&map->place.node));
}

/**
 * tree_gap() - what a mapping could grow into
 * @map: a mapping in the tree
 *
 * Return: the addresses between its neighbours.
 */
struct span tree_gap(struct uiommu_mapping *map)
{
	struct place *prev = to_place(rb_prev(&map->place.node));
	struct place *next = to_place(rb_next(&map->place.node));

	return (struct span){
		.first = prev ? prev->span.last + 1 : 0,
		.last = next ? next->span.first - 1 : ~0ULL,
	};
}

/**
 * tree_widen() - have a mapping take up more of the address space
 * @map: a mapping in the tree
 * @r: what it is to take besides; within its gap
 */
void tree_widen(struct uiommu_mapping *map, struct span r)
{
	struct place *place = &map->place;
	struct place *next = to_place(rb_next(&place->node));

	lockdep_assert_held(&map->domain->lock);
	place->span.first = min(place->span.first, r.first);
	place->span.last = max(place->span.last, r.last);
	note_gap(to_place(rb_prev(&place->node)), place);
	if (next)
		note_gap(place, next);
}

/**
 * tree_insert() - add a mapping
 * @domain: where to
 * @map: the mapping; its span overlaps no other
 */
void tree_insert(struct uiommu_domain *domain, struct uiommu_mapping *map)
{
	struct rb_node **link = &domain->maps.rb_root.rb_node;
	struct place *prev = NULL, *next = NULL;
	struct place *place = &map->place;
	struct rb_node *parent = NULL;

	lockdep_assert_held(&domain->lock);
	while (*link) {
		parent = *link;
		if (place->span.first < to_place(parent)->span.first) {
			next = to_place(parent);
			link = &parent->rb_left;
		} else {
			prev = to_place(parent);
			link = &parent->rb_right;
		}
	}
	rb_link_node(&place->node, parent, link);
	place->widest = 0;
	note_gap(prev, place);
	if (next)
		note_gap(place, next);
	rb_insert_augmented_cached(&place->node, &domain->maps, !prev, &gaps);
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
	struct place *next = to_place(rb_next(&map->place.node));
	struct place *prev = NULL;

	lockdep_assert_held(&domain->lock);
	if (next && &map->place.node != rb_first_cached(&domain->maps))
		prev = to_place(rb_prev(&map->place.node));
	rb_erase_augmented_cached(&map->place.node, &domain->maps, &gaps);
	if (next)
		note_gap(prev, next);
	domain->nr_maps--;
	domain->mapped -= map->size;
}

/* Page sizes to be ready for; before the first attach those of the CPU. */
static u64 likely_page_sizes(struct uiommu_domain *domain)
{
	if (domain->nr_hw)
		return domain->page_sizes;
	return PAGE_SIZE | PMD_SIZE | PUD_SIZE;
}

static struct place_tree places_of(struct uiommu_domain *domain)
{
	return (struct place_tree){
		.root = to_place(domain->maps.rb_root.rb_node),
		.first = to_place(rb_first_cached(&domain->maps)),
		.last = to_place(rb_last(&domain->maps.rb_root)),
	};
}

/*
 * Have the place at the offset of the buffer within the largest page that may
 * matter, so that huge pages of memory can be huge pages of the IOMMU.
 */
static bool prefer_large(struct uiommu_domain *domain,
			 const struct map_request *request,
			 struct place_wish *wish)
{
	u64 align = span_best_align(request->size, likely_page_sizes(domain));

	if (align <= request->align || request->vaddr & (request->align - 1))
		return false;
	wish->align = align;
	wish->offset = request->vaddr & (align - 1);
	return true;
}

/**
 * tree_place() - find the lowest free address for a request
 * @domain: where to look
 * @request: what is to be mapped; its address is stored there
 *
 * Return: 0; -ENOSPC when there is none; -EAGAIN when the lock should be
 * dropped for a moment before the search goes on.
 */
int tree_place(struct uiommu_domain *domain, struct map_request *request)
{
	struct place_tree tree = places_of(domain);
	struct place_wish wish = {
		.size = request->size,
		.align = request->align,
		.within = request->within,
		.except = UIOMMU_ARCH_WINDOW,
		.from = request->from,
	};
	struct place_wish large = wish;
	int ret;

	lockdep_assert_held(&domain->lock);
	if (!wish.from && prefer_large(domain, request, &large) &&
	    !place_find(&tree, &domain->allowed, &large, &request->iova))
		return 0;
	ret = place_find(&tree, &domain->allowed, &wish, &request->iova);
	request->from = wish.from;
	return ret;
}
