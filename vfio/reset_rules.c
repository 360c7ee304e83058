// SPDX-License-Identifier: GPL-2.0
/*
 * Rules of the reset of a function. Owns nothing; the invariant: a way that
 * depends on what else is on the bus counts only while it can be gone.
 *
 * The kernel tries a device's methods in their order, until one is not
 * -ENOTTY. It made the list when it found the device, and did not know then
 * what it would find next on the same bus.
 */
#include "reset_rules.h"

/**
 * reset_is_by_bus() - is it the bus that is reset?
 * @method: RESET_*
 *
 * Return: the answer.
 */
bool reset_is_by_bus(u8 method)
{
	return method == RESET_BUS || method == RESET_CXL_BUS;
}

/**
 * reset_first_usable() - the method by which a reset would be done now
 * @methods: those of a device
 * @room: how many fit there; fewer end with RESET_NONE
 * @bus: the bus, or the slot, can be reset for this function alone
 *
 * Return: RESET_*, RESET_NONE if there is none.
 */
u8 reset_first_usable(const u8 *methods, size_t room, bool bus)
{
	size_t i;

	for (i = 0; i < room && methods[i]; i++)
		if (bus || !reset_is_by_bus(methods[i]))
			return methods[i];
	return RESET_NONE;
}
