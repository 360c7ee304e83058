// SPDX-License-Identifier: GPL-2.0
/*
 * What a device does wrong fills no log, however often its user asks for it.
 */
#include <string.h>
#include <unistd.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/quirk.h"
#include "../lib/text.h"

#define OFTEN 20
#define ROM VFIO_PCI_ROM_RESOURCE
#define CAP_VPD 0x03
#define VPD_ADDRESS 2
#define VPD_DONE 0x8000

/* A ROM that begins with no image */
FIXTURE(bad_rom)
{
	int fd;
	int domain;
	__u32 size;
};

FIXTURE_SETUP(bad_rom)
{
	if (!device_bdf("XHCI"))
		SKIP(return, "XHCI is not set");
	self->domain = domain_open();
	self->fd = device_open("XHCI");
	ASSERT_EQ(0, device_set(self->fd, self->domain));
	ASSERT_EQ(0, device_command_write(self->fd, COMMAND_MEMORY));
	self->size = ROM;
	ASSERT_EQ(0, call(self->fd, VFIO_BAR_LEN, &self->size));
	ASSERT_LE(PAGE, self->size);
}

FIXTURE_TEARDOWN(bad_rom)
{
	close(self->fd);
	close(self->domain);
}

TEST_F(bad_rom, reads_as_nothing_and_leaves_no_line_in_the_log)
{
	int before = text_log_count("PCI ROM"), i, n;
	static __u8 bytes[PAGE], nothing[PAGE];

	ASSERT_LE(0, before);
	memset(nothing, 0xff, sizeof(nothing));
	for (i = 0; i < OFTEN; i++) {
		n = device_read(self->fd, REGION(ROM, 0), bytes, PAGE);
		ASSERT_EQ(PAGE, n);
		EXPECT_EQ(0, memcmp(bytes, nothing, PAGE));
	}
	EXPECT_EQ(before, text_log_count("PCI ROM"));
}

/* Vital product data of a device that does not answer when it is asked */
FIXTURE(vpd)
{
	const char *bdf;
	int fd;
	int domain;
	int before;
};

static int say(const char *bdf, const char *where, const char *lie)
{
	int err = device_bind(bdf, NULL);

	err = err ? err : quirk("vpd", bdf, where);
	err = err ? err : liar(lie ? "lie" : "forget", bdf, lie ? lie : "");
	return err ? err : device_bind(bdf, "vfio");
}

static int vpd_open(FIXTURE_DATA(vpd) * self)
{
	self->fd = device_open("EDU2");
	return self->fd < 0 ? self->fd : device_set(self->fd, self->domain);
}

FIXTURE_SETUP(vpd)
{
	self->bdf = device_bdf("EDU2");
	if (!quirk_loaded("quirk") || !quirk_loaded("liar") || !self->bdf)
		SKIP(return, "no module quirk or liar, or no EDU2");
	self->before = text_log_count("VPD access failed");
	/* its MSI capability is taken for one */
	ASSERT_EQ(0, say(self->bdf, "40", "40 ff 3 0 0"));
	self->domain = domain_open();
	ASSERT_EQ(0, vpd_open(self));
}

FIXTURE_TEARDOWN(vpd)
{
	close(self->fd);
	close(self->domain);
	EXPECT_EQ(0, say(self->bdf, "0", NULL));
}

TEST_F(vpd, is_asked_for_once_in_a_while)
{
	int at = device_capability(self->fd, CAP_VPD) + VPD_ADDRESS, i;
	int bound = text_log_count("VPD access failed");

	ASSERT_EQ(0x40 + VPD_ADDRESS, at);
	ASSERT_LE(0, self->before);
	EXPECT_LT(self->before, bound);
	for (i = 0; i < OFTEN; i++) {
		ASSERT_EQ(2, device_config_put(self->fd, at, 2, 4 * i));
		EXPECT_EQ(4 * i, device_config_get(self->fd, at, 2));
		if (i % 5)
			continue;
		close(self->fd);
		ASSERT_EQ(0, vpd_open(self));
	}
	EXPECT_EQ(bound, text_log_count("VPD access failed"));
}

TEST_HARNESS_MAIN
