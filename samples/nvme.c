// SPDX-License-Identifier: GPL-2.0
/*
 * An NVMe controller from reset to its I/O queues (NVM Express Base
 * Specification 1.4).
 *
 * Invariant: the controller is enabled only while all memory it was told of
 * is mapped for it; nvme_stop() disables it and waits until it has stopped.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "nvme.h"

#define REGS_SIZE 0x2000
#define PAGE 4096U

/* Registers (3.1) */
enum {
	REG_CAP = 0x00,
	REG_VS = 0x08,
	REG_CC = 0x14,
	REG_CSTS = 0x1c,
	REG_AQA = 0x24,
	REG_ASQ = 0x28,
	REG_ACQ = 0x30,
	REG_DOORBELLS = 0x1000,
};

/* Controller configuration (3.1.5) and status (3.1.6) */
enum {
	CC_ENABLE = 1 << 0,
	CC_SQ_ENTRIES = 6 << 16, /* 64 bytes */
	CC_CQ_ENTRIES = 4 << 20, /* 16 bytes */
	CSTS_READY = 1 << 0,
	CSTS_FATAL = 1 << 1,
};

/* Admin commands (5) */
enum {
	ADMIN_CREATE_SQ = 0x01,
	ADMIN_CREATE_CQ = 0x05,
	ADMIN_IDENTIFY = 0x06,
	ADMIN_SET_FEATURES = 0x09,
	IDENTIFY_NAMESPACE = 0x00,
	IDENTIFY_CONTROLLER = 0x01,
	FEATURE_NUMBER_OF_QUEUES = 0x07,
};

/* Pages of the driver's memory; lists of PRPs follow (nvme_read.c) */
enum {
	PAGE_ADMIN_SQ,
	PAGE_ADMIN_CQ,
	PAGE_IO_SQ,
	PAGE_IO_CQ,
	PAGE_IDENTIFY,
};

static char *page_at(const struct nvme *nvme, unsigned int page)
{
	return (char *)nvme->memory.vaddr + page * PAGE;
}

static __u64 page_iova(const struct nvme *nvme, unsigned int page)
{
	return uvfio_iova_add(nvme->memory.iova, page * PAGE).addr;
}

static __u64 capabilities(const struct nvme *nvme)
{
	return uvfio_read64(nvme->regs + REG_CAP);
}

/* Doorbells are 4 << CAP.DSTRD bytes apart (3.1.1) */
static void *doorbell(const struct nvme *nvme, unsigned int index)
{
	unsigned int stride = (capabilities(nvme) >> 32) & 0xf;

	return nvme->regs + REG_DOORBELLS + index * (4U << stride);
}

/* The controller obeys within CAP.TO half seconds (3.1.1) */
static int wait_until_ready(const struct nvme *nvme, bool ready)
{
	unsigned int left = ((capabilities(nvme) >> 24) & 0xff) * 500 + 500;
	const struct timespec pause = { .tv_nsec = 1000000 };
	__u32 status;

	while (left--) {
		status = uvfio_read32(nvme->regs + REG_CSTS);
		if (status == ~0U)
			return -ENODEV;
		if (status & CSTS_FATAL && ready)
			return -EIO;
		if (!!(status & CSTS_READY) == ready)
			return 0;
		nanosleep(&pause, NULL);
	}
	return -ETIMEDOUT;
}

static int disable(struct nvme *nvme)
{
	uvfio_write32(nvme->regs + REG_CC, 0);
	return wait_until_ready(nvme, false);
}

/* Initialization (7.6.1), steps 1 to 5 */
static int enable(struct nvme *nvme)
{
	__u32 entries = NVME_QUEUE_ENTRIES - 1;
	int ret;

	ret = disable(nvme);
	if (ret)
		return ret;
	uvfio_write32(nvme->regs + REG_AQA, entries << 16 | entries);
	uvfio_write64(nvme->regs + REG_ASQ, page_iova(nvme, PAGE_ADMIN_SQ));
	uvfio_write64(nvme->regs + REG_ACQ, page_iova(nvme, PAGE_ADMIN_CQ));
	uvfio_write32(nvme->regs + REG_CC,
		      CC_CQ_ENTRIES | CC_SQ_ENTRIES | CC_ENABLE);
	return wait_until_ready(nvme, true);
}

