// SPDX-License-Identifier: GPL-2.0
/*
 * The interrupt line, INTx.
 *
 * Owns &vfio_dev.intx. Invariant: the line is masked at the device (or, for a
 * device that cannot, at the interrupt controller) exactly while there is a
 * reason for it; each interrupt is one, until it is answered. So a level that
 * stays high costs one interrupt per answer, and the user sees none of it in
 * the command register. While nobody listens no device raises the line, unless
 * it has no Interrupt Disable. The PCI core leaves that bit alone.
 */
#include <linux/interrupt.h>

#include "device.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/*
 * Turning messages off, the PCI core turns the line on, on which nobody listens
 * then: it would be other devices' misfortune. It is told that this device had
 * better be left alone.
 */
#define CORE_LEAVES_IT PCI_DEV_FLAGS_MSI_INTX_DISABLE_BUG

static void hold_line(struct vfio_intx *intx, bool hold)
{
	if (!intx->irq)
		return;
	if (hold)
		disable_irq_nosync(intx->irq);
	else
		enable_irq(intx->irq);
}

static void signal_user(struct vfio_dev *vdev)
{
	trace_uvfio_irq(vdev->pdev, UVFIO_IRQ_INTX, 0);
	if (vdev->intx.trigger)
		eventfd_signal(vdev->intx.trigger);
}

/* Tell the hardware where what it shall do has changed */
static void change(struct vfio_dev *vdev, unsigned int reasons)
{
	struct vfio_intx *intx = &vdev->intx;
	const struct irq_line *line = &intx->line;
	bool disable = irq_line_disable(line, reasons);
	bool hold = irq_line_hold(line, reasons);

	if (disable != irq_line_disable(line, intx->reasons))
		vfio_config_mask_intx(vdev->pdev, disable);
	if (hold != irq_line_hold(line, intx->reasons))
		hold_line(intx, hold);
	intx->reasons = reasons;
}

/* What was fired by hand is an interrupt like any other: it wants an answer */
static void update(struct vfio_dev *vdev, unsigned int reasons)
{
	struct vfio_intx *intx = &vdev->intx;

	lockdep_assert_held(&vdev->irq_lock);
	if (intx->fired && intx->trigger && !reasons) {
		intx->fired = false;
		reasons = INTX_PENDING;
		signal_user(vdev);
	}
	change(vdev, reasons);
}

/*
 * On a shared line: was it our device? It is masked by the question, which is
 * asked always: a device that resets itself forgets that it was masked. One
 * that is masked has not raised the line: what others do there is not claimed,
 * or the kernel never finds out about a line that nobody cares for. Nor is an
 * interrupt of a device that can no longer be masked: its user is signalled,
 * and the kernel's detector sees the storm.
 */
static irqreturn_t handle_shared(int irq, void *data)
{
	struct vfio_dev *vdev = data;
	unsigned long flags;
	bool ours, obeyed;

	spin_lock_irqsave(&vdev->irq_lock, flags);
	ours = vfio_config_take_intx(vdev->pdev, &obeyed);
	if (ours && !vdev->intx.reasons) {
		vdev->intx.reasons = INTX_PENDING;
		signal_user(vdev);
	}
	spin_unlock_irqrestore(&vdev->irq_lock, flags);
	return IRQ_RETVAL(ours && obeyed);
}

static irqreturn_t handle_exclusive(int irq, void *data)
{
	struct vfio_dev *vdev = data;
	unsigned long flags;

	spin_lock_irqsave(&vdev->irq_lock, flags);
	if (!vdev->intx.reasons) {
		update(vdev, INTX_PENDING);
		signal_user(vdev);
	}
	spin_unlock_irqrestore(&vdev->irq_lock, flags);
	return IRQ_HANDLED;
}

/* Older than PCI 2.3: nothing keeps it from raising a line that others use */
static bool lacks_disable(struct pci_dev *pdev)
{
	u16 command = 0;

	pci_read_config_word(pdev, PCI_COMMAND, &command);
	return pdev->pin && !(command & PCI_COMMAND_INTX_DISABLE);
}

/**
 * vfio_intx_init - learn what the line can do, and mask it
 * @vdev: the device, at probe
 */
void vfio_intx_init(struct vfio_dev *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	struct vfio_intx *intx = &vdev->intx;

	intx->line.maskable = !pdev->broken_intx_masking;
	intx->line.stops_msi = pdev->dev_flags & CORE_LEAVES_IT;
	intx->reasons = INTX_OFF;
	vfio_intx_sync(vdev);
	if (lacks_disable(pdev))
		pci_warn(pdev, "no Interrupt Disable: may disturb IRQ %d\n",
			 pdev->irq);
	intx->kept = !intx->line.stops_msi;
	pdev->dev_flags |= CORE_LEAVES_IT;
}

