// SPDX-License-Identifier: GPL-2.0
/*
 * A bound device: its birth, its end, and who may still hold it.
 *
 * Owns struct vfio_dev. Invariant: it lives until its last file is closed, but
 * from vfio_dev_remove() on nobody reaches the hardware through it; that takes
 * bounded time, whatever users do.
 */
#include <linux/idr.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "device.h"
#include "netlink.h"

#define NR_MINORS (MINORMASK + 1)

struct class *vfio_class;
static dev_t first_number;
/* Those in names: the lowest that is free, as programs expect */
static DEFINE_IDA(numbers);
/*
 * Those of nodes: a copy of a node outlives its device, in a container, and
 * must not open another one. So they go round, and begin anywhere, since an
 * unloaded module remembers nothing.
 */
static DEFINE_IDR(minors);
static DEFINE_MUTEX(minors_lock);

/* How long users who want to hear of a removal may take to let go */
#define REMOVE_TIME (2 * HZ)

static DEFINE_MUTEX(devices_lock);
static LIST_HEAD(devices);

/**
 * vfio_devices_init - get ready for devices
 *
 * Return: 0 or a negative error.
 */
int vfio_devices_init(void)
{
	int ret = alloc_chrdev_region(&first_number, 0, NR_MINORS, "uvfio");

	if (ret)
		return ret;
	vfio_class = class_create("uvfio");
	if (IS_ERR(vfio_class)) {
		unregister_chrdev_region(first_number, NR_MINORS);
		return PTR_ERR(vfio_class);
	}
	vfio_class->dev_groups = vfio_dev_groups;
	idr_set_cursor(&minors, get_random_u32() % NR_MINORS);
	return 0;
}

/**
 * vfio_devices_exit - undo vfio_devices_init()
 */
void vfio_devices_exit(void)
{
	class_destroy(vfio_class);
	unregister_chrdev_region(first_number, NR_MINORS);
	idr_destroy(&minors);
	ida_destroy(&numbers);
}

/**
 * vfio_for_each_dev - visit all bound devices
 * @visit: what to do with each; may sleep, but waits for no user
 * @data: passed on to it
 */
void vfio_for_each_dev(void (*visit)(struct vfio_dev *vdev, void *data),
		       void *data)
{
	struct vfio_dev *vdev;

	mutex_lock(&devices_lock);
	list_for_each_entry(vdev, &devices, link)
		visit(vdev, data);
	mutex_unlock(&devices_lock);
}

/* Why a call need not go on; asked again with the lock held */
static int why_not(struct vfio_dev *vdev)
{
	if (READ_ONCE(vdev->leaving))
		return -ENODEV;
	return vfio_given_up(vdev) ? -EIO : 0;
}

/* Among users: one at a time stands in the queue that the kernel stands in */
static int lock_in_turn(struct vfio_dev *vdev)
{
	int ret;

	if (mutex_trylock(&vdev->lock))
		return 0;
	if (mutex_lock_killable(&vdev->turn))
		return -EINTR;
	ret = why_not(vdev);
	if (!ret)
		mutex_lock(&vdev->lock);
	mutex_unlock(&vdev->turn);
	return ret;
}

/**
 * vfio_enter_at_once - lock a device for a call that touches no hardware
 * @vdev: the device
 *
 * Return: 0 with the lock held, -ENODEV, -EIO if its users gave it up, or
 * -EINTR for a fatal signal.
 */
int vfio_enter_at_once(struct vfio_dev *vdev)
{
	int ret = why_not(vdev) ?: lock_in_turn(vdev);

	if (ret)
		return ret;
	ret = why_not(vdev);
	if (ret)
		mutex_unlock(&vdev->lock);
	return ret;
}

/**
 * vfio_is_busy - do calls have to wait?
 * @vdev: the device
 *
 * Return: whether somebody resets it, or wants to get in ahead of users.
 */
bool vfio_is_busy(struct vfio_dev *vdev)
{
	return atomic_read(&vdev->nr_resets) || atomic_read(&vdev->pressing);
}

/**
 * vfio_wait_for_others - wait while a device is busy, or until it leaves
 * @vdev: the device
 *
 * Return: 0, or -EINTR for a fatal signal.
 */
int vfio_wait_for_others(struct vfio_dev *vdev)
{
	if (wait_event_killable(vdev->unpaused,
				!vfio_is_busy(vdev) ||
					READ_ONCE(vdev->leaving)))
		return -EINTR;
	return 0;
}

/**
 * vfio_enter - lock a device for a call
 * @vdev: the device
 *
 * Waits while somebody else resets the device: he has saved its state, and
 * whatever is changed meanwhile meets what he does without our lock. Nor does
 * it get in the way of those who want to get in first, with however many
 * others it stands in the queue.
 *
 * Return: as vfio_enter_at_once().
 */
