// SPDX-License-Identifier: GPL-2.0
/*
 * Large mmaps of a BAR. Invariant: whatever is done to the mmap, each page of
 * it shows its own page of the BAR, be it by an entry of 4 KiB or one of 2 MiB,
 * which is what a kernel that can gives to each aligned piece.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/uio.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/fault.h"
#include "../lib/memory.h"
#include "../lib/process.h"
#include "../lib/text.h"

#define BAR 2
#define AT ((4ULL << 30) - (8ULL << 20)) /* the range crosses 4 GiB */
#define SIZE (16UL << 20)
#define PAGES(size) ((size) / PAGE)

/* Entries of 2 MiB for BARs need a kernel that tells them from memory: 6.12 */
static bool kernel_has_huge_entries(void)
{
	const char *release = getenv("KERNEL");
	int major = 0, minor = 0;

	return release && sscanf(release, "%d.%d", &major, &minor) == 2 &&
	       (major > 6 || (major == 6 && minor >= 12));
}

FIXTURE(huge)
{
	int fd;
	int domain;
	__u64 offset;
	__u8 *at;
	size_t size;
};

FIXTURE_VARIANT(huge)
{
	bool combining;
	__u64 skip; /* where the range begins, after AT */
	size_t less; /* how much it is smaller than SIZE */
};

/* clang-format off */
FIXTURE_VARIANT_ADD(huge, whole) { .skip = 0 };
FIXTURE_VARIANT_ADD(huge, write_combining) { .combining = true };
FIXTURE_VARIANT_ADD(huge, ragged) { .skip = 3 * PAGE, .less = 7 * PAGE };
/* clang-format on */

/* What page @n of the range holds */
static __u64 mark(size_t n)
{
	return 0x6875676500000000ULL + n;
}

static void *map(FIXTURE_DATA(huge) * self, void *hint, int flags)
{
	return mmap(hint, self->size, PROT_READ | PROT_WRITE,
		    MAP_SHARED | flags, self->fd, self->offset);
}

/* By an mmap where KASAN would shadow 8 GiB of registers for a write call. */
static int write_marks(int fd, __u64 offset, size_t size)
{
	__u64 value;
	__u8 *at;
	size_t n;

	if (text_kernel_looks_closely()) {
		at = mmap(NULL, size, PROT_WRITE, MAP_SHARED, fd, offset);
		if (at == MAP_FAILED)
			return -1;
		for (n = 0; n < PAGES(size); n++)
			*(volatile __u64 *)(at + n * PAGE) = mark(n);
		return munmap(at, size);
	}
	for (n = 0; n < PAGES(size); n++) {
		value = mark(n);
		if (device_write(fd, offset + n * PAGE, &value, 8) != 8)
			return -1;
	}
	return 0;
}

FIXTURE_SETUP(huge)
{
	struct uvfio_region_info info = { .argsz = sizeof(info),
					  .region = BAR };

	if (!device_bdf("IVSHMEM_BIG"))
		SKIP(return, "IVSHMEM_BIG is not set");
	self->domain = domain_open();
	self->fd = device_open("IVSHMEM_BIG");
	ASSERT_EQ(0, device_set(self->fd, self->domain));
	ASSERT_EQ(0, device_command_write(self->fd, COMMAND_MEMORY));
	ASSERT_EQ(0, call(self->fd, UVFIO_REGION_INFO, &info));
	self->size = SIZE - variant->less;
	self->offset = info.offset + AT + variant->skip;
	ASSERT_EQ(0, write_marks(self->fd, self->offset, self->size));
	if (variant->combining)
		self->offset = info.wc_offset + AT + variant->skip;
	self->at = map(self, NULL, 0);
	ASSERT_NE(MAP_FAILED, (void *)self->at);
}

FIXTURE_TEARDOWN(huge)
{
	munmap(self->at, self->size);
	close(self->fd);
	close(self->domain);
}

/* How many of the pages of [at, at + size) do not show page @n and so on? */
static size_t wrong_pages(const __u8 *at, size_t n, size_t size)
{
	size_t i, wrong = 0;

	for (i = 0; i < PAGES(size); i++)
		wrong += *(volatile __u64 *)(at + i * PAGE) != mark(n + i);
	return wrong;
}

static long minor_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_minflt;
}

#define expect_all_right() EXPECT_EQ(0, wrong_pages(self->at, 0, self->size))

TEST_F(huge, each_page_by_few_faults)
{
	long faults = minor_faults();

	expect_all_right();
	faults = minor_faults() - faults;
	TH_LOG("%ld faults for %lu MiB", faults, self->size >> 20);
	/* a ragged range has two ends of small entries, of 16 a fault */
	EXPECT_GT(kernel_has_huge_entries() ? 32 + 2 * 32 + 8 : 5000, faults);
}

