// SPDX-License-Identifier: GPL-2.0
/*
 * The interrupt line. Invariant: each interrupt is told once and masks the
 * line until it is answered; a line that stays up is told once per answer;
 * nothing of the masking shows in the command register.
 */
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/edu.h"
#include "../lib/event.h"
#include "../lib/process.h"

#define SOON 1000 /* ms within which an interrupt must have come */
#define NEVER 60 /* ms in which it must not */
#define PATIENCE 90 /* seconds for what takes many of them */

FIXTURE(intx)
{
	struct edu edu;
	int domain;
	int event;
};

FIXTURE_SETUP(intx)
{
	if (!device_bdf("EDU0"))
		SKIP(return, "EDU0 is not set");
	self->domain = domain_open();
	ASSERT_EQ(0, edu_open(&self->edu, "EDU0"));
	ASSERT_EQ(0, edu_attach(&self->edu, self->domain));
	edu_put(&self->edu, EDU_IRQ_ACK, ~0U);
	self->event = event_new();
	ASSERT_EQ(0, call(self->edu.fd, VFIO_EVENTFD_IRQ, &self->event));
}

FIXTURE_TEARDOWN(intx)
{
	if (self->edu.regs)
		edu_put(&self->edu, EDU_IRQ_ACK, ~0U);
	edu_close(&self->edu);
	close(self->domain);
}

#define expect_interrupt() EXPECT_EQ(1, event_take(self->event, SOON))
#define expect_silence() EXPECT_EQ(0, event_take(self->event, NEVER))
#define raise_line() edu_put(&self->edu, EDU_IRQ_RAISE, 1)
#define lower_line() edu_put(&self->edu, EDU_IRQ_ACK, 1)
#define answer() ASSERT_EQ(0, call(self->edu.fd, VFIO_IRQ_EOI, NULL))

TEST_F(intx, told_once_until_answered)
{
	expect_silence();
	raise_line();
	expect_interrupt();
	expect_silence();
	lower_line();
	raise_line();
	expect_silence();
	answer();
	expect_interrupt();
	lower_line();
	answer();
	expect_silence();
}

TEST_F(intx, line_that_stays_up_is_told_once_per_answer)
{
	int i;

	raise_line();
	for (i = 0; i < 10; i++) {
		expect_interrupt();
		answer();
	}
	lower_line();
	event_take(self->event, NEVER);
	answer();
	expect_silence();
}

TEST_F(intx, at_the_end_of_a_computation)
{
	edu_put(&self->edu, EDU_STATUS, 0x80);
	edu_put(&self->edu, EDU_FACTORIAL, 6);
	expect_interrupt();
	EXPECT_EQ(720, edu_get(&self->edu, EDU_FACTORIAL));
	EXPECT_EQ(1, edu_get(&self->edu, EDU_IRQ_STATUS));
	lower_line();
	answer();
}

TEST_F(intx, answer_without_a_question)
{
	answer();
	answer();
	expect_silence();
	raise_line();
	expect_interrupt();
	lower_line();
	answer();
}

TEST_F(intx, masking_does_not_show)
{
	EXPECT_EQ(0, device_command(self->edu.fd) & COMMAND_NOINTX);
	raise_line();
	expect_interrupt();
	EXPECT_EQ(0, device_command(self->edu.fd) & COMMAND_NOINTX);
	EXPECT_NE(0, device_command_real(self->edu.bdf) & COMMAND_NOINTX);
	lower_line();
	answer();
	EXPECT_EQ(0, device_command_real(self->edu.bdf) & COMMAND_NOINTX);
}

TEST_F(intx, command_write_with_the_bit_clear_answers)
{
	raise_line();
	expect_interrupt();
	lower_line();
	raise_line();
	expect_silence();
	ASSERT_EQ(0, device_command_write(self->edu.fd, COMMAND_MEMORY));
	expect_interrupt();
	lower_line();
}

TEST_F(intx, users_own_mask_holds_over_answers)
{
	ASSERT_EQ(0, device_command_write(self->edu.fd,
					  COMMAND_MEMORY | COMMAND_NOINTX));
	EXPECT_NE(0, device_command(self->edu.fd) & COMMAND_NOINTX);
	raise_line();
	expect_silence();
	answer();
	expect_silence();
	ASSERT_EQ(0, device_command_write(self->edu.fd, COMMAND_MEMORY));
	expect_interrupt();
	lower_line();
}

