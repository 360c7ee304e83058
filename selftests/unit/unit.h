/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Frame of the unit tests. A test file is a set of tables: one row per rule,
 * its name in the row, one libcheck loop test per table, so that each row is
 * counted and reported by itself.
 *
 *	TABLE_TEST(make, make_rows)
 *	{
 *		ck_assert_int_eq(f(row->in), row->out);
 *	}
 *
 *	SUITE(range)
 *	{
 *		ADD_TABLE(tc, make, make_rows);
 *	}
 */
#ifndef _SELFTESTS_UNIT_H
#define _SELFTESTS_UNIT_H

#include <check.h>
#include <stdio.h>

#include "../../include/compat/pure.h"

void unit_register(Suite *suite);

/* Names the row that runs from here on in the report of a failure */
void unit_enter(const char *row);

/* Defines a suite of one test case, `tc` in its body, and registers it */
#define SUITE(name)                                                    \
	static void name##_fill(TCase *tc);                            \
	__attribute__((constructor)) static void name##_register(void) \
	{                                                              \
		Suite *suite = suite_create(#name);                    \
		TCase *tc = tcase_create(#name);                       \
		tcase_set_timeout(tc, 60);                             \
		name##_fill(tc);                                       \
		suite_add_tcase(suite, tc);                            \
		unit_register(suite);                                  \
	}                                                              \
	static void name##_fill(TCase *tc)

/* A test run once for each row of @rows; rows have a member `name` */
#define TABLE_TEST(test, rows)                                    \
	static void test##_row(const __typeof__((rows)[0]) *row); \
	START_TEST(test)                                          \
	{                                                         \
		unit_enter((rows)[_i].name);                      \
		test##_row(&(rows)[_i]);                          \
	}                                                         \
	END_TEST                                                  \
	static void test##_row(const __typeof__((rows)[0]) *row)

/* A test by itself, with its name in the report */
#define UNIT_TEST(test, name)          \
	static void test##_body(void); \
	START_TEST(test)               \
	{                              \
		unit_enter(name);      \
		test##_body();         \
	}                              \
	END_TEST                       \
	static void test##_body(void)

/* A test run for each number of a loop; it names its row itself */
#define LOOP_TEST(test, number)       \
	static void test##_body(int); \
	START_TEST(test)              \
	{                             \
		test##_body(_i);      \
	}                             \
	END_TEST                      \
	static void test##_body(int number)

#define ADD_TABLE(tc, test, rows) \
	tcase_add_loop_test(tc, test, 0, ARRAY_SIZE(rows))

#endif /* _SELFTESTS_UNIT_H */
