// SPDX-License-Identifier: GPL-2.0
/* The kernel's iommufd: an IOAS, and devices of vfio-pci. Owns no state. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/iommufd.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <string.h>

#include "../lib/call.h"
#include "peer.h"

static int open_space(struct space *space, const char *bdf)
{
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) };
	int err;

	space->fd = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	if (space->fd < 0)
		return -errno;
	err = call(space->fd, IOMMU_IOAS_ALLOC, &alloc);
	space->id = alloc.out_ioas_id;
	return err;
}

static int find_node(const char *bdf, char *path, size_t size)
{
	struct dirent *entry;
	char dir[128];
	int err = -ENOENT;
	DIR *d;

	snprintf(dir, sizeof(dir), "/sys/bus/pci/devices/%s/vfio-dev", bdf);
	d = opendir(dir);
	if (!d)
		return -errno;
	while (err && (entry = readdir(d))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, size, "/dev/vfio/devices/%s", entry->d_name);
		err = 0;
	}
	closedir(d);
	return err;
}

static int prepare(struct space *space, const char *bdf)
{
	char path[320];
	int fd, err = find_node(bdf, path, sizeof(path));

	if (err)
		return err;
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	space->devices[space->nr_devices++] = fd;
	return 0;
}

static int attach(struct space *space)
{
	struct vfio_device_bind_iommufd bind = {
		.argsz = sizeof(bind),
		.iommufd = space->fd,
	};
	struct vfio_device_attach_iommufd_pt attach = {
		.argsz = sizeof(attach),
		.pt_id = space->id,
	};
	int fd = space->devices[space->nr_devices - 1];
	int err = call(fd, VFIO_DEVICE_BIND_IOMMUFD, &bind);

	return err ? err : call(fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach);
}

static int map(struct space *space, void *vaddr, __u64 iova, size_t size)
{
	struct iommu_ioas_map map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE |
			 IOMMU_IOAS_MAP_WRITEABLE,
		.ioas_id = space->id,
		.user_va = (unsigned long)vaddr,
		.length = size,
		.iova = iova,
	};

	return call(space->fd, IOMMU_IOAS_MAP, &map);
}

static int unmap(struct space *space, __u64 iova, size_t size)
{
	struct iommu_ioas_unmap unmap = {
		.size = sizeof(unmap),
		.ioas_id = space->id,
		.iova = iova,
		.length = size,
	};

	return call(space->fd, IOMMU_IOAS_UNMAP, &unmap);
}

static int map_any(struct space *space, void *vaddr, size_t size)
{
	struct iommu_ioas_map map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE,
		.ioas_id = space->id,
		.user_va = (unsigned long)vaddr,
		.length = size,
	};

	return call(space->fd, IOMMU_IOAS_MAP, &map);
}

const struct peer peer_iommufd = {
	.name = "iommufd",
	.driver = "vfio-pci",
	.device = "BENCH_EDU",
	.open = open_space,
	.prepare = prepare,
	.attach = attach,
	.map = map,
	.unmap = unmap,
	.map_any = map_any,
};
