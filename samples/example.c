// SPDX-License-Identifier: GPL-2.0
/*
 * The worked example of Documentation/example.rst: one device, one buffer, one
 * interrupt, by the system calls alone. The device is QEMU's edu, which copies
 * between memory and 4 KiB of its own.
 *
 * Invariant: whatever fails, the exit of the process gives everything back.
 */
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/pci_regs.h>
#include <linux/uiommu.h>
#include <linux/uvfio.h>

#define SIZE 4096

/* The last address that edu's 28 bits reach, unless QEMU is told otherwise */
#define HIGHEST 0xfffffff

/* [open] */
/* The node of a device: /sys/bus/pci/devices/<address>/vfio/ names it */
static int open_device(const char *address)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vfio", address);
	dir = opendir(path);
	if (!dir)
		err(1, "%s is not bound to the driver vfio", address);
	do {
		entry = readdir(dir);
	} while (entry && strncmp(entry->d_name, "vfio", 4) != 0);
	if (!entry)
		errx(1, "%s has no node", address);
	snprintf(path, sizeof(path), "/dev/%.32s", entry->d_name);
	closedir(dir);
	return open(path, O_RDWR | O_CLOEXEC);
}

/* [map] */
/* Map @buffer for every device; the kernel chooses where, in edu's reach */
static uint64_t map_buffer(int domain, void *buffer)
{
	struct uiommu_map map = {
		.argsz = sizeof(map),
		.flags = UIOMMU_MAP_WRITE,
		.vaddr = (uintptr_t)buffer,
		.size = SIZE,
		.highest = HIGHEST,
	};

	if (ioctl(domain, UIOMMU_MAP, &map))
		err(1, "UIOMMU_MAP");
	return map.iova;
}

/* [master] */
/* Let the device answer to register access, and do DMA */
static void enable(int device)
{
	off_t offset = VFIO_PCI_CONFIG_OFF + PCI_COMMAND;
	uint16_t command;

	if (pread(device, &command, 2, offset) != 2)
		err(1, "reading the command register");
	command |= PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	if (pwrite(device, &command, 2, offset) != 2)
		err(1, "writing the command register");
}

/* [interrupt] */
static int wire_interrupt(int device)
{
	int event = eventfd(0, EFD_CLOEXEC);

	if (event < 0 || ioctl(device, VFIO_EVENTFD_MSI, &event))
		err(1, "VFIO_EVENTFD_MSI");
	return event;
}

/* [copy] */
/* Registers of edu, and the address of its own memory as its DMA sees it */
enum {
	IRQ_STATUS = 0x24,
	IRQ_ACK = 0x64,
	FROM = 0x80,
	TO = 0x88,
	COUNT = 0x90,
	COMMAND = 0x98,
	OWN_MEMORY = 0x40000
};

enum { START = 1, TO_RAM = 2, INTERRUPT = 4 };

static void copy(char *bar, int event, uint64_t from, uint64_t to, int command)
{
	uint64_t fired;

	*(volatile uint64_t *)(bar + FROM) = from;
	*(volatile uint64_t *)(bar + TO) = to;
	*(volatile uint64_t *)(bar + COUNT) = SIZE / 2;
	*(volatile uint64_t *)(bar + COMMAND) = START | INTERRUPT | command;
	if (read(event, &fired, sizeof(fired)) != sizeof(fired))
		err(1, "waiting for the interrupt");
	*(volatile uint32_t *)(bar + IRQ_ACK) =
		*(volatile uint32_t *)(bar + IRQ_STATUS);
}

/* [main] */
int main(int argc, char *argv[])
{
	int domain, device, event;
	uint64_t iova;
	char *bar, *buffer;

	if (argc != 2)
		errx(2, "usage: example ADDRESS, as in 0000:01:00.0");
	domain = open("/dev/uiommu", O_RDWR | O_CLOEXEC);
	device = open_device(argv[1]);
	if (domain < 0 || device < 0)
		err(1, "opening the domain and the device");
	if (ioctl(device, VFIO_DOMAIN_SET, &domain))
		err(1, "VFIO_DOMAIN_SET");

	buffer = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bar = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, device, 0);
	if (buffer == MAP_FAILED || bar == MAP_FAILED)
		err(1, "mmap");
	iova = map_buffer(domain, buffer);
	event = wire_interrupt(device);
	enable(device);

	/* Through the device, from the first half to the second */
	memset(buffer, 0x5a, SIZE / 2);
	copy(bar, event, iova, OWN_MEMORY, 0);
	copy(bar, event, OWN_MEMORY, iova + SIZE / 2, TO_RAM);
	if (memcmp(buffer, buffer + SIZE / 2, SIZE / 2) != 0)
		errx(1, "the copy differs");
	printf("%d bytes went through %s and came back\n", SIZE / 2, argv[1]);
	return 0;
}
