// SPDX-License-Identifier: LGPL-2.1
/*
 * Registers, ROM and configuration space of a device.
 *
 * Invariant: an access is done whole or reported as an error; a short
 * transfer is -EIO, never success.
 */
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/pci_regs.h>

#include "internal.h"
#include "uvfio.h"

static int whole(ssize_t done, size_t size)
{
	if (done < 0)
		return -errno;
	return (size_t)done == size ? 0 : -EIO;
}

/**
 * uvfio_region_size() - how many bytes has a resource?
 * @device: descriptor of the device
 * @resource: 0-5 for BARs, VFIO_PCI_ROM_RESOURCE
 * @size: where the answer goes
 *
 * Return: 0, or a negative errno.
 */
int uvfio_region_size(int device, unsigned int resource, __u64 *size)
{
	struct uvfio_region_info info;
	__u32 arg = resource;
	int ret;

	ret = call(device, VFIO_BAR_LEN, &arg);
	if (!ret)
		*size = arg;
	if (ret != -EOVERFLOW)
		return ret;
	ret = uvfio_query_region(device, resource, &info, NULL, 0);
	if (!ret)
		*size = info.size;
	return ret;
}

/**
 * uvfio_region_read() - read from a resource
 * @device: descriptor of the device
 * @offset: made by uvfio_offset()
 * @data: where the bytes go
 * @size: how many
 *
 * Return: 0, or a negative errno.
 */
int uvfio_region_read(int device, __u64 offset, void *data, size_t size)
{
	return whole(pread(device, data, size, (off_t)offset), size);
}

/**
 * uvfio_region_write() - write to a resource
 * @device: descriptor of the device
 * @offset: made by uvfio_offset()
 * @data: the bytes
 * @size: how many
 *
 * Return: 0, or a negative errno.
 */
int uvfio_region_write(int device, __u64 offset, const void *data, size_t size)
{
	return whole(pwrite(device, data, size, (off_t)offset), size);
}

/**
 * uvfio_region_mmap() - see a piece of a BAR in memory
 * @device: descriptor of the device
 * @offset: made by uvfio_offset(), page aligned
 * @size: bytes
 * @addr: where the address goes; give it back with munmap()
 *
 * Return: 0, or a negative errno.
 */
int uvfio_region_mmap(int device, __u64 offset, size_t size, void **addr)
{
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, device,
			 (off_t)offset);

	if (map == MAP_FAILED)
		return -errno;
	*addr = map;
	return 0;
}

static __u64 config_offset(__u32 offset)
{
	return uvfio_offset(VFIO_PCI_CONFIG_RESOURCE, offset);
}

/**
 * uvfio_config_read() - read a register of configuration space
 * @device: descriptor of the device
 * @offset: of the register
 * @size: 1, 2 or 4 bytes
 * @value: where the answer goes
 *
 * Return: 0, or a negative errno.
 */
int uvfio_config_read(int device, __u32 offset, unsigned int size, __u32 *value)
{
	__u32 raw = 0;
	int ret;

	if (size > sizeof(raw))
		return -EINVAL;
	ret = uvfio_region_read(device, config_offset(offset), &raw, size);
	if (!ret)
		*value = le32toh(raw);
	return ret;
}

/**
 * uvfio_config_write() - write a register of configuration space
 * @device: descriptor of the device
 * @offset: of the register
 * @size: 1, 2 or 4 bytes
 * @value: what to write; bits that users may not write stay as they are
 *
 * Return: 0, or a negative errno.
 */
int uvfio_config_write(int device, __u32 offset, unsigned int size, __u32 value)
{
	__u32 raw = htole32(value);

	if (size > sizeof(raw))
		return -EINVAL;
	return uvfio_region_write(device, config_offset(offset), &raw, size);
}

/**
 * uvfio_set_bus_master() - let the device do DMA, or stop it
 * @device: descriptor of the device, attached
 * @on: may it?
 *
 * Memory decoding is switched on along with it.
 *
 * Return: 0, or a negative errno.
 */
int uvfio_set_bus_master(int device, bool on)
{
	__u32 command;
	int ret;

	ret = uvfio_config_read(device, PCI_COMMAND, 2, &command);
	if (ret)
		return ret;
	if (on)
		command |= PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	else
		command &= ~(__u32)PCI_COMMAND_MASTER;
	return uvfio_config_write(device, PCI_COMMAND, 2, command);
}

/**
 * uvfio_find_capability() - where is a capability?
 * @device: descriptor of the device
 * @id: PCI_CAP_ID_*
 *
 * Return: its offset in configuration space; -ENOENT: it has none such;
 * another negative errno.
 */
int uvfio_find_capability(int device, __u8 id)
{
	unsigned int left = (256 - PCI_STD_HEADER_SIZEOF) / 4;
	__u32 entry = 0, at;
	int ret;

	ret = uvfio_config_read(device, PCI_CAPABILITY_LIST, 1, &at);
	while (!ret && (at &= ~3U) && left--) {
		ret = uvfio_config_read(device, at, 2, &entry);
		if (!ret && (entry & 0xff) == id)
			return (int)at;
		at = entry >> 8;
	}
	return ret ? ret : -ENOENT;
}