int vfio_enter(struct vfio_dev *vdev)
{
	int ret;

	for (;;) {
		ret = vfio_wait_for_others(vdev) ?: vfio_enter_at_once(vdev);
		if (ret || !vfio_is_busy(vdev))
			return ret;
		mutex_unlock(&vdev->lock);
	}
}

/**
 * vfio_enter_attached - lock a device for a call that needs a domain
 * @vdev: the device
 *
 * Return: as vfio_enter(), or -EINVAL if there is no domain.
 */
int vfio_enter_attached(struct vfio_dev *vdev)
{
	int ret = vfio_enter(vdev);

	if (ret || vdev->att)
		return ret;
	mutex_unlock(&vdev->lock);
	return -EINVAL;
}

/**
 * vfio_enter_anyway - lock a device for what has to be done, now or later
 * @vdev: the device; may have gone
 *
 * Waits as vfio_enter(), for as long as a reset takes.
 */
void vfio_enter_anyway(struct vfio_dev *vdev)
{
	mutex_lock(&vdev->lock);
	while (atomic_read(&vdev->nr_resets)) {
		mutex_unlock(&vdev->lock);
		wait_event_idle(vdev->unpaused, !atomic_read(&vdev->nr_resets));
		mutex_lock(&vdev->lock);
	}
}

/**
 * vfio_enter_first - lock a device ahead of its users, and of their number
 * @vdev: the device; may have gone
 *
 * Waits as vfio_enter_anyway(). Ends with vfio_leave_first().
 */
void vfio_enter_first(struct vfio_dev *vdev)
{
	atomic_inc(&vdev->pressing);
	vfio_enter_anyway(vdev);
}

/**
 * vfio_leave_first - undo vfio_enter_first()
 * @vdev: the device
 */
void vfio_leave_first(struct vfio_dev *vdev)
{
	atomic_dec(&vdev->pressing);
	mutex_unlock(&vdev->lock);
	wake_up_all(&vdev->unpaused);
}

/**
 * vfio_leave - end of a call
 * @vdev: the device
 */
void vfio_leave(struct vfio_dev *vdev)
{
	mutex_unlock(&vdev->lock);
}

static void release(struct device *dev)
{
	struct vfio_dev *vdev = container_of(dev, struct vfio_dev, dev);

	vfio_config_exit(&vdev->config);
	vfio_fs_put_inode(vdev);
	kfree(vdev->pristine);
	pci_dev_put(vdev->bridge);
	pci_dev_put(vdev->pdev);
	kfree(vdev);
}

/* From here on put_device() undoes it all */
static struct vfio_dev *alloc(struct pci_dev *pdev)
{
	struct vfio_dev *vdev = kzalloc(sizeof(*vdev), GFP_KERNEL);

	if (!vdev)
		return NULL;
	device_initialize(&vdev->dev);
	vdev->dev.class = vfio_class;
	vdev->dev.parent = &pdev->dev;
	vdev->dev.release = release;
	vdev->pdev = pci_dev_get(pdev);
	vdev->bridge = pci_dev_get(pdev->bus->self);
	vdev->users = 1;
	mutex_init(&vdev->turn);
	mutex_init(&vdev->lock);
	init_rwsem(&vdev->mem);
	init_waitqueue_head(&vdev->unpaused);
	init_waitqueue_head(&vdev->closed);
	vfio_recovery_init(vdev);
	spin_lock_init(&vdev->irq_lock);
	cdev_init(&vdev->cdev, &vfio_fops);
	vdev->cdev.owner = THIS_MODULE;
	return vdev;
}

static void give_hardware(struct vfio_dev *vdev)
{
	vfio_irqs_exit(vdev);
	pci_release_regions(vdev->pdev);
	pci_disable_device(vdev->pdev);
}

/* The device in a state that nobody has touched: reset, no DMA, no INTx */
static int take_hardware(struct vfio_dev *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	int ret = pci_enable_device(pdev);

	if (ret)
		return ret;
	pci_clear_master(pdev);
	/* Enabling has cleared it, and what was left pending nobody answers */
	vfio_config_mask_intx(pdev, true);
	ret = pci_request_regions(pdev, "vfio");
	if (ret)
		goto disable;
	ret = vfio_reset_held(pdev);
	if (ret && ret != -ENOTTY)
		pci_warn(pdev, "reset failed: %d\n", ret);
	vdev->dirty = ret;
	/* Masks INTx, which putting back the saved state must not undo */
	vfio_irqs_init(vdev);
	pci_save_state(pdev);
	vdev->pristine = pci_store_saved_state(pdev);
	if (vdev->pristine)
		return 0;
	give_hardware(vdev);
	return -ENOMEM;

disable:
	pci_disable_device(pdev);
	return ret;
}

