// SPDX-License-Identifier: GPL-2.0
/*
 * First process of the test machine: mount, carry out the plan, unload, read
 * the kernel's log, give the verdict, power off. Invariant: no verdict is
 * given before everything has been looked at, so that its absence is a
 * failure whatever happened; and the first word is said before any module is
 * loaded, so that a hang or a panic of a module is never taken for that of a
 * kernel that does not come up.
 */
#include "init.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <unistd.h>

static void unload(struct tally *tally, const char *name)
{
	char text[64];
	bool good;

	if (!module_is_loaded(name))
		return;
	good = unload_module(name) && !module_is_loaded(name);
	snprintf(text, sizeof(text), "%s unloads", name);
	report(tally, good, text);
}

static void take_terminal(const char *path)
{
	int fd;

	setsid();
	fd = open(path, O_RDWR);
	ioctl(fd, TIOCSCTTY, 0);
	dup2(fd, STDIN_FILENO);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
}

static void run_shell(void)
{
	char *const argv[] = { "sh", "-l", NULL };
	struct tally ignored = { 0 };
	pid_t pid;

	plan_run(&ignored, "/plan");
	devices_settle();
	pid = fork();
	if (pid == 0) {
		take_terminal("/dev/ttyS0");
		setenv("PS1", "uiommu# ", 1);
		execv("/bin/login-shell", argv);
		_exit(127);
	}
	while (wait(NULL) != pid)
		;
}

static void run_plan(void)
{
	struct tally tally = { 0 };

	klog_begin();
	plan_run(&tally, "/plan");
	if (access("/keep", F_OK)) {
		devices_release();
		unload(&tally, "uvfio");
		unload(&tally, "uiommu");
	}
	report(&tally, klog_is_clean(), "kernel log is clean");
	tell_host("verdict: passed %d failed %d\n", tally.passed, tally.failed);
}

int main(void)
{
	if (getpid() != 1) {
		fprintf(stderr, "init: runs as the first process only\n");
		return 1;
	}
	mount_all();
	console_open();
	/* The runner counts a hang before this as the kernel's; see host.py */
	say(FIRST_WORD "\n");
	setenv("HOME", "/tmp", 1);
	setenv("TMPDIR", "/tmp", 1);
	setenv("PATH", "/bin", 1);
	machine_read();
	if (access("/bin/login-shell", F_OK) == 0)
		run_shell();
	else
		run_plan();
	sync();
	reboot(RB_POWER_OFF);
	return 0;
}
