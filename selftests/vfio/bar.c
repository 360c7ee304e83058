// SPDX-License-Identifier: GPL-2.0
/*
 * Registers by read and write. Invariant: an access of any size, place and
 * buffer reaches exactly the bytes it names, or fails and reaches none beyond
 * the end.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/edu.h"
#include "../lib/fault.h"
#include "../lib/memory.h"
#include "../lib/text.h"

#define MEMORY_BAR 2 /* of ivshmem: plain memory */

FIXTURE(memory_bar)
{
	int fd;
	int domain;
	__u64 size;
	__u8 *bar;
};

FIXTURE_SETUP(memory_bar)
{
	__u32 length = MEMORY_BAR;

	if (!device_bdf("IVSHMEM"))
		SKIP(return, "IVSHMEM is not set");
	self->domain = domain_open();
	self->fd = device_open("IVSHMEM");
	ASSERT_EQ(0, device_set(self->fd, self->domain));
	ASSERT_EQ(0, device_command_write(self->fd, COMMAND_MEMORY));
	ASSERT_EQ(0, call(self->fd, VFIO_BAR_LEN, &length));
	self->size = length;
	self->bar = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			 self->fd, REGION(MEMORY_BAR, 0));
	ASSERT_NE(MAP_FAILED, self->bar);
}

FIXTURE_TEARDOWN(memory_bar)
{
	close(self->fd);
	close(self->domain);
}

TEST_F(memory_bar, every_size_at_every_place)
{
	__u8 want[64], got[64], bytes[24];
	int at, size, i;

	for (i = 0; i < 24; i++)
		bytes[i] = 0x80 + i;
	for (size = 1; size <= 24; size++) {
		for (at = 0; at < 16; at++) {
			memset(want, 0, sizeof(want));
			memset(self->bar, 0, sizeof(want));
			memcpy(want + at, bytes, size);
			EXPECT_EQ(size,
				  device_write(self->fd, REGION(MEMORY_BAR, at),
					       bytes, size));
			EXPECT_EQ(0, memcmp(self->bar, want, sizeof(want)))
			TH_LOG("%d bytes written at %d", size, at);
			memset(got, 0, sizeof(got));
			EXPECT_EQ(size,
				  device_read(self->fd, REGION(MEMORY_BAR, at),
					      got, size));
			EXPECT_EQ(0, memcmp(got, bytes, size))
			TH_LOG("%d bytes read at %d", size, at);
			EXPECT_EQ(0, got[size]);
		}
	}
}

TEST_F(memory_bar, long_transfers)
{
	size_t size = 300 * 1000 + 7;
	__u8 *out = memory_anon(size), *in = memory_anon(size);
	size_t i;

	for (i = 0; i < size; i++)
		out[i] = i * 7 + (i >> 8);
	EXPECT_EQ(size,
		  device_write(self->fd, REGION(MEMORY_BAR, 3), out, size));
	EXPECT_EQ(size, device_read(self->fd, REGION(MEMORY_BAR, 3), in, size));
	EXPECT_EQ(0, memcmp(in, out, size));
}

TEST_F(memory_bar, the_end)
{
	__u64 end = REGION(MEMORY_BAR, self->size);
	__u8 bytes[16];
	int n;

	EXPECT_EQ(8, device_read(self->fd, end - 8, bytes, 8));
	EXPECT_EQ(1, device_read(self->fd, end - 1, bytes, 1));
	EXPECT_GE(0, device_read(self->fd, end, bytes, 1));
	EXPECT_GE(0, device_write(self->fd, end, bytes, 1));
	n = device_read(self->fd, end - 8, bytes, 16);
	EXPECT_TRUE(n == 8 || n == -EINVAL);
	n = device_write(self->fd, end - 8, bytes, 16);
	EXPECT_TRUE(n == 8 || n == -EINVAL);
	EXPECT_GE(0, device_read(self->fd, REGION(MEMORY_BAR, 0xffffffff),
				 bytes, 2));
	EXPECT_GE(0, device_write(self->fd, REGION(MEMORY_BAR, 0xffffffff),
				  bytes, 2));
}

