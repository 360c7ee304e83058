/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * uvfio: a PCI device as a file descriptor
 *
 * Each bound device is /dev/vfio<N>. The calls of 2010 keep their names and
 * numbers (VFIO_*); what came later is UVFIO_*. No name here is one of the
 * kernel's <linux/vfio.h>: a program may include both.
 *
 * Before VFIO_DOMAIN_SET configuration space may be read, and lengths and
 * information asked. All else is EINVAL, and is so again after
 * VFIO_DOMAIN_UNSET. Errors common to all calls:
 *
 * * ENODEV: the device was unbound or unplugged, or is about to be
 * * EIO: its users gave it up after an error of the bus; close it
 * * EINTR: a fatal signal while others were resetting the device, or in the
 *   queue for it
 * * EINVAL: there is no domain, and the call needs one
 * * EFAULT: the argument cannot be read or written
 * * ENOTTY: no such call
 *
 * open() says ENODEV likewise, and EAGAIN when the device is to be reset after
 * its last user and somebody else works on it just now (unbinding, or an
 * administrator): try again.
 *
 * And for the calls that begin with @argsz, the size in bytes of the structure
 * as the caller knows it, and @flags:
 *
 * * EINVAL: @argsz is smaller than the first version of the structure, or a
 *   known field has a value that makes no sense
 * * E2BIG: @argsz is larger than the kernel knows and the rest is not zero, or
 *   it is larger than a page
 * * EOPNOTSUPP: a flag that the kernel does not know
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
	__aligned_u64 vaddr;
	__aligned_u64 dmaaddr;
	__aligned_u64 size;
	__aligned_u64 flags;
#define VFIO_FLAG_WRITE 0x1 /* the device may write, not only read */
};

/*
 * VFIO_DMA_MAP_IOVA: map memory of the caller for the domain's devices.
 *
 * * EINVAL: no domain; zero, unaligned or wrapping range; unknown flag;
 *   outside what the IOMMU can address or in a reserved window; or another
 *   process than the one whose mappings this descriptor holds
 * * EBUSY: overlaps a mapping
 * * ENOMEM: over the locked-memory limit, or no memory
 * * EFAULT: part of the range is not mapped, or not writable when
 *   VFIO_FLAG_WRITE is asked, or was unmapped meanwhile; or touching it would
 *   be SIGBUS: the pool of huge pages is empty, its tmpfs is full
 * * EOPNOTSUPP: memory that cannot be pinned for long, see &UIOMMU_MAP
 * * EINTR: a fatal signal
 * * EIO: an IOMMU did not obey; the devices of the domain were cut off
 */
#define VFIO_DMA_MAP_IOVA _IOWR(';', 101, struct vfio_dma_map)
/*
 * VFIO_DMA_UNMAP: remove the mappings in a range; vaddr and flags are not
 * looked at.
 *
 * * ENXIO: nothing there that is yours
 * * EINVAL: no domain; bad range; or the range cuts a mapping
 * * EINTR: a fatal signal; a part may have been removed
 */
#define VFIO_DMA_UNMAP _IOW(';', 102, struct vfio_dma_map)
/*
 * VFIO_EVENTFD_IRQ, VFIO_EVENTFD_MSI: INTx, or one MSI, to an eventfd; a
 * negative descriptor takes it away.
 *
 * * EBADF: not open; EINVAL: not an eventfd, or it is the EOI eventfd
 * * EBUSY: interrupts of another kind are on, or the line is shared and the
 *   device cannot mask its interrupt
 * * ENXIO: the device has no interrupt of this kind
 * * ENOSPC: it has, but none can be had now
 */
#define VFIO_EVENTFD_IRQ _IOW(';', 103, int)
#define VFIO_EVENTFD_MSI _IOW(';', 104, int)
/*
 * VFIO_EVENTFDS_MSIX: arg[0] = n, arg[1..n] = eventfds; n = 0 takes all away.
 * Errors as VFIO_EVENTFD_MSI; EINVAL: more than the device has.
 */
