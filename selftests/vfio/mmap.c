// SPDX-License-Identifier: GPL-2.0
/*
 * BARs as memory. Invariant: a mapping shows its own pages of the BAR and not
 * one more, while the device may be reached; else it gives SIGBUS.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/edu.h"
#include "../lib/fault.h"
#include "../lib/process.h"

#define BAR 2
#define STEP (1UL << 20)

FIXTURE(pages)
{
	int fd;
	int domain;
	__u64 size;
};

FIXTURE_SETUP(pages)
{
	__u32 length = BAR;

	if (!device_bdf("IVSHMEM"))
		SKIP(return, "IVSHMEM is not set");
	self->domain = domain_open();
	self->fd = device_open("IVSHMEM");
	ASSERT_EQ(0, device_set(self->fd, self->domain));
	ASSERT_EQ(0, device_command_write(self->fd, COMMAND_MEMORY));
	ASSERT_EQ(0, call(self->fd, VFIO_BAR_LEN, &length));
	self->size = length;
}

FIXTURE_TEARDOWN(pages)
{
	close(self->fd);
	close(self->domain);
}

static void *map(FIXTURE_DATA(pages) * self, __u64 at, size_t size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, self->fd,
		    REGION(BAR, at));
}

TEST_F(pages, each_offset_shows_its_own_page)
{
	__u64 at;
	__u32 *page;

	for (at = 0; at < self->size; at += STEP / 2 + PAGE)
		ASSERT_EQ(8, device_write(self->fd, REGION(BAR, at), &at, 8));
	for (at = 0; at < self->size; at += STEP / 2 + PAGE) {
		page = map(self, at, PAGE);
		ASSERT_NE(MAP_FAILED, page);
		EXPECT_EQ(at, *(__u64 *)page);
		munmap(page, PAGE);
	}
}

TEST_F(pages, whole_and_pieces_show_the_same)
{
	__u8 *whole = map(self, 0, self->size), *piece;

	ASSERT_NE(MAP_FAILED, whole);
	piece = map(self, self->size - 3 * PAGE, 3 * PAGE);
	ASSERT_NE(MAP_FAILED, piece);
	memset(piece, 0x1f, 3 * PAGE);
	EXPECT_EQ(0x1f, whole[self->size - 1]);
	EXPECT_EQ(0x1f, whole[self->size - 3 * PAGE]);
	whole[self->size - 3 * PAGE - 1] = 0x2e;
	EXPECT_EQ(0x1f, piece[0]);
}

struct row {
	const char *name;
	__u64 from_end;
	__u64 size;
};

TEST_F(pages, beyond_the_end_is_einval)
{
	static const struct row rows[] = {
		{ "at the end", 0, PAGE },
		{ "over the end", PAGE, 2 * PAGE },
		{ "4 GiB", PAGE, 1ULL << 32 },
		{ "4 GiB and a page", PAGE, (1ULL << 32) + PAGE },
		{ "1 TiB", PAGE, 1ULL << 40 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		EXPECT_EQ(MAP_FAILED, map(self, self->size - rows[i].from_end,
					  rows[i].size))
		TH_LOG("%s", rows[i].name);
	}
	EXPECT_EQ(MAP_FAILED, map(self, 0, self->size + PAGE));
	EXPECT_EQ(MAP_FAILED, map(self, 0xfffff000, PAGE));
	EXPECT_EQ(MAP_FAILED, map(self, 0xfffff000, 2 * PAGE));
}

TEST_F(pages, what_cannot_be_mapped)
{
	static const __u64 regions[] = { 1, 3, 4, 5, 6, 7, 14, 15, 40 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(regions); i++) {
		EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_SHARED,
					   self->fd, REGION(regions[i], 0)))
		TH_LOG("region %llu", regions[i]);
	}
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE, self->fd, REGION(BAR, 0)));
}

TEST_F(pages, cannot_grow)
{
	__u8 *page = map(self, self->size - PAGE, PAGE);

	ASSERT_NE(MAP_FAILED, page);
	EXPECT_EQ(MAP_FAILED, mremap(page, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
	EXPECT_EQ(0, fault_read(page));
}

/*
 * Does the architecture know the BAR's first byte as write combining? All
 * that maps it has the type that this list says. Negative if there is no list:
 * the kernels of our own are built without memory types.
 */
