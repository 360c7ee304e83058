// SPDX-License-Identifier: GPL-2.0
/*
 * Eventfds. Owns no state; nothing here blocks for longer than it is told.
 */
#include <errno.h>
#include <linux/types.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "event.h"

/**
 * event_new() - make one
 *
 * Return: descriptor, or a negative errno.
 */
int event_new(void)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/**
 * event_take() - wait for interrupts and take them
 * @fd: eventfd
 * @ms: how long at most
 *
 * Return: how many there were, 0 for none in time, or a negative errno.
 */
long event_take(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	__u64 count;

	if (poll(&p, 1, ms) <= 0)
		return 0;
	return read(fd, &count, sizeof(count)) < 0 ? -errno : (long)count;
}

/**
 * event_fire() - add one
 * @fd: eventfd
 *
 * Return: 0, or a negative errno.
 */
int event_fire(int fd)
{
	__u64 one = 1;

	return write(fd, &one, sizeof(one)) < 0 ? -errno : 0;
}
