// SPDX-License-Identifier: GPL-2.0
/*
 * Generic netlink, family "VFIO": messages to users and from them.
 *
 * Owns the family. Invariant: who registers has the device open, or is an
 * administrator; nothing else in a message is believed but its sender.
 */
#include <linux/capability.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/module.h>
#include <linux/netlink.h>
#include <net/genetlink.h>

#include "device.h"
#include "netlink.h"
#include "verdict.h"

/* An opinion of a suspend, in terms of verdict_merge() */
#define AGREED VERDICT_RECOVERED
#define REFUSED VERDICT_DISCONNECT

static struct genl_family family;

static const struct nla_policy policy[VFIO_ATTR_MAX + 1] = {
	[VFIO_ATTR_MSGCAP] = { .type = NLA_U64 },
	[VFIO_ATTR_PCI_DOMAIN] = { .type = NLA_U32 },
	[VFIO_ATTR_PCI_BUS] = { .type = NLA_U16 },
	[VFIO_ATTR_PCI_SLOT] = { .type = NLA_U8 },
	[VFIO_ATTR_PCI_FUNC] = { .type = NLA_U8 },
	[VFIO_ATTR_CHANNEL_STATE] = { .type = NLA_U32 },
	[VFIO_ATTR_ERROR_HANDLING_REPLY] = { .type = NLA_U32 },
	[VFIO_ATTR_PM_SUSPEND_REPLY] = { .type = NLA_U32 },
};

static int put_message(struct sk_buff *skb, struct vfio_dev *vdev, u32 state)
{
	struct pci_dev *pdev = vdev->pdev;

	if (nla_put_u32(skb, VFIO_ATTR_PCI_DOMAIN, pci_domain_nr(pdev->bus)) ||
	    nla_put_u16(skb, VFIO_ATTR_PCI_BUS, pdev->bus->number) ||
	    nla_put_u8(skb, VFIO_ATTR_PCI_SLOT, PCI_SLOT(pdev->devfn)) ||
	    nla_put_u8(skb, VFIO_ATTR_PCI_FUNC, PCI_FUNC(pdev->devfn)))
		return -EMSGSIZE;
	if (state && nla_put_u32(skb, VFIO_ATTR_CHANNEL_STATE, state))
		return -EMSGSIZE;
	return 0;
}

/**
 * vfio_address_of - where a device is
 * @vdev: the device
 *
 * Return: its address.
 */
struct vfio_address vfio_address_of(struct vfio_dev *vdev)
{
	return (struct vfio_address){
		.domain = pci_domain_nr(vdev->pdev->bus),
		.bdf = pci_dev_id(vdev->pdev),
	};
}

/**
 * vfio_netlink_send - send a message to a user
 * @peer: his socket
 * @vdev: the device it is about
 * @message: VFIO_MSG_*
 * @seq: sequence number for the answer, or 0
 * @state: a pci_channel_state to send along, or 0
 *
 * Return: 0 or a negative error.
 */
int vfio_netlink_send(const struct vfio_peer *peer, struct vfio_dev *vdev,
		      u8 message, u32 seq, u32 state)
{
	struct sk_buff *skb = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	void *header;

	if (!skb)
		return -ENOMEM;
	header = genlmsg_put(skb, 0, seq, &family, 0, message);
	if (!header || put_message(skb, vdev, state)) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);
	return genlmsg_unicast(peer->net, skb, peer->portid);
}

static struct vfio_peer sender_of(struct genl_info *info)
{
	return (struct vfio_peer){
		.net = genl_info_net(info),
		.portid = info->snd_portid,
	};
}

static int get_address(struct genl_info *info, struct vfio_address *address)
{
	struct nlattr **attrs = info->attrs;
	u32 slot, func;

	if (!attrs[VFIO_ATTR_PCI_DOMAIN] || !attrs[VFIO_ATTR_PCI_BUS] ||
	    !attrs[VFIO_ATTR_PCI_SLOT] || !attrs[VFIO_ATTR_PCI_FUNC])
		return -EINVAL;
	slot = nla_get_u8(attrs[VFIO_ATTR_PCI_SLOT]);
	func = nla_get_u8(attrs[VFIO_ATTR_PCI_FUNC]);
	if (slot > 31 || func > 7)
		return -EINVAL;
	address->domain = nla_get_u32(attrs[VFIO_ATTR_PCI_DOMAIN]);
	address->bdf = PCI_DEVID(nla_get_u16(attrs[VFIO_ATTR_PCI_BUS]),
				 PCI_DEVFN(slot, func));
	return 0;
}

struct search {
	const struct vfio_address *address;
	struct vfio_hold found;
};