TEST_F(intx, eventfd_is_replaced_and_taken_away)
{
	static const int none[] = { -1, -2, INT_MIN };
	int other = event_new(), fd = self->edu.fd;
	size_t i;

	ASSERT_EQ(0, call(fd, VFIO_EVENTFD_IRQ, &other));
	raise_line();
	EXPECT_EQ(1, event_take(other, SOON));
	expect_silence();
	lower_line();
	answer();
	for (i = 0; i < ARRAY_SIZE(none); i++) {
		EXPECT_EQ(0, call(fd, VFIO_EVENTFD_IRQ, none + i));
		raise_line();
		EXPECT_EQ(0, event_take(other, NEVER));
		lower_line();
		EXPECT_EQ(0, call(fd, VFIO_EVENTFD_IRQ, none + i));
		/* and may be set again at once */
		EXPECT_EQ(0, call(fd, VFIO_EVENTFD_IRQ, &self->event));
		event_take(self->event, NEVER);
		answer();
		raise_line();
		expect_interrupt();
		lower_line();
		answer();
	}
}

TEST_F(intx, bad_descriptors_change_nothing)
{
	int ends[2] = {}, closed = event_new(), i;
	const int bad[][2] = {
		{ closed, EBADF },
		{ 54321, EBADF },
		{ INT_MAX, EBADF },
		{ open("/dev/null", O_RDWR), EINVAL },
		{ pipe(ends) ? -1 : ends[0], EINVAL },
		{ self->edu.fd, EINVAL },
		{ self->domain, EINVAL },
	};

	close(closed);
	for (i = 0; i < (int)ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-bad[i][1],
			  call(self->edu.fd, VFIO_EVENTFD_IRQ, bad[i]))
		TH_LOG("row %d", i);
		EXPECT_EQ(-bad[i][1],
			  call(self->edu.fd, VFIO_IRQ_EOI_EVENTFD, bad[i]))
		TH_LOG("row %d", i);
		EXPECT_GT(0, call(self->edu.fd, VFIO_EVENTFD_MSI, bad[i]))
		TH_LOG("row %d", i);
	}
	EXPECT_EQ(-EFAULT, call(self->edu.fd, VFIO_EVENTFD_IRQ, NULL));
	EXPECT_EQ(-EFAULT, call(self->edu.fd, VFIO_IRQ_EOI_EVENTFD, NULL));
	raise_line();
	expect_interrupt();
	lower_line();
	answer();
}

TEST_F(intx, other_kinds_are_ebusy_meanwhile)
{
	int none = -1, other = event_new();

	EXPECT_EQ(-EBUSY, call(self->edu.fd, VFIO_EVENTFD_MSI, &other));
	raise_line();
	expect_interrupt();
	lower_line();
	answer();
	EXPECT_EQ(0, call(self->edu.fd, VFIO_EVENTFD_IRQ, &none));
	EXPECT_EQ(0, call(self->edu.fd, VFIO_EVENTFD_MSI, &other));
}

TEST_F(intx, answered_by_eventfd)
{
	int eoi = event_new(), none = -1;

	ASSERT_EQ(0, call(self->edu.fd, VFIO_IRQ_EOI_EVENTFD, &eoi));
	raise_line();
	expect_interrupt();
	lower_line();
	raise_line();
	expect_silence();
	ASSERT_EQ(0, event_fire(eoi));
	expect_interrupt();
	lower_line();
	ASSERT_EQ(0, event_fire(eoi));
	expect_silence();
	/* what fires it need not live on */
	ASSERT_EQ(0, call(self->edu.fd, VFIO_IRQ_EOI_EVENTFD, &none));
	raise_line();
	expect_interrupt();
	lower_line();
	raise_line();
	ASSERT_EQ(0, event_fire(eoi));
	expect_silence();
	answer();
	expect_interrupt();
	lower_line();
}

TEST_F(intx, answering_eventfd_stays_when_the_other_is_taken_away)
{
	int eoi = event_new(), none = -1;

	ASSERT_EQ(0, call(self->edu.fd, VFIO_IRQ_EOI_EVENTFD, &eoi));
	ASSERT_EQ(0, call(self->edu.fd, VFIO_EVENTFD_IRQ, &none));
	ASSERT_EQ(0, call(self->edu.fd, VFIO_EVENTFD_IRQ, &self->event));
	raise_line();
	expect_interrupt();
	ASSERT_EQ(0, event_fire(eoi));
	expect_interrupt();
	lower_line();
	ASSERT_EQ(0, event_fire(eoi));
	event_take(self->event, NEVER);
	/* It goes with the domain */
	ASSERT_EQ(0, edu_detach(&self->edu));
	ASSERT_EQ(0, edu_attach(&self->edu, self->domain));
	ASSERT_EQ(0, call(self->edu.fd, VFIO_EVENTFD_IRQ, &self->event));
	raise_line();
	expect_interrupt();
	ASSERT_EQ(0, event_fire(eoi));
	expect_silence();
	lower_line();
}

