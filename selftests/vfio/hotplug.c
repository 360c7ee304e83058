// SPDX-License-Identifier: GPL-2.0
/*
 * A device pulled out of its slot while it is used. Invariant: the pulling
 * ends in bounded time, its user learns of it by ENODEV and SIGBUS, the other
 * devices of its domain go on, and a device put in again works.
 *
 * Only the virtual machine can pull: CONTROL is the way to its host.
 */
#include <signal.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/control.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/edu.h"
#include "../lib/event.h"
#include "../lib/fault.h"
#include "../lib/memory.h"
#include "../lib/process.h"

#define IOVA 0x60000000ULL
#define DEVICE "edu,id=pulled,bus=slot0,dma_mask=0xffffffffffffffff"

FIXTURE(hotplug)
{
	int domain;
	int event;
	struct edu pulled;
	struct edu stays;
	__u8 *buf;
	const char *bdf;
};

FIXTURE_SETUP(hotplug)
{
	if (!getenv("CONTROL") || !device_bdf("SLOT0_DEV"))
		SKIP(return, "CONTROL or SLOT0_DEV is not set");
	self->bdf = device_bdf("SLOT0_DEV");
	self->domain = domain_open();
	self->event = event_new();
	self->buf = memory_anon(2 * PAGE);
	ASSERT_EQ(0, control_plug(DEVICE, self->bdf));
	ASSERT_EQ(0, edu_open(&self->pulled, "SLOT0_DEV"));
	ASSERT_EQ(0, edu_attach(&self->pulled, self->domain));
	ASSERT_EQ(0, edu_open(&self->stays, "EDU0"));
	ASSERT_EQ(0, edu_attach(&self->stays, self->domain));
	ASSERT_EQ(0, call(self->pulled.fd, VFIO_EVENTFD_MSI, &self->event));
	ASSERT_EQ(0, domain_map(self->domain, self->buf, IOVA, PAGE, true));
	ASSERT_EQ(1, edu_arrives(&self->pulled, IOVA, self->buf));
}

FIXTURE_TEARDOWN(hotplug)
{
	edu_close(&self->pulled);
	edu_close(&self->stays);
	close(self->domain);
	/* or the next test cannot plug it in */
	control_unplug("pulled", self->bdf);
}

TEST_F_TIMEOUT(hotplug, pulled_while_it_works, 90)
{
	edu_store_start(&self->pulled, IOVA);
	edu_put(&self->pulled, EDU_IRQ_RAISE, 1);
	ASSERT_EQ(0, control_unplug("pulled", self->bdf));
	EXPECT_EQ(-ENODEV, call(self->pulled.fd, VFIO_IRQ_EOI, NULL));
	EXPECT_EQ(SIGBUS, fault_read(self->pulled.regs));
	EXPECT_EQ(1, edu_arrives(&self->stays, IOVA, self->buf));
	EXPECT_EQ(3, domain_nr_maps(self->domain));
	edu_close(&self->pulled);
	EXPECT_EQ(2, domain_nr_maps(self->domain));
	/* and put in again */
	ASSERT_EQ(0, control_plug(DEVICE, self->bdf));
	ASSERT_EQ(0, edu_open(&self->pulled, "SLOT0_DEV"));
	ASSERT_EQ(0, edu_attach(&self->pulled, self->domain));
	EXPECT_EQ(1, edu_arrives(&self->pulled, IOVA, self->buf));
}

TEST_HARNESS_MAIN
