/* SPDX-License-Identifier: GPL-2.0 */
/* The host of the test machine: plugs, unplugs, injects errors. */
#ifndef SELFTESTS_CONTROL_H
#define SELFTESTS_CONTROL_H

int control(const char *request);
int control_plug(const char *device, const char *bdf);
int control_unplug(const char *id, const char *bdf);
int control_let_errors_through(const char *bdf);

#endif
