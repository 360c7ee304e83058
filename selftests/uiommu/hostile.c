// SPDX-License-Identifier: GPL-2.0
/*
 * A hostile holder of descriptors: against the other users of the domain, and
 * against the memory of the machine. Invariant: a call waits for it only if it
 * asks for what is held up, and what it takes is bounded by its limits.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/edu.h"
#include "../lib/hang.h"
#include "../lib/memory.h"
#include "../lib/process.h"
#include "../lib/text.h"

#define IOVA 0x80000000ULL
#define FAR (1ULL << 35)
#define USER 1234
#define LIMIT 64 /* pages */
#define STRIDES 4200 /* more than tables may be left behind */
#define KEPT 512 /* tables that a domain keeps */
#define SPARE 40 /* domains left idle */

/**
 * struct party - a domain, and the processes that use it
 * @domain: its descriptor
 * @device: to be attached
 * @hang: memory that hangs
 * @file: shared memory
 * @stop: end
 * @attached: what the attach came to, 1 before that
 * @mapped: the map of what hangs has ended: 6.1 does not wait for userfaultfd
 *	when it pins for long
 */
struct party {
	int domain;
	int device;
	struct hang hang;
	struct memory file;
	atomic_bool stop;
	atomic_int attached;
	atomic_bool mapped;
};

static void *map_what_hangs(void *arg)
{
	struct party *p = arg;

	if (hang_may_be_pinned())
		domain_map(p->domain, p->hang.page, FAR, PAGE, true);
	p->mapped = true;
	return NULL;
}

static void *attach(void *arg)
{
	struct party *p = arg;

	p->attached = device_set(p->device, p->domain);
	return NULL;
}

/* Holds the lock of the file for as long as the page hangs */
static void *write_what_hangs(void *arg)
{
	struct party *p = arg;

	pwrite(p->file.fd, p->hang.page, PAGE, 0);
	return NULL;
}

static void *disturb(void *arg)
{
	struct party *p = arg;

	while (!p->stop)
		madvise(p->file.buf + HUGE, PAGE, MADV_DONTNEED);
	return NULL;
}

FIXTURE(hostile)
{
	struct party p;
	__u8 *page;
};

FIXTURE_SETUP(hostile)
{
	if (!device_bdf("EDU0"))
		SKIP(return, "EDU0 is not set");
	self->p.domain = domain_open();
	self->p.device = device_open("EDU0");
	self->p.attached = 1;
	self->page = memory_anon(PAGE);
	ASSERT_LE(0, self->p.device);
	ASSERT_EQ(0, hang_make(&self->p.hang));
	ASSERT_EQ(0, memory_make(&self->p.file, MEMFD, 2 * HUGE));
}

FIXTURE_TEARDOWN(hostile)
{
	close(self->p.device);
	close(self->p.domain);
}

TEST_F(hostile, a_map_that_hangs_holds_up_the_attach_alone)
{
	pthread_t mapper, attacher;
	long start;
	int i;

	pthread_create(&mapper, NULL, map_what_hangs, &self->p);
	process_nap(100);
	pthread_create(&attacher, NULL, attach, &self->p);
	process_nap(100);
	start = process_ms();
	for (i = 0; i < 20; i++)
		EXPECT_EQ(0, domain_map(self->p.domain, self->page,
					IOVA + i * PAGE, PAGE, true));
	EXPECT_GT(2000, process_ms() - start);
	EXPECT_EQ(!self->p.mapped, self->p.attached);
	hang_let_go(&self->p.hang);
	pthread_join(mapper, NULL);
	pthread_join(attacher, NULL);
	EXPECT_EQ(0, self->p.attached);
}

TEST_F_TIMEOUT(hostile, a_writer_that_hangs_holds_up_no_map, 60)
{
	pthread_t writer, disturber;
	struct party *p = &self->p;
	int i, err;

	memset(p->file.buf, 1, p->file.size);
	pthread_create(&writer, NULL, write_what_hangs, p);
	process_nap(100);
	pthread_create(&disturber, NULL, disturb, p);
	for (i = 0; i < 200; i++) {
		err = domain_map(p->domain, p->file.buf, IOVA, p->file.size,
				 true);
		ASSERT_EQ(0, err);
		ASSERT_EQ(0, domain_unmap(p->domain, IOVA, p->file.size));
	}
	p->stop = true;
	hang_let_go(&p->hang);
	pthread_join(writer, NULL);
	pthread_join(disturber, NULL);
}

/* Two pages of a file of one: the second cannot be pinned */
static int map_beyond_the_end(void *arg)
{
	struct party *p = arg;
	int i, err = -EFAULT;

	for (i = 0; i < STRIDES && err == -EFAULT; i++)
		err = domain_map(p->domain, p->file.buf + PAGE, FAR + i * HUGE,
				 PAGE, true);
	return err == -EFAULT ? 0 : err;
}

TEST_F(hostile, maps_that_fail_use_nothing_up)
{
	ASSERT_EQ(0, device_set(self->p.device, self->p.domain));
	ASSERT_EQ(0, ftruncate(self->p.file.fd, PAGE));
	ASSERT_EQ(0, process_run_as(USER, LIMIT * PAGE, map_beyond_the_end,
				    &self->p));
	EXPECT_EQ(0, domain_map(self->p.domain, self->page, IOVA, PAGE, true));
	EXPECT_EQ(0, domain_map(self->p.domain, self->page,
				FAR + STRIDES * HUGE, PAGE, true));
}

/* One page of a device's memory, as often as may be */
static int map_device_memory(void *arg)
{
	struct party *p = arg;
	int i, err = 0;

	for (i = 0; i < 2 * LIMIT && !err; i++)
		err = domain_map(p->domain, p->file.buf, FAR + i * HUGE, PAGE,
				 true);
	return err == -ENOMEM ? i : 0;
}

TEST_F(hostile, memory_of_devices_is_not_mapped_without_end)
{
	int other = device_open("IVSHMEM"), n;

	if (!device_bdf("IVSHMEM"))
		SKIP(return, "IVSHMEM is not set");
	ASSERT_EQ(0, device_set(self->p.device, self->p.domain));
	ASSERT_EQ(0, device_set(other, self->p.domain));
	ASSERT_EQ(0, device_command_write(other, COMMAND_MEMORY));
	self->p.file.buf = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
				other, REGION(2, 0));
	ASSERT_NE(MAP_FAILED, self->p.file.buf);
	n = process_run_as(USER, LIMIT * PAGE, map_device_memory, &self->p);
	EXPECT_LT(LIMIT / 4, n);
	EXPECT_GE(LIMIT + 1, n);
	close(other);
}

/* Make page tables in a domain, and leave it */
static int visit(struct party *p, void *page)
{
	int domain = domain_open(), i, err;

	err = device_set(p->device, domain);
	for (i = 0; i < KEPT && !err; i++) {
		err = domain_map(domain, page, FAR + i * HUGE, PAGE, true);
		if (!err)
			err = domain_unmap(domain, FAR + i * HUGE, PAGE);
	}
	return err ? err : call(p->device, VFIO_DOMAIN_UNSET, NULL);
}

TEST_F_TIMEOUT(hostile, domains_left_idle_keep_no_page_tables, 90)
{
	long before = text_free_pages(), after;
	int i;

	for (i = 0; i < SPARE; i++)
		ASSERT_EQ(0, visit(&self->p, self->page));
	after = text_free_pages();
	EXPECT_GT(SPARE * KEPT / 2, before - after)
	TH_LOG("%ld pages were free, %ld are", before, after);
}

TEST_HARNESS_MAIN
