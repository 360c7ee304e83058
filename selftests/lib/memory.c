// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of every kind.
 *
 * Invariant: a buffer made here is populated, writable and zero; its view,
 * where there is one, shows the same pages and survives munmap of the buffer.
 */
#include <errno.h>
#include <linux/memfd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "call.h"
#include "memory.h"
#include "text.h"

/**
 * memory_anon() - private anonymous memory, not touched yet
 * @size: bytes
 *
 * Return: the memory, or NULL.
 */
void *memory_anon(size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

static __u8 *map_at(size_t size, int flags, int fd)
{
	size_t align = size % GIGANTIC ? size % HUGE ? PAGE : HUGE : GIGANTIC;
	__u8 *at = mmap(NULL, size + align, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	__u8 *start = (__u8 *)(((unsigned long)at + align - 1) & -align);

	if (at == MAP_FAILED)
		return NULL;
	if (start > at)
		munmap(at, start - at);
	munmap(start + size, at + align - start);
	at = mmap(start, size, PROT_READ | PROT_WRITE, flags | MAP_FIXED, fd,
		  0);
	return at == MAP_FAILED ? NULL : at;
}

static int make_file(struct memory *m, unsigned int flags)
{
	m->fd = memfd_create("selftest", MFD_CLOEXEC | flags);
	if (m->fd < 0 || ftruncate(m->fd, m->size))
		return -errno;
	return 0;
}

static int make_shared(struct memory *m, unsigned int flags)
{
	int err = make_file(m, flags);

	if (err)
		return err;
	m->buf = map_at(m->size, MAP_SHARED, m->fd);
	m->view = map_at(m->size, MAP_SHARED, m->fd);
	return m->buf && m->view ? 0 : -ENOMEM;
}

static int make_shared_anon(struct memory *m)
{
	void *view;

	m->buf = map_at(m->size, MAP_SHARED | MAP_ANONYMOUS, -1);
	if (!m->buf)
		return -ENOMEM;
	view = mremap(m->buf, 0, m->size, MREMAP_MAYMOVE);
	m->view = view == MAP_FAILED ? NULL : view;
	return m->view ? 0 : -ENOMEM;
}

static int make_private(struct memory *m, enum kind kind)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS, err;

	if (kind == HUGETLB_PRIVATE)
		flags |= MAP_HUGETLB;
	if (kind == PRIVATE_FILE) {
		err = make_file(m, 0);
		if (err)
			return err;
		flags = MAP_PRIVATE;
	}
	m->buf = map_at(m->size, flags, m->fd);
	if (!m->buf)
		return -ENOMEM;
	if (kind == THP && madvise(m->buf, m->size, MADV_HUGEPAGE))
		return -errno;
	return 0;
}

/**
 * memory_make() - make a buffer
 * @m: out
 * @kind: of which kind
 * @size: bytes; a multiple of a huge page's size is aligned to it
 *
 * Return: 0, or a negative errno.
 */
int memory_make(struct memory *m, enum kind kind, size_t size)
{
	size_t at;
	int err;

	*m = (struct memory){ .size = size, .fd = -1 };
	if (kind == MEMFD)
		err = make_shared(m, 0);
	else if (kind == HUGETLB)
		err = make_shared(m, MFD_HUGETLB | MFD_HUGE_2MB);
	else if (kind == HUGETLB_1G)
		err = make_shared(m, MFD_HUGETLB | MFD_HUGE_1GB);
	else if (kind == SHARED_ANON)
		err = make_shared_anon(m);
	else
		err = make_private(m, kind);
	if (err)
		return err;
	for (at = 0; at < size; at += PAGE)
		m->buf[at] = 0;
	return 0;
}

/**
 * memory_free() - unmap and close
 * @m: buffer
 */
void memory_free(struct memory *m)
{
	if (m->buf)
		munmap(m->buf, m->size);
	if (m->view)
		munmap(m->view, m->size);
	if (m->fd >= 0)
		close(m->fd);
	*m = (struct memory){ .fd = -1 };
}

/**
 * memory_is_huge() - are there transparent huge pages?
 * @at: address in a mapping that begins there
 *
 * Return: 1 if smaps shows anonymous huge pages at it, else 0.
 */
int memory_is_huge(const void *at)
{
	static char smaps[1 << 20];
	char start[32];
	char *line;

	if (text_read("/proc/self/smaps", smaps, sizeof(smaps)) < 0)
		return 0;
	snprintf(start, sizeof(start), "%lx-", (unsigned long)at);
	line = strstr(smaps, start);
	line = line ? strstr(line, "AnonHugePages:") : NULL;
	return line && strtol(line + strlen("AnonHugePages:"), NULL, 10) > 0;
}
