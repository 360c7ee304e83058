// SPDX-License-Identifier: GPL-2.0
/*
 * One message interrupt to an eventfd. Invariant: nothing is lost or doubled,
 * whatever is asked in between, and a request that fails changes nothing.
 */
#include <fcntl.h>
#include <limits.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/edu.h"
#include "../lib/event.h"
#include "../lib/process.h"

#define SOON 1000
#define NEVER 60

FIXTURE(msi)
{
	struct edu edu;
	int domain;
	int event;
};

FIXTURE_SETUP(msi)
{
	if (!device_bdf("EDU0"))
		SKIP(return, "EDU0 is not set");
	self->domain = domain_open();
	ASSERT_EQ(0, edu_open(&self->edu, "EDU0"));
	ASSERT_EQ(0, edu_attach(&self->edu, self->domain));
	edu_put(&self->edu, EDU_IRQ_ACK, ~0U);
	self->event = event_new();
	ASSERT_EQ(0, call(self->edu.fd, VFIO_EVENTFD_MSI, &self->event));
}

FIXTURE_TEARDOWN(msi)
{
	if (self->edu.regs)
		edu_put(&self->edu, EDU_IRQ_ACK, ~0U);
	edu_close(&self->edu);
	close(self->domain);
}

static void send(const struct edu *edu)
{
	edu_put(edu, EDU_IRQ_RAISE, 1);
	edu_put(edu, EDU_IRQ_ACK, 1);
}

TEST_F(msi, each_is_told)
{
	int i;

	EXPECT_EQ(0, event_take(self->event, NEVER));
	for (i = 0; i < 20; i++) {
		send(&self->edu);
		EXPECT_EQ(1, event_take(self->event, SOON));
	}
	EXPECT_EQ(0, event_take(self->event, NEVER));
}

TEST_F(msi, they_add_up)
{
	int i;

	for (i = 0; i < 50; i++) {
		send(&self->edu);
		process_nap(10); /* two at once are one to the processor */
	}
	process_nap(NEVER);
	EXPECT_EQ(50, event_take(self->event, SOON));
}

TEST_F(msi, no_answer_is_needed_nor_harmful)
{
	send(&self->edu);
	EXPECT_EQ(0, call(self->edu.fd, VFIO_IRQ_EOI, NULL));
	EXPECT_EQ(1, event_take(self->event, SOON));
	send(&self->edu);
	EXPECT_EQ(1, event_take(self->event, SOON));
}

TEST_F(msi, replaced_and_taken_away)
{
	int other = event_new(), none = -1;

	ASSERT_EQ(0, call(self->edu.fd, VFIO_EVENTFD_MSI, &other));
	send(&self->edu);
	EXPECT_EQ(1, event_take(other, SOON));
	EXPECT_EQ(0, event_take(self->event, 0));
	ASSERT_EQ(0, call(self->edu.fd, VFIO_EVENTFD_MSI, &none));
	ASSERT_EQ(0, call(self->edu.fd, VFIO_EVENTFD_MSI, &none));
	send(&self->edu);
	EXPECT_EQ(0, event_take(other, NEVER));
	ASSERT_EQ(0, call(self->edu.fd, VFIO_EVENTFD_MSI, &self->event));
	send(&self->edu);
	EXPECT_EQ(1, event_take(self->event, SOON));
}

TEST_F(msi, bad_descriptors_change_nothing)
{
	int ends[2] = {}, closed = event_new(), i;
	const int bad[][2] = {
		{ closed, EBADF },
		{ INT_MAX, EBADF },
		{ open("/dev/null", O_RDWR), EINVAL },
		{ pipe(ends) ? -1 : ends[1], EINVAL },
		{ self->edu.fd, EINVAL },
	};

	close(closed);
	for (i = 0; i < (int)ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-bad[i][1],
			  call(self->edu.fd, VFIO_EVENTFD_MSI, bad[i]))
		TH_LOG("row %d", i);
	}
	EXPECT_EQ(-EFAULT, call(self->edu.fd, VFIO_EVENTFD_MSI, (void *)1));
	send(&self->edu);
	EXPECT_EQ(1, event_take(self->event, SOON));
}

TEST_F(msi, other_kinds_are_ebusy_or_enxio)
{
	int other = event_new(), msix[2] = { 1, other };

	EXPECT_EQ(-EBUSY, call(self->edu.fd, VFIO_EVENTFD_IRQ, &other));
	EXPECT_EQ(-ENXIO, call(self->edu.fd, VFIO_EVENTFDS_MSIX, msix));
	send(&self->edu);
	EXPECT_EQ(1, event_take(self->event, SOON));
}

