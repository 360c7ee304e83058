// SPDX-License-Identifier: GPL-2.0
/*
 * Every call in every order. Invariant: what a call answers follows from four
 * facts (attached, mappings, kind of interrupt, memory enabled) and from
 * nothing that happened before.
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/edu.h"
#include "../lib/event.h"
#include "../lib/fault.h"
#include "../lib/memory.h"

#define IOVA 0x1000000ULL
#define STEPS 3000
#define KERNEL_MEMORY 0xffff888000000000ULL /* cut to 0 in 32 bits */

/* The facts, and what the calls work on */
struct model {
	int fd;
	int domain;
	int event;
	__u8 *page;
	volatile __u8 *bar;
	bool attached;
	bool mapped;
	bool memory;
	int kind; /* 0 none, 1 INTx, 2 MSI */
};

static int forbidden(const struct model *m)
{
	return m->attached ? 0 : -EINVAL;
}

static int step_set(struct model *m)
{
	int expected = m->attached ? -EBUSY : 0;

	m->attached = true;
	return device_set(m->fd, m->domain) == expected;
}

static int step_unset(struct model *m)
{
	int expected = m->mapped ? -EBUSY : 0;

	if (!expected) {
		m->attached = false;
		m->kind = 0;
	}
	return call(m->fd, VFIO_DOMAIN_UNSET, NULL) == expected;
}

static int step_map(struct model *m)
{
	int expected = m->mapped ? -EBUSY : forbidden(m);

	if (!expected)
		m->mapped = true;
	return device_map(m->fd, m->page, IOVA, PAGE, 1) == expected;
}

static int step_unmap(struct model *m)
{
	int expected = m->mapped ? 0 : m->attached ? -ENXIO : -EINVAL;

	m->mapped = false;
	return device_unmap(m->fd, IOVA, PAGE) == expected;
}

static int bind(struct model *m, unsigned long request, int kind, int fd)
{
	int expected = forbidden(m);

	if (!expected && fd >= 0 && m->kind && m->kind != kind)
		expected = -EBUSY;
	if (!expected && fd >= 0)
		m->kind = kind;
	else if (!expected && m->kind == kind)
		m->kind = 0;
	return call(m->fd, request, &fd) == expected;
}

static int step_intx(struct model *m)
{
	return bind(m, VFIO_EVENTFD_IRQ, 1, m->event);
}

static int step_no_intx(struct model *m)
{
	return bind(m, VFIO_EVENTFD_IRQ, 1, -1);
}

static int step_msi(struct model *m)
{
	return bind(m, VFIO_EVENTFD_MSI, 2, m->event);
}

static int step_no_msi(struct model *m)
{
	return bind(m, VFIO_EVENTFD_MSI, 2, -1);
}

static int step_answer(struct model *m)
{
	return call(m->fd, VFIO_IRQ_EOI, NULL) == forbidden(m);
}

static int enable(struct model *m, bool memory)
{
	int expected = forbidden(m);

	if (!expected)
		m->memory = memory;
	return device_command_write(m->fd, memory ? COMMAND_MEMORY : 0) ==
	       expected;
}

static int step_enable(struct model *m)
{
	return enable(m, true);
}

static int step_disable(struct model *m)
{
	return enable(m, false);
}

static int step_read(struct model *m)
{
	int expected = m->attached ? m->memory ? 4 : -EIO : -EINVAL;
	__u32 id;

	return device_read(m->fd, REGION(0, 0), &id, 4) == expected;
}

static int step_read_config(struct model *m)
{
	__u16 id;

	return device_read(m->fd, CONFIG(0), &id, 2) == 2 && id == 0x1234;
}

static int step_mmap(struct model *m)
{
	void *bar = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, m->fd, 0);

	if (bar == MAP_FAILED)
		return !m->attached && errno == EINVAL;
	if (m->bar)
		munmap((void *)m->bar, PAGE);
	m->bar = bar;
	return m->attached;
}

static int step_touch(struct model *m)
{
	bool reachable = m->attached && m->memory;

	return !m->bar || !fault_read(m->bar) == reachable;
}

static int step_length(struct model *m)
{
	__u32 length = 0;

	return !call(m->fd, VFIO_BAR_LEN, &length) && length == EDU_BAR_SIZE;
}

static int step_reset(struct model *m)
{
	int err = call(m->fd, VFIO_RESET_FUNCTION, NULL);

	return m->attached ? !err || err == -ENOTTY : err == -EINVAL;
}

static int (*const steps[])(struct model *m) = {
	step_set,    step_set,	  step_set,    step_unset,   step_map,
	step_unmap,  step_unmap,  step_intx,   step_no_intx, step_msi,
	step_no_msi, step_answer, step_enable, step_disable, step_read,
	step_mmap,   step_touch,  step_length, step_reset,   step_read_config,
};

FIXTURE(order)
{
	struct model m;
};

