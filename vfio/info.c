// SPDX-License-Identifier: GPL-2.0
/*
 * What a program may ask about a device.
 *
 * Owns nothing. Invariant: no answer needs a domain, and none is guessed: the
 * number of vectors that can be had is tried.
 */
#include "device.h"
#include "reset_rules.h"

static const u32 reset_methods[] = {
	[RESET_NONE] = UVFIO_RESET_NONE,
	[RESET_SPECIFIC] = UVFIO_RESET_SPECIFIC,
	[RESET_ACPI] = UVFIO_RESET_ACPI,
	[RESET_FLR] = UVFIO_RESET_FLR,
	[RESET_AF_FLR] = UVFIO_RESET_AF_FLR,
	[RESET_PM] = UVFIO_RESET_PM,
	[RESET_BUS] = UVFIO_RESET_BUS,
	[RESET_CXL_BUS] = UVFIO_RESET_BUS,
};

static u32 reset_method(struct pci_dev *pdev)
{
	u8 method = vfio_reset_method(pdev);

	return method < ARRAY_SIZE(reset_methods) ? reset_methods[method] :
						    UVFIO_RESET_OTHER;
}

/**
 * vfio_device_info - answer UVFIO_DEVICE_INFO, but for resets
 * @vdev: the device
 * @info: the answer
 */
void vfio_device_info(struct vfio_dev *vdev, struct uvfio_device_info *info)
{
	struct pci_dev *pdev = vdev->pdev;

	lockdep_assert_held(&vdev->lock);
	info->caps = (vdev->att ? UVFIO_DEVICE_ATTACHED : 0) |
		     (pdev->is_virtfn ? UVFIO_DEVICE_VIRTFN : 0) |
		     (pci_is_pcie(pdev) ? UVFIO_DEVICE_PCIE : 0) |
		     (vdev->stale ? UVFIO_DEVICE_STALE : 0);
	info->domain = pci_domain_nr(pdev->bus);
	info->bus = pdev->bus->number;
	info->devfn = pdev->devfn;
	info->vendor = pdev->vendor;
	info->device = pdev->device;
	info->class_code = pdev->class;
	info->config_size = vfio_config_size(&vdev->config);
	info->reserved = 0;
}

/**
 * vfio_device_resets - answer how it can be reset
 * @vdev: the device, not locked: it takes a lock of the whole core, which is
 *	held for long while errors of a bus are dealt with
 * @info: the answer
 */
void vfio_device_resets(struct vfio_dev *vdev, struct uvfio_device_info *info)
{
	info->reset_method = reset_method(vdev->pdev);
	if (info->reset_method)
		info->caps |= UVFIO_DEVICE_RESET;
	if (vfio_bus_resettable(vdev))
		info->caps |= UVFIO_DEVICE_BUS_RESET;
}

static u32 bar_caps(const struct vfio_bar *bar)
{
	u32 caps = UVFIO_REGION_READ | UVFIO_REGION_WRITE;

	if (bar->flags & IORESOURCE_IO)
		caps |= UVFIO_REGION_IO;
	if (bar->flags & IORESOURCE_PREFETCH)
		caps |= UVFIO_REGION_PREFETCH;
	return caps;
}

static void bar_info(const struct vfio_bar *bar, struct uvfio_region_info *info,
		     struct region_range *windows)
{
	info->size = bar->size;
	info->offset = region_encode(info->region, false, bar->size);
	if (!bar->size)
		return;
	info->caps = bar_caps(bar);
	info->nr_windows = region_windows(bar->map_size, bar->holes,
					  REGION_PROCESS, PAGE_SIZE, windows);
	if (!info->nr_windows)
		return;
	info->caps |= UVFIO_REGION_MMAP;
	if (!(info->caps & UVFIO_REGION_PREFETCH))
		return;
	info->caps |= UVFIO_REGION_WC;
	info->wc_offset = region_encode(info->region, true, bar->size);
}

/**
 * vfio_region_info - answer UVFIO_REGION_INFO
 * @vdev: the device
 * @info: the answer
 * @windows: where to store up to REGION_MAX_WINDOWS windows
 *
 * Return: 0 or -EINVAL.
 */
int vfio_region_info(struct vfio_dev *vdev, struct uvfio_region_info *info,
		     struct region_range *windows)
{
	info->caps = 0;
	info->nr_windows = 0;
	info->size = 0;
	info->wc_offset = 0;
	info->offset = region_encode(info->region, false, 0);
	if (info->region < REGION_NR_BARS) {
		bar_info(&vdev->bars[info->region], info, windows);
		return 0;
	}
	if (info->region == REGION_ROM) {
		info->size = vdev->rom_size;
		info->caps = info->size ? UVFIO_REGION_READ : 0;
		return 0;
	}
	if (info->region != REGION_CONFIG)
		return -EINVAL;
	info->size = vfio_config_size(&vdev->config);
	info->caps = UVFIO_REGION_READ | UVFIO_REGION_WRITE;
	return 0;
}

static u32 irq_caps(struct vfio_dev *vdev, u32 kind)
{
	if (kind == UVFIO_IRQ_MSIX)
		return vdev->irqs.dynamic ? UVFIO_IRQ_DYNAMIC : 0;
	if (kind == UVFIO_IRQ_MSI)
		return 0;
	return UVFIO_IRQ_AUTOMASK |
	       (vdev->intx.line.maskable ? 0 : UVFIO_IRQ_EXCLUSIVE);
}

/**
 * vfio_irq_info - answer UVFIO_IRQ_INFO
 * @vdev: the device
 * @info: the answer
 *
 * Return: 0 or -EINVAL.
 */
int vfio_irq_info(struct vfio_dev *vdev, struct uvfio_irq_info *info)
{
	u32 kind = info->kind;

	if (kind >= IRQ_NR_KINDS)
		return -EINVAL;
	info->max = vdev->irqs.max[kind];
	info->caps = info->max ? irq_caps(vdev, kind) : 0;
	if (info->max)
		vfio_irq_count(vdev, kind);
	info->count = vdev->had[kind];
	info->enabled = vdev->irqs.on == kind ? vdev->irqs.enabled : 0;
	info->reserved = 0;
	return 0;
}
