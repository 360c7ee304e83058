// SPDX-License-Identifier: GPL-2.0
/*
 * A line that others use. Invariant: a device raises it only while its user
 * listens, and what another device does there is not claimed: the kernel finds
 * out about a line that nobody cares for.
 */
#include <stdio.h>
#include <string.h>

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
#define STRAY 100 /* interrupts that nobody claims, on a line in order */
#define TOLD_OFTEN 20 /* answers while it does not obey */
#define STORM 5000 /* interrupts of one: far from what the kernel bears */
#define CALM 200 /* ms after which the kernel counts anew */
#define PIN 0x3d /* register: which line */

/* A device that can be told to be one of those with a known fault */
struct suspect {
	struct edu edu;
	int event;
	int domain;
};

static int suspect_open(struct suspect *s, const char *env, int domain)
{
	int err = edu_open(&s->edu, env);

	s->domain = domain;
	err = err ? err : edu_attach(&s->edu, domain);
	if (!err)
		edu_put(&s->edu, EDU_IRQ_ACK, ~0U);
	s->event = event_new();
	return err;
}

static void suspect_close(struct suspect *s)
{
	if (s->edu.regs)
		edu_put(&s->edu, EDU_IRQ_ACK, ~0U);
	edu_close(&s->edu);
	close(s->event);
}

static int wire(struct suspect *s, unsigned long kind)
{
	return call(s->edu.fd, kind, &s->event);
}

static int unwire(struct suspect *s, unsigned long kind)
{
	int none = -1;

	return call(s->edu.fd, kind, &none);
}

#define raise_line(s) edu_put(&(s)->edu, EDU_IRQ_RAISE, 1)
#define lower_line(s) edu_put(&(s)->edu, EDU_IRQ_ACK, 1)
#define answer(s) EXPECT_EQ(0, call((s)->edu.fd, VFIO_IRQ_EOI, NULL))
#define expect_interrupt(s) EXPECT_EQ(1, event_take((s)->event, SOON))
#define expect_silence(s) EXPECT_EQ(0, event_take((s)->event, NEVER))

static int as_bound(struct suspect *s)
{
	return 0;
}

static int line_on_and_off(struct suspect *s)
{
	int err = wire(s, VFIO_EVENTFD_IRQ);

	return err ? err : unwire(s, VFIO_EVENTFD_IRQ);
}

static int message_on_and_off(struct suspect *s)
{
	int err = wire(s, VFIO_EVENTFD_MSI);

	return err ? err : unwire(s, VFIO_EVENTFD_MSI);
}

static int detached_and_attached(struct suspect *s)
{
	int err = edu_detach(&s->edu);

	return err ? err : edu_attach(&s->edu, s->domain);
}

static int opened_again(struct suspect *s)
{
	suspect_close(s);
	return suspect_open(s, "EDU0", s->domain);
}

static int enabled_by_its_user(struct suspect *s)
{
	int err = device_command_write(s->edu.fd,
				       COMMAND_MEMORY | COMMAND_NOINTX);

	return err ? err : device_command_write(s->edu.fd, COMMAND_MEMORY);
}

static const struct {
	const char *name;
	int (*act)(struct suspect *s);
} histories[] = {
	{ "as bound", as_bound },
	{ "line on and off", line_on_and_off },
	{ "message on and off", message_on_and_off },
	{ "detached and attached", detached_and_attached },
	{ "opened again", opened_again },
	{ "enabled by its user", enabled_by_its_user },
};

FIXTURE(line)
{
	struct suspect odd;
	struct suspect sharer;
	int domain;
	char identity[32];
};

FIXTURE_VARIANT(line)
{
	const char *quirk;
	const char *args;
	bool has_line;
};

FIXTURE_VARIANT_ADD(line, sound){
	.quirk = "broken_intx_masking",
	.args = "0",
	.has_line = true,
};

FIXTURE_VARIANT_ADD(line, status_is_broken){
	.quirk = "broken_intx_masking",
	.args = "1",
	.has_line = true,
};

/* One of those whose line the kernel's own driver does not give away */
FIXTURE_VARIANT_ADD(line, is_of_no_use){
	.quirk = "identity",
	.args = "8086 1572",
};

static void read_identity(const char *bdf, char *text, size_t size)
{
	char path[128], vendor[16], device[16];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vendor", bdf);
	text_read(path, vendor, sizeof(vendor));
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/device", bdf);
	text_read(path, device, sizeof(device));
	snprintf(text, size, "%s %s", vendor, device);
}

static int say(const char *bdf, const char *what, const char *args)
{
	int err = device_bind(bdf, NULL);

	err = err ? err : quirk(what, bdf, args);
	return err ? err : device_bind(bdf, "vfio");
}

