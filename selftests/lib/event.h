/* SPDX-License-Identifier: GPL-2.0 */
/* Eventfds: how interrupts arrive. */
#ifndef SELFTESTS_EVENT_H
#define SELFTESTS_EVENT_H

int event_new(void);
long event_take(int fd, int ms);
int event_fire(int fd);

#endif
