// SPDX-License-Identifier: GPL-2.0
/*
 * What several users together say of an error. Invariant of the tests: each
 * pair is asked in both orders.
 */
#include "../../vfio/verdict.h"
#include "unit.h"

static const struct {
	const char *name;
	u32 a, b, both;
} merge_rows[] = {
	{ "no opinion", VERDICT_NONE, VERDICT_RECOVERED, VERDICT_RECOVERED },
	{ "same", VERDICT_NEED_RESET, VERDICT_NEED_RESET, VERDICT_NEED_RESET },
	{ "can and did", VERDICT_CAN_RECOVER, VERDICT_RECOVERED,
	  VERDICT_CAN_RECOVER },
	{ "reset", VERDICT_CAN_RECOVER, VERDICT_NEED_RESET,
	  VERDICT_NEED_RESET },
	{ "give up", VERDICT_NEED_RESET, VERDICT_DISCONNECT,
	  VERDICT_DISCONNECT },
	{ "give up over recovered", VERDICT_RECOVERED, VERDICT_DISCONNECT,
	  VERDICT_DISCONNECT },
};

TABLE_TEST(merge, merge_rows)
{
	ck_assert_uint_eq(verdict_merge(row->a, row->b), row->both);
	ck_assert_uint_eq(verdict_merge(row->b, row->a), row->both);
}

static const struct {
	const char *name;
	u32 verdict;
	bool valid;
} valid_rows[] = {
	{ "zero", 0, false },
	{ "first", VERDICT_NONE, true },
	{ "last", VERDICT_RECOVERED, true },
	{ "beyond", VERDICT_RECOVERED + 1, false },
	{ "all ones", U32_MAX, false },
};

TABLE_TEST(valid, valid_rows)
{
	ck_assert_int_eq(verdict_is_valid(row->verdict), row->valid);
}

SUITE(verdict)
{
	ADD_TABLE(tc, merge, merge_rows);
	ADD_TABLE(tc, valid, valid_rows);
}
