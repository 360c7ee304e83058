// SPDX-License-Identifier: GPL-2.0
/*
 * Reset of the function, at our wish or others', and what goes on around it.
 *
 * Owns nothing. Invariant: while a reset goes on nobody reaches registers, and
 * afterwards configuration and interrupts are as before it. The device lock of
 * the driver core is only tried here, since unbinding holds it and waits for
 * ours; so is the configuration of the bridge above, whose holder may wait for
 * the device lock.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>

#include "device.h"
#include "reset_rules.h"

/* How long probe and remove try to get hold of the bridge above */
#define BRIDGE_TIME HZ

static struct vfio_dev *owner_of(struct vfio_config *cfg)
{
	return container_of(cfg, struct vfio_dev, config);
}

static void decode_changed(struct vfio_config *cfg)
{
	vfio_mem_update(owner_of(cfg));
}

static void command_written(struct vfio_config *cfg, bool intx_disable)
{
	struct vfio_dev *vdev = owner_of(cfg);

	if (intx_disable)
		vfio_intx_set(vdev, INTX_USER);
	else
		vfio_intx_clear(vdev, INTX_USER | INTX_PENDING);
	/* Waking up restores the whole register */
	vfio_intx_sync(vdev);
}

static int reset_by_config(struct vfio_config *cfg)
{
	return vfio_reset(owner_of(cfg));
}

const struct vfio_config_ops vfio_config_ops = {
	.decode_changed = decode_changed,
	.command_written = command_written,
	.reset = reset_by_config,
};

/**
 * vfio_reset_method - how a reset of the function would be done now
 * @pdev: the device
 *
 * The kernel made its list when it found the device: the first function of
 * several was alone on its bus then.
 *
 * Return: RESET_*, RESET_NONE if there is no way.
 */
u8 vfio_reset_method(struct pci_dev *pdev)
{
	u8 method = reset_first_usable(pdev->reset_methods,
				       PCI_NUM_RESET_METHODS, true);

	/* looked at only where it matters: it takes a lock of the whole core */
	if (!reset_is_by_bus(method) || vfio_bus_is_for(pdev))
		return method;
	return reset_first_usable(pdev->reset_methods, PCI_NUM_RESET_METHODS,
				  false);
}

/*
 * A reset by the bus needs the bridge above to keep still. Its configuration
 * is locked, not the device: its driver's unbinding takes us with it. The
 * device is alone on that bus, else that is no way to reset it. Other resets
 * leave the bridge alone.
 */
static struct pci_dev *bridge_to_hold(struct pci_dev *pdev, u8 method)
{
	return reset_is_by_bus(method) ? pci_upstream_bridge(pdev) : NULL;
}

static int try_reset(struct vfio_dev *vdev)
{
	u8 method = vfio_reset_method(vdev->pdev);
	struct pci_dev *bridge = bridge_to_hold(vdev->pdev, method);
	int ret;

	if (!method)
		return -ENOTTY;
	if (bridge && !pci_cfg_access_trylock(bridge))
		return -EAGAIN;
	WRITE_ONCE(vdev->resetter, current);
	ret = pci_try_reset_function(vdev->pdev);
	WRITE_ONCE(vdev->resetter, NULL);
	if (bridge)
		pci_cfg_access_unlock(bridge);
	return ret;
}

static void pause_access(struct vfio_dev *vdev)
{
	vfio_mem_pause(vdev);
	vfio_intx_set(vdev, INTX_PAUSED);
}

/*
 * Before a reset. Of a device that nobody has open the registers are as before
 * its first user, and what the last one wrote means nothing.
 */
static void hold_still(struct vfio_dev *vdev)
{
	if (vdev->nr_open)
		vfio_config_wake(&vdev->config);
	pause_access(vdev);
}

/* After a reset: interrupts and registers as before it */
static void go_on(struct vfio_dev *vdev)
{
	vfio_intx_sync(vdev);
	vfio_intx_clear(vdev, INTX_PAUSED | INTX_PENDING);
	vfio_mem_update(vdev);
}