static int is_combined(const char *bdf)
{
	unsigned long long bar = device_bar(bdf, BAR), first, last;
	FILE *list = fopen("/sys/kernel/debug/x86/pat_memtype_list", "re");
	char line[256], type[64];
	int found = list ? 0 : -1;

	while (list && fgets(line, sizeof(line), list))
		if (sscanf(line, "PAT: [mem %llx-%llx] %63s", &first, &last,
			   type) == 3 &&
		    first <= bar && bar < last)
			found |= !strcmp(type, "write-combining");
	if (list)
		fclose(list);
	return found;
}

TEST_F(pages, write_combining_on_request)
{
	struct uvfio_region_info info = { .argsz = sizeof(info),
					  .region = BAR };
	__u32 *page;

	ASSERT_EQ(0, call(self->fd, UVFIO_REGION_INFO, &info));
	ASSERT_NE(0, info.caps & UVFIO_REGION_PREFETCH);
	ASSERT_NE(0, info.caps & UVFIO_REGION_WC);
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, self->fd,
		    info.wc_offset);
	ASSERT_NE(MAP_FAILED, page);
	*page = 0x600d;
	EXPECT_EQ(0x600d, *page);
	EXPECT_NE(0, is_combined(device_bdf("IVSHMEM")));
	EXPECT_EQ(MAP_FAILED, map(self, 0, PAGE));
	EXPECT_EQ(EBUSY, errno);
	munmap(page, PAGE);
	EXPECT_GE(0, is_combined(device_bdf("IVSHMEM")));
	page = map(self, 0, PAGE);
	EXPECT_NE(MAP_FAILED, page);
	EXPECT_EQ(0x600d, *page);
}

TEST(bar_smaller_than_a_page)
{
	struct uvfio_region_info info = { .argsz = sizeof(info) };
	int fd = device_open("DOORBELL"), domain = domain_open();
	__u32 *page, id;

	if (!device_bdf("DOORBELL"))
		SKIP(return, "DOORBELL is not set");
	ASSERT_EQ(0, device_set(fd, domain));
	ASSERT_EQ(0, device_command_write(fd, COMMAND_MEMORY));
	ASSERT_EQ(0, call(fd, UVFIO_REGION_INFO, &info));
	ASSERT_EQ(256, info.size);
	/* mappable only where it has its page to itself, and then as told */
	page = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	EXPECT_EQ(!!(info.caps & UVFIO_REGION_MMAP), page != MAP_FAILED);
	if (page != MAP_FAILED) {
		ASSERT_EQ(4, device_read(fd, REGION(0, 8), &id, 4));
		EXPECT_EQ(id, page[2]);
	}
	EXPECT_EQ(MAP_FAILED,
		  mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0));
	EXPECT_EQ(MAP_FAILED,
		  mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, PAGE));
	EXPECT_GE(0, device_read(fd, REGION(0, 256), &id, 4));
	close(fd);
}

/*
 * BAR 3 of e1000e is 16 KiB, with the MSI-X table in its first page and pending
 * bits in its third: programs of 2010 map all that follows the table's page.
 */
TEST(process_maps_pending_bits_and_peers_do_not)
{
	struct uvfio_window window;
	struct uvfio_region_info info = {
		.argsz = sizeof(info),
		.region = 3,
		.nr_windows = 1,
		.windows = (uintptr_t)&window,
	};
	int fd = device_open("E1000E"), domain = domain_open();
	__u8 *rest;
	__u64 bits;

	if (!device_bdf("E1000E"))
		SKIP(return, "E1000E is not set");
	ASSERT_EQ(0, device_set(fd, domain));
	ASSERT_EQ(0, device_command_write(fd, COMMAND_MEMORY));
	ASSERT_EQ(0, call(fd, UVFIO_REGION_INFO, &info));
	EXPECT_EQ(1, info.nr_windows);
	EXPECT_EQ(PAGE, window.offset);
	EXPECT_EQ(3 * PAGE, window.size);
	EXPECT_EQ(MAP_FAILED,
		  mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, REGION(3, 0)));
	rest = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		    REGION(3, PAGE));
	ASSERT_NE(MAP_FAILED, (void *)rest);
	ASSERT_EQ(8, device_read(fd, REGION(3, 2 * PAGE), &bits, 8));
	EXPECT_EQ(bits, *(volatile __u64 *)(rest + PAGE));
	EXPECT_EQ(-EINVAL, device_write(fd, REGION(3, 2 * PAGE), &bits, 8));

	EXPECT_EQ(0, device_map(fd, rest, 0x100000, PAGE, 0));
	EXPECT_EQ(-EFAULT, device_map(fd, rest + PAGE, 0x200000, PAGE, 0));
	EXPECT_EQ(0, device_map(fd, rest + 2 * PAGE, 0x300000, PAGE, 0));
	munmap(rest, 3 * PAGE);
	close(fd);
	close(domain);
}

