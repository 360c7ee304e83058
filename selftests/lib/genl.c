// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family "VFIO", without a library. Invariant: an event
 * that comes while an acknowledgment is waited for is kept for genl_event().
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "genl.h"

struct packet {
	struct nlmsghdr head;
	struct genlmsghdr genl;
	char attrs[512];
};

#define KEPT 8

static int family;

/* Events that came too early, oldest first, and the sockets they came to */
static struct {
	int sock;
	struct packet packet;
} kept[KEPT];
static int nr_kept;

static void keep(int sock, const struct packet *packet)
{
	if (nr_kept == KEPT)
		return;
	kept[nr_kept].sock = sock;
	kept[nr_kept++].packet = *packet;
}

static int take_kept(int sock, struct packet *packet)
{
	int i;

	for (i = 0; i < nr_kept; i++) {
		if (kept[i].sock != sock)
			continue;
		*packet = kept[i].packet;
		memmove(&kept[i], &kept[i + 1],
			(--nr_kept - i) * sizeof(kept[0]));
		return 1;
	}
	return 0;
}

static void begin(struct packet *packet, int type, int command, __u32 seq)
{
	memset(packet, 0, sizeof(*packet));
	packet->head.nlmsg_type = type;
	packet->head.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	packet->head.nlmsg_seq = seq;
	packet->head.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	packet->genl.cmd = command;
	packet->genl.version = VFIO_GENL_VERSION;
}

static void put(struct packet *packet, int type, const void *data, int size)
{
	struct nlattr *attr = (void *)((char *)packet + packet->head.nlmsg_len);

	attr->nla_type = type;
	attr->nla_len = NLA_HDRLEN + size;
	memcpy((char *)attr + NLA_HDRLEN, data, size);
	packet->head.nlmsg_len += NLA_ALIGN(attr->nla_len);
}

static const void *find(const struct packet *packet, int type)
{
	const char *at = packet->attrs;
	const char *end = (const char *)packet + packet->head.nlmsg_len;

	while (at + NLA_HDRLEN <= end) {
		const struct nlattr *attr = (const void *)at;

		if (attr->nla_type == type)
			return at + NLA_HDRLEN;
		at += NLA_ALIGN(attr->nla_len);
	}
	return NULL;
}

static int receive(int sock, struct packet *packet, int ms)
{
	struct pollfd wait = { .fd = sock, .events = POLLIN };
	int ret = poll(&wait, 1, ms);

	if (ret != 1)
		return ret ? -errno : -ETIMEDOUT;
	ret = recv(sock, packet, sizeof(*packet), 0);
	return ret < 0 ? -errno : 0;
}

/* Send, and wait for the acknowledgment */
static int talk(int sock, struct packet *packet)
{
	struct packet reply;
	int ret;

	if (send(sock, packet, packet->head.nlmsg_len, 0) < 0)
		return -errno;
	for (;;) {
		ret = receive(sock, &reply, 5000);
		if (ret)
			return ret;
		if (reply.head.nlmsg_type == NLMSG_ERROR)
			break;
		keep(sock, &reply);
	}
	return ((struct nlmsgerr *)NLMSG_DATA(&reply.head))->error;
}

static int find_family(int sock)
{
	struct packet packet;
	const __u16 *id;
	int ret;

	begin(&packet, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1);
	packet.head.nlmsg_flags = NLM_F_REQUEST;
	put(&packet, CTRL_ATTR_FAMILY_NAME, VFIO_GENL_NAME,
	    sizeof(VFIO_GENL_NAME));
	if (send(sock, &packet, packet.head.nlmsg_len, 0) < 0)
		return -errno;
	ret = receive(sock, &packet, 5000);
	if (ret)
		return ret;
	if (packet.head.nlmsg_type == NLMSG_ERROR)
		return ((struct nlmsgerr *)NLMSG_DATA(&packet.head))->error;
	id = find(&packet, CTRL_ATTR_FAMILY_ID);
	family = id ? *id : 0;
	return id ? 0 : -ENOENT;
}

int genl_open(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	int ret;

	if (sock < 0)
		return -errno;
	ret = bind(sock, (void *)&address, sizeof(address)) ? -errno : 0;
	if (!ret)
		ret = find_family(sock);
	if (!ret)
		return sock;
	close(sock);
	return ret;
}

int genl_register(int sock, const char *bdf, __u64 wanted)
{
	unsigned int domain, bus, slot, func;
	struct packet packet;
	__u16 bus16;
	__u8 byte;

	if (sscanf(bdf, "%x:%x:%x.%x", &domain, &bus, &slot, &func) != 4)
		return -EINVAL;
	begin(&packet, family, VFIO_MSG_REGISTER, 1);
	put(&packet, VFIO_ATTR_MSGCAP, &wanted, sizeof(wanted));
	put(&packet, VFIO_ATTR_PCI_DOMAIN, &domain, sizeof(domain));
	bus16 = bus;
	put(&packet, VFIO_ATTR_PCI_BUS, &bus16, sizeof(bus16));
	byte = slot;
	put(&packet, VFIO_ATTR_PCI_SLOT, &byte, 1);
	byte = func;
	put(&packet, VFIO_ATTR_PCI_FUNC, &byte, 1);
	return talk(sock, &packet);
}

int genl_reply(int sock, int message, __u32 seq, int attribute, __u32 value)
{
	struct packet packet;

	begin(&packet, family, message, seq);
	if (attribute)
		put(&packet, attribute, &value, sizeof(value));
	return talk(sock, &packet);
}

int genl_event(int sock, struct genl_event *event, int ms)
{
	struct packet packet;
	const __u32 *state;
	int ret;

	do {
		ret = take_kept(sock, &packet) ? 0 : receive(sock, &packet, ms);
		if (ret)
			return ret;
	} while (packet.head.nlmsg_type != family);
	state = find(&packet, VFIO_ATTR_CHANNEL_STATE);
	event->message = packet.genl.cmd;
	event->seq = packet.head.nlmsg_seq;
	event->state = state ? *state : 0;
	return 0;
}
