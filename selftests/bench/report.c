// SPDX-License-Identifier: GPL-2.0
/*
 * What was found, one line each, for table.py. Invariant: a row that could
 * not be measured is said to be so.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

void report(const char *row, const char *who, double value)
{
	printf("bench\t%s\t%s\t%.2f\n", row, who, value);
	fflush(stdout);
}

void report_missing(const char *row, const char *who, int err)
{
	printf("bench\t%s\t%s\tnot measured: %s\n", row, who, strerror(-err));
	fflush(stdout);
}

static int compare(const void *a, const void *b)
{
	__u64 x = *(const __u64 *)a, y = *(const __u64 *)b;

	return x < y ? -1 : x > y;
}

/**
 * median() - the middle one of some values
 * @values: the values; sorted afterwards
 * @n: how many
 *
 * Return: the median.
 */
double median(__u64 *values, unsigned int n)
{
	qsort(values, n, sizeof(*values), compare);
	return n % 2 ? values[n / 2] :
		       (values[n / 2 - 1] + values[n / 2]) / 2.0;
}