#define VFIO_EVENTFDS_MSIX _IOW(';', 105, int)
/*
 * VFIO_DOMAIN_SET: attach to the domain of a /dev/uiommu descriptor.
 *
 * * EBADF: not open; EINVAL: open, but not /dev/uiommu
 * * EBUSY: has a domain already; its group is attached elsewhere, or a kernel
 *   driver of another device in it does DMA; or an IOMMU of the domain did not
 *   obey, and its devices were cut off
 * * ENODEV: no IOMMU
 * * ENOMEM: no memory for page tables or records
 * * EADDRINUSE: mappings meet the device's reserved windows, or exceed its
 *   address width
 * * EPERM: no interrupt isolation, and allow_unsafe_intrs is off
 * * EINTR: a fatal signal while a map in the domain was waited for
 */
#define VFIO_DOMAIN_SET _IOW(';', 107, int)
/*
 * VFIO_DOMAIN_UNSET: 0 also without a domain; EBUSY: descriptors of this device
 * own mappings
 */
#define VFIO_DOMAIN_UNSET _IO(';', 108)
/* VFIO_IRQ_EOI: unmask INTx; 0 also when nothing is pending */
#define VFIO_IRQ_EOI _IO(';', 109)
/*
 * VFIO_IRQ_EOI_EVENTFD: unmask INTx whenever this eventfd fires; negative
 * removes. It stays when INTx is turned off, and goes with the domain. EBADF:
 * not open; EINVAL: not an eventfd, or the one that INTx itself signals (it
 * would spin).
 */
#define VFIO_IRQ_EOI_EVENTFD _IOW(';', 110, int)
/*
 * VFIO_RESET_FUNCTION: reset, with the configuration restored. Accesses wait
 * meanwhile; mappings of its BARs for other devices are revoked.
 *
 * * ENOTTY: the device has no reset; perhaps its bus has, see UVFIO_BUS_RESET
 * * EAGAIN: somebody else works on the device (unbinding, or an administrator)
 * * EIO: the reset failed, or the device has not come back
 */
#define VFIO_RESET_FUNCTION _IO(';', 111)
/*
 * VFIO_BAR_LEN: in: 0-5, or 6 for the ROM; out: length, 0 if there is none.
 * EINVAL: no such number; EOVERFLOW: does not fit, see UVFIO_REGION_INFO.
 */
#define VFIO_BAR_LEN _IOWR(';', 167, __u32)

/* File offsets: resource number in bits 32-35, offset in it in bits 0-31 */
#define VFIO_PCI_SPACE_SHIFT 32
#define VFIO_PCI_BAR0_RESOURCE 0
#define VFIO_PCI_BAR1_RESOURCE 1
#define VFIO_PCI_BAR2_RESOURCE 2
#define VFIO_PCI_BAR3_RESOURCE 3
#define VFIO_PCI_BAR4_RESOURCE 4
#define VFIO_PCI_BAR5_RESOURCE 5
#define VFIO_PCI_ROM_RESOURCE 6
#define VFIO_PCI_CONFIG_RESOURCE 15
#define VFIO_PCI_CONFIG_OFF (15ULL << VFIO_PCI_SPACE_SHIFT)

/**
 * vfio_pci_space_to_offset - the file offset of a resource's first byte
 * @space: resource number, 0-6 or 15
 *
 * Return: the offset as it was in 2010; &uvfio_region_info.offset for a
 * resource of 4 GiB or more.
 */
static __inline__ __u64 vfio_pci_space_to_offset(int space)
{
	return (__u64)space << VFIO_PCI_SPACE_SHIFT;
}

/**
 * vfio_offset_to_pci_space - the resource that a file offset of 2010 is in
 * @offset: the file offset
 *
 * Return: its number.
 */
static __inline__ int vfio_offset_to_pci_space(__u64 offset)
{
	return (int)(offset >> VFIO_PCI_SPACE_SHIFT & 15);
}

/**
 * vfio_offset_to_pci_offset - the place in its resource of such an offset
 * @offset: the file offset
 *
 * Return: the offset within the resource.
 */
