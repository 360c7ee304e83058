// SPDX-License-Identifier: GPL-2.0
/*
 * A device whose Interrupt Disable does not work. Invariant: it is masked at
 * the interrupt controller, on a line that nobody else uses, and the user sees
 * no difference; whoever has the line next finds it as new.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/edu.h"
#include "../lib/event.h"
#include "../lib/process.h"
#include "../lib/quirk.h"
#include "../lib/text.h"

#define SOON 1000 /* ms within which an interrupt must have come */
#define NEVER 60 /* ms in which it must not */

/**
 * struct line - a device, and the eventfd of its line
 * @edu: the device
 * @event: the eventfd
 */
struct line {
	struct edu edu;
	int event;
};

FIXTURE(exclusive)
{
	struct line odd; /* the one that cannot mask */
	struct line sharer; /* wired to the same line */
	struct line other; /* on another */
	int domain;
};

FIXTURE_VARIANT(exclusive)
{
	bool sticks; /* its Interrupt Disable can be written */
};

FIXTURE_VARIANT_ADD(exclusive, status_is_broken){
	.sticks = true,
};

FIXTURE_VARIANT_ADD(exclusive, has_none){
	.sticks = false,
};

/* As a quirk says it, before a driver comes */
static int say_broken(const char *env, bool broken, bool sticks)
{
	const char *bdf = device_bdf(env);
	int err = device_bind(bdf, NULL);

	err = err ? err : quirk("broken_intx_masking", bdf, broken ? "1" : "0");
	err = err ? err : liar("forget", bdf, "");
	if (!err && !sticks)
		err = liar("lacks", bdf, "4 400");
	return err ? err : device_bind(bdf, "vfio");
}

static int line_open(struct line *line, const char *env, int domain)
{
	int err = edu_open(&line->edu, env);

	err = err ? err : edu_attach(&line->edu, domain);
	if (!err)
		edu_put(&line->edu, EDU_IRQ_ACK, ~0U);
	line->event = event_new();
	return err;
}

static int turn_on(struct line *line)
{
	return call(line->edu.fd, VFIO_EVENTFD_IRQ, &line->event);
}

static int turn_off(struct line *line)
{
	int none = -1;

	return call(line->edu.fd, VFIO_EVENTFD_IRQ, &none);
}

static void line_close(struct line *line)
{
	if (line->edu.regs)
		edu_put(&line->edu, EDU_IRQ_ACK, ~0U);
	edu_close(&line->edu);
	close(line->event);
}

FIXTURE_SETUP(exclusive)
{
	if (!quirk_loaded("quirk") || !quirk_loaded("liar"))
		SKIP(return, "the modules quirk and liar are not loaded");
	if (!device_bdf("EDU0") || !device_bdf("EDU_BR1") ||
	    !device_bdf("EDU1"))
		SKIP(return, "EDU0, EDU1 or EDU_BR1 is not set");
	ASSERT_EQ(0, say_broken("EDU0", true, variant->sticks));
	self->domain = domain_open();
	ASSERT_EQ(0, line_open(&self->odd, "EDU0", self->domain));
	ASSERT_EQ(0, line_open(&self->sharer, "EDU_BR1", self->domain));
	ASSERT_EQ(0, line_open(&self->other, "EDU1", self->domain));
	ASSERT_EQ(device_line(self->odd.edu.bdf),
		  device_line(self->sharer.edu.bdf));
	ASSERT_NE(device_line(self->odd.edu.bdf),
		  device_line(self->other.edu.bdf));
}

FIXTURE_TEARDOWN(exclusive)
{
	line_close(&self->odd);
	line_close(&self->sharer);
	line_close(&self->other);
	close(self->domain);
	EXPECT_EQ(0, say_broken("EDU0", false, true));
}

#define raise_line(line) edu_put(&(line)->edu, EDU_IRQ_RAISE, 1)
#define lower_line(line) edu_put(&(line)->edu, EDU_IRQ_ACK, 1)
#define answer(line) ASSERT_EQ(0, call((line)->edu.fd, VFIO_IRQ_EOI, NULL))
#define expect_interrupt(line) EXPECT_EQ(1, event_take((line)->event, SOON))
#define expect_silence(line) EXPECT_EQ(0, event_take((line)->event, NEVER))

/* A line that works: told once, and again when it has been answered */
#define expect_working(line)            \
	do {                            \
		raise_line(line);       \
		expect_interrupt(line); \
		expect_silence(line);   \
		answer(line);           \
		expect_interrupt(line); \
		lower_line(line);       \
		answer(line);           \
		expect_silence(line);   \
	} while (0)

TEST_F(exclusive, masked_until_answered)
{
	int i;

	ASSERT_EQ(0, turn_on(&self->odd));
	ASSERT_EQ(0, turn_on(&self->other));
	expect_silence(&self->odd);
	for (i = 0; i < 3; i++)
		expect_working(&self->odd);
	/* and while it is masked, so is no other */
	raise_line(&self->odd);
	expect_interrupt(&self->odd);
	expect_working(&self->other);
	lower_line(&self->odd);
	answer(&self->odd);
}

