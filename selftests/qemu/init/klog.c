// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel said while the plan ran. Invariant: only lines after our
 * own mark count, and one bad word fails the run.
 */
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MARK "init: the plan begins"
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

static bool is_bad(const char *line)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		if (strstr(line, bad[i]))
			return true;
	return false;
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
	int fd, found = 0;
	bool begun = false;
	char line[4096];
	ssize_t n;

	look_for_leaks();
	fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return false;
	while ((n = read(fd, line, sizeof(line) - 1)) > 0 || errno == EPIPE) {
		line[n > 0 ? n : 0] = '\0';
		errno = 0;
		begun |= !!strstr(line, MARK);
		if (!begun || !is_bad(line))
			continue;
		say("# kernel: %s",
		    strchr(line, ';') ? strchr(line, ';') + 1 : line);
		found++;
	}
	close(fd);
	return begun && !found;
}
