// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of a device mapped for the others of its domain, and what ends that.
 * Invariant: a device that is reset, leaves or loses its mmap is reached by no
 * neighbour, and its MSI-X table never is.
 */
#include <string.h>
#include <sys/mman.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/edu.h"
#include "../lib/memory.h"
#include "../lib/process.h"

#define IOVA 0xa0000000ULL
#define CAP_EXP 0x10
#define CAP_MSIX 0x11
#define DEVCTL 8
#define DEVCTL_FLR 0x8000
#define BIG (8ULL << 30)
#define BIG_BAR 2
#define HIGH (64ULL << 30)
#define USER 61007
#define FREE 16 /* page tables that cost nothing */
#define FEW 64 /* pages of quota: fewer than page tables for all of BIG */
#define MANY 8192 /* more than those */
#define FD_ON (COMMAND_MEMORY | COMMAND_MASTER)

FIXTURE(peer)
{
	int domain;
	struct edu edu;
	int fd; /* an NVMe disk, which can be reset */
	__u8 *bar;
};

FIXTURE_VARIANT(peer)
{
	int (*way)(FIXTURE_DATA(peer) * self);
	bool may_come_back;
};

static int by_reset(FIXTURE_DATA(peer) * self)
{
	return call(self->fd, VFIO_RESET_FUNCTION, NULL);
}

static int by_reset_in_configuration(FIXTURE_DATA(peer) * self)
{
	int cap = device_capability(self->fd, CAP_EXP);
	__u16 control;

	device_read(self->fd, CONFIG(cap + DEVCTL), &control, 2);
	control |= DEVCTL_FLR;
	return device_write(self->fd, CONFIG(cap + DEVCTL), &control, 2) != 2;
}

static int by_disabled_memory(FIXTURE_DATA(peer) * self)
{
	return device_command_write(self->fd, 0) ||
	       device_command_write(self->fd, FD_ON);
}

static int by_munmap(FIXTURE_DATA(peer) * self)
{
	return munmap(self->bar, PAGE);
}

static int by_unset(FIXTURE_DATA(peer) * self)
{
	return call(self->fd, VFIO_DOMAIN_UNSET, NULL);
}

static int by_unbind(FIXTURE_DATA(peer) * self)
{
	return device_bind(device_bdf("NVME"), NULL);
}

#define WAY(name, back)                               \
	FIXTURE_VARIANT_ADD(peer, name)               \
	{                                             \
		.way = name, .may_come_back = (back), \
	}

WAY(by_reset, true);
WAY(by_reset_in_configuration, true);
WAY(by_disabled_memory, true);
WAY(by_munmap, false);
WAY(by_unset, false);
WAY(by_unbind, false);

FIXTURE_SETUP(peer)
{
	if (!device_bdf("EDU0") || !device_bdf("NVME"))
		SKIP(return, "EDU0 or NVME is not set");
	self->domain = domain_open();
	ASSERT_EQ(0, edu_open(&self->edu, "EDU0"));
	ASSERT_EQ(0, edu_attach(&self->edu, self->domain));
	self->fd = device_open("NVME");
	ASSERT_EQ(0, device_set(self->fd, self->domain));
	ASSERT_EQ(0, device_command_write(self->fd, FD_ON));
	self->bar = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			 self->fd, REGION(0, 0));
	ASSERT_NE(MAP_FAILED, self->bar);
	ASSERT_EQ(0, domain_map(self->domain, self->bar, IOVA, PAGE, true));
	ASSERT_EQ(2, domain_nr_maps(self->domain));
}

FIXTURE_TEARDOWN(peer)
{
	close(self->fd);
	edu_close(&self->edu);
	close(self->domain);
	device_bind(device_bdf("NVME"), "vfio");
}

TEST_F(peer, no_longer_mapped)
{
	struct uiommu_revoked_range range;
	__u32 flags;

	ASSERT_EQ(0, variant->way(self));
	EXPECT_EQ(1, domain_nr_maps(self->domain));
	EXPECT_EQ(1, domain_revoked(self->domain, &range, 1, &flags));
	EXPECT_EQ(IOVA, range.iova);
	EXPECT_EQ(PAGE, range.size);
	EXPECT_EQ(variant->may_come_back ? 0 : -EFAULT,
		  domain_map(self->domain, self->bar, IOVA, PAGE, true));
}

TEST(table_of_messages_is_not_mapped_for_neighbours)
{
	int domain = domain_open(), fd = device_open("NVME"), cap;
	__u64 page;
	__u32 where;
	__u8 *area;

	if (!device_bdf("NVME"))
		SKIP(return, "NVME is not set");
	ASSERT_EQ(0, device_set(fd, domain));
	ASSERT_EQ(0, device_command_write(fd, COMMAND_MEMORY));
	cap = device_capability(fd, CAP_MSIX);
	ASSERT_EQ(4, device_read(fd, CONFIG(cap + 4), &where, 4));
	page = where & ~7U & -PAGE;
	ASSERT_LE(PAGE, page);
	/* what can be mapped before it, and then nothing where it would be */
	area = mmap(NULL, page + PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
		    -1, 0);
	ASSERT_EQ(area, mmap(area, page, PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_FIXED, fd, REGION(where & 7, 0)));
	EXPECT_EQ(MAP_FAILED, mremap(area, page, page + PAGE, MREMAP_MAYMOVE));
	EXPECT_EQ(0, domain_map(domain, area, IOVA, page, true));
	EXPECT_EQ(-EFAULT,
		  domain_map(domain, area + page, 2 * IOVA, PAGE, true));
	EXPECT_EQ(-EFAULT,
		  domain_map(domain, area, 2 * IOVA, page + PAGE, true));
	EXPECT_EQ(1, domain_nr_maps(domain));
	munmap(area, page + PAGE);
	close(fd);
	close(domain);
}

