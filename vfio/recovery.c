// SPDX-License-Identifier: GPL-2.0
/*
 * Errors of the bus, and how a device gets over them.
 *
 * Owns the time that is left for a recovery. Invariant: users are asked with no
 * lock of ours held and only until a deadline that the whole recovery shares,
 * however many functions take part; registers are closed while the channel is
 * not in order.
 *
 * The core calls us with the list of devices locked (pci_bus_sem), for which
 * those who set power states and reset functions wait with vfio_dev.lock held.
 * So a worker takes that lock, and is waited for only so long.
 */
#include <linux/jiffies.h>

#include "device.h"
#include "netlink.h"
#include "verdict.h"

#define RECOVERY_TIME (3 * HZ)
#define RECOVERY_SILENCE (HZ / 2)
#define WORKER_TIME HZ

static_assert((__force u32)PCI_ERS_RESULT_NONE == VERDICT_NONE);
static_assert((__force u32)PCI_ERS_RESULT_DISCONNECT == VERDICT_DISCONNECT);
static_assert((__force u32)PCI_ERS_RESULT_RECOVERED == VERDICT_RECOVERED);

static DEFINE_SPINLOCK(recovery_lock);
/* Guarded by recovery_lock: until when users are asked, when last one was */
static unsigned long deadline, last_asked;
static bool recovering;

/*
 * The first function that reports an error begins the recovery of all. One
 * that fails has no end that a driver hears of: then the next is told by the
 * silence before it, because functions report within one recovery one right
 * after the other.
 */
static unsigned long begin_question(u8 message)
{
	unsigned long until;
	bool again;

	spin_lock(&recovery_lock);
	again = message == VFIO_MSG_ERROR_DETECTED &&
		time_after(jiffies, last_asked + RECOVERY_SILENCE);
	if (!recovering || again)
		deadline = jiffies + RECOVERY_TIME;
	recovering = true;
	until = deadline;
	spin_unlock(&recovery_lock);
	return until;
}

static void end_question(void)
{
	spin_lock(&recovery_lock);
	last_asked = jiffies;
	spin_unlock(&recovery_lock);
}

static void end_recovery(void)
{
	spin_lock(&recovery_lock);
	recovering = false;
	spin_unlock(&recovery_lock);
}

/* Take what is to be done; returns by what number it will be known as done. */
static unsigned int take_order(struct vfio_recovery *r, bool *frozen,
			       bool *restore)
{
	unsigned int nr;

	spin_lock(&recovery_lock);
	*frozen = r->frozen;
	*restore = r->restore;
	r->restore = false;
	nr = r->nr_ordered;
	spin_unlock(&recovery_lock);
	return nr;
}

static void carry_out(struct work_struct *work)
{
	struct vfio_recovery *r =
		container_of(work, struct vfio_recovery, work);
	struct vfio_dev *vdev = container_of(r, struct vfio_dev, recovery);
	bool frozen, restore;
	unsigned int nr;

	/* who waited for us may have given up, and others reset the device */
	vfio_enter_anyway(vdev);
	nr = take_order(r, &frozen, &restore);
	if (restore)
		vfio_reset_restore(vdev);
	vdev->frozen = frozen;
	vfio_mem_update(vdev);
	vfio_leave(vdev);
	WRITE_ONCE(r->nr_done, nr);
	wake_up_all(&r->wait);
}

static bool is_done(struct vfio_recovery *r, unsigned int nr)
{
	return (int)(READ_ONCE(r->nr_done) - nr) >= 0;
}

/* Returns false if the worker could not do it yet; it will when it can. */
static bool order(struct vfio_dev *vdev, bool frozen, bool restore)
{
	struct vfio_recovery *r = &vdev->recovery;
	unsigned int nr;

	spin_lock(&recovery_lock);
	r->frozen = frozen;
	r->restore |= restore;
	nr = ++r->nr_ordered;
	spin_unlock(&recovery_lock);
	queue_work(system_unbound_wq, &r->work);
	if (wait_event_timeout(r->wait, is_done(r, nr), WORKER_TIME))
		return true;
	pci_warn(vdev->pdev, "recovery waits for who is at work on it\n");
	return false;
}

/**
 * vfio_recovery_init - be ready for errors
 * @vdev: the device, new
 */
void vfio_recovery_init(struct vfio_dev *vdev)
{
	INIT_WORK(&vdev->recovery.work, carry_out);
	init_waitqueue_head(&vdev->recovery.wait);
}

/**
 * vfio_recovery_exit - end what the worker still has to do
 * @vdev: the device, gone; its driver hears of no error any more
 */
void vfio_recovery_exit(struct vfio_dev *vdev)
{
	cancel_work_sync(&vdev->recovery.work);
}

/* What the users say; @otherwise if none of them says anything */
static pci_ers_result_t ask(struct vfio_dev *vdev, u8 message, u32 state,
			    u32 otherwise)
{
	struct vfio_question question;
	u32 verdict;

	vfio_clients_ask(&question, vdev, message, state);
	verdict = vfio_clients_wait(&question, begin_question(message));
	end_question();
	if (!verdict || verdict == VERDICT_NONE)
		verdict = otherwise;
	return (__force pci_ers_result_t)verdict;
}

static pci_ers_result_t error_detected(struct pci_dev *pdev,
				       pci_channel_state_t state)
{
	struct vfio_dev *vdev = pci_get_drvdata(pdev);
	u32 otherwise = VERDICT_CAN_RECOVER;
	pci_ers_result_t result;

	if (state != pci_channel_io_normal) {
		order(vdev, true, false);
		otherwise = VERDICT_NEED_RESET;
	}
	result = ask(vdev, VFIO_MSG_ERROR_DETECTED, (__force u32)state,
		     otherwise);
	if (state == pci_channel_io_perm_failure) {
		/* Nothing follows */
		end_recovery();
		return PCI_ERS_RESULT_DISCONNECT;
	}
	/* Nobody can make a frozen channel work by wishing */
	if (state == pci_channel_io_frozen &&
	    result != PCI_ERS_RESULT_DISCONNECT)
		return PCI_ERS_RESULT_NEED_RESET;
	return result;
}

static pci_ers_result_t mmio_enabled(struct pci_dev *pdev)
{
	return ask(pci_get_drvdata(pdev), VFIO_MSG_MMIO_ENABLED, 0,
		   VERDICT_RECOVERED);
}

/*
 * The reset has taken the configuration away: put it back as the user had it,
 * as after any reset. A device that was just reset begins no DMA by itself.
 */
static pci_ers_result_t slot_reset(struct pci_dev *pdev)
{
	struct vfio_dev *vdev = pci_get_drvdata(pdev);

	if (!order(vdev, true, true))
		return PCI_ERS_RESULT_DISCONNECT;
	order(vdev, false, false);
	return ask(vdev, VFIO_MSG_SLOT_RESET, 0, VERDICT_RECOVERED);
}

static void resume(struct pci_dev *pdev)
{
	struct vfio_dev *vdev = pci_get_drvdata(pdev);

	end_recovery();
	order(vdev, false, false);
	vfio_clients_tell(vdev, VFIO_MSG_ERROR_RESUME);
}

const struct pci_error_handlers vfio_error_handlers = {
	.error_detected = error_detected,
	.mmio_enabled = mmio_enabled,
	.slot_reset = slot_reset,
	.reset_prepare = vfio_reset_prepare,
	.reset_done = vfio_reset_done,
	.resume = resume,
};
