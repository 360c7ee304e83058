// SPDX-License-Identifier: GPL-2.0
/*
 * What a device without a domain allows. Invariant: before VFIO_DOMAIN_SET,
 * after VFIO_DOMAIN_UNSET and after the last close it can be looked at, and
 * nothing else.
 */
#include <sys/eventfd.h>
#include <sys/mman.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/edu.h"
#include "../lib/fault.h"
#include "../lib/memory.h"

FIXTURE(state)
{
	int fd;
	int eventfd;
	int domain;
};

FIXTURE_VARIANT(state)
{
	bool set;
	bool unset;
	bool reopen;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(state, never_set) {};

FIXTURE_VARIANT_ADD(state, after_unset) { .set = true, .unset = true };

FIXTURE_VARIANT_ADD(state, after_close) { .set = true, .reopen = true };

/* clang-format on */

FIXTURE_SETUP(state)
{
	if (!device_bdf("EDU0"))
		SKIP(return, "EDU0 is not set");
	self->domain = domain_open();
	self->eventfd = eventfd(0, EFD_NONBLOCK);
	self->fd = device_open("EDU0");
	ASSERT_LE(0, self->fd);
	if (variant->set) {
		ASSERT_EQ(0, device_set(self->fd, self->domain));
		ASSERT_EQ(0, device_command_write(self->fd,
						  COMMAND_MEMORY |
							  COMMAND_MASTER));
		ASSERT_EQ(0, call(self->fd, VFIO_EVENTFD_IRQ, &self->eventfd));
	}
	if (variant->unset)
		ASSERT_EQ(0, call(self->fd, VFIO_DOMAIN_UNSET, NULL));
	if (variant->reopen) {
		close(self->fd);
		self->fd = device_open("EDU0");
		ASSERT_LE(0, self->fd);
	}
}

FIXTURE_TEARDOWN(state)
{
	close(self->fd);
	close(self->domain);
}

TEST_F(state, configuration_can_be_read)
{
	__u8 config[256];

	EXPECT_EQ(256, device_read(self->fd, CONFIG(0), config, 256));
	EXPECT_EQ(0x34, config[0]);
	EXPECT_EQ(0x12, config[1]);
	EXPECT_EQ(2, device_read(self->fd, CONFIG(2), config, 2));
	EXPECT_EQ(0xe8, config[0]);
}

TEST_F(state, lengths_can_be_asked)
{
	__u32 i, length;

	for (i = 0; i <= 6; i++) {
		length = i;
		EXPECT_EQ(0, call(self->fd, VFIO_BAR_LEN, &length))
		TH_LOG("resource %u", i);
		EXPECT_EQ(i ? 0 : EDU_BAR_SIZE, length)
		TH_LOG("resource %u", i);
	}
}

TEST_F(state, lengths_of_what_is_not_there_are_einval)
{
	static const __u32 bad[] = { 7, 8, 15, 16, 0x7fffffff, 1U << 31, ~0U };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		__u32 length = bad[i];

		EXPECT_EQ(-EINVAL, call(self->fd, VFIO_BAR_LEN, &length))
		TH_LOG("resource %#x", bad[i]);
		EXPECT_EQ(bad[i], length);
	}
}

TEST_F(state, information_can_be_asked)
{
	struct uvfio_device_info device = { .argsz = sizeof(device) };
	struct uvfio_region_info region = { .argsz = sizeof(region) };
	struct uvfio_irq_info irq = { .argsz = sizeof(irq),
				      .kind = UVFIO_IRQ_MSI };

	EXPECT_EQ(0, call(self->fd, UVFIO_DEVICE_INFO, &device));
	EXPECT_EQ(0x1234, device.vendor);
	EXPECT_EQ(0x11e8, device.device);
	EXPECT_EQ(0, device.caps & UVFIO_DEVICE_ATTACHED);
	EXPECT_EQ(0, call(self->fd, UVFIO_REGION_INFO, &region));
	EXPECT_EQ(EDU_BAR_SIZE, region.size);
	EXPECT_EQ(0, call(self->fd, UVFIO_IRQ_INFO, &irq));
	EXPECT_EQ(1, irq.max);
	EXPECT_EQ(1, irq.count);
	EXPECT_EQ(0, irq.enabled);
}