static __u64 *map_at(int fd, __u64 offset, __u64 size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
}

/* Beyond it a file offset of 2010 belongs to the next resource */
TEST(mapping_ends_where_its_encoding_does)
{
	struct uvfio_region_info info = { .argsz = sizeof(info),
					  .region = BAR };
	__u64 end = 1ULL << VFIO_PCI_SPACE_SHIFT, *narrow, *wide;
	int fd, domain = domain_open();

	if (!device_bdf("IVSHMEM_BIG"))
		SKIP(return, "IVSHMEM_BIG is not set");
	fd = device_open("IVSHMEM_BIG");
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, device_set(fd, domain));
	ASSERT_EQ(0, device_command_write(fd, COMMAND_MEMORY));
	ASSERT_EQ(0, call(fd, UVFIO_REGION_INFO, &info));
	ASSERT_LT(end, info.size);

	EXPECT_EQ(MAP_FAILED, map_at(fd, REGION(BAR, 0), end + PAGE));
	EXPECT_EQ(MAP_FAILED, map_at(fd, REGION(BAR, end - PAGE), 2 * PAGE));
	EXPECT_EQ(MAP_FAILED, map_at(fd, REGION(BAR, end - PAGE), end));
	narrow = map_at(fd, REGION(BAR, end - PAGE), PAGE);
	ASSERT_NE(MAP_FAILED, narrow);
	wide = map_at(fd, info.offset + end - 4 * PAGE, 8 * PAGE);
	ASSERT_NE(MAP_FAILED, wide);
	wide[4 * PAGE / 8] = 0xbe70d;
	*narrow = 0x1a57;
	EXPECT_EQ(0x1a57, wide[3 * PAGE / 8]);
	EXPECT_EQ(0xbe70d, wide[4 * PAGE / 8]);
	munmap(narrow, PAGE);
	munmap(wide, 8 * PAGE);
	close(fd);
	close(domain);
}

FIXTURE(zap)
{
	struct edu edu;
	int domain;
};

FIXTURE_SETUP(zap)
{
	if (!device_bdf("EDU0"))
		SKIP(return, "EDU0 is not set");
	self->domain = domain_open();
	ASSERT_EQ(0, edu_open(&self->edu, "EDU0"));
	ASSERT_EQ(0, edu_attach(&self->edu, self->domain));
	ASSERT_EQ(0, fault_read(self->edu.regs));
	ASSERT_EQ(0x010000ed, edu_get(&self->edu, EDU_ID));
}

FIXTURE_TEARDOWN(zap)
{
	edu_close(&self->edu);
	close(self->domain);
}

TEST_F(zap, by_unset_and_back_by_set)
{
	ASSERT_EQ(0, device_unmap(self->edu.fd, self->edu.scratch_iova, PAGE));
	ASSERT_EQ(0, call(self->edu.fd, VFIO_DOMAIN_UNSET, NULL));
	EXPECT_EQ(SIGBUS, fault_read(self->edu.regs));
	EXPECT_EQ(SIGBUS, fault_write(self->edu.regs + EDU_LIVENESS, 1));
	ASSERT_EQ(0, device_set(self->edu.fd, self->domain));
	ASSERT_EQ(0, device_command_write(self->edu.fd, COMMAND_MEMORY));
	EXPECT_EQ(0, fault_read(self->edu.regs));
	EXPECT_EQ(0x010000ed, edu_get(&self->edu, EDU_ID));
}

TEST_F(zap, by_disabled_memory_and_back)
{
	ASSERT_EQ(0, device_command_write(self->edu.fd, COMMAND_MASTER));
	EXPECT_EQ(SIGBUS, fault_read(self->edu.regs));
	ASSERT_EQ(0, device_command_write(self->edu.fd, COMMAND_MEMORY));
	EXPECT_EQ(0, fault_read(self->edu.regs));
	EXPECT_EQ(0x010000ed, edu_get(&self->edu, EDU_ID));
}

