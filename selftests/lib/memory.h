/* SPDX-License-Identifier: GPL-2.0 */
/* Memory of every kind, where possible with a second view of it. */
#ifndef SELFTESTS_MEMORY_H
#define SELFTESTS_MEMORY_H

#include <stddef.h>
#include <linux/types.h>

#define HUGE (2UL << 20)
#define GIGANTIC (1UL << 30)

enum kind {
	ANON,
	THP,
	SHARED_ANON,
	MEMFD,
	HUGETLB,
	HUGETLB_PRIVATE,
	HUGETLB_1G,
	PRIVATE_FILE,
};

/**
 * struct memory - a buffer
 * @buf: the buffer
 * @view: the same pages once more, or NULL where there is no other way
 * @size: bytes
 * @fd: file behind it, or negative
 */
struct memory {
	__u8 *buf;
	__u8 *view;
	size_t size;
	int fd;
};

int memory_make(struct memory *m, enum kind kind, size_t size);
void memory_free(struct memory *m);
void *memory_anon(size_t size);
int memory_is_huge(const void *at);

#endif
