// SPDX-License-Identifier: LGPL-2.1
/*
 * A PCI device bound to the driver "vfio": found by its address, attached to
 * a domain, reset.
 *
 * Invariant: a PCI address is only ever a path component, never a path; what
 * has a '/' in it is refused.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "internal.h"
#include "uvfio.h"

static int node_number(const char *name)
{
	int number, used = 0;

	if (sscanf(name, "vfio%d%n", &number, &used) != 1 || name[used])
		return -1;
	return number;
}

static int search(DIR *dir)
{
	const struct dirent *entry;
	int number;

	while ((entry = readdir(dir))) {
		number = node_number(entry->d_name);
		if (number >= 0)
			return number;
	}
	return -ENXIO;
}

/**
 * uvfio_device_find() - which /dev/vfio<N> is the device at a PCI address?
 * @bdf: address as sysfs writes it, "0000:01:00.0"
 *
 * Return: N; -ENOENT: no such PCI device; -ENXIO: not bound to the driver
 * "vfio"; -EINVAL: not an address.
 */
int uvfio_device_find(const char *bdf)
{
	char path[128];
	struct stat st;
	int number;
	DIR *dir;

	if (!*bdf || strlen(bdf) > 32 || strchr(bdf, '/') || *bdf == '.')
		return -EINVAL;
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", bdf);
	if (stat(path, &st))
		return -errno;
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vfio", bdf);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? -ENXIO : -errno;
	number = search(dir);
	closedir(dir);
	return number;
}

/**
 * uvfio_device_open() - open the device at a PCI address
 * @bdf: address as sysfs writes it, "0000:01:00.0"
 *
 * Return: a descriptor, or a negative errno.
 */
int uvfio_device_open(const char *bdf)
{
	int number = uvfio_device_find(bdf);
	char path[32];
	int fd;

	if (number < 0)
		return number;
	snprintf(path, sizeof(path), "/dev/vfio%d", number);
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/**
 * uvfio_attach() - put a device into a domain
 * @device: descriptor of the device
 * @domain: descriptor of the domain
 *
 * From then on the device reaches what is mapped in the domain, whoever
 * mapped it, and its registers may be used.
 *
 * Return: 0, or a negative errno.
 */
int uvfio_attach(int device, int domain)
{
	return call(device, VFIO_DOMAIN_SET, &domain);
}

/**
 * uvfio_detach() - take a device out of its domain
 * @device: descriptor of the device
 *
 * Its registers are out of reach afterwards, mmaps of them included.
 *
 * Return: 0, or a negative errno.
 */
int uvfio_detach(int device)
{
	return call(device, VFIO_DOMAIN_UNSET, NULL);
}

/**
 * uvfio_reset() - reset the device's function
 * @device: descriptor of the device
 *
 * Return: 0, or a negative errno.
 */
int uvfio_reset(int device)
{
	return call(device, VFIO_RESET_FUNCTION, NULL);
}

/**
 * uvfio_reset_bus() - reset all functions on the device's bus
 * @device: descriptor of the device
 * @devices: descriptors of all functions there and on buses below, @device
 *	among them
 * @count: how many
 *
 * Return: 0, or a negative errno.
 */
int uvfio_reset_bus(int device, const int *devices, unsigned int count)
{
	struct uvfio_bus_reset reset = {
		.argsz = sizeof(reset),
		.count = count,
		.fds = (uintptr_t)devices,
	};

	return call(device, UVFIO_BUS_RESET, &reset);
}

/**
 * uvfio_map() - map a buffer through a device's descriptor
 * @device: descriptor of the device; all devices of its domain reach it
 * @buffer: memory, its size and the I/O address
 * @flags: VFIO_FLAG_WRITE, or 0 when devices may only read
 *
 * Return: 0, or a negative errno.
 */
int uvfio_map(int device, const struct uvfio_buffer *buffer, __u64 flags)
{
	struct vfio_dma_map map = {
		.vaddr = (uintptr_t)buffer->vaddr,
		.dmaaddr = buffer->iova.addr,
		.size = buffer->size,
		.flags = flags,
	};

	return call(device, VFIO_DMA_MAP_IOVA, &map);
}

/**
 * uvfio_unmap() - take mappings back
 * @device: a descriptor of a device in the domain
 * @iova: start of the range
 * @size: bytes; the range must not cut a mapping
 *
 * When it returns, no device reaches that memory.
 *
 * Return: 0, or a negative errno.
 */
int uvfio_unmap(int device, struct uvfio_iova iova, __u64 size)
{
	struct vfio_dma_map map = { .dmaaddr = iova.addr, .size = size };

	return call(device, VFIO_DMA_UNMAP, &map);
}
