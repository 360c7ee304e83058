/* SPDX-License-Identifier: GPL-2.0 */
/* The rows of the bench, and how they tell what they found. */
#ifndef BENCH_H
#define BENCH_H

#include <linux/types.h>
#include <stdbool.h>

#include "peer.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#define MANY 20000UL /* mappings, in the rows that have many */

extern bool quick;

void report(const char *row, const char *who, double value);
void report_missing(const char *row, const char *who, int err);
double median(__u64 *values, unsigned int n);

/* Each: rows of one kind; devices are PCI addresses of edu devices. */
void measure_bulk(void);
void measure_many(void);
void measure_nth(void);
void measure_any(void);
void measure_attached(const char *const devices[], unsigned int n);
void measure_memory(void);
void measure_threads(void);
void measure_registers(void);
int profile(const char *what, const char *who);

#endif
