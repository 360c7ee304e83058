// SPDX-License-Identifier: GPL-2.0
/*
 * Who wants to hear of a device, and what has been asked.
 *
 * Owns the clients and the open questions. Invariant: a client is a socket that
 * belongs to somebody who holds the device open when it registers, or to an
 * administrator; it ends with the socket, with the last close of the device,
 * and with the device. Who does not answer is waited for until a deadline and
 * no longer.
 */
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "device.h"
#include "netlink.h"
#include "verdict.h"

/* Of one device, so that its users shut out no others; of administrators */
#define MAX_OF_DEVICE 32
#define MAX_OF_ADDRESSES 1024

/**
 * struct client - a socket that wants to hear of a device
 * @link: place in the list
 * @peer: the socket, which keeps its network namespace alive
 * @wanted: mask of VFIO_MSG_*
 * @vdev: the device; we hold a reference; NULL if an administrator named one
 *	that need not be there
 * @address: of the device
 * @asked: the question that it has not answered, or NULL
 */
struct client {
	struct list_head link;
	struct vfio_peer peer;
	u64 wanted;
	struct vfio_dev *vdev;
	struct vfio_address address;
	struct vfio_question *asked;
};

/* Guards all below; innermost but for locks of sockets */
static DEFINE_MUTEX(lock);
static LIST_HEAD(clients);
static LIST_HEAD(questions);
static u32 last_seq;

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
	if (client->vdev)
		put_device(&client->vdev->dev);
	kfree(client);
}

static bool is_peer(const struct client *client, const struct vfio_peer *peer)
{
	return client->peer.portid == peer->portid &&
	       net_eq(client->peer.net, peer->net);
}

static bool is_at(const struct client *client,
		  const struct vfio_address *address)
{
	return client->address.domain == address->domain &&
	       client->address.bdf == address->bdf;
}

static struct client *find_client(const struct vfio_peer *peer,
				  const struct vfio_address *address)
{
	struct client *client;

	list_for_each_entry(client, &clients, link)
		if (is_peer(client, peer) && is_at(client, address))
			return client;
	return NULL;
}

static bool is_of_device(const struct client *client, struct vfio_dev *vdev)
{
	struct vfio_address address = vfio_address_of(vdev);

	return client->vdev ? client->vdev == vdev : is_at(client, &address);
}

static bool wants(const struct client *client, struct vfio_dev *vdev,
		  u8 message)
{
	return client->wanted & BIT_ULL(message) && is_of_device(client, vdev);
}

/**
 * vfio_clients_tell - tell the users of a device what happens to it
 * @vdev: the device
 * @message: VFIO_MSG_*
 *
 * Return: how many were told.
 */
unsigned int vfio_clients_tell(struct vfio_dev *vdev, u8 message)
{
	struct client *client;
	unsigned int told = 0;

	mutex_lock(&lock);
	list_for_each_entry(client, &clients, link)
		if (wants(client, vdev, message) &&
		    !vfio_netlink_send(&client->peer, vdev, message, 0, 0))
			told++;
	mutex_unlock(&lock);
	return told;
}

static bool ask_client(struct client *client, struct vfio_question *question,
		       u32 channel_state)
{
	lockdep_assert_held(&lock);
	if (client->asked ||
	    vfio_netlink_send(&client->peer, question->vdev, question->message,
			      question->seq, channel_state))
		return false;
	client->asked = question;
	return true;
}

/**
 * vfio_clients_ask - ask the users of a device
 * @question: memory for the question, until vfio_clients_wait()
 * @vdev: the device
 * @message: VFIO_MSG_*
 * @channel_state: a pci_channel_state to send along, or 0
 */
void vfio_clients_ask(struct vfio_question *question, struct vfio_dev *vdev,
		      u8 message, u32 channel_state)
{
	struct client *client;

	*question = (struct vfio_question){ .vdev = vdev, .message = message };
	init_waitqueue_head(&question->answered);
	mutex_lock(&lock);
	if (!++last_seq)
		last_seq++;
	question->seq = last_seq;
	/* A last close takes our lock between the two */
	question->users = READ_ONCE(vdev->nr_open) ? vdev->users : 0;
	list_add(&question->link, &questions);
	list_for_each_entry(client, &clients, link) {
		if (!wants(client, vdev, message))
			continue;
		if (ask_client(client, question, channel_state))
			question->waiting++;
		else
			question->unasked++;
	}
	mutex_unlock(&lock);
}

