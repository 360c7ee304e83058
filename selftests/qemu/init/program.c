// SPDX-License-Identifier: GPL-2.0
/*
 * Running one program. Invariant: when program_run() returns, nothing that
 * the program started is alive any more.
 */
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 20000

/**
 * struct output - what a program prints, cut into lines
 * @fd: our end of its standard output
 * @line: the line that is not complete yet
 * @used: bytes of it
 */
struct output {
	int fd;
	char line[1024];
	size_t used;
};

static void go_to_directory_of(const char *program)
{
	char path[256];
	char *slash;

	snprintf(path, sizeof(path), "%s", program);
	slash = strrchr(path, '/');
	if (!slash)
		return;
	*slash = '\0';
	if (chdir(path[0] ? path : "/"))
		return;
}

static pid_t start(char *argv[], int out)
{
	pid_t pid = fork();
	int null;

	if (pid)
		return pid;
	setsid();
	null = open("/dev/null", O_RDONLY);
	dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	go_to_directory_of(argv[0]);
	execv(argv[0], argv);
	dprintf(STDOUT_FILENO, "# cannot run %s: %s\n", argv[0],
		strerror(errno));
	_exit(127);
}

static void take_line(struct output *output, struct tap *tap)
{
	output->line[output->used] = '\0';
	say("%s\n", output->line);
	tap_line(tap, output->line);
	output->used = 0;
}

static bool take_output(struct output *output, struct tap *tap)
{
	char text[1024];
	ssize_t i, n = read(output->fd, text, sizeof(text));

	if (n <= 0)
		return false;
	for (i = 0; i < n; i++) {
		if (text[i] != '\n')
			output->line[output->used++] = text[i];
		if (text[i] == '\n' || output->used == sizeof(output->line) - 1)
			take_line(output, tap);
	}
	return true;
}

static long milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Orphans of the program become our children: reap them on the way. */
static bool has_ended(pid_t pid, int *status)
{
	pid_t who;
	int how;

	while ((who = waitpid(-1, &how, WNOHANG)) > 0) {
		if (who != pid)
			continue;
		*status = how;
		return true;
	}
	return false;
}

/* Returns whether the program ended by itself before the deadline. */
static bool watch(pid_t pid, struct output *output, struct tap *tap,
		  long deadline, int *status)
{
	struct pollfd poller = { .fd = output->fd, .events = POLLIN };

	while (milliseconds() < deadline) {
		if (poll(&poller, 1, 50) > 0 && !take_output(output, tap))
			poller.fd = -1;
		if (has_ended(pid, status))
			return true;
	}
	return false;
}

static void drain(struct output *output, struct tap *tap)
{
	fcntl(output->fd, F_SETFL, O_NONBLOCK);
	while (take_output(output, tap))
		;
	if (output->used)
		take_line(output, tap);
}

/*
 * Kill everybody but us: the machine runs one program at a time. Returns false
 * if a defect holds a task in the kernel; it must not hold the machine too.
 */
static bool end_all(void)
{
	long deadline = milliseconds() + PATIENCE_MS;
	pid_t who = 0;

	kill(-1, SIGKILL);
	while (milliseconds() < deadline) {
		who = waitpid(-1, NULL, WNOHANG);
		if (who < 0)
			return true;
		if (who == 0)
			usleep(5000);
	}
	return false;
}

void program_run(struct tally *tally, int seconds, char *argv[])
{
	struct tap tap = { .planned = -1 };
	struct output output = { .used = 0 };
	long began = milliseconds();
	int ends[2], status = 0;
	bool in_time;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC)) {
		report(tally, false, "pipe");
		return;
	}
	say("# %s\n", argv[0]);
	klog_program(argv[0]);
	pid = start(argv, ends[1]);
	close(ends[1]);
	output.fd = ends[0];
	in_time = watch(pid, &output, &tap, began + seconds * 1000L, &status);
	if (!end_all())
		report(tally, false, "a task does not die");
	drain(&output, &tap);
	close(ends[0]);
	tap_end(&tap, status, !in_time, argv[0]);
	say("# %s took %ld ms\n", argv[0], milliseconds() - began);
	tally->passed += tap.tally.passed;
	tally->failed += tap.tally.failed;
}
