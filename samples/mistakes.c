// SPDX-License-Identifier: GPL-2.0
/*
 * Step 5: calls that must fail, each with its errno and what that means.
 *
 * Invariant: nothing is mapped afterwards that was not before.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "driver.h"

#define PAGE 4096
#define INTERRUPTS 0xfee00000ULL

static bool expect(int ret, int error, enum uvfio_call call, const char *what)
{
	if (!report_check(ret == -error, "%s: %s", what,
			  ret < 0 ? uvfio_errno_name(ret) : "it was accepted"))
		return false;
	report_note("%s", uvfio_explain(call, ret));
	return true;
}

static int try_map(const struct driver *driver, struct uvfio_buffer *page,
		   __u64 iova)
{
	struct uvfio_buffer buffer = *page;

	buffer.iova = uvfio_iova(iova);
	return uvfio_map(driver->device, &buffer, VFIO_FLAG_WRITE);
}

static bool exceed_quota(const struct driver *driver)
{
	size_t size = (driver->memlock + (4 << 20)) & ~(size_t)(PAGE - 1);
	struct uvfio_buffer big = { .size = size };
	char text[128];
	int ret;

	big.vaddr = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (big.vaddr == MAP_FAILED)
		return report_check(false, "no memory: %m");
	ret = try_map(driver, &big, DRIVER_IOVA);
	munmap(big.vaddr, size);
	snprintf(text, sizeof(text), "mapping %zu KiB where %zu may be locked",
		 size >> 10, driver->memlock >> 10);
	return expect(ret, ENOMEM, UVFIO_CALL_MAP, text);
}

static bool overlap(const struct driver *driver, struct uvfio_buffer *page)
{
	int ret;

	page->iova = uvfio_iova(DRIVER_IOVA);
	ret = uvfio_map(driver->device, page, VFIO_FLAG_WRITE);
	if (!report_call(ret, UVFIO_CALL_MAP, "one page mapped in order"))
		return false;
	if (!expect(try_map(driver, page, DRIVER_IOVA), EBUSY, UVFIO_CALL_MAP,
		    "mapping over it"))
		return false;
	ret = uvfio_unmap(driver->device, page->iova, PAGE);
	return report_call(ret, UVFIO_CALL_UNMAP,
			   "that page unmapped in order") &&
	       expect(uvfio_unmap(driver->device, page->iova, PAGE), ENXIO,
		      UVFIO_CALL_UNMAP, "unmapping it a second time");
}

static bool take_null_for_domain(const struct driver *driver)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int ret = uvfio_attach(driver->device, null);

	close(null);
	return expect(ret, EINVAL, UVFIO_CALL_ATTACH,
		      "attaching to /dev/null as the domain");
}

/**
 * make_mistakes() - step 5
 * @driver: with nothing mapped
 *
 * Return: whether to go on.
 */
bool make_mistakes(struct driver *driver)
{
	struct uvfio_buffer page = { .size = PAGE };
	bool good;

	page.vaddr = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page.vaddr == MAP_FAILED)
		return report_check(false, "no memory: %m");
	good = exceed_quota(driver) && overlap(driver, &page) &&
	       expect(try_map(driver, &page, INTERRUPTS), EINVAL,
		      UVFIO_CALL_MAP, "mapping inside the interrupt window") &&
	       take_null_for_domain(driver);
	munmap(page.vaddr, PAGE);
	return good &&
	       expect(try_map(driver, &page, DRIVER_IOVA), EFAULT,
		      UVFIO_CALL_MAP, "mapping memory that is not there");
}
