// SPDX-License-Identifier: GPL-2.0
/*
 * Several MSIs. Invariant: a vector rings its own eventfd and no other; a
 * request that fails takes nothing and leaves what was.
 *
 * The device is an xHCI controller, each of whose interrupters has a vector.
 * It sends the vector again when software says that it has read events which
 * are not the last, so no USB device is needed.
 */
#include <limits.h>
#include <string.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/event.h"
#include "../lib/memory.h"
#include "../lib/text.h"

#define SOON 1000
#define NEVER 60
#define VECTORS 16
#define USED 4
#define LIMIT "/sys/module/uvfio/parameters/max_vectors"
#define IOVA 0x100000

/* Capability registers: where the others are */
#define CAPLENGTH 0x00
#define RTSOFF 0x18
/* Operational registers */
#define USBCMD 0x00
#define USBCMD_INTE 0x4
/* Registers of an interrupter */
#define INTERRUPTER(v) (0x20 + 0x20 * (v))
#define IMAN 0x00
#define IMAN_PENDING 0x1
#define IMAN_ENABLE 0x2
#define ERSTSZ 0x08
#define ERSTBA 0x10
#define ERDP 0x18
#define ERDP_BUSY 0x8
/* A ring of events, and the table that says where it is */
#define EVENTS 16
#define EVENT_SIZE 16
#define TABLE 2048

FIXTURE(msis)
{
	int fd;
	int domain;
	int events[VECTORS];
	__u32 runtime;
};

static int put(int fd, __u32 at, __u32 value)
{
	return device_write(fd, REGION(0, at), &value, 4);
}

static void put_interrupter(FIXTURE_DATA(msis) * self, int vector, __u32 at,
			    __u32 value)
{
	put(self->fd, self->runtime + INTERRUPTER(vector) + at, value);
}

/* Every interrupter reads the same table and so has the same, empty, ring */
static void start(FIXTURE_DATA(msis) * self)
{
	int i;

	for (i = 0; i < VECTORS; i++) {
		put_interrupter(self, i, ERSTSZ, 1);
		put_interrupter(self, i, ERSTBA, IOVA + TABLE);
		put_interrupter(self, i, ERSTBA + 4, 0);
		put_interrupter(self, i, IMAN, IMAN_PENDING | IMAN_ENABLE);
	}
}

/* "I have read up to the second event", and the device is not there yet */
static void ring(FIXTURE_DATA(msis) * self, int vector)
{
	put_interrupter(self, vector, ERDP + 4, 0);
	put_interrupter(self, vector, ERDP, (IOVA + EVENT_SIZE) | ERDP_BUSY);
}

static int set(FIXTURE_DATA(msis) * self, __u32 flags, __u32 first, __u32 count,
	       const int *fds)
{
	return device_irq_set(self->fd, UVFIO_IRQ_MSI, flags, first, count,
			      fds);
}

static int enable(FIXTURE_DATA(msis) * self, __u32 count)
{
	return device_irq_enable(self->fd, UVFIO_IRQ_MSI, count);
}

static struct uvfio_irq_info info(FIXTURE_DATA(msis) * self)
{
	return device_irq_info(self->fd, UVFIO_IRQ_MSI);
}

FIXTURE_SETUP(msis)
{
	__u8 *buf = memory_anon(PAGE);
	__u32 table[4] = { IOVA, 0, EVENTS, 0 };
	__u8 length;
	int i;

	if (!device_bdf("XHCI"))
		SKIP(return, "XHCI is not set");
	memcpy(buf + TABLE, table, sizeof(table));
	self->domain = domain_open();
	self->fd = device_open("XHCI");
	ASSERT_EQ(0, device_set(self->fd, self->domain));
	ASSERT_EQ(0, domain_map(self->domain, buf, IOVA, PAGE, true));
	ASSERT_EQ(0, device_command_write(self->fd,
					  COMMAND_MEMORY | COMMAND_MASTER));
	ASSERT_EQ(4,
		  device_read(self->fd, REGION(0, RTSOFF), &self->runtime, 4));
	ASSERT_EQ(1, device_read(self->fd, REGION(0, CAPLENGTH), &length, 1));
	ASSERT_EQ(4, put(self->fd, length + USBCMD, USBCMD_INTE));
	for (i = 0; i < VECTORS; i++)
		self->events[i] = event_new();
	ASSERT_EQ(0, enable(self, USED));
	ASSERT_EQ(0, set(self, UVFIO_IRQ_BIND, 0, USED, self->events));
	start(self);
}