/**
 * vfio_intx_exit - leave Interrupt Disable to the PCI core again
 * @vdev: the device, with interrupts off
 */
void vfio_intx_exit(struct vfio_dev *vdev)
{
	if (vdev->intx.kept)
		vdev->pdev->dev_flags &= ~CORE_LEAVES_IT;
}

/**
 * vfio_intx_sync - tell the hardware again, which may have forgotten
 * @vdev: the device, after a reset or a sleep
 */
void vfio_intx_sync(struct vfio_dev *vdev)
{
	struct vfio_intx *intx = &vdev->intx;
	unsigned long flags;

	spin_lock_irqsave(&vdev->irq_lock, flags);
	vfio_config_mask_intx(vdev->pdev,
			      irq_line_disable(&intx->line, intx->reasons));
	spin_unlock_irqrestore(&vdev->irq_lock, flags);
}

/**
 * vfio_intx_set - add reasons for masking
 * @vdev: the device
 * @reasons: INTX_*
 */
void vfio_intx_set(struct vfio_dev *vdev, unsigned int reasons)
{
	unsigned long flags;

	spin_lock_irqsave(&vdev->irq_lock, flags);
	update(vdev, vdev->intx.reasons | reasons);
	spin_unlock_irqrestore(&vdev->irq_lock, flags);
}

/**
 * vfio_intx_clear - take reasons for masking away
 * @vdev: the device
 * @reasons: INTX_*; INTX_PENDING for "end of interrupt"
 */
void vfio_intx_clear(struct vfio_dev *vdev, unsigned int reasons)
{
	unsigned long flags;

	spin_lock_irqsave(&vdev->irq_lock, flags);
	if (vdev->intx.reasons & reasons)
		update(vdev, vdev->intx.reasons & ~reasons);
	spin_unlock_irqrestore(&vdev->irq_lock, flags);
}

/**
 * vfio_intx_enable - request the line
 * @vdev: the device, with interrupts off
 *
 * Return: 0 or a negative error; -EBUSY if the line is shared and the device
 * cannot mask its interrupt.
 */
int vfio_intx_enable(struct vfio_dev *vdev)
{
	struct vfio_intx *intx = &vdev->intx;
	int irq = vdev->pdev->irq;
	int ret;

	/* The kernel makes no line in its log of each refusal */
	if (intx->line.maskable)
		ret = request_irq(irq, handle_shared,
				  IRQF_SHARED | IRQF_PROBE_SHARED,
				  dev_name(&vdev->dev), vdev);
	else
		ret = request_irq(irq, handle_exclusive,
				  IRQF_NO_AUTOEN | IRQF_PROBE_SHARED,
				  dev_name(&vdev->dev), vdev);
	if (ret)
		return ret;
	intx->irq = irq;
	vfio_intx_clear(vdev, INTX_OFF | INTX_HELD | INTX_PENDING);
	return 0;
}

/**
 * vfio_intx_disable - give the line back
 * @vdev: the device, with INTx on
 */
void vfio_intx_disable(struct vfio_dev *vdev)
{
	struct vfio_intx *intx = &vdev->intx;
	struct eventfd_ctx *trigger = NULL;

	vfio_intx_set(vdev, INTX_OFF);
	free_irq(intx->irq, vdev);
	intx->irq = 0;
	intx->fired = false;
	vfio_intx_bind(vdev, &trigger);
	vfio_eventfds_put(&trigger, 1);
}

/**
 * vfio_intx_bind - replace the eventfd
 * @vdev: the device
 * @ctx: the new one or NULL; the old one comes back
 *
 * An interrupt that came while there was none is delivered to the new one.
 */
void vfio_intx_bind(struct vfio_dev *vdev, struct eventfd_ctx **ctx)
{
	struct vfio_intx *intx = &vdev->intx;
	unsigned long flags;

	spin_lock_irqsave(&vdev->irq_lock, flags);
	swap(intx->trigger, *ctx);
	if (intx->trigger && !*ctx)
		update(vdev, intx->reasons & ~INTX_PENDING);
	spin_unlock_irqrestore(&vdev->irq_lock, flags);
}

/**
 * vfio_intx_fire - as if the line had been raised for a moment
 * @vdev: the device
 *
 * While it is masked, or there is no eventfd, that is remembered.
 */
void vfio_intx_fire(struct vfio_dev *vdev)
{
	unsigned long flags;

	spin_lock_irqsave(&vdev->irq_lock, flags);
	vdev->intx.fired = true;
	update(vdev, vdev->intx.reasons);
	spin_unlock_irqrestore(&vdev->irq_lock, flags);
}
