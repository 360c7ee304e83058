// SPDX-License-Identifier: GPL-2.0
/*
 * The machine wants to sleep.
 *
 * Owns nothing but a notifier. Invariant: a device that somebody has open
 * sleeps only with his consent, unless an administrator says otherwise, and
 * nobody is waited for longer than the one deadline that all share. Users are
 * asked here, because they are frozen before drivers are asked. A device that
 * has slept is as its user left it, but awake.
 */
#include <linux/jiffies.h>
#include <linux/slab.h>
#include <linux/suspend.h>

#include "device.h"
#include "netlink.h"
#include "verdict.h"

#define SUSPEND_TIME (5 * HZ)

struct asked {
	struct list_head link;
	struct vfio_question question;
};

static void ask(struct vfio_dev *vdev, void *data)
{
	struct list_head *all = data;
	struct asked *asked;

	if (!READ_ONCE(vdev->nr_open))
		return;
	asked = kzalloc(sizeof(*asked), GFP_KERNEL);
	if (!asked)
		return;
	get_device(&vdev->dev);
	vfio_clients_ask(&asked->question, vdev, VFIO_MSG_PM_SUSPEND, 0);
	list_add_tail(&asked->link, all);
}

static void count_open(struct vfio_dev *vdev, void *data)
{
	unsigned int *count = data;

	*count += READ_ONCE(vdev->nr_open) != 0;
}

static void tell_awake(struct vfio_dev *vdev, void *data)
{
	vfio_clients_tell(vdev, VFIO_MSG_PM_RESUME);
}

/* Collect the answer about one device: does its user agree? */
static bool agreed(struct asked *asked, unsigned long deadline)
{
	struct vfio_dev *vdev = asked->question.vdev;
	u32 verdict = vfio_clients_wait(&asked->question, deadline);
	bool yes = verdict == VERDICT_RECOVERED;

	if (!yes)
		pci_info(vdev->pdev, "its user %s to suspend\n",
			 verdict ? "refuses" : "does not answer a question");
	put_device(&vdev->dev);
	list_del(&asked->link);
	kfree(asked);
	return yes;
}

static int before_sleep(void)
{
	unsigned long deadline = jiffies + SUSPEND_TIME;
	struct asked *asked, *next;
	unsigned int open = 0;
	LIST_HEAD(all);

	vfio_for_each_dev(count_open, &open);
	vfio_for_each_dev(ask, &all);
	list_for_each_entry_safe(asked, next, &all, link)
		open -= agreed(asked, deadline) && open;
	if (!open || READ_ONCE(vfio_suspend_anyway))
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

/* What the PCI core saves and puts back are the registers of a device in D0 */
static int wake_sleeper(struct device *dev)
{
	struct vfio_dev *vdev = dev_get_drvdata(dev);

	mutex_lock(&vdev->lock);
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
