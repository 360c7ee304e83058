/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every allocation of a call fails once: the first, the second, the third,
 * until the call passes untouched.
 *
 * Invariant: after a call that failed, nothing is pinned, charged, mapped,
 * attached or referenced, no interrupt is on that was not, and the same call
 * then succeeds.
 */
#ifndef SELFTESTS_SWEEP_H
#define SELFTESTS_SWEEP_H

#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/event.h"
#include "../lib/memory.h"
#include "../lib/process.h"
#include "../lib/text.h"

#define KNOBS "/sys/kernel/debug/"
#define SEPARATE "/sys/module/uiommu/parameters/separate_tables"
#define MOST 20000
#define IOVA 0x40000000ULL
#define SMALL (16 * PAGE)
#define VECTORS 8
#define ROOM 100 /* pages that a user without any mapping finds free */

/**
 * struct stage - what the scenarios work on
 * @domain: a domain
 * @device: an opened edu, attached or not as the scenario wants
 * @opened: what the scenario opened, or negative
 * @memory: a buffer, populated
 * @bar: memory of the device that the scenario opened, or NULL
 * @chosen: where the kernel put a mapping
 * @events: eventfds, if the scenario has interrupts
 * @vmpin: pages pinned for this process before
 */
struct stage {
	int domain;
	int device;
	int opened;
	struct memory memory;
	void *bar;
	__u64 chosen;
	int events[VECTORS];
	long vmpin;
};

/**
 * struct scenario - one call, and how to stand before it again
 * @kind: kind of the buffer
 * @size: of the buffer; 0: none
 * @prepare: what leads up to the call, undisturbed, or NULL
 * @act: the call; 0, or a negative errno
 * @undo: what takes a success back, or NULL
 * @cannot_fail: is it teardown, which has no reason to fail?
 * @interrupts: is it about those?
 */
struct scenario {
	enum kind kind;
	size_t size;
	int (*prepare)(struct stage *stage);
	int (*act)(struct stage *stage);
	int (*undo)(struct stage *stage);
	bool cannot_fail;
	bool interrupts;
};

/**
 * struct state - what a call that fails leaves as it was
 * @info: of the domain
 * @enabled: how many interrupts of each kind are on
 */
struct state {
	struct uiommu_info info;
	__u32 enabled[UVFIO_IRQ_MSIX + 1];
};

/* Opened once: opening it while armed would take the failure itself. */
static int nth_fd = -1;

static int arm(unsigned int nth)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%u", nth);

	return pwrite(nth_fd, text, n, 0) == n ? 0 : -errno;
}

/* Returns how many allocations were left to go; 0: one has failed. */
static long disarm(void)
{
	char text[32] = "";

	if (pread(nth_fd, text, sizeof(text) - 1, 0) <= 0 || arm(0))
		return -1;
	return strtol(text, NULL, 10);
}

/* Also allocations that may sleep; no stack dumps, the log is looked at. */
static int turn_knobs(void)
{
	nth_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	return nth_fd < 0 ||
	       text_write(KNOBS "failslab/ignore-gfp-wait", "N") < 0 ||
	       text_write(KNOBS "failslab/verbose", "0") < 0 ||
	       text_write(KNOBS "fail_page_alloc/ignore-gfp-wait", "N") < 0 ||
	       text_write(KNOBS "fail_page_alloc/min-order", "0") < 0 ||
	       text_write(KNOBS "fail_page_alloc/verbose", "0") < 0;
}

/* A process with CAP_IPC_LOCK is not charged at all. */
static int give_up_privilege(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	if (setrlimit(RLIMIT_MEMLOCK, &all) ||
	    syscall(SYS_capget, &header, data))
		return -errno;
	data[0].effective &= ~CAP_TO_MASK(CAP_IPC_LOCK);
	data[0].permitted &= ~CAP_TO_MASK(CAP_IPC_LOCK);
	return syscall(SYS_capset, &header, data) ? -errno : 0;
}

static int room(void)
{
	return process_quota(getuid(), ROOM);
}