static void free_numbers(struct vfio_dev *vdev)
{
	mutex_lock(&minors_lock);
	idr_remove(&minors, vdev->minor);
	mutex_unlock(&minors_lock);
	ida_free(&numbers, vdev->number);
}

static int alloc_numbers(struct vfio_dev *vdev)
{
	vdev->number = ida_alloc_max(&numbers, NR_MINORS - 1, GFP_KERNEL);
	if (vdev->number < 0)
		return vdev->number;
	mutex_lock(&minors_lock);
	vdev->minor = idr_alloc_cyclic(&minors, vdev, 0, NR_MINORS, GFP_KERNEL);
	mutex_unlock(&minors_lock);
	if (vdev->minor >= 0)
		return 0;
	ida_free(&numbers, vdev->number);
	return vdev->minor;
}

/* Take a name and a minor number, and appear to users */
static int publish(struct vfio_dev *vdev)
{
	int ret = alloc_numbers(vdev);

	if (ret)
		return ret;
	vdev->dev.devt = first_number + vdev->minor;
	ret = dev_set_name(&vdev->dev, "vfio%d", vdev->number);
	if (!ret)
		ret = cdev_device_add(&vdev->cdev, &vdev->dev);
	if (ret)
		goto free_numbers;
	ret = vfio_sysfs_add(vdev);
	if (!ret) {
		mutex_lock(&devices_lock);
		list_add_tail(&vdev->link, &devices);
		mutex_unlock(&devices_lock);
		return 0;
	}
	cdev_device_del(&vdev->cdev, &vdev->dev);
free_numbers:
	free_numbers(vdev);
	return ret;
}

static void unpublish(struct vfio_dev *vdev)
{
	mutex_lock(&devices_lock);
	list_del(&vdev->link);
	mutex_unlock(&devices_lock);
	vfio_sysfs_remove(vdev);
	cdev_device_del(&vdev->cdev, &vdev->dev);
	free_numbers(vdev);
}

/* Those who asked for it hear first, and may let go by themselves */
static void warn_users(struct vfio_dev *vdev)
{
	if (vfio_clients_tell(vdev, VFIO_MSG_REMOVE) &&
	    pci_device_is_present(vdev->pdev))
		wait_event_timeout(vdev->closed, !READ_ONCE(vdev->nr_open),
				   REMOVE_TIME);
}

/*
 * The end of all access to the hardware, in the order of rising harmlessness.
 * Whoever stands in the queue before us hears first that there is nothing to
 * queue for.
 */
static void revoke(struct vfio_dev *vdev)
{
	WRITE_ONCE(vdev->leaving, true);
	wake_up_all(&vdev->unpaused);
	mutex_lock(&vdev->lock);
	WRITE_ONCE(vdev->gone, true);
	vfio_irqs_off(vdev);
	vfio_domain_drop(vdev);
	vfio_mem_update(vdev);
	vfio_bars_exit(vdev);
	vfio_config_gone(&vdev->config);
	vfio_reset_unbinding(vdev);
	mutex_unlock(&vdev->lock);
	vfio_recovery_exit(vdev);
}

/**
 * vfio_dev_create - take a device and offer it to users
 * @pdev: the device, locked by the driver core
 *
 * Return: the device, or an error pointer.
 */
struct vfio_dev *vfio_dev_create(struct pci_dev *pdev)
{
	struct vfio_dev *vdev;
	int ret = vfio_config_check(pdev);

	if (ret)
		return ERR_PTR(ret);
	vdev = alloc(pdev);
	if (!vdev)
		return ERR_PTR(-ENOMEM);
	ret = vfio_fs_get_inode(vdev);
	if (ret)
		goto put;
	ret = take_hardware(vdev);
	if (ret)
		goto put;
	ret = vfio_config_init(&vdev->config, pdev, &vfio_config_ops);
	if (ret)
		goto give;
	ret = vfio_bars_init(vdev);
	if (ret)
		goto give;
	ret = publish(vdev);
	if (!ret)
		return vdev;

	/* Somebody may have opened it meanwhile */
	revoke(vdev);
give:
	give_hardware(vdev);
put:
	put_device(&vdev->dev);
	return ERR_PTR(ret);
}

/**
 * vfio_dev_remove - take a device away from its users
 * @vdev: the device, locked by the driver core
 *
 * It may have been unplugged already.
 */
void vfio_dev_remove(struct vfio_dev *vdev)
{
	warn_users(vdev);
	revoke(vdev);
	vfio_clients_forget(vdev);
	unpublish(vdev);
	give_hardware(vdev);
	put_device(&vdev->dev);
}
