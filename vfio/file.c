// SPDX-License-Identifier: GPL-2.0
/*
 * Open files of a device: open, close, read, write.
 *
 * Owns struct vfio_file. Invariant: what is read or written passes through a
 * buffer of the kernel, filled or emptied with no lock held.
 */
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "device.h"
#include "netlink.h"

#define CHUNK 256

/* Nothing has reset it: who opens it is to know */
static void note_stale(struct vfio_dev *vdev)
{
	vdev->stale = vdev->dirty;
	if (!vdev->stale || vdev->told)
		return;
	vdev->told = true;
	pci_notice(
		vdev->pdev,
		"opened without a reset: its registers may hold what others left\n");
}

static int first_open(struct vfio_dev *vdev)
{
	if (vdev->needs_reset)
		vfio_reset_pristine(vdev);
	if (vdev->needs_reset)
		return -EAGAIN;
	WRITE_ONCE(vdev->was_silent, false);
	note_stale(vdev);
	vfio_config_open(&vdev->config);
	vfio_intx_sync(vdev);
	return 0;
}

/* The last file has gone: nobody is left to own what the device does */
static void last_close(struct vfio_dev *vdev)
{
	vfio_irqs_off(vdev);
	vfio_domain_drop(vdev);
	/* who opens it next, and waits for the reset, has not given it up */
	vfio_clients_forget(vdev);
	vfio_reset_pristine(vdev);
}

static int vfio_open(struct inode *inode, struct file *filp)
{
	struct vfio_dev *vdev =
		container_of(inode->i_cdev, struct vfio_dev, cdev);
	struct vfio_file *file;
	int ret;

	file = kzalloc(sizeof(*file), GFP_KERNEL_ACCOUNT);
	if (!file)
		return -ENOMEM;
	file->vdev = vdev;
	if (!READ_ONCE(vdev->nr_open))
		vfio_bus_reset_idle(vdev);
	ret = vfio_enter(vdev);
	if (ret)
		goto free;
	ret = vdev->nr_open ? 0 : first_open(vdev);
	if (!ret)
		vdev->nr_open++;
	vfio_leave(vdev);
	if (ret)
		goto free;
	filp->private_data = file;
	filp->f_mapping = vdev->inode->i_mapping;
	return 0;

free:
	kfree(file);
	return ret;
}

static bool close_one_of_many(struct vfio_dev *vdev)
{
	bool many;

	mutex_lock(&vdev->lock);
	many = vdev->nr_open > 1;
	if (many)
		vdev->nr_open--;
	mutex_unlock(&vdev->lock);
	return many;
}

static void close_one(struct vfio_dev *vdev)
{
	bool last;

	vfio_enter_anyway(vdev);
	last = !--vdev->nr_open;
	if (last) {
		if (!vdev->gone)
			last_close(vdev);
		wake_up_all(&vdev->closed);
	}
	vfio_leave(vdev);
	if (last)
		vfio_bus_reset_idle(vdev);
}

static int vfio_release(struct inode *inode, struct file *filp)
{
	struct vfio_file *file = filp->private_data;
	struct vfio_dev *vdev = file->vdev;

	if (!close_one_of_many(vdev))
		close_one(vdev);
	/* May free much memory; removal must not wait for it */
	if (file->owner)
		uiommu_owner_close(file->owner);
	kfree(file);
	return 0;
}

static int no_such_place(struct vfio_dev *vdev)
{
	return READ_ONCE(vdev->gone) ? -ENODEV : -EINVAL;
}

static int config_read(struct vfio_dev *vdev, u64 offset, void *buf,
		       size_t count)
{
	int ret = vfio_enter(vdev);

	if (ret)
		return ret;
	ret = vfio_config_read(&vdev->config, buf, count, offset);
	vfio_leave(vdev);
	return ret;
}

static int config_write(struct vfio_dev *vdev, u64 offset, const void *buf,
			size_t count)
{
	int ret = vfio_enter_attached(vdev);

	if (ret)
		return ret;
	ret = vfio_config_write(&vdev->config, buf, count, offset);
	vfio_leave(vdev);
	return ret;
}

/* Both return how many bytes of at most CHUNK, 0 at the end, or an error */
static int region_read(struct vfio_dev *vdev, const struct region_pos *pos,
		       void *buf, size_t count)
{
	if (pos->region < REGION_NR_BARS)
		return vfio_bar_read(vdev, pos, buf, count);
	if (pos->region == REGION_ROM)
		return vfio_rom_read(vdev, pos->offset, buf, count);
	if (pos->region == REGION_CONFIG)
		return config_read(vdev, pos->offset, buf, count);
	return no_such_place(vdev);
}