FIXTURE_SETUP(line)
{
	const char *bdf = device_bdf("EDU0");

	if (!quirk_loaded("quirk") || !bdf || !device_bdf("EDU_BR1"))
		SKIP(return, "no module quirk, EDU0 or EDU_BR1");
	read_identity(bdf, self->identity, sizeof(self->identity));
	ASSERT_EQ(0, say(bdf, variant->quirk, variant->args));
	self->domain = domain_open();
	ASSERT_EQ(0, suspect_open(&self->odd, "EDU0", self->domain));
	ASSERT_EQ(0, suspect_open(&self->sharer, "EDU_BR1", self->domain));
	ASSERT_EQ(device_line(bdf), device_line(self->sharer.edu.bdf));
}

FIXTURE_TEARDOWN(line)
{
	const char *bdf = self->odd.edu.bdf;

	suspect_close(&self->odd);
	suspect_close(&self->sharer);
	close(self->domain);
	EXPECT_EQ(0, say(bdf, "broken_intx_masking", "0"));
	EXPECT_EQ(0, say(bdf, "identity", self->identity));
}

TEST_F(line, not_raised_while_no_user_listens)
{
	long before, after;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(histories); i++) {
		int err = histories[i].act(&self->odd), expected;

		expected = !variant->has_line &&
					   histories[i].act == line_on_and_off ?
				   -ENXIO :
				   0;
		EXPECT_EQ(expected, err) TH_LOG("%s", histories[i].name);
		EXPECT_EQ(COMMAND_NOINTX,
			  device_command_real(self->odd.edu.bdf) &
				  COMMAND_NOINTX)
		TH_LOG("%s", histories[i].name);
		ASSERT_EQ(0, wire(&self->sharer, VFIO_EVENTFD_IRQ));
		before = device_line_unhandled(self->sharer.edu.bdf);
		raise_line(&self->odd);
		expect_silence(&self->sharer);
		after = device_line_unhandled(self->sharer.edu.bdf);
		lower_line(&self->odd);
		EXPECT_LE(0, before);
		EXPECT_TRUE(after == before || after < STRAY)
		TH_LOG("%s: %ld unhandled", histories[i].name, after);
		raise_line(&self->sharer);
		expect_interrupt(&self->sharer);
		lower_line(&self->sharer);
		answer(&self->sharer);
		ASSERT_EQ(0, unwire(&self->sharer, VFIO_EVENTFD_IRQ));
	}
}

TEST_F(line, is_told_as_it_is)
{
	struct uvfio_irq_info info =
		device_irq_info(self->odd.edu.fd, UVFIO_IRQ_INTX);
	__u8 pin = 0xff;

	EXPECT_EQ(variant->has_line, info.max);
	EXPECT_EQ(variant->has_line, info.count);
	EXPECT_EQ(1, device_read(self->odd.edu.fd, CONFIG(PIN), &pin, 1));
	EXPECT_EQ(variant->has_line, !!pin);
	EXPECT_EQ(variant->has_line ? 0 : -ENXIO,
		  wire(&self->odd, VFIO_EVENTFD_IRQ));
	EXPECT_EQ(variant->has_line ? 0 : -ENXIO,
		  unwire(&self->odd, VFIO_EVENTFD_IRQ));
	/* and messages are had by all of them */
	ASSERT_EQ(0, wire(&self->odd, VFIO_EVENTFD_MSI));
	raise_line(&self->odd);
	expect_interrupt(&self->odd);
	lower_line(&self->odd);
}

FIXTURE(storm)
{
	struct suspect calm;
	const char *wild;
	int domain;
};

FIXTURE_VARIANT(storm)
{
	bool raised;
	bool held;
	bool disabled;
};

FIXTURE_VARIANT_ADD(storm, beside_one_at_rest){};

FIXTURE_VARIANT_ADD(storm, beside_one_that_waits_for_its_answer){
	.raised = true,
};

FIXTURE_VARIANT_ADD(storm, beside_one_that_is_held){
	.raised = true,
	.held = true,
};

FIXTURE_VARIANT_ADD(storm, beside_one_that_is_disabled){
	.raised = true,
	.disabled = true,
};

FIXTURE_SETUP(storm)
{
	self->wild = device_bdf("EDU_BR1");
	if (!quirk_loaded("storm") || !device_bdf("EDU0") || !self->wild)
		SKIP(return, "no module storm, EDU0 or EDU_BR1");
	self->domain = domain_open();
	ASSERT_EQ(0, suspect_open(&self->calm, "EDU0", self->domain));
	ASSERT_EQ(0, wire(&self->calm, VFIO_EVENTFD_IRQ));
	ASSERT_EQ(0, device_bind(self->wild, NULL));
	ASSERT_EQ(device_line(self->wild), device_line(self->calm.edu.bdf));
}

