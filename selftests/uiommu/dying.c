// SPDX-License-Identifier: GPL-2.0
/*
 * A process that is being killed, and whose memory is taken before it has gone,
 * as who runs out of memory does. Invariant: memory that a device reaches is
 * passed by; the end of the process unmaps it, and nothing is left.
 *
 * A tracer holds the process at the door, and process_mrelease() does what the
 * kernel does by itself.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/edu.h"
#include "../lib/memory.h"
#include "../lib/process.h"

#define IOVA 0x10000000ULL
#define SIZE (64 * PAGE)

struct mapper {
	int ends[2]; /* to tell, to await: see process_start() */
	int domain;
};

static int map_and_wait(void *arg)
{
	struct mapper *m = arg;
	__u8 *buf = memory_anon(SIZE);
	int err = domain_map(m->domain, buf, IOVA, SIZE, true);

	if (err)
		return -err;
	process_tell(m->ends[0]);
	process_await(m->ends[1]);
	return 0;
}

FIXTURE(dying)
{
	struct edu edu;
	struct mapper mapper;
	int ready, go;
	pid_t pid;
};

FIXTURE_SETUP(dying)
{
	if (!device_bdf("EDU0"))
		SKIP(return, "EDU0 is not set");
	self->mapper.domain = domain_open();
	ASSERT_EQ(0, edu_open(&self->edu, "EDU0"));
	self->pid = process_start(map_and_wait, &self->mapper, &self->ready,
				  &self->go);
	ASSERT_EQ(0, process_await(self->ready));
	ASSERT_EQ(1, domain_nr_maps(self->mapper.domain));
}

FIXTURE_TEARDOWN(dying)
{
	edu_close(&self->edu);
	close(self->mapper.domain);
}

/* Kill it, and hold it before its memory goes. */
static int kill_and_hold(pid_t pid)
{
	int status;

	if (ptrace(PTRACE_SEIZE, pid, 0L, PTRACE_O_TRACEEXIT))
		return -errno;
	kill(pid, SIGKILL);
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status))
		return -ECHILD;
	return 0;
}

static int take_memory(pid_t pid)
{
	int fd = syscall(SYS_pidfd_open, pid, 0);
	int err = syscall(SYS_process_mrelease, fd, 0) ? -errno : 0;

	close(fd);
	return err;
}

static int let_go(pid_t pid)
{
	int status;

	if (ptrace(PTRACE_CONT, pid, 0L, 0L))
		return -errno;
	if (waitpid(pid, &status, 0) != pid)
		return -ECHILD;
	return WIFSIGNALED(status) ? 0 : -EBUSY;
}

TEST_F(dying, what_a_device_reaches_is_passed_by)
{
	int domain = self->mapper.domain;

	ASSERT_EQ(0, edu_attach(&self->edu, domain));
	ASSERT_EQ(0, kill_and_hold(self->pid));
	EXPECT_EQ(-EAGAIN, take_memory(self->pid));
	/* one more is the device's own */
	EXPECT_EQ(2, domain_nr_maps(domain));
	EXPECT_EQ(SIZE / PAGE + 1, domain_pinned(domain));
	ASSERT_EQ(0, let_go(self->pid));
	EXPECT_EQ(1, domain_nr_maps(domain));
	EXPECT_TRUE(domain_pinned_becomes(domain, 1));
}

TEST_F(dying, what_no_device_reaches_is_taken)
{
	int domain = self->mapper.domain;

	ASSERT_EQ(0, kill_and_hold(self->pid));
	EXPECT_EQ(0, take_memory(self->pid));
	EXPECT_EQ(0, domain_nr_maps(domain));
	ASSERT_EQ(0, let_go(self->pid));
	EXPECT_TRUE(domain_pinned_becomes(domain, 0));
}

TEST_HARNESS_MAIN
