/* SPDX-License-Identifier: GPL-2.0 */
/* A page on which a fault hangs until the test lets it go. */
#ifndef SELFTESTS_HANG_H
#define SELFTESTS_HANG_H

#include <stdbool.h>
#include <linux/types.h>

/**
 * struct hang - such a page
 * @uffd: who is asked for it
 * @page: where it is
 */
struct hang {
	int uffd;
	__u8 *page;
};

bool hang_waits(void);
bool hang_may_be_pinned(void);
int hang_make(struct hang *hang);
void hang_let_go(struct hang *hang);

#endif
