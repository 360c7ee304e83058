// SPDX-License-Identifier: GPL-2.0
/*
 * Many message interrupts. Invariant: a vector rings its own eventfd and no
 * other; a request that fails takes nothing and leaves what was.
 *
 * The device is an ivshmem-doorbell, which can ring itself.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/event.h"
#include "../lib/memory.h"
#include "../lib/text.h"

#define SOON 1000
#define NEVER 60
#define VECTORS 8
#define POSITION 8 /* register: who am I? */
#define DOORBELL 12 /* register: ring a vector of somebody */
#define LIMIT "/sys/module/uvfio/parameters/max_vectors"

FIXTURE(msix)
{
	int fd;
	int domain;
	int events[VECTORS];
	__u32 me;
};

static int bind_all(FIXTURE_DATA(msix) * self)
{
	int arg[1 + VECTORS] = { VECTORS };

	memcpy(arg + 1, self->events, sizeof(self->events));
	return call(self->fd, VFIO_EVENTFDS_MSIX, arg);
}

static void ring(FIXTURE_DATA(msix) * self, unsigned int vector)
{
	__u32 value = self->me << 16 | vector;

	device_write(self->fd, REGION(0, DOORBELL), &value, 4);
}

FIXTURE_SETUP(msix)
{
	int i;

	if (!device_bdf("DOORBELL"))
		SKIP(return, "DOORBELL is not set");
	self->domain = domain_open();
	self->fd = device_open("DOORBELL");
	ASSERT_EQ(0, device_set(self->fd, self->domain));
	ASSERT_EQ(0, device_command_write(self->fd,
					  COMMAND_MEMORY | COMMAND_MASTER));
	ASSERT_EQ(4, device_read(self->fd, REGION(0, POSITION), &self->me, 4));
	for (i = 0; i < VECTORS; i++)
		self->events[i] = event_new();
	ASSERT_EQ(0, bind_all(self));
}

FIXTURE_TEARDOWN(msix)
{
	close(self->fd);
	close(self->domain);
}

/* Does exactly this vector ring? */
static int rings_alone(FIXTURE_DATA(msix) * self, int vector)
{
	int i, alone;

	ring(self, vector);
	alone = event_take(self->events[vector], SOON) == 1;
	for (i = 0; i < VECTORS; i++)
		alone &= !event_take(self->events[i], 0);
	return alone;
}

static int all_ring(FIXTURE_DATA(msix) * self)
{
	int i;

	for (i = 0; i < VECTORS; i++)
		if (!rings_alone(self, i))
			return 0;
	return 1;
}

TEST_F(msix, each_rings_its_own)
{
	EXPECT_TRUE(all_ring(self));
	EXPECT_TRUE(all_ring(self));
}

TEST_F(msix, bound_again_and_taken_away)
{
	int none = 0;

	EXPECT_EQ(0, bind_all(self));
	EXPECT_TRUE(all_ring(self));
	EXPECT_EQ(0, call(self->fd, VFIO_EVENTFDS_MSIX, &none));
	EXPECT_EQ(0, call(self->fd, VFIO_EVENTFDS_MSIX, &none));
	ring(self, 0);
	EXPECT_EQ(0, event_take(self->events[0], NEVER));
	EXPECT_EQ(0, bind_all(self));
	EXPECT_TRUE(rings_alone(self, 7));
}

TEST_F(msix, fewer_and_more)
{
	int arg[1 + VECTORS] = { 2, self->events[3], self->events[4] };

	ASSERT_EQ(0, call(self->fd, VFIO_EVENTFDS_MSIX, arg));
	ring(self, 0);
	EXPECT_EQ(1, event_take(self->events[3], SOON));
	ring(self, 1);
	EXPECT_EQ(1, event_take(self->events[4], SOON));
	ring(self, 2);
	EXPECT_EQ(0, event_take(self->events[2], NEVER));
	ASSERT_EQ(0, bind_all(self));
	EXPECT_EQ(1, event_take(self->events[2], SOON));
	EXPECT_TRUE(all_ring(self));
}

TEST_F(msix, wrong_numbers_change_nothing)
{
	static const int bad[] = { VECTORS + 1, 2048, 65536,
				   INT_MAX,	-1,   INT_MIN };
	static int arg[1 + 4096];
	size_t i;

	for (i = 1; i < ARRAY_SIZE(arg); i++)
		arg[i] = self->events[0];
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		arg[0] = bad[i];
		EXPECT_EQ(-EINVAL, call(self->fd, VFIO_EVENTFDS_MSIX, arg))
		TH_LOG("%d vectors", bad[i]);
	}
	EXPECT_TRUE(all_ring(self));
}

TEST_F(msix, bad_descriptor_in_the_middle_changes_nothing)
{
	int arg[1 + VECTORS] = { VECTORS }, at;

	for (at = 1; at <= VECTORS; at++) {
		memcpy(arg + 1, self->events, sizeof(self->events));
		arg[at] = INT_MAX;
		EXPECT_EQ(-EBADF, call(self->fd, VFIO_EVENTFDS_MSIX, arg))
		TH_LOG("vector %d", at - 1);
		arg[at] = self->fd;
		EXPECT_EQ(-EINVAL, call(self->fd, VFIO_EVENTFDS_MSIX, arg))
		TH_LOG("vector %d", at - 1);
	}
	EXPECT_TRUE(all_ring(self));
}

