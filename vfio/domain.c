// SPDX-License-Identifier: GPL-2.0
/*
 * A device's place in an I/O address space.
 *
 * Owns &vfio_dev.att and the owners of mappings. Invariant: bus mastering is
 * on, registers are reachable and interrupts are on only while there is an
 * attachment. Nothing is pinned, mapped or counted here: uiommu does that.
 */
#include <linux/err.h>

#include "device.h"

/* As struct uiommu_fault documents it; fixed while the device is there */
static u64 device_id(void *priv)
{
	struct pci_dev *pdev = ((struct vfio_dev *)priv)->pdev;

	return (u64)pci_domain_nr(pdev->bus) << 16 | pci_dev_id(pdev);
}

static const struct uiommu_device_ops device_ops = {
	.id = device_id,
	.mmio = vfio_mmio_phys,
};

static int attach(struct vfio_dev *vdev, struct uiommu_domain *domain)
{
	u32 flags = vfio_allow_unsafe_intrs ? UIOMMU_ATTACH_UNSAFE_INTRS : 0;
	struct uiommu_attachment *att;

	lockdep_assert_held(&vdev->lock);
	if (vdev->att)
		return -EBUSY;
	pci_clear_master(vdev->pdev);
	att = uiommu_attach(domain, &vdev->pdev->dev, flags, &device_ops, vdev);
	if (IS_ERR(att))
		return PTR_ERR(att);
	vdev->att = att;
	WRITE_ONCE(vdev->dirty, true);
	vfio_config_attach(&vdev->config, uiommu_enforces_snoop(att));
	vfio_mem_update(vdev);
	return 0;
}

/* 1 while the device is busy: nobody else has to wait for that. */
static int try_set(struct vfio_dev *vdev, struct uiommu_domain *domain)
{
	int ret = uiommu_domain_freeze(domain);

	if (ret)
		return ret;
	ret = vfio_enter_at_once(vdev);
	if (!ret) {
		ret = vfio_is_busy(vdev) ? 1 : attach(vdev, domain);
		vfio_leave(vdev);
	}
	uiommu_domain_thaw(domain);
	return ret;
}

/**
 * vfio_domain_set - attach a device to a domain
 * @vdev: the device
 * @fd: descriptor of /dev/uiommu
 *
 * Return: 0 or an error of VFIO_DOMAIN_SET.
 */
int vfio_domain_set(struct vfio_dev *vdev, int fd)
{
	struct uiommu_domain *domain = uiommu_domain_get_fd(fd);
	int ret;

	if (IS_ERR(domain))
		return PTR_ERR(domain);
	do {
		ret = vfio_wait_for_others(vdev) ?: try_set(vdev, domain);
	} while (ret > 0);
	uiommu_domain_put(domain);
	return ret;
}

static void detached(struct vfio_dev *vdev)
{
	vdev->att = NULL;
	vfio_mem_update(vdev);
}

static int try_detach(struct vfio_dev *vdev)
{
	int ret = uiommu_attachment_retire(vdev->att);

	if (ret)
		return ret;
	vfio_mem_pause(vdev);
	vfio_config_detach(&vdev->config);
	vfio_irqs_off(vdev);
	uiommu_detach(vdev->att);
	detached(vdev);
	return 0;
}

/**
 * vfio_domain_unset - detach a device at the user's wish
 * @file: the open file through which he wishes it
 *
 * The file's owner, which maps no more, goes at once: it holds the domain.
 *
 * Return: 0, also if there is no domain, or an error of VFIO_DOMAIN_UNSET.
 */
int vfio_domain_unset(struct vfio_file *file)
{
	struct vfio_dev *vdev = file->vdev;
	struct uiommu_owner *stale = NULL;
	int ret = vfio_enter(vdev);

	if (ret)
		return ret;
	if (vdev->att)
		ret = try_detach(vdev);
	if (!vdev->att)
		swap(stale, file->owner);
	vfio_leave(vdev);
	if (stale)
		uiommu_owner_close(stale);
	return ret;
}

/**
 * vfio_domain_drop - detach a device whatever its users have mapped
 * @vdev: the device, with interrupts off
 */
void vfio_domain_drop(struct vfio_dev *vdev)
{
	lockdep_assert_held(&vdev->lock);
	if (!vdev->att)
		return;
	vfio_mem_pause(vdev);
	vfio_config_detach(&vdev->config);
	uiommu_detach(vdev->att);
	detached(vdev);
}

/*
 * The owner for a call, with a reference. One of a former attachment still
 * holds what was mapped then, and gives way to a new one; closing it may take
 * long, so that is left to the caller.
 */
static struct uiommu_owner *get_owner(struct vfio_file *file,
				      struct uiommu_owner **stale)
{
	struct uiommu_owner *owner = file->owner;

	lockdep_assert_held(&file->vdev->lock);
	if (owner && uiommu_owner_retired(owner)) {
		*stale = owner;
		owner = NULL;
		file->owner = NULL;
	}
	if (!owner) {
		owner = uiommu_owner_alloc(file->vdev->att);
		if (IS_ERR(owner))
			return owner;
		file->owner = owner;
	}
	uiommu_owner_get(owner);
	return owner;
}

static struct uiommu_owner *owner_for_call(struct vfio_file *file)
{
	struct uiommu_owner *owner, *stale = NULL;
	int ret = vfio_enter_at_once(file->vdev);

	if (ret)
		return ERR_PTR(ret);
	owner = file->vdev->att ? get_owner(file, &stale) : ERR_PTR(-EINVAL);
	vfio_leave(file->vdev);
	if (stale)
		uiommu_owner_close(stale);
	return owner;
}

/* The device may have gone while uiommu worked without our lock */
static int end_call(struct vfio_file *file, struct uiommu_owner *owner, int ret)
{
	uiommu_owner_put(owner);
	return ret && READ_ONCE(file->vdev->gone) ? -ENODEV : ret;
}

/**
 * vfio_domain_map - map memory in the name of an open file
 * @file: the file
 * @map: what to map
 *
 * Return: 0 or an error of VFIO_DMA_MAP_IOVA.
 */
int vfio_domain_map(struct vfio_file *file, const struct vfio_dma_map *map)
{
	u32 prot = map->flags & VFIO_FLAG_WRITE ? UIOMMU_PROT_WRITE : 0;
	struct uiommu_owner *owner = owner_for_call(file);
	int ret;

	if (IS_ERR(owner))
		return PTR_ERR(owner);
	if (map->flags & ~(u64)VFIO_FLAG_WRITE)
		ret = -EINVAL;
	else
		ret = uiommu_map(owner, map->vaddr, map->dmaaddr, map->size,
				 prot);
	return end_call(file, owner, ret);
}

/**
 * vfio_domain_unmap - unmap memory in the name of an open file
 * @file: the file
 * @map: what to unmap
 *
 * Return: 0 or an error of VFIO_DMA_UNMAP.
 */
int vfio_domain_unmap(struct vfio_file *file, const struct vfio_dma_map *map)
{
	struct uiommu_owner *owner = owner_for_call(file);

	if (IS_ERR(owner))
		return PTR_ERR(owner);
	return end_call(file, owner,
			uiommu_unmap(owner, map->dmaaddr, map->size));
}
