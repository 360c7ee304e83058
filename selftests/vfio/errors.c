// SPDX-License-Identifier: GPL-2.0
/*
 * Errors of PCI Express, injected by the host: the user is asked, registers
 * are closed while the link is down, and all is as before afterwards.
 * Invariant of the tests: the silent are waited for 3 s and no longer.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/call.h"
#include "../lib/control.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/fault.h"
#include "../lib/genl.h"
#include "../lib/harness.h"
#include "../lib/process.h"

#define ALL (~0ULL)
#define CHANNEL_NORMAL 1
#define CHANNEL_FROZEN 2
#define CAN_RECOVER 2
#define NEED_RESET 3
#define DISCONNECT 4
#define RECOVERED 5

#define BAR0 0x10

/*
 * The device that is plugged in for this: a register that keeps what is
 * written, and its number of queues
 */
#define DEVICE "virtio-rng-pci,id=faulty,bus=slot0,aer=on,disable-legacy=on"
#define SELECT REGION(4, 0x00)
#define QUEUES REGION(4, 0x10)

FIXTURE(errors)
{
	int fd, domain;
	struct genl *sock;
	__u32 queues;
	const char *bdf;
};

/* A device fresh in its slot, attached, its user registered */
static int put_in(FIXTURE_DATA(errors) * self)
{
	int err = control_plug(DEVICE, self->bdf);

	if (err)
		return err;
	self->domain = domain_open();
	self->fd = device_open("SLOT0_DEV");
	self->sock = genl_open();
	err = device_set(self->fd, self->domain);
	if (!err)
		err = device_command_write(self->fd, COMMAND_MEMORY);
	if (!err)
		err = control_let_errors_through(self->bdf);
	if (!err && device_read(self->fd, QUEUES, &self->queues, 4) != 4)
		err = -EIO;
	return err ? err : genl_sign_up(self->sock, self->bdf, ALL);
}

static int take_out(FIXTURE_DATA(errors) * self)
{
	genl_close(self->sock);
	close(self->fd);
	close(self->domain);
	return control_unplug("faulty", self->bdf);
}

FIXTURE_SETUP(errors)
{
	self->bdf = device_bdf("SLOT0_DEV");
	if (!self->bdf || !getenv("CONTROL"))
		SKIP(return, "SLOT0_DEV or CONTROL is not set");
	ASSERT_EQ(0, put_in(self));
}

FIXTURE_TEARDOWN(errors)
{
	ASSERT_EQ(0, take_out(self));
}

static int answer(struct genl *sock, const struct genl_event *event,
		  __u32 verdict)
{
	return genl_reply(sock, VFIO_MSG_ERROR_HANDLING_REPLY, event->seq,
			  VFIO_ATTR_ERROR_HANDLING_REPLY, verdict);
}

TEST_F(errors, not_fatal)
{
	struct genl_event event;
	__u32 queues;

	ASSERT_EQ(0, control("hmp pcie_aer_inject_error faulty COMP_TIME"));
	ASSERT_EQ(0, genl_event(self->sock, &event, 10000));
	EXPECT_EQ(VFIO_MSG_ERROR_DETECTED, event.message);
	EXPECT_EQ(CHANNEL_NORMAL, event.state);
	EXPECT_EQ(4, device_read(self->fd, QUEUES, &queues, 4));
	EXPECT_EQ(0, answer(self->sock, &event, CAN_RECOVER));
	ASSERT_EQ(0, genl_event(self->sock, &event, 10000));
	EXPECT_EQ(VFIO_MSG_MMIO_ENABLED, event.message);
	EXPECT_EQ(0, answer(self->sock, &event, RECOVERED));
	EXPECT_EQ(-ENOENT, answer(self->sock, &event, RECOVERED));
	ASSERT_EQ(0, genl_event(self->sock, &event, 10000));
	EXPECT_EQ(VFIO_MSG_ERROR_RESUME, event.message);
}

