// SPDX-License-Identifier: GPL-2.0
/*
 * "End of interrupt" by eventfd.
 *
 * Owns &vfio_dev.eoi. Invariant: a wake-up only queues the work item. It comes
 * with the eventfd's lock held, perhaps from another eventfd's wake-up; the
 * work item takes our lock and may signal, the wake-up must do neither.
 */
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/poll.h>

#include "device.h"

static void unmask(struct work_struct *work)
{
	struct vfio_dev *vdev = container_of(work, struct vfio_dev, eoi.work);

	vfio_intx_clear(vdev, INTX_PENDING);
}

/* Called with the lock of the eventfd's wait queue held */
static int wake(wait_queue_entry_t *entry, unsigned int mode, int sync,
		void *key)
{
	struct vfio_eoi *eoi = container_of(entry, struct vfio_eoi, entry);
	__u64 count;

	if (!(key_to_poll(key) & EPOLLIN))
		return 0;
	eventfd_ctx_do_read(eoi->ctx, &count);
	schedule_work(&eoi->work);
	return 0;
}

static void join_queue(struct file *file, wait_queue_head_t *queue,
		       poll_table *table)
{
	struct vfio_eoi *eoi = container_of(table, struct vfio_eoi, table);

	add_wait_queue(queue, &eoi->entry);
}

/**
 * vfio_eoi_init - no eventfd yet
 * @vdev: the device, at probe
 */
void vfio_eoi_init(struct vfio_dev *vdev)
{
	INIT_WORK(&vdev->eoi.work, unmask);
	init_waitqueue_func_entry(&vdev->eoi.entry, wake);
	init_poll_funcptr(&vdev->eoi.table, join_queue);
}

/**
 * vfio_eoi_drop - take the eventfd away
 * @vdev: the device
 */
void vfio_eoi_drop(struct vfio_dev *vdev)
{
	struct vfio_eoi *eoi = &vdev->eoi;
	__u64 count;

	lockdep_assert_held(&vdev->lock);
	if (!eoi->ctx)
		return;
	eventfd_ctx_remove_wait_queue(eoi->ctx, &eoi->entry, &count);
	cancel_work_sync(&eoi->work);
	eventfd_ctx_put(eoi->ctx);
	eoi->ctx = NULL;
}

static void watch(struct vfio_dev *vdev, struct file *file,
		  struct eventfd_ctx *ctx)
{
	struct vfio_eoi *eoi = &vdev->eoi;

	vfio_eoi_drop(vdev);
	eoi->ctx = ctx;
	if (vfs_poll(file, &eoi->table) & EPOLLIN)
		schedule_work(&eoi->work);
}

static int set_locked(struct vfio_dev *vdev, struct file *file)
{
	struct eventfd_ctx *ctx = eventfd_ctx_fileget(file);
	int ret;

	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	ret = vfio_enter_attached(vdev);
	if (ret)
		goto put;
	ret = -EINVAL;
	if (ctx != vdev->intx.trigger) {
		watch(vdev, file, ctx);
		ret = 0;
	}
	vfio_leave(vdev);
	if (!ret)
		return 0;
put:
	eventfd_ctx_put(ctx);
	return ret;
}

/**
 * vfio_eoi_set - unmask INTx whenever an eventfd fires
 * @vdev: the device
 * @fd: the eventfd; negative for none
 *
 * Return: 0 or an error of VFIO_IRQ_EOI_EVENTFD.
 */
int vfio_eoi_set(struct vfio_dev *vdev, int fd)
{
	struct file *file;
	int ret;

	if (fd < 0) {
		ret = vfio_enter_attached(vdev);
		if (ret)
			return ret;
		vfio_eoi_drop(vdev);
		vfio_leave(vdev);
		return 0;
	}
	file = eventfd_fget(fd);
	if (IS_ERR(file))
		return PTR_ERR(file);
	ret = set_locked(vdev, file);
	fput(file);
	return ret;
}
