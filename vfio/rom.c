// SPDX-License-Identifier: GPL-2.0
/*
 * The expansion ROM, by read.
 *
 * Owns nothing between two calls. Invariant: the ROM answers only during a
 * read, with the device lock held, because it may share the decoder of a BAR.
 */
#include <linux/io.h>

#include "device.h"

/* Beyond the image there is nothing, which reads as all ones */
static void copy_image(struct vfio_dev *vdev, u64 offset, u8 *buf, size_t count)
{
	size_t image_size = 0, used = 0;
	void __iomem *image = pci_map_rom(vdev->pdev, &image_size);

	if (image) {
		used = region_clamp(image_size, offset, count);
		memcpy_fromio(buf, image + offset, used);
		pci_unmap_rom(vdev->pdev, image);
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
