/* SPDX-License-Identifier: GPL-2.0 */
/* Address spaces of each kind, behind one set of calls. */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#define MAX_DEVICES 16
#define NR_PEERS 4
#define BASE_IOVA 0x100000000ULL
#define MAX_PAGES (1UL << 20)

struct space;

/**
 * struct peer - one way to let a device reach memory
 * @name: as the table prints it
 * @driver: of the kernel, that holds the device; NULL if none does
 * @device: environment variable with the address of the device it is
 *	measured with
 * @open: make an address space
 * @prepare: open what is needed to attach a device
 * @attach: attach the device that was prepared last
 * @map: map for reading and writing
 * @unmap: unmap what was mapped with the same arguments
 * @map_any: map where the kernel chooses; NULL if it does not
 *
 * All return 0 or a negative errno.
 */
struct peer {
	const char *name;
	const char *driver;
	const char *device;
	int (*open)(struct space *space, const char *bdf);
	int (*prepare)(struct space *space, const char *bdf);
	int (*attach)(struct space *space);
	int (*map)(struct space *space, void *vaddr, __u64 iova, size_t size);
	int (*unmap)(struct space *space, __u64 iova, size_t size);
	int (*map_any)(struct space *space, void *vaddr, size_t size);
};

/**
 * struct space - an address space
 * @peer: of which kind
 * @fd: its descriptor
 * @id: second name of it, for iommufd
 * @devices: what @peer has opened for devices
 * @nr_devices: how many
 */
struct space {
	const struct peer *peer;
	int fd;
	__u32 id;
	int devices[MAX_DEVICES];
	unsigned int nr_devices;
};

extern const struct peer peer_floor, peer_uiommu, peer_type1, peer_iommufd;
extern const struct peer *const peers[NR_PEERS];

int space_open(struct space *space, const struct peer *peer, const char *bdf);
int space_add(struct space *space, const char *bdf);
void space_close(struct space *space);
const struct peer *peer_find(const char *name);
int group_open(const char *bdf);
long floor_runs(struct space *space, void *vaddr, size_t size);

#endif
