// SPDX-License-Identifier: GPL-2.0
/*
 * Every way in which a map is refused, through a domain and through a device.
 * Invariant: a refused map leaves nothing mapped, pinned or charged.
 */
#include <string.h>
#include <sys/mman.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/memory.h"
#include "../lib/process.h"

#define PAGES 64
#define HOLE 20 /* a page of the buffer that is not there */
#define FIXED 30 /* a page that is read-only */
#define SECRET 40 /* a page that may not be touched at all */
#define IOVA 0x10000000ULL
#define TAKEN 0x20000000ULL /* four pages are mapped here */
#define WINDOW 0xfee00000ULL
#define NOBODY 61002

enum base { BUFFER, ZERO, ADDRESS };

struct row {
	const char *name;
	enum base base;
	__u64 vaddr;
	__u64 iova;
	__u64 size;
	bool read_only;
	int err;
	int or_err;
};

static const struct row rows[] = {
	{ "no size", BUFFER, 0, IOVA, 0, 0, EINVAL, 0 },
	{ "size of a byte", BUFFER, 0, IOVA, 1, 0, EINVAL, 0 },
	{ "size less one", BUFFER, 0, IOVA, PAGE - 1, 0, EINVAL, 0 },
	{ "size and one", BUFFER, 0, IOVA, PAGE + 1, 0, EINVAL, 0 },
	{ "memory unaligned", BUFFER, 1, IOVA, PAGE, 0, EINVAL, 0 },
	{ "memory at half a page", BUFFER, 2048, IOVA, PAGE, 0, EINVAL, 0 },
	{ "iova unaligned", BUFFER, 0, IOVA + 1, PAGE, 0, EINVAL, 0 },
	{ "iova at half a page", BUFFER, 0, IOVA + 2048, PAGE, 0, EINVAL, 0 },
	{ "iova wraps", BUFFER, 0, -PAGE, 2 * PAGE, 0, EINVAL, 0 },
	{ "iova ends at the end", BUFFER, 0, -PAGE, PAGE, 0, EINVAL, 0 },
	{ "memory wraps", ADDRESS, -PAGE, IOVA, 2 * PAGE, 0, EINVAL, EFAULT },
	{ "memory at the end", ADDRESS, -PAGE, IOVA, PAGE, 0, EINVAL, EFAULT },
	{ "size 2^63", BUFFER, 0, IOVA, 1ULL << 63, 0, EINVAL, EFAULT },
	{ "size 2^63 at 0", BUFFER, 0, 0, 1ULL << 63, 0, EINVAL, EFAULT },
	{ "size of all", BUFFER, 0, IOVA, ~0ULL, 0, EINVAL, 0 },
	{ "size of all pages", BUFFER, 0, IOVA, -PAGE, 0, EINVAL, 0 },
	{ "2^31 pages", BUFFER, 0, IOVA, PAGE << 31, 0, EFAULT, EINVAL },
	{ "2^32 pages", BUFFER, 0, IOVA, PAGE << 32, 0, EFAULT, EINVAL },
	{ "beyond the width", BUFFER, 0, 1ULL << 60, PAGE, 0, EINVAL, 0 },
	{ "nothing at null", ZERO, 0, IOVA, PAGE, 0, EFAULT, 0 },
	{ "kernel memory", ADDRESS, 0xffff888000000000ULL, IOVA, PAGE, 0,
	  EFAULT, EINVAL },
	{ "not canonical", ADDRESS, 1ULL << 60, IOVA, PAGE, 0, EFAULT, EINVAL },
	{ "the hole", BUFFER, HOLE *PAGE, IOVA, PAGE, 0, EFAULT, 0 },
	{ "begins in the hole", BUFFER, HOLE *PAGE, IOVA, 2 * PAGE, 0, EFAULT,
	  0 },
	{ "ends in the hole", BUFFER, 0, IOVA, (HOLE + 1) * PAGE, 0, EFAULT,
	  0 },
	{ "hole in the middle", BUFFER, 0, IOVA, (HOLE + 5) * PAGE, 0, EFAULT,
	  0 },
	{ "hole, reading only", BUFFER, 0, IOVA, (HOLE + 5) * PAGE, 1, EFAULT,
	  0 },
	{ "writes read-only memory", BUFFER, FIXED *PAGE, IOVA, PAGE, 0, EFAULT,
	  0 },
	{ "read-only in the middle", BUFFER, (FIXED - 2) * PAGE, IOVA, 4 * PAGE,
	  0, EFAULT, 0 },
	{ "no access", BUFFER, SECRET *PAGE, IOVA, PAGE, 0, EFAULT, 0 },
	{ "no access, reading only", BUFFER, SECRET *PAGE, IOVA, PAGE, 1,
	  EFAULT, 0 },
	{ "the same again", BUFFER, 0, TAKEN, 4 * PAGE, 0, EBUSY, 0 },
	{ "its first page", BUFFER, 0, TAKEN, PAGE, 0, EBUSY, 0 },
	{ "its last page", BUFFER, 0, TAKEN + 3 * PAGE, PAGE, 0, EBUSY, 0 },
	{ "inside it", BUFFER, 0, TAKEN + PAGE, 2 * PAGE, 0, EBUSY, 0 },
	{ "around it", BUFFER, 0, TAKEN - PAGE, 6 * PAGE, 0, EBUSY, 0 },
	{ "over its start", BUFFER, 0, TAKEN - PAGE, 2 * PAGE, 0, EBUSY, 0 },
	{ "over its end", BUFFER, 0, TAKEN + 3 * PAGE, 2 * PAGE, 0, EBUSY, 0 },
	{ "interrupts", BUFFER, 0, WINDOW, PAGE, 0, EINVAL, 0 },
	{ "into interrupts", BUFFER, 0, WINDOW - PAGE, 2 * PAGE, 0, EINVAL, 0 },
	{ "last of interrupts", BUFFER, 0, 0xfeeff000, PAGE, 0, EINVAL, 0 },
	{ "out of interrupts", BUFFER, 0, 0xfeeff000, 2 * PAGE, 0, EINVAL, 0 },
};

