// SPDX-License-Identifier: GPL-2.0
/*
 * The names of the devices. Invariant: each name is an environment variable
 * that holds the PCI address the kernel gave the device.
 *
 * The runner writes /machine.env, lines of NAME=VALUE. A value BRIDGE>DD.F
 * stands for function DD.F on the bus behind BRIDGE, whose number only the
 * running machine knows; BRIDGE may stand behind another in the same way.
 */
#include "init.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* From a bridge's address to that of a function on the bus behind it */
static int step_behind(char *address, size_t size, const char *child)
{
	char path[128], bus[16];

	snprintf(path, sizeof(path),
		 "/sys/bus/pci/devices/%s/secondary_bus_number", address);
	if (read_file(path, bus, sizeof(bus)) <= 0)
		return -1;
	snprintf(address, size, "0000:%02x:%s", atoi(bus), child);
	return 0;
}

static void set_one(char *line)
{
	char *value = strchr(line, '=');
	char address[128], *step; /* NVME_SHA256 is longer than any address */

	if (!value)
		return;
	*value++ = '\0';
	step = strtok(value, ">");
	if (!step)
		return;
	snprintf(address, sizeof(address), "%s", step);
	while ((step = strtok(NULL, ">")))
		if (step_behind(address, sizeof(address), step))
			return;
	setenv(line, address, 1);
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
