// SPDX-License-Identifier: GPL-2.0
/*
 * Generic netlink, family "VFIO".
 *
 * Owns the clients and the open questions. Invariant: a client is a socket that
 * belongs to somebody who held the device open when it registered, or to an
 * administrator; it ends with the socket, with the last close of the device,
 * and with the device. Who does not answer is waited for until a deadline and
 * no longer.
 */
#include <linux/capability.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/module.h>
#include <linux/netlink.h>
#include <linux/slab.h>
#include <net/genetlink.h>

#include "device.h"
#include "netlink.h"
#include "verdict.h"

/* An opinion of a suspend, in terms of verdict_merge() */
#define AGREED VERDICT_RECOVERED
#define REFUSED VERDICT_DISCONNECT

#define MAX_CLIENTS 4096

/**
 * struct client - a socket that wants to hear of a device
 * @link: place in the list
 * @net: its network namespace, which it keeps alive
 * @portid: its address there
 * @wanted: mask of VFIO_MSG_*
 * @vdev: the device; we hold a reference; NULL if an administrator named one
 *	that need not be there
 * @domain: PCI domain of the device
 * @bdf: bus, slot and function of it
 * @asked: the question that it has not answered, or NULL
 */
struct client {
	struct list_head link;
	struct net *net;
	u32 portid;
	u64 wanted;
	struct vfio_dev *vdev;
	u32 domain;
	u32 bdf;
	struct vfio_question *asked;
};

/* Guards all below. Nobody sends, answers or waits under another lock of ours */
static DEFINE_MUTEX(lock);
static LIST_HEAD(clients);
static LIST_HEAD(questions);
static unsigned int nr_clients;
static u32 last_seq;

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

/* --- clients ------------------------------------------------------------- */

static void answer(struct client *client, u32 verdict)
{
	struct vfio_question *question = client->asked;

	lockdep_assert_held(&lock);
	client->asked = NULL;
	if (!question)
		return;
	if (verdict)
		question->verdict =
			question->verdict ?
				verdict_merge(question->verdict, verdict) :
				verdict;
	WRITE_ONCE(question->waiting, question->waiting - 1);
	if (!question->waiting)
		wake_up_all(&question->answered);
}

static void drop_client(struct client *client)
{
	answer(client, 0);
	list_del(&client->link);
	nr_clients--;
	if (client->vdev)
		put_device(&client->vdev->dev);
	kfree(client);
}

static struct client *find_client(struct net *net, u32 portid, u32 domain,
				  u32 bdf)
{
	struct client *client;

	list_for_each_entry(client, &clients, link)
		if (net_eq(client->net, net) && client->portid == portid &&
		    client->domain == domain && client->bdf == bdf)
			return client;
	return NULL;
}

static bool is_of_device(const struct client *client, struct vfio_dev *vdev)
{
	struct pci_dev *pdev = vdev->pdev;

	if (client->vdev)
		return client->vdev == vdev;
	return client->domain == pci_domain_nr(pdev->bus) &&
	       client->bdf == pci_dev_id(pdev);
}

/* --- from the kernel to users -------------------------------------------- */

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

static int send(struct client *client, struct vfio_dev *vdev, u8 message,
		u32 seq, u32 state)
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
	return genlmsg_unicast(client->net, skb, client->portid);
}

static bool wants(const struct client *client, struct vfio_dev *vdev,
		  u8 message)
{
	return client->wanted & BIT_ULL(message) && is_of_device(client, vdev);
}

/**
 * vfio_netlink_tell - tell the users of a device what happens to it
 * @vdev: the device
 * @message: VFIO_MSG_*
 *
 * Return: how many were told.
 */
unsigned int vfio_netlink_tell(struct vfio_dev *vdev, u8 message)
{
	struct client *client;
	unsigned int told = 0;

	mutex_lock(&lock);
	list_for_each_entry(client, &clients, link)
		if (wants(client, vdev, message) &&
		    !send(client, vdev, message, 0, 0))
			told++;
	mutex_unlock(&lock);
	return told;
}

/**
 * vfio_netlink_ask - ask the users of a device
 * @question: memory for the question, until vfio_netlink_wait()
 * @vdev: the device
 * @message: VFIO_MSG_*
 * @channel_state: a pci_channel_state to send along, or 0
 */
void vfio_netlink_ask(struct vfio_question *question, struct vfio_dev *vdev,
		      u8 message, u32 channel_state)
{
	struct client *client;

	*question = (struct vfio_question){ .vdev = vdev, .message = message };
	init_waitqueue_head(&question->answered);
	mutex_lock(&lock);
	if (!++last_seq)
		last_seq++;
	question->seq = last_seq;
	list_add(&question->link, &questions);
	list_for_each_entry(client, &clients, link) {
		if (!wants(client, vdev, message) || client->asked)
			continue;
		client->asked = question;
		if (send(client, vdev, message, question->seq, channel_state))
			client->asked = NULL;
		else
			question->waiting++;
	}
	mutex_unlock(&lock);
}

/**
 * vfio_netlink_wait - wait for the answers
 * @question: what vfio_netlink_ask() has asked
 * @deadline: in jiffies; after it nobody is waited for
 *
 * Return: the verdict of those who answered, VERDICT_*; 0 if nobody did.
 */
