// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family "VFIO", by libnl, as other programs speak it.
 *
 * Owns the sockets. Invariant: an event that comes while an acknowledgment is
 * waited for is kept for genl_event(). Programs that use this name themselves
 * in NETLINK of their Makefile.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>

#include "genl.h"

#define KEPT 8
#define ACK_MS 5000

/**
 * struct genl - a socket
 * @nl: what libnl knows it by
 * @family: number of the family
 * @acked: the kernel has said what has become of our message
 * @error: what it said, 0 or a negative errno
 * @kept: events that nobody has asked for yet, oldest first
 * @nr_kept: their number
 */
struct genl {
	struct nl_sock *nl;
	int family;
	int acked;
	int error;
	struct genl_event kept[KEPT];
	int nr_kept;
};

static int on_ack(struct nl_msg *msg, void *arg)
{
	struct genl *sock = arg;

	sock->acked = 1;
	sock->error = 0;
	return NL_STOP;
}

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *err, void *arg)
{
	struct genl *sock = arg;

	sock->acked = 1;
	sock->error = err->error;
	return NL_SKIP;
}

static int on_event(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *head = nlmsg_hdr(msg);
	struct nlattr *attrs[VFIO_ATTR_MAX + 1];
	struct genl *sock = arg;
	struct genl_event *event = &sock->kept[sock->nr_kept];
	struct nlattr *state;

	if (head->nlmsg_type != sock->family || sock->nr_kept == KEPT ||
	    genlmsg_parse(head, 0, attrs, VFIO_ATTR_MAX, NULL))
		return NL_SKIP;
	state = attrs[VFIO_ATTR_CHANNEL_STATE];
	event->message = genlmsg_hdr(head)->cmd;
	event->seq = head->nlmsg_seq;
	event->state = state ? nla_get_u32(state) : 0;
	sock->nr_kept++;
	return NL_OK;
}

/* Wait for a packet, and do what it says */
static int receive(struct genl *sock, int ms)
{
	struct pollfd wait = { .fd = nl_socket_get_fd(sock->nl),
			       .events = POLLIN };
	int ret = poll(&wait, 1, ms);

	if (ret != 1)
		return ret ? -errno : -ETIMEDOUT;
	return nl_recvmsgs_default(sock->nl) < 0 ? -EIO : 0;
}

/* Send, free, and wait for the acknowledgment */
static int talk(struct genl *sock, struct nl_msg *msg)
{
	int ret = nl_send_auto(sock->nl, msg) < 0 ? -EIO : 0;

	nlmsg_free(msg);
	sock->acked = 0;
	while (!ret && !sock->acked)
		ret = receive(sock, ACK_MS);
	return ret ? ret : sock->error;
}

static struct nl_msg *begin(struct genl *sock, int command, __u32 seq)
{
	struct nl_msg *msg = nlmsg_alloc();

	if (msg && !genlmsg_put(msg, NL_AUTO_PORT, seq, sock->family, 0, 0,
				command, VFIO_GENL_VERSION)) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

static int connect_to_family(struct genl *sock)
{
	if (genl_connect(sock->nl))
		return -EIO;
	/* Events have numbers of their own */
	nl_socket_disable_seq_check(sock->nl);
	sock->family = genl_ctrl_resolve(sock->nl, VFIO_GENL_NAME);
	if (sock->family < 0)
		return -ENOENT;
	nl_socket_modify_cb(sock->nl, NL_CB_ACK, NL_CB_CUSTOM, on_ack, sock);
	nl_socket_modify_cb(sock->nl, NL_CB_VALID, NL_CB_CUSTOM, on_event,
			    sock);
	return nl_socket_modify_err_cb(sock->nl, NL_CB_CUSTOM, on_error, sock);
}

/**
 * genl_open_at() - a socket with a certain address
 * @port: which; 0 for any that is free
 *
 * Return: the socket, or NULL.
 */
struct genl *genl_open_at(__u32 port)
{
	struct genl *sock = calloc(1, sizeof(*sock));

	if (!sock)
		return NULL;
	sock->nl = nl_socket_alloc();
	if (sock->nl && port)
		nl_socket_set_local_port(sock->nl, port);
	if (sock->nl && !connect_to_family(sock))
		return sock;
	genl_close(sock);
	return NULL;
}

/**
 * genl_open() - a socket
 *
 * Return: the socket, or NULL.
 */
struct genl *genl_open(void)
{
	return genl_open_at(0);
}

/**
 * genl_close() - close a socket
 * @sock: the socket, or NULL
 */
void genl_close(struct genl *sock)
{
	if (!sock)
		return;
	nl_socket_free(sock->nl);
	free(sock);
}

/**
 * genl_port() - the address of a socket in its network namespace
 * @sock: the socket
 *
 * Return: its port.
 */
__u32 genl_port(const struct genl *sock)
{
	return nl_socket_get_local_port(sock->nl);
}

/**
 * genl_sign_up() - register for a device
 * @sock: the socket, or NULL
 * @bdf: PCI address, as text
 * @wanted: mask of VFIO_MSG_*
 *
 * Return: 0, or a negative errno.
 */
int genl_sign_up(struct genl *sock, const char *bdf, __u64 wanted)
{
	unsigned int domain, bus, slot, func;
	struct nl_msg *msg;

	if (!sock ||
	    sscanf(bdf, "%x:%x:%x.%x", &domain, &bus, &slot, &func) != 4)
		return -EINVAL;
	msg = begin(sock, VFIO_MSG_REGISTER, NL_AUTO_SEQ);
	if (!msg)
		return -ENOMEM;
	/* What does not fit is missed by the kernel, which refuses it then */
	nla_put_u64(msg, VFIO_ATTR_MSGCAP, wanted);
	nla_put_u32(msg, VFIO_ATTR_PCI_DOMAIN, domain);
	nla_put_u16(msg, VFIO_ATTR_PCI_BUS, bus);
	nla_put_u8(msg, VFIO_ATTR_PCI_SLOT, slot);
	nla_put_u8(msg, VFIO_ATTR_PCI_FUNC, func);
	return talk(sock, msg);
}

/**
 * genl_reply() - answer
 * @sock: the socket, or NULL
 * @message: VFIO_MSG_*
 * @seq: number of the question
 * @attribute: VFIO_ATTR_*, or 0 for none
 * @value: its value
 *
 * Return: 0, or a negative errno.
 */
int genl_reply(struct genl *sock, int message, __u32 seq, int attribute,
	       __u32 value)
{
	struct nl_msg *msg;

	if (!sock)
		return -EINVAL;
	msg = begin(sock, message, seq);
	if (!msg)
		return -ENOMEM;
	if (attribute)
		nla_put_u32(msg, attribute, value);
	return talk(sock, msg);
}

/**
 * genl_event() - the oldest event
 * @sock: the socket
 * @event: out
 * @ms: how long to wait for one
 *
 * Return: 0, or a negative errno: -ETIMEDOUT if there is none.
 */
int genl_event(struct genl *sock, struct genl_event *event, int ms)
{
	int ret;

	while (!sock->nr_kept) {
		ret = receive(sock, ms);
		if (ret)
			return ret;
	}
	*event = sock->kept[0];
	memmove(&sock->kept[0], &sock->kept[1],
		--sock->nr_kept * sizeof(sock->kept[0]));
	return 0;
}
