// SPDX-License-Identifier: GPL-2.0
/*
 * A kernel that is locked down, which lasts until it ends: the last program of
 * a plan. Invariant: root permits nothing more in configuration space then, and
 * what was permitted before stays.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "../lib/device.h"
#include "../lib/harness.h"
#include "../lib/text.h"

#define SECURITY "/sys/kernel/security"
#define BEFORE "0xf8 0x000000ff 0x00000000"
#define AFTER "0xfc 0x000000ff 0x00000000"

TEST(nothing_is_permitted_under_lockdown)
{
	char path[128], text[256] = "";

	if (!device_bdf("EDU0"))
		SKIP(return, "EDU0 is not set");
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config_permit",
		 device_bdf("EDU0"));
	ASSERT_EQ(0, text_write(path, BEFORE));
	if (mount("securityfs", SECURITY, "securityfs", 0, NULL))
		ASSERT_EQ(EBUSY, errno);
	ASSERT_EQ(0, text_write(SECURITY "/lockdown", "integrity"));
	EXPECT_EQ(-EPERM, text_write(path, AFTER));
	ASSERT_LT(0, text_read(path, text, sizeof(text)));
	EXPECT_STREQ(BEFORE, text);
}

TEST_HARNESS_MAIN
