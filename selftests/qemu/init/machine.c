// SPDX-License-Identifier: GPL-2.0
/*
 * The names of the devices. Invariant: each name is an environment variable
 * that holds the PCI address the kernel gave the device.
 *
 * The runner writes /machine.env, lines of NAME=VALUE. A value BRIDGE>DD.F
 * stands for function DD.F on the bus behind BRIDGE, whose number only the
 * running machine knows.
 */
#include "init.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void set_behind_bridge(const char *name, char *value, char *child)
{
	char path[128], bus[16], address[32];

	*child++ = '\0';
	snprintf(path, sizeof(path),
		 "/sys/bus/pci/devices/%s/secondary_bus_number", value);
	if (read_file(path, bus, sizeof(bus)) <= 0)
		return;
	snprintf(address, sizeof(address), "0000:%02x:%s", atoi(bus), child);
	setenv(name, address, 1);
}

static void set_one(char *line)
{
	char *value = strchr(line, '=');
	char *child;

	if (!value)
		return;
	*value++ = '\0';
	child = strchr(value, '>');
	if (child)
		set_behind_bridge(line, value, child);
	else
		setenv(line, value, 1);
}

void machine_read(void)
{
	FILE *env = fopen("/machine.env", "re");
	char line[256];

	if (!env)
		return;
	while (fgets(line, sizeof(line), env)) {
		line[strcspn(line, "\n")] = '\0';
		set_one(line);
	}
	fclose(env);
}

const char *machine_device(const char *name)
{
	return getenv(name);
}
