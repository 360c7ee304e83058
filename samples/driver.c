// SPDX-License-Identifier: GPL-2.0
/*
 * The unprivileged half of the demonstration: it takes a domain and devices
 * from the launcher and drives them.
 *
 * Invariant: it opens nothing but what any user may open; all its power comes
 * with the descriptors.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "driver.h"
#include "proc.h"

#define MAX_FDS 9
#define DATA_SIZE (8U << 20)

static int take_descriptors(struct driver *driver)
{
	struct uvfio_named_fd fds[MAX_FDS];
	unsigned int count;
	int ret;

	ret = uvfio_inherited_fds(fds, MAX_FDS);
	if (ret < 0)
		return ret;
	driver->launcher = uvfio_find_fd(fds, (unsigned int)ret, "launcher");
	if (driver->launcher < 0)
		return driver->launcher;
	ret = uvfio_receive_fds(driver->launcher, fds, MAX_FDS);
	if (ret < 0)
		return ret;
	count = (unsigned int)ret;
	driver->domain = uvfio_find_fd(fds, count, "domain");
	driver->edu[0].device = uvfio_find_fd(fds, count, "edu0");
	driver->edu[1].device = uvfio_find_fd(fds, count, "edu1");
	driver->nvme_fd = uvfio_find_fd(fds, count, "nvme");
	driver->has_edu = driver->edu[0].device >= 0 &&
			  driver->edu[1].device >= 0;
	driver->has_nvme = driver->nvme_fd >= 0;
	driver->nr_devices = count - 1;
	driver->device = driver->has_edu ? driver->edu[0].device :
					   driver->nvme_fd;
	return driver->domain < 0 || driver->device < 0 ? -ENOENT : ret;
}

/* What came as a descriptor could not have been opened here */
static void try_to_open(int device)
{
	char link[64], node[64];
	ssize_t size;
	int fd;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", device);
	size = readlink(link, node, sizeof(node) - 1);
	node[size > 0 ? size : 0] = '\0';
	fd = open(node, O_RDWR | O_CLOEXEC);
	report_check(fd < 0 && errno == EACCES,
		     "driver: may not open %s by itself: %m", node);
}

static void say_who_we_are(struct driver *driver)
{
	long capabilities = proc_status("CapEff:", 16);
	long no_new_privs = proc_status("NoNewPrivs:", 10);
	struct rlimit limit;

	getrlimit(RLIMIT_MEMLOCK, &limit);
	driver->memlock = limit.rlim_cur;
	report_check(
		geteuid() && getuid() && !capabilities && no_new_privs == 1,
		"driver: runs as uid %u, capabilities %lx, no_new_privs %ld",
		geteuid(), capabilities, no_new_privs);
	report_check(!capabilities, "driver: may lock %zu KiB of memory",
		     driver->memlock >> 10);
	try_to_open(driver->device);
}

static size_t data_size(void)
{
	const char *text = getenv("NVME_SIZE");

	return text ? strtoul(text, NULL, 0) : DATA_SIZE;
}

/* One piece of memory, seen at two addresses of this process */
static int make_buffer(struct driver *driver)
{
	size_t size = NVME_MEMORY + data_size();
	int memory = memfd_create("demo", MFD_CLOEXEC);
	int ret = 0;

	if (memory < 0 || ftruncate(memory, (off_t)size))
		return -errno;
	driver->buffer.size = size;
	driver->buffer.vaddr =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	driver->view =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	if (driver->buffer.vaddr == MAP_FAILED || driver->view == MAP_FAILED)
		ret = -errno;
	close(memory);
	return ret;
}

/* Pinned and charged once, however many devices there are */
static bool check_counts(const struct driver *driver)
{
	struct uiommu_info info;
	int ret;

	report_note("this process has %ld KiB pinned",
		    proc_status("VmPin:", 10));
	ret = uvfio_domain_info(driver->domain, &info);
	if (!report_call(ret, UVFIO_CALL_QUERY, "asked the domain"))
		return false;
	return report_check(
		info.nr_maps == 1 && info.nr_devices == driver->nr_devices &&
			info.pinned * 4096 == driver->buffer.size,
		"%u devices, %llu mapping, %llu pages pinned, %u page tables in hardware",
		info.nr_devices, info.nr_maps, info.pinned, info.nr_hw_domains);
}

static bool map_buffer(struct driver *driver)
{
	struct uvfio_buffer *buffer = &driver->buffer;
	char text[128];
	int ret;

	ret = make_buffer(driver);
	if (ret)
		return report_check(false, "driver: no memory: %s",
				    strerror(-ret));
	buffer->iova = uvfio_iova(DRIVER_IOVA);
	driver->data = (struct uvfio_buffer){
		.vaddr = (char *)buffer->vaddr + NVME_MEMORY,
		.size = buffer->size - NVME_MEMORY,
		.iova = uvfio_iova_add(buffer->iova, NVME_MEMORY),
	};
	snprintf(text, sizeof(text),
		 "mapped one buffer of %zu KiB once, at I/O address 0x%llx",
		 buffer->size >> 10, buffer->iova.addr);
	ret = uvfio_map(driver->device, buffer, VFIO_FLAG_WRITE);
	return report_call(ret, UVFIO_CALL_MAP, text) && check_counts(driver);
}

static bool run_steps(struct driver *driver)
{
	report_step(2, "one buffer, mapped once, seen by all devices");
	if (!map_buffer(driver) || !copy_between_devices(driver))
		return false;
	report_step(3, "the NVMe disk driven from user space");
	if (!read_disk(driver))
		return false;
	report_step(4, "memory unmapped behind the devices' back");
	if (!unmap_behind_devices(driver))
		return false;
	report_step(5, "mistakes and what the errors mean");
	if (!make_mistakes(driver))
		return false;
	report_step(6, "everything given back");
	return give_back(driver);
}

int main(void)
{
	struct driver driver = { .launcher = -1 };
	int ret;

	report_begin();
	ret = take_descriptors(&driver);
	if (!report_call(ret, UVFIO_CALL_PASS,
			 "driver: got the descriptors from the launcher"))
		return 1;
	say_who_we_are(&driver);
	if (!run_steps(&driver))
		return 1;
	return report_failures() ? 1 : 0;
}
