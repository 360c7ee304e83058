// SPDX-License-Identifier: GPL-2.0
/*
 * Memory to map. Invariant: a buffer is aligned to a huge page, and each page
 * of it has been written to, so that no map has to fault.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../lib/call.h"
#include "../lib/text.h"
#include "buffer.h"

static char *reserve(size_t size)
{
	char *at = mmap(NULL, size + HUGE_PAGE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	char *start;

	if (at == MAP_FAILED)
		return NULL;
	start = (char *)(((unsigned long)at + HUGE_PAGE - 1) & -HUGE_PAGE);
	if (start > at)
		munmap(at, start - at);
	if (start < at + HUGE_PAGE)
		munmap(start + size, at + HUGE_PAGE - start);
	return start;
}

static void touch_in_order(char *buf, size_t size)
{
	size_t at;

	for (at = 0; at < size; at += PAGE)
		buf[at] = 1;
}

/* A full period of x -> 5x + 3 modulo a power of two, far from sequential. */
static void touch_shuffled(char *buf, size_t size)
{
	size_t npages = size / PAGE;
	size_t i, x = npages / 3;

	for (i = 0; i < npages; i++) {
		buf[((x * 40503) & (npages - 1)) * PAGE] = 1;
		x = (5 * x + 3) & (npages - 1);
	}
}

static char *take_reserved(size_t size)
{
	char text[32], *buf;

	snprintf(text, sizeof(text), "%lu", size / HUGE_PAGE + 8);
	text_write("/proc/sys/vm/nr_hugepages", text);
	buf = mmap(NULL, size, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	return buf == MAP_FAILED ? NULL : buf;
}

/**
 * buffer_make() - memory of one kind of page, populated
 * @pages: which kind
 * @size: bytes, a power of two if @pages is SCATTERED
 *
 * Return: the memory, or NULL.
 */
void *buffer_make(enum pages pages, size_t size)
{
	char *buf = pages == HUGETLB ? take_reserved(size) : reserve(size);

	if (!buf)
		return NULL;
	if (pages != HUGETLB)
		madvise(buf, size,
			pages == THP ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	if (pages == SCATTERED)
		touch_shuffled(buf, size);
	else
		touch_in_order(buf, size);
	return buf;
}

/**
 * buffer_free() - give a buffer back
 * @buf: the buffer, or NULL
 * @size: bytes
 */
void buffer_free(void *buf, size_t size)
{
	if (buf)
		munmap(buf, size);
}
