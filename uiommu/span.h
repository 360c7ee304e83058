/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ranges of I/O virtual addresses, and sorted sets of them. Pure rules: the
 * unit tests compile this file as well.
 */
#ifndef _UIOMMU_SPAN_H
#define _UIOMMU_SPAN_H

#include "../include/compat/pure.h"

/**
 * struct span - addresses from @first to @last
 * @first: first address
 * @last: last address, inclusive, so that a range can end at the top
 */
struct span {
	u64 first;
	u64 last;
};

/**
 * struct span_set - ranges in ascending order with gaps between them
 * @ranges: room for @cap ranges; the caller's memory
 * @nr: ranges in use
 * @cap: ranges that fit
 */
struct span_set {
	struct span *ranges;
	unsigned int nr;
	unsigned int cap;
};

#define SPAN_ALL ((struct span){ .first = 0, .last = ~0ULL })
#define SPAN_NONE ((struct span){ .first = ~0ULL, .last = 0 })

bool span_make(struct span *r, u64 start, u64 size, u64 align);
u64 span_windows(struct span r, u64 window);
bool span_widen(struct span *r, struct span gap, u64 window);
u64 span_best_align(u64 size, u64 page_sizes);

void span_set_fill(struct span_set *set, struct span all);
int span_set_remove(struct span_set *set, struct span r);
void span_set_clip(struct span_set *set, struct span keep);
bool span_set_contains(const struct span_set *set, struct span r);

static inline bool span_empty(struct span r)
{
	return r.first > r.last;
}

static inline bool span_overlaps(struct span a, struct span b)
{
	return a.first <= b.last && b.first <= a.last;
}

/* What is in both; empty when they do not overlap. */
static inline struct span span_common(struct span a, struct span b)
{
	return (struct span){
		.first = max(a.first, b.first),
		.last = min(a.last, b.last),
	};
}

static inline bool span_covers(struct span outer, struct span inner)
{
	return outer.first <= inner.first && inner.last <= outer.last;
}

#endif /* _UIOMMU_SPAN_H */
