// SPDX-License-Identifier: GPL-2.0
/*
 * The expansion ROM, by read.
 *
 * Owns nothing between two calls. Invariant: the ROM answers only during a
 * read, with the device lock held, because it may share the decoder of a BAR.
 * And no read leaves a line in the log, whatever is in the ROM: the core's
 * pci_map_rom() has one for each that it does not understand.
 */
#include <linux/io.h>

#include "device.h"
#include "rom_rules.h"

/* The core tells of each try, so there is one for as long as it is bound */
static bool has_address(struct vfio_dev *vdev)
{
	struct resource *rom = &vdev->pdev->resource[PCI_ROM_RESOURCE];

	if (rom->parent || rom->flags & IORESOURCE_PCI_FIXED)
		return true;
	if (vdev->rom_tried)
		return false;
	vdev->rom_tried = true;
	return !pci_assign_resource(vdev->pdev, PCI_ROM_RESOURCE);
}

/* Undone by pci_unmap_rom() */
static void __iomem *map_rom(struct vfio_dev *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	void __iomem *rom;

	if (!has_address(vdev))
		return NULL;
	rom = ioremap(pci_resource_start(pdev, PCI_ROM_RESOURCE),
		      vdev->rom_size);
	if (rom && pci_enable_rom(pdev)) {
		iounmap(rom);
		return NULL;
	}
	return rom;
}

static u16 peek(void *priv, u64 offset)
{
	void __iomem **rom = priv;

	return readw(*rom + offset);
}

/* Beyond the images there is nothing, which reads as all ones */
static void copy_image(struct vfio_dev *vdev, u64 offset, u8 *buf, size_t count)
{
	void __iomem *rom = map_rom(vdev);
	size_t used = 0;

	if (rom) {
		used = region_clamp(rom_image_size(vdev->rom_size, peek, &rom),
				    offset, count);
		memcpy_fromio(buf, rom + offset, used);
		pci_unmap_rom(vdev->pdev, rom);
	}
	memset(buf + used, 0xff, count - used);
}

/**
 * vfio_rom_read - read the expansion ROM
 * @vdev: the device
 * @offset: where from
 * @buf: where to, memory of the kernel
 * @count: bytes
 *
 * Return: number of bytes, fewer than @count at the end; -EINVAL beyond it or
 * without a ROM; or as vfio_begin_access().
 */
int vfio_rom_read(struct vfio_dev *vdev, u64 offset, void *buf, size_t count)
{
	size_t size = region_clamp(vdev->rom_size, offset, count);
	int ret = vfio_enter_attached(vdev);

	if (ret)
		return ret;
	ret = size ? vfio_begin_access(vdev, VFIO_OPEN_MEMORY) : -EINVAL;
	if (!ret) {
		copy_image(vdev, offset, buf, size);
		vfio_end_access(vdev);
		ret = size;
	}
	vfio_leave(vdev);
	return ret;
}
