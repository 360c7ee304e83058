// SPDX-License-Identifier: GPL-2.0
/*
 * A device that is reset behind the kernel's back, as devices do it by
 * registers of their own. Invariant: once its user has it in order again, and
 * be it by turning memory on, its messages arrive as before.
 *
 * Here the bridge above resets it, by a bit that nobody else writes.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/event.h"
#include "../lib/process.h"

#define SOON 2000
#define NEVER 60
#define BAR0 0x10
#define BRIDGE_CONTROL 0x3e
#define BUS_RESET 0x40
#define ON (COMMAND_MEMORY | COMMAND_MASTER)

/* Registers of the network card */
#define CAUSE_READ 0xc0
#define CAUSE_SET 0xc8
#define CAUSES 0xd0
#define CAUSES_CLEAR 0xd8
#define VECTORS 0xe4
#define RING_CAUSES 0x00100010 /* of its first ring, with and without MSI-X */
#define RING_IS_0 0x8 /* goes to vector 0 */

FIXTURE(lost)
{
	int fd;
	int domain;
	int event;
	int real;
	int bridge;
	int cap;
};

FIXTURE_VARIANT(lost)
{
	__u32 kind;
	__u8 cap;
	__u16 enable;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(lost, msi) {
	.kind = UVFIO_IRQ_MSI, .cap = 0x05, .enable = 0x0001,
};

FIXTURE_VARIANT_ADD(lost, msix) {
	.kind = UVFIO_IRQ_MSIX, .cap = 0x11, .enable = 0x8000,
};

/* clang-format on */

/* What sysfs shows of a device, or of the bridge above it */
static int open_config(const char *bdf, const char *above)
{
	char link[128], where[PATH_MAX], path[PATH_MAX + 16];

	snprintf(link, sizeof(link), "/sys/bus/pci/devices/%s", bdf);
	if (!realpath(link, where))
		return -1;
	snprintf(path, sizeof(path), "%s%s/config", where, above);
	return open(path, O_RDWR | O_CLOEXEC);
}

static void put(int fd, __u32 at, __u32 value)
{
	device_write(fd, REGION(0, at), &value, 4);
}

static __u32 get(int fd, __u32 at)
{
	__u32 value = ~0U;

	device_read(fd, REGION(0, at), &value, 4);
	return value;
}

/* No message is due and no timer runs: QEMU dies of one that outlives MSI-X */
static void be_quiet(FIXTURE_DATA(lost) * self)
{
	put(self->fd, CAUSES_CLEAR, ~0U);
	process_nap(20);
	get(self->fd, CAUSE_READ);
	put(self->fd, CAUSE_READ, ~0U);
	event_take(self->event, 0);
}

/* Have the device send its message; does it arrive? */
static int arrives(FIXTURE_DATA(lost) * self, int ms)
{
	int came;

	be_quiet(self);
	put(self->fd, VECTORS, RING_IS_0);
	put(self->fd, CAUSES, RING_CAUSES);
	put(self->fd, CAUSE_SET, RING_CAUSES);
	came = event_take(self->event, ms) > 0;
	be_quiet(self);
	return came;
}

FIXTURE_SETUP(lost)
{
	const char *bdf = device_bdf("E1000E");

	if (!bdf)
		SKIP(return, "E1000E is not set");
	self->domain = domain_open();
	self->fd = device_open("E1000E");
	ASSERT_EQ(0, device_set(self->fd, self->domain));
	ASSERT_EQ(0, device_command_write(self->fd, ON));
	self->event = event_new();
	self->real = open_config(bdf, "");
	self->bridge = open_config(bdf, "/..");
	self->cap = device_capability(self->fd, variant->cap);
	ASSERT_LT(0, self->cap);
	ASSERT_LE(0, self->real);
	ASSERT_LE(0, self->bridge);
	ASSERT_EQ(0, device_irq_set(self->fd, variant->kind, UVFIO_IRQ_BIND, 0,
				    1, &self->event));
	ASSERT_EQ(1, arrives(self, SOON));
}

FIXTURE_TEARDOWN(lost)
{
	close(self->bridge);
	close(self->real);
	close(self->fd);
	close(self->event);
	close(self->domain);
}

static __u32 real(FIXTURE_DATA(lost) * self, int at, int size)
{
	__u32 value = 0;

	return pread(self->real, &value, size, at) == size ? value : ~0U;
}

static void reset_by_bridge(FIXTURE_DATA(lost) * self)
{
	__u16 control = 0;

	pread(self->bridge, &control, 2, BRIDGE_CONTROL);
	control |= BUS_RESET;
	pwrite(self->bridge, &control, 2, BRIDGE_CONTROL);
	process_nap(5);
	control &= ~BUS_RESET;
	pwrite(self->bridge, &control, 2, BRIDGE_CONTROL);
	process_nap(150);
}

static int is_on(FIXTURE_DATA(lost) * self, const FIXTURE_VARIANT(lost) * v)
{
	return !!(real(self, self->cap + 2, 2) & v->enable);
}

TEST_F(lost, messages_come_back_with_memory)
{
	int i;

	for (i = 0; i < 3; i++) {
		reset_by_bridge(self);
		ASSERT_EQ(0, real(self, BAR0, 4) & ~0xf);
		ASSERT_EQ(0, is_on(self, variant));
		ASSERT_EQ(0, device_command_write(self->fd, ON));
		EXPECT_NE(0, real(self, BAR0, 4) & ~0xf);
		EXPECT_EQ(1, is_on(self, variant));
		EXPECT_EQ(1, arrives(self, SOON))
		TH_LOG("round %d", i);
	}
}

TEST_F(lost, messages_lost_alone_come_back_too)
{
	__u16 off = 0;

	ASSERT_EQ(2, pwrite(self->real, &off, 2, self->cap + 2));
	ASSERT_EQ(0, is_on(self, variant));
	ASSERT_EQ(0, device_command_write(self->fd, ON));
	EXPECT_EQ(1, is_on(self, variant));
	EXPECT_EQ(1, arrives(self, SOON));
}

/* What the user turned off before is not turned on by a repair */
TEST_F(lost, messages_that_are_off_stay_off)
{
	ASSERT_EQ(0, device_irq_enable(self->fd, variant->kind, 0));
	reset_by_bridge(self);
	ASSERT_EQ(0, device_command_write(self->fd, ON));
	EXPECT_EQ(0, is_on(self, variant));
	EXPECT_EQ(0, arrives(self, NEVER));
}

/* Nothing is turned on in a device that nobody has repaired */
TEST_F(lost, turning_off_after_the_loss)
{
	reset_by_bridge(self);
	EXPECT_EQ(0, device_irq_enable(self->fd, variant->kind, 0));
	ASSERT_EQ(0, device_command_write(self->fd, ON));
	ASSERT_EQ(0, device_irq_set(self->fd, variant->kind, UVFIO_IRQ_BIND, 0,
				    1, &self->event));
	EXPECT_EQ(1, arrives(self, SOON));
}

TEST_HARNESS_MAIN