TEST_F(memory_bar, other_regions_and_offsets)
{
	static const __u64 bad[] = {
		REGION(1, 0),
		REGION(3, 0),
		REGION(4, 0),
		REGION(5, 0),
		REGION(6, 0),
		REGION(7, 0),
		REGION(14, 0),
		REGION(32, 0),
		REGION(0x1000, 0),
		1ULL << 61,
		(1ULL << 62) + (7ULL << 56),
		0x7fffffffffffffffULL,
		0x8000000000000000ULL,
		~0ULL,
	};
	__u8 bytes[8];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_GE(0, device_read(self->fd, bad[i], bytes, 4))
		TH_LOG("offset %#llx", bad[i]);
		EXPECT_GE(0, device_write(self->fd, bad[i], bytes, 4))
		TH_LOG("offset %#llx", bad[i]);
	}
}

TEST_F(memory_bar, bad_buffers)
{
	__u64 at = REGION(MEMORY_BAR, 0);
	__u8 *two = memory_anon(2 * PAGE);
	int n;

	ASSERT_EQ(0, munmap(two + PAGE, PAGE));
	EXPECT_EQ(-EFAULT, device_read(self->fd, at, NULL, 4));
	EXPECT_EQ(-EFAULT, device_write(self->fd, at, NULL, 4));
	EXPECT_EQ(-EFAULT, device_read(self->fd, at, (void *)~0xfffUL, 4));
	EXPECT_EQ(-EFAULT, device_read(self->fd, at, two + PAGE, PAGE));
	n = device_read(self->fd, at, two + PAGE - 64, 128);
	EXPECT_TRUE(n == -EFAULT || (n >= 0 && n <= 64))
	TH_LOG("%d", n);
	n = device_write(self->fd, at, two + PAGE - 64, 128);
	EXPECT_TRUE(n == -EFAULT || (n >= 0 && n <= 64))
	TH_LOG("%d", n);
	EXPECT_EQ(0, device_read(self->fd, at, NULL, 0));
}

TEST_F(memory_bar, its_own_memory_as_buffer)
{
	__u64 at = REGION(MEMORY_BAR, 2048);
	int n;

	/* first with pages that no fault has brought in yet */
	n = device_read(self->fd, at, self->bar, 64);
	EXPECT_TRUE(n == 64 || n == -EFAULT)
	TH_LOG("%d", n);
	memset(self->bar, 0x31, 64);
	n = device_write(self->fd, at, self->bar, 64);
	EXPECT_TRUE(n == 64 || n == -EFAULT)
	TH_LOG("%d", n);
	n = device_read(self->fd, CONFIG(0), self->bar + 128, 64);
	EXPECT_TRUE(n == 64 || n == -EFAULT)
	TH_LOG("%d", n);
}

TEST_F(memory_bar, disabled_memory_is_eio)
{
	__u32 value = 0;

	ASSERT_EQ(0, device_command_write(self->fd, 0));
	EXPECT_EQ(-EIO,
		  device_read(self->fd, REGION(MEMORY_BAR, 0), &value, 4));
	EXPECT_EQ(-EIO,
		  device_write(self->fd, REGION(MEMORY_BAR, 0), &value, 4));
	ASSERT_EQ(0, device_command_write(self->fd, COMMAND_MEMORY));
	EXPECT_EQ(4, device_read(self->fd, REGION(MEMORY_BAR, 0), &value, 4));
}

