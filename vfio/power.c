// SPDX-License-Identifier: GPL-2.0
/*
 * The machine wants to sleep.
 *
 * Owns a notifier, and when users last kept the machine awake. Invariant: a
 * device that somebody has open sleeps only with the consent of all who want
 * to be asked, unless an administrator says otherwise or tries again soon, and
 * nobody is waited for longer than the one deadline that all share. So users,
 * who need no privilege, cannot keep the machine awake for ever. They are asked
 * here, because they are frozen before drivers are asked. A device that has
 * slept is as its user left it, but awake.
 */
#include <linux/jiffies.h>
#include <linux/slab.h>
#include <linux/suspend.h>
#include <linux/timekeeping.h>

#include "device.h"
#include "netlink.h"
#include "verdict.h"

#define SUSPEND_TIME (5 * HZ)

/*
 * In seconds since the machine was started; 0 if they never have. Of the
 * notifier alone, which runs for one attempt at a time.
 */
static time64_t vetoed_at;

struct asked {
	struct list_head link;
	struct vfio_question question;
};

/**
 * struct opinion - what users think of sleeping
 * @asked: who has been asked, &asked.link
 * @refused: somebody refuses, could not be asked, or is silent as never before
 */
struct opinion {
	struct list_head asked;
	bool refused;
};

static void ask(struct vfio_dev *vdev, void *data)
{
	struct opinion *opinion = data;
	struct asked *asked;

	if (!READ_ONCE(vdev->nr_open))
		return;
	asked = kzalloc(sizeof(*asked), GFP_KERNEL);
	if (!asked) {
		opinion->refused = true;
		return;
	}
	get_device(&vdev->dev);
	vfio_clients_ask(&asked->question, vdev, VFIO_MSG_PM_SUSPEND, 0);
	list_add_tail(&asked->link, &opinion->asked);
}

static void tell_awake(struct vfio_dev *vdev, void *data)
{
	vfio_clients_tell(vdev, VFIO_MSG_PM_RESUME);
}

/*
 * Who refuses has to say so each time; silence counts once, until somebody
 * says something or opens the device anew.
 */
static bool vetoes(struct vfio_dev *vdev, u32 verdict, bool all)
{
	bool again = READ_ONCE(vdev->was_silent);
	bool silent = verdict != VERDICT_DISCONNECT &&
		      !(verdict == VERDICT_RECOVERED && all);

	WRITE_ONCE(vdev->was_silent, silent);
	if (verdict == VERDICT_DISCONNECT)
		pci_info(vdev->pdev, "its user refuses to suspend\n");
	else if (silent)
		pci_info(vdev->pdev, "its user says nothing to a suspend%s\n",
			 again ? " again" : "");
	return verdict == VERDICT_DISCONNECT || (silent && !again);
}

/* Collect the answers about one device: does one of its users object? */
static bool objected(struct asked *asked, unsigned long deadline)
{
	struct vfio_question *question = &asked->question;
	u32 verdict = vfio_clients_wait(question, deadline);
	bool all = !question->waiting && !question->unasked;
	bool no = vetoes(question->vdev, verdict, all);

	put_device(&question->vdev->dev);
	list_del(&asked->link);
	kfree(asked);
	return no;
}

/* Do objections count? Not if they have, a moment ago. */
static bool may_object(void)
{
	time64_t now = ktime_get_boottime_seconds();

	if (READ_ONCE(vfio_suspend_anyway))
		return false;
	if (vetoed_at && now - vetoed_at < READ_ONCE(vfio_veto_interval))
		return false;
	vetoed_at = now;
	return true;
}

static int before_sleep(void)
{
	unsigned long deadline = jiffies + SUSPEND_TIME;
	struct opinion opinion = {};
	struct asked *asked, *next;

	INIT_LIST_HEAD(&opinion.asked);
	vfio_for_each_dev(ask, &opinion);
	list_for_each_entry_safe(asked, next, &opinion.asked, link)
		if (objected(asked, deadline))
			opinion.refused = true;
	if (!opinion.refused || !may_object())
		return NOTIFY_OK;
	/* Those who agreed have prepared themselves: it was for nothing */
	vfio_for_each_dev(tell_awake, NULL);
	return notifier_from_errno(-EBUSY);
}

static int pm_event(struct notifier_block *nb, unsigned long event, void *data)
{
	switch (event) {
	case PM_SUSPEND_PREPARE:
	case PM_HIBERNATION_PREPARE:
		return before_sleep();
	case PM_POST_SUSPEND:
	case PM_POST_HIBERNATION:
		vfio_for_each_dev(tell_awake, NULL);
		return NOTIFY_OK;
	default:
		return NOTIFY_DONE;
	}
}

static struct notifier_block pm_notifier = {
	.notifier_call = pm_event,
};

/*
 * What the PCI core saves and puts back are the registers of a device in D0.
 * One that is not open is, and what its last user wrote means nothing.
 */
static int wake_sleeper(struct device *dev)
{
	struct vfio_dev *vdev = dev_get_drvdata(dev);

	mutex_lock(&vdev->lock);
	if (vdev->nr_open)
		vfio_config_wake(&vdev->config);
	vfio_mem_update(vdev);
	mutex_unlock(&vdev->lock);
	return 0;
}

/*
 * The PCI core has put back what it saved. It does that only for a driver that
 * has such functions; for others it turns bus mastering off.
 */
static int awake(struct device *dev)
{
	struct vfio_dev *vdev = dev_get_drvdata(dev);

	mutex_lock(&vdev->lock);
	if (vdev->nr_open)
		vfio_config_restored(&vdev->config);
	vfio_intx_sync(vdev);
	vfio_mem_update(vdev);
	mutex_unlock(&vdev->lock);
	return 0;
}

const struct dev_pm_ops vfio_pm_ops = {
	.prepare = wake_sleeper,
	.resume = awake,
	.thaw = awake,
	.restore = awake,
};

/**
 * vfio_power_init - hear of the machine's sleep
 *
 * Return: 0 or a negative error.
 */
int vfio_power_init(void)
{
	return register_pm_notifier(&pm_notifier);
}

/**
 * vfio_power_exit - undo vfio_power_init()
 */
void vfio_power_exit(void)
{
	unregister_pm_notifier(&pm_notifier);
}
