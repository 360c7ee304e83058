/* SPDX-License-Identifier: GPL-2.0 */
/* A real file system, on a loop device over a memory file. */
#ifndef SELFTESTS_DISK_H
#define SELFTESTS_DISK_H

#define DISK_DIR "/tmp/selftest-disk"

/**
 * struct disk - a mounted file system
 * @loop: descriptor of the loop device
 */
struct disk {
	int loop;
};

int disk_mount(struct disk *disk);
void disk_umount(struct disk *disk);

#endif
