// SPDX-License-Identifier: GPL-2.0
/*
 * What devices reach, and how they come to a domain and leave it. Invariant:
 * a device reaches exactly what is mapped in its domain while it is attached.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/edu.h"
#include "../lib/memory.h"
#include "../lib/process.h"
#include "../lib/text.h"

#define IOVA 0x60000000ULL
#define WINDOW 0xfee00000ULL

FIXTURE(dma)
{
	int domain;
	struct edu a;
	struct edu b;
	__u8 *buf;
};

FIXTURE_SETUP(dma)
{
	if (!device_bdf("EDU0") || !device_bdf("EDU1"))
		SKIP(return, "EDU0 or EDU1 is not set");
	self->domain = domain_open();
	ASSERT_LE(0, self->domain);
	ASSERT_EQ(0, edu_open(&self->a, "EDU0"));
	ASSERT_EQ(0, edu_open(&self->b, "EDU1"));
	self->buf = memory_anon(16 * PAGE);
	memset(self->buf, 0, 16 * PAGE);
}

FIXTURE_TEARDOWN(dma)
{
	edu_close(&self->a);
	edu_close(&self->b);
	close(self->domain);
}

#define attach(edu) ASSERT_EQ(0, edu_attach(edu, self->domain))

TEST_F(dma, a_refused_unset_changes_nothing)
{
	const char *bdf = device_bdf("IVSHMEM");
	__u16 command = COMMAND_MEMORY | COMMAND_MASTER;
	int fd = device_open("IVSHMEM");
	__u8 *page;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, device_set(fd, self->domain));
	ASSERT_EQ(0, device_command_write(fd, command));
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		    REGION(2, 0));
	ASSERT_NE(MAP_FAILED, page);
	/* the only mapping of this descriptor: no page is pinned for it */
	ASSERT_EQ(0, device_map(fd, page, IOVA, PAGE, 1));
	attach(&self->a);
	ASSERT_EQ(1, edu_arrives(&self->a, IOVA, page));
	EXPECT_EQ(-EBUSY, call(fd, VFIO_DOMAIN_UNSET, NULL));
	EXPECT_EQ(command, device_command(fd) & command);
	EXPECT_EQ(command, device_command_real(bdf) & command);
	EXPECT_EQ(1, edu_arrives(&self->a, IOVA, page));
	EXPECT_EQ(0, device_unmap(fd, IOVA, PAGE));
	EXPECT_EQ(0, call(fd, VFIO_DOMAIN_UNSET, NULL));
	munmap(page, PAGE);
	close(fd);
}

TEST_F(dma, one_mapping_reached_by_two_devices)
{
	attach(&self->a);
	attach(&self->b);
	ASSERT_EQ(0, device_map(self->a.fd, self->buf, IOVA, 16 * PAGE, 1));
	EXPECT_EQ(1,
		  edu_arrives(&self->a, IOVA + 3 * PAGE, self->buf + 3 * PAGE));
	EXPECT_EQ(1, edu_arrives(&self->b, IOVA + 15 * PAGE,
				 self->buf + 15 * PAGE));
	/* what a wrote, b reads by the same address */
	EXPECT_EQ(1, edu_sees(&self->b, IOVA + 3 * PAGE, EDU_PATTERN));
	memset(self->buf, 0x3c, PAGE);
	EXPECT_EQ(1, edu_sees(&self->a, IOVA, 0x3c));
	EXPECT_EQ(1, edu_sees(&self->b, IOVA, 0x3c));
	/* a page further is nobody's */
	EXPECT_EQ(0, edu_sees(&self->a, IOVA + 16 * PAGE, EDU_PATTERN));
}