TEST_F(msix, bad_pointers_change_nothing)
{
	__u8 *two = memory_anon(2 * PAGE);
	int *arg = (int *)(two + PAGE - 3 * sizeof(int));

	ASSERT_EQ(0, munmap(two + PAGE, PAGE));
	EXPECT_EQ(-EFAULT, call(self->fd, VFIO_EVENTFDS_MSIX, NULL));
	EXPECT_EQ(-EFAULT, call(self->fd, VFIO_EVENTFDS_MSIX, two + PAGE));
	arg[0] = VECTORS;
	arg[1] = self->events[1];
	arg[2] = self->events[2];
	EXPECT_EQ(-EFAULT, call(self->fd, VFIO_EVENTFDS_MSIX, arg));
	EXPECT_TRUE(all_ring(self));
}

TEST_F(msix, other_kinds_are_ebusy_or_enxio)
{
	EXPECT_GT(0, call(self->fd, VFIO_EVENTFD_MSI, self->events));
	EXPECT_GT(0, call(self->fd, VFIO_EVENTFD_IRQ, self->events));
	EXPECT_TRUE(all_ring(self));
}

static int set(FIXTURE_DATA(msix) * self, __u32 flags, __u32 first, __u32 count,
	       const int *fds)
{
	return device_irq_set(self->fd, UVFIO_IRQ_MSIX, flags, first, count,
			      fds);
}

TEST_F(msix, single_vectors_while_others_run)
{
	int other = event_new(), none = -1;

	ASSERT_EQ(0, set(self, UVFIO_IRQ_BIND, 5, 1, &other));
	ring(self, 5);
	EXPECT_EQ(1, event_take(other, SOON));
	EXPECT_EQ(0, event_take(self->events[5], 0));
	EXPECT_TRUE(rings_alone(self, 4));
	ASSERT_EQ(0, set(self, UVFIO_IRQ_BIND, 5, 1, &none));
	ring(self, 5);
	EXPECT_EQ(0, event_take(other, NEVER));
	EXPECT_TRUE(rings_alone(self, 6));
	ASSERT_EQ(0, set(self, UVFIO_IRQ_BIND, 5, 1, self->events + 5));
	EXPECT_EQ(1, event_take(self->events[5], SOON));
	EXPECT_TRUE(all_ring(self));
}

TEST_F(msix, masked_and_fired_one_by_one)
{
	ASSERT_EQ(0, set(self, UVFIO_IRQ_MASK, 2, 1, NULL));
	ring(self, 2);
	EXPECT_EQ(0, event_take(self->events[2], NEVER));
	EXPECT_TRUE(rings_alone(self, 3));
	ASSERT_EQ(0, set(self, UVFIO_IRQ_UNMASK, 2, 1, NULL));
	EXPECT_EQ(1, event_take(self->events[2], SOON));
	ASSERT_EQ(0, set(self, UVFIO_IRQ_FIRE, 1, 1, NULL));
	EXPECT_EQ(1, event_take(self->events[1], SOON));
	EXPECT_EQ(-EINVAL, set(self, UVFIO_IRQ_FIRE, VECTORS, 1, NULL));
	EXPECT_EQ(-EINVAL, set(self, UVFIO_IRQ_FIRE, 7, 2, NULL));
	EXPECT_TRUE(all_ring(self));
}

TEST_F(msix, none_is_lost_while_eventfds_are_replaced)
{
	int ends[2] = { event_new(), event_new() }, i, left, sum = 0;

	for (i = 0; i < 200; i++) {
		ASSERT_EQ(0, set(self, UVFIO_IRQ_BIND, 0, 1, ends + (i & 1)));
		ring(self, 0);
		ASSERT_EQ(0, set(self, UVFIO_IRQ_BIND, 0, 1, ends + !(i & 1)));
		for (left = 100; sum <= i && left; left--)
			sum += event_take(ends[0], 1) + event_take(ends[1], 1);
		ASSERT_EQ(i + 1, sum);
	}
}

/* MSI-X of a kernel that can add vectors to those that are on: 6.12 */
static bool kernel_adds_vectors(void)
{
	const char *release = getenv("KERNEL");

	return release && strncmp(release, "6.1.", 4);
}

