/* SPDX-License-Identifier: GPL-2.0 */
/* One ioctl, its error as a negative number. */
#ifndef SELFTESTS_CALL_H
#define SELFTESTS_CALL_H

#include <errno.h>
#include <sys/ioctl.h>

#define PAGE 4096UL

/**
 * call() - make an ioctl
 * @fd: descriptor
 * @request: number of the call
 * @arg: its argument
 *
 * Return: 0, or a negative errno.
 */
static inline int call(int fd, unsigned long request, const void *arg)
{
	return ioctl(fd, request, arg) < 0 ? -errno : 0;
}

#endif