/**
 * vfio_clients_wait - wait for the answers
 * @question: what vfio_clients_ask() has asked
 * @deadline: in jiffies; after it nobody is waited for
 *
 * Whether all have answered is told by &vfio_question.waiting and
 * &vfio_question.unasked, which nobody changes any more.
 *
 * Return: the verdict of those who answered, VERDICT_*; 0 if nobody did.
 */
u32 vfio_clients_wait(struct vfio_question *question, unsigned long deadline)
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
 * vfio_clients_forget - a device has no users any more
 * @vdev: the device
 *
 * Nor have those a right to register who saw themselves as users before.
 */
void vfio_clients_forget(struct vfio_dev *vdev)
{
	struct client *client, *next;

	mutex_lock(&lock);
	WRITE_ONCE(vdev->users, vdev->users + 1);
	list_for_each_entry_safe(client, next, &clients, link)
		if (client->vdev == vdev)
			drop_client(client);
	mutex_unlock(&lock);
}

/* Are there as many clients as may be? Those of one device, or of addresses */
static bool is_full(const struct vfio_dev *vdev)
{
	struct client *client;
	unsigned int n = 0;

	lockdep_assert_held(&lock);
	list_for_each_entry(client, &clients, link)
		n += client->vdev == vdev;
	return n >= (vdev ? MAX_OF_DEVICE : MAX_OF_ADDRESSES);
}

static int add_client(const struct vfio_peer *peer,
		      const struct vfio_address *address, struct vfio_dev *vdev,
		      u64 wanted)
{
	struct client *client;

	lockdep_assert_held(&lock);
	if (is_full(vdev))
		return -ENOSPC;
	client = kzalloc(sizeof(*client), GFP_KERNEL_ACCOUNT);
	if (!client)
		return -ENOMEM;
	client->peer = *peer;
	client->address = *address;
	client->wanted = wanted;
	client->vdev = vdev;
	if (vdev)
		get_device(&vdev->dev);
	list_add_tail(&client->link, &clients);
	return 0;
}

static int add_or_change(const struct vfio_peer *peer,
			 const struct vfio_address *address,
			 const struct vfio_hold *hold, u64 wanted)
{
	struct vfio_dev *vdev = hold->vdev;
	struct client *client;

	lockdep_assert_held(&lock);
	/* Closed by another thread since he was seen to have it open */
	if (vdev && hold->users != vdev->users)
		return -EPERM;
	client = find_client(peer, address);
	if (client && client->vdev != vdev) {
		drop_client(client);
		client = NULL;
	}
	if (!client)
		return add_client(peer, address, vdev, wanted);
	client->wanted = wanted;
	return 0;
}

/**
 * vfio_client_add - somebody wants to hear of a device
 * @peer: his socket
 * @address: where the device is
 * @hold: his hold on it
 * @wanted: mask of VFIO_MSG_*
 *
 * Registered again, he may want other messages, or mean a new device there.
 *
 * Return: 0, -EPERM if he has lost his hold, -ENOSPC or -ENOMEM.
 */
int vfio_client_add(const struct vfio_peer *peer,
		    const struct vfio_address *address,
		    const struct vfio_hold *hold, u64 wanted)
{
	int ret;

	mutex_lock(&lock);
	ret = add_or_change(peer, address, hold, wanted);
	mutex_unlock(&lock);
	return ret;
}

/* Does this client owe an answer to that? */
static bool owes(const struct client *client, const struct vfio_peer *peer,
		 u32 seq, bool suspend)
{
	if (!is_peer(client, peer) || !client->asked)
		return false;
	return client->asked->seq == seq &&
	       suspend == (client->asked->message == VFIO_MSG_PM_SUSPEND);
}

/**
 * vfio_client_answer - an answer has come
 * @peer: from whom
 * @seq: to which question
 * @suspend: is it about a suspend, or else about an error?
 * @verdict: VERDICT_*
 *
 * Return: 0, or -ENOENT if he was not asked, or it is too late.
 */
int vfio_client_answer(const struct vfio_peer *peer, u32 seq, bool suspend,
		       u32 verdict)
{
	struct client *client;
	int ret = -ENOENT;

	mutex_lock(&lock);
	list_for_each_entry(client, &clients, link) {
		if (!owes(client, peer, seq, suspend))
			continue;
		answer(client, verdict);
		ret = 0;
		break;
	}
	mutex_unlock(&lock);
	return ret;
}

/**
 * vfio_client_close - a socket has been closed
 * @peer: the socket; NULL for all
 */
void vfio_client_close(const struct vfio_peer *peer)
{
	struct client *client, *next;

	mutex_lock(&lock);
	list_for_each_entry_safe(client, next, &clients, link)
		if (!peer || is_peer(client, peer))
			drop_client(client);
	mutex_unlock(&lock);
}
