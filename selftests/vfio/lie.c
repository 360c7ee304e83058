// SPDX-License-Identifier: GPL-2.0
/*
 * A device that lies about the place of its MSI-X table. Invariant: there is
 * no MSI-X then, the device works without, and no register of another device
 * is written.
 */
#include <stdio.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/edu.h"
#include "../lib/event.h"
#include "../lib/quirk.h"

#define CAP_MSIX 0x11
#define CONTROL 0 /* in the upper half */
#define TABLE 4
#define PENDING 8
#define ALL ~0U
#define MARK 0x12345678U
#define SOON 1000
#define ALWAYS 0 /* period of lies */
#define ONCE 1000000

FIXTURE(lie)
{
	const char *bdf;
	int fd;
	int domain;
	int cap; /* where the truth is */
	__u32 vectors;
	struct edu witness;
};

static int be_honest(const char *bdf)
{
	return liar("forget", bdf, "");
}

static int lie(FIXTURE_DATA(lie) * self, int at, __u32 mask, __u32 value,
	       int honest, int period)
{
	char text[64];

	snprintf(text, sizeof(text), "%x %x %x %d %d", self->cap + at, mask,
		 value, honest, period);
	return liar("lie", self->bdf, text);
}

static int open_again(FIXTURE_DATA(lie) * self)
{
	if (self->fd >= 0)
		close(self->fd);
	self->fd = device_open_bdf(self->bdf);
	return self->fd < 0 ? self->fd : device_set(self->fd, self->domain);
}

/* Bound again, so that it tells the lie to who binds it */
static int lie_from_the_start(FIXTURE_DATA(lie) * self, int at, __u32 mask,
			      __u32 value)
{
	int err;

	close(self->fd);
	self->fd = -1;
	err = device_bind(self->bdf, NULL);
	err = err ? err : be_honest(self->bdf);
	err = err ? err : lie(self, at, mask, value, 0, ALWAYS);
	err = err ? err : device_bind(self->bdf, "vfio");
	return err ? err : open_again(self);
}

static struct uvfio_irq_info msix(FIXTURE_DATA(lie) * self)
{
	return device_irq_info(self->fd, UVFIO_IRQ_MSIX);
}

static int enable(FIXTURE_DATA(lie) * self, __u32 count)
{
	return device_irq_enable(self->fd, UVFIO_IRQ_MSIX, count);
}

static void set_up(FIXTURE_DATA(lie) * self, const char *env)
{
	self->bdf = device_bdf(env);
	self->fd = -1;
	device_bind(self->bdf, "vfio");
	open_again(self);
	self->cap = device_capability(self->fd, CAP_MSIX);
	self->vectors = msix(self).max;
}

FIXTURE_SETUP(lie)
{
	if (!quirk_loaded("liar") || !device_bdf("E1000E") ||
	    !device_bdf("EDU1") || !device_bdf("DOORBELL"))
		SKIP(return, "no module liar, E1000E, EDU1 or DOORBELL");
	self->domain = domain_open();
	set_up(self, "E1000E");
	ASSERT_LT(0, self->cap);
	ASSERT_LT(1, self->vectors);
	ASSERT_EQ(0, edu_open(&self->witness, "EDU1"));
	ASSERT_EQ(0, edu_attach(&self->witness, self->domain));
	edu_put(&self->witness, EDU_LIVENESS, MARK);
}

FIXTURE_TEARDOWN(lie)
{
	close(self->fd);
	edu_close(&self->witness);
	close(self->domain);
	EXPECT_EQ(0, be_honest(self->bdf));
	EXPECT_EQ(0, device_bind(self->bdf, NULL));
	EXPECT_EQ(0, device_bind(self->bdf, "vfio"));
}

#define expect_untouched() \
	EXPECT_EQ((__u32)~MARK, edu_get(&self->witness, EDU_LIVENESS))

/* The place in BAR 0 whose first mask bit is the register of the witness */
static __u32 elsewhere(FIXTURE_DATA(lie) * self)
{
	__u64 there = device_bar(self->witness.bdf, 0) + EDU_LIVENESS - 12;
	__u64 here = device_bar(self->bdf, 0);

	return there > here && there - here < 1U << 29 ? there - here : 0;
}

TEST_F(lie, of_a_table_in_another_device)
{
	int arg[2] = { 1, event_new() };
	struct uvfio_irq_info info;
	__u32 value;

	ASSERT_NE(0, elsewhere(self));
	ASSERT_EQ(0, lie_from_the_start(self, TABLE, ALL, elsewhere(self)));
	info = msix(self);
	EXPECT_EQ(0, info.max);
	EXPECT_EQ(0, info.count);
	EXPECT_EQ(-ENXIO, enable(self, 1));
	EXPECT_EQ(-ENXIO, enable(self, self->vectors));
	EXPECT_EQ(-ENXIO, call(self->fd, VFIO_EVENTFDS_MSIX, arg));
	expect_untouched();
	EXPECT_EQ(0, device_capability(self->fd, CAP_MSIX));
	EXPECT_EQ(0, device_config_get(self->fd, self->cap, 4));
	/* It works otherwise */
	EXPECT_EQ(4, device_read(self->fd, REGION(0, 0), &value, 4));
	EXPECT_EQ(0, call(self->fd, VFIO_EVENTFD_MSI, arg + 1));
}

