// SPDX-License-Identifier: GPL-2.0
/*
 * The node /dev/uiommu: who may open it, what an empty domain says, what is
 * not a call. Invariant: a domain without a device harms nobody and leaves
 * nothing behind.
 */
#include <fcntl.h>
#include <linux/uvfio.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/domain.h"
#include "../lib/process.h"
#include "../lib/text.h"

#define NOBODY 61001
#define MANY 512

TEST(node_is_for_everybody)
{
	struct stat st;

	ASSERT_EQ(0, stat("/dev/uiommu", &st));
	EXPECT_EQ(0666, st.st_mode & 07777);
	EXPECT_EQ(S_IFCHR, st.st_mode & S_IFMT);
}

static int open_both_ways(void *arg)
{
	int fd = domain_open(), ro = open("/dev/uiommu", O_RDONLY);

	(void)arg;
	if (fd < 0 || ro < 0)
		return EACCES;
	return domain_nr_maps(ro) ? EIO : 0;
}

TEST(unprivileged_opens_for_reading_or_both)
{
	EXPECT_EQ(0, process_run_as(NOBODY, 0, open_both_ways, NULL));
}

static int map_through_read_only_descriptor(void *arg)
{
	int fd = open("/dev/uiommu", O_RDONLY);
	int err = domain_map(fd, arg, 0x100000, PAGE, true);

	return err ? err : domain_unmap(fd, 0x100000, PAGE);
}

TEST(descriptor_opened_read_only_is_enough)
{
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, page);
	EXPECT_EQ(0, process_run(map_through_read_only_descriptor, page));
}

TEST(each_open_is_an_empty_domain_of_its_own)
{
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int a = domain_open(), b = domain_open();

	ASSERT_LE(0, a);
	ASSERT_LE(0, b);
	EXPECT_EQ(0, domain_map(a, page, 0x100000, PAGE, true));
	EXPECT_EQ(1, domain_nr_maps(a));
	EXPECT_EQ(0, domain_nr_maps(b));
	EXPECT_EQ(0, domain_map(b, page, 0x100000, PAGE, true));
	EXPECT_EQ(0, domain_unmap(a, 0x100000, PAGE));
	EXPECT_EQ(1, domain_nr_maps(b));
}

TEST(many_domains_open_and_close)
{
	struct rlimit limit = { .rlim_cur = MANY + 64, .rlim_max = MANY + 64 };
	int before = text_module_refs("uiommu"), fds[MANY], i;

	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	for (i = 0; i < MANY; i++) {
		fds[i] = domain_open();
		ASSERT_LE(0, fds[i]);
	}
	EXPECT_EQ(before + MANY, text_module_refs("uiommu"));
	for (i = 0; i < MANY; i++)
		close(fds[i]);
	EXPECT_EQ(before, text_module_refs("uiommu"));
}

TEST(empty_domain_says_so)
{
	struct uiommu_info info;
	int fd = domain_open();

	ASSERT_EQ(0, domain_info(fd, &info));
	EXPECT_EQ(sizeof(info), info.argsz);
	EXPECT_EQ(0, info.flags);
	EXPECT_EQ(PAGE, info.page_sizes);
	EXPECT_EQ(0, info.nr_maps);
	EXPECT_EQ(0, info.mapped);
	EXPECT_EQ(0, info.pinned);
	EXPECT_EQ(0, info.nr_devices);
	EXPECT_EQ(0, info.nr_hw_domains);
}

TEST(nothing_to_poll_for_in_an_empty_domain)
{
	struct pollfd p = { .fd = domain_open(), .events = POLLIN | POLLPRI };

	ASSERT_LE(0, p.fd);
	EXPECT_EQ(0, poll(&p, 1, 0));
}

TEST(what_is_not_a_call_is_enotty)
{
	static const unsigned long calls[] = {
		0,
		~0UL,
		TIOCNOTTY,
		_IO(';', 0),
		_IO(';', 99),
		_IO(';', 179),
		_IO(';', 186),
		_IO(';', 255),
		_IO(':', 180),
		_IOR(';', 180, int),
		_IOW(';', 182, int),
		VFIO_DMA_MAP_IOVA,
		VFIO_DMA_UNMAP,
		VFIO_DOMAIN_SET,
		VFIO_DOMAIN_UNSET,
		VFIO_BAR_LEN,
	};
	char arg[256] = {};
	int fd = domain_open();
	size_t i;

	ASSERT_LE(0, fd);
	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		EXPECT_EQ(-ENOTTY, call(fd, calls[i], arg))
		TH_LOG("call %#lx", calls[i]);
	}
}

TEST(cannot_be_read_written_or_mapped)
{
	int fd = domain_open();
	char c = 0;

	ASSERT_LE(0, fd);
	EXPECT_EQ(-1, read(fd, &c, 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, write(fd, &c, 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0));
	EXPECT_EQ(ENODEV, errno);
}

TEST(fdinfo_counts_and_hides_addresses)
{
	char path[64], text[4096], address[32];
	int fd = domain_open();
	void *page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_EQ(0, domain_map(fd, page, 0x123456000, 2 * PAGE, true));
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	ASSERT_LT(0, text_read(path, text, sizeof(text)));
	snprintf(address, sizeof(address), "%lx", (unsigned long)page >> 12);
	EXPECT_EQ(NULL, strstr(text, address));
	EXPECT_EQ(NULL, strstr(text, "123456"));
	EXPECT_NE(NULL, strstr(text, "pinned"))
	TH_LOG("fdinfo is:\n%s", text);
}

TEST_HARNESS_MAIN
