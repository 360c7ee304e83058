// SPDX-License-Identifier: GPL-2.0
/*
 * A map that hangs in a page fault for as long as its user likes, or takes
 * long because it is large. Invariant: it holds up nobody but an attach, and a
 * fatal signal ends either at once, with nothing left.
 *
 * The kernel 6.1 does not wait for userfaultfd when it pins for long but fails
 * the map: there it is a large one instead.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/edu.h"
#include "../lib/hang.h"
#include "../lib/memory.h"
#include "../lib/process.h"
#include "../lib/text.h"

#define IOVA 0x100000000ULL
#define ELSEWHERE 0x200000000ULL
#define FAR 0x300000000ULL
#define STRIDES 400 /* page tables that stay however empty */
#define FEW 16 /* where the map does not wait for us */
#define SIZE (64 * PAGE)
#define LONG (1536UL << 20)
#define PROMPT 20 /* seconds: a busy host gives much memory back */

struct victim {
	int ends[2]; /* to tell, to await: see process_start() */
	int domain;
	int device;
};

/* Memory whose second half nobody ever fills */
static __u8 *half_a_buffer(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	__u8 *buf = memory_anon(SIZE);

	memset(buf, 1, SIZE / 2);
	reg.range.start = (unsigned long)buf + SIZE / 2;
	reg.range.len = SIZE / 2;
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) ||
	    ioctl(uffd, UFFDIO_REGISTER, &reg))
		return NULL;
	return buf;
}

static int hang_in_map(void *arg)
{
	struct victim *v = arg;
	__u8 *buf = half_a_buffer(), *much = memory_anon(LONG);

	if (!buf || !much || madvise(much, LONG, MADV_NOHUGEPAGE))
		return EIO;
	process_tell(v->ends[0]);
	return hang_waits() ? domain_map(v->domain, buf, IOVA, SIZE, true) :
			      domain_map(v->domain, much, IOVA, LONG, true);
}

static int hang_in_attach(void *arg)
{
	struct victim *v = arg;

	process_tell(v->ends[0]);
	return device_set(v->device, v->domain);
}

FIXTURE(hang)
{
	int domain;
	struct edu a;
	int b;
	__u8 *buf;
	struct victim victim;
	pid_t pid;
	int ready;
	int go;
};

FIXTURE_SETUP(hang)
{
	if (!device_bdf("EDU0") || !device_bdf("EDU1"))
		SKIP(return, "EDU0 or EDU1 is not set");
	self->domain = domain_open();
	ASSERT_EQ(0, edu_open(&self->a, "EDU0"));
	ASSERT_EQ(0, edu_attach(&self->a, self->domain));
	self->b = device_open("EDU1");
	ASSERT_LE(0, self->b);
	self->buf = memory_anon(SIZE);
	self->victim.domain = self->domain;
	self->victim.device = self->b;
	self->pid = process_start(hang_in_map, &self->victim, &self->ready,
				  &self->go);
	ASSERT_EQ(0, process_await(self->ready));
	process_nap(200);
	ASSERT_EQ(0, waitpid(self->pid, NULL, WNOHANG));
	/* it has begun */
	ASSERT_EQ(2, domain_nr_maps(self->domain));
}

FIXTURE_TEARDOWN(hang)
{
	kill(self->pid, SIGKILL);
	edu_close(&self->a);
	close(self->b);
	close(self->domain);
}

static int killed_at_once(pid_t pid)
{
	time_t before = time(NULL);

	kill(pid, SIGKILL);
	return process_wait(pid) == 128 + SIGKILL &&
	       time(NULL) - before < PROMPT;
}

TEST_F(hang, others_go_on)
{
	int fd = self->a.fd;

	EXPECT_EQ(0, device_map(fd, self->buf, ELSEWHERE, SIZE, 1));
	EXPECT_EQ(1, edu_arrives(&self->a, ELSEWHERE, self->buf));
	EXPECT_EQ(-EBUSY, device_map(fd, self->buf, IOVA + PAGE, PAGE, 1));
	EXPECT_EQ(-ENXIO, device_unmap(fd, IOVA, SIZE));
	EXPECT_EQ(0, device_unmap(fd, ELSEWHERE, SIZE));
	EXPECT_EQ(0, edu_arrives(&self->a, ELSEWHERE, self->buf));
	EXPECT_EQ(0, waitpid(self->pid, NULL, WNOHANG));
	EXPECT_EQ(0, edu_detach(&self->a));
}

TEST_F(hang, killed_it_leaves_nothing)
{
	ASSERT_TRUE(killed_at_once(self->pid));
	EXPECT_EQ(1, domain_nr_maps(self->domain));
	EXPECT_EQ(1, domain_pinned(self->domain));
	EXPECT_EQ(0, domain_map(self->domain, self->buf, IOVA, SIZE, true));
	EXPECT_EQ(1, edu_arrives(&self->a, IOVA, self->buf));
}

