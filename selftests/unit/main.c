// SPDX-License-Identifier: GPL-2.0
/*
 * Runs all suites and writes "passed failed" to the file named by the first
 * argument, so that the verdict does not depend on reading our own output.
 * Owns the runner; each test is a process of its own, so that a sanitizer that
 * aborts one fails that row and no other.
 */
#include <stdlib.h>

#include "unit.h"

static SRunner *runner;

static void name_failed_row(int status, void *row)
{
	if (status)
		fprintf(stderr, "not ok: row \"%s\"\n", (const char *)row);
}

void unit_enter(const char *row)
{
	on_exit(name_failed_row, (void *)row);
}

void unit_register(Suite *suite)
{
	if (!runner)
		runner = srunner_create(suite);
	else
		srunner_add_suite(runner, suite);
}

static int write_verdict(const char *path, int passed, int failed)
{
	FILE *f = fopen(path, "w");

	if (!f)
		return -1;
	fprintf(f, "%d %d\n", passed, failed);
	return fclose(f);
}

int main(int argc, char **argv)
{
	int run, failed;

	if (argc != 2 || !runner) {
		fprintf(stderr, "usage: %s verdict-file\n", argv[0]);
		return EXIT_FAILURE;
	}
	srunner_run_all(runner, CK_NORMAL);
	run = srunner_ntests_run(runner);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	if (write_verdict(argv[1], run - failed, failed))
		return EXIT_FAILURE;
	return failed || !run ? EXIT_FAILURE : EXIT_SUCCESS;
}
