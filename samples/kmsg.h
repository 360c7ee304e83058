/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's log, searched for what an IOMMU reports */
#ifndef _SAMPLES_KMSG_H
#define _SAMPLES_KMSG_H

#include <stdbool.h>
#include <stddef.h>

int kmsg_open(void);
bool kmsg_find_fault(int kmsg, const char *bdf, unsigned long long iova,
		     char *line, size_t size);

#endif /* _SAMPLES_KMSG_H */