FIXTURE_TEARDOWN(msis)
{
	close(self->fd);
	close(self->domain);
}

/* Did exactly this vector ring? */
static int rang_alone(FIXTURE_DATA(msis) * self, int vector)
{
	int alone = event_take(self->events[vector], SOON) == 1, i;

	for (i = 0; i < VECTORS; i++)
		alone &= !event_take(self->events[i], 0);
	return alone;
}

static int rings_alone(FIXTURE_DATA(msis) * self, int vector)
{
	ring(self, vector);
	return rang_alone(self, vector);
}

static int all_ring(FIXTURE_DATA(msis) * self, int count)
{
	int i;

	for (i = 0; i < count; i++)
		if (!rings_alone(self, i))
			return 0;
	return 1;
}

TEST_F(msis, each_rings_its_own)
{
	EXPECT_TRUE(all_ring(self, USED));
	EXPECT_TRUE(all_ring(self, USED));
}

TEST_F(msis, each_is_fired_by_hand)
{
	int i;

	for (i = 0; i < USED; i++) {
		ASSERT_EQ(0, set(self, UVFIO_IRQ_FIRE, i, 1, NULL));
		EXPECT_TRUE(rang_alone(self, i)) TH_LOG("vector %d", i);
	}
	ASSERT_EQ(0, set(self, UVFIO_IRQ_FIRE, 1, 2, NULL));
	EXPECT_EQ(1, event_take(self->events[1], SOON));
	EXPECT_TRUE(rang_alone(self, 2));
}

TEST_F(msis, any_number_up_to_what_it_has)
{
	int count;

	for (count = 1; count <= VECTORS; count++) {
		ASSERT_EQ(0, enable(self, 0));
		ASSERT_EQ(0, enable(self, count));
		ASSERT_EQ(0, set(self, UVFIO_IRQ_BIND, 0, count, self->events));
		EXPECT_TRUE(all_ring(self, count)) TH_LOG("%d vectors", count);
	}
}

TEST_F(msis, bound_without_being_enabled_before)
{
	ASSERT_EQ(0, enable(self, 0));
	ASSERT_EQ(0, set(self, UVFIO_IRQ_BIND, 1, 3, self->events + 1));
	EXPECT_EQ(4, info(self).enabled);
	ring(self, 0);
	EXPECT_EQ(0, event_take(self->events[0], NEVER));
	EXPECT_TRUE(rings_alone(self, 3));
	ASSERT_EQ(0, set(self, UVFIO_IRQ_BIND, 0, 1, self->events));
	EXPECT_EQ(1, event_take(self->events[0], SOON));
	EXPECT_TRUE(all_ring(self, 4));
}

TEST_F(msis, information)
{
	EXPECT_EQ(VECTORS, info(self).max);
	EXPECT_EQ(USED, info(self).enabled);
	EXPECT_EQ(0, info(self).caps & UVFIO_IRQ_DYNAMIC);
	ASSERT_EQ(0, enable(self, 0));
	EXPECT_EQ(VECTORS, info(self).count);
	EXPECT_EQ(0, info(self).enabled);
}

TEST_F(msis, more_than_it_has_takes_nothing)
{
	static const __u32 bad[] = { VECTORS + 1, 32, 33, INT_MAX, ~0U };
	static int fds[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = self->events[0];
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, enable(self, bad[i]))
		TH_LOG("%u vectors", bad[i]);
	}
	EXPECT_TRUE(all_ring(self, USED));
	ASSERT_EQ(0, enable(self, 0));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, enable(self, bad[i]))
		TH_LOG("%u vectors", bad[i]);
		EXPECT_EQ(-EINVAL, set(self, UVFIO_IRQ_BIND, 0, bad[i], fds))
		TH_LOG("%u vectors", bad[i]);
	}
	EXPECT_EQ(-EINVAL, set(self, UVFIO_IRQ_BIND, VECTORS, 1, fds));
	EXPECT_EQ(-EINVAL, set(self, UVFIO_IRQ_BIND, VECTORS - 1, 2, fds));
	EXPECT_EQ(0, info(self).enabled);
	EXPECT_EQ(VECTORS, info(self).count);
}

