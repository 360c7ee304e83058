/* SPDX-License-Identifier: GPL-2.0 */
/* Memory that is mapped: populated, and made of the pages that are wanted. */
#ifndef BENCH_BUFFER_H
#define BENCH_BUFFER_H

#include <stddef.h>

#define MIB (1UL << 20)
#define HUGE_PAGE (2 * MIB)

enum pages {
	SMALL, /* 4 KiB pages as the kernel hands them out */
	SCATTERED, /* 4 KiB pages in an order of our own */
	THP, /* transparent huge pages */
	HUGETLB, /* reserved huge pages */
};

void *buffer_make(enum pages pages, size_t size);
void buffer_free(void *buf, size_t size);

#endif