FIXTURE_TEARDOWN(storm)
{
	suspect_close(&self->calm);
	close(self->domain);
	EXPECT_EQ(0, device_bind(self->wild, "vfio"));
}

static int bring_about(FIXTURE_DATA(storm) * self,
		       const FIXTURE_VARIANT(storm) * variant)
{
	int fd = self->calm.edu.fd, err = 0;

	if (variant->held)
		err = device_irq_set(fd, UVFIO_IRQ_INTX, UVFIO_IRQ_MASK, 0, 1,
				     NULL);
	if (variant->disabled)
		err = device_command_write(fd, COMMAND_MEMORY | COMMAND_NOINTX);
	if (variant->raised)
		raise_line(&self->calm);
	return err;
}

TEST_F(storm, is_not_claimed)
{
	bool told = variant->raised && !variant->held && !variant->disabled;
	long most = 0, n;
	int i;

	ASSERT_EQ(0, bring_about(self, variant));
	EXPECT_EQ(told, event_take(self->calm.event, told ? SOON : NEVER));
	/* The kernel counts anew if our host does not run it for a while */
	for (i = 0; i < 5 && most < STORM / 2; i++) {
		process_nap(CALM);
		ASSERT_EQ(0, storm(self->wild, STORM));
		n = device_line_unhandled(self->wild);
		most = n > most ? n : most;
	}
	EXPECT_LE(STORM / 2, most);
	EXPECT_GE(STORM, most);
	expect_silence(&self->calm);
	/* and its own are told as ever */
	lower_line(&self->calm);
	if (variant->held) {
		EXPECT_EQ(0, device_irq_set(self->calm.edu.fd, UVFIO_IRQ_INTX,
					    UVFIO_IRQ_UNMASK, 0, 1, NULL));
	}
	ASSERT_EQ(0, device_command_write(self->calm.edu.fd, COMMAND_MEMORY));
	expect_silence(&self->calm);
	raise_line(&self->calm);
	expect_interrupt(&self->calm);
	lower_line(&self->calm);
	answer(&self->calm);
}

/* A device that obeys first and later does not: it cannot be masked any more */
FIXTURE(deaf)
{
	struct suspect odd;
	int domain;
};

FIXTURE_SETUP(deaf)
{
	if (!quirk_loaded("liar") || !device_bdf("EDU0"))
		SKIP(return, "no module liar or EDU0");
	self->domain = domain_open();
	ASSERT_EQ(0, suspect_open(&self->odd, "EDU0", self->domain));
	ASSERT_EQ(0, wire(&self->odd, VFIO_EVENTFD_IRQ));
}

FIXTURE_TEARDOWN(deaf)
{
	EXPECT_EQ(0, liar("forget", device_bdf("EDU0"), ""));
	suspect_close(&self->odd);
	close(self->domain);
}

/* Answered while it goes on: it is told again, and is as deaf as before */
static void answer_often(FIXTURE_DATA(deaf) * self,
			 struct __test_metadata *_metadata)
{
	int i;

	for (i = 0; i < TOLD_OFTEN; i++) {
		answer(&self->odd);
		event_take(self->odd.event, 1);
	}
}

/* What obeyed STORM times has not: the storm ends by itself, in any case */
TEST_F(deaf, is_not_claimed)
{
	const char *bdf = self->odd.edu.bdf;
	long most = 0, n;
	char args[32];
	int i;

	raise_line(&self->odd);
	expect_interrupt(&self->odd);
	expect_silence(&self->odd);
	EXPECT_GT(STRAY, device_line_unhandled(bdf));
	lower_line(&self->odd);
	answer(&self->odd);
	snprintf(args, sizeof(args), "4 400 %u", STORM);
	/* The kernel counts anew if our host does not run it for a while */
	for (i = 0; i < 5 && most < STORM / 2; i++) {
		process_nap(CALM);
		ASSERT_EQ(0, liar("lacks", bdf, args));
		raise_line(&self->odd);
		expect_interrupt(&self->odd);
		answer_often(self, _metadata);
		event_take(self->odd.event, NEVER);
		expect_silence(&self->odd);
		n = device_line_unhandled(bdf);
		most = n > most ? n : most;
		lower_line(&self->odd);
		answer(&self->odd);
		EXPECT_EQ(0, liar("forget", bdf, ""));
	}
	EXPECT_LE(STORM / 2, most);
	EXPECT_GE(STORM + STRAY, most);
	/* and when it obeys again it is as ever */
	raise_line(&self->odd);
	expect_interrupt(&self->odd);
	lower_line(&self->odd);
	answer(&self->odd);
	expect_silence(&self->odd);
}

TEST_HARNESS_MAIN
