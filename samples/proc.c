// SPDX-License-Identifier: GPL-2.0
/*
 * Reading /proc. Invariant: what cannot be read is told apart from 0.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proc.h"

/**
 * proc_status() - a number from /proc/self/status
 * @field: with its colon, "VmPin:"
 * @base: that it is written in
 *
 * Return: the number; -1: there is none.
 */
long proc_status(const char *field, int base)
{
	FILE *file = fopen("/proc/self/status", "re");
	long value = -1;
	char line[256];

	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, field, strlen(field)))
			value = strtol(line + strlen(field), NULL, base);
	fclose(file);
	return value;
}

/**
 * proc_has_module() - is a module loaded?
 * @name: as lsmod shows it
 *
 * Return: whether it is; true when that cannot be known.
 */
bool proc_has_module(const char *name)
{
	FILE *file = fopen("/proc/modules", "re");
	bool found = false;
	char line[256];

	if (!file)
		return true;
	while (!found && fgets(line, sizeof(line), file))
		found = !strncmp(line, name, strlen(name)) &&
			line[strlen(name)] == ' ';
	fclose(file);
	return found;
}
