/* SPDX-License-Identifier: LGPL-2.1 */
/* What the files of libuvfio share and nobody else sees */
#ifndef _UVFIO_INTERNAL_H
#define _UVFIO_INTERNAL_H

#include <errno.h>
#include <sys/ioctl.h>

/* A call that returns a number, or a negative errno */
static inline int call(int fd, unsigned long request, void *arg)
{
	int ret = ioctl(fd, request, arg);

	return ret < 0 ? -errno : ret;
}

#endif /* _UVFIO_INTERNAL_H */
