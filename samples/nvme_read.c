// SPDX-License-Identifier: GPL-2.0
/*
 * Reading from namespace 1 of an NVMe controller into one buffer, several
 * commands at a time (NVM Express Base Specification 1.4, 4.3 PRP lists, 6.9
 * Read).
 *
 * Invariant: each command under way has a slot, and the slot's PRP list is not
 * touched until that command has completed.
 */
#include <errno.h>

#include "nvme.h"

#define PAGE 4096
#define FIRST_LIST_PAGE 5
#define MAX_CHUNK (128 * 1024)
#define COMMAND_READ 0x02

static_assert((FIRST_LIST_PAGE + NVME_WINDOW) * PAGE <= NVME_MEMORY,
	      "room for the PRP lists");
static_assert(MAX_CHUNK / PAGE - 1 <= PAGE / 8, "a list is one page");

/**
 * struct reading - a read of many commands
 * @nvme: the controller
 * @next: I/O address for the next command
 * @left: bytes not yet asked for
 * @block: the next logical block
 * @busy: bit mask of slots under way
 */
struct reading {
	struct nvme *nvme;
	struct uvfio_iova next;
	size_t left;
	__u64 block;
	unsigned int busy;
};

static __u32 chunk_size(const struct reading *reading)
{
	__u32 most = reading->nvme->max_transfer;

	if (most > MAX_CHUNK)
		most = MAX_CHUNK;
	return reading->left < most ? (__u32)reading->left : most;
}

/* PRP 2 (4.3): nothing, the second page, or a list of all but the first */
static __u64 second_prp(const struct reading *reading, unsigned int slot,
			__u32 size)
{
	size_t offset = (size_t)(FIRST_LIST_PAGE + slot) * PAGE;
	const struct uvfio_buffer *memory = &reading->nvme->memory;
	__u64 *list = (__u64 *)((char *)memory->vaddr + offset);
	__u64 page = reading->next.addr + PAGE;
	__u64 end = reading->next.addr + size;

	if (size <= PAGE)
		return 0;
	if (size <= 2 * PAGE)
		return page;
	for (; page < end; page += PAGE)
		*list++ = page;
	return uvfio_iova_add(memory->iova, offset).addr;
}

static void submit_next(struct reading *reading, unsigned int slot)
{
	__u32 size = chunk_size(reading);
	__u32 blocks = size / reading->nvme->block_size;
	const struct nvme_command command = {
		.opcode = COMMAND_READ,
		.id = (__u16)slot,
		.nsid = 1,
		.prp1 = reading->next.addr,
		.prp2 = second_prp(reading, slot, size),
		.cdw = { (__u32)reading->block, (__u32)(reading->block >> 32),
			 blocks - 1 },
	};

	nvme_submit(&reading->nvme->io, &command);
	reading->busy |= 1U << slot;
	reading->next = uvfio_iova_add(reading->next, size);
	reading->block += blocks;
	reading->left -= size;
}

static void fill_window(struct reading *reading)
{
	unsigned int slot;

	for (slot = 0; slot < NVME_WINDOW && reading->left; slot++)
		if (!(reading->busy & (1U << slot)))
			submit_next(reading, slot);
}

static int finish_one(struct reading *reading)
{
	struct nvme_completion completion = { 0 };
	int ret = nvme_wait(&reading->nvme->io, &completion);

	reading->nvme->status = completion.status >> 1;
	if (!ret && completion.id >= NVME_WINDOW)
		ret = -EPROTO;
	if (!ret)
		reading->busy &= ~(1U << completion.id);
	return ret;
}

/**
 * nvme_read() - read from block 0 on
 * @nvme: with its I/O queues and identified
 * @into: mapped writable; as many bytes as it has, whole blocks
 *
 * After an error commands may still be under way: nvme_stop() ends them.
 *
 * Return: 0, or a negative errno; -EIO: see &nvme.status.
 */
int nvme_read(struct nvme *nvme, const struct uvfio_buffer *into)
{
	struct reading reading = {
		.nvme = nvme,
		.next = into->iova,
		.left = into->size,
	};
	int ret = 0;

	if (into->iova.addr % PAGE || into->size % nvme->block_size ||
	    into->size / nvme->block_size > nvme->nr_blocks)
		return -EINVAL;
	while (!ret && (reading.left || reading.busy)) {
		fill_window(&reading);
		ret = finish_one(&reading);
	}
	return ret;
}
