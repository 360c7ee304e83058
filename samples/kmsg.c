// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's log. Invariant: only what was logged after kmsg_open() counts,
 * and each line is looked at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "kmsg.h"

#define FAULT_TIMEOUT_MS 5000

/**
 * kmsg_open() - begin to listen to the kernel's log; needs privilege
 *
 * Return: a descriptor, or a negative errno.
 */
int kmsg_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	lseek(fd, 0, SEEK_END);
	return fd;
}

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The next record, its text without the prefix; NULL when time is up */
static char *next_line(int kmsg, char *record, size_t size, long deadline)
{
	struct pollfd poll_fd = { .fd = kmsg, .events = POLLIN };
	ssize_t got;
	char *text;

	for (;;) {
		got = read(kmsg, record, size - 1);
		if (got >= 0)
			break;
		if (errno != EAGAIN && errno != EPIPE)
			return NULL;
		if (now_ms() >= deadline)
			return NULL;
		poll(&poll_fd, 1, 50);
	}
	record[got] = '\0';
	record[strcspn(record, "\n")] = '\0';
	text = strchr(record, ';');
	return text ? text + 1 : record;
}

/*
 * VT-d: "DMAR: [DMA Write NO_PASID] Request device [00:04.0] fault addr 0x..."
 * AMD-Vi: "... 0000:00:04.0: AMD-Vi: Event logged [IO_PAGE_FAULT ...
 * address=0x..."; both name the function and the page.
 */
static bool is_fault(const char *text, const char *function, const char *page)
{
	const char *at = strstr(text, page);

	if (!at || !strstr(text, function))
		return false;
	if (!strstr(text, "fault addr") && !strstr(text, "IO_PAGE_FAULT"))
		return false;
	at += strlen(page);
	return !*at || strchr(" ]\n", *at);
}

/**
 * kmsg_find_fault() - wait until the IOMMU reports that it stopped a device
 * @kmsg: from kmsg_open()
 * @bdf: PCI address of the device
 * @iova: what it asked for
 * @line: where the kernel's line goes
 * @size: room there
 *
 * Return: whether it was reported within five seconds.
 */
bool kmsg_find_fault(int kmsg, const char *bdf, unsigned long long iova,
		     char *line, size_t size)
{
	const char *function = strchr(bdf, ':');
	long deadline = now_ms() + FAULT_TIMEOUT_MS;
	char record[2048], page[32];
	const char *text;

	function = function ? function + 1 : bdf;
	snprintf(page, sizeof(page), "0x%llx", iova & ~0xfffULL);
	for (;;) {
		text = next_line(kmsg, record, sizeof(record), deadline);
		if (!text)
			return false;
		if (is_fault(text, function, page))
			break;
	}
	snprintf(line, size, "%s", text);
	return true;
}
