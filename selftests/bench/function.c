// SPDX-License-Identifier: GPL-2.0
/*
 * PCI functions, held by this project or by the kernel's vfio-pci. Invariant:
 * open leaves the function attached to an address space of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "function.h"
#include "peer.h"

/**
 * function_close() - give a function back
 * @f: the function, or what open left of it
 */
void function_close(struct function *f)
{
	if (f->fd >= 0)
		close(f->fd);
	if (f->group >= 0)
		close(f->group);
	if (f->domain >= 0)
		close(f->domain);
}

static int open_uvfio(struct function *f, const char *bdf)
{
	char path[64];
	int err = device_node(bdf, path, sizeof(path));

	if (err)
		return err;
	f->group = -1;
	f->config = CONFIG(0);
	f->bar = REGION(0, 0);
	f->domain = domain_open();
	f->fd = open(path, O_RDWR | O_CLOEXEC);
	if (f->domain < 0 || f->fd < 0)
		return -errno;
	return device_set(f->fd, f->domain);
}

static int bind_msi_uvfio(struct function *f, int eventfd)
{
	return call(f->fd, VFIO_EVENTFD_MSI, &eventfd);
}

static int reset_uvfio(struct function *f)
{
	return call(f->fd, VFIO_RESET_FUNCTION, NULL);
}

const struct keeper keeper_uvfio = {
	.name = "uvfio",
	.driver = "vfio",
	.open = open_uvfio,
	.bind_msi = bind_msi_uvfio,
	.reset = reset_uvfio,
};

static int find_region(struct function *f, __u32 index, __u64 *offset)
{
	struct vfio_region_info info = {
		.argsz = sizeof(info),
		.index = index,
	};
	int err = call(f->fd, VFIO_DEVICE_GET_REGION_INFO, &info);

	*offset = info.offset;
	return err;
}

static int open_vfio_pci(struct function *f, const char *bdf)
{
	int err;

	f->fd = -1;
	f->domain = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	f->group = group_open(bdf);
	if (f->domain < 0 || f->group < 0)
		return -ENODEV;
	err = call(f->group, VFIO_GROUP_SET_CONTAINER, &f->domain);
	if (!err && ioctl(f->domain, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		err = -errno;
	if (err)
		return err;
	f->fd = ioctl(f->group, VFIO_GROUP_GET_DEVICE_FD, bdf);
	if (f->fd < 0)
		return -errno;
	err = find_region(f, VFIO_PCI_CONFIG_REGION_INDEX, &f->config);
	return err ? err : find_region(f, VFIO_PCI_BAR0_REGION_INDEX, &f->bar);
}

static int bind_msi_vfio_pci(struct function *f, int eventfd)
{
	union {
		struct vfio_irq_set set;
		char room[sizeof(struct vfio_irq_set) + sizeof(int)];
	} irq = {
		.set = {
			.argsz = sizeof(irq.room),
			.flags = VFIO_IRQ_SET_DATA_EVENTFD |
				 VFIO_IRQ_SET_ACTION_TRIGGER,
			.index = VFIO_PCI_MSI_IRQ_INDEX,
			.count = 1,
		},
	};

	memcpy(irq.set.data, &eventfd, sizeof(eventfd));
	return call(f->fd, VFIO_DEVICE_SET_IRQS, &irq);
}

static int reset_vfio_pci(struct function *f)
{
	return call(f->fd, VFIO_DEVICE_RESET, NULL);
}

const struct keeper keeper_vfio_pci = {
	.name = "vfio-pci",
	.driver = "vfio-pci",
	.open = open_vfio_pci,
	.bind_msi = bind_msi_vfio_pci,
	.reset = reset_vfio_pci,
};