TEST_F(huge, written_through)
{
	__u64 offset = self->offset, value;
	size_t n;

	for (n = 0; n < PAGES(self->size); n++)
		((volatile __u64 *)(self->at + n * PAGE))[1] = ~mark(n);
	for (n = 0; n < PAGES(self->size) && !variant->combining; n += 61) {
		ASSERT_EQ(8, device_read(self->fd, offset + n * PAGE + 8,
					 &value, 8));
		ASSERT_EQ(~mark(n), value);
	}
	for (n = 0; n < PAGES(self->size); n++)
		ASSERT_EQ(~mark(n),
			  ((volatile __u64 *)(self->at + n * PAGE))[1]);
	expect_all_right();
}

/* At an address that does not suit, in the middle of other memory */
TEST_F(huge, where_the_user_wants_it)
{
	__u8 *room = memory_anon(self->size + 3 * HUGE);
	__u8 *odd = (__u8 *)(((unsigned long)room + HUGE) & -HUGE) + 5 * PAGE;

	ASSERT_NE(NULL, room);
	memset(odd - PAGE, 0x5a, PAGE);
	memset(odd + self->size, 0x5a, PAGE);
	ASSERT_EQ((void *)odd, map(self, odd, MAP_FIXED));
	EXPECT_EQ(0, wrong_pages(odd, 0, self->size));
	EXPECT_EQ(0x5a, odd[-1]);
	EXPECT_EQ(0x5a, odd[self->size]);
	EXPECT_EQ(0, munmap(room, self->size + 3 * HUGE));
	expect_all_right();
}

TEST_F(huge, less_a_page_in_the_middle)
{
	size_t half = (self->size / 2 & -HUGE) + 77 * PAGE;

	expect_all_right();
	ASSERT_EQ(0, munmap(self->at + half, PAGE));
	EXPECT_EQ(SIGSEGV, fault_read(self->at + half));
	EXPECT_EQ(0, wrong_pages(self->at, 0, half));
	EXPECT_EQ(0, wrong_pages(self->at + half + PAGE, PAGES(half) + 1,
				 self->size - half - PAGE));
}

static void *move(FIXTURE_DATA(huge) * self, __u8 *to)
{
	return mremap(self->at, self->size, self->size,
		      MREMAP_MAYMOVE | MREMAP_FIXED, to);
}

TEST_F(huge, moved)
{
	size_t size = 2 * SIZE + 3 * HUGE, i;
	__u8 *room =
		mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	__u8 *old = self->at, *fits = room + ((size_t)(old - room)) % HUGE;
	/* as well aligned as before, then not, then as before again */
	__u8 *const to[] = { fits, fits + SIZE + HUGE + 9 * PAGE, old };

	ASSERT_NE(MAP_FAILED, (void *)room);
	expect_all_right();
	for (i = 0; i < ARRAY_SIZE(to); i++) {
		ASSERT_EQ((void *)to[i], move(self, to[i]));
		EXPECT_EQ(SIGSEGV, fault_read(self->at + self->size / 2));
		self->at = to[i];
		expect_all_right();
	}
	munmap(room, size);
}

TEST_F(huge, moved_in_part)
{
	size_t half = (self->size / 2 & -HUGE) + 77 * PAGE;
	__u8 *page;

	expect_all_right();
	page = mmap(NULL, 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0);
	ASSERT_EQ((void *)page, mremap(self->at + half, 2 * PAGE, 2 * PAGE,
				       MREMAP_MAYMOVE | MREMAP_FIXED, page));
	EXPECT_EQ(0, wrong_pages(page, PAGES(half), 2 * PAGE));
	EXPECT_EQ(SIGSEGV, fault_read(self->at + half + PAGE));
	EXPECT_EQ(0, wrong_pages(self->at, 0, half));
	EXPECT_EQ(0, wrong_pages(self->at + half + 2 * PAGE, PAGES(half) + 2,
				 self->size - half - 2 * PAGE));
	munmap(page, 2 * PAGE);
}

