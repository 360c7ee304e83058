// SPDX-License-Identifier: GPL-2.0
/*
 * Step 3: the disk is read by our own driver into the same buffer.
 *
 * Invariant: the controller is off again before this step ends, whatever came.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <nettle/sha2.h>

#include "driver.h"

static void hash(const struct uvfio_buffer *data, char *hex)
{
	unsigned char digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx context;
	unsigned int i;

	sha256_init(&context);
	sha256_update(&context, data->size, data->vaddr);
	sha256_digest(&context, sizeof(digest), digest);
	for (i = 0; i < sizeof(digest); i++)
		sprintf(hex + 2 * i, "%02x", digest[i]);
}

static bool compare_hash(const struct driver *driver)
{
	const char *outside = getenv("NVME_SHA256");
	char inside[2 * SHA256_DIGEST_SIZE + 1];

	hash(&driver->data, inside);
	report_note("SHA-256 of what was read:   %s", inside);
	if (!outside) {
		report_note("NVME_SHA256 is not set: nothing to compare with");
		return true;
	}
	report_note("SHA-256 made outside:       %s", outside);
	return report_check(!strcmp(inside, outside), "they are equal");
}

static bool bring_up(struct nvme *nvme)
{
	int ret;

	ret = nvme_identify(nvme);
	if (!report_call(ret, UVFIO_CALL_IRQ,
			 "admin queue works, by MSI-X vector 0: identified"))
		return false;
	report_note("%s, serial %s, NVMe %u.%u, %llu blocks of %u bytes",
		    nvme->model, nvme->serial, nvme->version >> 16,
		    (nvme->version >> 8) & 0xff, nvme->nr_blocks,
		    nvme->block_size);
	ret = nvme_create_io_queues(nvme);
	return report_call(ret, UVFIO_CALL_IRQ,
			   "one pair of I/O queues, on MSI-X vector 1");
}

static long milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool read_all(struct driver *driver)
{
	struct nvme *nvme = &driver->nvme;
	long began = milliseconds();
	char text[128];
	int ret;

	memset(driver->data.vaddr, 0, driver->data.size);
	ret = nvme_read(nvme, &driver->data);
	snprintf(text, sizeof(text),
		 "read %zu KiB into the same buffer: %u interrupts, %ld ms",
		 driver->data.size >> 10, nvme->io.interrupts,
		 milliseconds() - began);
	return report_call(ret, UVFIO_CALL_IRQ, text) &&
	       report_check(nvme->io.interrupts, "by interrupt, not by luck") &&
	       compare_hash(driver);
}

/**
 * read_disk() - step 3
 * @driver: with its buffer mapped
 *
 * Return: whether to go on.
 */
bool read_disk(struct driver *driver)
{
	bool good;
	int ret;

	if (!driver->has_nvme) {
		report_note("no nvme was given: left out");
		return true;
	}
	ret = nvme_start(&driver->nvme, driver->nvme_fd, &driver->buffer);
	if (!report_call(ret, UVFIO_CALL_REGION,
			 "controller reset and enabled, queues in the buffer"))
		return false;
	good = bring_up(&driver->nvme) && read_all(driver);
	nvme_stop(&driver->nvme);
	return good;
}