TEST_F(errors, the_silent_are_not_waited_for)
{
	struct genl_event event;
	long start = process_ms();

	ASSERT_EQ(0, control("hmp pcie_aer_inject_error faulty COMP_TIME"));
	do {
		ASSERT_EQ(0, genl_event(self->sock, &event, 10000));
	} while (event.message != VFIO_MSG_ERROR_RESUME);
	EXPECT_LE(2500, process_ms() - start);
	EXPECT_GT(9000, process_ms() - start);
}

static int open_config(const char *bdf)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", bdf);
	return open(path, O_RDWR);
}

/* What a reset by the bus leaves of configuration space */
static void lose_everything(int config)
{
	__u32 zeroes[6] = {};

	pwrite(config, zeroes, 2, COMMAND);
	pwrite(config, zeroes, sizeof(zeroes), BAR0);
}

/*
 * After an error that is not fatal the core asks for the reset of the slot, but
 * resets nothing itself: what a reset takes is taken here.
 */
TEST_F(errors, reset_of_the_slot_gives_all_back)
{
	int config = open_config(self->bdf), step;
	__u16 command = COMMAND_MEMORY | COMMAND_MASTER;
	__u32 value = 1, before[6], after[6];
	struct genl_event event;

	ASSERT_LE(0, config);
	ASSERT_EQ(0, device_command_write(self->fd, command));
	ASSERT_EQ(4, device_write(self->fd, SELECT, &value, 4));
	ASSERT_EQ(24, pread(config, before, 24, BAR0));
	ASSERT_EQ(0, control("hmp pcie_aer_inject_error faulty COMP_TIME"));
	ASSERT_EQ(0, genl_event(self->sock, &event, 10000));
	EXPECT_EQ(VFIO_MSG_ERROR_DETECTED, event.message);
	lose_everything(config);
	ASSERT_EQ(24, pread(config, after, 24, BAR0));
	ASSERT_NE(0, memcmp(before, after, 24));
	EXPECT_EQ(0, answer(self->sock, &event, NEED_RESET));

	for (step = 0; step < 2; step++) {
		ASSERT_EQ(0, genl_event(self->sock, &event, 10000));
		EXPECT_EQ(step ? VFIO_MSG_ERROR_RESUME : VFIO_MSG_SLOT_RESET,
			  event.message);
		ASSERT_EQ(24, pread(config, after, 24, BAR0));
		EXPECT_EQ(0, memcmp(before, after, 24));
		EXPECT_EQ(command, device_command_real(self->bdf) & command);
		EXPECT_EQ(command, device_command(self->fd) & command);
		EXPECT_EQ(4, device_read(self->fd, SELECT, &value, 4));
		EXPECT_EQ(1, value);
		EXPECT_EQ(4, device_read(self->fd, QUEUES, &value, 4));
		EXPECT_EQ(self->queues, value);
		EXPECT_EQ(step ? -ENOENT : 0,
			  answer(self->sock, &event, RECOVERED));
	}
	close(config);
}

/* Every way to a device that was given up */
static void expect_closed(struct __test_metadata *_metadata,
			  FIXTURE_DATA(errors) * self, volatile __u8 *registers)
{
	__u32 value;

	EXPECT_EQ(-EIO, device_read(self->fd, QUEUES, &value, 4));
	EXPECT_EQ(-EIO, device_write(self->fd, SELECT, &value, 4));
	EXPECT_EQ(-EIO, device_read(self->fd, CONFIG(0), &value, 4));
	EXPECT_EQ(-EIO, call(self->fd, VFIO_IRQ_EOI, NULL));
	EXPECT_EQ(-EIO, call(self->fd, VFIO_RESET_FUNCTION, NULL));
	EXPECT_EQ(-EIO, call(self->fd, VFIO_DOMAIN_UNSET, NULL));
	EXPECT_EQ(-EIO, device_set(self->fd, self->domain));
	EXPECT_EQ(-EIO, device_map(self->fd, self, 0x100000, 4096, 0));
	EXPECT_EQ(-EIO, device_open_bdf(self->bdf));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_SHARED, self->fd,
				   REGION(4, 0)));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(SIGBUS, fault_read(registers));
	EXPECT_EQ(0, device_command_real(self->bdf) & COMMAND_MASTER);
}

