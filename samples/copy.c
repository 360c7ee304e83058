// SPDX-License-Identifier: GPL-2.0
/*
 * Step 2: two devices copy through one buffer by the same I/O address.
 *
 * Invariant: the content is compared with what nobody but the first device
 * and the buffer held before.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "driver.h"

#define PIECES 4
#define PIECE_DISTANCE (64 * 1024 + 4096)

/*
 * From the buffer through edu 0 to another place, from there through edu 1
 * back to the I/O address that edu 0 has read.
 */
static int copy_piece(struct driver *driver, struct uvfio_iova at)
{
	struct uvfio_iova aside = uvfio_iova_add(at, 8192);
	char *memory = (char *)driver->buffer.vaddr +
		       (at.addr - driver->buffer.iova.addr);
	int ret;

	ret = edu_take(&driver->edu[0], at, EDU_MAX_TRANSFER);
	if (!ret)
		ret = edu_put(&driver->edu[0], aside, EDU_MAX_TRANSFER);
	if (!ret)
		ret = edu_take(&driver->edu[1], aside, EDU_MAX_TRANSFER);
	memset(memory, 0, EDU_MAX_TRANSFER);
	memset(memory + 8192, 0, EDU_MAX_TRANSFER);
	if (!ret)
		ret = edu_put(&driver->edu[1], at, EDU_MAX_TRANSFER);
	return ret;
}

static bool check_piece(struct driver *driver, unsigned int which)
{
	size_t offset = which * PIECE_DISTANCE;
	struct uvfio_iova at = uvfio_iova_add(driver->data.iova, offset);
	char *memory = (char *)driver->data.vaddr + offset;
	char secret[EDU_MAX_TRANSFER];
	char text[128];
	int ret;

	if (getrandom(secret, sizeof(secret), 0) != sizeof(secret))
		return report_check(false, "no random bytes: %m");
	memcpy(memory, secret, sizeof(secret));
	ret = copy_piece(driver, at);
	if (!report_call(ret, UVFIO_CALL_IRQ,
			 "edu 0 and edu 1 finished, by interrupt"))
		return false;
	snprintf(text, sizeof(text),
		 "edu 0 read %u bytes at 0x%llx, edu 1 wrote them back there",
		 EDU_MAX_TRANSFER, at.addr);
	return report_check(!memcmp(memory, secret, sizeof(secret)),
			    "%s: equal", text);
}

static bool start_edu(struct driver *driver, unsigned int which)
{
	struct edu *edu = &driver->edu[which];
	char text[64];
	int ret;

	snprintf(text, sizeof(text), "edu %u is up, its MSI on an eventfd",
		 which);
	ret = edu_start(edu, edu->device);
	if (!report_call(ret, UVFIO_CALL_REGION, text))
		return false;
	return report_call(edu_raise(edu, 1), UVFIO_CALL_IRQ,
			   "it interrupts when asked to");
}

/**
 * copy_between_devices() - step 2
 * @driver: with its buffer mapped
 *
 * Return: whether to go on.
 */
bool copy_between_devices(struct driver *driver)
{
	unsigned int i;

	if (!driver->has_edu) {
		report_note("no edu0 and edu1 were given: left out");
		return true;
	}
	for (i = 0; i < 2; i++)
		if (!start_edu(driver, i))
			return false;
	for (i = 0; i < PIECES; i++)
		if (!check_piece(driver, i))
			return false;
	report_note("interrupts served: edu 0 %u, edu 1 %u",
		    driver->edu[0].interrupts, driver->edu[1].interrupts);
	return true;
}
