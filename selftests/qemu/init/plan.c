// SPDX-License-Identifier: GPL-2.0
/*
 * Carrying out the plan, line by line. Invariant: a line that is not
 * understood, or cannot be done, is a failure.
 *
 * The runner on the host has put modules and files in place and has expanded
 * the lines that need the source tree; what is left is said in README.md.
 */
#include "init.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int split(char *line, char *words[])
{
	int n = 0;
	char *word = strtok(line, " \t\n");

	while (word && n < MAX_ARGS) {
		words[n++] = word;
		word = strtok(NULL, " \t\n");
	}
	words[n] = NULL;
	return n;
}

static void run(struct tally *tally, int seconds, char *words[])
{
	char path[256];

	if (!devices_settle())
		report(tally, false, "devices are bound as planned");
	snprintf(path, sizeof(path), "%s%s",
		 words[0][0] == '/' ? "" : "/tests/", words[0]);
	words[0] = path;
	program_run(tally, seconds, words);
}

static void act(struct tally *tally, char *words[], int n)
{
	if (strcmp(words[0], "insmod") == 0 && n >= 2) {
		if (!load_module(words[1], words + 2))
			report(tally, false, words[1]);
	} else if (strcmp(words[0], "bind") == 0 && n == 3) {
		if (!device_want(words[1], words[2]))
			report(tally, false, words[1]);
	} else if (strcmp(words[0], "run") == 0 && n >= 3) {
		run(tally, atoi(words[1]), words + 2);
	} else {
		report(tally, false, words[0]);
	}
}

void plan_run(struct tally *tally, const char *path)
{
	FILE *plan = fopen(path, "re");
	char line[512];
	char *words[MAX_ARGS + 1];
	int n;

	if (!plan) {
		report(tally, false, "there is a plan");
		return;
	}
	while (fgets(line, sizeof(line), plan)) {
		n = split(line, words);
		if (n > 0 && words[0][0] != '#')
			act(tally, words, n);
	}
	fclose(plan);
}
