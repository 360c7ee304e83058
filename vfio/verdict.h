/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What several users of a device together say: pure rules, compiled into the
 * module and into the unit tests.
 */
#ifndef _VFIO_VERDICT_H
#define _VFIO_VERDICT_H

#include "../include/compat/pure.h"

/* Values of pci_ers_result, as they come in a reply */
enum verdict {
	VERDICT_NONE = 1,
	VERDICT_CAN_RECOVER,
	VERDICT_NEED_RESET,
	VERDICT_DISCONNECT,
	VERDICT_RECOVERED,
};

bool verdict_is_valid(u32 verdict);
u32 verdict_merge(u32 a, u32 b);

#endif /* _VFIO_VERDICT_H */
