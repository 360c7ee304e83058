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
#include "device.h"
#include "process.h"

#define BRIDGE_CONTROL 0x3e
#define BRIDGE_SERR 0x0002
#define COMMAND_SERR 0x0100

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

static int becomes(const char *bdf, int there)
{
	char path[128];
	int left = 400;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", bdf);
	while ((access(path, F_OK) == 0) != there) {
		if (!left--)
			return -ETIMEDOUT;
		process_nap(50);
	}
	return 0;
}

/* The kernel shows a device, and then its driver, before they can be used. */
static int can_be_opened(const char *bdf)
{
	int left = 100, fd;

	while ((fd = device_open_bdf(bdf)) < 0 && left--)
		process_nap(50);
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

/**
 * control_plug() - have a device plugged in, and bind it to our driver
 * @device: in QEMU's words
 * @bdf: where it will be
 *
 * Return: 0, -ETIMEDOUT, or an error of control() or device_open_bdf().
 */
int control_plug(const char *device, const char *bdf)
{
	char request[256];
	int err;

	snprintf(request, sizeof(request), "plug %s", device);
	err = control(request);
	if (!err)
		err = becomes(bdf, 1);
	return err ? err : can_be_opened(bdf);
}

/**
 * control_unplug() - have a device pulled out, and wait until it has gone
 * @id: by which it was plugged
 * @bdf: where it is
 *
 * Return: 0, -ETIMEDOUT, or an error of control().
 */
int control_unplug(const char *id, const char *bdf)
{
	char request[64];
	int err;

	snprintf(request, sizeof(request), "unplug %s", id);
	err = control(request);
	return err ? err : becomes(bdf, 0);
}

static int set_bits(const char *bdf, const char *config, int at, __u16 bits)
{
	char path[128];
	__u16 value;
	int fd, ok;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", bdf, config);
	fd = open(path, O_RDWR);
	if (fd < 0)
		return -errno;
	ok = pread(fd, &value, 2, at) == 2;
	value |= bits;
	ok = ok && pwrite(fd, &value, 2, at) == 2;
	close(fd);
	return ok ? 0 : -EIO;
}

/**
 * control_let_errors_through() - have the kernel hear of errors of a device
 * @bdf: below a port
 *
 * What firmware does on a real machine: errors are reported, and passed on.
 *
 * Return: 0, or a negative errno.
 */
int control_let_errors_through(const char *bdf)
{
	int err = set_bits(bdf, "../config", BRIDGE_CONTROL, BRIDGE_SERR);

	return err ? err : set_bits(bdf, "config", COMMAND, COMMAND_SERR);
}
