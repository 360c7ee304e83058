/* SPDX-License-Identifier: GPL-2.0 */
/* What the threads of the storm work on. */
#ifndef SELFTESTS_STORM_H
#define SELFTESTS_STORM_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "../lib/call.h"
#include "../lib/disturb.h"
#include "../lib/edu.h"
#include "../lib/memory.h"

#define FILE_IOVA 0x100000000ULL
#define ANON_IOVA 0x110000000ULL
#define CALM_IOVA 0x120000000ULL
#define HUGE_IOVA 0x130000000ULL
#define WATCHED_IOVA 0x140000000ULL
#define BLOCKS 16
#define SIZE (256 * PAGE)
#define WATCHED (4 * PAGE)
#define MARK 0xc3
#define SECRET 0x5c

#define MOST 40

/**
 * struct storm - what its threads work on
 * @domain: where all is mapped
 * @file: blocks of it are mapped and unmapped; pages of it are unmapped
 * @anon: blocks of it are mapped and unmapped; disturbed in every way
 * @calm: mapped all the time; disturbed in every way that takes nothing
 * @huge: the same in huge pages; single pages are disturbed in its second half,
 *	and the device looks at the first
 * @idle: never mapped: what pinned pages prevent happens here
 * @merged: nobody's pages, all the same: for KSM
 * @parking: where pages are moved to
 * @whole: held for write by who wants nobody to run over all memory
 * @a: writes into @file, and into @calm
 * @b: writes into @anon, and into @huge
 * @c: looks at what the watchers take away
 * @stop: ends the threads
 * @seed: makes a sequence of its own for each
 * @errors: calls that said what they may not say; the last of them
 * @where: line of that check
 * @escaped: writes and reads seen where none may be
 * @escape: line of the last of them
 * @turns: maps and unmaps
 * @done: how often each disturbance was done, those of lib/disturb.c first
 */
struct storm {
	int domain;
	struct memory file;
	struct memory anon;
	struct memory calm;
	struct memory huge;
	struct memory idle;
	struct memory merged;
	__u8 *parking;
	pthread_rwlock_t whole;
	struct edu a;
	struct edu b;
	struct edu c;
	atomic_bool stop;
	atomic_int seed;
	atomic_int errors;
	atomic_int where;
	atomic_int escaped;
	atomic_int escape;
	atomic_long turns;
	atomic_long done[MOST];
};

/* Ways to take a page of the file out of the process at once */
enum { MUNMAP, MREMAP, MMAP_OVER, NR_WAYS };

/* Ways to throw memory away */
enum { BY_DONTNEED, BY_PUNCH, BY_REMOVE, BY_TRUNCATE, NR_THROWS };

/* Ways of a process to leave its memory */
enum { BY_EXIT, BY_KILL, BY_EXEC, NR_LEAVES };

static inline size_t random_page(unsigned int *seed, size_t size)
{
	return rand_r(seed) % (size / PAGE) * PAGE;
}

static inline void note(struct storm *s, int err, int line)
{
	if (!err)
		return;
	s->where = line;
	s->errors = err;
}

#define check(s, err) note(s, err, __LINE__)

static inline void note_escape(struct storm *s, int line)
{
	s->escape = line;
	s->escaped++;
}

#define escaped(s) note_escape(s, __LINE__)

void *take_pages_away(void *arg);
void *throw_away_and_leave(void *arg);

#endif
