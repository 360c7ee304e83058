/* SPDX-License-Identifier: GPL-2.0 */
/* Giving up privilege for good */
#ifndef _SAMPLES_PRIVILEGE_H
#define _SAMPLES_PRIVILEGE_H

#include <sys/types.h>

int privilege_drop(uid_t uid, unsigned long memlock);

#endif /* _SAMPLES_PRIVILEGE_H */