static int region_write(struct vfio_dev *vdev, const struct region_pos *pos,
			const void *buf, size_t count)
{
	if (pos->region < REGION_NR_BARS)
		return vfio_bar_write(vdev, pos, buf, count);
	if (pos->region == REGION_CONFIG)
		return config_write(vdev, pos->offset, buf, count);
	return no_such_place(vdev);
}

/* Up to the next multiple of CHUNK, so that accesses stay aligned */
static size_t chunk_size(u64 offset, size_t count)
{
	return min_t(size_t, count, CHUNK - (offset & (CHUNK - 1)));
}

static int read_chunk(struct vfio_dev *vdev, const struct region_pos *pos,
		      char __user *to, size_t count)
{
	u8 buf[CHUNK];
	int ret = region_read(vdev, pos, buf, count);

	if (ret > 0 && copy_to_user(to, buf, ret))
		return -EFAULT;
	return ret;
}

/* Most are of one register: a size known here needs no check when it runs. */
static unsigned long get_chunk(void *buf, const char __user *from, size_t count)
{
	if (count == sizeof(u32))
		return copy_from_user(buf, from, sizeof(u32));
	return copy_from_user(buf, from, count);
}

static int write_chunk(struct vfio_dev *vdev, const struct region_pos *pos,
		       const char __user *from, size_t count)
{
	u8 buf[CHUNK];

	if (get_chunk(buf, from, count))
		return -EFAULT;
	return region_write(vdev, pos, buf, count);
}

/* After a chunk: is there reason to stop? */
static bool end_of_loop(int ret, size_t chunk)
{
	if (ret < 0 || ret < chunk || fatal_signal_pending(current))
		return true;
	cond_resched();
	return false;
}

static ssize_t vfio_read(struct file *filp, char __user *to, size_t count,
			 loff_t *ppos)
{
	struct vfio_file *file = filp->private_data;
	struct region_pos pos;
	size_t chunk, done = 0;
	int ret = region_decode(*ppos, &pos);

	if (ret || pos.wc)
		return no_such_place(file->vdev);
	while (done < count) {
		chunk = chunk_size(pos.offset, count - done);
		ret = read_chunk(file->vdev, &pos, to + done, chunk);
		if (ret > 0) {
			done += ret;
			pos.offset += ret;
		}
		if (end_of_loop(ret, chunk))
			break;
	}
	*ppos += done;
	if (done)
		return done;
	return ret && READ_ONCE(file->vdev->gone) ? -ENODEV : ret;
}

static ssize_t vfio_write(struct file *filp, const char __user *from,
			  size_t count, loff_t *ppos)
{
	struct vfio_file *file = filp->private_data;
	struct region_pos pos;
	size_t chunk, done = 0;
	int ret = region_decode(*ppos, &pos);

	if (ret || pos.wc)
		return no_such_place(file->vdev);
	if (pos.region < REGION_NR_BARS)
		ret = vfio_bar_check_write(file->vdev, &pos, count);
	if (ret)
		return ret;
	while (done < count) {
		chunk = chunk_size(pos.offset, count - done);
		ret = write_chunk(file->vdev, &pos, from + done, chunk);
		if (ret > 0) {
			done += ret;
			pos.offset += ret;
		}
		if (end_of_loop(ret, chunk))
			break;
	}
	*ppos += done;
	if (done)
		return done;
	return ret && READ_ONCE(file->vdev->gone) ? -ENODEV : ret;
}

/* Buffer of the kernel: what is printed here waits for no user */
static void vfio_show_fdinfo(struct seq_file *m, struct file *filp)
{
	struct vfio_file *file = filp->private_data;
	struct vfio_dev *vdev = file->vdev;
	static const char *const kinds[] = { "intx", "msi", "msix", "none" };

	mutex_lock(&vdev->lock);
	seq_printf(m, "uvfio-device:\t%s\n", pci_name(vdev->pdev));
	seq_printf(m, "uvfio-gone:\t%d\n", vdev->gone);
	seq_printf(m, "uvfio-attached:\t%d\n", vdev->attached);
	seq_printf(m, "uvfio-locked-pages:\t%llu\n",
		   vdev->att ? uiommu_attachment_pinned(vdev->att) : 0);
	seq_printf(m, "uvfio-interrupts:\t%s %u\n", kinds[vdev->irqs.on],
		   vdev->irqs.enabled);
	mutex_unlock(&vdev->lock);
}

const struct file_operations vfio_fops = {
	.owner = THIS_MODULE,
	.open = vfio_open,
	.release = vfio_release,
	.read = vfio_read,
	.write = vfio_write,
	.llseek = default_llseek,
	.unlocked_ioctl = vfio_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.mmap = vfio_mmap,
	/* A BAR of 2 MiB or more begins at a multiple of that, as its offset */
	.get_unmapped_area = thp_get_unmapped_area,
	.show_fdinfo = vfio_show_fdinfo,
};