TEST_F(msix, more_while_the_others_run)
{
	struct uvfio_irq_info info = { .argsz = sizeof(info),
				       .kind = UVFIO_IRQ_MSIX };
	struct uvfio_irq_enable enable = { .argsz = sizeof(enable),
					   .kind = UVFIO_IRQ_MSIX };
	int expected = kernel_adds_vectors() ? 0 : -EBUSY;
	int have = 2, i;

	ASSERT_EQ(0, call(self->fd, UVFIO_IRQ_INFO, &info));
	EXPECT_EQ(!expected, !!(info.caps & UVFIO_IRQ_DYNAMIC));
	ASSERT_EQ(0, call(self->fd, UVFIO_IRQ_ENABLE, &enable));
	enable.count = have;
	ASSERT_EQ(0, call(self->fd, UVFIO_IRQ_ENABLE, &enable));
	ASSERT_EQ(0, set(self, UVFIO_IRQ_BIND, 0, have, self->events));
	for (enable.count = 3; enable.count <= VECTORS; enable.count++) {
		ring(self, 0);
		ASSERT_EQ(expected, call(self->fd, UVFIO_IRQ_ENABLE, &enable));
		EXPECT_EQ(1, event_take(self->events[0], SOON));
		if (expected)
			continue;
		have = enable.count;
		ASSERT_EQ(0, set(self, UVFIO_IRQ_BIND, have - 1, 1,
				 self->events + have - 1));
	}
	for (i = 0; i < have; i++)
		EXPECT_TRUE(rings_alone(self, i));
	/* but not fewer */
	enable.count = 1;
	EXPECT_EQ(-EBUSY, call(self->fd, UVFIO_IRQ_ENABLE, &enable));
	EXPECT_TRUE(rings_alone(self, have - 1));
}

TEST_F(msix, information)
{
	struct uvfio_irq_info info = { .argsz = sizeof(info),
				       .kind = UVFIO_IRQ_MSIX };
	struct uvfio_irq_enable enable = { .argsz = sizeof(enable),
					   .kind = UVFIO_IRQ_MSIX };

	ASSERT_EQ(0, call(self->fd, UVFIO_IRQ_INFO, &info));
	EXPECT_EQ(VECTORS, info.max);
	EXPECT_EQ(VECTORS, info.enabled);
	ASSERT_EQ(0, call(self->fd, UVFIO_IRQ_ENABLE, &enable));
	ASSERT_EQ(0, call(self->fd, UVFIO_IRQ_INFO, &info));
	EXPECT_EQ(0, info.enabled);
	EXPECT_EQ(VECTORS, info.count);
	enable.count = VECTORS + 1;
	EXPECT_EQ(-EINVAL, call(self->fd, UVFIO_IRQ_ENABLE, &enable));
	enable.count = 3;
	EXPECT_EQ(0, call(self->fd, UVFIO_IRQ_ENABLE, &enable));
	ASSERT_EQ(0, set(self, UVFIO_IRQ_BIND, 0, 3, self->events));
	EXPECT_TRUE(rings_alone(self, 2));
	EXPECT_EQ(-EINVAL, set(self, UVFIO_IRQ_BIND, 0, 4, self->events));
}

static int enable(FIXTURE_DATA(msix) * self, __u32 count)
{
	return device_irq_enable(self->fd, UVFIO_IRQ_MSIX, count);
}

/* Expectations only: the limit must be lifted again */
static void expect_limit(struct __test_metadata *_metadata,
			 FIXTURE_DATA(msix) * self, __u32 limit)
{
	struct uvfio_irq_info info = { .argsz = sizeof(info),
				       .kind = UVFIO_IRQ_MSIX };
	int arg[1 + VECTORS] = { limit + 1 };

	memcpy(arg + 1, self->events, sizeof(self->events));
	EXPECT_EQ(0, enable(self, 0));
	EXPECT_EQ(0, call(self->fd, UVFIO_IRQ_INFO, &info));
	EXPECT_EQ(VECTORS, info.max);
	EXPECT_EQ(limit, info.count);
	EXPECT_EQ(-ENOSPC, enable(self, limit + 1));
	EXPECT_EQ(-ENOSPC, call(self->fd, VFIO_EVENTFDS_MSIX, arg));
	EXPECT_EQ(-ENOSPC,
		  set(self, UVFIO_IRQ_BIND, 0, limit + 1, self->events));
	EXPECT_EQ(-EINVAL, enable(self, VECTORS + 1));
	EXPECT_EQ(0, call(self->fd, UVFIO_IRQ_INFO, &info));
	EXPECT_EQ(0, info.enabled);
	EXPECT_EQ(0, set(self, UVFIO_IRQ_BIND, 0, limit, self->events));
	EXPECT_EQ(kernel_adds_vectors() ? -ENOSPC : -EBUSY,
		  enable(self, limit + 1));
	EXPECT_TRUE(rings_alone(self, limit - 1));
}

TEST_F(msix, no_more_than_the_administrator_allows)
{
	char before[16];

	ASSERT_LT(0, text_read(LIMIT, before, sizeof(before)));
	ASSERT_EQ(0, text_write(LIMIT, "4"));
	EXPECT_TRUE(all_ring(self)) TH_LOG("those that are on stay on");
	expect_limit(_metadata, self, 4);
	ASSERT_EQ(0, text_write(LIMIT, before));
	EXPECT_EQ(0, enable(self, 0));
	EXPECT_EQ(0, bind_all(self));
	EXPECT_TRUE(all_ring(self));
}

TEST_HARNESS_MAIN
