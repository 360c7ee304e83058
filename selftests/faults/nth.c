// SPDX-License-Identifier: GPL-2.0
/*
 * Every allocation of a call fails once: the first, the second, the third,
 * until the call passes untouched.
 *
 * Invariant: after a call that failed, nothing is pinned, charged, mapped,
 * attached or referenced, and the same call then succeeds.
 *
 * Interrupts are left out: a kernel that could not make /proc/irq/<N> warns
 * when it takes the interrupt back, whoever asked for it.
 */
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
#include "../lib/memory.h"
#include "../lib/process.h"
#include "../lib/text.h"

#define KNOBS "/sys/kernel/debug/"
#define SEPARATE "/sys/module/uiommu/parameters/separate_tables"
#define MOST 20000
#define IOVA 0x40000000ULL
#define SMALL (16 * PAGE)
#define LARGE (4UL << 20)
#define REPLAYED 24
#define SPREAD (REPLAYED * PAGE)
#define BAR 2
#define ROOM 100 /* pages that a user without any mapping finds free */

/**
 * struct stage - what the scenarios work on
 * @domain: a domain
 * @device: an opened edu, attached or not as the scenario wants
 * @opened: what the scenario opened, or negative
 * @memory: a buffer, populated
 * @bar: memory of the device that the scenario opened, or NULL
 * @chosen: where the kernel put a mapping
 * @vmpin: pages pinned for this process before
 */
