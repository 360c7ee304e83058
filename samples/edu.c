// SPDX-License-Identifier: GPL-2.0
/*
 * A driver for QEMU's edu device, register by register as in QEMU,
 * docs/specs/edu.
 *
 * Invariant: between calls no transfer runs and no interrupt is pending.
 */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "edu.h"

#define EDU_BAR_SIZE 0x100000
#define EDU_TIMEOUT_MS 5000

enum {
	REG_ID = 0x00,
	REG_LIVENESS = 0x04,
	REG_IRQ_STATUS = 0x24,
	REG_IRQ_RAISE = 0x60,
	REG_IRQ_ACK = 0x64,
	REG_DMA_SOURCE = 0x80,
	REG_DMA_DEST = 0x88,
	REG_DMA_COUNT = 0x90,
	REG_DMA_COMMAND = 0x98,
	OWN_MEMORY = 0x40000,
};

enum {
	DMA_START = 0x1,
	DMA_TO_MEMORY = 0x2,
	DMA_INTERRUPT = 0x4,
	IRQ_DMA_DONE = 0x100,
};

static __u32 get(const struct edu *edu, unsigned int reg)
{
	return uvfio_read32((char *)edu->regs + reg);
}

static void set(struct edu *edu, unsigned int reg, __u32 value)
{
	uvfio_write32((char *)edu->regs + reg, value);
}

/* One access of 8 bytes: the device ignores the upper half on its own */
static void set64(struct edu *edu, unsigned int reg, __u64 value)
{
	uvfio_write64((char *)edu->regs + reg, value);
}

/* 0xRRrr00ed: revision, and a signature */
static int check_alive(struct edu *edu)
{
	if ((get(edu, REG_ID) & 0xffff) != 0x00ed)
		return -ENODEV;
	set(edu, REG_LIVENESS, 0x12345678);
	return get(edu, REG_LIVENESS) == ~0x12345678U ? 0 : -EIO;
}

static int wire_interrupt(struct edu *edu)
{
	int ret = uvfio_eventfd();

	if (ret < 0)
		return ret;
	edu->eventfd = ret;
	ret = uvfio_irq_msi(edu->device, edu->eventfd);
	if (ret)
		close(edu->eventfd);
	return ret;
}

/**
 * edu_start() - bring a device up
 * @edu: what to fill in
 * @device: descriptor of a device that has its domain
 *
 * Return: 0, or a negative errno.
 */
int edu_start(struct edu *edu, int device)
{
	int ret;

	*edu = (struct edu){ .device = device };
	ret = uvfio_set_bus_master(device, true);
	if (ret)
		return ret;
	ret = uvfio_region_mmap(device, uvfio_offset(0, 0), EDU_BAR_SIZE,
				&edu->regs);
	if (ret)
		return ret;
	ret = check_alive(edu);
	if (!ret)
		ret = wire_interrupt(edu);
	if (ret)
		munmap(edu->regs, EDU_BAR_SIZE);
	return ret;
}

/**
 * edu_stop() - put a device down
 * @edu: from edu_start()
 */
void edu_stop(struct edu *edu)
{
	uvfio_irq_msi(edu->device, -1);
	close(edu->eventfd);
	munmap(edu->regs, EDU_BAR_SIZE);
}

/* Waits for the interrupt and takes it off the device again */
static int serve_interrupt(struct edu *edu, __u32 expected)
{
	int ret = uvfio_eventfd_wait(edu->eventfd, EDU_TIMEOUT_MS);
	__u32 status;

	if (ret < 0)
		return ret;
	edu->interrupts += (unsigned int)ret;
	status = get(edu, REG_IRQ_STATUS);
	set(edu, REG_IRQ_ACK, status);
	return status == expected ? 0 : -EIO;
}

/**
 * edu_raise() - make the device interrupt, and serve that
 * @edu: from edu_start()
 * @value: what its status register shall show, not 0
 *
 * Return: 0, or a negative errno.
 */
int edu_raise(struct edu *edu, __u32 value)
{
	set(edu, REG_IRQ_RAISE, value);
	return serve_interrupt(edu, value);
}

static int transfer(struct edu *edu, __u64 iova, size_t size, __u32 direction)
{
	bool to_memory = direction & DMA_TO_MEMORY;

	if (!size || size > EDU_MAX_TRANSFER)
		return -EINVAL;
	if (sizeof(long) < sizeof(iova) && iova >> 32)
		return -ERANGE;
	set64(edu, REG_DMA_SOURCE, to_memory ? OWN_MEMORY : iova);
	set64(edu, REG_DMA_DEST, to_memory ? iova : OWN_MEMORY);
	set64(edu, REG_DMA_COUNT, size);
	set64(edu, REG_DMA_COMMAND, DMA_START | DMA_INTERRUPT | direction);
	return serve_interrupt(edu, IRQ_DMA_DONE);
}

/**
 * edu_take() - let the device read memory into its own
 * @edu: from edu_start()
 * @from: I/O address
 * @size: bytes, up to EDU_MAX_TRANSFER
 *
 * Return: 0 when the device says it is done, or a negative errno.
 */
int edu_take(struct edu *edu, struct uvfio_iova from, size_t size)
{
	return transfer(edu, from.addr, size, 0);
}

/**
 * edu_put() - let the device write memory from its own
 * @edu: from edu_start()
 * @to: I/O address
 * @size: bytes, up to EDU_MAX_TRANSFER
 *
 * The device does not notice when the IOMMU stops it.
 *
 * Return: 0 when the device says it is done, or a negative errno.
 */
int edu_put(struct edu *edu, struct uvfio_iova to, size_t size)
{
	return transfer(edu, to.addr, size, DMA_TO_MEMORY);
}