/* 4 KiB pages, our size of queue, doorbells in reach, or it is not for us */
static int check_capabilities(struct nvme *nvme)
{
	__u64 cap = capabilities(nvme);

	if (cap == ~0ULL)
		return -ENODEV;
	if ((cap >> 48) & 0xf || ((cap >> 32) & 0xf) > 8 ||
	    (cap & 0xffff) < NVME_QUEUE_ENTRIES - 1)
		return -EOPNOTSUPP;
	nvme->version = uvfio_read32(nvme->regs + REG_VS);
	return 0;
}

static void set_up_queue(struct nvme *nvme, struct nvme_queue *queue,
			 unsigned int id)
{
	queue->commands = (void *)page_at(nvme, PAGE_ADMIN_SQ + 2 * id);
	queue->completions = (void *)page_at(nvme, PAGE_ADMIN_CQ + 2 * id);
	queue->tail_doorbell = doorbell(nvme, 2 * id);
	queue->head_doorbell = doorbell(nvme, 2 * id + 1);
	queue->phase = 1;
}

/* Vector 0 for the admin queue, vector 1 for the I/O queue */
static int wire_interrupts(struct nvme *nvme)
{
	int eventfds[2];
	int ret;

	ret = uvfio_eventfd();
	if (ret < 0)
		return ret;
	nvme->admin.eventfd = ret;
	ret = uvfio_eventfd();
	if (ret < 0)
		return ret;
	nvme->io.eventfd = ret;
	eventfds[0] = nvme->admin.eventfd;
	eventfds[1] = nvme->io.eventfd;
	return uvfio_irq_msix(nvme->device, eventfds, 2);
}

static int bring_up(struct nvme *nvme)
{
	int ret;

	ret = check_capabilities(nvme);
	if (ret)
		return ret;
	memset(nvme->memory.vaddr, 0, NVME_MEMORY);
	set_up_queue(nvme, &nvme->admin, 0);
	set_up_queue(nvme, &nvme->io, 1);
	ret = wire_interrupts(nvme);
	return ret ? ret : enable(nvme);
}

/**
 * nvme_start() - reset and enable a controller
 * @nvme: what to fill in
 * @device: descriptor of a device that has its domain
 * @memory: NVME_MEMORY bytes, mapped writable
 *
 * Return: 0, or a negative errno; nvme_stop() is not needed then.
 */
int nvme_start(struct nvme *nvme, int device, const struct uvfio_buffer *memory)
{
	void *regs;
	int ret;

	*nvme = (struct nvme){
		.device = device,
		.memory = *memory,
		.admin.eventfd = -1,
		.io.eventfd = -1,
	};
	if (memory->size < NVME_MEMORY)
		return -EINVAL;
	ret = uvfio_set_bus_master(device, true);
	if (ret)
		return ret;
	ret = uvfio_region_mmap(device, uvfio_offset(0, 0), REGS_SIZE, &regs);
	if (ret)
		return ret;
	nvme->regs = regs;
	ret = bring_up(nvme);
	if (ret)
		nvme_stop(nvme);
	return ret;
}

static void close_if_open(int fd)
{
	if (fd >= 0)
		close(fd);
}

/**
 * nvme_stop() - disable a controller and give back what it used
 * @nvme: from nvme_start()
 */
void nvme_stop(struct nvme *nvme)
{
	disable(nvme);
	uvfio_irq_msix(nvme->device, NULL, 0);
	close_if_open(nvme->admin.eventfd);
	close_if_open(nvme->io.eventfd);
	munmap(nvme->regs, REGS_SIZE);
}

