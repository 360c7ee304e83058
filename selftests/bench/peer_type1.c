// SPDX-License-Identifier: GPL-2.0
/* The kernel's VFIO: a container, and groups of vfio-pci. Owns no state. */
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../lib/call.h"
#include "peer.h"

/**
 * group_open() - open the node of a device's group
 * @bdf: PCI address
 *
 * Return: descriptor, or a negative errno.
 */
int group_open(const char *bdf)
{
	char path[128], target[256];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group",
		 bdf);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return -errno;
	target[n] = '\0';
	snprintf(path, sizeof(path), "/dev/vfio%s", strrchr(target, '/'));
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int open_space(struct space *space, const char *bdf)
{
	space->fd = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	return space->fd < 0 ? -errno : 0;
}

static int prepare(struct space *space, const char *bdf)
{
	int fd = group_open(bdf);

	if (fd < 0)
		return fd;
	space->devices[space->nr_devices++] = fd;
	return 0;
}

static int attach(struct space *space)
{
	int err = call(space->devices[space->nr_devices - 1],
		       VFIO_GROUP_SET_CONTAINER, &space->fd);

	if (err || space->nr_devices > 1)
		return err;
	return ioctl(space->fd, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU) ? -errno :
								      0;
}

static int map(struct space *space, void *vaddr, __u64 iova, size_t size)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (unsigned long)vaddr,
		.iova = iova,
		.size = size,
	};

	return call(space->fd, VFIO_IOMMU_MAP_DMA, &map);
}

static int unmap(struct space *space, __u64 iova, size_t size)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = iova,
		.size = size,
	};

	return call(space->fd, VFIO_IOMMU_UNMAP_DMA, &unmap);
}

const struct peer peer_type1 = {
	.name = "type1",
	.driver = "vfio-pci",
	.device = "EDU1",
	.open = open_space,
	.prepare = prepare,
	.attach = attach,
	.map = map,
	.unmap = unmap,
};
