// SPDX-License-Identifier: GPL-2.0
/*
 * BARs: what they are, and access by read and write.
 *
 * Owns the kernel's mappings of them. Invariant: registers are touched only
 * between vfio_begin_access() and vfio_end_access(), with no user memory in
 * play, and the MSI-X table and its pending bits are never written.
 */
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/slab.h>

#include "device.h"

/* Where the capability says that a structure of MSI-X is: BAR and offset */
static void set_hole(struct vfio_dev *vdev, unsigned int which, u32 place,
		     u64 size)
{
	unsigned int bar = place & PCI_MSIX_PBA_BIR;

	if (bar >= REGION_NR_BARS)
		return;
	vdev->bars[bar].holes[which].offset = place & PCI_MSIX_PBA_OFFSET;
	vdev->bars[bar].holes[which].size = size;
}

static void find_holes(struct vfio_dev *vdev)
{
	const struct irq_msix *msix = &vdev->msix;
	u64 n = irq_msix_count(msix);

	if (!vdev->irqs.max[IRQ_MSIX])
		return;
	set_hole(vdev, 0, msix->table, n * PCI_MSIX_ENTRY_SIZE);
	set_hole(vdev, 1, msix->pba, DIV_ROUND_UP(n, 64) * 8);
}

/* Claim what follows a small BAR in its page, so that mmap shows no other's */
static struct resource *claim_rest_of_page(struct pci_dev *pdev, int i)
{
	struct resource *bar = &pdev->resource[i], *pad;

	if (!PAGE_ALIGNED(bar->start) || !bar->parent)
		return NULL;
	pad = kzalloc(sizeof(*pad), GFP_KERNEL);
	if (!pad)
		return NULL;
	pad->name = "vfio sub-page reserved";
	pad->start = bar->end + 1;
	pad->end = bar->start + PAGE_SIZE - 1;
	pad->flags = bar->flags;
	if (!request_resource(bar->parent, pad))
		return pad;
	kfree(pad);
	return NULL;
}

static void init_bar(struct vfio_dev *vdev, int i)
{
	struct vfio_bar *bar = &vdev->bars[i];
	struct pci_dev *pdev = vdev->pdev;

	bar->start = pci_resource_start(pdev, i);
	bar->size = vfio_config_bar_size(pdev, i);
	bar->flags = pci_resource_flags(pdev, i);
	if (!bar->size || !(bar->flags & IORESOURCE_MEM))
		return;
	if (bar->size >= PAGE_SIZE && PAGE_ALIGNED(bar->start)) {
		bar->map_size = bar->size;
		return;
	}
	if (bar->size < PAGE_SIZE)
		bar->pad = claim_rest_of_page(pdev, i);
	if (bar->pad)
		bar->map_size = PAGE_SIZE;
}

/**
 * vfio_bars_init - learn what BARs a device has
 * @vdev: the device
 *
 * Return: 0.
 */
int vfio_bars_init(struct vfio_dev *vdev)
{
	int i;

	for (i = 0; i < REGION_NR_BARS; i++)
		init_bar(vdev, i);
	vdev->rom_size = vfio_config_bar_size(vdev->pdev, PCI_ROM_RESOURCE);
	find_holes(vdev);
	return 0;
}

/**
 * vfio_bars_exit - let go of the BARs
 * @vdev: the device, closed for access
 */
void vfio_bars_exit(struct vfio_dev *vdev)
{
	struct vfio_bar *bar;

	down_write(&vdev->mem);
	for (bar = vdev->bars; bar < vdev->bars + REGION_NR_BARS; bar++) {
		if (bar->io)
			pci_iounmap(vdev->pdev, bar->io);
		bar->io = NULL;
		if (bar->wc)
			arch_io_free_memtype_wc(bar->start, bar->size);
		bar->wc = false;
		if (bar->pad) {
			release_resource(bar->pad);
			kfree(bar->pad);
		}
		bar->pad = NULL;
	}
	up_write(&vdev->mem);
}

