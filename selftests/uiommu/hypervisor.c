// SPDX-License-Identifier: GPL-2.0
/*
 * What a hypervisor does with a guest's memory while devices reach it: a
 * balloon and other ways of discarding pages, and a live update by exec.
 * Invariant: what Documentation/hypervisors.rst says.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/edu.h"
#include "../lib/memory.h"
#include "../lib/process.h"

#define RAM 0x100000000ULL
#define BLOCKS 4
#define SIZE (BLOCKS * HUGE)
#define SECOND (RAM + HUGE) /* its block is the one that loses a page */
#define SECRET 0x5c

/* Memory of a guest, as a hypervisor maps it before it discards a page */
FIXTURE(ram)
{
	int domain;
	struct edu edu;
	__u8 *ram;
};

FIXTURE_VARIANT(ram)
{
	bool blocks; /* each a mapping of its own */
};

/* clang-format off */
FIXTURE_VARIANT_ADD(ram, as_a_whole) { .blocks = false };
FIXTURE_VARIANT_ADD(ram, in_blocks) { .blocks = true };
/* clang-format on */

FIXTURE_SETUP(ram)
{
	__u64 step = variant->blocks ? HUGE : SIZE, at;

	if (!device_bdf("EDU0"))
		SKIP(return, "EDU0 is not set");
	self->domain = domain_open();
	ASSERT_EQ(0, edu_open(&self->edu, "EDU0"));
	ASSERT_EQ(0, edu_attach(&self->edu, self->domain));
	self->ram = memory_anon(SIZE);
	memset(self->ram, SECRET, SIZE);
	for (at = 0; at < SIZE; at += step)
		ASSERT_EQ(0, domain_map(self->domain, self->ram + at, RAM + at,
					step, true));
}

FIXTURE_TEARDOWN(ram)
{
	edu_close(&self->edu);
	close(self->domain);
}

/* What a balloon does, free page reporting, virtio-mem, postcopy */
static int discard(__u8 *page)
{
	return madvise(page, PAGE, MADV_DONTNEED);
}

TEST_F(ram, a_discarded_page_takes_its_whole_mapping_along)
{
	struct uiommu_revoked_range gone = {};
	struct pollfd p = { .fd = self->domain, .events = POLLIN };
	__u64 last = RAM + SIZE - PAGE;
	__u32 flags;

	ASSERT_EQ(1, edu_sees(&self->edu, last, SECRET));
	ASSERT_EQ(0, discard(self->ram + HUGE + PAGE));
	ASSERT_EQ(1, poll(&p, 1, 20000));
	ASSERT_EQ(1, domain_revoked(self->domain, &gone, 1, &flags));
	EXPECT_EQ(variant->blocks ? SECOND : RAM, gone.iova);
	EXPECT_EQ(variant->blocks ? HUGE : SIZE, gone.size);
	EXPECT_EQ(0, edu_sees(&self->edu, SECOND, SECRET));
	EXPECT_EQ(variant->blocks, edu_sees(&self->edu, last, SECRET));
	EXPECT_EQ(variant->blocks, edu_sees(&self->edu, RAM, SECRET));

	/* the range is free: mapped again it is what the process has there */
	ASSERT_EQ(0, domain_map(self->domain, self->ram + (gone.iova - RAM),
				gone.iova, gone.size, true));
	EXPECT_EQ(1, edu_sees(&self->edu, SECOND, SECRET));
	EXPECT_EQ(1, edu_sees(&self->edu, last, SECRET));
	EXPECT_EQ(1, edu_arrives(&self->edu, SECOND + PAGE,
				 self->ram + HUGE + PAGE));
}