FIXTURE(map)
{
	int domain;
	int device;
	__u8 *buf;
};

FIXTURE_VARIANT(map)
{
	bool by_device;
};

FIXTURE_VARIANT_ADD(map, by_domain){ .by_device = false };
FIXTURE_VARIANT_ADD(map, by_device){ .by_device = true };

FIXTURE_SETUP(map)
{
	self->domain = domain_open();
	ASSERT_LE(0, self->domain);
	if (!device_bdf("EDU0"))
		SKIP(return, "EDU0 is not set");
	self->device = device_open("EDU0");
	ASSERT_LE(0, self->device);
	ASSERT_EQ(0, device_set(self->device, self->domain));
	self->buf = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->buf);
	ASSERT_EQ(0, munmap(self->buf + HOLE * PAGE, PAGE));
	ASSERT_EQ(0, mprotect(self->buf + FIXED * PAGE, PAGE, PROT_READ));
	ASSERT_EQ(0, mprotect(self->buf + SECRET * PAGE, PAGE, PROT_NONE));
}

FIXTURE_TEARDOWN(map)
{
	close(self->device);
	close(self->domain);
}

static int map(FIXTURE_DATA(map) * self, bool by_device, __u64 vaddr,
	       __u64 iova, __u64 size, bool write)
{
	if (by_device)
		return device_map(self->device, (void *)vaddr, iova, size,
				  write ? VFIO_FLAG_WRITE : 0);
	return domain_map(self->domain, (void *)vaddr, iova, size, write);
}

static int try_row(FIXTURE_DATA(map) * self, bool by_device,
		   const struct row *row)
{
	__u64 base = row->base == BUFFER ? (unsigned long)self->buf : 0;

	return map(self, by_device, base + row->vaddr, row->iova, row->size,
		   !row->read_only);
}

/* So high that only an IOMMU without any limit can address it (virtio) */
static bool is_within(const struct row *row, __u64 last)
{
	__u64 end = row->iova + row->size - 1;

	return row->iova >= 1ULL << 57 && row->iova <= end && end <= last;
}

TEST_F(map, refused)
{
	__u64 last = domain_last(self->domain);
	const struct row *row;
	int err;

	ASSERT_EQ(0, map(self, variant->by_device, (unsigned long)self->buf,
			 TAKEN, 4 * PAGE, true));
	for (row = rows; row < rows + ARRAY_SIZE(rows); row++) {
		if (is_within(row, last))
			continue;
		err = -try_row(self, variant->by_device, row);
		EXPECT_TRUE(err == row->err || (err && err == row->or_err))
		TH_LOG("%s: %d, not %d", row->name, err, row->err);
		EXPECT_EQ(1, domain_nr_maps(self->domain))
		TH_LOG("%s left a mapping", row->name);
		EXPECT_EQ(4, domain_pinned(self->domain))
		TH_LOG("%s left pages pinned", row->name);
	}
	EXPECT_EQ(4, process_vmpin(getpid()));
}