/*
 * The device is closed to those who have it open, and to nobody else; the next
 * error is another question.
 */
TEST_F(errors, given_up)
{
	struct genl_event event;
	struct uiommu_info info;
	__u32 queues = 0;
	void *registers =
		mmap(NULL, PAGE, PROT_READ, MAP_SHARED, self->fd, REGION(4, 0));

	ASSERT_NE(MAP_FAILED, registers);
	EXPECT_EQ(0, fault_read(registers));
	ASSERT_EQ(0, device_command_write(self->fd,
					  COMMAND_MEMORY | COMMAND_MASTER));
	ASSERT_EQ(0, control("hmp pcie_aer_inject_error faulty COMP_TIME"));
	ASSERT_EQ(0, genl_event(self->sock, &event, 10000));
	EXPECT_EQ(VFIO_MSG_ERROR_DETECTED, event.message);
	EXPECT_EQ(0, answer(self->sock, &event, DISCONNECT));
	EXPECT_EQ(-ENOENT, answer(self->sock, &event, DISCONNECT));
	EXPECT_EQ(-ETIMEDOUT, genl_event(self->sock, &event, 1000));
	expect_closed(_metadata, self, registers);
	ASSERT_EQ(0, domain_info(self->domain, &info));
	EXPECT_EQ(0, info.nr_devices);

	munmap(registers, PAGE);
	close(self->fd);
	self->fd = device_open_bdf(self->bdf);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, device_set(self->fd, self->domain));
	ASSERT_EQ(0, device_command_write(self->fd, COMMAND_MEMORY));
	EXPECT_EQ(4, device_read(self->fd, QUEUES, &queues, 4));
	EXPECT_EQ(self->queues, queues);
	ASSERT_EQ(0, control_let_errors_through(self->bdf));
	ASSERT_EQ(0, genl_sign_up(self->sock, self->bdf, ALL));
	ASSERT_EQ(0, control("hmp pcie_aer_inject_error faulty COMP_TIME"));
	ASSERT_EQ(0, genl_event(self->sock, &event, 10000));
	EXPECT_EQ(VFIO_MSG_ERROR_DETECTED, event.message);
	EXPECT_EQ(CHANNEL_NORMAL, event.state);
	EXPECT_EQ(0, answer(self->sock, &event, CAN_RECOVER));
}

/*
 * The emulated link cannot be reset: what follows is the kernel's refusal.
 * That recovery has no end that a driver hears of; yet the next one, begun
 * when the time of the first has just run out, has its own.
 */
TEST_F(errors, fatal_closes_registers)
{
	struct genl_event event;
	__u32 queues = 0;
	long start;

	ASSERT_EQ(0, control("hmp pcie_aer_inject_error faulty DLP"));
	ASSERT_EQ(0, genl_event(self->sock, &event, 10000));
	start = process_ms();
	EXPECT_EQ(VFIO_MSG_ERROR_DETECTED, event.message);
	EXPECT_EQ(CHANNEL_FROZEN, event.state);
	EXPECT_EQ(-EIO, device_read(self->fd, QUEUES, &queues, 4));
	EXPECT_EQ(0, answer(self->sock, &event, NEED_RESET));
	EXPECT_EQ(-EIO, device_read(self->fd, QUEUES, &queues, 4));

	ASSERT_EQ(0, take_out(self));
	ASSERT_EQ(0, put_in(self));
	while (process_ms() - start < 3500)
		process_nap(50);
	ASSERT_EQ(0, control("hmp pcie_aer_inject_error faulty COMP_TIME"));
	ASSERT_EQ(0, genl_event(self->sock, &event, 10000));
	EXPECT_EQ(CHANNEL_NORMAL, event.state);
	EXPECT_EQ(0, answer(self->sock, &event, CAN_RECOVER));
}

TEST_HARNESS_MAIN
