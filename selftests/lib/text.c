// SPDX-License-Identifier: GPL-2.0
/*
 * Small text files of /proc and /sys.
 *
 * Owns no state: each call opens, reads or writes once, and closes.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "text.h"

/**
 * text_read() - read a text file whole, without its last newline
 * @path: file
 * @buf: where to; always terminated
 * @size: bytes at @buf
 *
 * Return: length, or a negative errno.
 */
int text_read(const char *path, char *buf, size_t size)
{
	size_t used = 0;
	ssize_t n = 0;
	int fd, err;

	buf[0] = 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (used < size - 1) {
		n = read(fd, buf + used, size - 1 - used);
		if (n <= 0)
			break;
		used += n;
	}
	err = n < 0 ? -errno : 0;
	close(fd);
	if (used && buf[used - 1] == '\n')
		used--;
	buf[used] = 0;
	return err ? err : (int)used;
}

/**
 * text_write() - write a text to a file in one go
 * @path: file
 * @text: what to write
 *
 * Return: 0, or a negative errno.
 */
int text_write(const char *path, const char *text)
{
	size_t size = strlen(text);
	int fd, err = 0;

	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, size) != (ssize_t)size)
		err = errno ? -errno : -EIO;
	close(fd);
	return err;
}

/**
 * text_field() - the number after a "Name:" at the start of a line
 * @path: file
 * @field: name, with its colon
 *
 * Return: the number, or a negative errno.
 */
long text_field(const char *path, const char *field)
{
	static char buf[65536];
	const char *at = buf;
	int err = text_read(path, buf, sizeof(buf));

	if (err < 0)
		return err;
	while (at && strncmp(at, field, strlen(field))) {
		at = strchr(at, '\n');
		at = at ? at + 1 : NULL;
	}
	return at ? strtol(at + strlen(field), NULL, 0) : -ENOENT;
}

/**
 * text_log_count() - lines of the kernel's log with some text
 * @text: the text
 *
 * Return: how many, or a negative errno.
 */
int text_log_count(const char *text)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	static char line[8192];
	int found = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	do {
		n = read(fd, line, sizeof(line) - 1);
		line[n > 0 ? n : 0] = 0;
		found += n > 0 && strstr(line, text);
	} while (n > 0 || (n < 0 && errno == EPIPE));
	close(fd);
	return found;
}

/**
 * text_module_refs() - how many references a module has
 * @module: its name
 *
 * Return: the number, or a negative errno.
 */
int text_module_refs(const char *module)
{
	char path[128], buf[32];
	int err;

	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", module);
	err = text_read(path, buf, sizeof(buf));
	return err < 0 ? err : atoi(buf);
}

/* Pages that wait on a processor's list: /proc/meminfo does not count them. */
static long waiting_pages(void)
{
	FILE *zones = fopen("/proc/zoneinfo", "re");
	char line[256];
	long sum = 0, n;

	if (!zones)
		return 0;
	while (fgets(line, sizeof(line), zones))
		if (sscanf(line, " count: %ld", &n) == 1)
			sum += n;
	fclose(zones);
	return sum;
}

/**
 * text_kernel_looks_closely() - is it a kernel of ours, with KASAN?
 *
 * Return: true if so; it is slow then.
 */
bool text_kernel_looks_closely(void)
{
	const char *release = getenv("KERNEL");

	return release && strstr(release, "-debug-");
}

/* Do a map, its page tables, and reading of them in /sys? */
static bool leaves_much(const char *cache)
{
	static const char *const names[] = {
		"kmalloc-", "kmemleak_object", "names_cache", "uiommu_", NULL,
	};
	const char *const *name;

	for (name = names; *name; name++)
		if (!strncmp(cache, *name, strlen(*name)))
			return true;
	return false;
}

/*
 * KASAN keeps objects for a while after they were freed, with all pages they
 * are in. A cache that is shrunk gives its own up; to look for them takes
 * long, so only those caches are shrunk that a test fills.
 */
static void empty_quarantine(void)
{
	static const char slab[] = "/sys/kernel/slab";
	struct dirent *entry;
	char path[300];
	DIR *dir;

	if (!text_kernel_looks_closely())
		return;
	dir = opendir(slab);
	while (dir && (entry = readdir(dir))) {
		if (!leaves_much(entry->d_name))
			continue;
		snprintf(path, sizeof(path), "%s/%s/shrink", slab,
			 entry->d_name);
		text_write(path, "1");
	}
	if (dir)
		closedir(dir);
}

/**
 * text_free_pages() - how many pages are free?
 *
 * What others have queued (freeing after a grace period) is let run first.
 *
 * Return: pages of 4 KiB.
 */
long text_free_pages(void)
{
	usleep(200000);
	empty_quarantine();
	return text_field("/proc/meminfo", "MemFree:") / 4 + waiting_pages();
}
