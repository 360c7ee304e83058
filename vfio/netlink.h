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

struct vfio_dev;

/**
 * struct vfio_question - something asked of all users of a device
 * @link: place in the list of open questions
 * @vdev: which device
 * @seq: sequence number that an answer must have
 * @message: VFIO_MSG_*
 * @verdict: what has been answered so far; 0 for nothing
 * @waiting: how many have not answered
 * @answered: woken when @waiting becomes 0
 *
 * All but @vdev is guarded by the lock of the list.
 */
struct vfio_question {
	struct list_head link;
	struct vfio_dev *vdev;
	u32 seq;
	u8 message;
	u32 verdict;
	unsigned int waiting;
	wait_queue_head_t answered;
};

int vfio_netlink_init(void);
void vfio_netlink_exit(void);
unsigned int vfio_netlink_tell(struct vfio_dev *vdev, u8 message);
void vfio_netlink_ask(struct vfio_question *question, struct vfio_dev *vdev,
		      u8 message, u32 channel_state);
u32 vfio_netlink_wait(struct vfio_question *question, unsigned long deadline);
void vfio_netlink_forget(struct vfio_dev *vdev);

#endif /* _VFIO_NETLINK_H */
