// SPDX-License-Identifier: GPL-2.0
/*
 * Configuration space. Invariant: whatever is written, the device's real
 * addresses and interrupts are those that the kernel gave it.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/edu.h"

#define CAP_MSI 0x05
#define CAP_MSIX 0x11

FIXTURE(config)
{
	const char *bdf;
	int fd;
	int domain;
	int real;
};

FIXTURE_VARIANT(config)
{
	const char *env;
	__u32 bars;
	bool msi;
	bool msix;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(config, edu) { .env = "EDU0", .bars = 1, .msi = true };

FIXTURE_VARIANT_ADD(config, nvme) { .env = "NVME", .bars = 1, .msix = true };

FIXTURE_VARIANT_ADD(config, e1000e) {
	.env = "E1000E", .bars = 4, .msi = true, .msix = true,
};

FIXTURE_VARIANT_ADD(config, ivshmem) { .env = "IVSHMEM", .bars = 2 };

/* clang-format on */

FIXTURE_SETUP(config)
{
	char path[128];

	self->bdf = device_bdf(variant->env);
	if (!self->bdf)
		SKIP(return, "%s is not set", variant->env);
	self->domain = domain_open();
	self->fd = device_open(variant->env);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, device_set(self->fd, self->domain));
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config",
		 self->bdf);
	self->real = open(path, O_RDONLY);
	ASSERT_LE(0, self->real);
}

FIXTURE_TEARDOWN(config)
{
	close(self->fd);
	close(self->domain);
}

static __u32 real(FIXTURE_DATA(config) * self, int at, int size)
{
	__u32 value = 0;

	return pread(self->real, &value, size, at) == size ? value : ~0U;
}

static __u32 get(FIXTURE_DATA(config) * self, int at, int size)
{
	return device_config_get(self->fd, at, size);
}

static int put(FIXTURE_DATA(config) * self, int at, int size, __u32 value)
{
	return device_config_put(self->fd, at, size, value);
}

/* What no user may change, as the hardware has it */
struct fixed {
	__u32 bars[6];
	__u32 rom;
	__u32 id;
	__u16 msi;
	__u16 msix;
};

static struct fixed read_fixed(FIXTURE_DATA(config) * self)
{
	int msi = device_capability(self->fd, CAP_MSI);
	int msix = device_capability(self->fd, CAP_MSIX);
	struct fixed f;
	int i;

	memset(&f, 0, sizeof(f));
	for (i = 0; i < 6; i++)
		f.bars[i] = real(self, 0x10 + 4 * i, 4);
	f.rom = real(self, 0x30, 4);
	f.id = real(self, 0, 4);
	f.msi = msi ? real(self, msi + 2, 2) : 0;
	f.msix = msix ? real(self, msix + 2, 2) : 0;
	return f;
}

TEST_F(config, every_piece_reads_as_the_whole)
{
	__u8 whole[256], piece[8];
	int at, size;

	ASSERT_EQ(256, device_read(self->fd, CONFIG(0), whole, 256));
	for (size = 1; size <= 8; size++) {
		for (at = 0; at + size <= 256; at++) {
			ASSERT_EQ(size, device_read(self->fd, CONFIG(at), piece,
						    size));
			EXPECT_EQ(0, memcmp(whole + at, piece, size))
			TH_LOG("%d bytes at %#x", size, at);
		}
	}
}

TEST_F(config, identity_is_the_real_one)
{
	EXPECT_EQ(real(self, 0, 4), get(self, 0, 4));
	EXPECT_EQ(real(self, 8, 4), get(self, 8, 4));
	EXPECT_EQ(real(self, 0x2c, 4), get(self, 0x2c, 4));
	EXPECT_EQ(0, get(self, 0xe, 1) & 0x7f);
}

TEST_F(config, nothing_beyond_the_end)
{
	static const int beyond[] = { 4096, 4097, 8192, 1 << 20 };
	__u8 bytes[16];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(beyond); i++) {
		EXPECT_GE(0, device_read(self->fd, CONFIG(beyond[i]), bytes, 4))
		TH_LOG("offset %#x", beyond[i]);
		EXPECT_GE(0,
			  device_write(self->fd, CONFIG(beyond[i]), bytes, 4))
		TH_LOG("offset %#x", beyond[i]);
	}
	EXPECT_GE(1, device_read(self->fd, CONFIG(4095), bytes, 4));
}

TEST_F(config, bad_pointers)
{
	__u8 *none = (void *)(PAGE / 2);

	EXPECT_EQ(-EFAULT, device_read(self->fd, CONFIG(0), none, 256));
	EXPECT_EQ(-EFAULT, device_write(self->fd, CONFIG(0x10), none, 4));
	EXPECT_EQ(0, device_read(self->fd, CONFIG(0), none, 0));
	EXPECT_EQ(0, device_write(self->fd, CONFIG(0), none, 0));
}

