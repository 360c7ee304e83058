// SPDX-License-Identifier: GPL-2.0
/*
 * What an administrator sees of a domain: sysfs, fdinfo, tracepoints.
 * Invariant: counts that are true at that moment, and never an address of a
 * user's memory.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/memory.h"
#include "../lib/process.h"
#include "../lib/text.h"

#define DOMAINS "/sys/class/misc/uiommu/domains"
#define TRACING "/sys/kernel/tracing/"
#define IOVA 0x30000000ULL

FIXTURE(show)
{
	int domain;
	int fd;
	__u8 *buf;
};

FIXTURE_SETUP(show)
{
	if (!device_bdf("EDU0"))
		SKIP(return, "EDU0 is not set");
	self->domain = domain_open();
	self->fd = device_open("EDU0");
	ASSERT_EQ(0, device_set(self->fd, self->domain));
	self->buf = memory_anon(8 * PAGE);
	ASSERT_EQ(0, domain_map(self->domain, self->buf, IOVA, 3 * PAGE, true));
	ASSERT_EQ(0, device_map(self->fd, self->buf, 2 * IOVA, 2 * PAGE, 1));
}

FIXTURE_TEARDOWN(show)
{
	close(self->fd);
	close(self->domain);
}

static int count_domains(void)
{
	struct dirent *entry;
	DIR *dir = opendir(DOMAINS);
	int n = 0;

	while (dir && (entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n;
}

static long read_attribute(long id, const char *name)
{
	char path[128], text[4096];

	snprintf(path, sizeof(path), DOMAINS "/%ld/%s", id, name);
	return text_read(path, text, sizeof(text)) < 0 ? -1 : atol(text);
}

static long fdinfo(int fd, const char *field)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	return text_field(path, field);
}

TEST_F(show, sysfs_counts)
{
	long id = fdinfo(self->domain, "uiommu-domain:");
	char path[128], text[4096];

	ASSERT_LE(0, id);
	EXPECT_EQ(2, read_attribute(id, "mappings"));
	EXPECT_EQ(5 * PAGE, read_attribute(id, "mapped_bytes"));
	EXPECT_EQ(5, read_attribute(id, "pinned_pages"));
	EXPECT_EQ(1, read_attribute(id, "hw_domains"));
	snprintf(path, sizeof(path), DOMAINS "/%ld/devices", id);
	ASSERT_LT(0, text_read(path, text, sizeof(text)));
	EXPECT_STREQ(device_bdf("EDU0"), text);
	ASSERT_EQ(0, domain_unmap(self->domain, IOVA, 3 * PAGE));
	EXPECT_EQ(1, read_attribute(id, "mappings"));
	EXPECT_EQ(2, read_attribute(id, "pinned_pages"));
}

TEST_F(show, fdinfo_counts)
{
	EXPECT_EQ(2, fdinfo(self->domain, "uiommu-mappings:"));
	EXPECT_EQ(5, fdinfo(self->domain, "uiommu-pinned-pages:"));
	EXPECT_EQ(1, fdinfo(self->domain, "uiommu-devices:"));
}

TEST_F(show, device_shows_what_its_descriptors_pinned)
{
	char node[64], path[128], text[32];

	ASSERT_EQ(0, device_node(device_bdf("EDU0"), node, sizeof(node)));
	snprintf(path, sizeof(path), "/sys/class/uvfio/%s/locked_pages",
		 node + strlen("/dev/"));
	ASSERT_LT(0, text_read(path, text, sizeof(text)));
	EXPECT_EQ(2, atoi(text));
	ASSERT_EQ(0, device_unmap(self->fd, 2 * IOVA, 2 * PAGE));
	ASSERT_LT(0, text_read(path, text, sizeof(text)));
	EXPECT_EQ(0, atoi(text));
}

TEST_F(show, domains_without_devices_are_not_shown)
{
	int before = count_domains(), more = domain_open(), left;

	EXPECT_LT(0, before);
	ASSERT_EQ(0, domain_map(more, self->buf, IOVA, PAGE, true));
	EXPECT_EQ(before, count_domains());
	close(more);
	ASSERT_EQ(0, device_unmap(self->fd, 2 * IOVA, 2 * PAGE));
	ASSERT_EQ(0, call(self->fd, VFIO_DOMAIN_UNSET, NULL));
	close(self->domain);
	self->domain = -1;
	for (left = 100; count_domains() == before && left; left--)
		process_nap(10);
	EXPECT_EQ(before - 1, count_domains());
}

TEST_F(show, tracepoints_tell_and_hide_user_addresses)
{
	static char text[65536];
	char address[32];

	ASSERT_EQ(0, text_write(TRACING "events/uiommu/enable", "1"));
	text_write(TRACING "trace", "");
	ASSERT_EQ(0, domain_map(self->domain, self->buf + 4 * PAGE, 3 * IOVA,
				PAGE, true));
	ASSERT_EQ(0, munmap(self->buf + 4 * PAGE, PAGE));
	ASSERT_EQ(0, domain_unmap(self->domain, IOVA, 3 * PAGE));
	ASSERT_EQ(0, device_unmap(self->fd, 2 * IOVA, 2 * PAGE));
	ASSERT_EQ(0, call(self->fd, VFIO_DOMAIN_UNSET, NULL));
	ASSERT_EQ(0, device_set(self->fd, self->domain));
	ASSERT_LT(0, text_read(TRACING "trace", text, sizeof(text)));
	text_write(TRACING "events/uiommu/enable", "0");
	EXPECT_NE(NULL, strstr(text, "uiommu_map: "));
	EXPECT_NE(NULL, strstr(text, "iova=0x90000000 size=4096 ret=0"));
	EXPECT_NE(NULL, strstr(text, "uiommu_revoke: "));
	EXPECT_NE(NULL, strstr(text, "uiommu_unmap: "));
	EXPECT_NE(NULL, strstr(text, "uiommu_detach: "));
	EXPECT_NE(NULL, strstr(text, "uiommu_attach: "));
	snprintf(address, sizeof(address), "%lx",
		 (unsigned long)(self->buf + 4 * PAGE) >> 12);
	EXPECT_EQ(NULL, strstr(text, address));
}

TEST_HARNESS_MAIN
