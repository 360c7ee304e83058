// SPDX-License-Identifier: GPL-2.0
/*
 * A user-level driver as programs of 2010 were written, for QEMU's edu device:
 * no library, no query, no new call, and habits that are still to work. Built
 * for 32 bits as well.
 *
 * Invariant: it uses the calls 101 to 111 and 167 and nothing that came later;
 * the header's name is all that has changed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/uvfio.h>

#define DMA_ADDR 0x10000000ULL
#define DMA_SIZE 0x10000
#define CONFIG(x) (VFIO_PCI_CONFIG_OFF + (x))
#define BAR0(x) (((off64_t)0 << VFIO_PCI_SPACE_SHIFT) + (x))

static int vfiofd = -1, uiommufd = -1, number, failed;
static volatile unsigned int *regs;
static char *buf;

static int result(int good, const char *what)
{
	printf("%sok %d - %s\n", good ? "" : "not ", ++number, what);
	if (!good)
		printf("# errno %d: %s\n", errno, strerror(errno));
	failed += !good;
	fflush(stdout);
	return good;
}

/* The directory of the driver, then the one that tells the node's name */
static int open_device(const char *bdf)
{
	char name[256], node[300] = "";
	struct dirent *d;
	DIR *dir;

	snprintf(name, sizeof(name), "/sys/bus/pci/drivers/vfio/%s", bdf);
	if (!result(access(name, F_OK) == 0, "directory below the driver"))
		return -1;
	snprintf(name, sizeof(name), "/sys/bus/pci/devices/%s/vfio", bdf);
	dir = opendir(name);
	if (!dir)
		return -1;
	while ((d = readdir(dir)))
		if (!strncmp(d->d_name, "vfio", 4))
			snprintf(node, sizeof(node), "/dev/%s", d->d_name);
	closedir(dir);
	return open(node, O_RDWR);
}

static void set_up(const char *bdf)
{
	vfiofd = open_device(bdf);
	if (!result(vfiofd >= 0, "node found by its directory, opened"))
		exit(1);
	uiommufd = open("/dev/uiommu", O_RDONLY);
	result(uiommufd >= 0, "/dev/uiommu opened read-only");
	if (!result(ioctl(vfiofd, VFIO_DOMAIN_SET, &uiommufd) == 0,
		    "VFIO_DOMAIN_SET by pointer to int"))
		exit(1);
}

static void read_config(void)
{
	unsigned char config[256];

	result(pread64(vfiofd, config, 256, CONFIG(0)) == 256,
	       "256 bytes of configuration space in one pread");
	result(!memcmp(config, "\x34\x12\xe8\x11", 4), "vendor and device ID");
}

static unsigned short command(void)
{
	unsigned short value = 0;

	pread64(vfiofd, &value, 2, CONFIG(4));
	return value;
}

static int set_command(unsigned short value)
{
	return pwrite64(vfiofd, &value, 2, CONFIG(4)) == 2;
}

static void map_registers(void)
{
	unsigned int len = 0;
	void *map;

	result(ioctl(vfiofd, VFIO_BAR_LEN, &len) == 0 && len == 0x100000,
	       "VFIO_BAR_LEN of BAR 0");
	result(set_command(command() | 0x6), "memory and bus master enabled");
	map = mmap64(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, vfiofd,
		     BAR0(0));
	if (!result(map != MAP_FAILED, "BAR 0 mmapped"))
		exit(1);
	regs = map;
	regs[1] = 0x5a5a5a5a;
	result(regs[1] == ~0x5a5a5a5aU, "its registers answer");
}

static int dma_map(void *vaddr)
{
	struct vfio_dma_map map;

	memset(&map, 0, sizeof(map));
	map.vaddr = (unsigned long)vaddr;
	map.dmaaddr = DMA_ADDR;
	map.size = DMA_SIZE;
	map.flags = VFIO_FLAG_WRITE;
	return ioctl(vfiofd, VFIO_DMA_MAP_IOVA, &map);
}

static int dma_unmap(void)
{
	struct vfio_dma_map map;

	/* programs of 2011 left the rest of it as the stack had it */
	memset(&map, 0xa5, sizeof(map));
	map.dmaaddr = DMA_ADDR;
	map.size = DMA_SIZE;
	return ioctl(vfiofd, VFIO_DMA_UNMAP, &map);
}

