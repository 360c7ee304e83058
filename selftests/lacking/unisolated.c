// SPDX-License-Identifier: GPL-2.0
/*
 * A machine whose IOMMU does not isolate interrupts. Invariant: no device is
 * attached there unless an administrator permits it.
 */
#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/text.h"

#define PERMIT "/sys/module/uvfio/parameters/allow_unsafe_intrs"

FIXTURE(unisolated)
{
	int fd;
	int domain;
	char permitted[8];
};

FIXTURE_SETUP(unisolated)
{
	if (!device_bdf("EDU0"))
		SKIP(return, "EDU0 is not set");
	ASSERT_LT(0,
		  text_read(PERMIT, self->permitted, sizeof(self->permitted)));
	ASSERT_EQ(0, text_write(PERMIT, "N"));
	self->domain = domain_open();
	self->fd = device_open("EDU0");
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(unisolated)
{
	text_write(PERMIT, self->permitted);
	close(self->fd);
	close(self->domain);
}

TEST_F(unisolated, attach_is_eperm)
{
	struct uiommu_info info;
	__u32 value;

	EXPECT_EQ(-EPERM, device_set(self->fd, self->domain));
	EXPECT_EQ(-EINVAL, device_read(self->fd, REGION(0, 0), &value, 4));
	EXPECT_EQ(0, device_command_real(device_bdf("EDU0")) & COMMAND_MASTER);
	ASSERT_EQ(0, domain_info(self->domain, &info));
	EXPECT_EQ(0, info.nr_devices);
}

TEST_F(unisolated, an_administrator_may_permit_it)
{
	ASSERT_EQ(0, text_write(PERMIT, "Y"));
	EXPECT_EQ(0, device_set(self->fd, self->domain));
	EXPECT_EQ(0, call(self->fd, VFIO_DOMAIN_UNSET, NULL));
	ASSERT_EQ(0, text_write(PERMIT, "N"));
	EXPECT_EQ(-EPERM, device_set(self->fd, self->domain));
}

TEST_HARNESS_MAIN
