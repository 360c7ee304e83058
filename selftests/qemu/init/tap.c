// SPDX-License-Identifier: GPL-2.0
/*
 * Counting one program's results. Invariant: whatever is not plainly "ok" is
 * a failure: skipped, to do, announced but missing, killed, wrong status; and
 * so is a program that announces tests and has none, because those that the
 * plan selects do not exist.
 */
#include "init.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static bool has_directive(const char *line)
{
	const char *mark = strrchr(line, '#');

	return mark && (strstr(mark, "SKIP") || strstr(mark, "skip") ||
			strstr(mark, "XFAIL"));
}

void tap_line(struct tap *tap, const char *line)
{
	bool good = strncmp(line, "ok ", 3) == 0;

	if (strncmp(line, "1..", 3) == 0) {
		tap->planned = atoi(line + 3);
		return;
	}
	if (!good && strncmp(line, "not ok ", 7) != 0)
		return;
	tap->seen++;
	if (good && !has_directive(line))
		tap->tally.passed++;
	else
		tap->tally.failed++;
}

static void fail(struct tap *tap, const char *name, const char *why)
{
	say("not ok %s: %s\n", name, why);
	tap->tally.failed++;
}

void tap_end(struct tap *tap, int status, bool timed_out, const char *name)
{
	bool clean = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	char why[80];

	if (timed_out) {
		fail(tap, name, "over its time limit");
		return;
	}
	if (tap->planned < 0 && tap->seen == 0 && clean) {
		say("ok %s\n", name);
		tap->tally.passed++;
		return;
	}
	if (tap->planned == 0)
		fail(tap, name, "there is no such test");
	if (tap->planned >= 0 && tap->planned != tap->seen) {
		snprintf(why, sizeof(why), "%d results announced, %d seen",
			 tap->planned, tap->seen);
		fail(tap, name, why);
	}
	if (!clean && tap->tally.failed == 0) {
		snprintf(why, sizeof(why), "ended with status 0x%x", status);
		fail(tap, name, why);
	}
}
