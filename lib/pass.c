// SPDX-License-Identifier: LGPL-2.1
/*
 * Descriptors from a launcher to the program that drives the devices: over a
 * Unix socket (SCM_RIGHTS, the names as payload), or by inheritance as systemd
 * does it (LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES; descriptors from 3 on).
 *
 * Invariant: a list has as many names as descriptors; what does not fit is
 * closed and reported, never dropped in silence.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "internal.h"
#include "uvfio.h"

#define FIRST_INHERITED_FD 3
#define NAMES_SIZE (UVFIO_PASS_MAX * 32)

union fd_control {
	char space[CMSG_SPACE(UVFIO_PASS_MAX * sizeof(int))];
	struct cmsghdr align;
};

/* "name:name:name", as in LISTEN_FDNAMES; returns its length with the NUL */
static int join_names(char *names, const struct uvfio_named_fd *fds,
		      unsigned int count)
{
	unsigned int i;
	int used = 0;

	names[0] = '\0';
	for (i = 0; i < count; i++) {
		if (strchr(fds[i].name, ':'))
			return -EINVAL;
		used += snprintf(names + used, sizeof(fds[i].name) + 1,
				 i ? ":%s" : "%s", fds[i].name);
	}
	return used + 1;
}

/* Returns -EINVAL when there are not exactly @count names that fit */
static int split_names(const char *names, struct uvfio_named_fd *fds,
		       unsigned int count)
{
	unsigned int i;
	size_t size;

	for (i = 0; i < count; i++) {
		size = strcspn(names, ":");
		if (size >= sizeof(fds[i].name) ||
		    (names[size] == ':') != (i + 1 < count))
			return -EINVAL;
		memcpy(fds[i].name, names, size);
		fds[i].name[size] = '\0';
		names += size + 1;
	}
	return 0;
}

static void close_fds(const struct uvfio_named_fd *fds, unsigned int count)
{
	while (count--)
		close(fds[count].fd);
}

/**
 * uvfio_send_fds() - pass descriptors over a Unix socket
 * @sock: connected socket, stream or seqpacket
 * @fds: descriptors and their names
 * @count: how many, 1 to UVFIO_PASS_MAX
 *
 * Return: 0, or a negative errno.
 */
int uvfio_send_fds(int sock, const struct uvfio_named_fd *fds,
		   unsigned int count)
{
	union fd_control control = { { 0 } };
	char names[NAMES_SIZE];
	struct iovec iov = { .iov_base = names };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.space,
	};
	struct cmsghdr *rights = &control.align;
	unsigned int i;
	int ret;

	if (!count || count > UVFIO_PASS_MAX)
		return -EINVAL;
	ret = join_names(names, fds, count);
	if (ret < 0)
		return ret;
	iov.iov_len = (size_t)ret;
	msg.msg_controllen = CMSG_SPACE(count * sizeof(int));
	rights->cmsg_level = SOL_SOCKET;
	rights->cmsg_type = SCM_RIGHTS;
	rights->cmsg_len = CMSG_LEN(count * sizeof(int));
	for (i = 0; i < count; i++)
		memcpy(CMSG_DATA(rights) + i * sizeof(int), &fds[i].fd,
		       sizeof(int));
	return sendmsg(sock, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* Takes all descriptors of a message; closes those beyond @room */
static unsigned int take_rights(struct msghdr *msg, struct uvfio_named_fd *fds,
				unsigned int room)
{
	struct cmsghdr *part = CMSG_FIRSTHDR(msg);
	unsigned int i, count;
	int fd;

	if (!part || part->cmsg_level != SOL_SOCKET ||
	    part->cmsg_type != SCM_RIGHTS)
		return 0;
	count = (unsigned int)((part->cmsg_len - CMSG_LEN(0)) / sizeof(int));
	for (i = 0; i < count; i++) {
		memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof(fd));
		if (i < room)
			fds[i].fd = fd;
		else
			close(fd);
	}
	return count;
}

/**
 * uvfio_receive_fds() - take descriptors from a Unix socket
 * @sock: connected socket
 * @fds: where descriptors and names go
 * @room: how many fit
 *
 * The descriptors are close-on-exec.
 *
 * Return: how many came; -ENOMSG: the other side has closed; -EMSGSIZE: more
 * than @room (none is kept); -EINVAL: names and descriptors do not agree
 * (none is kept); another negative errno.
 */
