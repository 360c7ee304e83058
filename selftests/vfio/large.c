// SPDX-License-Identifier: GPL-2.0
/*
 * A BAR of 8 GiB. Invariant: no length and no offset is cut to 32 bits.
 */
#include <string.h>
#include <sys/mman.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"

#define BAR 2
#define SIZE (8ULL << 30)

FIXTURE(large)
{
	int fd;
	int domain;
	struct uvfio_region_info info;
};

FIXTURE_SETUP(large)
{
	if (!device_bdf("IVSHMEM_BIG"))
		SKIP(return, "IVSHMEM_BIG is not set");
	self->domain = domain_open();
	self->fd = device_open("IVSHMEM_BIG");
	ASSERT_EQ(0, device_set(self->fd, self->domain));
	ASSERT_EQ(0, device_command_write(self->fd, COMMAND_MEMORY));
	self->info.argsz = sizeof(self->info);
	self->info.region = BAR;
	ASSERT_EQ(0, call(self->fd, UVFIO_REGION_INFO, &self->info));
}

FIXTURE_TEARDOWN(large)
{
	close(self->fd);
	close(self->domain);
}

TEST_F(large, length_is_told_where_it_fits)
{
	__u32 length = BAR;

	EXPECT_EQ(-EOVERFLOW, call(self->fd, VFIO_BAR_LEN, &length));
	EXPECT_EQ(BAR, length);
	EXPECT_EQ(SIZE, self->info.size);
	EXPECT_NE(0, self->info.caps & UVFIO_REGION_MMAP);
}

TEST_F(large, read_and_written_to_its_end)
{
	__u64 at[] = { 0, SIZE / 2 - 8, SIZE / 2, SIZE - 8 }, value;
	size_t i;

	for (i = 0; i < 4; i++)
		EXPECT_EQ(8, device_write(self->fd, self->info.offset + at[i],
					  at + i, 8));
	for (i = 0; i < 4; i++) {
		EXPECT_EQ(8, device_read(self->fd, self->info.offset + at[i],
					 &value, 8));
		EXPECT_EQ(at[i], value);
	}
	EXPECT_GE(0,
		  device_read(self->fd, self->info.offset + SIZE, &value, 8));
}

TEST_F(large, mapped_to_its_end)
{
	off_t last = self->info.offset + SIZE - PAGE;
	__u64 told = 0x1122334455667788, value = 0;
	__u64 *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			   self->fd, last);

	ASSERT_NE(MAP_FAILED, (void *)page);
	page[511] = told;
	EXPECT_EQ(8, device_read(self->fd, self->info.offset + SIZE - 8, &value,
				 8));
	EXPECT_EQ(told, value);
	munmap(page, PAGE);
	EXPECT_EQ(MAP_FAILED,
		  mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, self->fd, last));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_SHARED, self->fd,
				   last + PAGE));
}

TEST_F(large, mapped_whole)
{
	__u64 *bar = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			  self->fd, self->info.offset);
	__u64 first = 1, last = 2;

	ASSERT_NE(MAP_FAILED, (void *)bar);
	bar[0] = 0xa;
	bar[SIZE / 8 - 1] = 0xb;
	EXPECT_EQ(8, device_read(self->fd, self->info.offset, &first, 8));
	EXPECT_EQ(8, device_read(self->fd, self->info.offset + SIZE - 8, &last,
				 8));
	EXPECT_EQ(0xa, first);
	EXPECT_EQ(0xb, last);
	munmap(bar, SIZE);
}

TEST_HARNESS_MAIN
