// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupts fired by hand. Invariant, for each kind: one that is fired is as
 * one that came: told at once, or remembered while it is masked or has no
 * eventfd, and then told once.
 */
#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/event.h"

#define SOON 1000
#define NEVER 60

FIXTURE(fire)
{
	int fd;
	int domain;
	int event;
};

FIXTURE_VARIANT(fire)
{
	const char *device;
	__u32 kind;
	bool wants_answer;
};

FIXTURE_VARIANT_ADD(fire, line){
	.device = "EDU0",
	.kind = UVFIO_IRQ_INTX,
	.wants_answer = true,
};

FIXTURE_VARIANT_ADD(fire, message){
	.device = "EDU0",
	.kind = UVFIO_IRQ_MSI,
};

FIXTURE_VARIANT_ADD(fire, vector){
	.device = "DOORBELL",
	.kind = UVFIO_IRQ_MSIX,
};

FIXTURE_SETUP(fire)
{
	if (!device_bdf(variant->device))
		SKIP(return, "%s is not set", variant->device);
	self->domain = domain_open();
	self->fd = device_open(variant->device);
	self->event = event_new();
	ASSERT_EQ(0, device_set(self->fd, self->domain));
	ASSERT_EQ(0, device_irq_enable(self->fd, variant->kind, 1));
}

FIXTURE_TEARDOWN(fire)
{
	close(self->fd);
	close(self->domain);
	close(self->event);
}

#define act(flags) \
	ASSERT_EQ(0, device_irq_set(self->fd, variant->kind, flags, 0, 1, NULL))
#define bind_to(eventfd)                                                     \
	ASSERT_EQ(0, device_irq_set(self->fd, variant->kind, UVFIO_IRQ_BIND, \
				    0, 1, eventfd))
#define expect_told() EXPECT_EQ(1, event_take(self->event, SOON))
#define expect_silence() EXPECT_EQ(0, event_take(self->event, NEVER))
#define answer() ASSERT_EQ(0, call(self->fd, VFIO_IRQ_EOI, NULL))

TEST_F(fire, is_told_at_once)
{
	int i;

	bind_to(&self->event);
	for (i = 0; i < 5; i++) {
		act(UVFIO_IRQ_FIRE);
		expect_told();
		answer();
		expect_silence();
	}
}

TEST_F(fire, masked_it_is_remembered_once)
{
	bind_to(&self->event);
	act(UVFIO_IRQ_MASK);
	act(UVFIO_IRQ_FIRE);
	act(UVFIO_IRQ_FIRE);
	expect_silence();
	answer();
	expect_silence();
	act(UVFIO_IRQ_UNMASK);
	expect_told();
	answer();
	expect_silence();
	/* and nothing is left of it */
	act(UVFIO_IRQ_MASK);
	act(UVFIO_IRQ_UNMASK);
	expect_silence();
}

TEST_F(fire, without_an_eventfd_it_is_remembered_once)
{
	int none = -1;

	act(UVFIO_IRQ_FIRE);
	act(UVFIO_IRQ_FIRE);
	bind_to(&self->event);
	expect_told();
	answer();
	expect_silence();
	bind_to(&none);
	bind_to(&self->event);
	expect_silence();
}

TEST_F(fire, forgotten_when_it_is_turned_off)
{
	act(UVFIO_IRQ_MASK);
	act(UVFIO_IRQ_FIRE);
	ASSERT_EQ(0, device_irq_enable(self->fd, variant->kind, 0));
	ASSERT_EQ(0, device_irq_enable(self->fd, variant->kind, 1));
	bind_to(&self->event);
	act(UVFIO_IRQ_MASK);
	act(UVFIO_IRQ_UNMASK);
	expect_silence();
}

/* A line is masked by its interrupt, and by the command register */
TEST_F(fire, unanswered_it_is_told_with_the_answer)
{
	bind_to(&self->event);
	act(UVFIO_IRQ_FIRE);
	expect_told();
	act(UVFIO_IRQ_FIRE);
	if (!variant->wants_answer) {
		expect_told();
		return;
	}
	expect_silence();
	answer();
	expect_told();
	answer();
	expect_silence();
	ASSERT_EQ(0, device_command_write(self->fd,
					  COMMAND_MEMORY | COMMAND_NOINTX));
	act(UVFIO_IRQ_FIRE);
	expect_silence();
	ASSERT_EQ(0, device_command_write(self->fd, COMMAND_MEMORY));
	expect_told();
}

TEST_HARNESS_MAIN
