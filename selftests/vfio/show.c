// SPDX-License-Identifier: GPL-2.0
/*
 * What an administrator sees of an open device: fdinfo, and its interrupts in
 * the tracepoint. Invariant: what is told is true at that moment.
 */
#include <string.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/edu.h"
#include "../lib/event.h"
#include "../lib/memory.h"
#include "../lib/text.h"

#define TRACING "/sys/kernel/tracing/"
#define IOVA 0x30000000ULL
#define SOON 1000
#define VECTOR 5

FIXTURE(show)
{
	struct edu edu;
	int domain;
	int event;
};

FIXTURE_SETUP(show)
{
	if (!device_bdf("EDU0") || !device_bdf("DOORBELL"))
		SKIP(return, "EDU0 or DOORBELL is not set");
	self->domain = domain_open();
	self->event = event_new();
	ASSERT_EQ(0, edu_open(&self->edu, "EDU0"));
}

FIXTURE_TEARDOWN(show)
{
	text_write(TRACING "events/uvfio/enable", "0");
	if (self->edu.regs)
		edu_put(&self->edu, EDU_IRQ_ACK, ~0U);
	edu_close(&self->edu);
	close(self->domain);
}

/* Has the descriptor this line, without its newline? */
static int shows(int fd, const char *line)
{
	char path[64], text[4096], *at;
	size_t size = strlen(line);

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	if (text_read(path, text, sizeof(text)) < 0)
		return 0;
	for (at = strstr(text, line); at; at = strstr(at + 1, line))
		if ((at == text || at[-1] == '\n') &&
		    (!at[size] || at[size] == '\n'))
			return 1;
	return 0;
}

TEST_F(show, fdinfo_of_a_device)
{
	char line[64];
	int fd = self->edu.fd;

	snprintf(line, sizeof(line), "uvfio-device:\t%s", device_bdf("EDU0"));
	EXPECT_TRUE(shows(fd, line));
	EXPECT_TRUE(shows(fd, "uvfio-gone:\t0"));
	EXPECT_TRUE(shows(fd, "uvfio-attached:\t0"));
	EXPECT_TRUE(shows(fd, "uvfio-locked-pages:\t0"));
	EXPECT_TRUE(shows(fd, "uvfio-interrupts:\tnone 0"));
	ASSERT_EQ(0, device_set(fd, self->domain));
	EXPECT_TRUE(shows(fd, "uvfio-attached:\t1"));
	ASSERT_EQ(0, call(fd, VFIO_DOMAIN_UNSET, NULL));
	EXPECT_TRUE(shows(fd, "uvfio-attached:\t0"));
}

TEST_F(show, fdinfo_counts_what_its_device_pinned)
{
	void *buf = memory_anon(4 * PAGE);
	int fd = self->edu.fd;

	ASSERT_EQ(0, device_set(fd, self->domain));
	ASSERT_EQ(0, domain_map(self->domain, buf, IOVA, PAGE, true));
	EXPECT_TRUE(shows(fd, "uvfio-locked-pages:\t0"));
	ASSERT_EQ(0, device_map(fd, buf, 2 * IOVA, 3 * PAGE, 1));
	EXPECT_TRUE(shows(fd, "uvfio-locked-pages:\t3"));
	ASSERT_EQ(0, device_unmap(fd, 2 * IOVA, 3 * PAGE));
	EXPECT_TRUE(shows(fd, "uvfio-locked-pages:\t0"));
}

TEST_F(show, fdinfo_tells_the_interrupts_that_are_on)
{
	int fd = device_open("DOORBELL");

	ASSERT_EQ(0, device_set(fd, self->domain));
	ASSERT_EQ(0, device_irq_enable(fd, UVFIO_IRQ_MSIX, 3));
	EXPECT_TRUE(shows(fd, "uvfio-interrupts:\tmsix 3"));
	ASSERT_EQ(0, device_irq_enable(fd, UVFIO_IRQ_MSIX, 0));
	EXPECT_TRUE(shows(fd, "uvfio-interrupts:\tnone 0"));
	close(fd);
	ASSERT_EQ(0, device_set(self->edu.fd, self->domain));
	ASSERT_EQ(0, device_irq_enable(self->edu.fd, UVFIO_IRQ_INTX, 1));
	EXPECT_TRUE(shows(self->edu.fd, "uvfio-interrupts:\tintx 1"));
	ASSERT_EQ(0, device_irq_enable(self->edu.fd, UVFIO_IRQ_INTX, 0));
	ASSERT_EQ(0, device_irq_enable(self->edu.fd, UVFIO_IRQ_MSI, 1));
	EXPECT_TRUE(shows(self->edu.fd, "uvfio-interrupts:\tmsi 1"));
}