/**
 * vfio_reset_error - what a reset that should have worked says to the user
 * @ret: what the kernel says, -ENOTTY among others if the device does not come
 *	back
 *
 * Return: 0 or an error.
 */
int vfio_reset_error(int ret)
{
	return ret == -ENOTTY ? -EIO : ret;
}

/**
 * vfio_reset - reset a device in use
 * @vdev: the device
 *
 * Return: 0 or an error of VFIO_RESET_FUNCTION.
 */
int vfio_reset(struct vfio_dev *vdev)
{
	int ret;

	lockdep_assert_held(&vdev->lock);
	if (!vfio_reset_method(vdev->pdev))
		return -ENOTTY;
	hold_still(vdev);
	ret = try_reset(vdev);
	if (!ret) {
		vfio_config_restored(&vdev->config);
		vdev->stale = false;
	}
	go_on(vdev);
	return vfio_reset_error(ret);
}

static bool is_by_others(const struct vfio_dev *vdev)
{
	return vdev && READ_ONCE(vdev->resetter) != current;
}

/**
 * vfio_reset_prepare - somebody else is about to reset the device
 * @pdev: the device, locked by him, and its configuration too
 *
 * That is let go meanwhile: users who wait for it hold our lock. He has not
 * begun, and the device lock keeps all others from it. Nobody gets in any more
 * from the first moment, or he would have to wait for all who want to; and
 * nobody until the end, see vfio_enter(): the core puts back what it saved,
 * messages of interrupts among it, without a lock.
 */
void vfio_reset_prepare(struct pci_dev *pdev)
{
	struct vfio_dev *vdev = pci_get_drvdata(pdev);

	if (!is_by_others(vdev))
		return;
	pci_cfg_access_unlock(pdev);
	atomic_inc(&vdev->nr_resets);
	mutex_lock(&vdev->lock);
	hold_still(vdev);
	mutex_unlock(&vdev->lock);
	pci_cfg_access_lock(pdev);
}

/**
 * vfio_reset_done - somebody else has reset the device
 * @pdev: the device, locked as before, its configuration restored
 */
void vfio_reset_done(struct pci_dev *pdev)
{
	struct vfio_dev *vdev = pci_get_drvdata(pdev);

	if (!is_by_others(vdev))
		return;
	pci_cfg_access_unlock(pdev);
	mutex_lock(&vdev->lock);
	atomic_dec(&vdev->nr_resets);
	if (vdev->nr_open)
		vfio_config_restored(&vdev->config);
	/* wakes those who wait, since access was paused */
	go_on(vdev);
	mutex_unlock(&vdev->lock);
	pci_cfg_access_lock(pdev);
}

/* Configuration as before the first user; the saved copy stays for next time */
static void restore_pristine(struct vfio_dev *vdev)
{
	struct pci_dev *pdev = vdev->pdev;

	pci_set_power_state(pdev, PCI_D0);
	if (!pci_load_saved_state(pdev, vdev->pristine))
		pci_restore_state(pdev);
	pci_clear_master(pdev);
}

/**
 * vfio_reset_restore - put back what a reset by the bus has taken
 * @vdev: the device
 */
void vfio_reset_restore(struct vfio_dev *vdev)
{
	lockdep_assert_held(&vdev->lock);
	if (vdev->gone)
		return;
	restore_pristine(vdev);
	if (vdev->nr_open)
		vfio_config_restored(&vdev->config);
	vfio_intx_sync(vdev);
}

/**
 * vfio_reset_begin - a reset of several devices at our wish takes one in
 * @vdev: the device, awake; others are locked too
 *
 * From here to vfio_reset_end() nothing waits for access to configuration
 * space: who has taken that from one of the devices may wait for the lock of
 * another.
 */
void vfio_reset_begin(struct vfio_dev *vdev)
{
	lockdep_assert_held(&vdev->lock);
	pause_access(vdev);
	WRITE_ONCE(vdev->resetter, current);
}