TEST_F_TIMEOUT(lie, of_every_place_that_is_none, 300)
{
	const struct {
		const char *name;
		int at;
		__u32 mask;
		__u32 value;
		bool fits;
	} rows[] = {
		{ "table where it is", TABLE, 0, 0, true },
		{ "table in another device", TABLE, ALL, elsewhere(self) },
		{ "pending bits there", PENDING, ALL, elsewhere(self) },
		{ "table in ports", TABLE, 7, 2 },
		{ "pending bits in ports", PENDING, 7, 2 },
		{ "table in no BAR", TABLE, 7, 4 },
		{ "table in the ROM", TABLE, 7, 6 },
		{ "pending bits beyond the ROM", PENDING, 7, 7 },
		{ "table at the end", TABLE, ALL, 0x4000 | 3 },
		{ "table over the end", TABLE, ALL, 0x3fb8 | 3 },
		{ "table before the end", TABLE, ALL, 0x3fb0 | 3, true },
		{ "pending bits at the end", PENDING, ALL, 0x4000 | 3 },
		{ "pending bits before it", PENDING, ALL, 0x3ff8 | 3, true },
		{ "table far away", TABLE, ALL, ~7U | 3 },
		{ "more vectors than room", CONTROL, 0x7ff0000, 0x7ff0000 },
		{ "silence", TABLE, ALL, ALL },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		EXPECT_EQ(0, lie_from_the_start(self, rows[i].at, rows[i].mask,
						rows[i].value));
		EXPECT_EQ(rows[i].fits ? self->vectors : 0, msix(self).max)
		TH_LOG("%s", rows[i].name);
		EXPECT_EQ(rows[i].fits ? 0 : -ENXIO, enable(self, 1));
		expect_untouched();
	}
}

TEST_F(lie, told_later)
{
	const struct {
		int at;
		__u32 mask;
		__u32 value;
	} rows[] = {
		{ TABLE, ALL, elsewhere(self) },
		{ PENDING, ALL, elsewhere(self) },
		{ CONTROL, 0x7ff0000, 0x7ff0000 },
	};
	__u32 count = msix(self).count;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		ASSERT_EQ(0, lie(self, rows[i].at, rows[i].mask, rows[i].value,
				 0, ALWAYS));
		EXPECT_EQ(count, msix(self).count);
		EXPECT_EQ(-EIO, enable(self, 1));
		expect_untouched();
		/* as a device that did not answer for a moment */
		ASSERT_EQ(0, be_honest(self->bdf));
		EXPECT_EQ(0, enable(self, 1));
		EXPECT_EQ(0, enable(self, 0));
	}
}

TEST_F(lie, by_turns)
{
	int honest;

	for (honest = 0; honest < 2; honest++) {
		ASSERT_EQ(0, lie(self, TABLE, ALL, elsewhere(self), honest, 2));
		EXPECT_GT(0, enable(self, 1));
		msix(self);
		expect_untouched();
		ASSERT_EQ(0, be_honest(self->bdf));
	}
	EXPECT_EQ(0, enable(self, 1));
}

/* The doorbell, which can ring itself: does its vector 0 ring? */
static int rings(FIXTURE_DATA(lie) * self)
{
	int arg[2] = { 1, event_new() }, rang;
	__u32 me;

	if (call(self->fd, VFIO_EVENTFDS_MSIX, arg))
		return -1;
	device_command_write(self->fd, COMMAND_MEMORY | COMMAND_MASTER);
	device_read(self->fd, REGION(0, 8), &me, 4);
	me <<= 16;
	device_write(self->fd, REGION(0, 12), &me, 4);
	rang = event_take(arg[1], SOON);
	close(arg[1]);
	return rang;
}

/*
 * One lie, at each reading in turn, one of which is the kernel's own, for which
 * nobody can vouch: found out by what was mapped. It is a lie about a place in
 * the device itself, whose registers are its own affair.
 */
TEST_F_TIMEOUT(lie, told_once, 300)
{
	int honest, found = 0;

	close(self->fd);
	set_up(self, "DOORBELL");
	ASSERT_LT(0, self->cap);
	for (honest = 0; honest < 8; honest++) {
		int err;

		ASSERT_EQ(0, lie(self, TABLE, ALL, 0, honest, ONCE));
		err = enable(self, self->vectors);
		if (err) {
			EXPECT_EQ(-EIO, err);
		} else {
			EXPECT_EQ(1, rings(self)) TH_LOG("after %d", honest);
			EXPECT_EQ(0, enable(self, 0));
		}
		ASSERT_EQ(0, be_honest(self->bdf));
		if (!msix(self).max) {
			found++;
			EXPECT_EQ(-ENXIO, enable(self, 1));
			ASSERT_EQ(0, device_bind(self->bdf, NULL));
			ASSERT_EQ(0, open_again(self));
		}
		EXPECT_EQ(self->vectors, msix(self).max);
		EXPECT_EQ(1, rings(self)) TH_LOG("honest after %d", honest);
		EXPECT_EQ(0, enable(self, 0));
	}
	EXPECT_LT(0, found);
}

TEST_HARNESS_MAIN
