// SPDX-License-Identifier: GPL-2.0
/*
 * The expansion ROM. Invariant: it reads as the kernel reads it, can neither be
 * written nor mmapped, and answers on the bus only while it is read.
 *
 * The device is an e1000e, whose ROM holds a boot program.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/text.h"

#define ROM VFIO_PCI_ROM_RESOURCE
#define ROM_BAR 0x30
#define ROM_BAR_ENABLE 0x1
#define SOME 4096

FIXTURE(rom)
{
	const char *bdf;
	int fd;
	int domain;
	__u32 size;
};

FIXTURE_SETUP(rom)
{
	self->bdf = device_bdf("E1000E");
	if (!self->bdf)
		SKIP(return, "E1000E is not set");
	self->domain = domain_open();
	self->fd = device_open("E1000E");
	ASSERT_EQ(0, device_set(self->fd, self->domain));
	ASSERT_EQ(0, device_command_write(self->fd, COMMAND_MEMORY));
	self->size = ROM;
	ASSERT_EQ(0, call(self->fd, VFIO_BAR_LEN, &self->size));
	ASSERT_LE(SOME, self->size);
}

FIXTURE_TEARDOWN(rom)
{
	close(self->fd);
	close(self->domain);
}

static int open_file(const char *bdf, const char *name, int how)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", bdf, name);
	return open(path, how | O_CLOEXEC);
}

static int read_rom(FIXTURE_DATA(rom) * self, __u64 at, void *buf, size_t size)
{
	return device_read(self->fd, REGION(ROM, at), buf, size);
}

/* Is the ROM's decoder off, as far as the bus knows? */
static int is_off(FIXTURE_DATA(rom) * self)
{
	int config = open_file(self->bdf, "config", O_RDONLY);
	__u32 bar = ~0U;
	int n = pread(config, &bar, 4, ROM_BAR);

	close(config);
	return n == 4 && !(bar & ROM_BAR_ENABLE);
}

TEST_F(rom, information)
{
	struct uvfio_region_info info = { .argsz = sizeof(info),
					  .region = ROM };

	ASSERT_EQ(0, call(self->fd, UVFIO_REGION_INFO, &info));
	EXPECT_EQ(self->size, info.size);
	EXPECT_EQ(REGION(ROM, 0), info.offset);
	EXPECT_EQ(UVFIO_REGION_READ, info.caps);
	EXPECT_EQ(0, info.nr_windows);
	EXPECT_EQ(0, info.wc_offset);
}

TEST_F(rom, begins_with_its_signature)
{
	__u8 bytes[2] = {};

	EXPECT_EQ(2, read_rom(self, 0, bytes, 2));
	EXPECT_EQ(0x55, bytes[0]);
	EXPECT_EQ(0xaa, bytes[1]);
	EXPECT_EQ(1, read_rom(self, 1, bytes, 1));
	EXPECT_EQ(0xaa, bytes[0]);
	EXPECT_TRUE(is_off(self));
}

TEST_F(rom, reads_as_the_kernel_reads_it)
{
	int file = open_file(self->bdf, "rom", O_RDWR);
	__u8 ours[SOME], theirs[SOME];

	ASSERT_LE(0, file);
	ASSERT_EQ(1, write(file, "1", 1));
	ASSERT_EQ(SOME, pread(file, theirs, SOME, 0));
	ASSERT_EQ(1, pwrite(file, "0", 1, 0));
	close(file);
	ASSERT_EQ(SOME, read_rom(self, 0, ours, SOME));
	EXPECT_EQ(0, memcmp(ours, theirs, SOME));
	/* and from the middle, not aligned */
	ASSERT_EQ(777, read_rom(self, 333, ours, 777));
	EXPECT_EQ(0, memcmp(ours, theirs + 333, 777));
}

TEST_F(rom, not_beyond_its_end)
{
	static const __u32 beyond[] = { 0, 1, SOME, 0x7fffffff };
	__u8 bytes[16];
	size_t i;

	EXPECT_EQ(1, read_rom(self, self->size - 1, bytes, 1));
	EXPECT_EQ(16, read_rom(self, self->size - 16, bytes, 16));
	EXPECT_EQ(8, read_rom(self, self->size - 8, bytes, 16));
	EXPECT_EQ(1, read_rom(self, self->size - 1, bytes, 16));
	for (i = 0; i < ARRAY_SIZE(beyond); i++) {
		EXPECT_EQ(-EINVAL,
			  read_rom(self, self->size + beyond[i], bytes, 4))
		TH_LOG("%u bytes beyond", beyond[i]);
	}
}

TEST_F(rom, not_while_memory_is_disabled)
{
	__u8 bytes[2] = {};

	ASSERT_EQ(0, device_command_write(self->fd, 0));
	EXPECT_EQ(-EIO, read_rom(self, 0, bytes, 2));
	ASSERT_EQ(0, device_command_write(self->fd, COMMAND_MEMORY));
	EXPECT_EQ(2, read_rom(self, 0, bytes, 2));
	EXPECT_EQ(0x55, bytes[0]);
}

TEST_F(rom, not_without_a_domain)
{
	__u8 bytes[2];

	ASSERT_EQ(0, call(self->fd, VFIO_DOMAIN_UNSET, NULL));
	EXPECT_EQ(-EINVAL, read_rom(self, 0, bytes, 2));
}

TEST_F(rom, neither_written_nor_mapped)
{
	__u8 bytes[4] = {}, before[4] = {};

	ASSERT_EQ(4, read_rom(self, 0, before, 4));
	EXPECT_EQ(-EINVAL, device_write(self->fd, REGION(ROM, 0), bytes, 4));
	EXPECT_EQ(-EINVAL,
		  device_write(self->fd, REGION(ROM, self->size), bytes, 4));
	ASSERT_EQ(4, read_rom(self, 0, bytes, 4));
	EXPECT_EQ(0, memcmp(before, bytes, 4));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_SHARED, self->fd,
				   REGION(ROM, 0)));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(rom, its_enable_bit_is_not_for_the_user)
{
	__u32 all = ~0U;
	__u8 bytes[2] = {};

	ASSERT_EQ(4, device_write(self->fd, CONFIG(ROM_BAR), &all, 4));
	EXPECT_TRUE(is_off(self));
	EXPECT_EQ(2, read_rom(self, 0, bytes, 2));
	EXPECT_EQ(0x55, bytes[0]);
	EXPECT_TRUE(is_off(self));
}

TEST_HARNESS_MAIN
