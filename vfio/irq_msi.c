// SPDX-License-Identifier: GPL-2.0
/*
 * Message signalled interrupts, MSI and MSI-X.
 *
 * Owns &vfio_dev.vectors. Invariant: a vector that is on has its handler from
 * before the user hears of it until after it is off, so eventfds are bound,
 * replaced and taken away without turning it off, and nothing is lost. A
 * handler that finds &vfio_vector.direct signals it without the lock; whoever
 * takes it away waits for handlers, so nothing is signalled after the call that
 * unbinds or masks, and no eventfd is put that a handler may still signal.
 */
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "device.h"
#include "trace.h"

/* With the lock held */
static void deliver(struct vfio_vector *vector)
{
	vector->pending = vector->masked || !vector->trigger;
	if (!vector->pending)
		eventfd_signal(vector->trigger);
}

static void deliver_locked(struct vfio_vector *vector)
{
	unsigned long flags;

	spin_lock_irqsave(&vector->lock, flags);
	deliver(vector);
	spin_unlock_irqrestore(&vector->lock, flags);
}

/* Apart, so that the other handler saves no register for it */
static noinline irqreturn_t handle_slowly(struct vfio_vector *vector)
{
	struct vfio_dev *vdev = vector->vdev;

	trace_uvfio_irq(vdev->pdev, vdev->irqs.on, vector->index);
	deliver_locked(vector);
	return IRQ_HANDLED;
}

static irqreturn_t handle(int irq, void *data)
{
	struct vfio_vector *vector = data;
	struct eventfd_ctx *direct = READ_ONCE(vector->direct);

	if (trace_uvfio_irq_enabled() || unlikely(!direct))
		return handle_slowly(vector);
	eventfd_signal(direct);
	return IRQ_HANDLED;
}

/* With the lock held, after a change of what it depends on */
static void update_direct(struct vfio_vector *vector)
{
	/* So that who finds it finds the eventfd whole */
	smp_store_release(&vector->direct,
			  vector->masked ? NULL : vector->trigger);
}

static int request(struct vfio_dev *vdev, unsigned int index, int virq)
{
	struct vfio_vector *vector = &vdev->vectors[index];

	spin_lock_init(&vector->lock);
	vector->vdev = vdev;
	vector->index = index;
	vector->virq = virq;
	if (virq < 0)
		return virq;
	/* It is ours alone: no use looking for one that nobody handles */
	irq_set_status_flags(virq, IRQ_IS_POLLED);
	return request_irq(virq, handle, 0, dev_name(&vdev->dev), vector);
}

static void free_vector(struct vfio_vector *vector)
{
	free_irq(vector->virq, vector);
	if (vector->trigger)
		eventfd_ctx_put(vector->trigger);
	memset(vector, 0, sizeof(*vector));
}

/* Vectors @from to @to - 1, from the last to the first */
static void free_vectors(struct vfio_dev *vdev, unsigned int from,
			 unsigned int to)
{
	while (to > from)
		free_vector(&vdev->vectors[--to]);
}

static int request_all(struct vfio_dev *vdev, u32 count)
{
	u32 i;
	int ret;

	for (i = 0; i < count; i++) {
		ret = request(vdev, i, pci_irq_vector(vdev->pdev, i));
		if (ret) {
			free_vectors(vdev, 0, i);
			return ret;
		}
	}
	return 0;
}

/*
 * Has the PCI core found the table where we have? It asks the device once more,
 * with nobody to check the answer. What it has mapped tells.
 */
static bool table_in_place(const struct vfio_dev *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	u32 table = vdev->msix.table;
	const void *base = (__force const void *)pdev->msix_base;
	resource_size_t at =
		pci_resource_start(pdev, table & PCI_MSIX_TABLE_BIR) +
		(table & PCI_MSIX_TABLE_OFFSET);

	return is_vmalloc_addr(base) &&
	       offset_in_page(base) == offset_in_page(at) &&
	       vmalloc_to_pfn(base) == PHYS_PFN(at);
}

static int alloc_irqs(struct vfio_dev *vdev, u32 kind, u32 min, u32 max)
{
	struct pci_dev *pdev = vdev->pdev;
	unsigned int type = kind == IRQ_MSI ? PCI_IRQ_MSI : PCI_IRQ_MSIX;
	int ret = pci_alloc_irq_vectors(pdev, min, max, type);

	if (ret < 0 || kind != IRQ_MSIX || table_in_place(vdev))
		return ret;
	pci_free_irq_vectors(pdev);
	vfio_msix_hide(vdev);
	return -EIO;
}

static void give_back(struct vfio_dev *vdev)
{
	pci_free_irq_vectors(vdev->pdev);
	kvfree(vdev->vectors);
	vdev->vectors = NULL;
	vdev->nr_room = 0;
}

