// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts of every kind: what the calls ask for, led to the kind's own part.
 *
 * Owns &vfio_dev.irqs. Invariant: at most one kind is on, and a request that
 * fails has changed nothing. The checks are in irq_rules.c.
 */
#include <linux/eventfd.h>

#include "device.h"

static_assert((int)IRQ_INTX == UVFIO_IRQ_INTX);
static_assert((int)IRQ_MSI == UVFIO_IRQ_MSI);
static_assert((int)IRQ_MSIX == UVFIO_IRQ_MSIX);

static u32 count_of(int ret)
{
	return ret > 0 ? ret : 0;
}

static bool has_line(struct pci_dev *pdev)
{
	return pdev->pin && pdev->irq && pdev->irq != IRQ_NOTCONNECTED &&
	       irq_line_usable(pdev->vendor, pdev->device);
}

/* All ones from a device that does not answer: no place for a table */
static void ask_msix(struct pci_dev *pdev, struct irq_msix *msix)
{
	*msix = (struct irq_msix){ ~0U, ~0U, (u16)~0U };
	pci_read_config_word(pdev, pdev->msix_cap + PCI_MSIX_FLAGS,
			     &msix->control);
	pci_read_config_dword(pdev, pdev->msix_cap + PCI_MSIX_TABLE,
			      &msix->table);
	pci_read_config_dword(pdev, pdev->msix_cap + PCI_MSIX_PBA, &msix->pba);
}

static u64 memory_size(struct pci_dev *pdev, int bar)
{
	unsigned long flags = pci_resource_flags(pdev, bar);

	if (!(flags & IORESOURCE_MEM) || flags & IORESOURCE_UNSET ||
	    !pci_resource_start(pdev, bar))
		return 0;
	return pci_resource_len(pdev, bar);
}

static bool msix_fits(struct pci_dev *pdev, const struct irq_msix *msix)
{
	u64 sizes[IRQ_NR_BARS];
	int i;

	for (i = 0; i < IRQ_NR_BARS; i++)
		sizes[i] = memory_size(pdev, i);
	return irq_msix_fits(msix, sizes);
}

/**
 * vfio_msix_hide - take MSI-X away from a device that lies about it
 * @vdev: the device, with no messages on
 *
 * Until it is unbound, and from the PCI core too: that believes what it reads.
 */
void vfio_msix_hide(struct vfio_dev *vdev)
{
	struct pci_dev *pdev = vdev->pdev;

	pci_warn(pdev, "no MSI-X: its table is not where it says\n");
	vdev->msix_cap = pdev->msix_cap;
	pdev->msix_cap = 0;
	vdev->irqs.max[IRQ_MSIX] = 0;
	vdev->irqs.dynamic = false;
	vdev->had[IRQ_MSIX] = 0;
}

/* One reading at probe serves all: the rest of it is compared with this */
static void init_msix(struct vfio_dev *vdev)
{
	struct pci_dev *pdev = vdev->pdev;

	if (!pdev->msix_cap)
		return;
	ask_msix(pdev, &vdev->msix);
	vdev->irqs.max[IRQ_MSIX] = irq_msix_count(&vdev->msix);
	vdev->irqs.dynamic = pci_msix_can_alloc_dyn(pdev);
	if (!msix_fits(pdev, &vdev->msix))
		vfio_msix_hide(vdev);
}

/**
 * vfio_irqs_init - learn what interrupts a device has
 * @vdev: the device, at probe
 */
void vfio_irqs_init(struct vfio_dev *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	struct irq_state *irqs = &vdev->irqs;

	irqs->max[IRQ_INTX] = has_line(pdev);
	irqs->max[IRQ_MSI] = count_of(pci_msi_vec_count(pdev));
	init_msix(vdev);
	irqs->on = IRQ_NONE_ON;
	memcpy(vdev->had, irqs->max, sizeof(vdev->had));
	vfio_intx_init(vdev);
	vfio_eoi_init(vdev);
}

/**
 * vfio_irqs_exit - leave interrupts to the PCI core again
 * @vdev: the device, with interrupts off
 */
void vfio_irqs_exit(struct vfio_dev *vdev)
{
	vfio_intx_exit(vdev);
	if (vdev->msix_cap)
		vdev->pdev->msix_cap = vdev->msix_cap;
	vdev->msix_cap = 0;
}