/**
 * vfio_reset_end - such a reset is over
 * @vdev: the device; others are locked too
 * @ret: 0, or why it failed; -EAGAIN if nothing was done
 *
 * Unless that is so, vfio_reset_finish() is to follow for a device in use.
 */
void vfio_reset_end(struct vfio_dev *vdev, int ret)
{
	lockdep_assert_held(&vdev->lock);
	WRITE_ONCE(vdev->resetter, NULL);
	if (ret == -EAGAIN) {
		go_on(vdev);
	} else if (vdev->nr_open) {
		atomic_inc(&vdev->nr_resets);
		vdev->stale &= !!ret;
	} else {
		restore_pristine(vdev);
		vdev->dirty &= !!ret;
		vdev->needs_reset &= !!ret;
		go_on(vdev);
	}
}

/**
 * vfio_reset_finish - let users of a device at it again after such a reset
 * @vdev: the device, not locked; it may have gone
 */
void vfio_reset_finish(struct vfio_dev *vdev)
{
	mutex_lock(&vdev->lock);
	atomic_dec(&vdev->nr_resets);
	if (!vdev->gone) {
		vfio_config_restored(&vdev->config);
		go_on(vdev);
	}
	wake_up_all(&vdev->unpaused);
	mutex_unlock(&vdev->lock);
}

/**
 * vfio_reset_pristine - reset a device between two users
 * @vdev: the device, detached and with interrupts off
 *
 * Sets &vfio_dev.needs_reset if somebody else works on the device just now.
 * &vfio_dev.dirty remains if the function cannot be reset: then its bus may,
 * see vfio_bus_reset_idle().
 */
void vfio_reset_pristine(struct vfio_dev *vdev)
{
	int ret;

	lockdep_assert_held(&vdev->lock);
	vfio_intx_clear(vdev, INTX_USER);
	pci_set_power_state(vdev->pdev, PCI_D0);
	ret = try_reset(vdev);
	vdev->needs_reset = ret == -EAGAIN;
	if (vdev->needs_reset)
		return;
	if (!ret)
		vdev->dirty = false;
	else if (ret != -ENOTTY)
		dev_warn_ratelimited(&vdev->pdev->dev, "reset failed: %d\n",
				     ret);
	restore_pristine(vdev);
	vfio_intx_sync(vdev);
}

/*
 * Who has locked the bridge's configuration may be about to reset us, and wait
 * for the device lock that is held for us. He keeps the bridge still as well.
 */
static bool hold_patiently(struct pci_dev *bridge)
{
	unsigned long end = jiffies + BRIDGE_TIME;

	while (!pci_cfg_access_trylock(bridge)) {
		if (time_after(jiffies, end))
			return false;
		msleep(20);
	}
	return true;
}

/**
 * vfio_reset_held - reset a device that the driver core holds for us
 * @pdev: the device, at probe or remove
 *
 * Return: 0 or a negative error, -ENOTTY if it has no reset.
 */
int vfio_reset_held(struct pci_dev *pdev)
{
	u8 method = vfio_reset_method(pdev);
	struct pci_dev *bridge = bridge_to_hold(pdev, method);
	int ret;

	if (!method)
		return -ENOTTY;
	if (bridge && !hold_patiently(bridge))
		bridge = NULL;
	pci_cfg_access_lock(pdev);
	ret = pci_reset_function_locked(pdev);
	pci_cfg_access_unlock(pdev);
	if (bridge)
		pci_cfg_access_unlock(bridge);
	return ret;
}

/**
 * vfio_reset_unbinding - reset a device that leaves us
 * @vdev: the device, detached; the driver core holds its device lock
 */
void vfio_reset_unbinding(struct vfio_dev *vdev)
{
	if (!pci_device_is_present(vdev->pdev))
		return;
	pci_set_power_state(vdev->pdev, PCI_D0);
	WRITE_ONCE(vdev->resetter, current);
	vfio_reset_held(vdev->pdev);
	WRITE_ONCE(vdev->resetter, NULL);
	restore_pristine(vdev);
}
