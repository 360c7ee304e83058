/* SPDX-License-Identifier: GPL-2.0 */
/* Which frames a mapping holds: a list of runs, in pieces. */
#ifndef _UIOMMU_FRAMES_H
#define _UIOMMU_FRAMES_H

#include <linux/types.h>

#include "run.h"

struct uiommu_mapping;

/**
 * struct run_chunk - a piece of a list of runs
 * @next: the piece after it
 * @run: the runs
 * @nr: runs in use
 * @cap: runs that fit
 */
struct run_chunk {
	struct run_chunk *next;
	u64 *run;
	u32 nr;
	u32 cap;
};

/**
 * struct frame_cursor - a place between two frames of a mapping
 * @chunk: piece of the list
 * @index: run in @chunk
 * @page: pages of that run already behind us
 */
struct frame_cursor {
	struct run_chunk *chunk;
	u32 index;
	u64 page;
};

/**
 * chunk_extend() - append pages to the last run of a piece, if they follow it
 * @chunk: the piece, not empty
 * @pfn: frame number of the first
 * @npages: how many
 *
 * Return: false if they do not.
 */
static inline bool chunk_extend(struct run_chunk *chunk, u64 pfn, u64 npages)
{
	return run_extend(&chunk->run[chunk->nr - 1], pfn, npages);
}

/**
 * chunk_add() - append a run to a piece
 * @chunk: the piece, not full
 * @pfn: frame number of the first page
 * @npages: how many
 */
static inline void chunk_add(struct run_chunk *chunk, u64 pfn, u64 npages)
{
	chunk->run[chunk->nr++] = run_pack(pfn, npages);
}

void frames_init(struct uiommu_mapping *map);
int frames_grow(struct uiommu_mapping *map);
int frames_add(struct uiommu_mapping *map, u64 pfn, u64 npages);
void frame_seek(struct uiommu_mapping *map, u64 page,
		struct frame_cursor *cursor);
u64 frame_run(struct frame_cursor *cursor, u64 *npages);
u64 frame_next(struct frame_cursor *cursor);
void frames_unpin(struct uiommu_mapping *map);

#endif /* _UIOMMU_FRAMES_H */
