// SPDX-License-Identifier: GPL-2.0
/*
 * Devices that the IOMMU cannot tell apart. Invariant: all devices of a group
 * are in one domain, and none of them with a kernel driver that does DMA.
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

#define IOVA 0xc0000000ULL

FIXTURE(group)
{
	int domain;
	int other;
	struct edu a;
	struct edu b;
	__u8 *buf;
};

FIXTURE_SETUP(group)
{
	if (!device_bdf("EDU_BR0") || !device_bdf("EDU_BR1"))
		SKIP(return, "EDU_BR0 or EDU_BR1 is not set");
	self->domain = domain_open();
	self->other = domain_open();
	ASSERT_EQ(0, edu_open(&self->a, "EDU_BR0"));
	ASSERT_EQ(0, edu_open(&self->b, "EDU_BR1"));
	self->buf = memory_anon(PAGE);
	ASSERT_EQ(0, domain_map(self->domain, self->buf, IOVA, PAGE, true));
}

FIXTURE_TEARDOWN(group)
{
	edu_close(&self->a);
	edu_close(&self->b);
	device_bind(device_bdf("EDU_BR1"), "vfio");
}

TEST_F(group, both_in_one_domain)
{
	ASSERT_EQ(0, edu_attach(&self->a, self->domain));
	ASSERT_EQ(0, edu_attach(&self->b, self->domain));
	EXPECT_EQ(1, edu_arrives(&self->a, IOVA, self->buf));
	EXPECT_EQ(1, edu_arrives(&self->b, IOVA, self->buf));
}

TEST_F(group, second_domain_is_ebusy)
{
	ASSERT_EQ(0, device_set(self->a.fd, self->domain));
	EXPECT_EQ(-EBUSY, device_set(self->b.fd, self->other));
	EXPECT_EQ(-EINVAL, device_map(self->b.fd, self->buf, 0, PAGE, 0));
	EXPECT_EQ(0, device_set(self->b.fd, self->domain));
}

TEST_F(group, either_may_leave_first)
{
	int turn;

	for (turn = 0; turn < 2; turn++) {
		struct edu *first = turn ? &self->a : &self->b;
		struct edu *last = turn ? &self->b : &self->a;

		ASSERT_EQ(0, edu_attach(&self->a, self->domain));
		ASSERT_EQ(0, edu_attach(&self->b, self->domain));
		ASSERT_EQ(0, edu_detach(first));
		EXPECT_EQ(1, edu_arrives(last, IOVA, self->buf));
		EXPECT_EQ(-EBUSY, device_set(first->fd, self->other));
		ASSERT_EQ(0, edu_detach(last));
	}
	EXPECT_EQ(0, device_set(self->b.fd, self->other));
	EXPECT_EQ(-EBUSY, device_set(self->a.fd, self->domain));
}

TEST_F(group, one_may_close_while_the_other_works)
{
	ASSERT_EQ(0, edu_attach(&self->a, self->domain));
	ASSERT_EQ(0, edu_attach(&self->b, self->domain));
	edu_close(&self->b);
	EXPECT_EQ(1, edu_arrives(&self->a, IOVA, self->buf));
	ASSERT_EQ(0, edu_open(&self->b, "EDU_BR1"));
	ASSERT_EQ(0, edu_attach(&self->b, self->domain));
	EXPECT_EQ(1, edu_arrives(&self->b, IOVA, self->buf));
}

TEST_F(group, sibling_without_a_driver_is_fine)
{
	edu_close(&self->b);
	ASSERT_EQ(0, device_bind(device_bdf("EDU_BR1"), NULL));
	ASSERT_EQ(0, edu_attach(&self->a, self->domain));
	EXPECT_EQ(1, edu_arrives(&self->a, IOVA, self->buf));
}

TEST_F(group, sibling_with_a_kernel_driver_is_ebusy)
{
	edu_close(&self->b);
	ASSERT_EQ(0, device_bind(device_bdf("EDU_BR1"), "uio_pci_generic"))
	TH_LOG("this test needs the module uio_pci_generic");
	EXPECT_EQ(-EBUSY, device_set(self->a.fd, self->domain));
	ASSERT_EQ(0, device_bind(device_bdf("EDU_BR1"), NULL));
	EXPECT_EQ(0, device_set(self->a.fd, self->domain));
}

TEST_F(group, kernel_driver_cannot_join_an_attached_group)
{
	edu_close(&self->b);
	ASSERT_EQ(0, edu_attach(&self->a, self->domain));
	EXPECT_NE(0, device_bind(device_bdf("EDU_BR1"), "uio_pci_generic"));
	EXPECT_EQ(1, edu_arrives(&self->a, IOVA, self->buf));
	ASSERT_EQ(0, edu_detach(&self->a));
	EXPECT_EQ(0, device_bind(device_bdf("EDU_BR1"), "uio_pci_generic"));
}

TEST_HARNESS_MAIN
