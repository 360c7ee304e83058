// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that its process gives to the kernel only when it likes. Invariant:
 * after hang_let_go() nobody hangs on it any more.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "call.h"
#include "hang.h"
#include "memory.h"
#include "text.h"

/**
 * hang_waits() - does a pin for long hang on such a page, too?
 *
 * Return: true if so. If not it fails: 6.1 does not wait for userfaultfd then.
 */
bool hang_waits(void)
{
	const char *release = getenv("KERNEL");

	return release && strncmp(release, "6.1.", 4);
}

/**
 * hang_may_be_pinned() - may a test try to pin such a page for long?
 *
 * Return: false if the kernel complains of that in its log, as 6.1 does where
 * it looks closely.
 */
bool hang_may_be_pinned(void)
{
	return hang_waits() || !text_kernel_looks_closely();
}

/**
 * hang_make() - make a page on which faults hang
 * @hang: out
 *
 * Return: 0, or a negative errno.
 */
int hang_make(struct hang *hang)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	hang->page = memory_anon(PAGE);
	hang->uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (hang->uffd < 0 || ioctl(hang->uffd, UFFDIO_API, &api))
		return -errno;
	reg.range.start = (unsigned long)hang->page;
	reg.range.len = PAGE;
	return call(hang->uffd, UFFDIO_REGISTER, &reg);
}

/**
 * hang_let_go() - give the page, of zeroes, to whoever hangs on it
 * @hang: the page
 */
void hang_let_go(struct hang *hang)
{
	struct uffdio_zeropage zero = {
		.range.start = (unsigned long)hang->page,
		.range.len = PAGE,
	};

	call(hang->uffd, UFFDIO_ZEROPAGE, &zero);
	close(hang->uffd);
}