static __inline__ __u64 vfio_offset_to_pci_offset(__u64 offset)
{
	return offset & (((__u64)1 << VFIO_PCI_SPACE_SHIFT) - 1);
}

/*
 * A read or write of a BAR at a file offset is done in the largest naturally
 * aligned accesses of 1, 2, 4 and 8 bytes. Errors of read, write and mmap:
 *
 * * EINVAL: no domain; no such resource; beyond its end; not mappable (an
 *   I/O BAR, the ROM, configuration space, pages of the MSI-X table, a BAR
 *   that shares its page); a write to the MSI-X table or its pending bits
 * * EIO: the user has memory (or I/O) access of the device disabled
 * * EBUSY: mmap with write combining of a BAR that is mapped without, or the
 *   other way round
 *
 * While the device cannot be reached a mapping of it gives SIGBUS.
 */

/* &uvfio_device_info.caps */
#define UVFIO_DEVICE_RESET (1U << 0) /* VFIO_RESET_FUNCTION works now */
#define UVFIO_DEVICE_ATTACHED (1U << 1) /* has a domain */
#define UVFIO_DEVICE_VIRTFN (1U << 2) /* a virtual function */
#define UVFIO_DEVICE_PCIE (1U << 3) /* PCI Express */
/*
 * Nothing has reset it since its last user or driver, because it has no reset
 * of its own and others use what is on its bus, or the bus has none either: its
 * registers may hold what was left there. Gone after a reset.
 */
#define UVFIO_DEVICE_STALE (1U << 4)
/* UVFIO_BUS_RESET works now, for those who have all the bus */
#define UVFIO_DEVICE_BUS_RESET (1U << 5)

/* &uvfio_device_info.reset_method */
#define UVFIO_RESET_NONE 0
#define UVFIO_RESET_SPECIFIC 1 /* a way of this device alone */
#define UVFIO_RESET_ACPI 2 /* the firmware's */
#define UVFIO_RESET_FLR 3 /* function level reset of PCI Express */
#define UVFIO_RESET_AF_FLR 4 /* of Advanced Features */
#define UVFIO_RESET_PM 5 /* D3hot and back */
#define UVFIO_RESET_BUS 6 /* its bus, on which it is alone now */
#define UVFIO_RESET_OTHER 7

/**
 * struct uvfio_device_info - argument of UVFIO_DEVICE_INFO
 * @argsz: size of this structure in bytes
 * @flags: none, 0
 * @caps: out: UVFIO_DEVICE_*
 * @reset_method: out: what VFIO_RESET_FUNCTION would do now, UVFIO_RESET_*
 * @domain: out: PCI domain
 * @bus: out: PCI bus
 * @devfn: out: slot << 3 | function
 * @vendor: out: vendor ID
 * @device: out: device ID
 * @class_code: out: class, subclass and programming interface, 24 bits
 * @config_size: out: bytes of configuration space, 256 or 4096
 * @reserved: out: 0
 */
struct uvfio_device_info {
	__u32 argsz;
	__u32 flags;
	__u32 caps;
	__u32 reset_method;
	__u32 domain;
	__u32 bus;
	__u32 devfn;
	__u32 vendor;
	__u32 device;
	__u32 class_code;
	__u32 config_size;
	__u32 reserved;
};

#define UVFIO_DEVICE_INFO _IO(';', 112)

/* &uvfio_region_info.caps */
#define UVFIO_REGION_READ (1U << 0) /* read() works */
#define UVFIO_REGION_WRITE (1U << 1) /* write() works */
#define UVFIO_REGION_MMAP (1U << 2) /* the windows can be mmapped */
#define UVFIO_REGION_IO (1U << 3) /* I/O ports, not memory */
#define UVFIO_REGION_PREFETCH (1U << 4) /* prefetchable memory */
#define UVFIO_REGION_WC (1U << 5) /* @wc_offset can be used */

/**
 * struct uvfio_window - a piece of a region that can be mmapped
 * @offset: offset in the region
 * @size: bytes
 */
struct uvfio_window {
	__aligned_u64 offset;
	__aligned_u64 size;
};

