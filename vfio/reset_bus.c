// SPDX-License-Identifier: GPL-2.0
/*
 * Reset of a bus with all functions on it, for those that have no other.
 *
 * Owns nothing. Invariant: a bus is reset only while each function on it and on
 * the buses below is bound to us, with its lock held by us: none is unbound,
 * opened or closed meanwhile. They are closed all of them, or whoever asks has
 * shown a descriptor of each.
 *
 * Several of our locks are held then. They are only tried, in the order of
 * their addresses, so that two who want the same do not give way to each other
 * for ever; what is not waited for with several held is in device.h. The kernel
 * tries the device locks, which remove() has while it waits for ours, and that
 * of the bridge. What could not be had is tried again for a second.
 */
#include <linux/delay.h>
#include <linux/file.h>
#include <linux/jiffies.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "device.h"

#define TRY_TIME HZ
#define TRY_PAUSE 20

/**
 * struct bus_set - devices that are to be reset together
 * @vdev: one of them; the bus is that on which it is
 * @devs: all of them, with a reference each
 * @count: how many
 * @idle: they must be closed
 * @busy: while they were collected: one is not, or there are too many
 */
struct bus_set {
	struct vfio_dev *vdev;
	struct vfio_dev **devs;
	unsigned int count;
	bool idle;
	bool busy;
};

/**
 * struct bus_look - a look at what is on a bus
 * @pdev: the device that it is about
 * @slot: its slot, if that is what would be reset
 * @set: the devices that may be there, or NULL for all that are bound to us
 * @nr_ours: those that are
 * @nr_beside: functions on the same bus, but for @pdev
 * @ret: 0, or why it cannot be reset
 */
struct bus_look {
	const struct pci_dev *pdev;
	const struct pci_slot *slot;
	const struct bus_set *set;
	unsigned int nr_ours;
	unsigned int nr_beside;
	int ret;
};

/*
 * Of all slots only that of a hot-plug port can be reset instead of the bus, by
 * its driver. It goes with that, under a lock which only the core has: so its
 * address says what is in the same slot, and what is there is never looked at.
 */
static const struct pci_slot *reset_slot(const struct pci_dev *pdev)
{
	return pdev->bus->self->is_hotplug_bridge ? READ_ONCE(pdev->slot) :
						    NULL;
}

static int count_beside(struct pci_dev *dev, void *data)
{
	struct bus_look *look = data;

	look->nr_beside += dev != look->pdev && dev->bus == look->pdev->bus;
	return 0;
}

/**
 * vfio_bus_is_for - would a reset of bus or slot reset this function alone?
 * @pdev: the device
 *
 * Return: the answer for now.
 */
bool vfio_bus_is_for(struct pci_dev *pdev)
{
	struct bus_look look = { .pdev = pdev };

	if (!pdev->bus->self || pdev->subordinate ||
	    pdev->dev_flags & PCI_DEV_FLAGS_NO_BUS_RESET)
		return false;
	pci_walk_bus(pdev->bus, count_beside, &look);
	if (!look.nr_beside)
		return true;
	return !pdev->multifunction && reset_slot(pdev);
}

static bool is_ours(const struct bus_set *set, const struct pci_dev *dev)
{
	unsigned int i;

	if (!set)
		return READ_ONCE(dev->driver) == &vfio_driver;
	for (i = 0; i < set->count; i++)
		if (set->devs[i]->pdev == dev)
			return true;
	return false;
}

/*
 * A hot-plug bridge takes the reset for the unplugging of what is below it.
 * Of a slot the kernel saves and locks only what it takes to be in it.
 */
static bool may_be_reset(const struct bus_look *look, const struct pci_dev *dev)
{
	if (dev->dev_flags & PCI_DEV_FLAGS_NO_BUS_RESET)
		return false;
	if (look->slot && dev->bus == look->pdev->bus &&
	    READ_ONCE(dev->slot) != look->slot)
		return false;
	return !dev->is_hotplug_bridge && !dev->shpc_managed;
}

static int look_at(struct pci_dev *dev, void *data)
{
	struct bus_look *look = data;

	if (!may_be_reset(look, dev))
		look->ret = -ENOTTY;
	else if (pci_is_bridge(dev))
		return 0;
	else if (is_ours(look->set, dev))
		look->nr_ours++;
	else
		look->ret = -EPERM;
	return look->ret;
}

