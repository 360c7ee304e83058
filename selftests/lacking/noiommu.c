// SPDX-License-Identifier: GPL-2.0
/*
 * A machine without an IOMMU. Invariant: no device is attached there, whatever
 * is permitted, and none can be reached.
 */
#include <sys/mman.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/memory.h"
#include "../lib/text.h"

#define PERMIT "/sys/module/uvfio/parameters/allow_unsafe_intrs"
#define IOVA 0x100000ULL

FIXTURE(noiommu)
{
	int fd;
	int domain;
};

FIXTURE_SETUP(noiommu)
{
	if (!device_bdf("EDU0"))
		SKIP(return, "EDU0 is not set");
	self->domain = domain_open();
	self->fd = device_open("EDU0");
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(noiommu)
{
	text_write(PERMIT, "N");
	close(self->fd);
	close(self->domain);
}

TEST_F(noiommu, attach_is_enodev)
{
	EXPECT_EQ(-ENODEV, device_set(self->fd, self->domain));
	ASSERT_EQ(0, text_write(PERMIT, "Y"));
	EXPECT_EQ(-ENODEV, device_set(self->fd, self->domain));
}

TEST_F(noiommu, nothing_is_reached)
{
	__u16 command = COMMAND_MASTER;
	__u32 value;

	EXPECT_EQ(-EINVAL, device_read(self->fd, REGION(0, 0), &value, 4));
	EXPECT_EQ(-EINVAL,
		  device_write(self->fd, CONFIG(COMMAND), &command, 2));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PAGE, PROT_READ, MAP_SHARED, self->fd,
				   REGION(0, 0)));
	EXPECT_EQ(0, device_command_real(device_bdf("EDU0")) & COMMAND_MASTER);
	EXPECT_EQ(4, device_read(self->fd, CONFIG(0), &value, 4));
}

TEST_F(noiommu, a_domain_alone_may_be_filled)
{
	__u8 *page = memory_anon(PAGE);

	EXPECT_EQ(0, domain_map(self->domain, page, IOVA, PAGE, true));
	EXPECT_EQ(-ENODEV, device_set(self->fd, self->domain));
	EXPECT_EQ(0, domain_unmap(self->domain, IOVA, PAGE));
}

TEST_HARNESS_MAIN