/**
 * struct uvfio_region_info - argument of UVFIO_REGION_INFO
 * @argsz: size of this structure in bytes
 * @flags: none, 0
 * @region: in: resource number, 0-6 or 15
 * @caps: out: UVFIO_REGION_*
 * @nr_windows: in: how many records fit at @windows; out: how many there are
 * @reserved: 0
 * @size: out: bytes; 0 if the device has no such region
 * @offset: out: file offset of its first byte
 * @wc_offset: out: the same for mmap with write combining, or 0
 * @windows: address of an array of &struct uvfio_window, ascending; at most
 *	as many are stored as fit
 *
 * EINVAL: no such resource number.
 */
struct uvfio_region_info {
	__u32 argsz;
	__u32 flags;
	__u32 region;
	__u32 caps;
	__u32 nr_windows;
	__u32 reserved;
	__aligned_u64 size;
	__aligned_u64 offset;
	__aligned_u64 wc_offset;
	__aligned_u64 windows;
};

#define UVFIO_REGION_INFO _IO(';', 113)

/* Kinds of interrupt */
#define UVFIO_IRQ_INTX 0
#define UVFIO_IRQ_MSI 1
#define UVFIO_IRQ_MSIX 2

/* &uvfio_irq_info.caps */
#define UVFIO_IRQ_AUTOMASK (1U << 0) /* masked until EOI */
#define UVFIO_IRQ_EXCLUSIVE (1U << 1) /* cannot share its line */
#define UVFIO_IRQ_DYNAMIC (1U << 2) /* more can be had while on */

/**
 * struct uvfio_irq_info - argument of UVFIO_IRQ_INFO
 * @argsz: size of this structure in bytes
 * @flags: none, 0
 * @kind: in: UVFIO_IRQ_INTX, UVFIO_IRQ_MSI or UVFIO_IRQ_MSIX
 * @caps: out: UVFIO_IRQ_AUTOMASK and so on
 * @max: out: how many the device has; no MSI-X if its table is not in its own
 *	memory, and no INTx if the kernel knows it to be of no use
 * @count: out: how many can really be had: tried now while no interrupts are
 *	on, else the last answer
 * @enabled: out: how many are on
 * @reserved: out: 0
 *
 * EINVAL: no such kind.
 */
struct uvfio_irq_info {
	__u32 argsz;
	__u32 flags;
	__u32 kind;
	__u32 caps;
	__u32 max;
	__u32 count;
	__u32 enabled;
	__u32 reserved;
};

#define UVFIO_IRQ_INFO _IO(';', 114)

/**
 * struct uvfio_irq_enable - argument of UVFIO_IRQ_ENABLE
 * @argsz: size of this structure in bytes
 * @flags: none, 0
 * @kind: UVFIO_IRQ_INTX, UVFIO_IRQ_MSI or UVFIO_IRQ_MSIX
 * @count: how many vectors; 0 turns interrupts of this kind off
 *
 * Turns vectors on, without eventfds yet. A larger @count than the present one
 * adds vectors and leaves the others undisturbed where UVFIO_IRQ_DYNAMIC says
 * so. A request that fails takes nothing.
 *
 * * EINVAL: no such kind, or @count is more than the device has
 * * ENXIO: the device has no interrupts of this kind
 * * ENOSPC: more than can be had
 * * EIO: MSI or MSI-X of a device that the user has put to sleep, or MSI-X of
 *   one that tells another place of its table than when it was bound
 * * EBUSY: interrupts of another kind are on, or another @count is and it
 *   cannot be changed while they are on; or, for INTx, the line is shared and
 *   the device cannot mask its interrupt
 */
struct uvfio_irq_enable {
	__u32 argsz;
	__u32 flags;
	__u32 kind;
	__u32 count;
};

#define UVFIO_IRQ_ENABLE _IO(';', 115)

/* &uvfio_irq_set.flags: exactly one of them */
#define UVFIO_IRQ_BIND (1U << 0) /* eventfds at @fds */
#define UVFIO_IRQ_MASK (1U << 1) /* keep back, remember */
#define UVFIO_IRQ_UNMASK (1U << 2) /* and deliver what came */
#define UVFIO_IRQ_FIRE (1U << 3) /* as if it had come, masked or not */

