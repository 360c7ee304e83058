/* SPDX-License-Identifier: GPL-2.0 */
/* The clock of the bench, and marks that the profiler sees. */
#ifndef BENCH_CLOCK_H
#define BENCH_CLOCK_H

#include <linux/types.h>

/*
 * Under -icount shift=0 the time-stamp counter counts executed instructions,
 * and the time that the machine slept, in nanoseconds.
 */
static inline __u64 clock_now(void)
{
	__u32 low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (__u64)high << 32 | low;
}

/* Instructions that do nothing, and that the plugin counts between. */
static inline void mark_begin(void)
{
	__asm__ volatile(".byte 0x0f, 0x1f, 0x84, 0x00\n\t.long 0x6e676562"
			 :
			 :
			 : "memory");
}

static inline void mark_end(void)
{
	__asm__ volatile(".byte 0x0f, 0x1f, 0x84, 0x00\n\t.long 0x21646e65"
			 :
			 :
			 : "memory");
}

#endif
