// SPDX-License-Identifier: GPL-2.0
/*
 * Raw calls of /dev/vfio<N>, and the binding of devices.
 *
 * Owns no state. Devices are named by environment variables that hold PCI
 * addresses (EDU0=0000:00:03.0), so that the same programs run in the virtual
 * machine and on a real one.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "call.h"
#include "device.h"
#include "text.h"

/**
 * device_bdf() - PCI address of a device of the test machine
 * @env: name of the environment variable
 *
 * Return: address, or NULL if the machine has no such device.
 */
const char *device_bdf(const char *env)
{
	const char *bdf = getenv(env);

	return bdf && *bdf ? bdf : NULL;
}

/**
 * device_node() - path of the node of a bound device
 * @bdf: PCI address
 * @path: out
 * @size: bytes at @path
 *
 * Finds it as programs of 2010 do: by listing the device's vfio directory.
 *
 * Return: 0, or a negative errno.
 */
int device_node(const char *bdf, char *path, size_t size)
{
	struct dirent *entry;
	char dir[128];
	int err = -ENOENT;
	DIR *d;

	snprintf(dir, sizeof(dir), "/sys/bus/pci/devices/%s/vfio", bdf);
	d = opendir(dir);
	if (!d)
		return -errno;
	while (err && (entry = readdir(d))) {
		if (strncmp(entry->d_name, "vfio", 4))
			continue;
		snprintf(path, size, "/dev/%s", entry->d_name);
		err = 0;
	}
	closedir(d);
	return err;
}

/**
 * device_driver() - which driver a device is bound to
 * @bdf: PCI address
 * @name: out; empty if none
 * @size: bytes at @name
 *
 * Return: 0, or a negative errno.
 */
int device_driver(const char *bdf, char *name, size_t size)
{
	char link[128], target[256];
	ssize_t n;

	*name = 0;
	snprintf(link, sizeof(link), "/sys/bus/pci/devices/%s/driver", bdf);
	n = readlink(link, target, sizeof(target) - 1);
	if (n < 0)
		return errno == ENOENT ? 0 : -errno;
	target[n] = 0;
	snprintf(name, size, "%s", strrchr(target, '/') + 1);
	return 0;
}

/**
 * device_bar() - where a BAR of a device is, for the processor
 * @bdf: PCI address
 * @bar: number
 *
 * Return: physical address, or 0.
 */
__u64 device_bar(const char *bdf, unsigned int bar)
{
	char path[128], text[2048], *line = text;
	__u64 start = 0;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource", bdf);
	if (text_read(path, text, sizeof(text)) < 0)
		return 0;
	while (line && bar--) {
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	if (line)
		start = strtoull(line, NULL, 16);
	return start;
}

/**
 * device_line() - the kernel's number of a device's interrupt line
 * @bdf: PCI address
 *
 * Return: number, or a negative errno.
 */
int device_line(const char *bdf)
{
	char path[128], text[16];
	int err;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/irq", bdf);
	err = text_read(path, text, sizeof(text));
	return err < 0 ? err : atoi(text);
}

/**
 * device_line_unhandled() - interrupts of a line that nobody has claimed
 * @bdf: PCI address of a device on it
 *
 * The kernel turns the line off at some 100 000. It begins anew when there was
 * none for 100 ms.
 *
 * Return: how many, or a negative errno.
 */
long device_line_unhandled(const char *bdf)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/irq/%d/spurious", device_line(bdf));
	return text_field(path, "unhandled ");
}

static int unbind(const char *bdf)
{
	char path[128], driver[64];
	int err = device_driver(bdf, driver, sizeof(driver));

	if (err || !*driver)
		return err;
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver/unbind",
		 bdf);
	return text_write(path, bdf);
}

/**
 * device_bind() - bind a device by driver_override
 * @bdf: PCI address
 * @driver: name of the driver, or NULL to leave the device unbound
 *
 * Return: 0, or a negative errno: -ENODEV if the driver did not take it.
 */