static int why_closed(struct vfio_dev *vdev)
{
	if (READ_ONCE(vdev->gone))
		return -ENODEV;
	if (vfio_given_up(vdev))
		return -EIO;
	return READ_ONCE(vdev->attached) ? -EIO : -EINVAL;
}

/**
 * vfio_begin_access - begin to use the device's memory or I/O ports
 * @vdev: the device
 * @what: VFIO_OPEN_MEMORY or VFIO_OPEN_IO
 *
 * Waits while a reset is going on.
 *
 * Return: 0 with &vfio_dev.mem held for read, -ENODEV if the device has gone,
 * -EINVAL if there is no domain, -EIO if the user has access disabled, -EINTR
 * for a fatal signal.
 */
int vfio_begin_access(struct vfio_dev *vdev, unsigned int what)
{
	bool paused;
	int ret;

	for (;;) {
		down_read(&vdev->mem);
		if (vdev->open & what)
			return 0;
		paused = vdev->paused;
		ret = why_closed(vdev);
		up_read(&vdev->mem);
		if (!paused)
			return ret;
		if (wait_event_killable(vdev->unpaused,
					!READ_ONCE(vdev->paused)))
			return -EINTR;
	}
}

/**
 * vfio_end_access - end what vfio_begin_access() began
 * @vdev: the device
 */
void vfio_end_access(struct vfio_dev *vdev)
{
	up_read(&vdev->mem);
}

static unsigned int access_of(const struct vfio_bar *bar)
{
	return bar->flags & IORESOURCE_IO ? VFIO_OPEN_IO : VFIO_OPEN_MEMORY;
}

static int map_io(struct vfio_dev *vdev, unsigned int i)
{
	struct vfio_bar *bar = &vdev->bars[i];
	int ret = 0;

	down_write(&vdev->mem);
	if (!bar->io && (vdev->open & access_of(bar))) {
		bar->io = bar->wc ? pci_iomap_wc(vdev->pdev, i, 0) :
				    pci_iomap(vdev->pdev, i, 0);
		ret = bar->io ? 0 : -ENOMEM;
	}
	up_write(&vdev->mem);
	return ret;
}

static int begin_bar_access(struct vfio_dev *vdev, unsigned int i)
{
	struct vfio_bar *bar = &vdev->bars[i];
	int ret;

	for (;;) {
		ret = vfio_begin_access(vdev, access_of(bar));
		if (ret || bar->io)
			return ret;
		vfio_end_access(vdev);
		ret = map_io(vdev, i);
		if (ret)
			return ret;
	}
}

/* Registers are little endian, and so is the user's buffer */
static void read_memory(void __iomem *io, void *to, unsigned int width)
{
	__le16 v16;
	__le32 v32;
	__le64 v64;

	switch (width) {
	case 1:
		*(u8 *)to = readb(io);
		break;
	case 2:
		v16 = cpu_to_le16(readw(io));
		memcpy(to, &v16, 2);
		break;
	case 4:
		v32 = cpu_to_le32(readl(io));
		memcpy(to, &v32, 4);
		break;
	case 8:
		v64 = cpu_to_le64(readq(io));
		memcpy(to, &v64, 8);
		break;
	}
}

static void write_memory(void __iomem *io, const void *from, unsigned int width)
{
	__le16 v16;
	__le32 v32;
	__le64 v64;

	switch (width) {
	case 1:
		writeb(*(const u8 *)from, io);
		break;
	case 2:
		memcpy(&v16, from, 2);
		writew(le16_to_cpu(v16), io);
		break;
	case 4:
		memcpy(&v32, from, 4);
		writel(le32_to_cpu(v32), io);
		break;
	case 8:
		memcpy(&v64, from, 8);
		writeq(le64_to_cpu(v64), io);
		break;
	}
}

static void read_port(void __iomem *io, void *to, unsigned int width)
{
	__le16 v16;
	__le32 v32;

	switch (width) {
	case 1:
		*(u8 *)to = ioread8(io);
		break;
	case 2:
		v16 = cpu_to_le16(ioread16(io));
		memcpy(to, &v16, 2);
		break;
	case 4:
		v32 = cpu_to_le32(ioread32(io));
		memcpy(to, &v32, 4);
		break;
	}
}

