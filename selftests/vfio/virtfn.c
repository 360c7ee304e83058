// SPDX-License-Identifier: GPL-2.0
/*
 * Virtual functions. Invariant: what their hardware leaves to the physical
 * function (IDs, enable bits, BARs) reads and works as in any other device,
 * and the physical function itself is not given away while they exist.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/event.h"
#include "../lib/fault.h"
#include "../lib/text.h"

#define CAP_EXP 0x10
#define EXP_CONTROL 8
#define EXP_RESET 0x8000
#define BAR0 0x10
/* One of the few registers that answer before the function is brought online */
#define NVME_STATUS 0x1c

FIXTURE(virtfn)
{
	const char *pf;
	char vf[32];
	int fd;
	int domain;
	int real;
};

static int set_pf(const char *pf, const char *what, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", pf, what);
	return text_write(path, value);
}

static int find_vf(const char *pf, char *bdf, size_t size)
{
	char link[128], target[256];
	ssize_t n;

	snprintf(link, sizeof(link), "/sys/bus/pci/devices/%s/virtfn0", pf);
	n = readlink(link, target, sizeof(target) - 1);
	if (n < 0)
		return -errno;
	target[n] = 0;
	snprintf(bdf, size, "%s", strrchr(target, '/') + 1);
	return 0;
}

FIXTURE_SETUP(virtfn)
{
	char path[128];

	self->pf = device_bdf("NVME_PF");
	if (!self->pf)
		SKIP(return, "NVME_PF is not set");
	ASSERT_EQ(0, device_bind(self->pf, "nvme"));
	ASSERT_EQ(0, set_pf(self->pf, "sriov_drivers_autoprobe", "0"));
	ASSERT_EQ(0, set_pf(self->pf, "sriov_numvfs", "1"));
	ASSERT_EQ(0, find_vf(self->pf, self->vf, sizeof(self->vf)));
	self->domain = domain_open();
	self->fd = device_open_bdf(self->vf);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, device_set(self->fd, self->domain));
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config",
		 self->vf);
	self->real = open(path, O_RDONLY);
	ASSERT_LE(0, self->real);
}

FIXTURE_TEARDOWN(virtfn)
{
	close(self->real);
	close(self->fd);
	close(self->domain);
	device_bind(self->vf, NULL);
	device_bind(self->pf, "nvme");
	set_pf(self->pf, "sriov_numvfs", "0");
	set_pf(self->pf, "sriov_drivers_autoprobe", "1");
	device_bind(self->pf, NULL);
}

static __u32 real(FIXTURE_DATA(virtfn) * self, int at, int size)
{
	__u32 value = 0;

	return pread(self->real, &value, size, at) == size ? value : ~0U;
}

static __u32 get(FIXTURE_DATA(virtfn) * self, int at, int size)
{
	return device_config_get(self->fd, at, size);
}

static int status(FIXTURE_DATA(virtfn) * self, __u32 *value)
{
	return device_read(self->fd, REGION(0, NVME_STATUS), value, 4);
}

TEST_F(virtfn, identity)
{
	EXPECT_EQ(~0U, real(self, 0, 4));
	EXPECT_EQ(0x00101b36, get(self, 0, 4));
	EXPECT_EQ(0x1b36, get(self, 0, 2));
	EXPECT_EQ(0x0010, get(self, 2, 2));
	EXPECT_EQ(0, get(self, 0x3d, 1)) TH_LOG("it has no INTx");
}

TEST_F(virtfn, memory_enable_is_its_own)
{
	__u32 value = 0;

	EXPECT_EQ(COMMAND_MEMORY, device_command(self->fd) & COMMAND_MEMORY);
	EXPECT_EQ(4, status(self, &value));
	EXPECT_NE(~0U, value);

	ASSERT_EQ(0, device_command_write(self->fd, 0));
	EXPECT_EQ(0, device_command(self->fd) & COMMAND_MEMORY);
	EXPECT_EQ(-EIO, status(self, &value));
	ASSERT_EQ(0, device_command_write(self->fd, COMMAND_MEMORY));
	EXPECT_EQ(COMMAND_MEMORY, device_command(self->fd) & COMMAND_MEMORY);
	EXPECT_EQ(4, status(self, &value));
}