static void map_memory(void)
{
	void *other = mmap(NULL, DMA_SIZE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int ret;

	ret = dma_map((void *)regs);
	result(ret == 0 || errno == EFAULT,
	       "its own BAR as a buffer: EFAULT at worst");
	if (ret == 0)
		dma_unmap();
	buf = mmap(NULL, DMA_SIZE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(buf, 0x77, DMA_SIZE);
	memset(buf + 0x2000, 0, 1024);
	result(dma_map(buf) == 0, "VFIO_DMA_MAP_IOVA");
	result(dma_map(other) == -1, "a map over it is refused");
	munmap(other, DMA_SIZE);
}

static int wait_for(int efd)
{
	struct pollfd p = { .fd = efd, .events = POLLIN };
	unsigned long long count;

	if (poll(&p, 1, 3000) != 1 || read(efd, &count, 8) != 8)
		return 0;
	regs[0x64 / 4] = regs[0x24 / 4];
	return 1;
}

/* Its own MSI set-up is the kernel's, whatever the program writes there */
static int write_msi_enable(int on)
{
	unsigned char at = 0, id = 0;
	unsigned short control = 0;

	pread64(vfiofd, &at, 1, CONFIG(0x34));
	while (at && pread64(vfiofd, &id, 1, CONFIG(at)) == 1 && id != 5)
		pread64(vfiofd, &at, 1, CONFIG(at + 1));
	pread64(vfiofd, &control, 2, CONFIG(at + 2));
	control = on ? control | 1 : control & ~1;
	return at && pwrite64(vfiofd, &control, 2, CONFIG(at + 2)) == 2;
}

static void use_msi(int efd)
{
	int none = -1;

	result(ioctl(vfiofd, VFIO_EVENTFD_MSI, &efd) == 0, "VFIO_EVENTFD_MSI");
	result(write_msi_enable(0), "MSI enable bit written: full length");
	regs[0x60 / 4] = 1;
	result(wait_for(efd), "MSI comes all the same");
	result(ioctl(vfiofd, VFIO_EVENTFD_MSI, &none) == 0,
	       "VFIO_EVENTFD_MSI taken away");
}

static int interrupt_comes(int efd, unsigned int value)
{
	regs[0x60 / 4] = value;
	return wait_for(efd);
}

static void use_intx(int efd)
{
	int none = -1;

	result(ioctl(vfiofd, VFIO_EVENTFD_IRQ, &efd) == 0, "VFIO_EVENTFD_IRQ");
	result(interrupt_comes(efd, 2), "INTx comes");
	result(!(command() & 0x400), "our masking cannot be seen");
	result(set_command(command() & ~0x400),
	       "unmasked by a write of the command register");
	result(interrupt_comes(efd, 4), "INTx comes again");
	result(ioctl(vfiofd, VFIO_IRQ_EOI) == 0, "VFIO_IRQ_EOI");
	result(interrupt_comes(efd, 8), "and again");
	result(ioctl(vfiofd, VFIO_EVENTFD_IRQ, &none) == 0,
	       "VFIO_EVENTFD_IRQ taken away");
}

/* Registers one half at a time; the device clears the upper one */
static int dma(unsigned int from, unsigned int to, unsigned int run)
{
	int tries;

	regs[0x80 / 4] = from;
	regs[0x88 / 4] = to;
	regs[0x90 / 4] = 1024;
	regs[0x98 / 4] = run;
	for (tries = 0; tries < 300 && (regs[0x98 / 4] & 1); tries++)
		usleep(10000);
	return tries < 300;
}

static void use_dma(void)
{
	int ok = dma(DMA_ADDR, 0x40000, 1);

	ok = ok && dma(0x40000, DMA_ADDR + 0x2000, 3);
	ok = ok && buf[0x2000] == 0x77;
	result(ok && !memcmp(buf, buf + 0x2000, 1024),
	       "DMA both ways, of the first mapping's memory");
	result(dma_unmap() == 0, "VFIO_DMA_UNMAP with garbage beside");
}

static void finish(void)
{
	unsigned int word;

	result(ioctl(vfiofd, VFIO_DOMAIN_UNSET) == 0, "VFIO_DOMAIN_UNSET");
	result(pread64(vfiofd, &word, 4, BAR0(0)) == -1 && errno == EINVAL,
	       "no register without a domain");
	result(ioctl(vfiofd, VFIO_DOMAIN_SET, &uiommufd) == 0,
	       "VFIO_DOMAIN_SET once more");
	close(uiommufd);
	close(vfiofd);
}

int main(int argc, char **argv)
{
	const char *bdf = argc > 1 ? argv[1] : getenv("EDU0");
	int efd = eventfd(0, 0);

	printf("TAP version 13\n1..30\n");
	if (!bdf)
		return 1;
	set_up(bdf);
	read_config();
	map_registers();
	map_memory();
	use_msi(efd);
	use_intx(efd);
	use_dma();
	finish();
	return failed ? 1 : 0;
}
