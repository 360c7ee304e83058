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
	size_t room;
	u8 shared, alone;
} room_rows[] = {
	{ "no room", 0, RESET_NONE, RESET_NONE },
	{ "one", 1, RESET_NONE, RESET_BUS },
	{ "the next does not fit", 2, RESET_NONE, RESET_BUS },
	{ "the last that fits", 3, RESET_FLR, RESET_BUS },
};

TABLE_TEST(room, room_rows)
{
	const u8 methods[ROOM] = { 6, 7, 3 };

	ck_assert_uint_eq(reset_first_usable(methods, row->room, false),
			  row->shared);
	ck_assert_uint_eq(reset_first_usable(methods, row->room, true),
			  row->alone);
}

UNIT_TEST(by_bus, "which methods reset the bus")
{
	u8 method;

	for (method = 0; method < 16; method++)
		ck_assert_int_eq(reset_is_by_bus(method),
				 method == RESET_BUS ||
					 method == RESET_CXL_BUS);
}

SUITE(reset_rules)
{
	ADD_TABLE(tc, usable, usable_rows);
	ADD_TABLE(tc, room, room_rows);
	tcase_add_test(tc, by_bus);
}