/**
 * struct uvfio_irq_set - argument of UVFIO_IRQ_SET
 * @argsz: size of this structure in bytes
 * @flags: one of UVFIO_IRQ_BIND, _MASK, _UNMASK, _FIRE
 * @kind: UVFIO_IRQ_INTX, UVFIO_IRQ_MSI or UVFIO_IRQ_MSIX
 * @first: first vector
 * @count: how many vectors from there
 * @reserved: 0
 * @fds: address of __s32[@count]: eventfds, a negative one takes the vector's
 *	eventfd away; 0 for the other flags
 *
 * Works on single vectors while others run. While interrupts are off,
 * UVFIO_IRQ_BIND first turns @first + @count vectors on. An eventfd is replaced
 * without losing an interrupt: each goes to the old one or to the new one, and
 * what came while there was none is signalled once, to the next one.
 *
 * What is fired is an interrupt like any other: it is signalled at once, or
 * remembered while its vector is masked or has no eventfd, and then signalled
 * once. INTx fired is masked until it is answered.
 *
 * * EINVAL: not exactly one of the flags; no such kind; no vector, or vectors
 *   beyond those that are on; an eventfd that is none
 * * EBADF: a descriptor that is not open
 * * others: as UVFIO_IRQ_ENABLE
 */
struct uvfio_irq_set {
	__u32 argsz;
	__u32 flags;
	__u32 kind;
	__u32 first;
	__u32 count;
	__u32 reserved;
	__aligned_u64 fds;
};

#define UVFIO_IRQ_SET _IO(';', 116)

/* The most functions that one UVFIO_BUS_RESET resets */
#define UVFIO_BUS_RESET_MAX 256

/**
 * struct uvfio_bus_reset - argument of UVFIO_BUS_RESET
 * @argsz: size of this structure in bytes
 * @flags: none, 0
 * @count: how many descriptors there are at @fds, up to UVFIO_BUS_RESET_MAX
 * @reserved: 0
 * @fds: address of __s32[@count]: one descriptor of each function on the bus
 *	of this device and on buses below it, this device among them
 *
 * Resets the bus, or its slot, and with it all functions there. That they are
 * the caller's to reset is shown by their descriptors; who opened those does
 * not matter. Bridges are not named: they are reset with what is below them.
 * As after VFIO_RESET_FUNCTION configuration, interrupts and mappings are as
 * before; accesses to all of the devices wait meanwhile.
 *
 * * EINVAL: this device has no domain; no descriptor, or too many; one that is
 *   not of a device of this driver, is of a device elsewhere, or of a device
 *   named already; this device is not named
 * * EBADF: a descriptor that is not open
 * * EPERM: a function is missing, or it is not bound to this driver
 * * ENOTTY: nothing can reset that bus: it has no bridge above, or a quirk or a
 *   hot-plug bridge below forbids it
 * * EAGAIN: somebody else works on one of the devices, or on the bridge above
 * * EIO: the reset failed, or a device has not come back
 * * ENODEV: one of the devices was unbound or unplugged
 */
struct uvfio_bus_reset {
	__u32 argsz;
	__u32 flags;
	__u32 count;
	__u32 reserved;
	__aligned_u64 fds;
};

#define UVFIO_BUS_RESET _IO(';', 117)

/* Generic netlink: a program is told what happens to its device, and asked */
#define VFIO_GENL_NAME "VFIO"
#define VFIO_GENL_VERSION 1

