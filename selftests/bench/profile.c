// SPDX-License-Identifier: GPL-2.0
/*
 * One operation over and over, between marks that QEMU's plugin counts
 * between. Owns nothing. Invariant: each round does the same, and what has to
 * be undone in between is outside the marks.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/call.h"
#include "../lib/device.h"
#include "bench.h"
#include "bulk.h"
#include "clock.h"
#include "function.h"
#include "registers.h"

#define ROUNDS 64
#define WARM 8

static int profile_map(struct space *space, void *buf, size_t size, bool unmap)
{
	int err;

	if (!unmap)
		mark_begin();
	err = space->peer->map(space, buf, BASE_IOVA, size);
	mark_end();
	if (err)
		return err;
	if (unmap)
		mark_begin();
	err = space->peer->unmap(space, BASE_IOVA, size);
	mark_end();
	return err;
}

/* Rounds before those that count: what is allocated once is there then. */
static int warm_up(struct space *space, void *buf, size_t size)
{
	int round, err = 0;

	for (round = 0; round < WARM && !err; round++) {
		err = space->peer->map(space, buf, BASE_IOVA, size);
		if (!err)
			err = space->peer->unmap(space, BASE_IOVA, size);
	}
	return err;
}

static int profile_buffer(const struct peer *peer, const struct shape *shape,
			  bool unmap)
{
	int round, rounds = shape->per_page ? 1 : ROUNDS;
	char *buf = buffer_make(shape->pages, shape->size);
	struct space space;
	int err = space_open(&space, peer, getenv(peer->device));

	if (!buf)
		err = -ENOMEM;
	if (!err)
		err = warm_up(&space, buf, shape->size);
	for (round = 0; round < rounds && !err; round++)
		err = profile_map(&space, buf, shape->size, unmap);
	if (!err)
		printf("profile\trounds\t%d\n", rounds);
	space_close(&space);
	return err;
}

/* One page each, all of them at once. */
static int map_many(struct space *space, char *buf, bool counted)
{
	unsigned long i;
	int err = 0;

	for (i = 0; i < MANY && !err; i++) {
		if (counted)
			mark_begin();
		err = space->peer->map(space, buf + i * PAGE,
				       BASE_IOVA + i * PAGE, PAGE);
		mark_end();
	}
	return err;
}

static int unmap_many(struct space *space, bool counted)
{
	unsigned long i;
	int err = 0;

	for (i = 0; i < MANY && !err; i++) {
		if (counted)
			mark_begin();
		err = space->peer->unmap(space, BASE_IOVA + i * PAGE, PAGE);
		mark_end();
	}
	return err;
}

static int profile_many(const struct peer *peer, bool unmap)
{
	char *buf = buffer_make(SMALL, MANY * PAGE);
	struct space space;
	int err = space_open(&space, peer, getenv(peer->device));

	if (!buf)
		err = -ENOMEM;
	if (!err)
		err = map_many(&space, buf, !unmap);
	if (!err)
		err = unmap_many(&space, unmap);
	if (!err)
		printf("profile\trounds\t%lu\n", MANY);
	space_close(&space);
	return err;
}

static int profile_access(const struct access *access,
			  const struct keeper *keeper)
{
	struct function f;
	int round, err = device_bind(getenv("EDU0"), keeper->driver);

	if (!err)
		err = keeper->open(&f, getenv("EDU0"));
	for (round = 0; round < WARM + ROUNDS && !err; round++) {
		if (round >= WARM)
			mark_begin();
		err = access ? access->call(&f) : interrupt_once(&f, keeper);
		mark_end();
	}
	if (!err)
		printf("profile\trounds\t%d\n", ROUNDS);
	return err;
}

static int profile_device(const char *what, const char *who)
{
	const struct keeper *keeper = strcmp(who, keeper_uvfio.name) ?
					      &keeper_vfio_pci :
					      &keeper_uvfio;
	unsigned int i;

	if (strcmp(what, "irq-signal") == 0)
		return profile_access(NULL, keeper);
	for (i = 0; i < nr_accesses; i++)
		if (strcmp(accesses[i].row, what) == 0)
			return profile_access(&accesses[i], keeper);
	return -EINVAL;
}

static int profile_row(const char *what, const char *who)
{
	const struct peer *peer = peer_find(who);
	bool unmap = strncmp(what, "unmap-", 6) == 0;
	unsigned int i;

	if (!peer)
		return profile_device(what, who);
	if (strcmp(what + (unmap ? 6 : 4), "20000") == 0)
		return profile_many(peer, unmap);
	for (i = 0; i < nr_shapes; i++)
		if (strcmp(shapes[i].name, what + (unmap ? 6 : 4)) == 0)
			return profile_buffer(peer, &shapes[i], unmap);
	return -EINVAL;
}

/* Where functions begin; data does not interest. */
static void print_symbols(void)
{
	FILE *symbols = fopen("/proc/kallsyms", "re");
	char line[256], type, name[200];
	unsigned long at;

	if (!symbols)
		return;
	while (fgets(line, sizeof(line), symbols))
		if (sscanf(line, "%lx %c %199s", &at, &type, name) == 3 &&
		    strchr("tTwW", type))
			printf("s %lx %s\n", at, name);
	fclose(symbols);
}

/**
 * profile() - make the instructions of one row countable by function
 * @what: the row
 * @who: the peer, or the keeper of the device
 *
 * Return: exit status.
 */
int profile(const char *what, const char *who)
{
	int err = profile_row(what, who);

	if (err) {
		printf("cannot profile %s of %s: %s\n", what, who,
		       strerror(-err));
		return 1;
	}
	print_symbols();
	return 0;
}