TEST_F(dma, mapped_before_and_after_attach)
{
	ASSERT_EQ(0, domain_map(self->domain, self->buf, IOVA, PAGE, true));
	attach(&self->a);
	ASSERT_EQ(0, domain_map(self->domain, self->buf + PAGE, IOVA + PAGE,
				PAGE, true));
	attach(&self->b);
	EXPECT_EQ(1, edu_arrives(&self->a, IOVA, self->buf));
	EXPECT_EQ(1, edu_arrives(&self->a, IOVA + PAGE, self->buf + PAGE));
	EXPECT_EQ(1, edu_arrives(&self->b, IOVA, self->buf));
	EXPECT_EQ(1, edu_arrives(&self->b, IOVA + PAGE, self->buf + PAGE));
}

TEST_F(dma, where_the_kernel_chose)
{
	__u64 one, two;

	attach(&self->a);
	ASSERT_EQ(0, domain_map_any(self->domain, self->buf, &one, PAGE));
	ASSERT_EQ(0, domain_map_any(self->domain, self->buf + PAGE, &two,
				    15 * PAGE));
	EXPECT_EQ(1, edu_arrives(&self->a, one, self->buf));
	EXPECT_EQ(1, edu_arrives(&self->a, two + 14 * PAGE,
				 self->buf + 15 * PAGE));
	EXPECT_EQ(0, domain_unmap(self->domain, one, PAGE));
	EXPECT_EQ(0, domain_unmap(self->domain, two, 15 * PAGE));
}

TEST_F(dma, read_only_mapping_cannot_be_written)
{
	attach(&self->a);
	ASSERT_EQ(0, device_map(self->a.fd, self->buf, IOVA, PAGE, 0));
	memset(self->buf, 0x77, PAGE);
	EXPECT_EQ(1, edu_sees(&self->a, IOVA, 0x77));
	EXPECT_EQ(0, edu_arrives(&self->a, IOVA, self->buf));
}

TEST_F(dma, nothing_arrives_after_unmap)
{
	attach(&self->a);
	ASSERT_EQ(0, device_map(self->a.fd, self->buf, IOVA, 2 * PAGE, 1));
	EXPECT_EQ(1, edu_arrives(&self->a, IOVA, self->buf));
	ASSERT_EQ(0, device_unmap(self->a.fd, IOVA, 2 * PAGE));
	EXPECT_EQ(0, edu_arrives(&self->a, IOVA, self->buf));
	EXPECT_EQ(0, edu_arrives(&self->a, IOVA + PAGE, self->buf + PAGE));
}

TEST_F(dma, neighbours_stay_when_one_page_is_unmapped)
{
	int i;

	attach(&self->a);
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, device_map(self->a.fd, self->buf + i * PAGE,
					IOVA + i * PAGE, PAGE, 1));
	ASSERT_EQ(0, device_unmap(self->a.fd, IOVA + PAGE, PAGE));
	EXPECT_EQ(1, edu_arrives(&self->a, IOVA, self->buf));
	EXPECT_EQ(0, edu_arrives(&self->a, IOVA + PAGE, self->buf + PAGE));
	EXPECT_EQ(1,
		  edu_arrives(&self->a, IOVA + 2 * PAGE, self->buf + 2 * PAGE));
}

/* Pages of no run: those with even numbers were populated first */
static __u8 *scattered(size_t npages)
{
	__u8 *buf = memory_anon(npages * PAGE);
	size_t i;

	madvise(buf, npages * PAGE, MADV_NOHUGEPAGE);
	for (i = 0; i < npages; i += 2)
		buf[i * PAGE] = 1;
	for (i = 1; i < npages; i += 2)
		buf[i * PAGE] = 1;
	return buf;
}

/*
 * VT-d unmaps 2 MiB from where a leaf table is missing, or 1 GiB: so from the
 * middle of a window to the middle of the next, where the neighbour is.
 */
