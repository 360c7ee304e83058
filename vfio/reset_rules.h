/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which of the kernel's ways to reset a function would be taken now
 */
#ifndef _VFIO_RESET_RULES_H
#define _VFIO_RESET_RULES_H

#include "../include/compat/pure.h"

/* The kernel's numbers of them, in &pci_dev.reset_methods; 0 ends the list */
enum reset_method {
	RESET_NONE,
	RESET_SPECIFIC,
	RESET_ACPI,
	RESET_FLR,
	RESET_AF_FLR,
	RESET_PM,
	RESET_BUS,
	RESET_CXL_BUS,
};

bool reset_is_by_bus(u8 method);
u8 reset_first_usable(const u8 *methods, size_t room, bool bus);

#endif /* _VFIO_RESET_RULES_H */