struct stage {
	int domain;
	int device;
	int opened;
	struct memory memory;
	void *bar;
	__u64 chosen;
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
 */
struct scenario {
	enum kind kind;
	size_t size;
	int (*prepare)(struct stage *stage);
	int (*act)(struct stage *stage);
	int (*undo)(struct stage *stage);
	bool cannot_fail;
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

/* Who may lock as much as he likes is not charged at all. */
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
	memset(stage, 0, sizeof(*stage));
	stage->opened = -1;
	stage->vmpin = process_vmpin(getpid());
	stage->domain = domain_open();
	stage->device = device_open("EDU0");
	if (stage->domain < 0 || stage->device < 0)
		return -EIO;
	if (s->size && memory_make(&stage->memory, s->kind, s->size))
		return -ENOMEM;
	if (s->size)
		memset(stage->memory.buf, 0x5a, SMALL);
	return s->prepare ? s->prepare(stage) : 0;
}

static void close_stage(struct stage *stage)
{
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

static int failed_cleanly(struct stage *stage, const struct scenario *s,
			  int err, const struct uiommu_info *before)
{
	struct uiommu_info now;

	if (s->cannot_fail)
		return -EINVAL;
	if (domain_info(stage->domain, &now))
		return -EIO;
	if (now.nr_maps != before->nr_maps || now.pinned != before->pinned ||
	    now.nr_devices != before->nr_devices)
		return -EBUSY;
	return err == -ENOMEM ? s->act(stage) : err;
}

/* Returns 1 when the call passed untouched, 0 when one allocation failed. */
static int fail_one(struct stage *stage, const struct scenario *s,
		    unsigned int nth)
{
	struct uiommu_info before;
	long left;
	int err;

	if (domain_info(stage->domain, &before) || arm(nth))
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
		close_stage(&stage);
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

static int open_domain(struct stage *stage)
{
	stage->opened = domain_open();
	return stage->opened < 0 ? stage->opened : 0;
}

static int open_device(struct stage *stage)
{
	stage->opened = device_open("EDU1");
	return stage->opened < 0 ? stage->opened : 0;
}

static int close_opened(struct stage *stage)
{
	int err = close(stage->opened);

	stage->opened = -1;
	return err;
}

static int attach(struct stage *stage)
{
	return device_set(stage->device, stage->domain);
}

static int detach(struct stage *stage)
{
	return call(stage->device, VFIO_DOMAIN_UNSET, NULL);
}

static int map_all(struct stage *stage)
{
	return domain_map(stage->domain, stage->memory.buf, IOVA,
			  stage->memory.size, true);
}

static int map_read_only(struct stage *stage)
{
	return domain_map(stage->domain, stage->memory.buf, IOVA,
			  stage->memory.size, false);
}

static int unmap_all(struct stage *stage)
{
	return domain_unmap_all(stage->domain);
}

static int map_by_device(struct stage *stage)
{
	return device_map(stage->device, stage->memory.buf, IOVA,
			  stage->memory.size, VFIO_FLAG_WRITE);
}

static int map_any(struct stage *stage)
{
	return domain_map_any(stage->domain, stage->memory.buf, &stage->chosen,
			      stage->memory.size);
}

static int unmap_by_device(struct stage *stage)
{
	return device_unmap(stage->device, IOVA, stage->memory.size);
}

static int attach_and_map(struct stage *stage)
{
	int err = attach(stage);

	return err ? err : map_all(stage);
}

/* A neighbour in the domain, whose memory the other is to reach */
static int attach_neighbour(struct stage *stage)
{
	int err = attach(stage);

	stage->opened = device_open("IVSHMEM");
	if (!err)
		err = device_set(stage->opened, stage->domain);
	if (!err)
		err = device_command_write(stage->opened, COMMAND_MEMORY);
	if (err)
		return err;
	stage->bar = mmap(NULL, SMALL, PROT_READ | PROT_WRITE, MAP_SHARED,
			  stage->opened, REGION(BAR, 0));
	if (stage->bar != MAP_FAILED)
		return 0;
	stage->bar = NULL;
	return -errno;
}

static int map_neighbour(struct stage *stage)
{
	return domain_map(stage->domain, stage->bar, IOVA, SMALL, true);
}

/* Many mappings at scattered places: each wants its own page tables. */
static int map_scattered(struct stage *stage)
{
	int i, err = 0;

	for (i = 0; !err && i < REPLAYED; i++)
		err = domain_map(stage->domain, stage->memory.buf + i * PAGE,
				 IOVA * (i + 1), PAGE, true);
	return err;
}

/* A second device, with page tables of its own, and much to put into them */
static int prepare_second(struct stage *stage)
{
	int err = attach(stage);

	if (!err)
		err = map_scattered(stage);
	if (!err)
		err = text_write(SEPARATE, "Y");
	return err ? err : open_device(stage);
}

static int attach_second(struct stage *stage)
{
	return device_set(stage->opened, stage->domain);
}

static int detach_second(struct stage *stage)
{
	return call(stage->opened, VFIO_DOMAIN_UNSET, NULL);
}

static int attach_both(struct stage *stage)
{
	int err = prepare_second(stage);

	if (!err)
		err = unmap_all(stage);
	return err ? err : attach_second(stage);
}

static int map_both(struct stage *stage)
{
	int err = attach_both(stage);

	return err ? err : map_all(stage);
}

/* clang-format off */
#define SWEEP(name, ...)					\
	TEST(name)						\
	{							\
		static const struct scenario s = { __VA_ARGS__ };	\
								\
		sweep(_metadata, &s);				\
	}

SWEEP(opening_a_domain, ANON, 0, NULL, open_domain, close_opened)
SWEEP(opening_a_device, ANON, 0, NULL, open_device, close_opened)
SWEEP(attaching, ANON, 0, NULL, attach, detach)
SWEEP(attaching_with_replay, ANON, SPREAD, map_scattered, attach, detach)
SWEEP(attaching_another_with_replay, ANON, SPREAD, prepare_second,
	attach_second, detach_second)
SWEEP(mapping_in_both_tables, ANON, SPREAD, attach_both, map_all, unmap_all)
SWEEP(mapping_before_attach, ANON, SMALL, NULL, map_all, unmap_all)
SWEEP(mapping_anonymous, ANON, SMALL, attach, map_all, unmap_all)
SWEEP(mapping_read_only, ANON, SMALL, attach, map_read_only, unmap_all)
SWEEP(mapping_much, ANON, LARGE, attach, map_all, unmap_all)
SWEEP(mapping_huge_pages, THP, LARGE, attach, map_all, unmap_all)
SWEEP(mapping_hugetlb, HUGETLB, LARGE, attach, map_all, unmap_all)
SWEEP(mapping_shared, MEMFD, SMALL, attach, map_all, unmap_all)
SWEEP(mapping_private_hugetlb, HUGETLB_PRIVATE, LARGE, attach, map_all,
	unmap_all)
SWEEP(mapping_hugetlb_of_1_gib, HUGETLB_1G, GIGANTIC, attach, map_all,
	unmap_all)
SWEEP(mapping_shared_anonymous, SHARED_ANON, SMALL, attach, map_all, unmap_all)
SWEEP(mapping_where_the_kernel_likes, ANON, SMALL, attach, map_any, unmap_all)
SWEEP(mapping_memory_of_a_device, ANON, 0, attach_neighbour, map_neighbour,
	unmap_all)
SWEEP(mapping_private_file, PRIVATE_FILE, SMALL, attach, map_all, unmap_all)
SWEEP(mapping_by_device, ANON, SMALL, attach, map_by_device, unmap_by_device)
SWEEP(unmapping, ANON, LARGE, attach_and_map, unmap_all, NULL, true)
SWEEP(unmapping_from_both_tables, ANON, SPREAD, map_both, unmap_all, NULL, true)
/* clang-format on */

TEST_HARNESS_MAIN
