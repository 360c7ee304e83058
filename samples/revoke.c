// SPDX-License-Identifier: GPL-2.0
/*
 * Step 4: munmap() takes memory away from the devices that were using it.
 *
 * Invariant: the memory itself stays, seen through another address, so that
 * a write which still arrived would be noticed.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "driver.h"
#include "proc.h"

#define MARK_BEFORE 0x11
#define MARK_AFTER 0x22
#define SECRET 0x33
#define PAGE 4096

/* Pages of the data part, and what they are for */
enum {
	TARGET, /* a device writes here, before and after */
	ZEROS, /* a device's own memory is emptied with this */
	MARKS, /* what the device shall write after */
	SECRETS, /* a device reads here after */
	USED_PAGES,
};

static struct uvfio_iova iova_of(const struct driver *driver, unsigned int page)
{
	return uvfio_iova_add(driver->data.iova, page * PAGE);
}

static char *view_of(const struct driver *driver, unsigned int page)
{
	return driver->view + NVME_MEMORY + page * PAGE;
}

static bool is_filled(const char *memory, char with)
{
	size_t i;

	for (i = 0; i < EDU_MAX_TRANSFER; i++)
		if (memory[i] != with)
			return false;
	return true;
}

/* Before: the write arrives. Then each device is loaded for what follows. */
static bool prepare(struct driver *driver)
{
	int ret;

	memset(view_of(driver, TARGET), 0, PAGE);
	memset(view_of(driver, ZEROS), 0, PAGE);
	memset(view_of(driver, MARKS), MARK_BEFORE, PAGE);
	memset(view_of(driver, SECRETS), SECRET, PAGE);
	ret = edu_take(&driver->edu[1], iova_of(driver, MARKS),
		       EDU_MAX_TRANSFER);
	if (!ret)
		ret = edu_put(&driver->edu[1], iova_of(driver, TARGET),
			      EDU_MAX_TRANSFER);
	if (!report_check(!ret && is_filled(view_of(driver, TARGET),
					    MARK_BEFORE),
			  "before: edu 1 writes at 0x%llx, and it arrives",
			  iova_of(driver, TARGET).addr))
		return false;
	memset(view_of(driver, MARKS), MARK_AFTER, PAGE);
	ret = edu_take(&driver->edu[1], iova_of(driver, MARKS),
		       EDU_MAX_TRANSFER);
	if (!ret)
		ret = edu_take(&driver->edu[0], iova_of(driver, ZEROS),
			       EDU_MAX_TRANSFER);
	return report_call(ret, UVFIO_CALL_IRQ, "both devices are ready");
}

/* The kernel's log is not ours to read: the launcher does */
static bool is_reported(struct driver *driver, const char *device,
			struct uvfio_iova iova)
{
	char text[600];
	ssize_t size;

	snprintf(text, sizeof(text), "fault %s 0x%llx", device, iova.addr);
	if (send(driver->launcher, text, strlen(text), MSG_NOSIGNAL) < 0)
		return report_check(false, "the launcher has gone: %m");
	size = recv(driver->launcher, text, sizeof(text) - 1, 0);
	text[size > 0 ? size : 0] = '\0';
	if (!report_check(!strncmp(text, "seen ", 5),
			  "the IOMMU reports %s at 0x%llx:", device, iova.addr))
		return false;
	report_note("%s", text + 5);
	return true;
}

static bool try_write(struct driver *driver)
{
	int ret = edu_put(&driver->edu[1], iova_of(driver, TARGET),
			  EDU_MAX_TRANSFER);

	if (!report_call(ret, UVFIO_CALL_IRQ, "edu 1 writes there once more"))
		return false;
	return report_check(is_filled(view_of(driver, TARGET), MARK_BEFORE),
			    "it does not arrive: the memory is unchanged") &&
	       is_reported(driver, "edu1", iova_of(driver, TARGET));
}

/* What edu 0 has got is seen only when it writes that to a page of ours */
static bool show_what_was_read(struct driver *driver)
{
	struct uvfio_buffer page = {
		.size = PAGE,
		.iova = driver->buffer.iova,
	};
	bool good;
	int ret;

	page.vaddr = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page.vaddr == MAP_FAILED)
		return report_check(false, "no memory: %m");
	ret = uvfio_map(driver->device, &page, VFIO_FLAG_WRITE);
	if (!report_call(ret, UVFIO_CALL_MAP, "the I/O address is free again"))
		return false;
	ret = edu_put(&driver->edu[0], page.iova, EDU_MAX_TRANSFER);
	good = report_check(!ret && !memchr(page.vaddr, SECRET, PAGE),
			    "edu 0 has got nothing of it");
	ret = uvfio_unmap(driver->device, page.iova, page.size);
	munmap(page.vaddr, PAGE);
	return good && report_call(ret, UVFIO_CALL_UNMAP, "unmapped in order");
}

static bool try_read(struct driver *driver)
{
	int ret = edu_take(&driver->edu[0], iova_of(driver, SECRETS),
			   EDU_MAX_TRANSFER);

	return report_call(ret, UVFIO_CALL_IRQ, "edu 0 tries to read there") &&
	       is_reported(driver, "edu0", iova_of(driver, SECRETS)) &&
	       show_what_was_read(driver);
}

/* The owner is told which mapping has ended */
static bool learn_of_it(const struct driver *driver)
{
	struct pollfd poll_fd = { .fd = driver->domain, .events = POLLIN };
	struct uiommu_revoked_range range = { 0 };
	bool overflow = false;
	__u32 count = 1;
	int ret;

	poll(&poll_fd, 1, 5000);
	ret = uvfio_domain_revoked(driver->domain, &range, &count, &overflow);
	if (!report_call(ret, UVFIO_CALL_QUERY, "asked what was revoked"))
		return false;
	return report_check(count == 1 && !overflow &&
				    range.iova == driver->buffer.iova.addr &&
				    range.size == driver->buffer.size,
			    "the domain tells of %llu KiB at 0x%llx",
			    range.size >> 10, range.iova);
}

/* Given back in the background, within 100 ms */
static bool wait_until_unpinned(void)
{
	unsigned int tries;

	for (tries = 0; tries < 100 && proc_status("VmPin:", 10); tries++)
		usleep(10000);
	return report_check(!proc_status("VmPin:", 10),
			    "pinned: %ld KiB in this process",
			    proc_status("VmPin:", 10));
}

/**
 * unmap_behind_devices() - step 4
 * @driver: with its buffer mapped; it is not any more afterwards
 *
 * Return: whether to go on.
 */
bool unmap_behind_devices(struct driver *driver)
{
	if (driver->has_edu && !prepare(driver))
		return false;
	if (munmap(driver->buffer.vaddr, driver->buffer.size))
		return report_check(false, "munmap: %m");
	report_note("munmap() of the whole buffer; no device was told");
	if (driver->has_edu && (!try_write(driver) || !try_read(driver)))
		return false;
	return learn_of_it(driver) && wait_until_unpinned();
}