static int open_stage(struct stage *stage, const struct scenario *s)
{
	int i;

	memset(stage, 0, sizeof(*stage));
	stage->opened = -1;
	stage->vmpin = process_vmpin(getpid());
	stage->domain = domain_open();
	stage->device = device_open("EDU0");
	if (stage->domain < 0 || stage->device < 0)
		return -EIO;
	for (i = 0; s->interrupts && i < VECTORS; i++)
		stage->events[i] = event_new();
	if (s->size && memory_make(&stage->memory, s->kind, s->size))
		return -ENOMEM;
	if (s->size)
		memset(stage->memory.buf, 0x5a, SMALL);
	return s->prepare ? s->prepare(stage) : 0;
}

static void close_stage(struct stage *stage, const struct scenario *s)
{
	int i;

	for (i = 0; s->interrupts && i < VECTORS; i++)
		close(stage->events[i]);
	text_write(SEPARATE, "N");
	if (stage->opened >= 0)
		close(stage->opened);
	if (stage->bar)
		munmap(stage->bar, SMALL);
	if (stage->memory.buf)
		memory_free(&stage->memory);
	close(stage->device);
	close(stage->domain);
}

/* Asking how many can be had tries that: only where it is the matter */
static int read_state(struct stage *stage, const struct scenario *s,
		      struct state *state)
{
	int fd = stage->opened < 0 ? stage->device : stage->opened;
	__u32 kind;

	memset(state, 0, sizeof(*state));
	for (kind = 0; s->interrupts && kind <= UVFIO_IRQ_MSIX; kind++)
		state->enabled[kind] = device_irq_info(fd, kind).enabled;
	return domain_info(stage->domain, &state->info);
}

static bool is_as_before(const struct state *now, const struct state *before)
{
	return now->info.nr_maps == before->info.nr_maps &&
	       now->info.pinned == before->info.pinned &&
	       now->info.nr_devices == before->info.nr_devices &&
	       !memcmp(now->enabled, before->enabled, sizeof(now->enabled));
}

/* Of interrupts the kernel says that there are no more when memory is short */
static bool is_shortage(const struct scenario *s, int err)
{
	return err == -ENOMEM || (s->interrupts && err == -ENOSPC);
}

static int failed_cleanly(struct stage *stage, const struct scenario *s,
			  int err, const struct state *before)
{
	struct state now;

	if (s->cannot_fail)
		return -EINVAL;
	if (read_state(stage, s, &now))
		return -EIO;
	if (!is_as_before(&now, before))
		return -EBUSY;
	return is_shortage(s, err) ? s->act(stage) : err;
}

/* Returns 1 when the call passed untouched, 0 when one allocation failed. */
static int fail_one(struct stage *stage, const struct scenario *s,
		    unsigned int nth)
{
	struct state before;
	long left;
	int err;

	if (read_state(stage, s, &before) || arm(nth))
		return -ENODEV;
	err = s->act(stage);
	left = disarm();
	if (left < 0)
		return -ENODEV;
	if (err)
		err = failed_cleanly(stage, s, err, &before);
	if (!err && s->undo)
		err = s->undo(stage);
	return err ? err : left > 0;
}

static void sweep(struct __test_metadata *_metadata, const struct scenario *s)
{
	unsigned int nth;
	struct stage stage;
	int done = 0, before;

	ASSERT_EQ(0, turn_knobs());
	ASSERT_EQ(0, give_up_privilege());
	before = room();
	/* neither none, nor without a limit: see process_quota() */
	ASSERT_LT(0, before);
	ASSERT_GE(ROOM, before);
	for (nth = 1; !done && nth < MOST; nth++) {
		ASSERT_EQ(0, open_stage(&stage, s));
		done = fail_one(&stage, s, nth);
		ASSERT_LE(0, done)
		TH_LOG("allocation %u: %s", nth, strerror(-done));
		close_stage(&stage, s);
		ASSERT_EQ(1, process_vmpin_becomes(getpid(), stage.vmpin));
	}
	EXPECT_EQ(1, done);
	EXPECT_EQ(1, process_quota_becomes(getuid(), ROOM, before));
	if (!s->cannot_fail) {
		EXPECT_LT(2, nth)
		TH_LOG("no allocation was failed at all");
	}
	TH_LOG("%u allocations failed, one at a time", nth - 2);
}

/* clang-format off */
#define SWEEP(name, ...)					\
	TEST(name)						\
	{							\
		static const struct scenario s = { __VA_ARGS__ };	\
								\
		sweep(_metadata, &s);				\
	}
/* clang-format on */

#endif
