/* SPDX-License-Identifier: GPL-2.0 */
/* What changes the page tables of a process, and who does it. */
#ifndef SELFTESTS_DISTURB_H
#define SELFTESTS_DISTURB_H

#include <stdbool.h>
#include <stddef.h>
#include "memory.h"

#define DISTURB_NODES 2

/**
 * struct disturbance - one way to disturb
 * @name: what it is called
 * @act: do it to @m, or to a page of it at offset @at; 0, or a negative errno,
 *	-EBUSY where another thread is at it
 * @takes: afterwards the process has other pages there
 * @everywhere: it runs over all memory of the process
 */
struct disturbance {
	const char *name;
	int (*act)(struct memory *m, size_t at);
	bool takes;
	bool everywhere;
};

extern const struct disturbance disturbances[];
extern const unsigned int nr_disturbances;

int disturb_go_to(int node);
int disturb_hurry_balancing(void);
int disturb_stop_balancing(void);
int disturb_start_merging(void);
void disturb_stop_merging(void);
long disturb_merged(void);
long disturb_merge_scans(void);
long disturb_merge_candidates(void);
long disturb_count(const char *event);

#endif