/**
 * enum vfio_message - messages of the family "VFIO"
 * @VFIO_MSG_INVAL: none
 * @VFIO_MSG_REMOVE: the device is being taken away; close it
 * @VFIO_MSG_ERROR_DETECTED: an error of the bus. Here and for the next three
 *	answer with VFIO_MSG_ERROR_HANDLING_REPLY
 * @VFIO_MSG_MMIO_ENABLED: registers can be reached again
 * @VFIO_MSG_LINK_RESET: the link was reset
 * @VFIO_MSG_SLOT_RESET: its configuration was restored. The slot was reset if
 *	the state that came with VFIO_MSG_ERROR_DETECTED was 2; else a user has
 *	answered 3, and VFIO_RESET_FUNCTION can be called when all is over
 * @VFIO_MSG_ERROR_RESUME: the recovery is over
 * @VFIO_MSG_PM_SUSPEND: the machine wants to sleep; answer with
 *	VFIO_MSG_PM_SUSPEND_REPLY
 * @VFIO_MSG_PM_RESUME: it is awake, or has not slept after all. The device is
 *	as before, in D0
 * @VFIO_MSG_REGISTER: from the user: VFIO_ATTR_MSGCAP and the four attributes
 *	of the address. EPERM unless the caller has the device open or is an
 *	administrator; EINVAL: an attribute is missing or wrong; ENOSPC: 32
 *	sockets are registered for that device already
 * @VFIO_MSG_ERROR_HANDLING_REPLY: from the user, with the sequence number of
 *	the question. ENOENT: nothing was asked, or it is too late
 * @VFIO_MSG_PM_SUSPEND_REPLY: likewise
 *
 * Questions are answered in time or not at all: 3 s for the whole recovery of
 * all functions, 5 s for a suspend. Answers about an error decide about this
 * device alone, never about others below the same port; of several answers the
 * most cautious counts. Of several users who were asked about a suspend all
 * must agree. No answer is a refusal, but only once until a user of the device
 * answers something or opens it anew; and refusals of all users together count
 * once in the time that the parameter veto_interval says.
 */
enum vfio_message {
	VFIO_MSG_INVAL,
	VFIO_MSG_REMOVE,
	VFIO_MSG_ERROR_DETECTED,
	VFIO_MSG_MMIO_ENABLED,
	VFIO_MSG_LINK_RESET,
	VFIO_MSG_SLOT_RESET,
	VFIO_MSG_ERROR_RESUME,
	VFIO_MSG_PM_SUSPEND,
	VFIO_MSG_PM_RESUME,
	VFIO_MSG_REGISTER,
	VFIO_MSG_ERROR_HANDLING_REPLY,
	VFIO_MSG_PM_SUSPEND_REPLY,
};

/**
 * enum vfio_attribute - attributes of the messages
 * @VFIO_ATTR_UNSPEC: none
 * @VFIO_ATTR_MSGCAP: u64, mask of the wanted messages, bit 1 << VFIO_MSG_*
 * @VFIO_ATTR_PCI_DOMAIN: u32
 * @VFIO_ATTR_PCI_BUS: u16
 * @VFIO_ATTR_PCI_SLOT: u8
 * @VFIO_ATTR_PCI_FUNC: u8
 * @VFIO_ATTR_CHANNEL_STATE: u32, 1 normal, 2 frozen, 3 dead
 * @VFIO_ATTR_ERROR_HANDLING_REPLY: u32: 1 no opinion, 2 can recover, 3 needs a
 *	reset (VFIO_MSG_SLOT_RESET follows), 4 give it up (all calls of those
 *	who have it open are EIO from then on, until the last has closed it), 5
 *	recovered
 * @VFIO_ATTR_PM_SUSPEND_REPLY: u32, 0 agreed, else refused
 */
enum vfio_attribute {
	VFIO_ATTR_UNSPEC,
	VFIO_ATTR_MSGCAP,
	VFIO_ATTR_PCI_DOMAIN,
	VFIO_ATTR_PCI_BUS,
	VFIO_ATTR_PCI_SLOT,
	VFIO_ATTR_PCI_FUNC,
	VFIO_ATTR_CHANNEL_STATE,
	VFIO_ATTR_ERROR_HANDLING_REPLY,
	VFIO_ATTR_PM_SUSPEND_REPLY,
};

/* The highest attribute; the second is its name of 2010 */
#define VFIO_ATTR_MAX VFIO_ATTR_PM_SUSPEND_REPLY
#define VFIO_NL_ATTR_MAX VFIO_ATTR_MAX

#endif /* _UAPI_LINUX_UVFIO_H */
