// SPDX-License-Identifier: GPL-2.0
/*
 * A file system that writes back, as disks have, without a disk: minix on a
 * loop device over a memory file. Needs the modules loop and minix.
 *
 * Invariant: the image is the smallest that mounts: one block each of
 * bitmaps, inodes and root directory, the rest free.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <linux/types.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk.h"

#define BLOCK 1024
#define BLOCKS 1024
#define INODES 32
#define FIRST_DATA 5 /* boot, super, two bitmaps, inodes */

struct super {
	__u16 inodes;
	__u16 zones;
	__u16 inode_map_blocks;
	__u16 zone_map_blocks;
	__u16 first_data;
	__u16 log_zone_size;
	__u32 max_size;
	__u16 magic;
	__u16 state;
};

struct inode {
	__u16 mode;
	__u16 uid;
	__u32 size;
	__u32 time;
	__u8 gid;
	__u8 links;
	__u16 zones[9];
};

struct entry {
	__u16 inode;
	char name[14];
};

static void fill_bitmap(__u8 *map, unsigned int used, unsigned int bits)
{
	unsigned int i;

	memset(map, 0, BLOCK);
	for (i = 0; i < BLOCK * 8; i++)
		if (i < used || i >= bits)
			map[i / 8] |= 1 << i % 8;
}

static void fill_image(__u8 *image)
{
	struct super super = {
		.inodes = INODES,
		.zones = BLOCKS,
		.inode_map_blocks = 1,
		.zone_map_blocks = 1,
		.first_data = FIRST_DATA,
		.max_size = BLOCKS * BLOCK,
		.magic = 0x137f,
		.state = 1,
	};
	struct inode root = {
		.mode = S_IFDIR | 0700,
		.size = 2 * sizeof(struct entry),
		.links = 2,
		.zones = { FIRST_DATA },
	};
	struct entry dots[2] = { { 1, "." }, { 1, ".." } };

	memcpy(image + BLOCK, &super, sizeof(super));
	fill_bitmap(image + 2 * BLOCK, 2, INODES + 1);
	fill_bitmap(image + 3 * BLOCK, 2, BLOCKS - FIRST_DATA + 1);
	memcpy(image + 4 * BLOCK, &root, sizeof(root));
	memcpy(image + FIRST_DATA * BLOCK, dots, sizeof(dots));
}

static int make_image(void)
{
	int fd = memfd_create("disk", MFD_CLOEXEC);
	void *image;

	if (fd < 0 || ftruncate(fd, BLOCKS * BLOCK))
		return -errno;
	image = mmap(NULL, BLOCKS * BLOCK, PROT_READ | PROT_WRITE, MAP_SHARED,
		     fd, 0);
	if (image == MAP_FAILED)
		return -errno;
	fill_image(image);
	munmap(image, BLOCKS * BLOCK);
	return fd;
}

static int open_loop(char *path, size_t size, int image)
{
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	int nr, loop;

	nr = control < 0 ? -1 : ioctl(control, LOOP_CTL_GET_FREE);
	if (nr < 0)
		return -errno;
	close(control);
	snprintf(path, size, "/dev/loop%d", nr);
	loop = open(path, O_RDWR | O_CLOEXEC);
	if (loop < 0 || ioctl(loop, LOOP_SET_FD, image))
		return -errno;
	return loop;
}

/**
 * disk_mount() - make a file system and mount it at DISK_DIR
 * @disk: out
 *
 * Return: 0, or a negative errno.
 */
int disk_mount(struct disk *disk)
{
	int image = make_image();
	char path[32];

	if (image < 0)
		return image;
	disk->loop = open_loop(path, sizeof(path), image);
	close(image);
	if (disk->loop < 0)
		return disk->loop;
	if (mkdir(DISK_DIR, 0700) && errno != EEXIST)
		return -errno;
	return mount(path, DISK_DIR, "minix", 0, NULL) ? -errno : 0;
}

/**
 * disk_umount() - undo disk_mount()
 * @disk: what it filled
 */
void disk_umount(struct disk *disk)
{
	umount2(DISK_DIR, MNT_DETACH);
	rmdir(DISK_DIR);
	ioctl(disk->loop, LOOP_CLR_FD);
	close(disk->loop);
}