TEST_F(dma, neighbours_stay_when_a_map_fails)
{
	static const struct {
		size_t npages;
		__u64 iova;
	} rows[] = {
		{ 1, HUGE / 2 },
		{ 16, HUGE / 2 },
		{ 255, HUGE / 2 },
		{ 1024, 2 * HUGE + HUGE / 2 },
		{ 2047, 16 * HUGE + PAGE },
	};
	size_t i, size;
	__u8 *holey;
	__u64 next;

	attach(&self->a);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		size = rows[i].npages * PAGE;
		holey = scattered(rows[i].npages);
		next = IOVA + rows[i].iova + size;
		next = (next + HUGE - 1) & -HUGE;
		ASSERT_EQ(0, device_map(self->a.fd, self->buf, next, PAGE, 1));
		ASSERT_EQ(0, munmap(holey + size - PAGE, PAGE));
		EXPECT_EQ(-EFAULT, device_map(self->a.fd, holey,
					      IOVA + rows[i].iova, size, 1))
		TH_LOG("%zu pages", rows[i].npages);
		EXPECT_EQ(1, edu_arrives(&self->a, next, self->buf))
		TH_LOG("%zu pages", rows[i].npages);
		EXPECT_EQ(0, edu_sees(&self->a, IOVA + rows[i].iova, 0x01));
		EXPECT_EQ(0, device_unmap(self->a.fd, next, PAGE));
		munmap(holey, size);
	}
}

TEST_F(dma, domain_closed_while_in_use)
{
	int refs = text_module_refs("uiommu");

	attach(&self->a);
	ASSERT_EQ(0, device_map(self->a.fd, self->buf, IOVA, PAGE, 1));
	close(self->domain);
	self->domain = -1;
	EXPECT_EQ(1, edu_arrives(&self->a, IOVA, self->buf));
	EXPECT_EQ(0, device_map(self->a.fd, self->buf + PAGE, IOVA + PAGE, PAGE,
				1));
	EXPECT_EQ(1, edu_arrives(&self->a, IOVA + PAGE, self->buf + PAGE));
	EXPECT_EQ(0, device_unmap(self->a.fd, IOVA, 2 * PAGE));
	EXPECT_EQ(0, edu_detach(&self->a));
	EXPECT_EQ(refs - 1, text_module_refs("uiommu"));
}

TEST_F(dma, mappings_of_a_closed_domain_descriptor_go)
{
	attach(&self->a);
	ASSERT_EQ(0, domain_map(self->domain, self->buf, IOVA, PAGE, true));
	ASSERT_EQ(0, device_map(self->a.fd, self->buf + PAGE, IOVA + PAGE, PAGE,
				1));
	close(self->domain);
	self->domain = -1;
	EXPECT_EQ(0, edu_arrives(&self->a, IOVA, self->buf));
	EXPECT_EQ(1, edu_arrives(&self->a, IOVA + PAGE, self->buf + PAGE));
}

TEST_F(dma, mappings_of_a_closed_device_go_for_the_other_too)
{
	attach(&self->a);
	attach(&self->b);
	ASSERT_EQ(0, device_map(self->a.fd, self->buf, IOVA, PAGE, 1));
	ASSERT_EQ(0, domain_map(self->domain, self->buf + PAGE, IOVA + PAGE,
				PAGE, true));
	EXPECT_EQ(1, edu_arrives(&self->b, IOVA, self->buf));
	edu_close(&self->a);
	EXPECT_EQ(0, edu_arrives(&self->b, IOVA, self->buf));
	EXPECT_EQ(1, edu_arrives(&self->b, IOVA + PAGE, self->buf + PAGE));
}

TEST_F(dma, detached_device_reaches_nothing_and_may_come_back)
{
	attach(&self->a);
	ASSERT_EQ(0, domain_map(self->domain, self->buf, IOVA, PAGE, true));
	EXPECT_EQ(1, edu_arrives(&self->a, IOVA, self->buf));
	ASSERT_EQ(0, edu_detach(&self->a));
	EXPECT_EQ(0, device_command_real(self->a.bdf) & COMMAND_MASTER);
	attach(&self->a);
	EXPECT_EQ(1, edu_arrives(&self->a, IOVA, self->buf));
}

