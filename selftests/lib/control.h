/* SPDX-License-Identifier: GPL-2.0 */
/* The host of the test machine: plugs, unplugs, injects errors. */
#ifndef SELFTESTS_CONTROL_H
#define SELFTESTS_CONTROL_H

int control(const char *request);

#endif
