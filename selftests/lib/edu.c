// SPDX-License-Identifier: GPL-2.0
/*
 * QEMU's edu device as a witness.
 *
 * Its buffer of 4 KiB cannot be reached by registers, only by DMA. Invariant:
 * after edu_attach() the first EDU_PROBE bytes of it hold EDU_PATTERN; what
 * it reads goes elsewhere in the buffer.
 */
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "call.h"
#include "device.h"
#include "edu.h"

#define DMA_SOURCE 0x80
#define DMA_TARGET 0x88
#define DMA_COUNT 0x90
#define DMA_COMMAND 0x98
#define DMA_RUN 0x1
#define DMA_TO_MEMORY 0x2

#define BUFFER 0x40000ULL
#define SPARE 2048 /* where in the buffer memory is read to */

static void put64(const struct edu *edu, unsigned int at, __u64 value)
{
	*(volatile __u64 *)(edu->regs + at) = value;
}

/**
 * edu_get() - read a register
 * @edu: device
 * @at: offset
 *
 * Return: its value.
 */
__u32 edu_get(const struct edu *edu, unsigned int at)
{
	return *(volatile __u32 *)(edu->regs + at);
}

/**
 * edu_put() - write a register
 * @edu: device
 * @at: offset
 * @value: what
 */
void edu_put(const struct edu *edu, unsigned int at, __u32 value)
{
	*(volatile __u32 *)(edu->regs + at) = value;
}

/**
 * edu_wait() - wait for the end of a transfer
 * @edu: device
 *
 * Return: 0, or -ETIMEDOUT.
 */
int edu_wait(const struct edu *edu)
{
	struct timespec nap = { .tv_nsec = 2000000 };
	int left = 2500;

	while (edu_get(edu, DMA_COMMAND) & DMA_RUN) {
		if (!left--)
			return -ETIMEDOUT;
		nanosleep(&nap, NULL);
	}
	return 0;
}

static void start(const struct edu *edu, __u64 from, __u64 to, bool to_memory)
{
	put64(edu, DMA_SOURCE, from);
	put64(edu, DMA_TARGET, to);
	put64(edu, DMA_COUNT, EDU_PROBE);
	put64(edu, DMA_COMMAND, DMA_RUN | (to_memory ? DMA_TO_MEMORY : 0));
}

static int load(const struct edu *edu, __u64 iova, unsigned int at)
{
	start(edu, iova, BUFFER + at, false);
	return edu_wait(edu);
}

static int store(const struct edu *edu, unsigned int at, __u64 iova)
{
	start(edu, BUFFER + at, iova, true);
	return edu_wait(edu);
}

/**
 * edu_store_start() - begin writing EDU_PATTERN to memory
 * @edu: device
 * @iova: where
 *
 * edu_wait() waits for the end.
 */
void edu_store_start(const struct edu *edu, __u64 iova)
{
	start(edu, BUFFER, iova, true);
}

static int count(const __u8 *bytes, __u8 byte)
{
	int i, n = 0;

	for (i = 0; i < EDU_PROBE; i++)
		n += bytes[i] == byte;
	return n;
}

/**
 * edu_arrives() - does a write of the device arrive in memory?
 * @edu: device
 * @iova: where the device writes
 * @view: where its writing should be seen
 *
 * Return: 1 if all of it arrived, 0 if nothing, or a negative errno.
 */
int edu_arrives(const struct edu *edu, __u64 iova, void *view)
{
	int err, n;

	memset(view, 0, EDU_PROBE);
	err = store(edu, 0, iova);
	if (err)
		return err;
	n = count(view, EDU_PATTERN);
	if (n == EDU_PROBE)
		return 1;
	return n || count(view, 0) != EDU_PROBE ? -EIO : 0;
}

/**
 * edu_sees() - does the device read this from memory?
 * @edu: device
 * @iova: where the device reads
 * @byte: what every byte should be
 *
 * Return: 1 if all bytes are, 0 if none, or a negative errno.
 */
int edu_sees(const struct edu *edu, __u64 iova, __u8 byte)
{
	int err, n;

	memset(edu->scratch, ~byte, EDU_PROBE);
	err = load(edu, iova, SPARE);
	if (!err)
		err = store(edu, SPARE, edu->scratch_iova);
	if (err)
		return err;
	n = count(edu->scratch, byte);
	return n == EDU_PROBE ? 1 : n ? -EIO : 0;
}

/**
 * edu_open() - open an edu device
 * @edu: out
 * @env: name of the variable that holds its address
 *
 * Return: 0, or a negative errno.
 */
int edu_open(struct edu *edu, const char *env)
{
	memset(edu, 0, sizeof(*edu));
	edu->bdf = device_bdf(env);
	edu->fd = device_open(env);
	return edu->fd < 0 ? edu->fd : 0;
}

static int prepare(struct edu *edu)
{
	static unsigned int nr;
	int err;

	edu->scratch_iova = EDU_SCRATCH + nr++ * PAGE;
	edu->scratch = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (edu->scratch == MAP_FAILED)
		return -errno;
	err = device_map(edu->fd, edu->scratch, edu->scratch_iova, PAGE,
			 VFIO_FLAG_WRITE);
	if (err)
		return err;
	memset(edu->scratch, EDU_PATTERN, EDU_PROBE);
	return load(edu, edu->scratch_iova, 0);
}

/**
 * edu_attach() - attach to a domain and make ready for DMA
 * @edu: opened device
 * @domain: descriptor of the domain
 *
 * Maps one page of its own through the device's descriptor.
 *
 * Return: 0, or a negative errno.
 */
int edu_attach(struct edu *edu, int domain)
{
	int err = device_set(edu->fd, domain);

	if (err)
		return err;
	err = device_command_write(edu->fd, COMMAND_MEMORY | COMMAND_MASTER);
	if (err)
		return err;
	edu->regs = mmap(NULL, EDU_BAR_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			 edu->fd, REGION(0, 0));
	if (edu->regs == MAP_FAILED) {
		edu->regs = NULL;
		return -errno;
	}
	return prepare(edu);
}

static void forget(struct edu *edu)
{
	if (edu->regs)
		munmap((void *)edu->regs, EDU_BAR_SIZE);
	if (edu->scratch)
		munmap(edu->scratch, PAGE);
	edu->regs = NULL;
	edu->scratch = NULL;
}

/**
 * edu_detach() - give back what edu_attach() took
 * @edu: device
 *
 * Return: 0, or a negative errno.
 */
int edu_detach(struct edu *edu)
{
	int err = device_unmap(edu->fd, edu->scratch_iova, PAGE);

	forget(edu);
	return err ? err : call(edu->fd, VFIO_DOMAIN_UNSET, NULL);
}

/**
 * edu_close() - close, whatever its state
 * @edu: device
 */
void edu_close(struct edu *edu)
{
	forget(edu);
	if (edu->fd >= 0)
		close(edu->fd);
	edu->fd = -1;
}
