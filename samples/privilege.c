// SPDX-License-Identifier: GPL-2.0
/*
 * Giving up privilege. Invariant: after privilege_drop() there is no way back
 * for this process and what it execs.
 */
#include <errno.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <linux/capability.h>

#include "privilege.h"

/* The bounding set ends at the first number that the kernel does not know */
static int empty_bounding_set(void)
{
	unsigned long cap;

	for (cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0))
			return -errno;
	return 0;
}

static int change_user(uid_t uid)
{
	if (setgroups(0, NULL) || setresgid(uid, uid, uid) ||
	    setresuid(uid, uid, uid))
		return -errno;
	return 0;
}

/**
 * privilege_drop() - become an ordinary user, without any capability
 * @uid: user and group to become, not 0
 * @memlock: limit of locked memory in bytes
 *
 * Return: 0, or a negative errno; then do not go on.
 */
int privilege_drop(uid_t uid, unsigned long memlock)
{
	const struct rlimit limit = { memlock, memlock };
	int ret;

	if (!uid)
		return -EINVAL;
	if (setrlimit(RLIMIT_MEMLOCK, &limit))
		return -errno;
	ret = empty_bounding_set();
	if (!ret)
		ret = change_user(uid);
	if (!ret && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		ret = -errno;
	return ret;
}
