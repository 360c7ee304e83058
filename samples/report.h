/* SPDX-License-Identifier: GPL-2.0 */
/* What the demonstration says while it runs, and whether it may be believed */
#ifndef _SAMPLES_REPORT_H
#define _SAMPLES_REPORT_H

#include <stdbool.h>

#include <uvfio.h>

void report_begin(void);
void report_step(unsigned int number, const char *title);
[[gnu::format(printf, 1, 2)]] void report_note(const char *format, ...);
[[gnu::format(printf, 2, 3)]] bool report_check(bool good, const char *format,
						...);
bool report_call(int ret, enum uvfio_call call, const char *what);
unsigned int report_failures(void);

#endif /* _SAMPLES_REPORT_H */
