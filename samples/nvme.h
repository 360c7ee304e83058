/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A small NVMe driver in user space: one controller, its admin queue, one
 * pair of I/O queues, MSI-X, reads. Sections are those of the NVM Express
 * Base Specification, revision 1.4.
 */
#ifndef _SAMPLES_NVME_H
#define _SAMPLES_NVME_H

#include "nvme_queue.h"

/* Memory that the driver itself needs, mapped for the device */
#define NVME_MEMORY (16 * 4096)

/* Reads under way at once */
#define NVME_WINDOW 8

/**
 * struct nvme - a controller in use
 * @device: its descriptor, the caller's
 * @regs: registers and the first doorbells
 * @memory: NVME_MEMORY bytes for queues and PRP lists
 * @admin: queue 0
 * @io: queue 1
 * @version: of the specification it follows: major, minor, tertiary
 * @model: as it tells
 * @serial: as it tells
 * @max_transfer: bytes that one command may move
 * @block_size: bytes of a logical block
 * @nr_blocks: how many there are in namespace 1
 * @status: of the last command that failed
 */
struct nvme {
	int device;
	char *regs;
	struct uvfio_buffer memory;
	struct nvme_queue admin;
	struct nvme_queue io;
	__u32 version;
	char model[41];
	char serial[21];
	__u32 max_transfer;
	__u32 block_size;
	__u64 nr_blocks;
	unsigned int status;
};

int nvme_start(struct nvme *nvme, int device,
	       const struct uvfio_buffer *memory);
void nvme_stop(struct nvme *nvme);
int nvme_identify(struct nvme *nvme);
int nvme_create_io_queues(struct nvme *nvme);
int nvme_read(struct nvme *nvme, const struct uvfio_buffer *into);

#endif /* _SAMPLES_NVME_H */