/**
 * vfio_msi_enable - turn vectors on
 * @vdev: the device, with interrupts off
 * @kind: IRQ_MSI or IRQ_MSIX
 * @count: how many
 *
 * Return: 0, -ENOSPC if so many cannot be had, or another error.
 */
int vfio_msi_enable(struct vfio_dev *vdev, u32 kind, u32 count)
{
	unsigned int room = count;
	int ret;

	if (kind == IRQ_MSIX && vdev->irqs.dynamic)
		room = max(count,
			   irq_cap(vdev->irqs.max[kind], vfio_max_vectors));
	vdev->vectors =
		kvcalloc(room, sizeof(*vdev->vectors), GFP_KERNEL_ACCOUNT);
	if (!vdev->vectors)
		return -ENOMEM;
	vdev->nr_room = room;
	ret = alloc_irqs(vdev, kind, count, count);
	if (ret < 0) {
		kvfree(vdev->vectors);
		vdev->vectors = NULL;
		vdev->nr_room = 0;
		return ret == -ENOMEM || ret == -EIO ? ret : -ENOSPC;
	}
	ret = request_all(vdev, count);
	if (ret)
		give_back(vdev);
	return ret;
}

static int add_vector(struct vfio_dev *vdev, unsigned int index)
{
	struct msi_map map = pci_msix_alloc_irq_at(vdev->pdev, index, NULL);
	int ret;

	if (map.index < 0)
		return -ENOSPC;
	ret = request(vdev, index, map.virq);
	if (ret)
		pci_msix_free_irq(vdev->pdev, map);
	return ret;
}

/* Back to @to vectors, which others go on using */
static void shrink(struct vfio_dev *vdev, unsigned int from, unsigned int to)
{
	while (from > to) {
		struct msi_map map = { .index = --from };

		map.virq = vdev->vectors[from].virq;
		free_vector(&vdev->vectors[from]);
		pci_msix_free_irq(vdev->pdev, map);
	}
}

/**
 * vfio_msi_grow - turn more MSI-X vectors on, leaving the others alone
 * @vdev: the device, with MSI-X on, which can do that
 * @count: how many there shall be
 *
 * Return: 0, or -ENOSPC and nothing taken.
 */
int vfio_msi_grow(struct vfio_dev *vdev, u32 count)
{
	u32 i;
	int ret;

	if (count > vdev->nr_room)
		return -ENOSPC;
	for (i = vdev->irqs.enabled; i < count; i++) {
		ret = add_vector(vdev, i);
		if (ret) {
			shrink(vdev, i, vdev->irqs.enabled);
			return ret;
		}
	}
	return 0;
}

/**
 * vfio_msi_disable - turn all vectors off
 * @vdev: the device, with MSI or MSI-X on
 */
void vfio_msi_disable(struct vfio_dev *vdev)
{
	free_vectors(vdev, 0, vdev->irqs.enabled);
	give_back(vdev);
}

/**
 * vfio_msi_bind - replace a vector's eventfd
 * @vector: the vector
 * @ctx: the new one or NULL; the old one comes back
 *
 * What came while there was none goes to the new one.
 */
void vfio_msi_bind(struct vfio_vector *vector, struct eventfd_ctx **ctx)
{
	unsigned long flags;

	spin_lock_irqsave(&vector->lock, flags);
	swap(vector->trigger, *ctx);
	update_direct(vector);
	if (vector->pending)
		deliver(vector);
	spin_unlock_irqrestore(&vector->lock, flags);
	if (*ctx)
		synchronize_irq(vector->virq);
}

static void mask(struct vfio_vector *vector, bool masked)
{
	unsigned long flags;

	spin_lock_irqsave(&vector->lock, flags);
	vector->masked = masked;
	update_direct(vector);
	if (!masked && vector->pending)
		deliver(vector);
	spin_unlock_irqrestore(&vector->lock, flags);
	if (masked)
		synchronize_irq(vector->virq);
}

/**
 * vfio_msi_act - mask, unmask or fire a vector
 * @vector: the vector
 * @action: UVFIO_IRQ_MASK, UVFIO_IRQ_UNMASK or UVFIO_IRQ_FIRE
 */
void vfio_msi_act(struct vfio_vector *vector, u32 action)
{
	if (action == UVFIO_IRQ_FIRE)
		deliver_locked(vector);
	else
		mask(vector, action == UVFIO_IRQ_MASK);
}

/**
 * vfio_msi_try - how many vectors would be had if so many were asked for?
 * @vdev: the device, with interrupts off
 * @kind: IRQ_MSI or IRQ_MSIX
 * @count: how many
 *
 * Return: that, or a negative error if none.
 */
int vfio_msi_try(struct vfio_dev *vdev, u32 kind, u32 count)
{
	int ret = alloc_irqs(vdev, kind, 1, count);

	if (ret > 0)
		pci_free_irq_vectors(vdev->pdev);
	return ret;
}
