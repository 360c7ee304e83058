// SPDX-License-Identifier: GPL-2.0
/*
 * Which frames a mapping holds, as runs. Invariant: the runs in order are the
 * pages of the buffer in order, each pinned once by us (or none, for mmio).
 */
#include <linux/slab.h>

#include "domain.h"

#define UNPIN_BATCH 64
#define CHUNK_MAX ((PAGE_SIZE - sizeof(struct run_chunk)) / sizeof(u64))

/**
 * frames_init() - begin with no frames
 * @map: the mapping
 */
void frames_init(struct uiommu_mapping *map)
{
	map->runs = (struct run_chunk){
		.run = map->room,
		.cap = UIOMMU_ROOM_RUNS,
	};
	map->last_run = &map->runs;
}

/**
 * frames_grow() - make room for more runs
 * @map: the mapping, whose last piece is full
 *
 * Return: 0 or -ENOMEM.
 */
int frames_grow(struct uiommu_mapping *map)
{
	u32 cap = min_t(u32, map->last_run->cap * 4, CHUNK_MAX);
	struct run_chunk *chunk;

	chunk = kmalloc(sizeof(*chunk) + cap * sizeof(u64), GFP_KERNEL_ACCOUNT);
	if (!chunk)
		return -ENOMEM;
	*chunk = (struct run_chunk){ .run = (u64 *)(chunk + 1), .cap = cap };
	map->last_run->next = chunk;
	map->last_run = chunk;
	return 0;
}

/**
 * frames_add() - append a run of pinned pages
 * @map: the mapping
 * @pfn: frame number of the first
 * @npages: how many
 *
 * Return: 0 or -ENOMEM.
 */
int frames_add(struct uiommu_mapping *map, u64 pfn, u64 npages)
{
	int ret = 0;

	if (map->last_run->nr == map->last_run->cap)
		ret = frames_grow(map);
	if (!ret)
		chunk_add(map->last_run, pfn, npages);
	return ret;
}

/**
 * frame_seek() - stand before a page of the buffer
 * @map: the mapping
 * @page: index of the page, at most the number of pages held
 * @cursor: where to stand
 */
void frame_seek(struct uiommu_mapping *map, u64 page,
		struct frame_cursor *cursor)
{
	*cursor = (struct frame_cursor){ .chunk = &map->runs };
	while (cursor->chunk && page) {
		u64 npages;

		if (cursor->index == cursor->chunk->nr) {
			cursor->chunk = cursor->chunk->next;
			cursor->index = 0;
			continue;
		}
		npages = run_npages(cursor->chunk->run[cursor->index]);
		if (page < npages) {
			cursor->page = page;
			return;
		}
		page -= npages;
		cursor->index++;
	}
}

/**
 * frame_run() - the run after a cursor, or what is left of it
 * @cursor: moved behind it
 * @npages: where to store its length
 *
 * Return: its first frame number; there is none when @npages is 0.
 */
u64 frame_run(struct frame_cursor *cursor, u64 *npages)
{
	u64 run, pfn;

	while (cursor->chunk && cursor->index == cursor->chunk->nr) {
		if (!cursor->chunk->next)
			break;
		cursor->chunk = cursor->chunk->next;
		cursor->index = 0;
	}
	*npages = 0;
	if (cursor->index == cursor->chunk->nr)
		return 0;
	run = cursor->chunk->run[cursor->index++];
	pfn = run_pfn(run) + cursor->page;
	*npages = run_npages(run) - cursor->page;
	cursor->page = 0;
	return pfn;
}

/**
 * frame_next() - the page after a cursor
 * @cursor: moved behind it
 *
 * Return: its frame number.
 */
u64 frame_next(struct frame_cursor *cursor)
{
	struct frame_cursor here;
	u64 npages, page, pfn;

	here = *cursor;
	page = cursor->page;
	pfn = frame_run(cursor, &npages);
	if (npages > 1) {
		/* back into the run, one page further */
		if (here.index == here.chunk->nr)
			here = (struct frame_cursor){ cursor->chunk, 0, 0 };
		here.page = page + 1;
		*cursor = here;
	}
	return pfn;
}

/* Runs of one page go together: one call for each costs as much again. */
static u64 unpin_chunk(struct run_chunk *chunk, bool dirty)
{
	struct page *singles[UNPIN_BATCH];
	unsigned int nr_singles = 0;
	u64 npages = chunk->nr;
	u32 i;

	for (i = 0; i < chunk->nr; i++) {
		struct page *page = pfn_to_page(run_pfn(chunk->run[i]));
		u64 n = run_npages(chunk->run[i]);

		if (n > 1) {
			unpin_user_page_range_dirty_lock(page, n, dirty);
			npages += n - 1;
			continue;
		}
		singles[nr_singles++] = page;
		if (nr_singles == UNPIN_BATCH) {
			unpin_user_pages_dirty_lock(singles, nr_singles, dirty);
			nr_singles = 0;
		}
	}
	unpin_user_pages_dirty_lock(singles, nr_singles, dirty);
	return npages;
}

static bool is_one_page(struct uiommu_mapping *map)
{
	return map->runs.nr == 1 && map->size == PAGE_SIZE && !map->mmio;
}

static void unpin_one_page(struct uiommu_mapping *map)
{
	struct page *page = pfn_to_page(run_pfn(map->room[0]));

	unpin_user_pages_dirty_lock(&page, 1, map->writable);
	map->runs.nr = 0;
	atomic64_dec(&map->domain->pinned);
	atomic64_dec(&map->owner->pinned);
}

/**
 * frames_unpin() - give all frames back
 * @map: the mapping; in no page table
 *
 * May sleep on page locks.
 */
void frames_unpin(struct uiommu_mapping *map)
{
	struct run_chunk *chunk = &map->runs;
	u64 npages = 0;

	if (is_one_page(map)) {
		unpin_one_page(map);
		return;
	}
	while (chunk) {
		struct run_chunk *next = chunk->next;

		if (!map->mmio)
			npages += unpin_chunk(chunk, map->writable);
		if (chunk != &map->runs)
			kfree(chunk);
		chunk = next;
		cond_resched();
	}
	frames_init(map);
	atomic64_sub(npages, &map->domain->pinned);
	atomic64_sub(npages, &map->owner->pinned);
}
