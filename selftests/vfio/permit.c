// SPDX-License-Identifier: GPL-2.0
/*
 * What config_permit opens: a register of the disk controller that belongs to
 * no capability (0x90, Address Map) and is not zero. Invariant of the tests:
 * they leave the register as it was and nothing permitted.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/harness.h"
#include "../lib/text.h"

#define AT 0x90
#define LOW 0x0f

FIXTURE(permit)
{
	const char *bdf;
	int fd, domain, real;
	__u8 value;
};

/* What was permitted ends with the binding */
static int bind_and_open(FIXTURE_DATA(permit) * self)
{
	int err = device_bind(self->bdf, "vfio");

	if (err)
		return err;
	self->fd = device_open_bdf(self->bdf);
	return self->fd < 0 ? self->fd : device_set(self->fd, self->domain);
}

FIXTURE_SETUP(permit)
{
	char path[128];

	self->bdf = device_bdf("AHCI");
	if (!self->bdf)
		SKIP(return, "AHCI is not set");
	self->domain = domain_open();
	ASSERT_EQ(0, bind_and_open(self));
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config",
		 self->bdf);
	self->real = open(path, O_RDWR);
	ASSERT_LE(0, self->real);
	ASSERT_EQ(1, pread(self->real, &self->value, 1, AT));
	ASSERT_NE(0, self->value);
	ASSERT_EQ(0, self->value & LOW);
}

FIXTURE_TEARDOWN(permit)
{
	EXPECT_EQ(1, pwrite(self->real, &self->value, 1, AT));
	close(self->real);
	close(self->fd);
	close(self->domain);
	EXPECT_EQ(0, device_bind(self->bdf, NULL));
}

static int real(FIXTURE_DATA(permit) * self)
{
	__u8 value;

	return pread(self->real, &value, 1, AT) == 1 ? value : -1;
}

static int get(FIXTURE_DATA(permit) * self)
{
	__u8 value;
	int n = device_read(self->fd, CONFIG(AT), &value, 1);

	return n == 1 ? value : n;
}

static int put(FIXTURE_DATA(permit) * self, __u8 value)
{
	return device_write(self->fd, CONFIG(AT), &value, 1);
}

static int permit(FIXTURE_DATA(permit) * self, unsigned int readbits,
		  unsigned int writebits)
{
	char path[128], text[64];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config_permit",
		 self->bdf);
	snprintf(text, sizeof(text), "%#x %#x %#x\n", AT, readbits, writebits);
	return text_write(path, text);
}

TEST_F(permit, hidden_until_permitted)
{
	EXPECT_EQ(0, get(self));
	ASSERT_EQ(0, permit(self, 0xff, 0));
	EXPECT_EQ(self->value, get(self));
	/* To read, not to write */
	EXPECT_EQ(1, put(self, LOW));
	EXPECT_EQ(self->value, real(self));
	EXPECT_EQ(self->value, get(self));

	close(self->fd);
	ASSERT_EQ(0, bind_and_open(self));
	EXPECT_EQ(0, get(self));
}

TEST_F(permit, not_written_until_permitted)
{
	EXPECT_EQ(1, put(self, LOW));
	EXPECT_EQ(self->value, real(self));
	ASSERT_EQ(0, permit(self, 0, LOW));
	/* Those bits alone, and the others stay hidden */
	EXPECT_EQ(1, put(self, 0xff));
	EXPECT_EQ(self->value | LOW, real(self));
	EXPECT_EQ(LOW, get(self));
	EXPECT_EQ(1, put(self, 0));
	EXPECT_EQ(self->value, real(self));
	EXPECT_EQ(0, get(self));
}

TEST_HARNESS_MAIN