/* Twice the same as at probe: one that tells this and that is found out */
static bool msix_as_ever(const struct vfio_dev *vdev)
{
	struct irq_msix now;
	int i;

	for (i = 0; i < 2; i++) {
		ask_msix(vdev->pdev, &now);
		if (now.table != vdev->msix.table ||
		    now.pba != vdev->msix.pba ||
		    irq_msix_count(&now) != irq_msix_count(&vdev->msix))
			return false;
	}
	return true;
}

/*
 * The PCI core turns no messages on in a device that sleeps. In one that does
 * not answer it would: it believes what it reads of where the table is, and
 * writes there. It reads that once more, so one that falls silent just now is
 * not noticed, and one that lies just then only by what the core has mapped.
 */
static bool hears(const struct vfio_dev *vdev, u32 kind)
{
	if (vdev->pdev->current_state != PCI_D0)
		return false;
	return kind != IRQ_MSIX || msix_as_ever(vdev);
}

static int turn_on(struct vfio_dev *vdev, u32 kind, u32 count)
{
	int ret;

	if (kind == IRQ_INTX)
		ret = vfio_intx_enable(vdev);
	else if (count > irq_cap(vdev->irqs.max[kind], vfio_max_vectors))
		ret = -ENOSPC;
	else if (!hears(vdev, kind))
		ret = -EIO;
	else
		ret = vfio_msi_enable(vdev, kind, count);
	if (ret)
		return ret;
	if (kind != IRQ_INTX)
		vfio_intx_set(vdev, INTX_MESSAGES);
	vdev->irqs.on = kind;
	vdev->irqs.enabled = count;
	return 0;
}

static int grow(struct vfio_dev *vdev, u32 count)
{
	int ret;

	if (count > irq_cap(vdev->irqs.max[IRQ_MSIX], vfio_max_vectors))
		return -ENOSPC;
	if (!hears(vdev, IRQ_MSIX))
		return -EIO;
	ret = vfio_msi_grow(vdev, count);
	if (!ret)
		vdev->irqs.enabled = count;
	return ret;
}

/*
 * Turning messages off writes to memory of the device, which one that sleeps
 * does not have. It is not bus master meanwhile: what it wakes with was saved
 * when it went to sleep.
 */
static void disable_messages(struct vfio_dev *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	pci_power_t state = pdev->current_state;
	bool wake = state != PCI_D0 && state != PCI_UNKNOWN &&
		    pci_device_is_present(pdev);

	if (wake) {
		pci_set_power_state(pdev, PCI_D0);
		pci_restore_state(pdev);
	}
	/* Before: without messages the device would raise the line */
	vfio_intx_clear(vdev, INTX_MESSAGES);
	vfio_msi_disable(vdev);
	if (wake) {
		pci_save_state(pdev);
		pci_set_power_state(pdev, state);
	}
}

static void turn_off(struct vfio_dev *vdev)
{
	if (vdev->irqs.on == IRQ_INTX)
		vfio_intx_disable(vdev);
	else if (vdev->irqs.on != IRQ_NONE_ON)
		disable_messages(vdev);
	vdev->irqs.on = IRQ_NONE_ON;
	vdev->irqs.enabled = 0;
}

/**
 * vfio_irqs_off - turn all interrupts off, and forget what answers them
 * @vdev: the device
 */
void vfio_irqs_off(struct vfio_dev *vdev)
{
	lockdep_assert_held(&vdev->lock);
	vfio_eoi_drop(vdev);
	turn_off(vdev);
}

/**
 * vfio_irq_enable - turn vectors on or off
 * @vdev: the device
 * @kind: UVFIO_IRQ_*
 * @count: how many
 *
 * Return: 0 or an error of UVFIO_IRQ_ENABLE.
 */
int vfio_irq_enable(struct vfio_dev *vdev, u32 kind, u32 count)
{
	int step = irq_check_enable(&vdev->irqs, kind, count);

	lockdep_assert_held(&vdev->lock);
	switch (step) {
	case IRQ_STEP_ENABLE:
		return turn_on(vdev, kind, count);
	case IRQ_STEP_GROW:
		return grow(vdev, count);
	case IRQ_STEP_DISABLE:
		turn_off(vdev);
		return 0;
	default:
		return step;
	}
}

/**
 * vfio_irq_grow - turn more vectors on if fewer than these are
 * @vdev: the device
 * @kind: UVFIO_IRQ_*
 * @count: how many there shall be at least
 *
 * Return: 0 or an error of UVFIO_IRQ_ENABLE.
 */
