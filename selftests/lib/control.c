// SPDX-License-Identifier: GPL-2.0
/*
 * The host of the test machine, behind the terminal that CONTROL names.
 * Invariant: one request is answered before the next is made.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control.h"

static int read_line(int fd, char *line, size_t size)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	size_t at = 0;

	while (at < size - 1) {
		if (poll(&wait, 1, 10000) != 1)
			return -ETIMEDOUT;
		if (read(fd, line + at, 1) != 1)
			return -EIO;
		if (line[at] == '\n')
			break;
		at++;
	}
	line[at] = 0;
	return 0;
}

/**
 * control() - ask the host for something
 * @request: what; see selftests/qemu/README.md
 *
 * Return: 0, -ENOENT where there is no such host, -EIO if it says no.
 */
int control(const char *request)
{
	const char *path = getenv("CONTROL");
	char line[256];
	int fd, ret;

	fd = path ? open(path, O_RDWR | O_NOCTTY | O_CLOEXEC) : -1;
	if (fd < 0)
		return -ENOENT;
	snprintf(line, sizeof(line), "%s\n", request);
	ret = write(fd, line, strlen(line)) < 0 ? -errno : 0;
	if (!ret)
		ret = read_line(fd, line, sizeof(line));
	close(fd);
	if (ret)
		return ret;
	if (!strncmp(line, "ok", 2))
		return 0;
	printf("# the host says: %s\n", line);
	return -EIO;
}
