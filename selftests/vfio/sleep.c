// SPDX-License-Identifier: GPL-2.0
/*
 * The machine sleeps, as far as it can without losing power, and wakes.
 * Invariant: DMA, interrupts and registers of a device in use work as before,
 * and one that its user had put to sleep is awake and says so.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/edu.h"
#include "../lib/event.h"
#include "../lib/fault.h"
#include "../lib/memory.h"
#include "../lib/text.h"

#define IOVA 0x40000000ULL
#define SOON 1000
#define CAP_PM 0x01
#define PM_CONTROL 4
#define ON (COMMAND_MEMORY | COMMAND_MASTER)
#define ANYWAY "/sys/module/uvfio/parameters/suspend_anyway"
#define DELAY "/sys/module/suspend/parameters/pm_test_delay"

FIXTURE(sleep)
{
	struct edu edu;
	int domain;
	int event;
	__u8 *buf;
};

FIXTURE_VARIANT(sleep)
{
	const char *depth;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(sleep, devices) { .depth = "devices" };

FIXTURE_VARIANT_ADD(sleep, all_but_the_last_step) { .depth = "platform" };

/* clang-format on */

FIXTURE_SETUP(sleep)
{
	if (!device_bdf("EDU0") || !device_bdf("NVME"))
		SKIP(return, "EDU0 or NVME is not set");
	self->domain = domain_open();
	self->event = event_new();
	self->buf = memory_anon(PAGE);
	ASSERT_EQ(0, text_write(ANYWAY, "1"));
	ASSERT_EQ(0, edu_open(&self->edu, "EDU0"));
	ASSERT_EQ(0, edu_attach(&self->edu, self->domain));
	ASSERT_EQ(0, domain_map(self->domain, self->buf, IOVA, PAGE, true));
}

FIXTURE_TEARDOWN(sleep)
{
	edu_close(&self->edu);
	close(self->domain);
	text_write(ANYWAY, "0");
}

static int sleep_and_wake(const char *depth)
{
	int err = text_write("/sys/power/pm_test", depth);

	text_write(DELAY, "0");
	return err ? err : text_write("/sys/power/state", "freeze");
}

TEST_F(sleep, dma_goes_on)
{
	ASSERT_EQ(1, edu_arrives(&self->edu, IOVA, self->buf));
	ASSERT_EQ(0, sleep_and_wake(variant->depth));
	EXPECT_NE(0, device_command(self->edu.fd) & COMMAND_MASTER);
	EXPECT_NE(0, device_command_real(self->edu.bdf) & COMMAND_MASTER);
	EXPECT_EQ(0, fault_read(self->edu.regs));
	EXPECT_EQ(1, edu_arrives(&self->edu, IOVA, self->buf));
}

TEST_F(sleep, messages_go_on)
{
	ASSERT_EQ(0, call(self->edu.fd, VFIO_EVENTFD_MSI, &self->event));
	ASSERT_EQ(0, sleep_and_wake(variant->depth));
	edu_put(&self->edu, EDU_IRQ_RAISE, 1);
	EXPECT_EQ(1, event_take(self->event, SOON));
	edu_put(&self->edu, EDU_IRQ_ACK, 1);
}

TEST_F(sleep, the_line_goes_on)
{
	ASSERT_EQ(0, call(self->edu.fd, VFIO_EVENTFD_IRQ, &self->event));
	ASSERT_EQ(0, sleep_and_wake(variant->depth));
	edu_put(&self->edu, EDU_IRQ_RAISE, 1);
	EXPECT_EQ(1, event_take(self->event, SOON));
	EXPECT_NE(0, device_command_real(self->edu.bdf) & COMMAND_NOINTX);
	edu_put(&self->edu, EDU_IRQ_ACK, 1);
	EXPECT_EQ(0, call(self->edu.fd, VFIO_IRQ_EOI, NULL));
	EXPECT_EQ(0, device_command_real(self->edu.bdf) & COMMAND_NOINTX);
}

TEST_F(sleep, what_its_user_had_put_to_sleep_is_awake)
{
	int fd = device_open("NVME"), at;
	__u16 state = 3;
	__u32 value;

	ASSERT_EQ(0, device_set(fd, self->domain));
	ASSERT_EQ(0, device_command_write(fd, ON));
	at = device_capability(fd, CAP_PM) + PM_CONTROL;
	ASSERT_EQ(2, device_write(fd, CONFIG(at), &state, 2));
	ASSERT_EQ(-EIO, device_read(fd, REGION(0, 0), &value, 4));
	ASSERT_EQ(0, sleep_and_wake(variant->depth));
	ASSERT_EQ(2, device_read(fd, CONFIG(at), &state, 2));
	EXPECT_EQ(0, state & 3);
	EXPECT_EQ(4, device_read(fd, REGION(0, 0), &value, 4));
	EXPECT_EQ(ON, device_command(fd) & ON);
	EXPECT_EQ(ON, device_command_real(device_bdf("NVME")) & ON);
	close(fd);
}

TEST_HARNESS_MAIN
