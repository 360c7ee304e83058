/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where a mapping lies in its domain, and the search for a free place. Pure
 * rules: the unit tests compile this file as well.
 */
#ifndef _UIOMMU_PLACE_H
#define _UIOMMU_PLACE_H

#include "span.h"

/**
 * struct place - what a mapping takes up of the address space
 * @node: its node in the tree of places, by address
 * @span: its addresses
 * @gap: free addresses between the place before and this; 0 for the first
 * @widest: the largest @gap in the subtree below @node, @node included
 *
 * What is free below the first place and above the last is in no @gap: places
 * that come and go there change nothing but their neighbour.
 */
struct place {
	struct rb_node node;
	struct span span;
	u64 gap;
	u64 widest;
};

/**
 * struct place_tree - places by address
 * @root: the root, or NULL when there is none
 * @first: the lowest
 * @last: the highest
 */
struct place_tree {
	const struct place *root;
	const struct place *first;
	const struct place *last;
};

/**
 * struct place_wish - what place is wanted
 * @size: bytes, not zero
 * @align: power of two
 * @offset: first address modulo @align
 * @within: addresses that it may take
 * @except: addresses that it may not
 * @from: where the search goes on; 0 before it begins
 */
struct place_wish {
	u64 size;
	u64 align;
	u64 offset;
	struct span within;
	struct span except;
	u64 from;
};

/* gaps tried, and found too narrow by alignment, before a search is dropped */
#define PLACE_STEPS 256

int place_find(const struct place_tree *tree, const struct span_set *allowed,
	       struct place_wish *wish, u64 *iova);

#endif /* _UIOMMU_PLACE_H */
