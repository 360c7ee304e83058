// SPDX-License-Identifier: GPL-2.0
/*
 * The ways out of the machine. Invariant: the verdict's channel carries only
 * what this process says; what programs print goes elsewhere.
 *
 * ttyS0 is the kernel's console, ttyS1 what programs and we print, ttyS2
 * leads to the helper on the host, which takes the verdict.
 */
#include "init.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static int out = STDOUT_FILENO;
static int host = -1;

static int open_tty(const char *path)
{
	struct termios mode;
	int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	if (tcgetattr(fd, &mode) == 0) {
		cfmakeraw(&mode);
		cfsetspeed(&mode, B115200);
		mode.c_cflag |= CLOCAL;
		tcsetattr(fd, TCSANOW, &mode);
	}
	return fd;
}

void console_open(void)
{
	int fd = open_tty("/dev/ttyS1");

	if (fd >= 0)
		out = fd;
	host = open_tty("/dev/ttyS2");
	setenv("CONTROL", "/dev/ttyS2", 1);
}

int console_fd(void)
{
	return out;
}

void say(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vdprintf(out, fmt, args);
	va_end(args);
}

void tell_host(const char *fmt, ...)
{
	va_list args;

	if (host < 0)
		return;
	va_start(args, fmt);
	vdprintf(host, fmt, args);
	va_end(args);
	tcdrain(out);
	tcdrain(host);
}

void report(struct tally *tally, bool good, const char *name)
{
	say("%s machine: %s\n", good ? "ok" : "not ok", name);
	if (good)
		tally->passed++;
	else
		tally->failed++;
}