u32 vfio_netlink_wait(struct vfio_question *question, unsigned long deadline)
{
	long left = deadline - jiffies;
	struct client *client;
	u32 verdict;

	if (left > 0)
		wait_event_timeout(question->answered,
				   !READ_ONCE(question->waiting), left);
	mutex_lock(&lock);
	list_for_each_entry(client, &clients, link)
		if (client->asked == question)
			client->asked = NULL;
	list_del(&question->link);
	verdict = question->verdict;
	mutex_unlock(&lock);
	return verdict;
}

/**
 * vfio_netlink_forget - a device has no users any more
 * @vdev: the device
 */
void vfio_netlink_forget(struct vfio_dev *vdev)
{
	struct client *client, *next;

	mutex_lock(&lock);
	list_for_each_entry_safe(client, next, &clients, link)
		if (client->vdev == vdev)
			drop_client(client);
	mutex_unlock(&lock);
}

/* --- from users to the kernel -------------------------------------------- */

/* Which device a message is about */
struct address {
	u32 domain;
	u32 bdf;
};

static int get_address(struct genl_info *info, struct address *address)
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
	const struct address *address;
	struct vfio_dev *found;
};

/* Called for each descriptor of the process, under a spinlock */
static int match_file(const void *data, struct file *filp, unsigned int fd)
{
	struct search *search = (struct search *)data;
	struct vfio_file *file = filp->private_data;
	struct pci_dev *pdev;

	if (filp->f_op != &vfio_fops)
		return 0;
	pdev = file->vdev->pdev;
	if (READ_ONCE(file->vdev->gone) ||
	    pci_domain_nr(pdev->bus) != search->address->domain ||
	    pci_dev_id(pdev) != search->address->bdf)
		return 0;
	search->found = file->vdev;
	get_device(&file->vdev->dev);
	return 1;
}

/* The device, if the caller has it open; with a reference */
static struct vfio_dev *find_open_device(const struct address *address)
{
	struct search search = { .address = address };

	iterate_fd(current->files, 0, match_file, &search);
	return search.found;
}

static int add_client(struct genl_info *info, const struct address *address,
		      struct vfio_dev *vdev, u64 wanted)
{
	struct client *client;

	lockdep_assert_held(&lock);
	if (nr_clients >= MAX_CLIENTS)
		return -ENOSPC;
	client = kzalloc(sizeof(*client), GFP_KERNEL_ACCOUNT);
	if (!client)
		return -ENOMEM;
	client->net = genl_info_net(info);
	client->portid = info->snd_portid;
	client->wanted = wanted;
	client->domain = address->domain;
	client->bdf = address->bdf;
	client->vdev = vdev;
	list_add_tail(&client->link, &clients);
	nr_clients++;
	return 0;
}

/* Registered again, it may want other messages; perhaps of a new device */
static int add_or_change_client(struct genl_info *info,
				const struct address *address,
				struct vfio_dev *vdev, u64 wanted)
{
	struct client *client;
	int ret;

	mutex_lock(&lock);
	client = find_client(genl_info_net(info), info->snd_portid,
			     address->domain, address->bdf);
	if (client && client->vdev == vdev) {
		client->wanted = wanted;
		mutex_unlock(&lock);
		if (vdev)
			put_device(&vdev->dev);
		return 0;
	}
	if (client)
		drop_client(client);
	ret = add_client(info, address, vdev, wanted);
	if (ret && vdev)
		put_device(&vdev->dev);
	mutex_unlock(&lock);
	return ret;
}

static int do_register(struct sk_buff *skb, struct genl_info *info)
{
	struct vfio_dev *vdev;
	struct address address;
	u64 wanted;
	int ret = get_address(info, &address);

	if (ret)
		return ret;
	if (!info->attrs[VFIO_ATTR_MSGCAP])
		return -EINVAL;
	wanted = nla_get_u64(info->attrs[VFIO_ATTR_MSGCAP]);
	vdev = find_open_device(&address);
	if (!vdev && !netlink_capable(skb, CAP_SYS_ADMIN))
		return -EPERM;
	return add_or_change_client(info, &address, vdev, wanted);
}

/* Does this client owe an answer to that? */
static bool owes(const struct client *client, struct genl_info *info,
		 bool suspend)
{
	if (client->portid != info->snd_portid || !client->asked ||
	    !net_eq(client->net, genl_info_net(info)))
		return false;
	return client->asked->seq == info->snd_seq &&
	       suspend == (client->asked->message == VFIO_MSG_PM_SUSPEND);
}

static int take_answer(struct genl_info *info, bool suspend, u32 verdict)
{
	struct client *client;
	int ret = -ENOENT;

	mutex_lock(&lock);
	list_for_each_entry(client, &clients, link) {
		if (!owes(client, info, suspend))
			continue;
		answer(client, verdict);
		ret = 0;
		break;
	}
	mutex_unlock(&lock);
	return ret;
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
	struct client *client, *next;

	if (event != NETLINK_URELEASE || notify->protocol != NETLINK_GENERIC)
		return NOTIFY_DONE;
	mutex_lock(&lock);
	list_for_each_entry_safe(client, next, &clients, link)
		if (client->portid == notify->portid &&
		    net_eq(client->net, notify->net))
			drop_client(client);
	mutex_unlock(&lock);
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
	struct client *client, *next;

	genl_unregister_family(&family);
	netlink_unregister_notifier(&socket_notifier);
	list_for_each_entry_safe(client, next, &clients, link)
		drop_client(client);
}