static int run_admin(struct nvme *nvme, const struct nvme_command *command)
{
	struct nvme_completion completion = { 0 };
	int ret;

	nvme_submit(&nvme->admin, command);
	ret = nvme_wait(&nvme->admin, &completion);
	nvme->status = completion.status >> 1;
	return ret;
}

static int run_identify(struct nvme *nvme, __u32 what, __u32 nsid)
{
	const struct nvme_command command = {
		.opcode = ADMIN_IDENTIFY,
		.nsid = nsid,
		.prp1 = page_iova(nvme, PAGE_IDENTIFY),
		.cdw = { what },
	};

	return run_admin(nvme, &command);
}

static void copy_text(char *text, const char *field, size_t size)
{
	memcpy(text, field, size);
	while (size && text[size - 1] == ' ')
		size--;
	text[size] = '\0';
}

/* Identify Controller data (5.15.2.2): serial, model, MDTS */
static void take_controller(struct nvme *nvme, const char *data)
{
	unsigned int mdts = (unsigned char)data[77];

	copy_text(nvme->serial, data + 4, sizeof(nvme->serial) - 1);
	copy_text(nvme->model, data + 24, sizeof(nvme->model) - 1);
	nvme->max_transfer = mdts && mdts < 16 ? PAGE << mdts : 1U << 31;
}

/* Identify Namespace data (5.15.2.1): NSZE, FLBAS, the LBA formats */
static int take_namespace(struct nvme *nvme, const char *data)
{
	unsigned int shift =
		(unsigned char)data[128 + 4 * (data[26] & 0xf) + 2];

	memcpy(&nvme->nr_blocks, data, sizeof(nvme->nr_blocks));
	if (!nvme->nr_blocks)
		return -ENODEV;
	if (shift < 9 || shift > 12)
		return -EOPNOTSUPP;
	nvme->block_size = 1U << shift;
	return 0;
}

/**
 * nvme_identify() - ask who the controller is and how large namespace 1 is
 * @nvme: from nvme_start()
 *
 * Return: 0, or a negative errno; -EIO: see &nvme.status.
 */
int nvme_identify(struct nvme *nvme)
{
	const char *data = page_at(nvme, PAGE_IDENTIFY);
	int ret;

	ret = run_identify(nvme, IDENTIFY_CONTROLLER, 0);
	if (ret)
		return ret;
	take_controller(nvme, data);
	ret = run_identify(nvme, IDENTIFY_NAMESPACE, 1);
	return ret ? ret : take_namespace(nvme, data);
}

/**
 * nvme_create_io_queues() - create the pair of I/O queues
 * @nvme: from nvme_start()
 *
 * Number of Queues (5.21.1.7), Create I/O Completion Queue (5.3) with its
 * interrupt, Create I/O Submission Queue (5.4), in this order (7.6.1).
 *
 * Return: 0, or a negative errno; -EIO: see &nvme.status.
 */
int nvme_create_io_queues(struct nvme *nvme)
{
	const __u32 size_and_id = (NVME_QUEUE_ENTRIES - 1) << 16 | 1;
	const __u32 contiguous = 1, with_interrupt = 2, vector = 1 << 16;
	const struct nvme_command commands[] = {
		{
			.opcode = ADMIN_SET_FEATURES,
			.cdw = { FEATURE_NUMBER_OF_QUEUES, 0 },
		},
		{
			.opcode = ADMIN_CREATE_CQ,
			.prp1 = page_iova(nvme, PAGE_IO_CQ),
			.cdw = { size_and_id,
				 vector | with_interrupt | contiguous },
		},
		{
			.opcode = ADMIN_CREATE_SQ,
			.prp1 = page_iova(nvme, PAGE_IO_SQ),
			.cdw = { size_and_id, 1 << 16 | contiguous },
		},
	};
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < sizeof(commands) / sizeof(*commands); i++)
		ret = run_admin(nvme, &commands[i]);
	return ret;
}
