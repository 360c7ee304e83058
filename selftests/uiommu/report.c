// SPDX-License-Identifier: GPL-2.0
/*
 * What a domain tells of mappings that ended because their memory went.
 * Invariant: each is told once, in order, or the overflow is told; and a
 * report that nobody reads does not grow.
 */
#include <poll.h>
#include <sys/mman.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/memory.h"
#include "../lib/process.h"

#define IOVA 0xb0000000ULL
#define PAGES 8192

FIXTURE(report)
{
	int domain;
	__u8 *buf;
};

FIXTURE_SETUP(report)
{
	self->domain = domain_open();
	ASSERT_LE(0, self->domain);
	self->buf = memory_anon(PAGES * PAGE);
	ASSERT_NE(NULL, self->buf);
}

FIXTURE_TEARDOWN(report)
{
	close(self->domain);
}

static int map_page(FIXTURE_DATA(report) * self, unsigned int i)
{
	return domain_map(self->domain, self->buf + i * PAGE, IOVA + i * PAGE,
			  PAGE, true);
}

static int readable(int fd, int timeout)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLPRI };

	return poll(&p, 1, timeout) == 1 ? p.revents : 0;
}

TEST_F(report, nothing_after_an_orderly_unmap)
{
	struct uiommu_revoked_range range;
	__u32 flags;

	ASSERT_EQ(0, map_page(self, 0));
	ASSERT_EQ(0, domain_unmap(self->domain, IOVA, PAGE));
	EXPECT_EQ(0, readable(self->domain, 50));
	EXPECT_EQ(0, domain_revoked(self->domain, &range, 1, &flags));
	EXPECT_EQ(0, flags);
}

TEST_F(report, poll_wakes_and_the_query_clears)
{
	struct uiommu_revoked_range range;
	__u32 flags;

	ASSERT_EQ(0, map_page(self, 3));
	ASSERT_EQ(0, munmap(self->buf + 3 * PAGE, PAGE));
	EXPECT_EQ(POLLIN | POLLPRI, readable(self->domain, 1000));
	EXPECT_EQ(1, domain_revoked(self->domain, &range, 1, &flags));
	EXPECT_EQ(IOVA + 3 * PAGE, range.iova);
	EXPECT_EQ(PAGE, range.size);
	EXPECT_EQ(0, flags);
	EXPECT_EQ(0, readable(self->domain, 0));
	EXPECT_EQ(0, domain_revoked(self->domain, &range, 1, &flags));
}

static int sleep_in_poll(void *arg)
{
	return readable(*(int *)arg, 5000) == (POLLIN | POLLPRI) ? 0 : EIO;
}

TEST_F(report, wakes_a_sleeper)
{
	pid_t pid = fork();

	if (!pid)
		_exit(sleep_in_poll(&self->domain));
	ASSERT_EQ(0, map_page(self, 0));
	process_nap(100);
	ASSERT_EQ(0, munmap(self->buf, PAGE));
	EXPECT_EQ(0, process_wait(pid));
}

TEST_F(report, oldest_first_and_piecewise)
{
	struct uiommu_revoked_range range[2];
	__u32 flags;
	int i;

	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, map_page(self, i));
	for (i = 3; i >= 0; i--)
		ASSERT_EQ(0, munmap(self->buf + i * PAGE, PAGE));
	ASSERT_EQ(1, domain_revoked(self->domain, range, 1, &flags));
	EXPECT_EQ(IOVA + 3 * PAGE, range[0].iova);
	ASSERT_EQ(2, domain_revoked(self->domain, range, 2, &flags));
	EXPECT_EQ(IOVA + 2 * PAGE, range[0].iova);
	EXPECT_EQ(IOVA + PAGE, range[1].iova);
	ASSERT_EQ(1, domain_revoked(self->domain, range, 2, &flags));
	EXPECT_EQ(IOVA, range[0].iova);
	EXPECT_EQ(0, flags);
}

TEST_F(report, too_many_overflow_and_the_mark_is_cleared)
{
	static struct uiommu_revoked_range ranges[PAGES];
	__u32 flags;
	int i, n;

	for (i = 0; i < PAGES; i++)
		ASSERT_EQ(0, map_page(self, i));
	ASSERT_EQ(0, munmap(self->buf, PAGES * PAGE));
	EXPECT_EQ(0, domain_nr_maps(self->domain));
	n = domain_revoked(self->domain, ranges, PAGES, &flags);
	EXPECT_LT(0, n);
	EXPECT_GT(PAGES, n);
	EXPECT_EQ(UIOMMU_REVOKED_OVERFLOW, flags);
	EXPECT_EQ(0, domain_revoked(self->domain, ranges, PAGES, &flags));
	EXPECT_EQ(0, flags);
	EXPECT_EQ(0, readable(self->domain, 0));
}

TEST_F(report, bad_pointers_lose_nothing)
{
	struct uiommu_revoked_range range;
	__u32 flags;

	ASSERT_EQ(0, map_page(self, 0));
	ASSERT_EQ(0, munmap(self->buf, PAGE));
	EXPECT_EQ(-EFAULT, domain_revoked(self->domain, NULL, 1, &flags));
	EXPECT_EQ(-EFAULT,
		  domain_revoked(self->domain, (void *)~7UL, 1, &flags));
	EXPECT_EQ(0, domain_revoked(self->domain, NULL, 0, &flags));
	EXPECT_EQ(1, domain_revoked(self->domain, &range, 1, &flags));
}

TEST_F(report, tells_of_mappings_made_through_a_device)
{
	struct uiommu_revoked_range range;
	int fd = device_open("EDU0");
	__u32 flags;

	if (!device_bdf("EDU0"))
		SKIP(return, "EDU0 is not set");
	ASSERT_EQ(0, device_set(fd, self->domain));
	ASSERT_EQ(0, device_map(fd, self->buf, IOVA, 2 * PAGE, 1));
	ASSERT_EQ(0, munmap(self->buf + PAGE, PAGE));
	ASSERT_EQ(1, domain_revoked(self->domain, &range, 1, &flags));
	EXPECT_EQ(IOVA, range.iova);
	EXPECT_EQ(2 * PAGE, range.size);
	close(fd);
}

TEST_HARNESS_MAIN