TEST_F(dma, another_domain_shows_other_memory)
{
	int other = domain_open();

	ASSERT_EQ(0, domain_map(self->domain, self->buf, IOVA, PAGE, true));
	ASSERT_EQ(0, domain_map(other, self->buf + PAGE, IOVA, PAGE, true));
	attach(&self->a);
	ASSERT_EQ(0, edu_attach(&self->b, other));
	EXPECT_EQ(1, edu_arrives(&self->b, IOVA, self->buf + PAGE));
	EXPECT_EQ(0, self->buf[0]);
	EXPECT_EQ(1, edu_arrives(&self->a, IOVA, self->buf));
	ASSERT_EQ(0, edu_detach(&self->a));
	ASSERT_EQ(0, edu_attach(&self->a, other));
	EXPECT_EQ(1, edu_arrives(&self->a, IOVA, self->buf + PAGE));
}

TEST_F(dma, without_bus_mastering_nothing_arrives)
{
	attach(&self->a);
	ASSERT_EQ(0, device_map(self->a.fd, self->buf, IOVA, PAGE, 1));
	ASSERT_EQ(0, device_command_write(self->a.fd, COMMAND_MEMORY));
	EXPECT_EQ(0, edu_arrives(&self->a, IOVA, self->buf));
	ASSERT_EQ(0, device_command_write(self->a.fd,
					  COMMAND_MEMORY | COMMAND_MASTER));
	EXPECT_EQ(1, edu_arrives(&self->a, IOVA, self->buf));
}

TEST_F(dma, set_refuses_what_is_not_a_domain)
{
	int ends[2], closed = domain_open(), i;
	const int bad[][2] = {
		{ -1, EBADF },
		{ 12345, EBADF },
		{ closed, EBADF },
		{ open("/dev/uiommu", O_PATH), EBADF },
		{ open("/dev/null", O_RDWR), EINVAL },
		{ open("/proc/self/exe", O_RDONLY), EINVAL },
		{ self->a.fd, EINVAL },
		{ self->b.fd, EINVAL },
		{ pipe(ends) ? -1 : ends[0], EINVAL },
	};

	close(closed);
	for (i = 0; i < (int)ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-bad[i][1], device_set(self->a.fd, bad[i][0]))
		TH_LOG("row %d", i);
	}
	EXPECT_EQ(-EFAULT, call(self->a.fd, VFIO_DOMAIN_SET, NULL));
	EXPECT_EQ(-EFAULT, call(self->a.fd, VFIO_DOMAIN_SET, (void *)~0UL));
	EXPECT_EQ(0, device_set(self->a.fd, self->domain));
}

TEST_F(dma, second_set_is_ebusy_and_changes_nothing)
{
	int other = domain_open();

	attach(&self->a);
	EXPECT_EQ(-EBUSY, device_set(self->a.fd, self->domain));
	EXPECT_EQ(-EBUSY, device_set(self->a.fd, other));
	ASSERT_EQ(0, device_map(self->a.fd, self->buf, IOVA, PAGE, 1));
	EXPECT_EQ(1, edu_arrives(&self->a, IOVA, self->buf));
}

TEST_F(dma, unset_counts_only_the_devices_own_mappings)
{
	EXPECT_EQ(0, call(self->a.fd, VFIO_DOMAIN_UNSET, NULL));
	ASSERT_EQ(0, device_set(self->a.fd, self->domain));
	ASSERT_EQ(0, domain_map(self->domain, self->buf, IOVA, PAGE, true));
	ASSERT_EQ(0, device_map(self->a.fd, self->buf, 0, PAGE, 1));
	EXPECT_EQ(-EBUSY, call(self->a.fd, VFIO_DOMAIN_UNSET, NULL));
	EXPECT_EQ(0, device_unmap(self->a.fd, 0, PAGE));
	EXPECT_EQ(0, call(self->a.fd, VFIO_DOMAIN_UNSET, NULL));
	EXPECT_EQ(0, call(self->a.fd, VFIO_DOMAIN_UNSET, NULL));
	EXPECT_EQ(1, domain_nr_maps(self->domain));
	EXPECT_EQ(-EINVAL, device_map(self->a.fd, self->buf, 0, PAGE, 1));
}