TEST_F(state, registers_are_einval)
{
	__u32 value = 0;

	EXPECT_EQ(-EINVAL, device_read(self->fd, REGION(0, 0), &value, 4));
	EXPECT_EQ(-EINVAL, device_write(self->fd, REGION(0, 4), &value, 4));
	EXPECT_EQ(-EINVAL, device_read(self->fd, REGION(6, 0), &value, 4));
	EXPECT_EQ(MAP_FAILED,
		  mmap(NULL, PAGE, PROT_READ, MAP_SHARED, self->fd, 0));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(state, configuration_cannot_be_written)
{
	__u16 before = device_command(self->fd);

	EXPECT_EQ(-EINVAL, device_command_write(self->fd, ~before));
	EXPECT_EQ(before, device_command(self->fd));
	EXPECT_EQ(0, device_command_real(device_bdf("EDU0")) & COMMAND_MASTER);
}

TEST_F(state, interrupts_and_reset_are_einval)
{
	int msix[2] = { 1, self->eventfd };

	EXPECT_EQ(-EINVAL, call(self->fd, VFIO_EVENTFD_IRQ, &self->eventfd));
	EXPECT_EQ(-EINVAL, call(self->fd, VFIO_EVENTFD_MSI, &self->eventfd));
	EXPECT_EQ(-EINVAL, call(self->fd, VFIO_EVENTFDS_MSIX, msix));
	EXPECT_EQ(-EINVAL,
		  call(self->fd, VFIO_IRQ_EOI_EVENTFD, &self->eventfd));
	EXPECT_EQ(-EINVAL, call(self->fd, VFIO_RESET_FUNCTION, NULL));
}

TEST_F(state, mappings_are_einval)
{
	void *page = memory_anon(PAGE);

	EXPECT_EQ(-EINVAL, device_map(self->fd, page, 0, PAGE, 1));
	EXPECT_EQ(-EINVAL, device_unmap(self->fd, 0, PAGE));
	EXPECT_EQ(0, call(self->fd, VFIO_DOMAIN_UNSET, NULL));
}

TEST_F(state, what_is_not_a_call_is_enotty)
{
	static const unsigned long calls[] = {
		0,
		~0UL,
		_IO(';', 0),
		_IO(';', 100),
		_IOW(';', 106, int),
		_IOW(';', 112, int),
		_IO(';', 120),
		_IO(';', 166),
		_IOR(';', 167, __u32),
		_IO(';', 180),
		_IO(':', 108),
		_IOWR(';', 101, int),
		_IOR(';', 103, int),
	};
	char arg[256] = {};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		EXPECT_EQ(-ENOTTY, call(self->fd, calls[i], arg))
		TH_LOG("call %#lx", calls[i]);
	}
}

TEST_F(state, can_be_attached)
{
	__u32 id = 0;

	EXPECT_EQ(0, device_set(self->fd, self->domain));
	ASSERT_EQ(0, device_command_write(self->fd, COMMAND_MEMORY));
	EXPECT_EQ(4, device_read(self->fd, REGION(0, EDU_ID), &id, 4));
	EXPECT_EQ(0x010000ed, id);
}

TEST(interrupts_end_with_the_domain)
{
	int fd = device_open("EDU0"), domain = domain_open();
	int event = eventfd(0, EFD_NONBLOCK);
	struct edu edu;
	__u64 count;

	if (fd < 0)
		SKIP(return, "EDU0 is not set");
	close(fd);
	ASSERT_EQ(0, edu_open(&edu, "EDU0"));
	ASSERT_EQ(0, edu_attach(&edu, domain));
	ASSERT_EQ(0, call(edu.fd, VFIO_EVENTFD_MSI, &event));
	edu_put(&edu, EDU_IRQ_RAISE, 1);
	usleep(50000);
	EXPECT_EQ(8, read(event, &count, 8));
	edu_put(&edu, EDU_IRQ_ACK, 1);
	ASSERT_EQ(0, edu_detach(&edu));
	ASSERT_EQ(0, edu_attach(&edu, domain));
	edu_put(&edu, EDU_IRQ_RAISE, 1);
	usleep(50000);
	EXPECT_EQ(-1, read(event, &count, 8));
	edu_close(&edu);
}

TEST_HARNESS_MAIN
