/* SPDX-License-Identifier: GPL-2.0 */
/* Devices that misbehave: test modules of the machine. */
#ifndef SELFTESTS_QUIRK_H
#define SELFTESTS_QUIRK_H

#include <stdbool.h>

bool quirk_loaded(const char *module);
int quirk(const char *what, const char *bdf, const char *args);
int liar(const char *what, const char *bdf, const char *args);
int storm(const char *bdf, unsigned int count);

#endif
