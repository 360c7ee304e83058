// SPDX-License-Identifier: GPL-2.0
/*
 * Devices that misbehave: test modules of the machine, selftests/modules.
 *
 * Owns no state. What is said of a device stays until it is taken back.
 */
#include <stdio.h>
#include <unistd.h>

#include "quirk.h"
#include "text.h"

static int say(const char *module, const char *what, const char *bdf,
	       const char *args)
{
	char path[128], text[128];

	snprintf(path, sizeof(path), "/sys/module/%s/parameters/%s", module,
		 what);
	snprintf(text, sizeof(text), "%s %s", bdf, args);
	return text_write(path, text);
}

/**
 * quirk_loaded() - is a test module loaded?
 * @module: its name
 *
 * Return: the answer.
 */
bool quirk_loaded(const char *module)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s/parameters", module);
	return !access(path, F_OK);
}

/**
 * quirk() - what the kernel's own quirks say of other devices
 * @what: parameter of the module
 * @bdf: PCI address of a device without a driver
 * @args: what follows there
 *
 * Return: 0, or a negative errno.
 */
int quirk(const char *what, const char *bdf, const char *args)
{
	return say("quirk", what, bdf, args);
}

/**
 * liar() - make the configuration space of a device lie
 * @what: parameter of the module
 * @bdf: PCI address of the device
 * @args: what follows there
 *
 * Return: 0, or a negative errno.
 */
int liar(const char *what, const char *bdf, const char *args)
{
	return say("liar", what, bdf, args);
}

/**
 * storm() - let an edu device raise its line, with nobody to care
 * @bdf: PCI address of the device, which has no driver
 * @count: how many interrupts that shall be
 *
 * Return: 0 when it is over, or a negative errno.
 */
int storm(const char *bdf, unsigned int count)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", count);
	return say("storm", "raise", bdf, text);
}
