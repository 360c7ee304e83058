// SPDX-License-Identifier: LGPL-2.1
/*
 * What an errno of a call means, why it came and what to do: one sentence.
 *
 * Invariant: data only; each pair of call and errno stands once, and those
 * that every call has stand in a table of their own.
 */
#include <string.h>

#include "internal.h"
#include "uvfio.h"

struct meaning {
	enum uvfio_call call;
	int error;
	const char *text;
};

/* clang-format off */
static const struct meaning meanings[] = {
	{ UVFIO_CALL_DOMAIN_OPEN, ENOENT,
	  "/dev/uiommu does not exist because the module uiommu is not loaded: load it with modprobe uiommu or insmod uiommu.ko"
	},
	{ UVFIO_CALL_DOMAIN_OPEN, EACCES,
	  "/dev/uiommu may not be opened because its mode was changed from 0666: chmod it back, it is harmless"
	},

	{ UVFIO_CALL_DEVICE_OPEN, ENOENT,
	  "there is no PCI device at this address: look it up with lspci -D"
	},
	{ UVFIO_CALL_DEVICE_OPEN, EINVAL,
	  "this is not a PCI address: write it as lspci -D does, like 0000:01:00.0"
	},
	{ UVFIO_CALL_DEVICE_OPEN, ENXIO,
	  "the device is not bound to the driver vfio: write vfio into its driver_override and its address into /sys/bus/pci/drivers_probe"
	},
	{ UVFIO_CALL_DEVICE_OPEN, EACCES,
	  "the node of the device belongs to root: open it in a privileged launcher and pass the descriptor, or change the owner of /dev/vfio<N>"
	},
	{ UVFIO_CALL_DEVICE_OPEN, EPERM,
	  "the device may not be opened here, as the container's device list does not have it: allow it there, or pass the descriptor in"
	},
	{ UVFIO_CALL_DEVICE_OPEN, EBUSY,
	  "the device is being unbound or reset: try again"
	},

	{ UVFIO_CALL_ATTACH, EINVAL,
	  "the second descriptor is open but not a domain: pass one of /dev/uiommu"
	},
	{ UVFIO_CALL_ATTACH, EBADF,
	  "the domain's descriptor is not open: open /dev/uiommu first and keep it until the attach"
	},
	{ UVFIO_CALL_ATTACH, EBUSY,
	  "the device has a domain already, or one of its IOMMU group is in another domain or has a kernel driver: detach it, use the same domain for the whole group, or unbind the other driver"
	},
	{ UVFIO_CALL_ATTACH, ENODEV,
	  "no IOMMU translates for this device: switch it on in the firmware and boot with intel_iommu=on or amd_iommu=on"
	},
	{ UVFIO_CALL_ATTACH, EADDRINUSE,
	  "what is mapped in the domain meets addresses this device cannot use: unmap it, or attach the device before mapping"
	},
	{ UVFIO_CALL_ATTACH, EPERM,
	  "the IOMMU does not isolate this device's interrupts: switch interrupt remapping on, or accept the danger with uvfio's parameter allow_unsafe_intrs=1"
	},
	{ UVFIO_CALL_ATTACH, ENOMEM,
	  "no memory for the domain's page tables: free some, or raise the memory limit of the control group"
	},

	{ UVFIO_CALL_DETACH, EBUSY,
	  "mappings made through this device still exist: unmap them first"
	},

	{ UVFIO_CALL_MAP, EINVAL,
	  "the range makes no sense or may not be used (zero, not page aligned, wrapping, outside what the devices can address, inside the interrupt window 0xfee00000-0xfeefffff or another reserved one), no domain is set, or this descriptor holds mappings of another process: ask for the allowed ranges and map there"
	},
	{ UVFIO_CALL_MAP, EBUSY,
	  "the range overlaps a mapping of the domain: unmap that first or take another I/O address"
	},
	{ UVFIO_CALL_MAP, ENOSPC,
	  "no free range of that size is left in the domain: unmap something or map less"
	},
	{ UVFIO_CALL_MAP, ENOMEM,
	  "over the limit of locked memory, which counts all processes of the user (uvfio_domain_room() and uvfio memory tell what is left), or no memory: raise the limit with ulimit -l, prlimit --memlock or LimitMEMLOCK=, or map less"
	},
	{ UVFIO_CALL_MAP, EFAULT,
	  "part of the buffer is not mapped in this process, is not writable though the device shall write, or was unmapped meanwhile: map memory that is there and stays"
	},
	{ UVFIO_CALL_MAP, EOPNOTSUPP,
	  "this kind of memory cannot be pinned for long, like a shared mapping of an ordinary file: use anonymous memory, memfd or hugetlb"
	},

	{ UVFIO_CALL_UNMAP, EINVAL,
	  "the range is zero, unaligned, wrapping, or cuts a mapping in two: give the range of whole mappings"
	},
	{ UVFIO_CALL_UNMAP, ENXIO,
	  "nothing in the range is yours, it was never mapped or is revoked already: unmap through the descriptor or in the process that mapped it"
	},

	{ UVFIO_CALL_QUERY, EINVAL,
	  "there is no such region or kind of interrupt: ask for regions 0 to 6 and 15, and for INTx, MSI or MSI-X"
	},
	{ UVFIO_CALL_QUERY, EOPNOTSUPP,
	  "the IOMMU of the attached devices does not report DMA faults to programs: look into the kernel's log"
	},
	{ UVFIO_CALL_QUERY, ENOSPC,
	  "the answer does not fit: ask again with room for as many as were told"
	},

	{ UVFIO_CALL_REGION, EINVAL,
	  "no domain is set, the resource does not exist, or the range runs past its end or may not be touched, like the MSI-X table: attach the device first and stay inside the resource"
	},
	{ UVFIO_CALL_REGION, EOVERFLOW,
	  "the resource is 4 GiB or more: ask with UVFIO_REGION_INFO"
	},
	{ UVFIO_CALL_REGION, EIO,
	  "the user has switched memory or I/O access of the device off, or it took only part: switch it on in the command register"
	},
	{ UVFIO_CALL_REGION, EACCES,
	  "this descriptor was opened without that right: open the device read-write"
	},
	{ UVFIO_CALL_REGION, ENOENT,
	  "the device has no such capability: use another way, like INTx for MSI"
	},

	{ UVFIO_CALL_IRQ, EINVAL,
	  "no domain is set, the descriptor is not an eventfd, or the device has not so many vectors: attach it first and ask for the number it has"
	},
	{ UVFIO_CALL_IRQ, EBADF,
	  "the eventfd is not open: make it with eventfd() and keep it until the call"
	},
	{ UVFIO_CALL_IRQ, EBUSY,
	  "an interrupt of this or another kind is wired already, or the line is shared with a driver that needs it: take the old one away first"
	},
	{ UVFIO_CALL_IRQ, ENXIO,
	  "the device has no interrupt of this kind: ask which it has, and use another"
	},
	{ UVFIO_CALL_IRQ, ENOSPC,
	  "the machine has not so many interrupt vectors left: ask for fewer"
	},
	{ UVFIO_CALL_IRQ, ENOMEM,
	  "no memory for the vectors: ask for fewer"
	},
	{ UVFIO_CALL_IRQ, ETIMEDOUT,
	  "the interrupt did not come in time: check that the device was told to raise it and that the last one was acknowledged"
	},

	{ UVFIO_CALL_RESET, ENOTTY,
	  "the device has no reset of its own function: reset its bus with all devices on it, or the device by its registers"
	},
	{ UVFIO_CALL_RESET, EINVAL,
	  "no domain is set: attach the device first; or, for a bus, the list names a device twice, or one that is elsewhere: name each device on the bus once"
	},
	{ UVFIO_CALL_RESET, EPERM,
	  "a device on the bus is missing from the list, or is not bound to the driver vfio: open each of them and name it"
	},
	{ UVFIO_CALL_RESET, EIO,
	  "the reset failed, or the device has not come back: try again, or look into the kernel's log"
	},
	{ UVFIO_CALL_RESET, EAGAIN,
	  "the device is being bound, unbound or reset by somebody else: try again"
	},

	{ UVFIO_CALL_PASS, ENOMSG,
	  "the other side closed the socket without passing anything: look at its messages"
	},
	{ UVFIO_CALL_PASS, EMSGSIZE,
	  "more descriptors came than there is room for: give room for UVFIO_PASS_MAX"
	},
	{ UVFIO_CALL_PASS, EINVAL,
	  "names and descriptors do not agree: use the same version of libuvfio on both sides"
	},
	{ UVFIO_CALL_PASS, ENOENT,
	  "no descriptor of that name was passed: let the launcher pass it"
	},
	{ UVFIO_CALL_PASS, EPIPE,
	  "the other side has gone: look at its messages"
	},
};