TEST_F(intx, eventfd_closed_by_its_user)
{
	int eoi = event_new();

	ASSERT_EQ(0, call(self->edu.fd, VFIO_IRQ_EOI_EVENTFD, &eoi));
	close(eoi);
	close(self->event);
	raise_line();
	process_nap(NEVER);
	lower_line();
	answer();
	self->event = event_new();
	ASSERT_EQ(0, call(self->edu.fd, VFIO_EVENTFD_IRQ, &self->event));
	raise_line();
	expect_interrupt();
	lower_line();
}

TEST_F(intx, wired_to_itself_is_einval)
{
	int none = -1, eoi = event_new();

	EXPECT_EQ(-EINVAL,
		  call(self->edu.fd, VFIO_IRQ_EOI_EVENTFD, &self->event));
	ASSERT_EQ(0, call(self->edu.fd, VFIO_EVENTFD_IRQ, &none));
	ASSERT_EQ(0, call(self->edu.fd, VFIO_IRQ_EOI_EVENTFD, &eoi));
	EXPECT_EQ(-EINVAL, call(self->edu.fd, VFIO_EVENTFD_IRQ, &eoi));
}

TEST_F(intx, two_devices_wired_to_each_other_do_not_hang)
{
	struct edu other;
	int a = self->event, b = event_new(), none = -1;

	if (!device_bdf("EDU1"))
		SKIP(return, "EDU1 is not set");
	ASSERT_EQ(0, edu_open(&other, "EDU1"));
	ASSERT_EQ(0, edu_attach(&other, self->domain));
	ASSERT_EQ(0, call(other.fd, VFIO_EVENTFD_IRQ, &b));
	ASSERT_EQ(0, call(self->edu.fd, VFIO_IRQ_EOI_EVENTFD, &b));
	ASSERT_EQ(0, call(other.fd, VFIO_IRQ_EOI_EVENTFD, &a));
	raise_line();
	edu_put(&other, EDU_IRQ_RAISE, 1);
	process_nap(500);
	/* an interrupt of each answers that of the other: stop it */
	EXPECT_EQ(0, call(other.fd, VFIO_IRQ_EOI_EVENTFD, &none));
	EXPECT_EQ(0, call(self->edu.fd, VFIO_IRQ_EOI_EVENTFD, &none));
	lower_line();
	edu_put(&other, EDU_IRQ_ACK, 1);
	process_nap(NEVER);
	event_take(a, 0);
	answer();
	expect_silence();
	edu_close(&other);
}

/* Looks at Interrupt Disable in the hardware until told to stop */
struct watch {
	const char *bdf;
	volatile int stop;
	long seen;
	long clear;
};

static void *watch_line(void *arg)
{
	struct watch *watch = arg;
	char path[128];
	__u16 command;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config",
		 watch->bdf);
	fd = open(path, O_RDONLY);
	while (!watch->stop && pread(fd, &command, 2, COMMAND) == 2) {
		watch->seen++;
		watch->clear += !(command & COMMAND_NOINTX);
	}
	close(fd);
	return NULL;
}

TEST_F(intx, messages_come_and_go_without_the_line)
{
	struct uvfio_irq_info info = { .argsz = sizeof(info),
				       .kind = UVFIO_IRQ_MSI };
	struct watch watch = { .bdf = self->edu.bdf };
	int none = -1, fd = self->edu.fd, i;
	pthread_t thread;

	ASSERT_EQ(0, call(fd, VFIO_EVENTFD_IRQ, &none));
	raise_line();
	pthread_create(&thread, NULL, watch_line, &watch);
	for (i = 0; i < 1000; i++) {
		EXPECT_EQ(0, call(fd, UVFIO_IRQ_INFO, &info));
		EXPECT_EQ(0, call(fd, VFIO_EVENTFD_MSI, &self->event));
		EXPECT_EQ(0, call(fd, VFIO_EVENTFD_MSI, &none));
	}
	watch.stop = 1;
	pthread_join(thread, NULL);
	EXPECT_LT(100, watch.seen);
	EXPECT_EQ(0, watch.clear);
	lower_line();
}

TEST_F_TIMEOUT(intx, storm_does_not_hang_the_machine, 150)
{
	time_t end = time(NULL) + PATIENCE;
	long i, n = 0;

	raise_line();
	/* on a loaded host the processor that is told may not run for long */
	for (i = 0; i < 20000 || (n <= 100 && time(NULL) < end); i++) {
		n += event_take(self->event, 0);
		call(self->edu.fd, VFIO_IRQ_EOI, NULL);
	}
	EXPECT_LT(2, n);
	lower_line();
	answer();
	event_take(self->event, NEVER);
	expect_silence();
}

TEST_HARNESS_MAIN
