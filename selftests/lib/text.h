/* SPDX-License-Identifier: GPL-2.0 */
/* Small text files of /proc and /sys. */
#ifndef SELFTESTS_TEXT_H
#define SELFTESTS_TEXT_H

#include <stdbool.h>
#include <stddef.h>

int text_read(const char *path, char *buf, size_t size);
int text_write(const char *path, const char *text);
long text_field(const char *path, const char *field);
long text_free_pages(void);
bool text_kernel_looks_closely(void);
int text_log_count(const char *text);
int text_module_refs(const char *module);

#endif
