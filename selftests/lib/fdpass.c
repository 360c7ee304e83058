// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors over a Unix socket.
 *
 * Owns no state; at most FDS_MAX descriptors travel in one message.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "process.h"

#define FDS_MAX 8

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
};

/**
 * process_send_fds() - send descriptors
 * @sock: Unix socket
 * @fds: descriptors
 * @n: how many
 *
 * Return: 0, or a negative errno.
 */
int process_send_fds(int sock, const int *fds, unsigned int n)
{
	union control control = {};
	struct iovec iov = { .iov_base = "", .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = CMSG_SPACE(n * sizeof(int)),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&msg);

	if (n > FDS_MAX)
		return -E2BIG;
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(header), fds, n * sizeof(int));
	return sendmsg(sock, &msg, 0) == 1 ? 0 : -errno;
}

/**
 * process_receive_fds() - receive descriptors
 * @sock: Unix socket
 * @fds: out
 * @n: how many
 *
 * Return: 0, or a negative errno.
 */
int process_receive_fds(int sock, int *fds, unsigned int n)
{
	union control control = {};
	char c;
	struct iovec iov = { .iov_base = &c, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	struct cmsghdr *header;

	if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) != 1)
		return -EPIPE;
	header = CMSG_FIRSTHDR(&msg);
	if (!header || header->cmsg_type != SCM_RIGHTS ||
	    header->cmsg_len != CMSG_LEN(n * sizeof(int)))
		return -EPROTO;
	memcpy(fds, CMSG_DATA(header), n * sizeof(int));
	return 0;
}