static int look_at_bus(struct vfio_dev *vdev, const struct bus_set *set)
{
	struct bus_look look = { .pdev = vdev->pdev, .set = set };
	struct pci_bus *bus = vdev->pdev->bus;

	if (!bus->self || bus->self->dev_flags & PCI_DEV_FLAGS_NO_BUS_RESET)
		return -ENOTTY;
	look.slot = reset_slot(vdev->pdev);
	pci_walk_bus(bus, look_at, &look);
	if (!look.ret && set && look.nr_ours != set->count)
		return -EINVAL;
	return look.ret;
}

/**
 * vfio_bus_resettable - would UVFIO_BUS_RESET work now?
 * @vdev: the device, not locked: others on the bus are waited for
 *
 * Return: the answer for those who have descriptors of all functions.
 */
bool vfio_bus_resettable(struct vfio_dev *vdev)
{
	return !look_at_bus(vdev, NULL);
}

static void unlock(const struct bus_set *set, unsigned int count)
{
	while (count)
		mutex_unlock(&set->devs[--count]->lock);
}

static int try_lock(const struct bus_set *set)
{
	unsigned int i;

	for (i = 0; i < set->count; i++) {
		if (!mutex_trylock(&set->devs[i]->lock)) {
			unlock(set, i);
			return -EAGAIN;
		}
	}
	return 0;
}

static int check_one(const struct bus_set *set, struct vfio_dev *vdev)
{
	if (vdev->gone || READ_ONCE(vdev->leaving))
		return -ENODEV;
	if (vfio_is_busy(vdev) || vdev->frozen)
		return -EAGAIN;
	/* its user has been faster than wake_all() */
	if (vdev->nr_open && vfio_config_asleep(&vdev->config))
		return -EAGAIN;
	return set->idle && vdev->nr_open ? -EBUSY : 0;
}

static int check_all(const struct bus_set *set)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < set->count && !ret; i++)
		ret = check_one(set, set->devs[i]);
	if (ret)
		return ret;
	if (set->idle && !set->vdev->dirty)
		return -EALREADY;
	if (set->idle)
		return 0;
	if (vfio_given_up(set->vdev))
		return -EIO;
	return set->vdev->att ? 0 : -EINVAL;
}

static int reset_all(const struct bus_set *set)
{
	unsigned int i;
	int ret;

	for (i = 0; i < set->count; i++)
		vfio_reset_begin(set->devs[i]);
	ret = pci_reset_bus(set->vdev->pdev);
	for (i = 0; i < set->count; i++)
		vfio_reset_end(set->devs[i], ret);
	return vfio_reset_error(ret);
}

/* That waits for access to configuration space, so one is locked at a time */
static int wake_all(const struct bus_set *set)
{
	unsigned int i;
	int ret;

	for (i = 0; i < set->count && !set->idle; i++) {
		ret = vfio_enter(set->devs[i]);
		if (ret)
			return ret;
		vfio_config_wake(&set->devs[i]->config);
		vfio_leave(set->devs[i]);
	}
	return 0;
}

/* Likewise */
static void finish_all(const struct bus_set *set)
{
	unsigned int i;

	for (i = 0; i < set->count && !set->idle; i++)
		vfio_reset_finish(set->devs[i]);
}

static int attempt(const struct bus_set *set)
{
	bool tried = false;
	int ret;

	ret = wake_all(set) ?: try_lock(set);
	if (ret)
		return ret;
	ret = check_all(set);
	if (!ret)
		ret = look_at_bus(set->vdev, set);
	if (!ret) {
		ret = reset_all(set);
		tried = ret != -EAGAIN;
	}
	unlock(set, set->count);
	if (tried)
		finish_all(set);
	return ret;
}

static int attempt_for_a_while(const struct bus_set *set)
{
	unsigned long end = jiffies + TRY_TIME;
	int ret;

	for (;;) {
		ret = attempt(set);
		if (ret != -EAGAIN || time_after(jiffies, end) ||
		    fatal_signal_pending(current))
			return ret;
		msleep(TRY_PAUSE);
	}
}

static int by_address(const void *a, const void *b)
{
	uintptr_t x = *(const uintptr_t *)a, y = *(const uintptr_t *)b;

	return x < y ? -1 : x > y;
}

static void sort_set(struct bus_set *set)
{
	sort(set->devs, set->count, sizeof(*set->devs), by_address, NULL);
}

static bool is_on_or_below(const struct pci_bus *bus,
			   const struct pci_bus *above)
{
	while (bus && bus != above)
		bus = bus->parent;
	return bus;
}