FIXTURE_SETUP(order)
{
	if (!device_bdf("EDU0"))
		SKIP(return, "EDU0 is not set");
	self->m = (struct model){
		.fd = device_open("EDU0"),
		.domain = domain_open(),
		.event = event_new(),
		.page = memory_anon(PAGE),
	};
	ASSERT_LE(0, self->m.fd);
	/* the memory enable bit is known from here on */
	ASSERT_EQ(0, device_set(self->m.fd, self->m.domain));
	self->m.attached = true;
	ASSERT_TRUE(step_disable(&self->m));
}

FIXTURE_TEARDOWN(order)
{
	close(self->m.fd);
	close(self->m.domain);
}

TEST_F(order, every_pair_and_triple)
{
	int n = ARRAY_SIZE(steps), i, j, k;

	for (i = 0; i < n; i++)
		for (j = 0; j < n; j++)
			for (k = 0; k < n; k++) {
				ASSERT_TRUE(steps[i](&self->m))
				TH_LOG("%d of %d %d %d", i, i, j, k);
				ASSERT_TRUE(steps[j](&self->m))
				TH_LOG("%d after %d", j, i);
				ASSERT_TRUE(steps[k](&self->m))
				TH_LOG("%d after %d %d", k, i, j);
			}
}

TEST_F(order, at_random)
{
	unsigned int seed = 7;
	int i, at;

	for (i = 0; i < STEPS; i++) {
		at = rand_r(&seed) % ARRAY_SIZE(steps);
		ASSERT_TRUE(steps[at](&self->m))
		TH_LOG("step %d is call %d", i, at);
	}
}

TEST_F(order, bad_pointers_in_every_state)
{
	static const unsigned long calls[] = {
		VFIO_DMA_MAP_IOVA, VFIO_DMA_UNMAP,	 VFIO_EVENTFD_IRQ,
		VFIO_EVENTFD_MSI,  VFIO_EVENTFDS_MSIX,	 VFIO_DOMAIN_SET,
		VFIO_BAR_LEN,	   VFIO_IRQ_EOI_EVENTFD, UVFIO_DEVICE_INFO,
		UVFIO_REGION_INFO, UVFIO_IRQ_INFO,	 UVFIO_IRQ_ENABLE,
		UVFIO_IRQ_SET,	   UVFIO_BUS_RESET,
	};
	static const unsigned long bad[] = { 0, 1, ~0UL,
					     (unsigned long)KERNEL_MEMORY };
	size_t i, turn;
	int err;

	for (turn = 0; turn < 2; turn++) {
		for (i = 0; i < ARRAY_SIZE(calls) * ARRAY_SIZE(bad); i++) {
			err = call(self->m.fd, calls[i / ARRAY_SIZE(bad)],
				   (void *)bad[i % ARRAY_SIZE(bad)]);
			EXPECT_TRUE(err == -EFAULT || (turn && err == -EINVAL))
			TH_LOG("call %#lx of %#lx: %d",
			       calls[i / ARRAY_SIZE(bad)],
			       bad[i % ARRAY_SIZE(bad)], err);
		}
		ASSERT_EQ(0, call(self->m.fd, VFIO_DOMAIN_UNSET, NULL));
	}
}

/* The new calls of the device keep the common rules of argsz and flags */
TEST_F(order, sizes_and_flags_of_the_new_calls)
{
	static const struct {
		unsigned long request;
		unsigned int size;
	} calls[] = {
		{ UVFIO_DEVICE_INFO, sizeof(struct uvfio_device_info) },
		{ UVFIO_REGION_INFO, sizeof(struct uvfio_region_info) },
		{ UVFIO_IRQ_INFO, sizeof(struct uvfio_irq_info) },
		{ UVFIO_IRQ_ENABLE, sizeof(struct uvfio_irq_enable) },
		{ UVFIO_IRQ_SET, sizeof(struct uvfio_irq_set) },
		{ UVFIO_BUS_RESET, sizeof(struct uvfio_bus_reset) },
	};
	union {
		struct {
			__u32 argsz;
			__u32 flags;
		};
		__u8 bytes[256];
	} arg;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		memset(&arg, 0, sizeof(arg));
		arg.argsz = calls[i].size - 1;
		EXPECT_EQ(-EINVAL, call(self->m.fd, calls[i].request, &arg))
		TH_LOG("call %zu", i);
		arg.argsz = calls[i].size + 1;
		arg.bytes[calls[i].size] = 1;
		EXPECT_EQ(-E2BIG, call(self->m.fd, calls[i].request, &arg))
		TH_LOG("call %zu", i);
		arg.bytes[calls[i].size] = 0;
		arg.flags = 1U << 31;
		EXPECT_EQ(-EOPNOTSUPP, call(self->m.fd, calls[i].request, &arg))
		TH_LOG("call %zu", i);
		if (calls[i].request == UVFIO_IRQ_SET ||
		    calls[i].request == UVFIO_BUS_RESET)
			continue;
		arg.flags = 0;
		EXPECT_EQ(0, call(self->m.fd, calls[i].request, &arg))
		TH_LOG("call %zu", i);
	}
}

TEST_HARNESS_MAIN
