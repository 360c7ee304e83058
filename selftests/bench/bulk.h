/* SPDX-License-Identifier: GPL-2.0 */
/* The buffers that are mapped and unmapped whole. */
#ifndef BENCH_BULK_H
#define BENCH_BULK_H

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"

/**
 * struct shape - a buffer
 * @name: as rows name it
 * @pages: of what pages
 * @size: bytes
 * @rounds: how often it is measured
 * @per_page: tell the cost of each 4 KiB rather than of the whole
 */
struct shape {
	const char *name;
	enum pages pages;
	size_t size;
	unsigned int rounds;
	bool per_page;
};

extern const struct shape shapes[];
extern const unsigned int nr_shapes;

#endif