static void add_idle(struct vfio_dev *vdev, void *data)
{
	struct bus_set *set = data;

	if (!is_on_or_below(vdev->pdev->bus, set->vdev->pdev->bus))
		return;
	if (READ_ONCE(vdev->nr_open) || set->count == UVFIO_BUS_RESET_MAX) {
		set->busy = true;
		return;
	}
	get_device(&vdev->dev);
	set->devs[set->count++] = vdev;
}

/* Each once, and the one through which the call was made among them */
static int check_names(const struct bus_set *set)
{
	bool named = false;
	unsigned int i;

	for (i = 0; i < set->count; i++) {
		named |= set->devs[i] == set->vdev;
		if (i && set->devs[i] == set->devs[i - 1])
			return -EINVAL;
	}
	return named ? 0 : -EINVAL;
}

/* All that are bound to us; whether others are there, the kernel's list says */
static int reset_idle(struct bus_set *set)
{
	unsigned int i;
	int ret = -EBUSY;

	vfio_for_each_dev(add_idle, set);
	sort_set(set);
	/* not among them: it is just being bound or unbound */
	if (!set->busy && !check_names(set))
		ret = attempt_for_a_while(set);
	for (i = 0; i < set->count; i++)
		put_device(&set->devs[i]->dev);
	return ret;
}

static bool is_worth_a_line(int ret)
{
	switch (ret) {
	case 0:
	case -EALREADY: /* others were first */
	case -EBUSY: /* others use it */
	case -EAGAIN:
	case -ENODEV:
	case -EINVAL:
	case -EPERM: /* one is not ours */
	case -ENOTTY:
		return false;
	default:
		return true;
	}
}

/**
 * vfio_bus_reset_idle - reset the bus of a device that nothing else has reset
 * @vdev: the device, not locked; it may be in use or have gone
 *
 * After its last close and before its first open. Does nothing while a
 * function on the bus is in use or is not ours: &vfio_dev.dirty remains then.
 */
void vfio_bus_reset_idle(struct vfio_dev *vdev)
{
	struct bus_set set = { .vdev = vdev, .idle = true };
	int ret;

	if (!READ_ONCE(vdev->dirty) || READ_ONCE(vdev->gone) ||
	    pci_is_root_bus(vdev->pdev->bus))
		return;
	set.devs = kcalloc(UVFIO_BUS_RESET_MAX, sizeof(*set.devs), GFP_KERNEL);
	if (!set.devs)
		return;
	ret = reset_idle(&set);
	if (is_worth_a_line(ret))
		dev_warn_ratelimited(&vdev->pdev->dev,
				     "reset of its bus failed: %d\n", ret);
	kfree(set.devs);
}

static int get_files(const s32 *fds, u32 count, struct file **files)
{
	u32 i;

	for (i = 0; i < count; i++) {
		files[i] = fget(fds[i]);
		if (!files[i])
			return -EBADF;
		if (files[i]->f_op != &vfio_fops)
			return -EINVAL;
	}
	return 0;
}

static void put_files(struct file **files, u32 count)
{
	u32 i;

	for (i = 0; i < count; i++)
		if (files[i])
			fput(files[i]);
}

/* The files hold the devices */
static int reset_named(struct bus_set *set, struct file **files)
{
	struct vfio_file *file;
	unsigned int i;
	int ret;

	for (i = 0; i < set->count; i++) {
		file = files[i]->private_data;
		set->devs[i] = file->vdev;
	}
	sort_set(set);
	ret = check_names(set);
	return ret ?: attempt_for_a_while(set);
}

/**
 * vfio_bus_reset - reset a bus for a user who has all that is on it
 * @file: open file of a device on it
 * @fds: descriptors of the caller, to prove it
 * @count: how many
 *
 * Return: 0 or an error of UVFIO_BUS_RESET.
 */
int vfio_bus_reset(struct vfio_file *file, const s32 *fds, u32 count)
{
	struct bus_set set = { .vdev = file->vdev, .count = count };
	struct file **files;
	int ret = -ENOMEM;

	files = kcalloc(count, sizeof(*files), GFP_KERNEL_ACCOUNT);
	set.devs = kcalloc(count, sizeof(*set.devs), GFP_KERNEL_ACCOUNT);
	if (files && set.devs) {
		ret = get_files(fds, count, files);
		if (!ret)
			ret = reset_named(&set, files);
		put_files(files, count);
	}
	kfree(set.devs);
	kfree(files);
	return ret;
}
