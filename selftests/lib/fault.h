/* SPDX-License-Identifier: GPL-2.0 */
/* Touch memory that may not be there. */
#ifndef SELFTESTS_FAULT_H
#define SELFTESTS_FAULT_H

int fault_run(void (*fn)(void *arg), void *arg);
int fault_read(const volatile void *at);
int fault_write(volatile void *at, unsigned int value);

#endif
