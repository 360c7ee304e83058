// SPDX-License-Identifier: GPL-2.0
/*
 * Errors of the bus, and how a device gets over them.
 *
 * Owns the time that is left for a recovery. Invariant: users are asked with no
 * lock of ours held and only until a deadline that the whole recovery shares,
 * however many functions take part; registers are closed while the channel is
 * not in order. What users say, and how late we are, decides about their own
 * device: the bus always hears that it can recover, because the drivers of
 * other functions below the same port lose theirs otherwise.
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

/* What is ordered: close registers, open them, put the configuration back */
#define ORDER_FREEZE BIT(0)
#define ORDER_THAW BIT(1)
#define ORDER_RESTORE BIT(2)

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

/**
 * vfio_given_up - have the users of a device given it up?
 * @vdev: the device
 *
 * Those who open it after the last of them has closed it have not.
 *
 * Return: the answer.
 */
bool vfio_given_up(struct vfio_dev *vdev)
{
	return READ_ONCE(vdev->given_up) == READ_ONCE(vdev->users);
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

/* As at the last close, but that its users still have it open */
static void cut_off(struct vfio_dev *vdev)
{
	if (vdev->gone)
		return;
	vfio_irqs_off(vdev);
	vfio_domain_drop(vdev);
}

static void carry_out(struct work_struct *work)
{
	struct vfio_recovery *r =
		container_of(work, struct vfio_recovery, work);
	struct vfio_dev *vdev = container_of(r, struct vfio_dev, recovery);
	bool frozen, restore;
	unsigned int nr;

	/* who waited for us may have given up, and others reset the device */
	vfio_enter_first(vdev);
	nr = take_order(r, &frozen, &restore);
	if (restore)
		vfio_reset_restore(vdev);
	if (vfio_given_up(vdev))
		cut_off(vdev);
	vdev->frozen = frozen;
	vfio_mem_update(vdev);
	vfio_leave_first(vdev);
	WRITE_ONCE(r->nr_done, nr);
	wake_up_all(&r->wait);
}

static bool is_done(struct vfio_recovery *r, unsigned int nr)
{
	return (int)(READ_ONCE(r->nr_done) - nr) >= 0;
}

/* If the worker cannot do it yet it will when it can; nobody waits for that. */
static void order(struct vfio_dev *vdev, unsigned int what)
{
	struct vfio_recovery *r = &vdev->recovery;
	unsigned int nr;

	spin_lock(&recovery_lock);
	if (what & (ORDER_FREEZE | ORDER_THAW))
		r->frozen = what & ORDER_FREEZE;
	if (what & ORDER_RESTORE)
		r->restore = true;
	nr = ++r->nr_ordered;
	spin_unlock(&recovery_lock);
	queue_work(system_unbound_wq, &r->work);
	if (!wait_event_timeout(r->wait, is_done(r, nr), WORKER_TIME))
		dev_warn_ratelimited(&vdev->pdev->dev,
				     "recovery waits for a call to end\n");
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

/* Calls fail at once; the worker takes from the device what it still has */
static void give_up(struct vfio_dev *vdev, u64 users)
{
	WRITE_ONCE(vdev->given_up, users);
	if (!vfio_given_up(vdev))
		return;
	dev_info_ratelimited(&vdev->pdev->dev, "given up by its user\n");
	order(vdev, 0);
}

/* What the users say: VERDICT_*, or 0 if none of them says anything */
static u32 ask(struct vfio_dev *vdev, u8 message, u32 state)
{
	struct vfio_question question;
	u32 verdict;

	if (vfio_given_up(vdev))
		return 0;
	vfio_clients_ask(&question, vdev, message, state);
	verdict = vfio_clients_wait(&question, begin_question(message));
	end_question();
	if (verdict == VERDICT_DISCONNECT)
		give_up(vdev, question.users);
	return verdict;
}

static pci_ers_result_t error_detected(struct pci_dev *pdev,
				       pci_channel_state_t state)
{
	struct vfio_dev *vdev = pci_get_drvdata(pdev);
	bool closed = state != pci_channel_io_normal;
	u32 verdict;

	if (closed)
		order(vdev, ORDER_FREEZE);
	verdict = ask(vdev, VFIO_MSG_ERROR_DETECTED, (__force u32)state);
	vdev->recovery.reset = closed || verdict == VERDICT_NEED_RESET;
	if (state == pci_channel_io_perm_failure) {
		/* Nothing follows */
		end_recovery();
		return PCI_ERS_RESULT_DISCONNECT;
	}
	return PCI_ERS_RESULT_CAN_RECOVER;
}

/*
 * The slot was reset, or a user wishes it were, and the bus was not asked. A
 * reset has taken the configuration away: put it back as the user had it, as
 * after any reset. A device that was just reset begins no DMA by itself.
 */
static void put_back(struct vfio_dev *vdev)
{
	order(vdev, ORDER_THAW | ORDER_RESTORE);
	ask(vdev, VFIO_MSG_SLOT_RESET, 0);
}

/* Also after a reset, if no driver has said that it needs one */
static pci_ers_result_t mmio_enabled(struct pci_dev *pdev)
{
	struct vfio_dev *vdev = pci_get_drvdata(pdev);
	bool reset = vdev->recovery.reset;

	if (!reset)
		reset = ask(vdev, VFIO_MSG_MMIO_ENABLED, 0) ==
			VERDICT_NEED_RESET;
	if (reset)
		put_back(vdev);
	return PCI_ERS_RESULT_RECOVERED;
}

static pci_ers_result_t slot_reset(struct pci_dev *pdev)
{
	put_back(pci_get_drvdata(pdev));
	return PCI_ERS_RESULT_RECOVERED;
}

static void resume(struct pci_dev *pdev)
{
	struct vfio_dev *vdev = pci_get_drvdata(pdev);

	end_recovery();
	order(vdev, ORDER_THAW);
	if (!vfio_given_up(vdev))
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
