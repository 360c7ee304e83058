// SPDX-License-Identifier: GPL-2.0
/*
 * The floor of the bench: what mapping user memory for a device costs if
 * nothing is counted, charged, looked up or protected. Owns the DMA of the
 * group of one device while /dev/floor is open. Invariant: a place in a room
 * that is not NULL is a pinned page.
 *
 * Not for use outside the bench: two maps of one place leak the first, and the
 * caller is believed.
 */
#include <linux/fs.h>
#include <linux/iommu.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "floor.h"

#define BATCH 512
#define PROT (IOMMU_READ | IOMMU_WRITE | IOMMU_CACHE)

static char *device = "";
module_param(device, charp, 0644);
MODULE_PARM_DESC(device, "PCI address of the device to take the group of");

/* Guards all that follows; no call but open and close takes it. */
static DEFINE_MUTEX(lock);
static unsigned int users;
static struct iommu_group *group;
static struct iommu_domain *domain;

/**
 * struct room - the pages that an open file holds
 * @npages: how many it can hold
 * @pages: the places
 */
struct room {
	size_t npages;
	struct page **pages;
};

static int attach(struct device *dev)
{
	int ret;

	group = iommu_group_get(dev);
	if (!group)
		return -ENODEV;
	ret = iommu_group_claim_dma_owner(group, &users);
	if (ret)
		goto put_group;
	domain = iommu_paging_domain_alloc(dev);
	ret = PTR_ERR_OR_ZERO(domain);
	if (ret)
		goto release;
	ret = iommu_attach_group(domain, group);
	if (!ret)
		return 0;
	iommu_domain_free(domain);
release:
	iommu_group_release_dma_owner(group);
put_group:
	iommu_group_put(group);
	return ret;
}

static void detach(void)
{
	iommu_detach_group(domain, group);
	iommu_domain_free(domain);
	iommu_group_release_dma_owner(group);
	iommu_group_put(group);
}

static int attach_by_name(void)
{
	struct device *dev;
	int ret;

	kernel_param_lock(THIS_MODULE);
	dev = bus_find_device_by_name(&pci_bus_type, NULL, strim(device));
	kernel_param_unlock(THIS_MODULE);
	if (!dev)
		return -ENODEV;
	ret = attach(dev);
	put_device(dev);
	return ret;
}

static int floor_open(struct inode *inode, struct file *file)
{
	struct room *room = kzalloc(sizeof(*room), GFP_KERNEL);
	int ret = 0;

	if (!room)
		return -ENOMEM;
	file->private_data = room;
	mutex_lock(&lock);
	if (!users)
		ret = attach_by_name();
	if (!ret)
		users++;
	mutex_unlock(&lock);
	if (ret)
		kfree(room);
	return ret;
}

static int floor_release(struct inode *inode, struct file *file)
{
	struct room *room = file->private_data;
	size_t i;

	mutex_lock(&lock);
	if (!--users)
		detach();
	mutex_unlock(&lock);
	for (i = 0; i < room->npages; i++)
		if (room->pages[i])
			unpin_user_page(room->pages[i]);
	kvfree(room->pages);
	kfree(room);
	return 0;
}

static int make_room(struct room *room, unsigned long npages)
{
	if (room->pages)
		return -EBUSY;
	room->pages = kvcalloc(npages, sizeof(*room->pages), GFP_KERNEL);
	if (!room->pages)
		return -ENOMEM;
	room->npages = npages;
	return 0;
}

static int pin(struct page **pages, u64 vaddr, size_t npages)
{
	size_t done = 0;

	while (done < npages) {
		int want = min_t(size_t, npages - done, BATCH);
		int got = pin_user_pages_fast(vaddr + (done << PAGE_SHIFT),
					      want, FOLL_WRITE | FOLL_LONGTERM,
					      pages + done);

		if (got <= 0)
			return got ? got : -EFAULT;
		done += got;
		cond_resched();
	}
	return 0;
}

static size_t run_length(struct page **pages, size_t npages)
{
	unsigned long pfn = page_to_pfn(pages[0]);
	size_t n = 1;

	while (n < npages && page_to_pfn(pages[n]) == pfn + n)
		n++;
	return n;
}

static int map_runs(struct page **pages, u64 iova, size_t npages, u64 *nr_runs)
{
	size_t i, n;
	int ret;

	for (i = 0; i < npages; i += n) {
		n = run_length(pages + i, npages - i);
		ret = iommu_map(domain, iova + (i << PAGE_SHIFT),
				page_to_phys(pages[i]), n << PAGE_SHIFT, PROT,
				GFP_KERNEL);
		if (ret)
			return ret;
		++*nr_runs;
	}
	return 0;
}

/* What a failure leaves behind goes when the file is closed. */
static int map(struct room *room, struct floor_range *range)
{
	struct page **pages = room->pages + range->first;
	size_t npages = range->size >> PAGE_SHIFT;
	int ret;

	range->nr_runs = 0;
	ret = pin(pages, range->vaddr, npages);
	if (ret)
		return ret;
	return map_runs(pages, range->iova, npages, &range->nr_runs);
}

static void unmap(struct room *room, struct floor_range *range)
{
	struct page **pages = room->pages + range->first;
	size_t npages = range->size >> PAGE_SHIFT;

	iommu_unmap(domain, range->iova, range->size);
	unpin_user_pages_dirty_lock(pages, npages, true);
	memset(pages, 0, npages * sizeof(*pages));
}

static bool fits(struct room *room, struct floor_range *range)
{
	size_t npages = range->size >> PAGE_SHIFT;

	return npages && npages <= room->npages &&
	       range->first <= room->npages - npages;
}

static long floor_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct room *room = file->private_data;
	void __user *user = (void __user *)arg;
	struct floor_range range;
	int ret;

	if (cmd == FLOOR_ROOM)
		return make_room(room, arg);
	if (copy_from_user(&range, user, sizeof(range)))
		return -EFAULT;
	if (!fits(room, &range))
		return -EINVAL;
	switch (cmd) {
	case FLOOR_MAP:
		ret = map(room, &range);
		if (!ret && copy_to_user(user, &range, sizeof(range)))
			ret = -EFAULT;
		return ret;
	case FLOOR_UNMAP:
		unmap(room, &range);
		return 0;
	default:
		return -ENOTTY;
	}
}

static const struct file_operations fops = {
	.owner = THIS_MODULE,
	.open = floor_open,
	.release = floor_release,
	.unlocked_ioctl = floor_ioctl,
};

static struct miscdevice misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "floor",
	.fops = &fops,
};

module_misc_device(misc);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("The least that mapping user memory for a device costs");
