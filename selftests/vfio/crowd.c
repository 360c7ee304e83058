// SPDX-License-Identifier: GPL-2.0
/*
 * A thousand threads of one user call all at once. Invariant: the kernel
 * and the administrator get in ahead of them, in a time that does not depend
 * on their number.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/crowd.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/event.h"
#include "../lib/memory.h"
#include "../lib/process.h"
#include "../lib/text.h"

#define IOVA 0x40000000ULL
#define CAP_PM 0x01
#define PM_CONTROL 4
#define AT_A_TIME 20
/* ms; a thousand times D3 and back takes 13 s, a thousand resets 100 s */
#define BOUND (text_kernel_looks_closely() ? 8000 : variant->ms)

/**
 * struct target - what the threads are at
 * @fd: the device
 * @domain: that it is attached to
 * @power: where its power state is
 * @event: takes interrupts
 * @node: path of its node
 * @page: memory to map
 * @nr_inside: threads that do what takes long
 */
struct target {
	int fd;
	int domain;
	int power;
	int event;
	char node[64];
	__u8 *page;
	atomic_int nr_inside;
};

static int gone(int ret)
{
	return ret == -ENODEV ? ret : 0;
}

static int sleep_and_wake(void *arg)
{
	struct target *t = arg;
	__u16 asleep = 3, awake = 0;
	int ret = device_write(t->fd, CONFIG(t->power), &asleep, 2);

	if (gone(ret))
		return ret;
	return gone(device_write(t->fd, CONFIG(t->power), &awake, 2));
}

/*
 * What takes long, or a processor, is done by few at a time: or none would end,
 * and what is measured had no processor. The others rest for long.
 */
static int by_few(struct target *t, int (*step)(struct target *t))
{
	int ret = 0;

	if (t->nr_inside++ < AT_A_TIME)
		ret = step(t);
	else
		process_nap(300);
	t->nr_inside--;
	return ret;
}

static int reset_one(struct target *t)
{
	return gone(call(t->fd, VFIO_RESET_FUNCTION, NULL));
}

static int reset(void *arg)
{
	return by_few(arg, reset_one);
}

static int take_messages_once(struct target *t)
{
	int arg_on[2] = { 1, t->event }, off[1] = { 0 };

	return gone(call(t->fd, VFIO_EVENTFDS_MSIX, arg_on)) ?:
		       gone(call(t->fd, VFIO_EVENTFDS_MSIX, off));
}

static int take_messages(void *arg)
{
	return by_few(arg, take_messages_once);
}

static int attach_anew(struct target *t)
{
	return gone(call(t->fd, VFIO_DOMAIN_UNSET, NULL)) ?:
		       gone(device_set(t->fd, t->domain));
}

static int come_and_go(void *arg)
{
	return by_few(arg, attach_anew);
}

static int map_and_unmap_once(struct target *t)
{
	return gone(device_map(t->fd, t->page, IOVA, PAGE, 1)) ?:
		       gone(device_unmap(t->fd, IOVA, PAGE));
}

static int map_and_unmap(void *arg)
{
	return by_few(arg, map_and_unmap_once);
}

static int read_registers_once(struct target *t)
{
	__u8 value[256];

	return gone(device_read(t->fd, REGION(0, 0), value, 256));
}

static int read_registers(void *arg)
{
	return by_few(arg, read_registers_once);
}

static int open_and_close_once(struct target *t)
{
	int fd = open(t->node, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return errno == EAGAIN ? 0 : -errno;
	close(fd);
	return 0;
}

static int open_and_close(void *arg)
{
	return by_few(arg, open_and_close_once);
}

FIXTURE(crowd)
{
	struct target target;
	struct crowd *crowd;
	const char *bdf;
};

FIXTURE_VARIANT(crowd)
{
	int (*step)(void *arg);
	long ms;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(crowd, power) { sleep_and_wake, 3000 };
/* The driver core may wait for one more reset before it gets its lock. */
FIXTURE_VARIANT_ADD(crowd, resets) { reset, 3000 };
FIXTURE_VARIANT_ADD(crowd, interrupts) { take_messages, 3000 };
FIXTURE_VARIANT_ADD(crowd, domains) { come_and_go, 3000 };
FIXTURE_VARIANT_ADD(crowd, maps) { map_and_unmap, 3000 };
FIXTURE_VARIANT_ADD(crowd, registers) { read_registers, 3000 };
FIXTURE_VARIANT_ADD(crowd, opens) { open_and_close, 3000 };
/* clang-format on */

FIXTURE_SETUP(crowd)
{
	struct target *t = &self->target;

	self->bdf = device_bdf("NVME");
	if (!self->bdf)
		SKIP(return, "NVME is not set");
	self->crowd = calloc(1, sizeof(*self->crowd));
	ASSERT_NE(NULL, self->crowd);
	t->domain = domain_open();
	t->event = event_new();
	t->page = memory_anon(PAGE);
	t->fd = device_open_bdf(self->bdf);
	ASSERT_LE(0, t->fd);
	ASSERT_EQ(0, device_node(self->bdf, t->node, sizeof(t->node)));
	ASSERT_EQ(0, device_set(t->fd, t->domain));
	ASSERT_EQ(0, device_command_write(t->fd, COMMAND_MEMORY));
	t->power = device_capability(t->fd, CAP_PM) + PM_CONTROL;
	ASSERT_EQ(0, crowd_start(self->crowd, variant->step, t));
}

FIXTURE_TEARDOWN(crowd)
{
	crowd_stop(self->crowd);
	free(self->crowd);
	close(self->target.fd);
	close(self->target.domain);
	close(self->target.event);
	EXPECT_EQ(0, device_bind(self->bdf, "vfio"));
}

TEST_F_TIMEOUT(crowd, unbinding_does_not_wait_for_it, 120)
{
	long start = process_ms();

	EXPECT_EQ(0, device_bind(self->bdf, NULL));
	EXPECT_GT(BOUND, process_ms() - start);
	printf("# unbound after %ld ms\n", process_ms() - start);
	EXPECT_EQ(-ENODEV, call(self->target.fd, VFIO_IRQ_EOI, NULL));
}

TEST_F_TIMEOUT(crowd, an_administrators_reset_does_not_wait_for_it, 120)
{
	long start = process_ms();
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset",
		 self->bdf);
	EXPECT_EQ(0, text_write(path, "1"));
	EXPECT_GT(BOUND, process_ms() - start);
	printf("# reset after %ld ms\n", process_ms() - start);
	crowd_stop(self->crowd);
	EXPECT_LE(0, device_command(self->target.fd));
}

TEST_HARNESS_MAIN
