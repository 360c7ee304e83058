// SPDX-License-Identifier: GPL-2.0
/*
 * Bridges. Invariant: what decides about other devices is not given away, and
 * what tried to gets its own driver back.
 */
#include <dirent.h>
#include <string.h>

#include "../lib/harness.h"
#include "../lib/device.h"
#include "../lib/text.h"

#define DEVICES "/sys/bus/pci/devices"
#define PORT "pcieport"
/* Seconds: a kernel with KASAN takes long to make a port work */
#define SLOWLY 120

static int is_bridge(const char *bdf)
{
	char path[300], class[16];

	snprintf(path, sizeof(path), DEVICES "/%s/class", bdf);
	return text_read(path, class, sizeof(class)) > 0 &&
	       !strncmp(class, "0x06", 4);
}

static int has_driver(const char *bdf)
{
	char driver[64];

	return device_driver(bdf, driver, sizeof(driver)) || *driver;
}

FIXTURE(port)
{
	const char *bdf;
};

FIXTURE_SETUP(port)
{
	char driver[64];

	self->bdf = device_bdf("SLOT0");
	if (!self->bdf)
		SKIP(return, "SLOT0 is not set");
	ASSERT_EQ(0, device_driver(self->bdf, driver, sizeof(driver)));
	ASSERT_STREQ(PORT, driver);
}

FIXTURE_TEARDOWN(port)
{
	/* Without an override, as it was */
	device_bind(self->bdf, NULL);
	text_write("/sys/bus/pci/drivers_probe", self->bdf);
}

TEST_F_TIMEOUT(port, is_refused_and_gets_its_driver_back, SLOWLY)
{
	char node[64];
	int i;

	for (i = 0; i < 2; i++) {
		EXPECT_EQ(-ENODEV, device_bind(self->bdf, "vfio"));
		EXPECT_EQ(0, has_driver(self->bdf));
		EXPECT_GT(0, device_node(self->bdf, node, sizeof(node)));
		EXPECT_EQ(0, device_bind(self->bdf, PORT));
	}
}

TEST_F_TIMEOUT(port, is_refused_when_asked_by_name, SLOWLY)
{
	ASSERT_EQ(0, device_bind(self->bdf, NULL));
	EXPECT_GT(0, text_write("/sys/bus/pci/drivers/vfio/bind", self->bdf));
	EXPECT_EQ(0, has_driver(self->bdf));
	EXPECT_EQ(0, device_bind(self->bdf, PORT));
}

/* The host bridge, that to ISA, and whatever else has no driver of its own */
TEST(bridges_of_every_kind_are_refused)
{
	DIR *dir = opendir(DEVICES);
	struct dirent *entry;
	int n = 0;

	ASSERT_NE(NULL, dir);
	while ((entry = readdir(dir))) {
		if (!is_bridge(entry->d_name) || has_driver(entry->d_name))
			continue;
		n++;
		EXPECT_EQ(-ENODEV, device_bind(entry->d_name, "vfio"))
		TH_LOG("%s", entry->d_name);
		EXPECT_EQ(0, device_bind(entry->d_name, NULL));
	}
	closedir(dir);
	EXPECT_LT(1, n);
}

TEST_HARNESS_MAIN