int device_bind(const char *bdf, const char *driver)
{
	char path[128], name[64];
	int err = unbind(bdf);

	if (err)
		return err;
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver_override",
		 bdf);
	err = text_write(path, driver ? driver : "\n");
	if (err || !driver)
		return err;
	err = text_write("/sys/bus/pci/drivers_probe", bdf);
	if (err)
		return err;
	err = device_driver(bdf, name, sizeof(name));
	if (err)
		return err;
	return strcmp(name, driver) ? -ENODEV : 0;
}

/**
 * device_open_bdf() - open the node of a device, binding it if need be
 * @bdf: PCI address
 *
 * Return: descriptor, or a negative errno.
 */
int device_open_bdf(const char *bdf)
{
	char path[64], driver[64];
	int fd, err;

	err = device_driver(bdf, driver, sizeof(driver));
	if (!err && strcmp(driver, "vfio"))
		err = device_bind(bdf, "vfio");
	if (!err)
		err = device_node(bdf, path, sizeof(path));
	if (err)
		return err;
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/**
 * device_open() - open a device of the test machine
 * @env: name of the environment variable that holds its PCI address
 *
 * Return: descriptor, or a negative errno.
 */
int device_open(const char *env)
{
	const char *bdf = device_bdf(env);

	return bdf ? device_open_bdf(bdf) : -ENODEV;
}

/**
 * device_set() - attach a device to a domain
 * @fd: device
 * @domain: descriptor of the domain
 *
 * Return: 0, or a negative errno.
 */
int device_set(int fd, int domain)
{
	return call(fd, VFIO_DOMAIN_SET, &domain);
}

/**
 * device_map() - map through a device's descriptor
 * @fd: device
 * @vaddr: memory
 * @iova: where devices see it
 * @size: bytes
 * @flags: VFIO_FLAG_WRITE or 0
 *
 * Return: 0, or a negative errno.
 */
int device_map(int fd, const void *vaddr, __u64 iova, __u64 size, __u64 flags)
{
	struct vfio_dma_map map = {
		.vaddr = (unsigned long)vaddr,
		.dmaaddr = iova,
		.size = size,
		.flags = flags,
	};

	return call(fd, VFIO_DMA_MAP_IOVA, &map);
}

/**
 * device_unmap() - unmap as programs of 2011 do, garbage in unused fields
 * @fd: device
 * @iova: start
 * @size: bytes
 *
 * Return: 0, or a negative errno.
 */
int device_unmap(int fd, __u64 iova, __u64 size)
{
	struct vfio_dma_map map = {
		.vaddr = 0xdeadbeefdeadbeefULL,
		.dmaaddr = iova,
		.size = size,
		.flags = ~0ULL,
	};

	return call(fd, VFIO_DMA_UNMAP, &map);
}

/**
 * device_read() - read a region
 * @fd: device
 * @offset: REGION() or CONFIG()
 * @buf: where to
 * @size: bytes
 *
 * Return: bytes read, or a negative errno.
 */
int device_read(int fd, __u64 offset, void *buf, size_t size)
{
	ssize_t n = pread64(fd, buf, size, offset);

	return n < 0 ? -errno : (int)n;
}

/**
 * device_write() - write a region
 * @fd: device
 * @offset: REGION() or CONFIG()
 * @buf: what
 * @size: bytes
 *
 * Return: bytes written, or a negative errno.
 */
int device_write(int fd, __u64 offset, const void *buf, size_t size)
{
	ssize_t n = pwrite64(fd, buf, size, offset);

	return n < 0 ? -errno : (int)n;
}

/**
 * device_command() - the command register as the user sees it
 * @fd: device
 *
 * Return: its value, or a negative errno.
 */
int device_command(int fd)
{
	__u16 command;
	int n = device_read(fd, CONFIG(COMMAND), &command, sizeof(command));

	return n < 0 ? n : command;
}

/**
 * device_command_write() - write the command register
 * @fd: device
 * @command: its new value
 *
 * Return: 0, or a negative errno.
 */
int device_command_write(int fd, __u16 command)
{
	int n = device_write(fd, CONFIG(COMMAND), &command, sizeof(command));

	return n < 0 ? n : n == sizeof(command) ? 0 : -EIO;
}

/**
 * device_command_real() - the command register as the kernel sees it
 * @bdf: PCI address
 *
 * Return: its value, or a negative errno.
 */
int device_command_real(const char *bdf)
{
	char path[128];
	__u16 command;
	int fd, n;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", bdf);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = pread(fd, &command, sizeof(command), COMMAND);
	close(fd);
	return n == sizeof(command) ? command : -EIO;
}

/**
 * device_capability() - find a capability
 * @fd: device
 * @id: its number
 *
 * Return: offset, or 0 if there is none.
 */
int device_capability(int fd, __u8 id)
{
	__u8 config[256];
	int at, left = 48;

	if (device_read(fd, CONFIG(0), config, sizeof(config)) != 256)
		return 0;
	for (at = config[0x34] & ~3; at && left; left--) {
		if (config[at] == id)
			return at;
		at = config[at + 1] & ~3;
	}
	return 0;
}

/**
 * device_config_get() - read a field of the configuration space
 * @fd: descriptor of the device
 * @at: offset
 * @size: bytes, 4 at the most
 *
 * Return: its value, or all bits set if it cannot be read.
 */
__u32 device_config_get(int fd, int at, int size)
{
	__u32 value = 0;
	int n = device_read(fd, CONFIG(at), &value, size);

	return n == size ? value : ~0U;
}

/**
 * device_config_put() - write a field of the configuration space
 * @fd: descriptor of the device
 * @at: offset
 * @size: bytes, 4 at the most
 * @value: its value
 *
 * Return: bytes written, or a negative errno.
 */
int device_config_put(int fd, int at, int size, __u32 value)
{
	return device_write(fd, CONFIG(at), &value, size);
}

/**
 * device_irq_set() - act on interrupts: UVFIO_IRQ_SET
 * @fd: descriptor of the device
 * @kind: UVFIO_IRQ_INTX, _MSI or _MSIX
 * @flags: what to do
 * @first: first interrupt
 * @count: how many
 * @fds: an eventfd for each, or NULL
 *
 * Return: 0, or a negative errno.
 */
int device_irq_set(int fd, __u32 kind, __u32 flags, __u32 first, __u32 count,
		   const int *fds)
{
	struct uvfio_irq_set arg = {
		.argsz = sizeof(arg),
		.flags = flags,
		.kind = kind,
		.first = first,
		.count = count,
		.fds = (unsigned long)fds,
	};

	return call(fd, UVFIO_IRQ_SET, &arg);
}

/**
 * device_irq_enable() - enable a kind of interrupts: UVFIO_IRQ_ENABLE
 * @fd: descriptor of the device
 * @kind: UVFIO_IRQ_MSI or _MSIX
 * @count: how many
 *
 * Return: 0, or a negative errno.
 */
int device_irq_enable(int fd, __u32 kind, __u32 count)
{
	struct uvfio_irq_enable arg = {
		.argsz = sizeof(arg),
		.kind = kind,
		.count = count,
	};

	return call(fd, UVFIO_IRQ_ENABLE, &arg);
}

/**
 * device_irq_info() - what a kind of interrupts is like: UVFIO_IRQ_INFO
 * @fd: descriptor of the device
 * @kind: UVFIO_IRQ_INTX, _MSI or _MSIX
 *
 * Return: the answer; all bits set if there was none.
 */
struct uvfio_irq_info device_irq_info(int fd, __u32 kind)
{
	struct uvfio_irq_info arg = { .argsz = sizeof(arg), .kind = kind };

	if (call(fd, UVFIO_IRQ_INFO, &arg))
		memset(&arg, 0xff, sizeof(arg));
	return arg;
}