TEST_F(virtfn, mapping_follows_its_memory_enable)
{
	__u8 *regs = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			  self->fd, REGION(0, 0));
	int i;

	ASSERT_NE(MAP_FAILED, (void *)regs);
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(0, fault_read(regs + NVME_STATUS));
		ASSERT_EQ(0, device_command_write(self->fd, 0));
		EXPECT_EQ(SIGBUS, fault_read(regs + NVME_STATUS));
		EXPECT_EQ(SIGBUS, fault_read(regs));
		ASSERT_EQ(0, device_command_write(self->fd, COMMAND_MEMORY));
	}
	EXPECT_EQ(0, fault_read(regs + NVME_STATUS));
	munmap(regs, PAGE);
}

#define MOST 16 /* more vectors than it has */

static int set(FIXTURE_DATA(virtfn) * self, __u32 flags, __u32 first,
	       __u32 count, const int *fds)
{
	return device_irq_set(self->fd, UVFIO_IRQ_MSIX, flags, first, count,
			      fds);
}

TEST_F(virtfn, its_messages)
{
	__u32 n = device_irq_info(self->fd, UVFIO_IRQ_MSIX).max, i, other;
	int events[MOST];

	ASSERT_LE(1, n);
	ASSERT_GE(MOST, n);
	EXPECT_EQ(n, device_irq_info(self->fd, UVFIO_IRQ_MSIX).count);
	for (i = 0; i < n; i++)
		events[i] = event_new();
	ASSERT_EQ(0, set(self, UVFIO_IRQ_BIND, 0, n, events));
	for (i = 0; i < n; i++) {
		ASSERT_EQ(0, set(self, UVFIO_IRQ_FIRE, i, 1, NULL));
		for (other = 0; other < n; other++)
			EXPECT_EQ(other == i, event_take(events[other], 0))
		TH_LOG("vector %u to %u", i, other);
	}
	EXPECT_EQ(-EINVAL, set(self, UVFIO_IRQ_FIRE, n, 1, NULL));
}

TEST_F(virtfn, it_has_no_line)
{
	int event = event_new();

	EXPECT_EQ(0, device_irq_info(self->fd, UVFIO_IRQ_INTX).max);
	EXPECT_EQ(0, device_irq_info(self->fd, UVFIO_IRQ_INTX).count);
	EXPECT_EQ(-ENXIO, call(self->fd, VFIO_EVENTFD_IRQ, &event));
}

TEST_F(virtfn, bus_master_is_real)
{
	int command = COMMAND_MEMORY | COMMAND_MASTER;

	EXPECT_EQ(0, real(self, COMMAND, 2) & COMMAND_MASTER);
	ASSERT_EQ(0, device_command_write(self->fd, command));
	EXPECT_EQ(COMMAND_MASTER, real(self, COMMAND, 2) & COMMAND_MASTER);
	ASSERT_EQ(0, call(self->fd, VFIO_DOMAIN_UNSET, NULL));
	EXPECT_EQ(0, real(self, COMMAND, 2) & COMMAND_MASTER);
	EXPECT_EQ(0, device_command(self->fd) & COMMAND_MASTER);
}

TEST_F(virtfn, bars_can_be_sized)
{
	__u32 old = get(self, BAR0, 4), ones = ~0U, size;

	EXPECT_EQ(0, real(self, BAR0, 4));
	EXPECT_NE(0, old & ~0xf);
	ASSERT_EQ(4, device_write(self->fd, CONFIG(BAR0), &ones, 4));
	size = ~(get(self, BAR0, 4) & ~0xf) + 1;
	EXPECT_LE(0x1000, size);
	EXPECT_EQ(0, size & (size - 1));
	EXPECT_EQ(old & 0xf, get(self, BAR0, 4) & 0xf);
	ASSERT_EQ(4, device_write(self->fd, CONFIG(BAR0), &old, 4));
	EXPECT_EQ(old, get(self, BAR0, 4));
}

TEST_F(virtfn, reset_by_express)
{
	int exp = device_capability(self->fd, CAP_EXP);
	__u16 control = get(self, exp + EXP_CONTROL, 2) | EXP_RESET;
	__u32 value = 0;

	ASSERT_LT(0, exp);
	ASSERT_EQ(0, device_command_write(self->fd,
					  COMMAND_MEMORY | COMMAND_MASTER));
	ASSERT_EQ(2, device_write(self->fd, CONFIG(exp + EXP_CONTROL), &control,
				  2));
	EXPECT_EQ(4, status(self, &value));
	EXPECT_EQ(COMMAND_MASTER, real(self, COMMAND, 2) & COMMAND_MASTER);
}

TEST_F(virtfn, its_physical_function_is_not_given_away)
{
	EXPECT_EQ(-ENODEV, device_bind(self->pf, "vfio"));
}

TEST_HARNESS_MAIN
