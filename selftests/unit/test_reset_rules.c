// SPDX-License-Identifier: GPL-2.0
/*
 * By which way a function would be reset. Invariant of the tests: each method
 * of the kernel is asked with the bus for itself and without.
 */
#include "../../vfio/reset_rules.h"
#include "unit.h"

#define ROOM 8

static const struct {
	const char *name;
	u8 methods[ROOM];
	u8 shared, alone;
} usable_rows[] = {
	{ "none", {}, RESET_NONE, RESET_NONE },
	{ "of its own", { 1 }, RESET_SPECIFIC, RESET_SPECIFIC },
	{ "of the firmware", { 2 }, RESET_ACPI, RESET_ACPI },
	{ "of the function", { 3 }, RESET_FLR, RESET_FLR },
	{ "of Advanced Features", { 4 }, RESET_AF_FLR, RESET_AF_FLR },
	{ "by power", { 5 }, RESET_PM, RESET_PM },
	{ "by the bus", { 6 }, RESET_NONE, RESET_BUS },
	{ "by a bus of CXL", { 7 }, RESET_NONE, RESET_CXL_BUS },
	{ "by either bus", { 6, 7 }, RESET_NONE, RESET_BUS },
	{ "by CXL first", { 7, 6 }, RESET_NONE, RESET_CXL_BUS },
	{ "bus before power", { 6, 5 }, RESET_PM, RESET_BUS },
	{ "power before bus", { 5, 6 }, RESET_PM, RESET_PM },
	{ "beyond what is known", { 8 }, 8, 8 },
	{ "all", { 1, 2, 3, 4, 5, 6, 7 }, RESET_SPECIFIC, RESET_SPECIFIC },
	{ "full", { 6, 7, 6, 7, 6, 7, 6, 3 }, RESET_FLR, RESET_BUS },
	{ "after the end", { 6, 0, 3 }, RESET_NONE, RESET_BUS },
};

TABLE_TEST(usable, usable_rows)
{
	ck_assert_uint_eq(reset_first_usable(row->methods, ROOM, false),
			  row->shared);
	ck_assert_uint_eq(reset_first_usable(row->methods, ROOM, true),
			  row->alone);
}

static const struct {
	const char *name;
	u8 methods[ROOM];
	size_t room;
	bool by_bus;
} bus_rows[] = {
	{ "none", {}, ROOM, false },
	{ "bus", { 6 }, ROOM, true },
	{ "CXL", { 7 }, ROOM, true },
	{ "later", { 3, 5, 6 }, ROOM, true },
	{ "never", { 1, 2, 3, 4, 5 }, ROOM, false },
	{ "after the end", { 3, 0, 6 }, ROOM, false },
	{ "last that fits", { 1, 2, 6 }, 3, true },
	{ "no longer fits", { 1, 2, 6 }, 2, false },
};

TABLE_TEST(by_bus, bus_rows)
{
	ck_assert_int_eq(reset_may_be_by_bus(row->methods, row->room),
			 row->by_bus);
}

SUITE(reset_rules)
{
	ADD_TABLE(tc, usable, usable_rows);
	ADD_TABLE(tc, by_bus, bus_rows);
}
