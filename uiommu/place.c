// SPDX-License-Identifier: GPL-2.0
/*
 * The search for the lowest free place. Owns nothing; relies on
 * &place.gap and &place.widest being right throughout the tree.
 *
 * With an alignment of a page, or in the order in which programs usually map,
 * the first gap that is large enough fits. It does not where the alignment is
 * larger than the gap has to spare; there may be any number of such gaps.
 */
#include "place.h"

static const struct place *to_place(const struct rb_node *node)
{
	return node ? container_of(node, struct place, node) : NULL;
}

static u64 widest(const struct rb_node *node)
{
	return node ? to_place(node)->widest : 0;
}

/* The first place in a subtree with a gap of @need; there is one. */
static const struct place *first_with(const struct place *at, u64 need)
{
	for (;;) {
		if (widest(at->node.rb_left) >= need) {
			at = to_place(at->node.rb_left);
			continue;
		}
		if (at->gap >= need)
			return at;
		at = to_place(at->node.rb_right);
	}
}

/* The first place above @from with a gap of @need before it, or NULL. */
static const struct place *next_with(const struct place *at, u64 from, u64 need)
{
	const struct place *best = NULL;

	while (at && at->widest >= need) {
		if (at->span.first <= from) {
			at = to_place(at->node.rb_right);
			continue;
		}
		/* it, or one to its right: lower than any seen so far */
		if (at->gap >= need || widest(at->node.rb_right) >= need)
			best = at;
		at = to_place(at->node.rb_left);
	}
	if (!best || best->gap >= need)
		return best;
	return first_with(to_place(best->node.rb_right), need);
}

/* The lowest address in @free at which the wish comes true. */
static bool fits(struct span free, const struct place_wish *wish, u64 *iova)
{
	u64 up;

	if (span_empty(free))
		return false;
	up = (wish->offset - free.first) & (wish->align - 1);
	if (up > free.last - free.first)
		return false;
	*iova = free.first + up;
	return free.last - *iova >= wish->size - 1;
}

static bool fits_below(const struct place_tree *tree, struct span r,
		       const struct place_wish *wish, u64 *iova)
{
	struct span free = SPAN_ALL;

	if (tree->first && !tree->first->span.first)
		return false;
	if (tree->first)
		free.last = tree->first->span.first - 1;
	return fits(span_common(free, r), wish, iova);
}

static bool fits_above(const struct place_tree *tree, struct span r,
		       const struct place_wish *wish, u64 *iova)
{
	struct span free = SPAN_ALL;

	if (!tree->last || tree->last->span.last == free.last)
		return false;
	free.first = tree->last->span.last + 1;
	return fits(span_common(free, r), wish, iova);
}

/**
 * struct search - one pass over the gaps
 * @tree: where
 * @wish: for what
 * @need: gaps to look at are at least so large
 * @steps: how many more may be too narrow
 * @from: addresses below have been searched
 */
struct search {
	const struct place_tree *tree;
	const struct place_wish *wish;
	u64 need;
	unsigned int steps;
	u64 from;
};

/* 0 found between two places, -ENOSPC, or -EAGAIN after too many steps. */
static int find_between(struct search *s, struct span r, u64 *iova)
{
	const struct place *at;
	struct span free;
	u64 from = r.first;

	while ((at = next_with(s->tree->root, from, s->need))) {
		free.first = at->span.first - at->gap;
		free.last = at->span.first - 1;
		if (fits(span_common(free, r), s->wish, iova))
			return 0;
		from = at->span.first;
		if (from > r.last)
			break;
		if (!s->steps--) {
			s->from = from;
			return -EAGAIN;
		}
	}
	return -ENOSPC;
}

static int find_in(struct search *s, struct span r, u64 *iova)
{
	int ret;

	r = span_common(r, s->wish->within);
	r.first = max(r.first, s->from);
	if (span_empty(r))
		return -ENOSPC;
	if (fits_below(s->tree, r, s->wish, iova))
		return 0;
	ret = find_between(s, r, iova);
	if (ret != -ENOSPC)
		return ret;
	return fits_above(s->tree, r, s->wish, iova) ? 0 : -ENOSPC;
}

/* In @r without what is excepted, the lower part first. */
static int find_around(struct search *s, struct span r, u64 *iova)
{
	struct span except = s->wish->except;
	struct span part = r;
	int ret;

	if (span_empty(span_common(r, except)))
		return find_in(s, r, iova);
	if (except.first > r.first) {
		part.last = except.first - 1;
		ret = find_in(s, part, iova);
		if (ret != -ENOSPC)
			return ret;
	}
	if (except.last >= r.last)
		return -ENOSPC;
	part = (struct span){ except.last + 1, r.last };
	return find_in(s, part, iova);
}

static int search_all(struct search *s, const struct span_set *allowed,
		      u64 *iova)
{
	unsigned int i;
	int ret = -ENOSPC;

	for (i = 0; i < allowed->nr && ret == -ENOSPC; i++)
		ret = find_around(s, allowed->ranges[i], iova);
	return ret;
}

/* Where a gap has room for any alignment, unless a border cuts it. */
static int search_wide(const struct place_tree *tree,
		       const struct span_set *allowed,
		       const struct place_wish *wish, u64 *iova)
{
	struct search s = {
		.tree = tree,
		.wish = wish,
		.need = wish->size + wish->align - 1,
		.steps = PLACE_STEPS,
	};

	return s.need < wish->size ? -ENOSPC : search_all(&s, allowed, iova);
}

/**
 * place_find() - find a free place
 * @tree: the places taken
 * @allowed: what may be taken
 * @wish: what is wanted; @from says where to go on after -EAGAIN
 * @iova: where to store its first address
 *
 * Takes time in proportion to the depth of @tree. The place is the lowest,
 * unless more than PLACE_STEPS gaps are large enough but for the alignment:
 * then it is the lowest in a gap that is large enough with it. Only where
 * there is no such gap all others are tried, some at a time.
 *
 * Return: 0; -ENOSPC when there is none; -EAGAIN to be called once more.
 */
int place_find(const struct place_tree *tree, const struct span_set *allowed,
	       struct place_wish *wish, u64 *iova)
{
	struct search s = {
		.tree = tree,
		.wish = wish,
		.need = wish->size,
		.steps = PLACE_STEPS,
		.from = wish->from,
	};
	int ret = search_all(&s, allowed, iova);

	if (ret != -EAGAIN)
		return ret;
	if (!wish->from && !search_wide(tree, allowed, wish, iova))
		return 0;
	wish->from = s.from;
	return -EAGAIN;
}
