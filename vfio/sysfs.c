// SPDX-License-Identifier: GPL-2.0
/*
 * What an administrator sees of a device in sysfs.
 *
 * Owns the directory vfio/ in the PCI device's own. Invariant: nothing here is
 * removed with &vfio_dev.lock held, which readers take.
 */
#include <linux/sysfs.h>

#include "device.h"

static ssize_t locked_pages_show(struct device *dev,
				 struct device_attribute *attr, char *buf)
{
	struct vfio_dev *vdev = container_of(dev, struct vfio_dev, dev);
	u64 pages = 0;

	mutex_lock(&vdev->lock);
	if (vdev->att)
		pages = uiommu_attachment_pinned(vdev->att);
	mutex_unlock(&vdev->lock);
	return sysfs_emit(buf, "%llu\n", pages);
}
static DEVICE_ATTR_RO(locked_pages);

static struct attribute *dev_attrs[] = {
	&dev_attr_locked_pages.attr,
	NULL,
};

static const struct attribute_group dev_group = {
	.attrs = dev_attrs,
};

const struct attribute_group *vfio_dev_groups[] = {
	&dev_group,
	NULL,
};

static ssize_t config_permit_show(struct device *dev,
				  struct device_attribute *attr, char *buf)
{
	struct vfio_dev *vdev = dev_get_drvdata(dev);

	return vfio_config_permit_show(&vdev->config, buf);
}

static ssize_t config_permit_store(struct device *dev,
				   struct device_attribute *attr,
				   const char *buf, size_t count)
{
	struct vfio_dev *vdev = dev_get_drvdata(dev);

	return vfio_config_permit_store(&vdev->config, buf, count);
}
static DEVICE_ATTR_ADMIN_RW(config_permit);

static struct attribute *pci_attrs[] = {
	&dev_attr_config_permit.attr,
	NULL,
};

static const struct attribute_group pci_group = {
	.attrs = pci_attrs,
};

const struct attribute_group *vfio_pci_groups[] = {
	&pci_group,
	NULL,
};

/**
 * vfio_sysfs_add - make vfio/vfio<N>, which programs of 2010 look for
 * @vdev: the device, added to its class
 *
 * Return: 0 or a negative error.
 */
int vfio_sysfs_add(struct vfio_dev *vdev)
{
	int ret;

	vdev->dir = kobject_create_and_add("vfio", &vdev->pdev->dev.kobj);
	if (!vdev->dir)
		return -ENOMEM;
	ret = sysfs_create_link(vdev->dir, &vdev->dev.kobj,
				dev_name(&vdev->dev));
	if (ret)
		kobject_put(vdev->dir);
	return ret;
}

/**
 * vfio_sysfs_remove - undo vfio_sysfs_add()
 * @vdev: the device
 */
void vfio_sysfs_remove(struct vfio_dev *vdev)
{
	sysfs_remove_link(vdev->dir, dev_name(&vdev->dev));
	kobject_put(vdev->dir);
}
