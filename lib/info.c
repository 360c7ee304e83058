// SPDX-License-Identifier: LGPL-2.1
/*
 * What a device has, and its interrupts one vector at a time: the calls that
 * came after 2010.
 *
 * Invariant: every structure handed to the kernel tells its own size and has
 * no byte that this file did not set.
 */
#include <stdint.h>

#include "internal.h"
#include "uvfio.h"

/**
 * uvfio_query_device() - ask what a device is and how it can be reset
 * @device: descriptor of the device
 * @info: where the answer goes
 *
 * Return: 0, or a negative errno.
 */
int uvfio_query_device(int device, struct uvfio_device_info *info)
{
	*info = (struct uvfio_device_info){ .argsz = sizeof(*info) };
	return call(device, UVFIO_DEVICE_INFO, info);
}

/**
 * uvfio_query_region() - ask about one resource
 * @device: descriptor of the device
 * @resource: 0-5 for BARs, VFIO_PCI_ROM_RESOURCE, VFIO_PCI_CONFIG_RESOURCE
 * @info: where the answer goes
 * @windows: where the pieces go that can be mmapped; may be NULL
 * @nr_windows: how many fit there; &uvfio_region_info.nr_windows tells how
 *	many there are
 *
 * Return: 0, or a negative errno.
 */
int uvfio_query_region(int device, unsigned int resource,
		       struct uvfio_region_info *info,
		       struct uvfio_window *windows, __u32 nr_windows)
{
	*info = (struct uvfio_region_info){
		.argsz = sizeof(*info),
		.region = resource,
		.nr_windows = windows ? nr_windows : 0,
		.windows = (uintptr_t)windows,
	};
	return call(device, UVFIO_REGION_INFO, info);
}

/**
 * uvfio_query_irqs() - ask how many interrupts there are and can be had
 * @device: descriptor of the device
 * @kind: UVFIO_IRQ_INTX, UVFIO_IRQ_MSI or UVFIO_IRQ_MSIX
 * @info: where the answer goes
 *
 * Return: 0, or a negative errno.
 */
int uvfio_query_irqs(int device, __u32 kind, struct uvfio_irq_info *info)
{
	*info = (struct uvfio_irq_info){
		.argsz = sizeof(*info),
		.kind = kind,
	};
	return call(device, UVFIO_IRQ_INFO, info);
}

/**
 * uvfio_enable_irqs() - turn vectors on, without eventfds yet
 * @device: descriptor of the device
 * @kind: UVFIO_IRQ_INTX, UVFIO_IRQ_MSI or UVFIO_IRQ_MSIX
 * @count: how many; 0 turns them off
 *
 * Return: 0, or a negative errno.
 */
int uvfio_enable_irqs(int device, __u32 kind, __u32 count)
{
	struct uvfio_irq_enable enable = {
		.argsz = sizeof(enable),
		.kind = kind,
		.count = count,
	};

	return call(device, UVFIO_IRQ_ENABLE, &enable);
}

/**
 * uvfio_bind_irq() - give one vector its eventfd while others run
 * @device: descriptor of the device
 * @kind: UVFIO_IRQ_INTX, UVFIO_IRQ_MSI or UVFIO_IRQ_MSIX
 * @vector: which
 * @eventfd: fires at each interrupt; -1 takes it away
 *
 * Return: 0, or a negative errno.
 */
int uvfio_bind_irq(int device, __u32 kind, __u32 vector, int eventfd)
{
	struct uvfio_irq_set set = {
		.argsz = sizeof(set),
		.flags = UVFIO_IRQ_BIND,
		.kind = kind,
		.first = vector,
		.count = 1,
		.fds = (uintptr_t)&eventfd,
	};

	return call(device, UVFIO_IRQ_SET, &set);
}

/**
 * uvfio_set_irq() - mask, unmask or fire one vector
 * @device: descriptor of the device
 * @kind: UVFIO_IRQ_INTX, UVFIO_IRQ_MSI or UVFIO_IRQ_MSIX
 * @vector: which
 * @action: UVFIO_IRQ_MASK, UVFIO_IRQ_UNMASK or UVFIO_IRQ_FIRE
 *
 * Return: 0, or a negative errno.
 */
int uvfio_set_irq(int device, __u32 kind, __u32 vector, __u32 action)
{
	struct uvfio_irq_set set = {
		.argsz = sizeof(set),
		.flags = action,
		.kind = kind,
		.first = vector,
		.count = 1,
	};

	return call(device, UVFIO_IRQ_SET, &set);
}
