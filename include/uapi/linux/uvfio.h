/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * uvfio: a PCI device as a file descriptor
 *
 * Each bound device is /dev/vfio<N>. The calls of 2010 keep their names and
 * numbers (VFIO_*); what came later is UVFIO_*. No name here is one of the
 * kernel's <linux/vfio.h>: a program may include both.
 */
#ifndef _UAPI_LINUX_UVFIO_H
#define _UAPI_LINUX_UVFIO_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * struct vfio_dma_map - argument of VFIO_DMA_MAP_IOVA and VFIO_DMA_UNMAP
 * @vaddr: start of the buffer in the caller's memory, page aligned
 * @dmaaddr: I/O virtual address, page aligned
 * @size: bytes, a multiple of the page size
 * @flags: VFIO_FLAG_WRITE
 */
struct vfio_dma_map {
	__aligned_u64	vaddr;
	__aligned_u64	dmaaddr;
	__aligned_u64	size;
	__aligned_u64	flags;
#define VFIO_FLAG_WRITE	0x1	/* the device may write, not only read */
};

#define VFIO_DMA_MAP_IOVA	_IOWR(';', 101, struct vfio_dma_map)
#define VFIO_DMA_UNMAP		_IOW(';', 102, struct vfio_dma_map)
#define VFIO_EVENTFD_IRQ	_IOW(';', 103, int)
#define VFIO_EVENTFD_MSI	_IOW(';', 104, int)
#define VFIO_EVENTFDS_MSIX	_IOW(';', 105, int)
#define VFIO_DOMAIN_SET		_IOW(';', 107, int)
#define VFIO_DOMAIN_UNSET	_IO(';', 108)
#define VFIO_IRQ_EOI		_IO(';', 109)
#define VFIO_IRQ_EOI_EVENTFD	_IOW(';', 110, int)
#define VFIO_RESET_FUNCTION	_IO(';', 111)
#define VFIO_BAR_LEN		_IOWR(';', 167, __u32)

/* File offsets: resource number in bits 32-35, offset in it in bits 0-31 */
#define VFIO_PCI_SPACE_SHIFT	32
#define VFIO_PCI_BAR0_RESOURCE	0
#define VFIO_PCI_ROM_RESOURCE	6
#define VFIO_PCI_CONFIG_RESOURCE 15
#define VFIO_PCI_CONFIG_OFF	(15ULL << VFIO_PCI_SPACE_SHIFT)

#endif /* _UAPI_LINUX_UVFIO_H */
