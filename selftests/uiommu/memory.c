// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of every kind: reached whole by a device, or refused for a reason.
 * Invariant: what the device reads is what the process wrote last, also
 * through a mapping that is only for reading (the 2010 code left such a
 * mapping on the page that the process had before its first write).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <linux/udmabuf.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/disk.h"
#include "../lib/domain.h"
#include "../lib/edu.h"
#include "../lib/memory.h"
#include "../lib/process.h"
#include "../lib/text.h"

#define IOVA 0xa0000000ULL
#define SMALL (16 * PAGE)

FIXTURE(kind)
{
	int domain;
	struct edu edu;
	struct memory m;
};

FIXTURE_VARIANT(kind)
{
	enum kind kind;
	size_t size;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(kind, anonymous) {
	.kind = ANON, .size = SMALL,
};

FIXTURE_VARIANT_ADD(kind, transparent_huge) {
	.kind = THP, .size = 4 * HUGE,
};

FIXTURE_VARIANT_ADD(kind, shared_anonymous) {
	.kind = SHARED_ANON, .size = SMALL,
};

FIXTURE_VARIANT_ADD(kind, memfd) {
	.kind = MEMFD, .size = SMALL,
};

FIXTURE_VARIANT_ADD(kind, hugetlb) {
	.kind = HUGETLB, .size = 2 * HUGE,
};

FIXTURE_VARIANT_ADD(kind, hugetlb_private) {
	.kind = HUGETLB_PRIVATE, .size = 2 * HUGE,
};

FIXTURE_VARIANT_ADD(kind, hugetlb_1g) {
	.kind = HUGETLB_1G, .size = GIGANTIC,
};

FIXTURE_VARIANT_ADD(kind, private_file) {
	.kind = PRIVATE_FILE, .size = SMALL,
};

/* clang-format on */

FIXTURE_SETUP(kind)
{
	if (!device_bdf("EDU0"))
		SKIP(return, "EDU0 is not set");
	self->domain = domain_open();
	ASSERT_EQ(0, edu_open(&self->edu, "EDU0"));
	ASSERT_EQ(0, edu_attach(&self->edu, self->domain));
	ASSERT_EQ(0, memory_make(&self->m, variant->kind, variant->size));
}

FIXTURE_TEARDOWN(kind)
{
	edu_close(&self->edu);
	close(self->domain);
	memory_free(&self->m);
}

TEST_F(kind, reached_whole)
{
	size_t last = variant->size - PAGE;

	ASSERT_EQ(0, domain_map(self->domain, self->m.buf, IOVA, variant->size,
				true));
	EXPECT_EQ(variant->size / PAGE + 1, domain_pinned(self->domain));
	EXPECT_EQ(1, edu_arrives(&self->edu, IOVA, self->m.buf));
	EXPECT_EQ(1, edu_arrives(&self->edu, IOVA + last, self->m.buf + last));
	memset(self->m.buf + last, 0x42, PAGE);
	EXPECT_EQ(1, edu_sees(&self->edu, IOVA + last, 0x42));
	EXPECT_EQ(0, edu_sees(&self->edu, IOVA + variant->size, 0x42));
	EXPECT_EQ(0, domain_unmap(self->domain, IOVA, variant->size));
	EXPECT_EQ(1, domain_pinned(self->domain));
}

TEST_F(kind, odd_piece_of_it)
{
	size_t at = variant->size / 2 - PAGE;

	ASSERT_EQ(0, domain_map(self->domain, self->m.buf + at, IOVA + PAGE,
				3 * PAGE, true));
	EXPECT_EQ(1, edu_arrives(&self->edu, IOVA + 2 * PAGE,
				 self->m.buf + at + PAGE));
	EXPECT_EQ(0, edu_arrives(&self->edu, IOVA + 4 * PAGE,
				 self->m.buf + at + 3 * PAGE));
}

/* How memory may be before it is mapped for reading only */
static __u8 *untouched(void)
{
	return memory_anon(SMALL);
}

static __u8 *only_read(void)
{
	__u8 *buf = memory_anon(SMALL);
	size_t at, sum = 0;

	for (at = 0; at < SMALL; at += PAGE)
		sum += *(volatile __u8 *)(buf + at);
	return sum ? NULL : buf;
}

static pid_t child;

static __u8 *shared_with_a_child(void)
{
	__u8 *buf = memory_anon(SMALL);

	memset(buf, 1, SMALL);
	child = fork();
	if (!child) {
		process_nap(20000);
		_exit(0);
	}
	return buf;
}

static __u8 *of_a_file(int flags, bool touch)
{
	int fd = memfd_create("selftest", MFD_CLOEXEC);
	__u8 *buf;

	if (fd < 0 || ftruncate(fd, SMALL))
		return NULL;
	buf = mmap(NULL, SMALL, PROT_READ | PROT_WRITE, flags, fd, 0);
	if (touch)
		process_nap(*(volatile __u8 *)buf);
	return buf;
}

static __u8 *private_file(void)
{
	return of_a_file(MAP_PRIVATE, false);
}

static __u8 *private_file_read(void)
{
	return of_a_file(MAP_PRIVATE, true);
}

static __u8 *shared_file(void)
{
	return of_a_file(MAP_SHARED, false);
}

static __u8 *write_protected(void)
{
	__u8 *buf = memory_anon(SMALL);

	return mprotect(buf, SMALL, PROT_READ) ? NULL : buf;
}

static __u8 *write_protected_file(void)
{
	__u8 *buf = of_a_file(MAP_PRIVATE, true);

	return mprotect(buf, SMALL, PROT_READ) ? NULL : buf;
}

static __u8 *huge_zero(void)
{
	struct memory m;

	if (memory_make(&m, THP, 2 * HUGE) ||
	    madvise(m.buf, m.size, MADV_DONTNEED))
		return NULL;
	process_nap(*(volatile __u8 *)m.buf);
	return m.buf;
}

FIXTURE(read_only)
{
	int domain;
	struct edu edu;
	__u8 *buf;
};

FIXTURE_VARIANT(read_only)
{
	__u8 *(*make)(void);
};

/* clang-format off */
FIXTURE_VARIANT_ADD(read_only, untouched) { .make = untouched };

FIXTURE_VARIANT_ADD(read_only, only_read) { .make = only_read };

FIXTURE_VARIANT_ADD(read_only, huge_zero) { .make = huge_zero };

FIXTURE_VARIANT_ADD(read_only, shared_with_a_child) {
	.make = shared_with_a_child,
};

FIXTURE_VARIANT_ADD(read_only, private_file) { .make = private_file };

FIXTURE_VARIANT_ADD(read_only, private_file_read) { .make = private_file_read };

FIXTURE_VARIANT_ADD(read_only, shared_file) { .make = shared_file };

FIXTURE_VARIANT_ADD(read_only, write_protected) { .make = write_protected };

FIXTURE_VARIANT_ADD(read_only, write_protected_file) {
	.make = write_protected_file,
};

/* clang-format on */

FIXTURE_SETUP(read_only)
{
	if (!device_bdf("EDU0"))
		SKIP(return, "EDU0 is not set");
	self->domain = domain_open();
	ASSERT_EQ(0, edu_open(&self->edu, "EDU0"));
	ASSERT_EQ(0, edu_attach(&self->edu, self->domain));
	self->buf = variant->make();
	ASSERT_NE(NULL, self->buf);
	ASSERT_EQ(0, domain_map(self->domain, self->buf, IOVA, SMALL, false));
}

FIXTURE_TEARDOWN(read_only)
{
	if (child) {
		kill(child, SIGKILL);
		process_wait(child);
	}
	edu_close(&self->edu);
	close(self->domain);
}

TEST_F(read_only, shows_what_the_process_wrote)
{
	ASSERT_EQ(0, mprotect(self->buf, SMALL, PROT_READ | PROT_WRITE));
	memset(self->buf, 0x59, SMALL);
	EXPECT_EQ(1, edu_sees(&self->edu, IOVA, 0x59));
	EXPECT_EQ(1, edu_sees(&self->edu, IOVA + SMALL - PAGE, 0x59));
	EXPECT_EQ(0, edu_arrives(&self->edu, IOVA, self->buf));
	process_nap(150);
	EXPECT_EQ(2, domain_nr_maps(self->domain));
}

FIXTURE(device_memory)
{
	int domain;
	int owner;
	struct edu edu;
	__u8 *bar;
};

FIXTURE_SETUP(device_memory)
{
	if (!device_bdf("EDU0") || !device_bdf("IVSHMEM"))
		SKIP(return, "EDU0 or IVSHMEM is not set");
	self->domain = domain_open();
	ASSERT_EQ(0, edu_open(&self->edu, "EDU0"));
	ASSERT_EQ(0, edu_attach(&self->edu, self->domain));
	self->owner = device_open("IVSHMEM");
	ASSERT_EQ(0, device_set(self->owner, self->domain));
	ASSERT_EQ(0, device_command_write(self->owner, COMMAND_MEMORY));
	self->bar = mmap(NULL, SMALL, PROT_READ | PROT_WRITE, MAP_SHARED,
			 self->owner, REGION(2, 0));
	ASSERT_NE(MAP_FAILED, self->bar);
}

FIXTURE_TEARDOWN(device_memory)
{
	edu_close(&self->edu);
	close(self->owner);
	close(self->domain);
}

static void look(struct __test_metadata *_metadata,
		 FIXTURE_DATA(device_memory) * self, int arrives)
{
	memset(self->bar, 0, EDU_PROBE);
	edu_store_start(&self->edu, IOVA);
	ASSERT_EQ(0, edu_wait(&self->edu));
	EXPECT_EQ(arrives ? EDU_PATTERN : 0, self->bar[0]);
}

TEST_F(device_memory, reached_by_its_neighbour_until_unmapped)
{
	ASSERT_EQ(0, domain_map(self->domain, self->bar, IOVA, SMALL, true));
	look(_metadata, self, 1);
	EXPECT_EQ(1, domain_pinned(self->domain));
	ASSERT_EQ(0, domain_unmap(self->domain, IOVA, SMALL));
	look(_metadata, self, 0);
}

TEST_F(device_memory, gone_when_memory_is_disabled)
{
	ASSERT_EQ(0, domain_map(self->domain, self->bar, IOVA, SMALL, true));
	look(_metadata, self, 1);
	ASSERT_EQ(0, device_command_write(self->owner, 0));
	EXPECT_EQ(1, domain_nr_maps(self->domain));
	ASSERT_EQ(0, device_command_write(self->owner, COMMAND_MEMORY));
	look(_metadata, self, 0);
	ASSERT_EQ(0, domain_map(self->domain, self->bar, IOVA, SMALL, true));
	look(_metadata, self, 1);
}

TEST_F(device_memory, gone_with_its_device)
{
	ASSERT_EQ(0, domain_map(self->domain, self->bar, IOVA, SMALL, true));
	ASSERT_EQ(0, call(self->owner, VFIO_DOMAIN_UNSET, NULL));
	EXPECT_EQ(1, domain_nr_maps(self->domain));
}

TEST_F(device_memory, of_a_device_elsewhere_is_efault)
{
	int domain = domain_open();

	EXPECT_EQ(-EFAULT, domain_map(domain, self->bar, IOVA, SMALL, true));
	ASSERT_EQ(0, call(self->owner, VFIO_DOMAIN_UNSET, NULL));
	EXPECT_EQ(-EFAULT,
		  domain_map(self->domain, self->bar, IOVA, SMALL, true));
	EXPECT_EQ(1, domain_nr_maps(self->domain));
}

static void refuse(struct __test_metadata *_metadata, void *buf, size_t size)
{
	int domain = domain_open();

	ASSERT_NE(MAP_FAILED, buf);
	EXPECT_EQ(-EOPNOTSUPP, domain_map(domain, buf, IOVA, size, true));
	EXPECT_EQ(-EOPNOTSUPP, domain_map(domain, buf, IOVA, size, false));
	EXPECT_EQ(0, domain_nr_maps(domain));
	EXPECT_EQ(0, domain_pinned(domain));
	munmap(buf, size);
	close(domain);
}

/* No driver holds the AHCI controller, so that the kernel lets us map BAR 5. */
TEST(bar_mapped_through_sysfs_is_eopnotsupp)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource5",
		 device_bdf("AHCI"));
	fd = open(path, O_RDWR);
	ASSERT_LE(0, fd)
	TH_LOG("%s: %s", path, strerror(errno));
	refuse(_metadata,
	       mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0),
	       PAGE);
	close(fd);
}