TEST_F(exclusive, masking_does_not_show)
{
	const char *bdf = self->odd.edu.bdf;

	ASSERT_EQ(0, turn_on(&self->odd));
	raise_line(&self->odd);
	expect_interrupt(&self->odd);
	EXPECT_EQ(0, device_command(self->odd.edu.fd) & COMMAND_NOINTX);
	EXPECT_EQ(0, device_command_real(bdf) & COMMAND_NOINTX);
	/* the user's own mask is kept all the same */
	ASSERT_EQ(0, device_command_write(self->odd.edu.fd,
					  COMMAND_MEMORY | COMMAND_NOINTX));
	EXPECT_NE(0, device_command(self->odd.edu.fd) & COMMAND_NOINTX);
	answer(&self->odd);
	expect_silence(&self->odd);
	ASSERT_EQ(0, device_command_write(self->odd.edu.fd, COMMAND_MEMORY));
	expect_interrupt(&self->odd);
	lower_line(&self->odd);
	answer(&self->odd);
}

TEST_F(exclusive, answered_by_eventfd)
{
	int eoi = event_new();

	ASSERT_EQ(0, turn_on(&self->odd));
	ASSERT_EQ(0, call(self->odd.edu.fd, VFIO_IRQ_EOI_EVENTFD, &eoi));
	raise_line(&self->odd);
	expect_interrupt(&self->odd);
	expect_silence(&self->odd);
	ASSERT_EQ(0, event_fire(eoi));
	expect_interrupt(&self->odd);
	lower_line(&self->odd);
	close(eoi);
}

TEST_F(exclusive, no_line_that_others_use)
{
	ASSERT_EQ(0, turn_on(&self->sharer));
	EXPECT_EQ(-EBUSY, turn_on(&self->odd));
	expect_working(&self->sharer);
	ASSERT_EQ(0, turn_off(&self->sharer));
	ASSERT_EQ(0, turn_on(&self->odd));
	EXPECT_EQ(-EBUSY, turn_on(&self->sharer));
	expect_working(&self->odd);
	ASSERT_EQ(0, turn_off(&self->odd));
	ASSERT_EQ(0, turn_on(&self->sharer));
	expect_working(&self->sharer);
}

/* Masked in the middle of an interrupt, it must not stay so for the next */
TEST_F(exclusive, line_is_left_as_it_was)
{
	int i;

	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, turn_on(&self->odd));
		raise_line(&self->odd);
		expect_interrupt(&self->odd);
		if (i & 1)
			lower_line(&self->odd);
		if (i < 2) {
			ASSERT_EQ(0, turn_off(&self->odd));
		} else {
			line_close(&self->odd);
			ASSERT_EQ(0,
				  line_open(&self->odd, "EDU0", self->domain));
		}
		lower_line(&self->odd);
		ASSERT_EQ(0, turn_on(&self->sharer));
		expect_working(&self->sharer);
		ASSERT_EQ(0, turn_off(&self->sharer));
	}
	ASSERT_EQ(0, turn_on(&self->odd));
	expect_working(&self->odd);
}

TEST_F(exclusive, unbound_in_the_middle)
{
	ASSERT_EQ(0, turn_on(&self->odd));
	raise_line(&self->odd);
	expect_interrupt(&self->odd);
	ASSERT_EQ(0, device_bind(self->odd.edu.bdf, NULL));
	EXPECT_EQ(-ENODEV, call(self->odd.edu.fd, VFIO_IRQ_EOI, NULL));
	self->odd.edu.regs = NULL;
	line_close(&self->odd);
	ASSERT_EQ(0, turn_on(&self->sharer));
	expect_working(&self->sharer);
	ASSERT_EQ(0, turn_off(&self->sharer));
	ASSERT_EQ(0, line_open(&self->odd, "EDU0", self->domain));
	ASSERT_EQ(0, turn_on(&self->odd));
	expect_working(&self->odd);
}

TEST_F(exclusive, storm_does_not_hang_the_machine)
{
	long i, n = 0;

	ASSERT_EQ(0, turn_on(&self->odd));
	raise_line(&self->odd);
	for (i = 0; i < 20000 || (n <= 100 && i < 2000000); i++) {
		n += event_take(self->odd.event, 0);
		call(self->odd.edu.fd, VFIO_IRQ_EOI, NULL);
	}
	EXPECT_LT(2, n);
	lower_line(&self->odd);
	answer(&self->odd);
	/* the last may have been on its way; told, it wants its answer */
	while (event_take(self->odd.event, NEVER) && i++ < 2000010)
		answer(&self->odd);
	raise_line(&self->odd);
	expect_interrupt(&self->odd);
	lower_line(&self->odd);
	answer(&self->odd);
	/* as with any line on a busy host: one more may be on its way */
	event_take(self->odd.event, NEVER);
	answer(&self->odd);
	expect_silence(&self->odd);
}

TEST_F(exclusive, refusals_leave_no_line_in_the_log)
{
	int before = text_log_count("Flags mismatch irq"), i;

	ASSERT_EQ(0, turn_on(&self->sharer));
	for (i = 0; i < 100; i++)
		EXPECT_EQ(-EBUSY, turn_on(&self->odd));
	ASSERT_EQ(0, turn_off(&self->sharer));
	ASSERT_EQ(0, turn_on(&self->odd));
	for (i = 0; i < 100; i++)
		EXPECT_EQ(-EBUSY, turn_on(&self->sharer));
	EXPECT_EQ(before, text_log_count("Flags mismatch irq"));
}

TEST_HARNESS_MAIN
