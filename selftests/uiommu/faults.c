// SPDX-License-Identifier: GPL-2.0
/*
 * What a domain tells of DMA faults. Invariant: each is told once, in order,
 * to the domain it happened in, or the overflow is told; a report that nobody
 * reads does not grow; and where the IOMMU tells nobody, the domain says so.
 *
 * QEMU's models give no fault to the driver that could tell us, so on AMD-Vi
 * the test module iofault stands in for the hardware. What needs it is the
 * fixture `told`, which plans for other IOMMUs leave out.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/edu.h"
#include "../lib/memory.h"
#include "../lib/text.h"

#define IOVA 0x66660000ULL
#define BY_HAND "/sys/module/iofault/parameters/fault"
#define REMEMBERED 64
#define MANY 1000

/**
 * struct scene - two devices that are attached nowhere
 * @domain: for one or both of them
 * @other: another domain
 * @a: device
 * @b: device
 */
struct scene {
	int domain;
	int other;
	struct edu a;
	struct edu b;
};

static int scene_open(struct scene *s)
{
	int err;

	s->domain = domain_open();
	s->other = domain_open();
	if (s->domain < 0 || s->other < 0)
		return -ENOENT;
	err = edu_open(&s->a, "EDU0");
	return err ? err : edu_open(&s->b, "EDU1");
}

static void scene_close(struct scene *s)
{
	edu_close(&s->a);
	edu_close(&s->b);
	close(s->domain);
	close(s->other);
}

/* Any IOMMU */
FIXTURE(faults)
{
	struct scene s;
	bool told;
};

FIXTURE_SETUP(faults)
{
	if (!device_bdf("EDU0") || !device_bdf("EDU1"))
		SKIP(return, "EDU0 or EDU1 is not set");
	ASSERT_EQ(0, scene_open(&self->s));
	self->told = domain_iommu("ivhd");
}

FIXTURE_TEARDOWN(faults)
{
	scene_close(&self->s);
}

/* One whose driver tells of faults */
FIXTURE(told)
{
	struct scene s;
};

FIXTURE_SETUP(told)
{
	if (!device_bdf("EDU0") || !device_bdf("EDU1"))
		SKIP(return, "EDU0 or EDU1 is not set");
	if (access(BY_HAND, W_OK))
		SKIP(return, "the module iofault is not loaded");
	ASSERT_TRUE(domain_iommu("ivhd"));
	ASSERT_EQ(0, scene_open(&self->s));
}

FIXTURE_TEARDOWN(told)
{
	scene_close(&self->s);
}

/* As the IOMMU's driver would: flags 1 is a write, 0 a read */
static int fault(const char *bdf, __u64 iova, int flags, int count)
{
	char text[64];

	snprintf(text, sizeof(text), "%s %llx %d %d", bdf, iova, flags, count);
	return text_write(BY_HAND, text);
}

static int events(int fd)
{
	struct pollfd p = {
		.fd = fd,
		.events = POLLIN | POLLPRI | POLLRDNORM | POLLRDBAND | POLLMSG,
	};

	return poll(&p, 1, 0) < 0 ? -errno : p.revents;
}

/* As struct uiommu_fault documents it */
static __u64 id_of(const char *bdf)
{
	unsigned int segment, bus, device, function;

	if (sscanf(bdf, "%x:%x:%x.%x", &segment, &bus, &device, &function) != 4)
		return ~0ULL;
	return segment << 16 | bus << 8 | device << 3 | function;
}

static int take(int fd, struct uiommu_fault *fault)
{
	__u32 flags;

	memset(fault, 0xff, sizeof(*fault));
	return domain_faults(fd, fault, 1, &flags);
}

TEST_F(faults, info_says_whether_they_are_told)
{
	struct uiommu_info info;
	struct uiommu_fault one;

	ASSERT_EQ(0, domain_info(self->s.domain, &info));
	EXPECT_EQ(0, info.features);
	EXPECT_EQ(0, take(self->s.domain, &one));
	ASSERT_EQ(0, edu_attach(&self->s.a, self->s.domain));
	ASSERT_EQ(0, domain_info(self->s.domain, &info));
	EXPECT_EQ(self->told ? UIOMMU_INFO_FAULTS : 0, info.features);
	EXPECT_EQ(0, info.reserved);
	EXPECT_EQ(self->told ? 0 : -EOPNOTSUPP, take(self->s.domain, &one));
}

/* A real one: QEMU reports it to the log of VT-d at most */
TEST_F(faults, of_the_device_harm_nobody)
{
	struct uiommu_fault one;

	ASSERT_EQ(0, edu_attach(&self->s.a, self->s.domain));
	edu_store_start(&self->s.a, IOVA);
	ASSERT_EQ(0, edu_wait(&self->s.a));
	EXPECT_EQ(0, events(self->s.domain) & (POLLIN | POLLPRI));
	if (!self->told) {
		EXPECT_EQ(0, events(self->s.domain));
		EXPECT_EQ(-EOPNOTSUPP, take(self->s.domain, &one));
	}
}

TEST_F(told, each_is_told_once)
{
	struct uiommu_fault one;
	int i;

	ASSERT_EQ(0, edu_attach(&self->s.a, self->s.domain));
	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, fault(self->s.a.bdf, IOVA + i, i & 1, 1));
	for (i = 0; i < 4; i++) {
		EXPECT_EQ(POLLMSG, events(self->s.domain));
		ASSERT_EQ(1, take(self->s.domain, &one));
		EXPECT_EQ(IOVA + i, one.iova);
		EXPECT_EQ(UIOMMU_FAULT_DEVICE |
				  (i & 1 ? UIOMMU_FAULT_WRITE : 0),
			  one.flags);
		EXPECT_EQ(id_of(self->s.a.bdf), one.device);
		EXPECT_EQ(0, one.reserved);
	}
	EXPECT_EQ(0, events(self->s.domain));
	EXPECT_EQ(0, take(self->s.domain, &one));
}