/* Called for each descriptor of the process, under a spinlock */
static int match_file(const void *data, struct file *filp, unsigned int fd)
{
	struct search *search = (struct search *)data;
	struct vfio_file *file = filp->private_data;
	struct vfio_address address;

	if (filp->f_op != &vfio_fops || READ_ONCE(file->vdev->gone))
		return 0;
	address = vfio_address_of(file->vdev);
	if (address.domain != search->address->domain ||
	    address.bdf != search->address->bdf)
		return 0;
	search->found.vdev = file->vdev;
	search->found.users = READ_ONCE(file->vdev->users);
	get_device(&file->vdev->dev);
	return 1;
}

/* The device, if the caller has it open; with a reference */
static struct vfio_hold find_open_device(const struct vfio_address *address)
{
	struct search search = { .address = address };

	iterate_fd(current->files, 0, match_file, &search);
	return search.found;
}

static int do_register(struct sk_buff *skb, struct genl_info *info)
{
	struct vfio_peer peer = sender_of(info);
	struct vfio_address address;
	struct vfio_hold hold;
	u64 wanted;
	int ret = get_address(info, &address);

	if (ret)
		return ret;
	if (!info->attrs[VFIO_ATTR_MSGCAP])
		return -EINVAL;
	wanted = nla_get_u64(info->attrs[VFIO_ATTR_MSGCAP]);
	hold = find_open_device(&address);
	if (!hold.vdev && !netlink_capable(skb, CAP_SYS_ADMIN))
		return -EPERM;
	ret = vfio_client_add(&peer, &address, &hold, wanted);
	if (hold.vdev)
		put_device(&hold.vdev->dev);
	return ret;
}

static int take_answer(struct genl_info *info, bool suspend, u32 verdict)
{
	struct vfio_peer peer = sender_of(info);

	return vfio_client_answer(&peer, info->snd_seq, suspend, verdict);
}

static int do_error_reply(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *attr = info->attrs[VFIO_ATTR_ERROR_HANDLING_REPLY];

	if (!attr || !verdict_is_valid(nla_get_u32(attr)))
		return -EINVAL;
	return take_answer(info, false, nla_get_u32(attr));
}

static int do_suspend_reply(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *attr = info->attrs[VFIO_ATTR_PM_SUSPEND_REPLY];

	if (!attr)
		return -EINVAL;
	return take_answer(info, true, nla_get_u32(attr) ? REFUSED : AGREED);
}

/* Programs of 2010 know nothing of nesting bits and strict lengths */
#define LAX GENL_DONT_VALIDATE_STRICT

static const struct genl_small_ops ops[] = {
	{ .cmd = VFIO_MSG_REGISTER, .validate = LAX, .doit = do_register },
	{ .cmd = VFIO_MSG_ERROR_HANDLING_REPLY,
	  .validate = LAX,
	  .doit = do_error_reply },
	{ .cmd = VFIO_MSG_PM_SUSPEND_REPLY,
	  .validate = LAX,
	  .doit = do_suspend_reply },
};

static struct genl_family family __ro_after_init = {
	.name = VFIO_GENL_NAME,
	.version = VFIO_GENL_VERSION,
	.maxattr = VFIO_ATTR_MAX,
	.policy = policy,
	.netnsok = true,
	.module = THIS_MODULE,
	.small_ops = ops,
	.n_small_ops = ARRAY_SIZE(ops),
	.resv_start_op = VFIO_MSG_PM_SUSPEND_REPLY + 1,
};

/* A socket has been closed */
static int socket_event(struct notifier_block *nb, unsigned long event,
			void *data)
{
	struct netlink_notify *notify = data;
	struct vfio_peer peer = { notify->net, notify->portid };

	if (event == NETLINK_URELEASE && notify->protocol == NETLINK_GENERIC)
		vfio_client_close(&peer);
	return NOTIFY_DONE;
}

static struct notifier_block socket_notifier = {
	.notifier_call = socket_event,
};

/**
 * vfio_netlink_init - register the family
 *
 * Return: 0 or a negative error.
 */
int vfio_netlink_init(void)
{
	int ret = netlink_register_notifier(&socket_notifier);

	if (ret)
		return ret;
	ret = genl_register_family(&family);
	if (ret)
		netlink_unregister_notifier(&socket_notifier);
	return ret;
}

/**
 * vfio_netlink_exit - undo vfio_netlink_init()
 */
void vfio_netlink_exit(void)
{
	genl_unregister_family(&family);
	netlink_unregister_notifier(&socket_notifier);
	vfio_client_close(NULL);
}
