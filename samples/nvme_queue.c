// SPDX-License-Identifier: GPL-2.0
/*
 * A pair of NVMe queues: entries in memory, doorbells in the device (NVM
 * Express Base Specification 1.4, 4.1 to 4.6).
 *
 * Invariant: an entry is written whole before the doorbell that shows it, and
 * read only after its phase tag has turned.
 */
#include <errno.h>
#include <string.h>

#include "nvme_queue.h"

#define NVME_TIMEOUT_MS 10000

/**
 * nvme_submit() - give a command to the controller
 * @queue: where; the caller keeps fewer than NVME_QUEUE_ENTRIES under way
 * @command: what
 */
void nvme_submit(struct nvme_queue *queue, const struct nvme_command *command)
{
	memcpy(&queue->commands[queue->tail], command, sizeof(*command));
	queue->tail = (queue->tail + 1) % NVME_QUEUE_ENTRIES;
	uvfio_write32(queue->tail_doorbell, queue->tail);
}

/* Has the controller written the next completion? (4.6.2, phase tag) */
static bool is_ready(const struct nvme_queue *queue)
{
	const __u16 *status = &queue->completions[queue->head].status;

	return (__atomic_load_n(status, __ATOMIC_ACQUIRE) & 1) == queue->phase;
}

static void take(struct nvme_queue *queue, struct nvme_completion *completion)
{
	*completion = queue->completions[queue->head];
	queue->head = (queue->head + 1) % NVME_QUEUE_ENTRIES;
	if (!queue->head)
		queue->phase = !queue->phase;
	uvfio_write32(queue->head_doorbell, queue->head);
}

/**
 * nvme_wait() - wait for the next completion
 * @queue: where a command is under way
 * @completion: where it goes
 *
 * Return: 0; -ETIMEDOUT; -EIO: the command failed, see its status; another
 * negative errno.
 */
int nvme_wait(struct nvme_queue *queue, struct nvme_completion *completion)
{
	int ret;

	while (!is_ready(queue)) {
		ret = uvfio_eventfd_wait(queue->eventfd, NVME_TIMEOUT_MS);
		if (ret < 0)
			return ret;
		queue->interrupts += (unsigned int)ret;
	}
	take(queue, completion);
	return completion->status >> 1 ? -EIO : 0;
}
