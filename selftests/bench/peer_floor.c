// SPDX-License-Identifier: GPL-2.0
/*
 * The floor: bare pin, map, unmap and unpin by a module of the tests. Owns no
 * state. Invariant: the place of a page in the room follows from its I/O
 * address.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>

#include "../lib/call.h"
#include "../lib/text.h"
#include "../modules/floor/floor.h"
#include "peer.h"

static int open_space(struct space *space, const char *bdf)
{
	int err = text_write("/sys/module/floor/parameters/device", bdf);

	if (err)
		return err;
	space->fd = open("/dev/floor", O_RDWR | O_CLOEXEC);
	if (space->fd < 0)
		return -errno;
	return ioctl(space->fd, FLOOR_ROOM, MAX_PAGES) ? -errno : 0;
}

/* The module has attached the one device it can have. */
static int prepare(struct space *space, const char *bdf)
{
	return space->id++ ? -EOPNOTSUPP : 0;
}

static int attach(struct space *space)
{
	return 0;
}

static struct floor_range range_of(void *vaddr, __u64 iova, size_t size)
{
	return (struct floor_range){
		.vaddr = (unsigned long)vaddr,
		.iova = iova,
		.size = size,
		.first = (iova - BASE_IOVA) / PAGE,
	};
}

static int map(struct space *space, void *vaddr, __u64 iova, size_t size)
{
	struct floor_range range = range_of(vaddr, iova, size);

	return call(space->fd, FLOOR_MAP, &range);
}

static int unmap(struct space *space, __u64 iova, size_t size)
{
	struct floor_range range = range_of(NULL, iova, size);

	return call(space->fd, FLOOR_UNMAP, &range);
}

/**
 * floor_runs() - how many contiguous runs a buffer has
 * @space: an address space of the floor; nothing is mapped in it
 * @vaddr: the buffer
 * @size: bytes
 *
 * Return: the number, or a negative errno.
 */
long floor_runs(struct space *space, void *vaddr, size_t size)
{
	struct floor_range range = range_of(vaddr, BASE_IOVA, size);
	int err = call(space->fd, FLOOR_MAP, &range);

	if (err)
		return err;
	call(space->fd, FLOOR_UNMAP, &range);
	return range.nr_runs;
}

const struct peer peer_floor = {
	.name = "floor",
	.device = "EDU2",
	.open = open_space,
	.prepare = prepare,
	.attach = attach,
	.map = map,
	.unmap = unmap,
};
