// SPDX-License-Identifier: GPL-2.0
/*
 * Warnings that programs provoke on purpose, from the table `warnings`.
 * Invariant: what the table does not name for a program is not expected of it.
 */
#include "init.h"

#include <fnmatch.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>

#define MOST 128

/**
 * struct expectation - one line of the table
 * @program: pattern of names of programs; "-" before the first of them
 * @line: the line of the kernel's log
 */
struct expectation {
	char program[64];
	regex_t line;
};

static struct expectation expected[MOST];
static size_t nr_expected;

static bool take(const char *row)
{
	struct expectation *next = &expected[nr_expected];
	char pattern[256];

	if (nr_expected == MOST ||
	    sscanf(row, "%63s %255[^\n]", next->program, pattern) != 2)
		return false;
	if (regcomp(&next->line, pattern, REG_EXTENDED | REG_NOSUB))
		return false;
	nr_expected++;
	return true;
}

bool expect_read(const char *path)
{
	FILE *table = fopen(path, "re");
	char row[512];
	bool good = table;

	while (good && fgets(row, sizeof(row), table)) {
		if (row[0] == '#' || row[0] == '\n')
			continue;
		good = take(row);
		if (!good)
			say("# machine: bad row of warnings: %s", row);
	}
	if (table)
		fclose(table);
	return good;
}

bool is_expected(const char *program, const char *text)
{
	size_t i;

	for (i = 0; i < nr_expected; i++)
		if (!fnmatch(expected[i].program, program, 0) &&
		    !regexec(&expected[i].line, text, 0, NULL, 0))
			return true;
	return false;
}