/* 6.1 of Debian makes no dma-buf of user memory. */
TEST(dma_buf_is_eopnotsupp)
{
	int fd = open("/dev/udmabuf", O_RDWR);
	struct udmabuf_create create = { .size = PAGE };
	int buf;

	if (fd < 0) {
		ASSERT_EQ(ENOENT, errno);
		ASSERT_EQ(0, strncmp(getenv("KERNEL"), "6.1.0-", 6));
		return;
	}
	create.memfd = memfd_create("dma-buf", MFD_ALLOW_SEALING);
	ASSERT_EQ(0, ftruncate(create.memfd, PAGE));
	ASSERT_EQ(0, fcntl(create.memfd, F_ADD_SEALS, F_SEAL_SHRINK));
	buf = ioctl(fd, UDMABUF_CREATE, &create);
	ASSERT_LE(0, buf);
	refuse(_metadata,
	       mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, buf, 0),
	       PAGE);
	close(buf);
	close(create.memfd);
	close(fd);
}

FIXTURE(disk)
{
	struct disk disk;
	int domain;
	int fd;
};

FIXTURE_SETUP(disk)
{
	ASSERT_EQ(0, disk_mount(&self->disk))
	TH_LOG("no file system on a loop device");
	self->domain = domain_open();
	self->fd = open(DISK_DIR "/file", O_RDWR | O_CREAT, 0600);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ftruncate(self->fd, SMALL));
}

FIXTURE_TEARDOWN(disk)
{
	close(self->fd);
	disk_umount(&self->disk);
}

TEST_F(disk, shared_writable_file_is_refused)
{
	void *buf = mmap(NULL, SMALL, PROT_READ | PROT_WRITE, MAP_SHARED,
			 self->fd, 0);

	ASSERT_NE(MAP_FAILED, buf);
	EXPECT_EQ(-EOPNOTSUPP,
		  domain_map(self->domain, buf, IOVA, SMALL, true));
	EXPECT_EQ(-EOPNOTSUPP,
		  domain_map(self->domain, buf, IOVA, SMALL, false));
	EXPECT_EQ(0, domain_nr_maps(self->domain));
	EXPECT_EQ(0, domain_pinned(self->domain));
	munmap(buf, SMALL);
}

TEST_F(disk, private_file_is_mapped)
{
	void *buf = mmap(NULL, SMALL, PROT_READ | PROT_WRITE, MAP_PRIVATE,
			 self->fd, 0);

	ASSERT_NE(MAP_FAILED, buf);
	EXPECT_EQ(0, domain_map(self->domain, buf, IOVA, SMALL, true));
	munmap(buf, SMALL);
}

TEST_HARNESS_MAIN