TEST_F(hang, attach_waits_until_it_is_killed)
{
	struct victim second = self->victim;
	int ready, go;
	pid_t pid = process_start(hang_in_attach, &second, &ready, &go);

	ASSERT_EQ(0, process_await(ready));
	process_nap(200);
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
	EXPECT_TRUE(killed_at_once(pid));
	ASSERT_TRUE(killed_at_once(self->pid));
	EXPECT_EQ(0, device_set(self->b, self->domain));
}

TEST_F(hang, attach_goes_on_when_it_has_ended)
{
	struct victim second = self->victim;
	int ready, go;
	pid_t pid = process_start(hang_in_attach, &second, &ready, &go);

	ASSERT_EQ(0, process_await(ready));
	process_nap(200);
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
	ASSERT_TRUE(killed_at_once(self->pid));
	EXPECT_EQ(0, process_wait(pid));
}

/* A map in flight keeps the page tables that an idle domain would lose */
TEST_F(hang, page_tables_go_when_it_has_ended)
{
	struct uiommu_info info;

	ASSERT_EQ(0, edu_detach(&self->a));
	ASSERT_TRUE(killed_at_once(self->pid));
	ASSERT_EQ(0, domain_info(self->domain, &info));
	EXPECT_EQ(0, info.nr_devices);
	EXPECT_EQ(0, info.nr_hw_domains);
}

/*
 * Nor may it keep them: what is mapped and unmapped here and there leaves
 * tables that nobody is charged for.
 */
TEST_F(hang, page_tables_go_while_it_hangs)
{
	int i, fd = self->a.fd, n = hang_waits() ? STRIDES : FEW;
	struct uiommu_info info;
	long freed;

	for (i = 0; i < n; i++) {
		ASSERT_EQ(0, device_map(fd, self->buf, FAR + i * GIGANTIC, PAGE,
					1));
		ASSERT_EQ(0, device_unmap(fd, FAR + i * GIGANTIC, PAGE));
	}
	freed = hang_waits() ? -text_free_pages() : n + 1;
	ASSERT_EQ(0, edu_detach(&self->a));
	ASSERT_EQ(0, waitpid(self->pid, NULL, WNOHANG));
	ASSERT_EQ(0, domain_info(self->domain, &info));
	EXPECT_EQ(0, info.nr_hw_domains);
	freed += hang_waits() ? text_free_pages() : 0;
	/* two levels of them, at the least */
	EXPECT_LT(n, freed);
	EXPECT_TRUE(killed_at_once(self->pid));
	EXPECT_EQ(0, edu_attach(&self->a, self->domain));
}

struct hanger {
	int domain;
	struct hang hang;
};

static void *hang_for_a_while(void *arg)
{
	struct hanger *h = arg;

	domain_map(h->domain, h->hang.page, IOVA, PAGE, true);
	return NULL;
}

TEST(what_is_mapped_while_one_hangs_is_there_for_the_next_device)
{
	struct hanger h = { .domain = domain_open() };
	bool hangs = hang_may_be_pinned();
	__u8 *buf = memory_anon(SIZE);
	struct uiommu_info info;
	pthread_t thread;
	struct edu edu;
	int err;

	if (!device_bdf("EDU0"))
		SKIP(return, "EDU0 is not set");
	ASSERT_EQ(0, edu_open(&edu, "EDU0"));
	ASSERT_EQ(0, edu_attach(&edu, h.domain));
	ASSERT_EQ(0, hang_make(&h.hang));
	ASSERT_EQ(0, domain_map(h.domain, buf, ELSEWHERE, PAGE, true));
	err = hangs ? pthread_create(&thread, NULL, hang_for_a_while, &h) : 0;
	ASSERT_EQ(0, err);
	process_nap(200);
	ASSERT_EQ(0, edu_detach(&edu));
	ASSERT_EQ(0, domain_info(h.domain, &info));
	EXPECT_EQ(0, info.nr_hw_domains);
	EXPECT_EQ(hang_waits() ? 2 : 1, info.nr_maps);

	EXPECT_EQ(0, domain_unmap(h.domain, ELSEWHERE, PAGE));
	EXPECT_EQ(0, domain_map(h.domain, buf, FAR, SIZE, true));
	EXPECT_EQ(0, domain_map(h.domain, buf, ELSEWHERE, PAGE, true));
	hang_let_go(&h.hang);
	err = hangs ? pthread_join(thread, NULL) : 0;
	ASSERT_EQ(0, err);
	ASSERT_EQ(0, edu_attach(&edu, h.domain));
	EXPECT_EQ(1, edu_arrives(&edu, ELSEWHERE, buf));
	EXPECT_EQ(1, edu_arrives(&edu, FAR + PAGE, buf + PAGE));
	EXPECT_EQ(hang_waits(), edu_arrives(&edu, IOVA, h.hang.page));
	EXPECT_EQ(0, domain_unmap(h.domain, FAR, SIZE));
	EXPECT_EQ(0, edu_arrives(&edu, FAR + PAGE, buf + PAGE));
	edu_close(&edu);
	close(h.domain);
}

TEST_HARNESS_MAIN
