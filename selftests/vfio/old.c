// SPDX-License-Identifier: GPL-2.0
/*
 * A program as it was written in 2010, after a change of the header's name:
 * it finds its device by listing a directory, opens the domain for reading
 * only, passes garbage where the old driver did not look. Built for 64 and
 * for 32 bits. Invariant: it works.
 */
#include <dirent.h>
#include <fcntl.h>
#include <linux/uvfio.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/harness.h"

#define SIZE 65536

FIXTURE(old)
{
	int fd;
	int domain;
	volatile uint32_t *regs;
	char *buf;
};

static int open_device(const char *bdf)
{
	char name[128] = "", path[128];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vfio", bdf);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (!strncmp(entry->d_name, "vfio", 4))
			snprintf(name, sizeof(name), "/dev/%.32s",
				 entry->d_name);
	return open(name, O_RDWR);
}

FIXTURE_SETUP(old)
{
	uint16_t command;

	if (!getenv("EDU0"))
		SKIP(return, "EDU0 is not set");
	self->fd = open_device(getenv("EDU0"));
	ASSERT_LE(0, self->fd);
	self->domain = open("/dev/uiommu", O_RDONLY);
	ASSERT_LE(0, self->domain);
	ASSERT_EQ(0, ioctl(self->fd, VFIO_DOMAIN_SET, &self->domain));
	command = 6;
	ASSERT_EQ(2, pwrite64(self->fd, &command, 2, VFIO_PCI_CONFIG_OFF + 4));
	self->regs = mmap64(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
			    self->fd, 0);
	ASSERT_NE(MAP_FAILED, self->regs);
	self->buf = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

FIXTURE_TEARDOWN(old)
{
	close(self->fd);
	close(self->domain);
}

static void transfer(FIXTURE_DATA(old) * self, uint32_t from, uint32_t to,
		     uint32_t command)
{
	self->regs[0x80 / 4] = from;
	self->regs[0x88 / 4] = to;
	self->regs[0x90 / 4] = 1024;
	self->regs[0x98 / 4] = command | 1;
	while (self->regs[0x98 / 4] & 1)
		usleep(2000);
}

TEST_F(old, copies_by_dma)
{
	struct vfio_dma_map map = {
		.vaddr = (uintptr_t)self->buf,
		.dmaaddr = 0x1000000,
		.size = SIZE,
		.flags = VFIO_FLAG_WRITE,
	};

	ASSERT_EQ(0, ioctl(self->fd, VFIO_DMA_MAP_IOVA, &map));
	/* over an existing mapping: changes nothing */
	EXPECT_EQ(-1, ioctl(self->fd, VFIO_DMA_MAP_IOVA, &map));
	memset(self->buf, 0x2a, 1024);
	transfer(self, map.dmaaddr, 0x40000, 0);
	transfer(self, 0x40000, map.dmaaddr + SIZE - 1024, 2);
	EXPECT_EQ(0, memcmp(self->buf, self->buf + SIZE - 1024, 1024));
	map.vaddr = 0x1234567;
	map.flags = 0xffff;
	EXPECT_EQ(0, ioctl(self->fd, VFIO_DMA_UNMAP, &map));
	EXPECT_EQ(0, ioctl(self->fd, VFIO_DOMAIN_UNSET));
}

TEST_F(old, takes_interrupts)
{
	int event = eventfd(0, 0);
	uint64_t count = 0;

	ASSERT_EQ(0, ioctl(self->fd, VFIO_EVENTFD_IRQ, &event));
	self->regs[0x60 / 4] = 1;
	ASSERT_EQ(8, read(event, &count, 8));
	EXPECT_EQ(1, count);
	self->regs[0x64 / 4] = 1;
	EXPECT_EQ(0, ioctl(self->fd, VFIO_IRQ_EOI));
	event = -1;
	EXPECT_EQ(0, ioctl(self->fd, VFIO_EVENTFD_IRQ, &event));
	event = eventfd(0, 0);
	ASSERT_EQ(0, ioctl(self->fd, VFIO_EVENTFD_MSI, &event));
	self->regs[0x60 / 4] = 1;
	ASSERT_EQ(8, read(event, &count, 8));
	self->regs[0x64 / 4] = 1;
}

TEST_F(old, looks_at_the_device)
{
	uint32_t length = 0, id;
	uint8_t config[256];

	EXPECT_EQ(0, ioctl(self->fd, VFIO_BAR_LEN, &length));
	EXPECT_EQ(0x100000, length);
	ASSERT_EQ(256, pread64(self->fd, config, 256, VFIO_PCI_CONFIG_OFF));
	EXPECT_EQ(0x34, config[0]);
	EXPECT_EQ(256, pwrite64(self->fd, config, 256, VFIO_PCI_CONFIG_OFF));
	EXPECT_EQ(4, pread64(self->fd, &id, 4, 0));
	EXPECT_EQ(0x010000ed, id);
	EXPECT_EQ(id, self->regs[0]);
}

TEST_F(old, its_own_registers_as_memory_are_refused_with_efault_at_worst)
{
	struct vfio_dma_map map = {
		.vaddr = (uintptr_t)self->regs,
		.dmaaddr = 0x2000000,
		.size = 4096,
		.flags = VFIO_FLAG_WRITE,
	};

	errno = 0;
	if (!ioctl(self->fd, VFIO_DMA_MAP_IOVA, &map))
		ioctl(self->fd, VFIO_DMA_UNMAP, &map);
	EXPECT_TRUE(errno == 0 || errno == EFAULT);
}

TEST_HARNESS_MAIN