TEST_F(zap, not_by_close_while_it_is_mapped)
{
	/* the mapping holds the file: this is not the last close */
	close(self->edu.fd);
	EXPECT_EQ(0, fault_read(self->edu.regs));
	EXPECT_EQ(COMMAND_MASTER,
		  device_command_real(self->edu.bdf) & COMMAND_MASTER);
	munmap((void *)self->edu.regs, EDU_BAR_SIZE);
	self->edu.regs = NULL;
	self->edu.fd = device_open("EDU0");
	EXPECT_EQ(0, device_command_real(self->edu.bdf) & COMMAND_MASTER);
	EXPECT_EQ(-EINVAL, device_unmap(self->edu.fd, 0, PAGE));
}

static int hold(void *arg)
{
	int *ends = arg;

	process_tell(ends[0]);
	process_await(ends[1]);
	return 0;
}

TEST_F(zap, last_close_is_that_of_the_last_child)
{
	int ends[2], ready, go;
	pid_t pid = process_start(hold, ends, &ready, &go);

	ASSERT_EQ(0, process_await(ready));
	edu_close(&self->edu);
	EXPECT_EQ(COMMAND_MASTER,
		  device_command_real(device_bdf("EDU0")) & COMMAND_MASTER);
	process_tell(go);
	EXPECT_EQ(0, process_wait(pid));
	EXPECT_EQ(0, device_command_real(device_bdf("EDU0")) & COMMAND_MASTER);
}

FIXTURE(table)
{
	int fd;
	int domain;
	__u64 at; /* of the MSI-X table, and in which BAR */
	__u32 bar;
};

FIXTURE_SETUP(table)
{
	__u32 where;
	int cap;

	if (!device_bdf("NVME"))
		SKIP(return, "NVME is not set");
	self->domain = domain_open();
	self->fd = device_open("NVME");
	ASSERT_EQ(0, device_set(self->fd, self->domain));
	ASSERT_EQ(0, device_command_write(self->fd, COMMAND_MEMORY));
	cap = device_capability(self->fd, 0x11);
	ASSERT_NE(0, cap);
	ASSERT_EQ(4, device_read(self->fd, CONFIG(cap + 4), &where, 4));
	self->bar = where & 7;
	self->at = where & ~7U;
}

FIXTURE_TEARDOWN(table)
{
	close(self->fd);
	close(self->domain);
}

TEST_F(table, is_not_mapped_but_what_is_beside_it)
{
	struct uvfio_window windows[8];
	struct uvfio_region_info info = {
		.argsz = sizeof(info),
		.region = self->bar,
		.nr_windows = 8,
		.windows = (unsigned long)windows,
	};
	__u64 page = self->at & -PAGE, at;
	__u32 i;

	ASSERT_EQ(0, call(self->fd, UVFIO_REGION_INFO, &info));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_SHARED, self->fd,
				   REGION(self->bar, page)));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, info.size, PROT_READ, MAP_SHARED,
				   self->fd, REGION(self->bar, 0)));
	ASSERT_LT(0, info.nr_windows);
	for (i = 0; i < info.nr_windows; i++) {
		at = windows[i].offset;
		EXPECT_TRUE(at > page || at + windows[i].size <= page);
		EXPECT_NE(MAP_FAILED,
			  mmap(NULL, windows[i].size, PROT_READ, MAP_SHARED,
			       self->fd, REGION(self->bar, at)));
	}
}

TEST_F(table, can_be_read_but_not_written)
{
	__u64 at = REGION(self->bar, self->at);
	__u32 entry[4], after[4];

	EXPECT_EQ(16, device_read(self->fd, at, entry, 16));
	EXPECT_EQ(-EINVAL, device_write(self->fd, at, "0123456789abcdef", 16));
	EXPECT_EQ(-EINVAL, device_write(self->fd, at + 12, "0123", 4));
	EXPECT_GE(4, device_write(self->fd, at - 4, "01234567", 8));
	EXPECT_EQ(16, device_read(self->fd, at, after, 16));
	EXPECT_EQ(0, memcmp(entry, after, 16));
}

TEST_HARNESS_MAIN