TEST_F(told, devices_of_one_domain_are_told_apart)
{
	struct uiommu_fault one;

	ASSERT_EQ(0, edu_attach(&self->s.a, self->s.domain));
	ASSERT_EQ(0, edu_attach(&self->s.b, self->s.domain));
	ASSERT_EQ(0, fault(self->s.b.bdf, IOVA, 0, 1));
	ASSERT_EQ(0, fault(self->s.a.bdf, IOVA, 0, 1));
	ASSERT_EQ(1, take(self->s.domain, &one));
	EXPECT_EQ(id_of(self->s.b.bdf), one.device);
	ASSERT_EQ(1, take(self->s.domain, &one));
	EXPECT_EQ(id_of(self->s.a.bdf), one.device);
}

TEST_F(told, of_another_domain_are_not_seen)
{
	struct uiommu_fault one;

	ASSERT_EQ(0, edu_attach(&self->s.a, self->s.domain));
	ASSERT_EQ(0, edu_attach(&self->s.b, self->s.other));
	ASSERT_EQ(0, fault(self->s.b.bdf, IOVA, 0, 1));
	EXPECT_EQ(0, events(self->s.domain));
	EXPECT_EQ(0, take(self->s.domain, &one));
	EXPECT_EQ(POLLMSG, events(self->s.other));
	ASSERT_EQ(1, take(self->s.other, &one));
	EXPECT_EQ(id_of(self->s.b.bdf), one.device);
}

TEST_F(told, after_detach_and_attach_elsewhere)
{
	struct uiommu_fault one;

	ASSERT_EQ(0, edu_attach(&self->s.a, self->s.domain));
	ASSERT_EQ(0, fault(self->s.a.bdf, IOVA, 1, 1));
	ASSERT_EQ(0, edu_detach(&self->s.a));
	ASSERT_EQ(0, fault(self->s.a.bdf, IOVA, 1, 1));
	ASSERT_EQ(0, edu_attach(&self->s.a, self->s.other));
	ASSERT_EQ(0, fault(self->s.a.bdf, IOVA + 1, 1, 1));
	ASSERT_EQ(1, take(self->s.domain, &one));
	EXPECT_EQ(IOVA, one.iova);
	EXPECT_EQ(0, take(self->s.domain, &one));
	ASSERT_EQ(1, take(self->s.other, &one));
	EXPECT_EQ(IOVA + 1, one.iova);
}

TEST_F(told, overflow_is_told_once)
{
	struct uiommu_fault all[REMEMBERED + 1];
	__u32 flags;

	ASSERT_EQ(0, edu_attach(&self->s.a, self->s.domain));
	ASSERT_EQ(0, fault(self->s.a.bdf, IOVA, 1, MANY));
	ASSERT_EQ(REMEMBERED,
		  domain_faults(self->s.domain, all, REMEMBERED + 1, &flags));
	EXPECT_EQ(UIOMMU_FAULTS_OVERFLOW, flags);
	EXPECT_EQ(0, events(self->s.domain));
	EXPECT_EQ(0, domain_faults(self->s.domain, all, REMEMBERED, &flags));
	EXPECT_EQ(0, flags);
	ASSERT_EQ(0, fault(self->s.a.bdf, IOVA, 1, 2));
	EXPECT_EQ(2, domain_faults(self->s.domain, all, REMEMBERED, &flags));
	EXPECT_EQ(0, flags);
}

TEST_F(told, wake_a_poller)
{
	struct pollfd p = { .fd = self->s.domain, .events = POLLMSG };
	pid_t pid;

	ASSERT_EQ(0, edu_attach(&self->s.a, self->s.domain));
	pid = fork();
	if (!pid) {
		poll(NULL, 0, 100);
		_exit(fault(self->s.a.bdf, IOVA, 1, 1) != 0);
	}
	EXPECT_EQ(1, poll(&p, 1, 5000));
	EXPECT_EQ(POLLMSG, p.revents);
	EXPECT_EQ(pid, waitpid(pid, NULL, 0));
}

TEST_F(told, that_cannot_be_stored_stay)
{
	struct uiommu_fault one;
	__u32 flags;

	ASSERT_EQ(0, edu_attach(&self->s.a, self->s.domain));
	ASSERT_EQ(0, fault(self->s.a.bdf, IOVA, 1, 1));
	EXPECT_EQ(-EFAULT, domain_faults(self->s.domain, NULL, 1, &flags));
	EXPECT_EQ(-EFAULT,
		  domain_faults(self->s.domain, (void *)~7UL, 1, &flags));
	EXPECT_EQ(0, domain_faults(self->s.domain, NULL, 0, &flags));
	EXPECT_EQ(POLLMSG, events(self->s.domain));
	ASSERT_EQ(1, take(self->s.domain, &one));
	EXPECT_EQ(IOVA, one.iova);
}

TEST_F(faults, reserved_is_einval)
{
	struct uiommu_faults query = {
		.argsz = sizeof(query),
		.reserved = 1,
	};

	EXPECT_EQ(-EINVAL, call(self->s.domain, UIOMMU_FAULTS, &query));
}

TEST_HARNESS_MAIN