TEST_F(dma, mappings_in_the_way_of_an_attach_are_eaddrinuse)
{
	static const __u64 bad[][2] = {
		{ WINDOW, PAGE },
		{ WINDOW - PAGE, 2 * PAGE },
		{ 0xfeeff000, 2 * PAGE },
		{ 1ULL << 52, PAGE },
	};
	int other = domain_open();
	size_t i;

	ASSERT_EQ(0, device_set(self->b.fd, other));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		/* a virtio-iommu has no limit */
		if (bad[i][0] >> 32 && bad[i][0] <= domain_last(other))
			continue;
		ASSERT_EQ(0, domain_map(self->domain, self->buf, bad[i][0],
					bad[i][1], true))
		TH_LOG("%#llx", bad[i][0]);
		EXPECT_EQ(-EADDRINUSE, device_set(self->a.fd, self->domain))
		TH_LOG("%#llx", bad[i][0]);
		EXPECT_EQ(-EINVAL,
			  device_map(self->a.fd, self->buf, 0, PAGE, 1));
		ASSERT_EQ(0, domain_unmap_all(self->domain));
	}
	EXPECT_EQ(0, device_set(self->a.fd, self->domain));
}

TEST_F(dma, allowed_ranges_leave_the_interrupts_out)
{
	struct uiommu_iova_range ranges[16];
	struct uiommu_iova_ranges arg = {
		.argsz = sizeof(arg),
		.nr_ranges = 16,
		.ranges = (unsigned long)ranges,
	};
	__u32 i;

	ASSERT_EQ(0, device_set(self->a.fd, self->domain));
	ASSERT_EQ(0, call(self->domain, UIOMMU_IOVA_RANGES, &arg));
	ASSERT_LE(2, arg.nr_ranges);
	for (i = 0; i < arg.nr_ranges; i++) {
		EXPECT_LE(ranges[i].first, ranges[i].last);
		EXPECT_TRUE(ranges[i].last < WINDOW ||
			    ranges[i].first > 0xfeefffff);
		EXPECT_TRUE(!i || ranges[i].first > ranges[i - 1].last + 1);
	}
	arg.nr_ranges = 1;
	EXPECT_EQ(-ENOSPC, call(self->domain, UIOMMU_IOVA_RANGES, &arg));
	EXPECT_EQ(i, arg.nr_ranges);
	EXPECT_EQ(domain_last(self->domain), ranges[i - 1].last);
	if (ranges[i - 1].last == ~0ULL)
		return; /* a virtio-iommu has no limit */
	EXPECT_EQ(-EINVAL,
		  domain_map(self->domain, self->buf,
			     (ranges[i - 1].last + 1) & -PAGE, PAGE, true));
}

TEST_F(dma, info_counts)
{
	struct uiommu_info info;

	ASSERT_EQ(0, device_set(self->a.fd, self->domain));
	ASSERT_EQ(0, device_set(self->b.fd, self->domain));
	ASSERT_EQ(0, domain_map(self->domain, self->buf, IOVA, 3 * PAGE, true));
	ASSERT_EQ(0, device_map(self->a.fd, self->buf, 0, 2 * PAGE, 0));
	ASSERT_EQ(0, domain_info(self->domain, &info));
	EXPECT_EQ(2, info.nr_maps);
	EXPECT_EQ(5 * PAGE, info.mapped);
	EXPECT_EQ(5, info.pinned);
	EXPECT_EQ(2, info.nr_devices);
	EXPECT_EQ(domain_separate() ? 2 : 1, info.nr_hw_domains);
	EXPECT_NE(0, info.page_sizes & PAGE);
}

TEST_HARNESS_MAIN
