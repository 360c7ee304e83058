/* SPDX-License-Identifier: GPL-2.0 */
/* Calls of /dev/floor, for the bench alone. */
#ifndef SELFTESTS_FLOOR_H
#define SELFTESTS_FLOOR_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* How many pages an open file can hold pinned: once, before the first map */
#define FLOOR_ROOM _IO(';', 0)

/**
 * struct floor_range - a buffer and where it goes
 * @vaddr: user address, page aligned
 * @iova: I/O address
 * @size: bytes
 * @first: place in the room of the buffer's first page
 * @nr_runs: out: contiguous runs that the buffer has
 */
struct floor_range {
	__aligned_u64 vaddr;
	__aligned_u64 iova;
	__aligned_u64 size;
	__aligned_u64 first;
	__aligned_u64 nr_runs;
};

#define FLOOR_MAP _IO(';', 1)
#define FLOOR_UNMAP _IO(';', 2)

#endif
