// SPDX-License-Identifier: GPL-2.0
/*
 * Loading and unloading. Invariant: a module that is there already counts as
 * loaded, and one that is not there as unloaded.
 */
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* @parameters: NULL-terminated words */
bool load_module(const char *path, char *parameters[])
{
	char text[512] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	long err;

	if (fd < 0) {
		say("# cannot open %s: %s\n", path, strerror(errno));
		return false;
	}
	for (; *parameters; parameters++) {
		strncat(text, *parameters, sizeof(text) - strlen(text) - 1);
		strncat(text, " ", sizeof(text) - strlen(text) - 1);
	}
	err = syscall(SYS_finit_module, fd, text, 0);
	close(fd);
	if (err && errno != EEXIST) {
		say("# cannot load %s: %s\n", path, strerror(errno));
		return false;
	}
	return true;
}

/* Its users may still be on their way out: give them three seconds. */
bool unload_module(const char *name)
{
	int tries;

	for (tries = 0; tries < 30; tries++) {
		if (!syscall(SYS_delete_module, name, O_NONBLOCK))
			return true;
		if (errno == ENOENT)
			return true;
		if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EBUSY)
			break;
		usleep(100000);
	}
	say("# cannot unload %s: %s\n", name, strerror(errno));
	return false;
}

bool module_is_loaded(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", name);
	return access(path, F_OK) == 0;
}