TEST_F(ram, unmapped_before_and_mapped_after_nothing_is_reported)
{
	struct pollfd p = { .fd = self->domain, .events = POLLIN };
	__u64 at = variant->blocks ? HUGE : 0;
	__u64 size = variant->blocks ? HUGE : SIZE;

	ASSERT_EQ(0, domain_unmap(self->domain, RAM + at, size));
	ASSERT_EQ(0, discard(self->ram + HUGE + PAGE));
	ASSERT_EQ(0, domain_map(self->domain, self->ram + at, RAM + at, size,
				true));
	EXPECT_EQ(0, poll(&p, 1, 300));
	EXPECT_EQ(1, edu_sees(&self->edu, SECOND, SECRET));
	EXPECT_EQ(1, edu_arrives(&self->edu, SECOND + PAGE,
				 self->ram + HUGE + PAGE));
}

/* A hypervisor that replaces itself by another program */
struct updated {
	int ends[2]; /* to tell, to await: see process_start() */
	int domain;
	int memfd;
};

static int map_ram(const struct updated *u)
{
	void *ram = mmap(NULL, HUGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			 u->memfd, 0);

	if (ram == MAP_FAILED)
		return -errno;
	return domain_map(u->domain, ram, RAM, HUGE, true);
}

#define PASSED "SELFTEST_UPDATED"

static int map_and_exec(void *arg)
{
	struct updated *u = arg;
	char *argv[] = { "updated", NULL };
	char text[64];
	int err = map_ram(u);

	if (err)
		return err;
	process_tell(u->ends[0]);
	process_await(u->ends[1]);
	snprintf(text, sizeof(text), "%d %d %d %d", u->ends[0], u->ends[1],
		 u->domain, u->memfd);
	setenv(PASSED, text, 1);
	execv("/proc/self/exe", argv);
	return errno;
}

/* The new program has the descriptors, and maps when it is told to. */
static void __attribute__((constructor)) be_the_new_one(void)
{
	const char *text = getenv(PASSED);
	struct updated u;
	int err;

	if (!text || sscanf(text, "%d %d %d %d", u.ends, u.ends + 1, &u.domain,
			    &u.memfd) != 4)
		return;
	process_tell(u.ends[0]);
	process_await(u.ends[1]);
	err = map_ram(&u);
	process_tell(u.ends[0]);
	process_await(u.ends[1]);
	_exit(-err);
}

TEST(live_update_by_exec_maps_again_through_the_same_descriptors)
{
	struct updated u = { .domain = domain_open(),
			     .memfd = memfd_create("ram", 0) };
	struct uiommu_info info;
	struct edu edu;
	int ready, go;
	void *view;
	pid_t pid;

	if (!device_bdf("EDU0"))
		SKIP(return, "EDU0 is not set");
	ASSERT_EQ(0, ftruncate(u.memfd, HUGE));
	view = mmap(NULL, HUGE, PROT_READ | PROT_WRITE, MAP_SHARED, u.memfd, 0);
	ASSERT_NE(MAP_FAILED, view);
	ASSERT_EQ(0, fcntl(u.domain, F_SETFD, 0));
	ASSERT_EQ(0, edu_open(&edu, "EDU0"));
	ASSERT_EQ(0, edu_attach(&edu, u.domain));
	pid = process_start(map_and_exec, &u, &ready, &go);
	ASSERT_EQ(0, process_await(ready));
	EXPECT_EQ(1, edu_arrives(&edu, RAM, view));
	process_tell(go);

	/* exec has ended the mapping, and nothing else */
	ASSERT_EQ(0, process_await(ready));
	EXPECT_EQ(0, edu_arrives(&edu, RAM, view));
	ASSERT_EQ(0, domain_info(u.domain, &info));
	EXPECT_EQ(1, info.nr_devices);
	EXPECT_EQ(1, info.nr_maps); /* the device's own, of another process */
	process_tell(go);

	ASSERT_EQ(0, process_await(ready));
	EXPECT_EQ(1, edu_arrives(&edu, RAM, view));
	process_tell(go);
	EXPECT_EQ(0, process_wait(pid));
	edu_close(&edu);
	close(u.domain);
}

TEST_HARNESS_MAIN