static void write_port(void __iomem *io, const void *from, unsigned int width)
{
	__le16 v16;
	__le32 v32;

	switch (width) {
	case 1:
		iowrite8(*(const u8 *)from, io);
		break;
	case 2:
		memcpy(&v16, from, 2);
		iowrite16(le16_to_cpu(v16), io);
		break;
	case 4:
		memcpy(&v32, from, 4);
		iowrite32(le32_to_cpu(v32), io);
		break;
	}
}

struct bar_access {
	void (*read)(void __iomem *io, void *to, unsigned int width);
	void (*write)(void __iomem *io, const void *from, unsigned int width);
	unsigned int widest;
};

static const struct bar_access memory_access = { read_memory, write_memory, 8 };
static const struct bar_access port_access = { read_port, write_port, 4 };

static const struct bar_access *accessors(const struct vfio_bar *bar)
{
	return bar->flags & IORESOURCE_IO ? &port_access : &memory_access;
}

/**
 * vfio_bar_check_write - may this be written?
 * @vdev: the device
 * @pos: BAR and offset
 * @count: bytes
 *
 * Return: 0, or -EINVAL if it touches the MSI-X table or its pending bits.
 */
int vfio_bar_check_write(struct vfio_dev *vdev, const struct region_pos *pos,
			 size_t count)
{
	const struct vfio_bar *bar = &vdev->bars[pos->region];
	u64 size = region_clamp(bar->size, pos->offset, count);

	if (region_overlaps(&bar->holes[0], pos->offset, size) ||
	    region_overlaps(&bar->holes[1], pos->offset, size))
		return -EINVAL;
	return 0;
}

/* What is wrong with an access that has no byte in the BAR */
static int beyond_end(struct vfio_dev *vdev)
{
	return READ_ONCE(vdev->gone) ? -ENODEV : -EINVAL;
}

/**
 * vfio_bar_read - read registers
 * @vdev: the device
 * @pos: BAR and offset
 * @buf: where to, memory of the kernel
 * @count: bytes
 *
 * Return: number of bytes, fewer than @count at the end of the BAR; -EINVAL
 * beyond it; or as vfio_begin_access().
 */
int vfio_bar_read(struct vfio_dev *vdev, const struct region_pos *pos,
		  void *buf, size_t count)
{
	struct vfio_bar *bar = &vdev->bars[pos->region];
	const struct bar_access *access = accessors(bar);
	size_t size = region_clamp(bar->size, pos->offset, count);
	unsigned int width;
	size_t done;
	int ret;

	if (!size)
		return beyond_end(vdev);
	ret = begin_bar_access(vdev, pos->region);
	if (ret)
		return ret;
	for (done = 0; done < size; done += width) {
		width = region_access_width(pos->offset + done, size - done,
					    access->widest);
		access->read(bar->io + pos->offset + done, buf + done, width);
	}
	vfio_end_access(vdev);
	return size;
}

/**
 * vfio_bar_write - write registers
 * @vdev: the device
 * @pos: BAR and offset
 * @buf: where from, memory of the kernel
 * @count: bytes, of which vfio_bar_check_write() permits all
 *
 * Return: as vfio_bar_read().
 */
int vfio_bar_write(struct vfio_dev *vdev, const struct region_pos *pos,
		   const void *buf, size_t count)
{
	struct vfio_bar *bar = &vdev->bars[pos->region];
	const struct bar_access *access = accessors(bar);
	size_t size = region_clamp(bar->size, pos->offset, count);
	unsigned int width;
	size_t done;
	int ret;

	if (!size)
		return beyond_end(vdev);
	ret = begin_bar_access(vdev, pos->region);
	if (ret)
		return ret;
	for (done = 0; done < size; done += width) {
		width = region_access_width(pos->offset + done, size - done,
					    access->widest);
		access->write(bar->io + pos->offset + done, buf + done, width);
	}
	vfio_end_access(vdev);
	return size;
}
