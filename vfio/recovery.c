// SPDX-License-Identifier: GPL-2.0
/*
 * Errors of the bus, and how a device gets over them.
 *
 * Owns the time that is left for a recovery. Invariant: users are asked with no
 * lock of ours held and only until a deadline that the whole recovery shares,
 * however many functions take part; registers are closed while the channel is
 * not in order.
 */
#include <linux/jiffies.h>

#include "device.h"
#include "netlink.h"
#include "verdict.h"

#define RECOVERY_TIME (3 * HZ)
#define RECOVERY_SILENCE (HZ / 2)

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

static void set_frozen(struct vfio_dev *vdev, bool frozen)
{
	mutex_lock(&vdev->lock);
	vdev->frozen = frozen;
	vfio_mem_update(vdev);
	mutex_unlock(&vdev->lock);
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
		set_frozen(vdev, true);
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

	mutex_lock(&vdev->lock);
	vfio_reset_restore(vdev);
	mutex_unlock(&vdev->lock);
	set_frozen(vdev, false);
	return ask(vdev, VFIO_MSG_SLOT_RESET, 0, VERDICT_RECOVERED);
}

static void resume(struct pci_dev *pdev)
{
	struct vfio_dev *vdev = pci_get_drvdata(pdev);

	end_recovery();
	set_frozen(vdev, false);
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