TEST_F(msis, another_number_while_they_are_on)
{
	EXPECT_EQ(-EBUSY, enable(self, USED + 1));
	EXPECT_EQ(-EBUSY, enable(self, USED - 1));
	EXPECT_EQ(-EINVAL, set(self, UVFIO_IRQ_BIND, USED, 1, self->events));
	EXPECT_EQ(-EINVAL, set(self, UVFIO_IRQ_FIRE, USED, 1, NULL));
	EXPECT_EQ(USED, info(self).enabled);
	EXPECT_TRUE(all_ring(self, USED));
}

TEST_F(msis, bad_descriptor_in_the_middle_changes_nothing)
{
	int fds[USED], at;

	for (at = 0; at < USED; at++) {
		memcpy(fds, self->events, sizeof(fds));
		fds[at] = INT_MAX;
		EXPECT_EQ(-EBADF, set(self, UVFIO_IRQ_BIND, 0, USED, fds))
		TH_LOG("vector %d", at);
		fds[at] = self->fd;
		EXPECT_EQ(-EINVAL, set(self, UVFIO_IRQ_BIND, 0, USED, fds))
		TH_LOG("vector %d", at);
	}
	EXPECT_TRUE(all_ring(self, USED));
}

TEST_F(msis, single_vectors_while_others_ring)
{
	int other = event_new(), none = -1;

	ASSERT_EQ(0, set(self, UVFIO_IRQ_BIND, 2, 1, &other));
	ring(self, 2);
	EXPECT_EQ(1, event_take(other, SOON));
	EXPECT_EQ(0, event_take(self->events[2], 0));
	EXPECT_TRUE(rings_alone(self, 1));
	ASSERT_EQ(0, set(self, UVFIO_IRQ_BIND, 2, 1, &none));
	ring(self, 2);
	EXPECT_EQ(0, event_take(other, NEVER));
	EXPECT_TRUE(rings_alone(self, 3));
	ASSERT_EQ(0, set(self, UVFIO_IRQ_BIND, 2, 1, self->events + 2));
	EXPECT_EQ(1, event_take(self->events[2], SOON));
	EXPECT_TRUE(all_ring(self, USED));
}

TEST_F(msis, masked_one_by_one)
{
	ASSERT_EQ(0, set(self, UVFIO_IRQ_MASK, 1, 1, NULL));
	ring(self, 1);
	EXPECT_EQ(0, event_take(self->events[1], NEVER));
	EXPECT_TRUE(rings_alone(self, 0));
	EXPECT_TRUE(rings_alone(self, 2));
	ASSERT_EQ(0, set(self, UVFIO_IRQ_UNMASK, 1, 1, NULL));
	EXPECT_TRUE(rang_alone(self, 1));
	EXPECT_TRUE(all_ring(self, USED));
}

TEST_F(msis, the_call_of_2010_has_one)
{
	int none = -1;

	EXPECT_EQ(-EBUSY, call(self->fd, VFIO_EVENTFD_IRQ, self->events));
	ASSERT_EQ(0, enable(self, 0));
	ASSERT_EQ(0, call(self->fd, VFIO_EVENTFD_MSI, self->events));
	EXPECT_EQ(1, info(self).enabled);
	EXPECT_TRUE(rings_alone(self, 0));
	ASSERT_EQ(0, call(self->fd, VFIO_EVENTFD_MSI, &none));
	EXPECT_EQ(0, info(self).enabled);
}

TEST_F(msis, no_more_than_the_administrator_allows)
{
	char before[16];

	ASSERT_LT(0, text_read(LIMIT, before, sizeof(before)));
	ASSERT_EQ(0, enable(self, 0));
	ASSERT_EQ(0, text_write(LIMIT, "2"));
	/* Expectations only: the limit must be lifted again */
	EXPECT_EQ(VECTORS, info(self).max);
	EXPECT_EQ(2, info(self).count);
	EXPECT_EQ(-ENOSPC, enable(self, 3));
	EXPECT_EQ(0, info(self).enabled);
	EXPECT_EQ(0, enable(self, 2));
	ASSERT_EQ(0, text_write(LIMIT, before));
	ASSERT_EQ(0, enable(self, 0));
	EXPECT_EQ(0, enable(self, VECTORS));
}

TEST_HARNESS_MAIN
