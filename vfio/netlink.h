/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Generic netlink, family "VFIO": users are told of what happens to their
 * device, and asked.
 */
#ifndef _VFIO_NETLINK_H
#define _VFIO_NETLINK_H

#include <linux/list.h>
#include <linux/types.h>
#include <linux/wait.h>

struct net;
struct vfio_dev;

/**
 * struct vfio_peer - a user's socket
 * @net: its network namespace
 * @portid: its address there
 */
struct vfio_peer {
	struct net *net;
	u32 portid;
};

/**
 * struct vfio_address - where a device is
 * @domain: PCI domain
 * @bdf: bus, slot and function
 */
struct vfio_address {
	u32 domain;
	u32 bdf;
};

/**
 * struct vfio_hold - the right to hear of a device
 * @vdev: the device that is held open; NULL for an administrator's right
 * @users: &vfio_dev.users at that time
 */
struct vfio_hold {
	struct vfio_dev *vdev;
	u64 users;
};

/**
 * struct vfio_question - something asked of all users of a device
 * @link: place in the list of open questions
 * @vdev: which device
 * @users: &vfio_dev.users when it was asked; 0 if nobody had the device open
 * @seq: sequence number that an answer must have
 * @message: VFIO_MSG_*
 * @verdict: what has been answered so far; 0 for nothing
 * @waiting: how many have not answered
 * @unasked: how many the question could not be sent to
 * @answered: woken when @waiting becomes 0
 *
 * All but @vdev is guarded by the lock of the list.
 */
struct vfio_question {
	struct list_head link;
	struct vfio_dev *vdev;
	u64 users;
	u32 seq;
	u8 message;
	u32 verdict;
	unsigned int waiting;
	unsigned int unasked;
	wait_queue_head_t answered;
};

/* netlink.c */
int vfio_netlink_init(void);
void vfio_netlink_exit(void);
struct vfio_address vfio_address_of(struct vfio_dev *vdev);
int vfio_netlink_send(const struct vfio_peer *peer, struct vfio_dev *vdev,
		      u8 message, u32 seq, u32 state);

/* clients.c: from users */
int vfio_client_add(const struct vfio_peer *peer,
		    const struct vfio_address *address,
		    const struct vfio_hold *hold, u64 wanted);
int vfio_client_answer(const struct vfio_peer *peer, u32 seq, bool suspend,
		       u32 verdict);
void vfio_client_close(const struct vfio_peer *peer);

/* clients.c: to users */
unsigned int vfio_clients_tell(struct vfio_dev *vdev, u8 message);
void vfio_clients_ask(struct vfio_question *question, struct vfio_dev *vdev,
		      u8 message, u32 channel_state);
u32 vfio_clients_wait(struct vfio_question *question, unsigned long deadline);
void vfio_clients_forget(struct vfio_dev *vdev);

#endif /* _VFIO_NETLINK_H */