TEST_F(huge, protected_and_not)
{
	size_t half = (self->size / 2 & -HUGE) + 77 * PAGE;

	expect_all_right();
	ASSERT_EQ(0, mprotect(self->at, self->size, PROT_READ));
	EXPECT_EQ(SIGSEGV, fault_write(self->at + half + 16, 1));
	expect_all_right();
	ASSERT_EQ(0, mprotect(self->at, self->size, PROT_READ | PROT_WRITE));
	EXPECT_EQ(0, fault_write(self->at + half + 16, 1));
	ASSERT_EQ(0, mprotect(self->at + half, PAGE, PROT_NONE));
	EXPECT_EQ(SIGSEGV, fault_read(self->at + half));
	EXPECT_EQ(0, fault_write(self->at + half - PAGE + 16, 1));
	ASSERT_EQ(0, mprotect(self->at + half, PAGE, PROT_READ | PROT_WRITE));
	EXPECT_EQ(0, fault_write(self->at + half + 16, 1));
	expect_all_right();
}

/* The kernel looks who writes: entries that are there forbid it at first */
TEST_F(huge, written_while_writes_are_tracked)
{
	size_t half = (self->size / 2 & -HUGE) + 77 * PAGE;

	ASSERT_LE(0, text_write("/proc/self/clear_refs", "4"));
	expect_all_right();
	EXPECT_EQ(0, fault_write(self->at + half + 16, 1));
	EXPECT_EQ(0, fault_write(self->at + half + PAGE + 16, 1));
	expect_all_right();
}

TEST_F(huge, not_dropped_by_advice)
{
	expect_all_right();
	EXPECT_EQ(-1, madvise(self->at, self->size, MADV_DONTNEED));
	EXPECT_EQ(EINVAL, errno);
	expect_all_right();
	EXPECT_EQ(0, madvise(self->at, self->size, MADV_NOHUGEPAGE) &&
			     errno != EINVAL);
	expect_all_right();
}

/* How many pages of the range, one of each 256, can be reached? */
static int reachable(const __u8 *at, size_t size)
{
	size_t n;
	int found = 0;

	for (n = 0; n < PAGES(size); n += 256)
		found += !fault_read(at + n * PAGE);
	return found;
}

/* For a child to look at */
struct sight {
	int ends[2]; /* the first, for process_start() */
	const __u8 *at;
	size_t size;
};

static int child_sees(void *arg)
{
	const struct sight *sight = arg;

	return reachable(sight->at, sight->size);
}

TEST_F(huge, zapped_and_back)
{
	struct sight sight = { .at = self->at, .size = self->size };
	int all = (PAGES(self->size) + 255) / 256;

	expect_all_right();
	ASSERT_EQ(0, device_command_write(self->fd, COMMAND_MASTER));
	EXPECT_EQ(0, reachable(self->at, self->size));
	EXPECT_EQ(0, process_run(child_sees, &sight));
	ASSERT_EQ(0, device_command_write(self->fd, COMMAND_MEMORY));
	expect_all_right();
	EXPECT_EQ(all, process_run(child_sees, &sight));
	ASSERT_EQ(0, call(self->fd, VFIO_DOMAIN_UNSET, NULL));
	EXPECT_EQ(0, reachable(self->at, self->size));
	ASSERT_EQ(0, device_set(self->fd, self->domain));
	ASSERT_EQ(0, device_command_write(self->fd, COMMAND_MEMORY));
	expect_all_right();
}

/* A child that has all entries when they are zapped, and its parent none */
static int look_twice(void *arg)
{
	const struct sight *sight = arg;
	int before = reachable(sight->at, sight->size), after;

	process_tell(sight->ends[0]);
	process_await(sight->ends[1]);
	after = reachable(sight->at, sight->size);
	return before == (PAGES(sight->size) + 255) / 256 && !after ? 0 : 1;
}

TEST_F(huge, zapped_in_a_child_too)
{
	struct sight sight = { .at = self->at, .size = self->size };
	int ready, go;
	pid_t pid;

	expect_all_right();
	pid = process_start(look_twice, &sight, &ready, &go);
	ASSERT_EQ(0, process_await(ready));
	ASSERT_EQ(0, device_command_write(self->fd, COMMAND_MASTER));
	process_tell(go);
	EXPECT_EQ(0, process_wait(pid));
	ASSERT_EQ(0, device_command_write(self->fd, COMMAND_MEMORY));
	expect_all_right();
}

/* Entries of 2 MiB are no memory: nothing pins them but what knows BARs */
TEST_F(huge, is_no_memory_for_others)
{
	int ends[2];

	expect_all_right();
	ASSERT_EQ(0, pipe(ends));
	/* vmsplice pins the pages of its buffer */
	EXPECT_EQ(-1, vmsplice(ends[1],
			       &(struct iovec){ self->at + HUGE, PAGE }, 1, 0));
	close(ends[0]);
	close(ends[1]);
	expect_all_right();
}

TEST_HARNESS_MAIN