/* A BAR of 8 GiB, for another device */
struct big {
	int domain;
	int fd;
	struct edu edu;
	__u8 *bar;
	__u64 iova;
	long charged; /* out: pages, while it was mapped */
};

static int big_open(struct big *big)
{
	struct uvfio_region_info info = { .argsz = sizeof(info),
					  .region = BIG_BAR };

	big->domain = domain_open();
	big->fd = device_open("IVSHMEM_BIG");
	if (edu_open(&big->edu, "EDU0") || edu_attach(&big->edu, big->domain) ||
	    device_set(big->fd, big->domain) ||
	    device_command_write(big->fd, COMMAND_MEMORY) ||
	    call(big->fd, UVFIO_REGION_INFO, &info))
		return -EIO;
	big->bar = mmap(NULL, BIG, PROT_READ | PROT_WRITE, MAP_SHARED, big->fd,
			info.offset);
	return big->bar == MAP_FAILED ? -errno : 0;
}

static void big_close(struct big *big)
{
	munmap(big->bar, BIG);
	close(big->fd);
	edu_close(&big->edu);
	close(big->domain);
}

static int map_big(void *arg)
{
	struct big *big = arg;
	struct uiommu_info before, after;
	int err;

	err = domain_info(big->domain, &before);
	err = err ?: domain_map(big->domain, big->bar, big->iova, BIG, true);
	err = err ?: domain_info(big->domain, &after);
	if (err)
		return -err;
	big->charged = after.locked - before.locked;
	err = domain_unmap(big->domain, big->iova, BIG);
	if (err || domain_info(big->domain, &after))
		return err ? -err : EIO;
	return after.locked == before.locked ? 0 : ENOTRECOVERABLE;
}

/* Returns what a user with so many pages is charged, or an error */
static long charge_big(struct big *big, __u64 iova, long pages)
{
	struct big *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	long ret;

	*shared = *big;
	shared->iova = iova;
	ret = -process_run_as(USER, pages * PAGE, map_big, shared);
	ret = ret ?: shared->charged;
	munmap(shared, PAGE);
	return ret;
}

/* A page's worth as a whole if large pages serve, and else its tables */
TEST(memory_of_a_device_is_charged_the_page_tables_that_it_takes)
{
	struct big big;

	if (!device_bdf("EDU0") || !device_bdf("IVSHMEM_BIG"))
		SKIP(return, "EDU0 or IVSHMEM_BIG is not set");
	ASSERT_EQ(0, big_open(&big));
	EXPECT_EQ(-ENOMEM, charge_big(&big, HIGH + PAGE, FEW));
	EXPECT_EQ(1, charge_big(&big, HIGH, FEW));
	EXPECT_EQ(-ENOMEM, charge_big(&big, HIGH + PAGE, FEW));
	EXPECT_LE(BIG / HUGE - FREE, charge_big(&big, HIGH + PAGE, MANY));
	EXPECT_GE(BIG / HUGE + FEW, charge_big(&big, HIGH + PAGE, MANY));
	EXPECT_EQ(1, charge_big(&big, HIGH, FEW));
	big_close(&big);
}

/* Pages of 4 KiB at both ends and large ones between are one range */
TEST(memory_of_a_device_is_reached_whatever_pages_map_it)
{
	static const __u64 off[] = { 0, HUGE, PAGE };
	struct big big;
	__u64 at;
	int i;

	if (!device_bdf("EDU0") || !device_bdf("IVSHMEM_BIG"))
		SKIP(return, "EDU0 or IVSHMEM_BIG is not set");
	ASSERT_EQ(0, big_open(&big));
	for (i = 0; i < 3; i++) {
		at = HIGH + off[i];
		ASSERT_EQ(0, domain_map(big.domain, big.bar + PAGE, at + PAGE,
					BIG - 2 * PAGE, true));
		EXPECT_EQ(1, edu_arrives(&big.edu, at + PAGE, big.bar + PAGE));
		EXPECT_EQ(1, edu_arrives(&big.edu, at + HUGE, big.bar + HUGE));
		EXPECT_EQ(1, edu_arrives(&big.edu, at + BIG / 2,
					 big.bar + BIG / 2));
		EXPECT_EQ(1, edu_arrives(&big.edu, at + BIG - 2 * PAGE,
					 big.bar + BIG - 2 * PAGE));
		EXPECT_EQ(0,
			  domain_unmap(big.domain, at + PAGE, BIG - 2 * PAGE));
		EXPECT_EQ(0, edu_arrives(&big.edu, at + BIG / 2,
					 big.bar + BIG / 2));
	}
	big_close(&big);
}

TEST_HARNESS_MAIN