TEST_F(config, bar_sizes_can_be_found_out)
{
	struct fixed before = read_fixed(self), after;
	__u32 i, length, old, mask, bars = 0;

	for (i = 0; i < 6; i++) {
		length = i;
		if (call(self->fd, VFIO_BAR_LEN, &length) || !length)
			continue;
		bars++;
		old = get(self, 0x10 + 4 * i, 4);
		EXPECT_EQ(4, put(self, 0x10 + 4 * i, 4, ~0U));
		mask = get(self, 0x10 + 4 * i, 4) & (old & 1 ? ~3U : ~15U);
		EXPECT_EQ(-length, mask)
		TH_LOG("BAR %u", i);
		EXPECT_EQ(4, put(self, 0x10 + 4 * i, 4, old));
		EXPECT_EQ(old, get(self, 0x10 + 4 * i, 4));
	}
	EXPECT_EQ(variant->bars, bars);
	after = read_fixed(self);
	EXPECT_EQ(0, memcmp(&before.bars, &after.bars, sizeof(before.bars)));
}

TEST_F(config, write_returns_its_length_and_the_device_its_identity)
{
	struct fixed before = read_fixed(self), after;
	__u8 ones[256];
	__u32 id = get(self, 0, 4);

	memset(ones, 0xff, sizeof(ones));
	EXPECT_EQ(256, device_write(self->fd, CONFIG(0), ones, 256));
	EXPECT_EQ(id, get(self, 0, 4));
	after = read_fixed(self);
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(before)));
	memset(ones, 0, sizeof(ones));
	EXPECT_EQ(256, device_write(self->fd, CONFIG(0), ones, 256));
	EXPECT_EQ(id, get(self, 0, 4));
	after = read_fixed(self);
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(before)));
}

TEST_F(config, random_writes_change_nothing_fixed)
{
	struct fixed before = read_fixed(self), after;
	unsigned int seed = 1;
	int i, at, size;

	for (i = 0; i < 2000; i++) {
		size = 1 << rand_r(&seed) % 3;
		at = rand_r(&seed) % 256 & -size;
		EXPECT_EQ(size, put(self, at, size,
				    rand_r(&seed) ^ rand_r(&seed) << 16));
	}
	after = read_fixed(self);
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(before)));
}

TEST_F(config, enable_bits_of_message_interrupts_change_nothing_real)
{
	struct fixed before = read_fixed(self), after;
	int msi = device_capability(self->fd, CAP_MSI);
	int msix = device_capability(self->fd, CAP_MSIX);

	ASSERT_EQ(variant->msi, !!msi);
	ASSERT_EQ(variant->msix, !!msix);
	if (msi) {
		EXPECT_EQ(2, put(self, msi + 2, 2, get(self, msi + 2, 2) | 1));
		EXPECT_EQ(4, put(self, msi + 4, 4, 0xfee00000));
	}
	if (msix)
		EXPECT_EQ(2, put(self, msix + 2, 2,
				 get(self, msix + 2, 2) | 0x8000));
	after = read_fixed(self);
	EXPECT_EQ(0, memcmp(&before, &after, sizeof(before)));
}

TEST_F(config, enable_bits_of_the_command_register_are_as_written)
{
	static const __u16 values[] = { 0, COMMAND_MEMORY, COMMAND_MASTER,
					COMMAND_MEMORY | COMMAND_MASTER };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(values); i++) {
		EXPECT_EQ(0, device_command_write(self->fd, values[i]));
		EXPECT_EQ(values[i], device_command(self->fd) &
					     (COMMAND_MEMORY | COMMAND_MASTER));
		EXPECT_EQ(values[i] & COMMAND_MASTER,
			  device_command_real(self->bdf) & COMMAND_MASTER);
	}
}

TEST_F(config, interrupt_disable_reads_as_written)
{
	EXPECT_EQ(0, device_command_write(self->fd, COMMAND_NOINTX));
	EXPECT_EQ(COMMAND_NOINTX, device_command(self->fd) & COMMAND_NOINTX);
	EXPECT_EQ(0, device_command_write(self->fd, 0));
	EXPECT_EQ(0, device_command(self->fd) & COMMAND_NOINTX);
}

TEST_F(config, extended_space_of_express_devices)
{
	struct uvfio_device_info info = { .argsz = sizeof(info) };
	static __u8 config[4096];

	ASSERT_EQ(0, call(self->fd, UVFIO_DEVICE_INFO, &info));
	EXPECT_EQ(info.caps & UVFIO_DEVICE_PCIE ? 4096 : 256, info.config_size);
	EXPECT_EQ(info.config_size,
		  device_read(self->fd, CONFIG(0), config, sizeof(config)));
}

TEST_HARNESS_MAIN
