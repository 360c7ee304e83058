// SPDX-License-Identifier: GPL-2.0
/*
 * Which driver holds which device. Invariant: before each program every
 * wanted device is bound to the driver that the plan names.
 */
#include "init.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MAX_DEVICES 32

static struct {
	char address[32];
	char driver[32];
} wanted[MAX_DEVICES];

static int count;

static void driver_of(const char *address, char *name, size_t size)
{
	char path[128], target[256];
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver", address);
	n = readlink(path, target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = '\0';
	snprintf(name, size, "%s",
		 strrchr(target, '/') ? strrchr(target, '/') + 1 : "");
}

static void release_device(const char *address)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver/unbind",
		 address);
	write_file(path, address);
}

static bool bind_to(const char *address, const char *driver)
{
	char path[128], now[64];

	driver_of(address, now, sizeof(now));
	if (strcmp(now, driver) == 0)
		return true;
	if (now[0])
		release_device(address);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver_override",
		 address);
	write_file(path, driver);
	write_file("/sys/bus/pci/drivers_probe", address);
	driver_of(address, now, sizeof(now));
	return strcmp(now, driver) == 0;
}

bool device_want(const char *name, const char *driver)
{
	const char *address = machine_device(name);

	if (!address || count == MAX_DEVICES)
		return false;
	snprintf(wanted[count].address, sizeof(wanted[0].address), "%s",
		 address);
	snprintf(wanted[count].driver, sizeof(wanted[0].driver), "%s", driver);
	count++;
	return true;
}

bool devices_settle(void)
{
	bool good = true;
	int i;

	for (i = 0; i < count; i++) {
		if (bind_to(wanted[i].address, wanted[i].driver))
			continue;
		say("# cannot bind %s to %s\n", wanted[i].address,
		    wanted[i].driver);
		good = false;
	}
	return good;
}

void devices_release(void)
{
	char path[128];
	int i;

	for (i = 0; i < count; i++) {
		release_device(wanted[i].address);
		snprintf(path, sizeof(path),
			 "/sys/bus/pci/devices/%s/driver_override",
			 wanted[i].address);
		write_file(path, "\n");
	}
}