int uvfio_receive_fds(int sock, struct uvfio_named_fd *fds, unsigned int room)
{
	union fd_control control;
	char names[NAMES_SIZE + 1];
	struct iovec iov = { .iov_base = names, .iov_len = NAMES_SIZE };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof(control),
	};
	ssize_t size = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	unsigned int count;

	if (size < 0)
		return -errno;
	if (!size)
		return -ENOMSG;
	names[size] = '\0';
	count = take_rights(&msg, fds, room);
	if (count > room || (msg.msg_flags & (MSG_CTRUNC | MSG_TRUNC))) {
		close_fds(fds, count < room ? count : room);
		return -EMSGSIZE;
	}
	if (!count || split_names(names, fds, count)) {
		close_fds(fds, count);
		return -EINVAL;
	}
	return (int)count;
}

/**
 * uvfio_find_fd() - look up a descriptor by its name
 * @fds: descriptors and names
 * @count: how many
 * @name: what to look for
 *
 * Return: the descriptor, or -ENOENT.
 */
int uvfio_find_fd(const struct uvfio_named_fd *fds, unsigned int count,
		  const char *name)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		if (!strcmp(fds[i].name, name))
			return fds[i].fd;
	return -ENOENT;
}

static long number_from(const char *variable)
{
	const char *text = getenv(variable);
	char *end;
	long number;

	if (!text || !*text)
		return -1;
	number = strtol(text, &end, 10);
	return *end ? -1 : number;
}

/**
 * uvfio_inherited_fds() - descriptors that this process was started with
 * @fds: where descriptors and names go
 * @room: how many fit
 *
 * Return: how many there are, 0 when the variables are not for this process;
 * -EMSGSIZE: more than @room; -EINVAL: the names do not fit the number.
 */
int uvfio_inherited_fds(struct uvfio_named_fd *fds, unsigned int room)
{
	const char *names = getenv("LISTEN_FDNAMES");
	long count = number_from("LISTEN_FDS");
	unsigned int i;

	if (count <= 0 || number_from("LISTEN_PID") != (long)getpid())
		return 0;
	if ((unsigned long)count > room)
		return -EMSGSIZE;
	for (i = 0; i < (unsigned int)count; i++) {
		fds[i].fd = FIRST_INHERITED_FD + (int)i;
		if (fcntl(fds[i].fd, F_SETFD, FD_CLOEXEC))
			return -errno;
		snprintf(fds[i].name, sizeof(fds[i].name), "unknown");
	}
	if (names && split_names(names, fds, i))
		return -EINVAL;
	return (int)count;
}

static int set_number(const char *variable, long number)
{
	char text[24];

	snprintf(text, sizeof(text), "%ld", number);
	return setenv(variable, text, 1) ? -errno : 0;
}

/* Out of the way of the places that are about to be filled */
static int move_up(int fd, unsigned int count)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_INHERITED_FD + (int)count);

	return copy < 0 ? -errno : copy;
}

/**
 * uvfio_bequeath_fds() - make ready to exec a program with descriptors
 * @fds: descriptors and names
 * @count: how many, up to UVFIO_PASS_MAX
 *
 * Call it in the child, between fork() and exec(): it fills descriptors 3 and
 * up, whatever they were, and sets the variables for this process.
 *
 * Return: 0, or a negative errno.
 */
int uvfio_bequeath_fds(const struct uvfio_named_fd *fds, unsigned int count)
{
	int copies[UVFIO_PASS_MAX];
	char names[NAMES_SIZE];
	unsigned int i;
	int ret;

	if (count > UVFIO_PASS_MAX)
		return -EINVAL;
	ret = join_names(names, fds, count);
	if (ret < 0)
		return ret;
	for (i = 0; i < count; i++) {
		copies[i] = move_up(fds[i].fd, count);
		if (copies[i] < 0)
			return copies[i];
	}
	for (i = 0; i < count; i++)
		if (dup2(copies[i], FIRST_INHERITED_FD + (int)i) < 0)
			return -errno;
	if (setenv("LISTEN_FDNAMES", names, 1))
		return -errno;
	ret = set_number("LISTEN_FDS", count);
	return ret ? ret : set_number("LISTEN_PID", getpid());
}
