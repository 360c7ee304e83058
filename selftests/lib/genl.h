/* SPDX-License-Identifier: GPL-2.0 */
/* The generic netlink family "VFIO"; calls return 0 or a negative errno. */
#ifndef SELFTESTS_GENL_H
#define SELFTESTS_GENL_H

#include <linux/types.h>
#include <linux/uvfio.h>

struct genl;

/**
 * struct genl_event - what the kernel has sent
 * @message: VFIO_MSG_*
 * @seq: sequence number for the answer
 * @state: VFIO_ATTR_CHANNEL_STATE, or 0
 */
struct genl_event {
	int message;
	__u32 seq;
	__u32 state;
};

struct genl *genl_open(void);
struct genl *genl_open_at(__u32 port);
void genl_close(struct genl *sock);
__u32 genl_port(const struct genl *sock);
int genl_sign_up(struct genl *sock, const char *bdf, __u64 wanted);
int genl_reply(struct genl *sock, int message, __u32 seq, int attribute,
	       __u32 value);
int genl_event(struct genl *sock, struct genl_event *event, int ms);

#endif