int vfio_irq_grow(struct vfio_dev *vdev, u32 kind, u32 count)
{
	lockdep_assert_held(&vdev->lock);
	if (vdev->irqs.on != kind || count <= vdev->irqs.enabled)
		return 0;
	return vfio_irq_enable(vdev, kind, count);
}

/**
 * vfio_irq_bind - bind eventfds to vectors, turning these on if need be
 * @vdev: the device
 * @kind: UVFIO_IRQ_*
 * @first: first vector
 * @count: how many
 * @ctxs: eventfds, NULL for none; those that were bound before come back
 *
 * Return: 0 or an error of UVFIO_IRQ_SET.
 */
int vfio_irq_bind(struct vfio_dev *vdev, u32 kind, u32 first, u32 count,
		  struct eventfd_ctx **ctxs)
{
	int step = irq_check_bind(&vdev->irqs, kind, first, count);
	u32 i;

	lockdep_assert_held(&vdev->lock);
	if (step < 0)
		return step;
	if (kind == IRQ_INTX && ctxs[0] && ctxs[0] == vdev->eoi.ctx)
		return -EINVAL;
	if (step == IRQ_STEP_ENABLE) {
		int ret = turn_on(vdev, kind, first + count);

		if (ret)
			return ret;
	}
	if (kind == IRQ_INTX) {
		vfio_intx_bind(vdev, ctxs);
		return 0;
	}
	for (i = 0; i < count; i++)
		vfio_msi_bind(&vdev->vectors[first + i], &ctxs[i]);
	return 0;
}

static void act_intx(struct vfio_dev *vdev, u32 action)
{
	if (action == UVFIO_IRQ_MASK)
		vfio_intx_set(vdev, INTX_HELD);
	else if (action == UVFIO_IRQ_UNMASK)
		vfio_intx_clear(vdev, INTX_HELD);
	else
		vfio_intx_fire(vdev);
}

/**
 * vfio_irq_act - mask, unmask or fire vectors
 * @vdev: the device
 * @set: what the user asks for, flags checked
 *
 * Return: 0 or an error of UVFIO_IRQ_SET.
 */
int vfio_irq_act(struct vfio_dev *vdev, const struct uvfio_irq_set *set)
{
	int ret = irq_check_vectors(&vdev->irqs, set->kind, set->first,
				    set->count);
	u32 i;

	lockdep_assert_held(&vdev->lock);
	if (ret)
		return ret;
	if (set->kind == IRQ_INTX) {
		act_intx(vdev, set->flags);
		return 0;
	}
	for (i = 0; i < set->count; i++)
		vfio_msi_act(&vdev->vectors[set->first + i], set->flags);
	return 0;
}

/**
 * vfio_irq_count - find out how many vectors can really be had
 * @vdev: the device; its &vfio_dev.had is updated if no interrupts are on and
 *	it neither sleeps nor keeps silent
 * @kind: UVFIO_IRQ_*, of which the device has some
 */
void vfio_irq_count(struct vfio_dev *vdev, u32 kind)
{
	u32 most = irq_cap(vdev->irqs.max[kind], vfio_max_vectors);

	lockdep_assert_held(&vdev->lock);
	if (vdev->irqs.on != IRQ_NONE_ON || !most)
		return;
	if (kind == IRQ_INTX)
		vdev->had[kind] = 1;
	else if (hears(vdev, kind))
		vdev->had[kind] = count_of(vfio_msi_try(vdev, kind, most));
}

/**
 * vfio_eventfds_get - turn descriptors into eventfds
 * @fds: descriptors of the caller; negative for none
 * @count: how many
 * @ctxs: where to store them
 *
 * Return: 0, -EBADF, or -EINVAL if one is not an eventfd; then none is held.
 */
int vfio_eventfds_get(const s32 *fds, u32 count, struct eventfd_ctx **ctxs)
{
	u32 i;

	for (i = 0; i < count; i++) {
		ctxs[i] = fds[i] < 0 ? NULL : eventfd_ctx_fdget(fds[i]);
		if (IS_ERR(ctxs[i])) {
			int ret = PTR_ERR(ctxs[i]);

			vfio_eventfds_put(ctxs, i);
			return ret;
		}
	}
	return 0;
}

/**
 * vfio_eventfds_put - let go of eventfds
 * @ctxs: eventfds, NULL for none
 * @count: how many
 */
void vfio_eventfds_put(struct eventfd_ctx **ctxs, u32 count)
{
	u32 i;

	for (i = 0; i < count; i++)
		if (ctxs[i])
			eventfd_ctx_put(ctxs[i]);
}
