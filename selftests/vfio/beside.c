// SPDX-License-Identifier: GPL-2.0
/*
 * Beside the kernel's own VFIO, in one kernel and one process, with both
 * headers. Invariant: each has its devices, and neither notices the other.
 */
#include <fcntl.h>
#include <linux/vfio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/edu.h"
#include "../lib/memory.h"

#define IOVA 0x50000000ULL

/* A device under the kernel's vfio-pci and type1 */
struct kernel_device {
	int container;
	int group;
	struct edu edu;
};

FIXTURE(beside)
{
	struct edu ours;
	struct kernel_device theirs;
	int domain;
	__u8 *buf;
};

static int open_group(const char *bdf)
{
	char link[128], target[256], path[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/sys/bus/pci/devices/%s/iommu_group",
		 bdf);
	n = readlink(link, target, sizeof(target) - 1);
	if (n < 0)
		return -errno;
	target[n] = 0;
	snprintf(path, sizeof(path), "/dev/vfio/%s", strrchr(target, '/') + 1);
	n = open(path, O_RDWR | O_CLOEXEC);
	return n < 0 ? -errno : n;
}

static int join_container(struct kernel_device *k, const char *bdf)
{
	k->container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	k->group = open_group(bdf);
	if (k->container < 0 || k->group < 0)
		return -ENOENT;
	if (ioctl(k->group, VFIO_GROUP_SET_CONTAINER, &k->container) ||
	    ioctl(k->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return -errno;
	k->edu.fd = ioctl(k->group, VFIO_GROUP_GET_DEVICE_FD, bdf);
	return k->edu.fd < 0 ? -errno : 0;
}

static __u64 region_at(int fd, __u32 index)
{
	struct vfio_region_info info = {
		.argsz = sizeof(info),
		.index = index,
	};

	return ioctl(fd, VFIO_DEVICE_GET_REGION_INFO, &info) ? ~0ULL :
							       info.offset;
}

static int enable(struct kernel_device *k)
{
	__u64 config = region_at(k->edu.fd, VFIO_PCI_CONFIG_REGION_INDEX);
	__u16 command = COMMAND_MEMORY | COMMAND_MASTER;

	if (pwrite(k->edu.fd, &command, 2, config + COMMAND) != 2)
		return -errno;
	k->edu.regs = mmap(NULL, EDU_BAR_SIZE, PROT_READ | PROT_WRITE,
			   MAP_SHARED, k->edu.fd,
			   region_at(k->edu.fd, VFIO_PCI_BAR0_REGION_INDEX));
	return k->edu.regs == MAP_FAILED ? -errno : 0;
}

FIXTURE_SETUP(beside)
{
	const char *bdf = device_bdf("EDU2");

	if (!device_bdf("EDU0") || !bdf)
		SKIP(return, "EDU0 or EDU2 is not set");
	self->domain = domain_open();
	self->buf = memory_anon(2 * PAGE);
	ASSERT_EQ(0, device_bind(bdf, "vfio-pci"))
	TH_LOG("this test needs vfio-pci and vfio_iommu_type1");
	ASSERT_EQ(0, join_container(&self->theirs, bdf));
	ASSERT_EQ(0, enable(&self->theirs));
	ASSERT_EQ(0, edu_open(&self->ours, "EDU0"));
	ASSERT_EQ(0, edu_attach(&self->ours, self->domain));
}

FIXTURE_TEARDOWN(beside)
{
	edu_close(&self->ours);
	edu_close(&self->theirs.edu);
	close(self->theirs.group);
	close(self->theirs.container);
	device_bind(device_bdf("EDU2"), "vfio");
}

TEST_F(beside, both_do_dma_at_one_address_each_in_its_own_space)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (unsigned long)self->buf,
		.iova = IOVA,
		.size = PAGE,
	};

	ASSERT_EQ(0, ioctl(self->theirs.container, VFIO_IOMMU_MAP_DMA, &map));
	ASSERT_EQ(0,
		  domain_map(self->domain, self->buf + PAGE, IOVA, PAGE, true));
	EXPECT_EQ(1, edu_arrives(&self->ours, IOVA, self->buf + PAGE));
	EXPECT_EQ(0, self->buf[0]);
	memset(self->buf + PAGE, 0, PAGE);
	memset(self->buf, 0x44, PAGE);
	/* their device's buffer holds nothing: zeroes arrive over 0x44 */
	edu_store_start(&self->theirs.edu, IOVA);
	ASSERT_EQ(0, edu_wait(&self->theirs.edu));
	EXPECT_NE(0x44, self->buf[0]);
	EXPECT_EQ(0, self->buf[PAGE]);
	ASSERT_EQ(0, domain_unmap(self->domain, IOVA, PAGE));
	memset(self->buf, 0x44, PAGE);
	edu_store_start(&self->theirs.edu, IOVA);
	ASSERT_EQ(0, edu_wait(&self->theirs.edu));
	EXPECT_NE(0x44, self->buf[0]);
}

TEST_F(beside, neither_takes_the_descriptors_of_the_other)
{
	EXPECT_EQ(-EINVAL, device_set(self->ours.fd, self->theirs.container));
	EXPECT_EQ(-EINVAL, device_set(self->ours.fd, self->theirs.group));
	EXPECT_EQ(-EINVAL, device_set(self->ours.fd, self->theirs.edu.fd));
	EXPECT_EQ(-1, ioctl(self->theirs.group, VFIO_GROUP_SET_CONTAINER,
			    &self->domain));
	EXPECT_EQ(-1, ioctl(self->ours.fd, VFIO_GET_API_VERSION));
	EXPECT_EQ(ENOTTY, errno);
}

TEST_F(beside, their_memory_is_not_taken_as_device_memory)
{
	EXPECT_GT(0, domain_map(self->domain, (void *)self->theirs.edu.regs,
				IOVA, PAGE, true));
	EXPECT_EQ(1, domain_nr_maps(self->domain));
}

TEST_HARNESS_MAIN
