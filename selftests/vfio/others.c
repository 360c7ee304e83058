// SPDX-License-Identifier: GPL-2.0
/*
 * What the user of a device does while an administrator resets it. Invariant:
 * the reset ends, and the device is as its registers say.
 *
 * The PCI core puts back what it has saved, power state and messages of
 * interrupts among it, with no lock of ours. So calls wait until it is over.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/event.h"
#include "../lib/process.h"
#include "../lib/text.h"

#define ROM VFIO_PCI_ROM_RESOURCE
#define CAP_PM 0x01
#define PM_CONTROL 4
#define D0 0
#define D3 3
#define RESETS 20
#define TURNS 20
#define PROMPT 20000 /* ms: a reset takes no more, unless it waits for us */

struct user {
	const char *device;
	int fd;
	int pm;
	atomic_bool stop;
	atomic_ulong turns;
};

static void ask_for_interrupts(struct user *u)
{
	device_irq_info(u->fd, UVFIO_IRQ_MSI);
	device_irq_info(u->fd, UVFIO_IRQ_MSIX);
}

static void turn_messages_on_and_off(struct user *u)
{
	device_irq_enable(u->fd, UVFIO_IRQ_MSIX, 1);
	device_irq_enable(u->fd, UVFIO_IRQ_MSIX, 0);
}

static void read_the_rom(struct user *u)
{
	__u32 value;

	device_read(u->fd, REGION(ROM, 0), &value, 4);
}

static void sleep_and_wake(struct user *u)
{
	device_config_put(u->fd, u->pm + PM_CONTROL, 2, D3);
	device_config_put(u->fd, u->pm + PM_CONTROL, 2, D0);
}

/* There is no other descriptor meanwhile: each close is the last */
static void come_and_go(struct user *u)
{
	int fd;

	if (u->fd >= 0)
		close(u->fd);
	u->fd = -1;
	fd = device_open(u->device);
	device_irq_info(fd, UVFIO_IRQ_MSIX);
	if (fd >= 0)
		close(fd);
}

FIXTURE(others)
{
	struct user user;
	int domain;
	char path[128];
};

FIXTURE_VARIANT(others)
{
	const char *device;
	void (*act)(struct user * u);
};

#define WHILE(name, id, what)                 \
	FIXTURE_VARIANT_ADD(others, name)     \
	{                                     \
		.device = (id), .act = (what) \
	}

WHILE(function_reset_ask, "NVME", ask_for_interrupts);
WHILE(function_reset_messages, "NVME", turn_messages_on_and_off);
WHILE(function_reset_sleep, "NVME", sleep_and_wake);
WHILE(function_reset_close, "NVME", come_and_go);
WHILE(power_reset_ask, "E1000E", ask_for_interrupts);
WHILE(power_reset_messages, "E1000E", turn_messages_on_and_off);
WHILE(power_reset_rom, "E1000E", read_the_rom);
WHILE(power_reset_sleep, "E1000E", sleep_and_wake);

static void set_up_user(struct user *u, int domain)
{
	u->fd = device_open(u->device);
	device_set(u->fd, domain);
	device_command_write(u->fd, COMMAND_MEMORY);
	u->pm = device_capability(u->fd, CAP_PM);
}

FIXTURE_SETUP(others)
{
	if (!device_bdf(variant->device))
		SKIP(return, "%s is not set", variant->device);
	snprintf(self->path, sizeof(self->path), "/sys/bus/pci/devices/%s/%%s",
		 device_bdf(variant->device));
	self->domain = domain_open();
	self->user.device = variant->device;
	set_up_user(&self->user, self->domain);
	ASSERT_LT(0, self->user.pm);
}

FIXTURE_TEARDOWN(others)
{
	close(self->user.fd);
	close(self->domain);
}

struct job {
	struct user *user;
	void (*act)(struct user *u);
};

static void *go_on(void *arg)
{
	struct job *job = arg;

	while (!job->user->stop) {
		job->act(job->user);
		job->user->turns++;
	}
	return NULL;
}

static int reset_by_others(const char *format)
{
	char path[160];

	snprintf(path, sizeof(path), format, "reset");
	return text_write(path, "1");
}

/* What the kernel thinks the device's power state is */
static int is_in(const char *format, const char *state)
{
	char path[160], text[16] = "";
	int fd, n;

	snprintf(path, sizeof(path), format, "power_state");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	return n > 0 && !strncmp(text, state, strlen(state));
}

TEST_F_TIMEOUT(others, reset_it_and_it_is_in_order, 600)
{
	struct user *u = &self->user;
	struct job job = { u, variant->act };
	pthread_t thread;
	__u32 value;
	long before;
	int i;

	ASSERT_EQ(0, pthread_create(&thread, NULL, go_on, &job));
	for (i = 0; i < RESETS || (u->turns < TURNS && i < 100 * RESETS); i++) {
		before = process_ms();
		EXPECT_EQ(0, reset_by_others(self->path));
		EXPECT_GT(PROMPT, process_ms() - before);
		/* let the waiting thread go on */
		process_nap(1);
	}
	u->stop = true;
	pthread_join(thread, NULL);
	EXPECT_LE(TURNS, u->turns);
	if (u->fd < 0)
		set_up_user(u, self->domain);

	EXPECT_EQ(2, device_config_put(u->fd, u->pm + PM_CONTROL, 2, D3));
	EXPECT_TRUE(is_in(self->path, "D3hot"));
	EXPECT_EQ(-EIO, device_read(u->fd, REGION(0, 0), &value, 4));
	EXPECT_EQ(2, device_config_put(u->fd, u->pm + PM_CONTROL, 2, D0));
	EXPECT_TRUE(is_in(self->path, "D0"));
	EXPECT_EQ(4, device_read(u->fd, REGION(0, 0), &value, 4));
	EXPECT_LT(0, device_irq_info(u->fd, UVFIO_IRQ_MSIX).count);
}

TEST_HARNESS_MAIN