TEST_F(map, accepted_beside_and_within)
{
	const struct row good[] = {
		{ "below", BUFFER, 0, TAKEN - PAGE, PAGE, 0, 0, 0 },
		{ "above", BUFFER, 0, TAKEN + 4 * PAGE, PAGE, 0, 0, 0 },
		{ "read-only memory", BUFFER, FIXED * PAGE, IOVA, PAGE, 1, 0,
		  0 },
		{ "below interrupts", BUFFER, 0, WINDOW - PAGE, PAGE, 0, 0, 0 },
		{ "above interrupts", BUFFER, 0, 0xfef00000, PAGE, 0, 0, 0 },
		{ "at 0", BUFFER, 0, 0, PAGE, 0, 0, 0 },
		{ "above 4 GiB", BUFFER, 0, 1ULL << 32, PAGE, 0, 0, 0 },
	};
	size_t i;

	ASSERT_EQ(0, map(self, variant->by_device, (unsigned long)self->buf,
			 TAKEN, 4 * PAGE, true));
	for (i = 0; i < ARRAY_SIZE(good); i++) {
		EXPECT_EQ(0, try_row(self, variant->by_device, good + i))
		TH_LOG("%s", good[i].name);
	}
	EXPECT_EQ(8, domain_nr_maps(self->domain));
}

TEST_F(map, unknown_flags)
{
	struct vfio_dma_map old = {
		.vaddr = (unsigned long)self->buf,
		.dmaaddr = IOVA,
		.size = PAGE,
	};
	unsigned int bit;

	for (bit = 1; bit < 64 && variant->by_device; bit++) {
		old.flags = VFIO_FLAG_WRITE | 1ULL << bit;
		EXPECT_EQ(-EINVAL, call(self->device, VFIO_DMA_MAP_IOVA, &old))
		TH_LOG("flag %u", bit);
	}
	EXPECT_EQ(0, domain_nr_maps(self->domain));
}

TEST_F(map, bad_pointers)
{
	static const unsigned long calls[] = { VFIO_DMA_MAP_IOVA,
					       VFIO_DMA_UNMAP };
	const __u8 *bad[] = {
		NULL,
		(void *)1,
		(void *)~0UL,
		(void *)0xffff888000000000UL,
		self->buf + HOLE * PAGE,
		self->buf + HOLE * PAGE - 8,
		self->buf + SECRET * PAGE,
	};
	size_t i;

	for (i = 0; i < 2 * ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EFAULT, call(self->device, calls[i & 1], bad[i / 2]))
		TH_LOG("pointer %p", bad[i / 2]);
	}
}

struct foreign {
	FIXTURE_DATA(map) * self;
	bool by_device;
	__u64 iova;
	__u64 size;
};

static int map_foreign(void *arg)
{
	struct foreign *f = arg;

	return map(f->self, f->by_device, (unsigned long)f->self->buf, f->iova,
		   f->size, true);
}

TEST_F(map, another_process_is_einval_while_there_are_mappings)
{
	struct foreign f = { self, variant->by_device, IOVA, PAGE };

	ASSERT_EQ(0, map(self, variant->by_device, (unsigned long)self->buf,
			 TAKEN, 4 * PAGE, true));
	EXPECT_EQ(EINVAL, process_run(map_foreign, &f));
	EXPECT_EQ(1, domain_nr_maps(self->domain));
	EXPECT_EQ(0, domain_unmap(self->domain, TAKEN, 4 * PAGE));
	EXPECT_EQ(0, process_run(map_foreign, &f));
}

TEST_F(map, over_the_limit_is_enomem)
{
	struct foreign f = { self, variant->by_device, IOVA, 9 * PAGE };

	EXPECT_EQ(ENOMEM, process_run_as(NOBODY, 8 * PAGE, map_foreign, &f));
	EXPECT_EQ(0, domain_nr_maps(self->domain));
	EXPECT_EQ(0, domain_pinned(self->domain));
	f.size = 4 * PAGE;
	EXPECT_EQ(0, process_run_as(NOBODY, 8 * PAGE, map_foreign, &f));
	f.size = PAGE;
	EXPECT_EQ(ENOMEM, process_run_as(NOBODY, 0, map_foreign, &f));
}

TEST(map_without_a_domain_is_einval)
{
	int fd = device_open("EDU1");
	__u8 *buf = memory_anon(2 * PAGE);

	if (!device_bdf("EDU1"))
		SKIP(return, "EDU1 is not set");
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EINVAL, device_map(fd, buf, IOVA, PAGE, 0));
	EXPECT_EQ(-EINVAL, device_map(fd, buf, IOVA, PAGE + 1, 0));
	close(fd);
}

TEST_HARNESS_MAIN
