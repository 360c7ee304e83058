/* SPDX-License-Identifier: GPL-2.0 */
/* What the kernel tells of this process and of its modules */
#ifndef _SAMPLES_PROC_H
#define _SAMPLES_PROC_H

#include <stdbool.h>

long proc_status(const char *field, int base);
bool proc_has_module(const char *name);

#endif /* _SAMPLES_PROC_H */
