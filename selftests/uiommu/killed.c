// SPDX-License-Identifier: GPL-2.0
/*
 * An unmap of very many mappings, whose caller is killed in the middle.
 * Invariant: it ends at once and leaves the rest as it was; who made that can
 * still unmap it, and where its maker dies it goes. Nothing is left.
 */
#include <sched.h>
#include <signal.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/edu.h"
#include "../lib/memory.h"
#include "../lib/process.h"
#include "../lib/text.h"

#define IOVA 0x100000000ULL
#define MANY 20000
#define MANY_SLOWLY 2000 /* where the kernel looks closely */
#define PROMPT 20000 /* ms: see hang.c */

struct victim {
	int ends[2]; /* to tell, to await: see process_start() */
	int domain;
	unsigned int maps;
};

/* The same page again and again: it is the mappings that take the time */
static int map_many(int domain, __u8 *page, unsigned int n)
{
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < n; i++)
		err = domain_map(domain, page, IOVA + i * PAGE, PAGE, true);
	return err;
}

static int unmap_many(void *arg)
{
	struct victim *v = arg;
	int err = map_many(v->domain, memory_anon(PAGE), v->maps);

	if (err)
		return err;
	process_tell(v->ends[0]);
	process_await(v->ends[1]);
	return domain_unmap_all(v->domain);
}

/* One processor for both: on a busy host two do not go on side by side. */
static int share_processor(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	return sched_setaffinity(0, sizeof(one), &one);
}

FIXTURE(killed)
{
	int domain;
	struct edu edu;
	__u8 *page;
	unsigned int many;
	long vmpin;
	struct victim victim;
	pid_t pid;
	int ready;
	int go;
};

FIXTURE_SETUP(killed)
{
	if (!device_bdf("EDU0"))
		SKIP(return, "EDU0 is not set");
	self->domain = domain_open();
	self->page = memory_anon(PAGE);
	self->many = text_kernel_looks_closely() ? MANY_SLOWLY : MANY;
	ASSERT_EQ(0, edu_open(&self->edu, "EDU0"));
	ASSERT_EQ(0, edu_attach(&self->edu, self->domain));
	self->vmpin = process_vmpin(getpid());
	self->victim.domain = self->domain;
	ASSERT_EQ(0, share_processor());
}

FIXTURE_TEARDOWN(killed)
{
	kill(self->pid, SIGKILL);
	edu_close(&self->edu);
	close(self->domain);
}

static int start(FIXTURE_DATA(killed) * self, unsigned int maps)
{
	self->victim.maps = maps;
	self->pid = process_start(unmap_many, &self->victim, &self->ready,
				  &self->go);
	return process_await(self->ready);
}

/* Kill it when a quarter is unmapped. One more is the device's. */
static int kill_in_the_middle(FIXTURE_DATA(killed) * self)
{
	long before = process_ms();

	process_tell(self->go);
	while (domain_nr_maps(self->domain) > self->many / 4 * 3) {
		if (process_ms() - before > PROMPT)
			return -ETIMEDOUT;
		process_nap(1);
	}
	before = process_ms();
	kill(self->pid, SIGKILL);
	if (process_wait(self->pid) != 128 + SIGKILL)
		return -ECHILD;
	return process_ms() - before < PROMPT ? 0 : -ETIME;
}

static void expect_nothing_left(struct __test_metadata *_metadata,
				FIXTURE_DATA(killed) * self)
{
	EXPECT_EQ(1, domain_nr_maps(self->domain));
	EXPECT_EQ(1, domain_pinned_becomes(self->domain, 1));
	EXPECT_EQ(1, process_vmpin_becomes(getpid(), self->vmpin));
	EXPECT_EQ(0, domain_map(self->domain, self->page, IOVA, PAGE, true));
	EXPECT_EQ(1, edu_arrives(&self->edu, IOVA, self->page));
}

TEST_F_TIMEOUT(killed, what_others_made_stays_theirs, 300)
{
	long left;

	ASSERT_EQ(0, start(self, 0));
	ASSERT_EQ(0, map_many(self->domain, self->page, self->many));
	ASSERT_EQ(0, kill_in_the_middle(self));
	left = domain_nr_maps(self->domain) - 1;
	TH_LOG("%ld of %u left", left, self->many);
	EXPECT_LT(0, left);
	EXPECT_GT(self->many, left);
	EXPECT_EQ(1, domain_pinned_becomes(self->domain, 1 + left));
	EXPECT_EQ(1, process_vmpin_becomes(getpid(), self->vmpin + left));
	/* the lowest go first */
	EXPECT_EQ(1, edu_arrives(&self->edu, IOVA + (self->many - 1) * PAGE,
				 self->page));
	EXPECT_EQ(0, domain_unmap(self->domain, IOVA, self->many * PAGE));
	expect_nothing_left(_metadata, self);
}

TEST_F_TIMEOUT(killed, what_it_made_goes_with_it, 300)
{
	ASSERT_EQ(0, start(self, self->many));
	ASSERT_EQ(0, kill_in_the_middle(self));
	expect_nothing_left(_metadata, self);
}

TEST_HARNESS_MAIN
