// SPDX-License-Identifier: GPL-2.0
/*
 * What is left of a user's quota of locked memory.
 *
 * The kernel shows it nowhere, so it is found by using it up, page by page,
 * in a child that then ends. Invariant: the same user with the same limit and
 * nothing mapped always finds the same room.
 */
#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>

#include "call.h"
#include "domain.h"
#include "process.h"

#define QUOTA_IOVA 0x40000000ULL

static int use_up(void *arg)
{
	unsigned int limit = *(unsigned int *)arg, n;
	int fd = domain_open(), err = 0;
	char *buf;

	buf = mmap(NULL, (limit + 8) * PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (fd < 0 || buf == MAP_FAILED)
		return 255;
	for (n = 0; n < limit + 8; n++) {
		err = domain_map(fd, buf + n * PAGE, QUOTA_IOVA + n * PAGE,
				 PAGE, true);
		if (err)
			break;
	}
	return err == -ENOMEM ? (int)n : 254;
}

/**
 * process_quota() - how many pages a user can still have mapped
 * @uid: user
 * @limit: limit in pages, at most 200
 *
 * Return: the number; 254 and 255 mean that asking failed.
 */
int process_quota(uid_t uid, unsigned int limit)
{
	return process_run_as(uid, limit * PAGE, use_up, &limit);
}

/**
 * process_quota_becomes() - wait a second for an amount of room
 * @uid: user
 * @limit: limit in pages
 * @room: pages
 *
 * Return: 1 if it came, else 0.
 */
int process_quota_becomes(uid_t uid, unsigned int limit, int room)
{
	int left = 20;

	while (process_quota(uid, limit) != room) {
		if (!left--)
			return 0;
		process_nap(50);
	}
	return 1;
}
