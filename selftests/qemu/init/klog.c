// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel said while the plan ran. Invariant: only lines after our own
 * mark count; of those a bad word at any level fails the run, and so does a
 * line at the level of a warning or worse, unless it was expected of the
 * program that ran (expect.c).
 */
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#define MARK "init: the plan begins"
#define RUNS "init: runs "
#define EXPECTED "/warnings"
#define KMEMLEAK "/sys/kernel/debug/kmemleak"

static const char *const bad[] = {
	"BUG:",
	"WARNING:",
	"Oops",
	"Call Trace",
	"general protection",
	"refcount_t",
	"KASAN",
	"UBSAN",
	"KCSAN",
	"kmemleak:",
	"unreferenced object",
	"possible recursive locking",
	"possible circular locking",
	"inconsistent lock state",
	"suspicious RCU usage",
	"DEBUG_LOCKS_WARN",
	"lock held when returning",
	"INFO: task ",
	"INFO: rcu",
	"rcu: INFO",
	"soft lockup",
	"hard LOCKUP",
	"scheduling while atomic",
	"sleeping function called",
	"ODEBUG",
	"Bad page",
	"list_add corruption",
	"list_del corruption",
	"nobody cared",
	"Modules linked in",
	"memory leak",
	"leaked",
	"Unable to handle",
	"stack-out-of-bounds",
};

/*
 * What kmemleak looks for by itself, every ten minutes for minutes in this
 * machine, only holds up those who run: we look at the end.
 */
void klog_begin(void)
{
	if (!access(KMEMLEAK, F_OK))
		write_file(KMEMLEAK, "scan=off");
	write_file("/dev/kmsg", "<6>" MARK "\n");
}

/* Lines from here on are those of this program, until the next one. */
void klog_program(const char *path)
{
	const char *name = strstr(path, "/tests/") == path ? path + 7 : path;
	char line[256];

	snprintf(line, sizeof(line), "<6>" RUNS "%s\n", name);
	write_file("/dev/kmsg", line);
}

static bool has_bad_word(const char *text)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		if (strstr(text, bad[i]))
			return true;
	return false;
}

/**
 * struct reading - how far the log has been read
 * @begun: is it past the mark?
 * @program: that ran when the line was written; "-" before the first
 * @found: lines that should not be there
 */
struct reading {
	bool begun;
	char program[128];
	int found;
};

/* A record is "PRIORITY,NUMBER,TIME,FLAGS;TEXT\n", and lines of its own */
static void judge(struct reading *reading, char *record)
{
	int priority = atoi(record);
	char *text = strchr(record, ';');

	if (!text++)
		return;
	text[strcspn(text, "\n")] = '\0';
	reading->begun |= !strcmp(text, MARK);
	if (!strncmp(text, RUNS, strlen(RUNS)))
		snprintf(reading->program, sizeof(reading->program), "%s",
			 text + strlen(RUNS));
	if (!reading->begun)
		return;
	if (!has_bad_word(text) && (LOG_PRI(priority) > LOG_WARNING ||
				    is_expected(reading->program, text)))
		return;
	say("# kernel, during %s, level %d: %s\n", reading->program,
	    LOG_PRI(priority), text);
	reading->found++;
}

/* kmemleak finds only what it looks for twice. */
static void look_for_leaks(void)
{
	char text[4096];

	if (access(KMEMLEAK, F_OK))
		return;
	write_file(KMEMLEAK, "scan");
	sleep(6);
	write_file(KMEMLEAK, "scan");
	if (read_file(KMEMLEAK, text, sizeof(text)) <= 0)
		return;
	say("%s\n", text);
	write_file("/dev/kmsg", "<3>kmemleak: something was leaked\n");
}

bool klog_is_clean(void)
{
	struct reading reading = { .program = "-" };
	char record[4096];
	ssize_t n;
	int fd;

	look_for_leaks();
	if (!expect_read(EXPECTED))
		return false;
	fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return false;
	while ((n = read(fd, record, sizeof(record) - 1)) > 0 ||
	       errno == EPIPE) {
		record[n > 0 ? n : 0] = '\0';
		errno = 0;
		judge(&reading, record);
	}
	close(fd);
	return reading.begun && !reading.found;
}
