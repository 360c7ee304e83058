/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A pair of NVMe queues. Sections are those of the NVM Express Base
 * Specification, revision 1.4.
 */
#ifndef _SAMPLES_NVME_QUEUE_H
#define _SAMPLES_NVME_QUEUE_H

#include <assert.h>

#include <uvfio.h>

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	      "queue entries are little endian");

/**
 * struct nvme_command - submission queue entry (4.2)
 * @opcode: what to do
 * @flags: 0: PRPs, not fused
 * @id: comes back in the completion
 * @nsid: namespace
 * @reserved: 0
 * @metadata: 0
 * @prp1: first page of the data (4.3)
 * @prp2: second page, or list of the pages after the first
 * @cdw: command dwords 10 to 15
 */
struct nvme_command {
	__u8 opcode;
	__u8 flags;
	__u16 id;
	__u32 nsid;
	__u64 reserved;
	__u64 metadata;
	__u64 prp1;
	__u64 prp2;
	__u32 cdw[6];
};

static_assert(sizeof(struct nvme_command) == 64, "size of an SQ entry");

/**
 * struct nvme_completion - completion queue entry (4.6)
 * @result: of some commands
 * @reserved: nothing
 * @sq_head: how far the controller has fetched
 * @sq_id: which submission queue
 * @id: of the command
 * @status: bit 0 phase tag, bits 1 and up status, 0 for success
 */
struct nvme_completion {
	__u32 result;
	__u32 reserved;
	__u16 sq_head;
	__u16 sq_id;
	__u16 id;
	__u16 status;
};

static_assert(sizeof(struct nvme_completion) == 16, "size of a CQ entry");

/* As many submissions as fit a page; completions take a quarter of one */
#define NVME_QUEUE_ENTRIES 64

/**
 * struct nvme_queue - a submission queue and its completion queue
 * @commands: NVME_QUEUE_ENTRIES of them, in a page of their own
 * @completions: as many, in a page of their own, zeroed
 * @tail_doorbell: register of the submission queue
 * @head_doorbell: register of the completion queue
 * @eventfd: fires at the interrupt of the completion queue
 * @tail: where the next command goes
 * @head: where the next completion comes
 * @phase: what its phase tag will be
 * @interrupts: how many came
 */
struct nvme_queue {
	struct nvme_command *commands;
	struct nvme_completion *completions;
	void *tail_doorbell;
	void *head_doorbell;
	int eventfd;
	unsigned int tail;
	unsigned int head;
	unsigned int phase;
	unsigned int interrupts;
};

void nvme_submit(struct nvme_queue *queue, const struct nvme_command *command);
int nvme_wait(struct nvme_queue *queue, struct nvme_completion *completion);

#endif /* _SAMPLES_NVME_QUEUE_H */
