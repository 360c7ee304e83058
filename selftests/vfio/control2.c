// SPDX-License-Identifier: GPL-2.0
/*
 * Device Control 2 of a PCI Express device. Invariant: a user changes in the
 * hardware what harms nobody, AtomicOps and tags of 10 bits only where all
 * ports on the way answer them, and nothing of it is left to the next user.
 *
 * No model of QEMU has writable bits there: the test module liar stands in.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/quirk.h"
#include "../lib/text.h"

#define CAP_EXP 0x10
#define CONTROL 8
#define CONTROL_RESET 0x8000
#define ABILITIES_2 36
#define CONTROL_2 40

/* What the device can: all timeouts, latency reports, OBFF, tags */
#define DEVICE_CAN 0x000e081f
#define ATOMICS_32 0x00000080
#define ATOMICS_64 0x00000100
#define TAGS10 0x00010000

/* Timeouts and ordering; AtomicOps; tags of 10 bits */
#define HARMLESS 0x031f
#define ATOMIC_REQUESTS 0x0040
#define TAGS10_REQUESTS 0x1000

/* As firmware leaves it: a timeout, latency reports and OBFF */
#define AT_BOOT 0x2406

#define CLEARED "/sys/module/liar/parameters/cleared"

FIXTURE(control_2)
{
	const char *bdf;
	char port[16];
	int fd;
	int domain;
	int real;
	int at;
};

FIXTURE_VARIANT(control_2)
{
	__u32 port_can;
	__u16 writable;
};

#define PATH(name, can, bits)                         \
	FIXTURE_VARIANT_ADD(control_2, name)          \
	{                                             \
		.port_can = (can), .writable = (bits) \
	}

#define ATOMICS (ATOMICS_32 | ATOMICS_64)
#define REQUESTS (ATOMIC_REQUESTS | TAGS10_REQUESTS)

PATH(path_that_answers_all, ATOMICS | TAGS10, HARMLESS | REQUESTS);
PATH(path_without_tags, ATOMICS, HARMLESS | ATOMIC_REQUESTS);
PATH(path_without_atomics, TAGS10, HARMLESS | TAGS10_REQUESTS);
PATH(path_of_half_the_atomics, ATOMICS_32 | TAGS10, HARMLESS | TAGS10_REQUESTS);
PATH(path_without_either, 0, HARMLESS);

/* The port that a device is below */
static int find_port(const char *bdf, char *port, size_t size)
{
	char path[128], *real, *end;
	int ret = -1;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", bdf);
	real = realpath(path, NULL);
	end = real ? strrchr(real, '/') : NULL;
	if (end) {
		*end = 0;
		snprintf(port, size, "%s", strrchr(real, '/') + 1);
		ret = 0;
	}
	free(real);
	return ret;
}

static int open_real(const char *bdf)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", bdf);
	return open(path, O_RDWR | O_CLOEXEC);
}

/* Where the capability is, by what anybody may read */
static int find_express(int real)
{
	__u8 at = 0, entry[2];

	pread(real, &at, 1, 0x34);
	while (at && pread(real, entry, 2, at) == 2 && entry[0] != CAP_EXP)
		at = entry[1];
	return at;
}

/* The device and its port, of which no driver is to read anything else */
static int pretend(FIXTURE_DATA(control_2) * self, __u32 port_can)
{
	int real = open_real(self->port), exp = find_express(real), err;
	char text[64];

	close(real);
	snprintf(text, sizeof(text), "%x %x %x 0 0", exp + ABILITIES_2, ~0U,
		 port_can);
	err = exp ? liar("lie", self->port, text) : -1;
	exp = self->at - CONTROL_2;
	snprintf(text, sizeof(text), "%x %x %x 0 0", exp + ABILITIES_2, ~0U,
		 DEVICE_CAN);
	err = err ? err : liar("lie", self->bdf, text);
	snprintf(text, sizeof(text), "%x %x %x", self->at, 0xffff, AT_BOOT);
	return err ? err : liar("has", self->bdf, text);
}

static int be_honest(FIXTURE_DATA(control_2) * self)
{
	int err = device_bind(self->bdf, NULL);

	err = err ? err : liar("forget", self->bdf, "");
	return err ? err : liar("forget", self->port, "");
}

static int open_again(FIXTURE_DATA(control_2) * self)
{
	self->fd = device_open_bdf(self->bdf);
	return self->fd < 0 ? self->fd : device_set(self->fd, self->domain);
}