TEST_F(msi, enable_bit_written_by_the_user_does_nothing)
{
	int cap = device_capability(self->edu.fd, 5);
	__u16 off = 0;

	ASSERT_NE(0, cap);
	EXPECT_EQ(2, device_write(self->edu.fd, CONFIG(cap + 2), &off, 2));
	send(&self->edu);
	EXPECT_EQ(1, event_take(self->event, SOON));
}

TEST_F(msi, ends_with_the_last_close)
{
	edu_close(&self->edu);
	ASSERT_EQ(0, edu_open(&self->edu, "EDU0"));
	ASSERT_EQ(0, edu_attach(&self->edu, self->domain));
	send(&self->edu);
	EXPECT_EQ(0, event_take(self->event, NEVER));
}

static int set(const struct edu *edu, __u32 flags, __u32 first, __u32 count,
	       const int *fds)
{
	return device_irq_set(edu->fd, UVFIO_IRQ_MSI, flags, first, count, fds);
}

TEST_F(msi, masked_ones_are_kept_back_not_lost)
{
	ASSERT_EQ(0, set(&self->edu, UVFIO_IRQ_MASK, 0, 1, NULL));
	send(&self->edu);
	EXPECT_EQ(0, event_take(self->event, NEVER));
	ASSERT_EQ(0, set(&self->edu, UVFIO_IRQ_UNMASK, 0, 1, NULL));
	EXPECT_EQ(1, event_take(self->event, SOON));
	send(&self->edu);
	EXPECT_EQ(1, event_take(self->event, SOON));
}

TEST_F(msi, fired_by_hand)
{
	ASSERT_EQ(0, set(&self->edu, UVFIO_IRQ_FIRE, 0, 1, NULL));
	EXPECT_EQ(1, event_take(self->event, SOON));
}

TEST_F(msi, what_came_before_an_eventfd_goes_to_it)
{
	struct uvfio_irq_enable enable = { .argsz = sizeof(enable),
					   .kind = UVFIO_IRQ_MSI };

	ASSERT_EQ(0, call(self->edu.fd, UVFIO_IRQ_ENABLE, &enable));
	enable.count = 1;
	ASSERT_EQ(0, call(self->edu.fd, UVFIO_IRQ_ENABLE, &enable));
	send(&self->edu);
	send(&self->edu);
	process_nap(NEVER);
	ASSERT_EQ(0, set(&self->edu, UVFIO_IRQ_MASK, 0, 1, NULL));
	ASSERT_EQ(0, set(&self->edu, UVFIO_IRQ_BIND, 0, 1, &self->event));
	EXPECT_EQ(0, event_take(self->event, NEVER));
	ASSERT_EQ(0, set(&self->edu, UVFIO_IRQ_UNMASK, 0, 1, NULL));
	EXPECT_EQ(1, event_take(self->event, SOON));
	EXPECT_EQ(0, event_take(self->event, NEVER));
}

TEST_F(msi, wrong_requests)
{
	const struct {
		__u32 flags;
		__u32 first;
		__u32 count;
		int err;
	} rows[] = {
		{ 0, 0, 1, EINVAL },
		{ UVFIO_IRQ_MASK | UVFIO_IRQ_UNMASK, 0, 1, EINVAL },
		{ 1U << 4, 0, 1, EOPNOTSUPP },
		{ UVFIO_IRQ_FIRE, 0, 0, EINVAL },
		{ UVFIO_IRQ_FIRE, 1, 1, EINVAL },
		{ UVFIO_IRQ_FIRE, 0, 2, EINVAL },
		{ UVFIO_IRQ_FIRE, ~0U, 1, EINVAL },
		{ UVFIO_IRQ_FIRE, 1, ~0U, EINVAL },
		{ UVFIO_IRQ_BIND, 0, ~0U, EINVAL },
		{ UVFIO_IRQ_BIND, 0, 1, EFAULT },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		EXPECT_EQ(-rows[i].err, set(&self->edu, rows[i].flags,
					    rows[i].first, rows[i].count, NULL))
		TH_LOG("row %zu", i);
	}
	EXPECT_EQ(0, event_take(self->event, 0));
	send(&self->edu);
	EXPECT_EQ(1, event_take(self->event, SOON));
}

TEST_HARNESS_MAIN
