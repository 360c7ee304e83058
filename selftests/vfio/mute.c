// SPDX-License-Identifier: GPL-2.0
/*
 * A device that sends no messages while its Interrupt Disable is set, as some
 * network cards do. Invariant: it has its messages, and at no moment neither
 * messages nor Interrupt Disable, when it would raise its line.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/edu.h"
#include "../lib/event.h"
#include "../lib/quirk.h"
#include "../lib/text.h"

#define SOON 1000
#define NEVER 60
#define EXPOSED "/sys/module/liar/parameters/exposed"

FIXTURE(mute)
{
	struct edu edu;
	int domain;
	int event;
};

static int say_mute(const char *bdf, bool mute)
{
	int err = device_bind(bdf, NULL);

	err = err ? err : quirk("msi_intx_disable_bug", bdf, mute ? "1" : "0");
	err = err ? err : liar("forget", bdf, "");
	if (!err && mute)
		err = liar("mute", bdf, "");
	return err ? err : device_bind(bdf, "vfio");
}

static int exposed(void)
{
	char text[16];

	return text_read(EXPOSED, text, sizeof(text)) < 0 ? -1 : atoi(text);
}

FIXTURE_SETUP(mute)
{
	const char *bdf = device_bdf("EDU0");

	if (!quirk_loaded("quirk") || !quirk_loaded("liar") || !bdf)
		SKIP(return, "no EDU0, or the modules are not loaded");
	ASSERT_EQ(0, say_mute(bdf, true));
	self->domain = domain_open();
	ASSERT_EQ(0, edu_open(&self->edu, "EDU0"));
	ASSERT_EQ(0, edu_attach(&self->edu, self->domain));
	edu_put(&self->edu, EDU_IRQ_ACK, ~0U);
	self->event = event_new();
	/* Enabling a device, the kernel clears Interrupt Disable */
	ASSERT_EQ(0, text_write(EXPOSED, "0"));
}

FIXTURE_TEARDOWN(mute)
{
	const char *bdf = self->edu.bdf;

	if (self->edu.regs)
		edu_put(&self->edu, EDU_IRQ_ACK, ~0U);
	edu_close(&self->edu);
	close(self->domain);
	EXPECT_EQ(0, say_mute(bdf, false));
}

static void send(const struct edu *edu)
{
	edu_put(edu, EDU_IRQ_RAISE, 1);
	edu_put(edu, EDU_IRQ_ACK, 1);
}

#define disabled(self) (device_command_real((self)->edu.bdf) & COMMAND_NOINTX)

TEST_F(mute, speaks_while_messages_are_on)
{
	int none = -1, fd = self->edu.fd, i;

	for (i = 0; i < 5; i++) {
		EXPECT_NE(0, disabled(self));
		ASSERT_EQ(0, call(fd, VFIO_EVENTFD_MSI, &self->event));
		EXPECT_EQ(0, disabled(self));
		send(&self->edu);
		EXPECT_EQ(1, event_take(self->event, SOON));
		ASSERT_EQ(0, call(fd, VFIO_EVENTFD_MSI, &none));
		EXPECT_NE(0, disabled(self));
		send(&self->edu);
		EXPECT_EQ(0, event_take(self->event, NEVER));
	}
	EXPECT_EQ(0, exposed());
}

TEST_F(mute, speaks_whatever_its_user_writes)
{
	const int on = COMMAND_MEMORY | COMMAND_MASTER;
	int fd = self->edu.fd;

	ASSERT_EQ(0, call(fd, VFIO_EVENTFD_MSI, &self->event));
	ASSERT_EQ(0, device_command_write(fd, on | COMMAND_NOINTX));
	send(&self->edu);
	EXPECT_EQ(1, event_take(self->event, SOON));
	ASSERT_EQ(0, device_command_write(fd, on));
	send(&self->edu);
	EXPECT_EQ(1, event_take(self->event, SOON));
	EXPECT_EQ(0, exposed());
}

TEST_F(mute, line_is_raised_by_no_question_nor_end)
{
	int i;

	for (i = 0; i < 20; i++)
		EXPECT_EQ(1,
			  device_irq_info(self->edu.fd, UVFIO_IRQ_MSI).count);
	ASSERT_EQ(0, call(self->edu.fd, VFIO_EVENTFD_MSI, &self->event));
	ASSERT_EQ(0, edu_detach(&self->edu));
	EXPECT_NE(0, disabled(self));
	ASSERT_EQ(0, edu_attach(&self->edu, self->domain));
	ASSERT_EQ(0, call(self->edu.fd, VFIO_EVENTFD_MSI, &self->event));
	edu_close(&self->edu);
	ASSERT_EQ(0, edu_open(&self->edu, "EDU0"));
	ASSERT_EQ(0, edu_attach(&self->edu, self->domain));
	EXPECT_NE(0, disabled(self));
	EXPECT_EQ(0, exposed());
}

TEST_F(mute, line_works_too)
{
	ASSERT_EQ(0, call(self->edu.fd, VFIO_EVENTFD_IRQ, &self->event));
	edu_put(&self->edu, EDU_IRQ_RAISE, 1);
	EXPECT_EQ(1, event_take(self->event, SOON));
	EXPECT_EQ(0, event_take(self->event, NEVER));
	EXPECT_NE(0, disabled(self));
	edu_put(&self->edu, EDU_IRQ_ACK, 1);
	ASSERT_EQ(0, call(self->edu.fd, VFIO_IRQ_EOI, NULL));
	EXPECT_EQ(0, disabled(self));
}

TEST_HARNESS_MAIN
