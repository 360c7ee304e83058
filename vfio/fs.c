// SPDX-License-Identifier: GPL-2.0
/*
 * A file system that nobody mounts, for one inode per device.
 *
 * Owns those inodes. Invariant: all mmaps of a device's BARs are in the
 * address space of its inode, through whichever node they were opened, so that
 * one call zaps them all.
 */
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/pseudo_fs.h>

#include "device.h"

#define UVFIO_FS_MAGIC 0x7576696f

static struct vfsmount *mount;
static int nr_users;

static int init_context(struct fs_context *fc)
{
	return init_pseudo(fc, UVFIO_FS_MAGIC) ? 0 : -ENOMEM;
}

/* No owner: a bound device must not keep the module from being unloaded */
static struct file_system_type fs_type = {
	.name = "uvfio",
	.init_fs_context = init_context,
	.kill_sb = kill_anon_super,
};

/**
 * vfio_fs_get_inode - make the inode of a device
 * @vdev: the device
 *
 * Return: 0 or a negative error.
 */
int vfio_fs_get_inode(struct vfio_dev *vdev)
{
	int ret = simple_pin_fs(&fs_type, &mount, &nr_users);

	if (ret)
		return ret;
	vdev->inode = alloc_anon_inode(mount->mnt_sb);
	if (!IS_ERR(vdev->inode))
		return 0;
	ret = PTR_ERR(vdev->inode);
	vdev->inode = NULL;
	simple_release_fs(&mount, &nr_users);
	return ret;
}

/**
 * vfio_fs_put_inode - let go of the inode of a device
 * @vdev: the device, with no open file
 */
void vfio_fs_put_inode(struct vfio_dev *vdev)
{
	if (!vdev->inode)
		return;
	iput(vdev->inode);
	simple_release_fs(&mount, &nr_users);
}