/* What every call may answer; the more specific table goes first */
static const struct meaning common[] = {
	{ 0, ENODEV,
	  "the device was unbound or unplugged: close its descriptor and open it anew when it is back"
	},
	{ 0, EBADF,
	  "the descriptor is not open: open it first"
	},
	{ 0, EFAULT,
	  "the argument lies outside the process's memory: pass a valid pointer"
	},
	{ 0, EINTR,
	  "the process was told to stop by a signal: nothing is left half done"
	},
	{ 0, ENOTTY,
	  "this descriptor has no such call: check that it is of /dev/uiommu or /dev/vfio<N> and the modules are of the same version"
	},
	{ 0, E2BIG,
	  "the program is newer than the module and uses what that does not know: load the newer module"
	},
	{ 0, EOPNOTSUPP,
	  "the module does not know that flag: load the newer module or do without"
	},
	{ 0, ENOMEM,
	  "no memory: free some, or raise the memory limit of the control group"
	},
	{ 0, EMFILE,
	  "too many descriptors are open: close some or raise ulimit -n"
	},
	{ 0, ENOENT,
	  "the file does not exist: load the modules and bind the device"
	},
	{ 0, EACCES,
	  "not allowed by the file's mode: let a privileged launcher open it"
	},
};

/* clang-format on */

static const char *look_up(const struct meaning *table, size_t rows,
			   enum uvfio_call call, int error)
{
	size_t i;

	for (i = 0; i < rows; i++)
		if (table[i].call == call && table[i].error == error)
			return table[i].text;
	return NULL;
}

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/**
 * uvfio_explain() - say what an error means, why it came and what to do
 * @call: what was tried
 * @error: what it returned, -EINVAL or EINVAL
 *
 * Return: one sentence, without a full stop; for an error that is not
 * expected there, the C library's text.
 */
const char *uvfio_explain(enum uvfio_call call, int error)
{
	const char *text;

	if (error < 0)
		error = -error;
	text = look_up(meanings, ROWS(meanings), call, error);
	if (!text)
		text = look_up(common, ROWS(common), 0, error);
	return text ? text : strerror(error);
}

/**
 * uvfio_errno_name() - the name of an errno
 * @error: -EINVAL or EINVAL
 *
 * Return: "EINVAL"; "?" for a number that has no name.
 */
const char *uvfio_errno_name(int error)
{
	const char *name = strerrorname_np(error < 0 ? -error : error);

	return name ? name : "?";
}