TEST_F(show, fdinfo_of_a_device_that_is_gone)
{
	int fd = self->edu.fd;

	ASSERT_EQ(0, device_set(fd, self->domain));
	ASSERT_EQ(0, device_irq_enable(fd, UVFIO_IRQ_MSI, 1));
	ASSERT_EQ(0, device_bind(self->edu.bdf, NULL));
	EXPECT_TRUE(shows(fd, "uvfio-gone:\t1"));
	EXPECT_TRUE(shows(fd, "uvfio-attached:\t0"));
	EXPECT_TRUE(shows(fd, "uvfio-locked-pages:\t0"));
	EXPECT_TRUE(shows(fd, "uvfio-interrupts:\tnone 0"));
	EXPECT_EQ(0, device_bind(self->edu.bdf, "vfio"));
}

static void trace_start(void)
{
	text_write(TRACING "trace", "");
	text_write(TRACING "events/uvfio/enable", "1");
}

/* Is a vector in the trace now? Ends the tracing */
static int traced(const char *env, const char *vector)
{
	static char text[65536];
	char line[64], *at;

	text_write(TRACING "events/uvfio/enable", "0");
	if (text_read(TRACING "trace", text, sizeof(text)) < 0)
		return 0;
	snprintf(line, sizeof(line), "uvfio_irq: %s %s", device_bdf(env),
		 vector);
	at = strstr(text, line);
	return at && (!at[strlen(line)] || at[strlen(line)] == '\n');
}

static void send(const struct edu *edu)
{
	edu_put(edu, EDU_IRQ_RAISE, 1);
	edu_put(edu, EDU_IRQ_ACK, 1);
}

TEST_F(show, trace_of_a_message)
{
	ASSERT_EQ(0, edu_attach(&self->edu, self->domain));
	ASSERT_EQ(0, call(self->edu.fd, VFIO_EVENTFD_MSI, &self->event));
	trace_start();
	send(&self->edu);
	EXPECT_EQ(1, event_take(self->event, SOON));
	EXPECT_TRUE(traced("EDU0", "msi 0"));
	/* it rings the same when nobody looks */
	send(&self->edu);
	EXPECT_EQ(1, event_take(self->event, SOON));
}

TEST_F(show, trace_of_the_line)
{
	ASSERT_EQ(0, edu_attach(&self->edu, self->domain));
	ASSERT_EQ(0, call(self->edu.fd, VFIO_EVENTFD_IRQ, &self->event));
	trace_start();
	edu_put(&self->edu, EDU_IRQ_RAISE, 1);
	EXPECT_EQ(1, event_take(self->event, SOON));
	EXPECT_TRUE(traced("EDU0", "intx 0"));
	edu_put(&self->edu, EDU_IRQ_ACK, 1);
}

TEST_F(show, trace_tells_the_vector)
{
	int fd = device_open("DOORBELL"), arg[2 + VECTOR] = { 1 + VECTOR }, i;
	__u32 me;

	for (i = 0; i <= VECTOR; i++)
		arg[1 + i] = i == VECTOR ? self->event : event_new();
	ASSERT_EQ(0, device_set(fd, self->domain));
	ASSERT_EQ(0, device_command_write(fd, COMMAND_MEMORY | COMMAND_MASTER));
	ASSERT_EQ(4, device_read(fd, REGION(0, 8), &me, 4));
	ASSERT_EQ(0, call(fd, VFIO_EVENTFDS_MSIX, arg));
	trace_start();
	me = me << 16 | VECTOR;
	ASSERT_EQ(4, device_write(fd, REGION(0, 12), &me, 4));
	EXPECT_EQ(1, event_take(self->event, SOON));
	EXPECT_TRUE(traced("DOORBELL", "msix 5"));
	close(fd);
}

TEST_HARNESS_MAIN