FIXTURE_SETUP(control_2)
{
	self->fd = -1;
	self->bdf = device_bdf("NVME_PF");
	if (!quirk_loaded("liar") || !self->bdf)
		SKIP(return, "no module liar, or NVME_PF is not set");
	ASSERT_EQ(0, find_port(self->bdf, self->port, sizeof(self->port)));
	self->real = open_real(self->bdf);
	self->at = find_express(self->real) + CONTROL_2;
	ASSERT_LT(CONTROL_2, self->at);
	self->domain = domain_open();
	ASSERT_EQ(0, be_honest(self));
	ASSERT_EQ(0, pretend(self, variant->port_can));
	ASSERT_EQ(0, device_bind(self->bdf, "vfio"));
	ASSERT_EQ(0, open_again(self));
}

FIXTURE_TEARDOWN(control_2)
{
	close(self->fd);
	close(self->real);
	close(self->domain);
	EXPECT_EQ(0, be_honest(self));
}

static __u16 in_hardware(FIXTURE_DATA(control_2) * self)
{
	__u16 value = 0;

	return pread(self->real, &value, 2, self->at) == 2 ? value : ~0;
}

static __u16 for_user(FIXTURE_DATA(control_2) * self)
{
	return device_config_get(self->fd, self->at, 2);
}

static int put(FIXTURE_DATA(control_2) * self, __u16 value)
{
	return device_config_put(self->fd, self->at, 2, value);
}

/* What is there after a write of @value */
static __u16 becomes(__u16 value, __u16 writable)
{
	return (AT_BOOT & ~writable) | (value & writable);
}

static int cleared(void)
{
	char text[16];

	return text_read(CLEARED, text, sizeof(text)) < 0 ? -1 : atoi(text);
}

TEST_F(control_2, what_may_be_written_reaches_the_device)
{
	__u16 may = variant->writable;
	int bit;

	EXPECT_EQ(AT_BOOT, for_user(self));
	for (bit = 0; bit < 16; bit++) {
		EXPECT_EQ(2, put(self, 1 << bit));
		EXPECT_EQ(becomes(1 << bit, may), in_hardware(self))
		TH_LOG("bit %d alone", bit);
		EXPECT_EQ(in_hardware(self), for_user(self));
		EXPECT_EQ(2, put(self, ~(1 << bit)));
		EXPECT_EQ(becomes(~(1 << bit), may), in_hardware(self))
		TH_LOG("all but bit %d", bit);
	}
	/* by one byte, and with the status above it */
	EXPECT_EQ(2, put(self, 0));
	EXPECT_EQ(1, device_config_put(self->fd, self->at + 1, 1, 0xff));
	EXPECT_EQ(becomes(0xff00, may), in_hardware(self));
	EXPECT_EQ(4, device_config_put(self->fd, self->at, 4, ~0U));
	EXPECT_EQ(becomes(0xffff, may), in_hardware(self));
}

TEST_F(control_2, resets_keep_it_for_its_user_alone)
{
	__u16 mine = becomes(0xffff, variant->writable);
	int before = cleared(), exp = self->at - CONTROL_2;

	ASSERT_LE(0, before);
	EXPECT_EQ(2, put(self, 0xffff));
	ASSERT_EQ(0, call(self->fd, VFIO_RESET_FUNCTION, NULL));
	EXPECT_EQ(before + 1, cleared());
	EXPECT_EQ(mine, in_hardware(self));
	EXPECT_EQ(mine, for_user(self));
	EXPECT_EQ(2,
		  device_config_put(self->fd, exp + CONTROL, 2, CONTROL_RESET));
	EXPECT_EQ(before + 2, cleared());
	EXPECT_EQ(mine, in_hardware(self));

	close(self->fd);
	EXPECT_EQ(AT_BOOT, in_hardware(self));
	ASSERT_EQ(0, open_again(self));
	EXPECT_EQ(AT_BOOT, for_user(self));
	EXPECT_EQ(AT_BOOT, in_hardware(self));
}

TEST_F(control_2, unbinding_puts_it_back)
{
	EXPECT_EQ(2, put(self, 0xffff));
	ASSERT_EQ(0, device_bind(self->bdf, NULL));
	EXPECT_EQ(AT_BOOT, in_hardware(self));
}

TEST_HARNESS_MAIN
