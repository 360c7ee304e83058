// SPDX-License-Identifier: GPL-2.0
/*
 * The file systems that programs expect. Invariant: what a kernel lacks is
 * left out in silence; a test that needs it says so itself.
 */
#include "init.h"

#include <sys/mount.h>
#include <sys/stat.h>

static const struct {
	const char *type;
	const char *path;
	const char *options;
} table[] = {
	{ "proc", "/proc", "" },
	{ "sysfs", "/sys", "" },
	{ "devtmpfs", "/dev", "" },
	{ "devpts", "/dev/pts", "" },
	{ "tmpfs", "/dev/shm", "" },
	{ "hugetlbfs", "/dev/hugepages", "" },
	{ "tmpfs", "/tmp", "mode=1777" },
	{ "tmpfs", "/run", "mode=755" },
	{ "debugfs", "/sys/kernel/debug", "" },
	{ "tracefs", "/sys/kernel/tracing", "" },
	{ "cgroup2", "/sys/fs/cgroup", "" },
};

/*
 * The first memory cgroup makes the kernel change its code where memory is
 * freed. That is safer done now, on a machine that does nothing else, than
 * when programs run: see stale_breakpoint() of host.py.
 */
static void begin_cgroups(void)
{
	write_file("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	mkdir("/sys/fs/cgroup/first", 0755);
}

void mount_all(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		mkdir(table[i].path, 0755);
		mount(table[i].type, table[i].path, table[i].type, 0,
		      table[i].options);
	}
	begin_cgroups();
}