TEST(registers_of_edu)
{
	int fd = device_open("EDU0"), domain = domain_open();
	__u32 value = 0x12345678;

	if (!device_bdf("EDU0"))
		SKIP(return, "EDU0 is not set");
	ASSERT_EQ(0, device_set(fd, domain));
	ASSERT_EQ(0, device_command_write(fd, COMMAND_MEMORY));
	EXPECT_EQ(4, device_write(fd, REGION(0, EDU_LIVENESS), &value, 4));
	EXPECT_EQ(4, device_read(fd, REGION(0, EDU_LIVENESS), &value, 4));
	EXPECT_EQ(~0x12345678U, value);
	EXPECT_EQ(4, device_read(fd, REGION(0, EDU_ID), &value, 4));
	EXPECT_EQ(0x010000ed, value);
	close(fd);
}

TEST(ports_of_pci_testdev)
{
	int fd = device_open("TESTDEV"), domain = domain_open();
	__u32 length = 1;
	__u8 byte;

	if (!device_bdf("TESTDEV"))
		SKIP(return, "TESTDEV is not set");
	ASSERT_EQ(0, device_set(fd, domain));
	ASSERT_EQ(0, call(fd, VFIO_BAR_LEN, &length));
	EXPECT_EQ(256, length);
	ASSERT_EQ(0, device_command_write(fd, 0));
	EXPECT_EQ(-EIO, device_read(fd, REGION(1, 0), &byte, 1));
	ASSERT_EQ(0, device_command_write(fd, 1));
	EXPECT_EQ(1, device_read(fd, REGION(1, 0), &byte, 1));
	EXPECT_EQ(1, device_read(fd, REGION(1, length - 1), &byte, 1));
	EXPECT_GE(0, device_read(fd, REGION(1, length), &byte, 1));
	EXPECT_EQ(MAP_FAILED,
		  mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, REGION(1, 0)));
	close(fd);
}

#define QUIRK "/sys/module/quirk/parameters/unassigned_bar"

FIXTURE(unassigned)
{
	const char *bdf;
	int fd;
};

/* A BAR without an address, as the kernel leaves it when there is no room */
static int take_address(const char *bdf, int bar)
{
	char text[32];
	int err = device_bind(bdf, NULL);

	snprintf(text, sizeof(text), "%s %d", bdf, bar);
	err = err ? err : text_write(QUIRK, text);
	return err ? err : device_bind(bdf, "vfio");
}

FIXTURE_SETUP(unassigned)
{
	self->bdf = device_bdf("TESTDEV");
	if (!self->bdf || access(QUIRK, F_OK))
		SKIP(return, "TESTDEV is not set, or no module quirk");
	ASSERT_EQ(0, take_address(self->bdf, 0));
	self->fd = device_open("TESTDEV");
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(unassigned)
{
	close(self->fd);
	EXPECT_EQ(0, take_address(self->bdf, -1));
}

/* What a program finds by writing ones, as every program does */
static __u32 size_by_config(int fd, int bar)
{
	__u32 mask;

	device_config_put(fd, 0x10 + 4 * bar, 4, ~0U);
	mask = device_config_get(fd, 0x10 + 4 * bar, 4);
	return -(mask & (mask & 1 ? ~3U : ~15U));
}

TEST_F(unassigned, has_no_size_anywhere)
{
	int domain = domain_open(), bar;

	ASSERT_EQ(0, device_set(self->fd, domain));
	for (bar = 0; bar < 2; bar++) {
		struct uvfio_region_info info = { .argsz = sizeof(info),
						  .region = bar };
		__u32 length = bar;

		ASSERT_EQ(0, call(self->fd, UVFIO_REGION_INFO, &info));
		ASSERT_EQ(0, call(self->fd, VFIO_BAR_LEN, &length));
		EXPECT_EQ(info.size, length);
		EXPECT_EQ(info.size, size_by_config(self->fd, bar))
		TH_LOG("BAR %d", bar);
		EXPECT_EQ(bar != 0, info.size != 0);
	}
	EXPECT_EQ(MAP_FAILED,
		  mmap(NULL, PAGE, PROT_READ, MAP_SHARED, self->fd, 0));
	close(domain);
}

TEST_HARNESS_MAIN
