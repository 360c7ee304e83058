// SPDX-License-Identifier: GPL-2.0
/*
 * Reset of the function. Invariant: the device has stopped and forgotten what
 * its user did; configuration, interrupts and mappings are as before.
 *
 * The device is an NVMe disk: that its controller is ready shows that it has
 * not been reset.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/event.h"
#include "../lib/process.h"
#include "../lib/text.h"

#define IOVA 0x40000000ULL
#define CAP_EXP 0x10
#define CAP_MSIX 0x11
#define DEVCTL 8
#define DEVCTL_FLR 0x8000

/* Registers of the controller */
#define CAP 0x00
#define CC 0x14
#define CSTS 0x1c
#define AQA 0x24
#define ASQ 0x28
#define ACQ 0x30

#define CC_ENABLE 0x00460001
#define CSTS_READY 0x1
#define ON (COMMAND_MEMORY | COMMAND_MASTER)

static int by_call(int fd)
{
	return call(fd, VFIO_RESET_FUNCTION, NULL);
}

static int by_configuration(int fd)
{
	int cap = device_capability(fd, CAP_EXP);
	__u16 control;

	if (cap <= 0)
		return -ENXIO;
	device_read(fd, CONFIG(cap + DEVCTL), &control, 2);
	control |= DEVCTL_FLR;
	return device_write(fd, CONFIG(cap + DEVCTL), &control, 2) == 2 ? 0 :
									  -EIO;
}

/* An administrator's */
static int by_others(int fd)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset",
		 device_bdf("NVME"));
	return text_write(path, "1");
}

static void set(int fd, unsigned int reg, __u32 value)
{
	device_write(fd, REGION(0, reg), &value, 4);
}

static __u32 get(int fd, unsigned int reg)
{
	__u32 value = ~0U;

	device_read(fd, REGION(0, reg), &value, 4);
	return value;
}

/* Set the controller going; it looks at its queues only when rung */
static int start(int fd)
{
	set(fd, AQA, 0x000f000f);
	set(fd, ASQ, 0x100000);
	set(fd, ASQ + 4, 0);
	set(fd, ACQ, 0x101000);
	set(fd, ACQ + 4, 0);
	set(fd, CC, CC_ENABLE);
	return get(fd, CSTS) & CSTS_READY;
}

FIXTURE(reset)
{
	int fd;
	int domain;
};

FIXTURE_VARIANT(reset)
{
	int (*way)(int fd);
};

/* clang-format off */
FIXTURE_VARIANT_ADD(reset, by_call) { .way = by_call };

FIXTURE_VARIANT_ADD(reset, by_configuration) { .way = by_configuration };

FIXTURE_VARIANT_ADD(reset, by_others) { .way = by_others };

/* clang-format on */

FIXTURE_SETUP(reset)
{
	if (!device_bdf("NVME"))
		SKIP(return, "NVME is not set");
	self->domain = domain_open();
	self->fd = device_open("NVME");
	ASSERT_EQ(0, device_set(self->fd, self->domain));
	ASSERT_EQ(0, device_command_write(self->fd, ON));
	ASSERT_EQ(CSTS_READY, start(self->fd));
}

FIXTURE_TEARDOWN(reset)
{
	close(self->fd);
	close(self->domain);
}

TEST_F(reset, stops_the_device)
{
	ASSERT_EQ(0, variant->way(self->fd));
	EXPECT_EQ(0, get(self->fd, CSTS) & CSTS_READY);
	/* and it can be set going again */
	EXPECT_EQ(CSTS_READY, start(self->fd));
}

TEST_F(reset, keeps_configuration)
{
	__u8 before[64], after[64], real[2][64];
	char path[128];
	int sysfs;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config",
		 device_bdf("NVME"));
	sysfs = open(path, O_RDONLY);
	ASSERT_EQ(64, device_read(self->fd, CONFIG(0), before, 64));
	ASSERT_EQ(64, pread(sysfs, real[0], 64, 0));
	ASSERT_EQ(0, variant->way(self->fd));
	ASSERT_EQ(64, device_read(self->fd, CONFIG(0), after, 64));
	ASSERT_EQ(64, pread(sysfs, real[1], 64, 0));
	EXPECT_EQ(0, memcmp(before, after, 64));
	EXPECT_EQ(0, memcmp(real[0], real[1], 64));
	EXPECT_EQ(ON, device_command(self->fd) & ON);
	close(sysfs);
}

TEST_F(reset, bit_reads_as_zero)
{
	int cap = device_capability(self->fd, CAP_EXP);
	__u16 control = DEVCTL_FLR;

	ASSERT_EQ(0, variant->way(self->fd));
	ASSERT_EQ(2, device_read(self->fd, CONFIG(cap + DEVCTL), &control, 2));
	EXPECT_EQ(0, control & DEVCTL_FLR);
}

TEST_F(reset, keeps_interrupts)
{
	int arg[3] = { 2, event_new(), event_new() };
	int cap = device_capability(self->fd, CAP_MSIX);
	struct uvfio_irq_set fire = {
		.argsz = sizeof(fire),
		.flags = UVFIO_IRQ_FIRE,
		.kind = UVFIO_IRQ_MSIX,
		.first = 1,
		.count = 1,
	};
	__u32 where, table[2][8];

	ASSERT_LT(0, cap);
	ASSERT_EQ(0, call(self->fd, VFIO_EVENTFDS_MSIX, arg));
	ASSERT_EQ(4, device_read(self->fd, CONFIG(cap + 4), &where, 4));
	ASSERT_EQ(32, device_read(self->fd, REGION(where & 7, where & ~7U),
				  table[0], 32));
	ASSERT_EQ(0, variant->way(self->fd));
	ASSERT_EQ(32, device_read(self->fd, REGION(where & 7, where & ~7U),
				  table[1], 32));
	EXPECT_EQ(0, memcmp(table[0], table[1], 32));
	EXPECT_NE(0, table[1][0]);
	EXPECT_EQ(0, call(self->fd, UVFIO_IRQ_SET, &fire));
	EXPECT_EQ(1, event_take(arg[2], 1000));
	EXPECT_EQ(0, event_take(arg[1], 0));
}

TEST_F(reset, keeps_mappings_of_registers)
{
	volatile __u32 *bar = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				   MAP_SHARED, self->fd, REGION(0, 0));
	__u32 cap;

	ASSERT_NE(MAP_FAILED, (void *)bar);
	cap = bar[CAP / 4];
	EXPECT_EQ(get(self->fd, CAP), cap);
	ASSERT_EQ(0, variant->way(self->fd));
	EXPECT_EQ(cap, bar[CAP / 4]);
	EXPECT_EQ(0, bar[CSTS / 4] & CSTS_READY);
	munmap((void *)bar, PAGE);
}

/* Looks at a register that never changes until told to stop */
struct watch {
	volatile __u32 *bar;
	int fd;
	__u32 cap;
	volatile int stop;
	long seen;
	long wrong;
};

static void *watch_registers(void *arg)
{
	struct watch *watch = arg;

	while (!watch->stop) {
		watch->wrong += watch->bar[CAP / 4] != watch->cap;
		watch->wrong += get(watch->fd, CAP) != watch->cap;
		watch->seen++;
	}
	return NULL;
}

TEST_F(reset, nobody_sees_it_go_on)
{
	struct watch watch = { .fd = self->fd };
	pthread_t thread;

	watch.bar =
		mmap(NULL, PAGE, PROT_READ, MAP_SHARED, self->fd, REGION(0, 0));
	ASSERT_NE(MAP_FAILED, (void *)watch.bar);
	watch.cap = watch.bar[CAP / 4];
	pthread_create(&thread, NULL, watch_registers, &watch);
	process_nap(50);
	EXPECT_EQ(0, variant->way(self->fd));
	process_nap(50);
	watch.stop = 1;
	pthread_join(thread, NULL);
	EXPECT_LT(1, watch.seen);
	EXPECT_EQ(0, watch.wrong);
	munmap((void *)watch.bar, PAGE);
}

static void *configure(void *arg)
{
	struct watch *watch = arg;

	while (!watch->stop) {
		device_command_write(watch->fd, ON);
		device_read(watch->fd, CONFIG(0), &watch->cap, 4);
		call(watch->fd, VFIO_IRQ_EOI, NULL);
	}
	return NULL;
}

TEST_F(reset, users_of_configuration_space_wait)
{
	struct watch watch = { .fd = self->fd };
	pthread_t threads[2];
	int i, ret;

	for (i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, configure, &watch);
	for (i = 0; i < 5; i++) {
		ret = variant->way(self->fd);
		EXPECT_TRUE(!ret || ret == -EAGAIN);
	}
	watch.stop = 1;
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	EXPECT_EQ(ON, device_command_real(device_bdf("NVME")) & ON);
	EXPECT_EQ(CSTS_READY, start(self->fd));
}

TEST_F(reset, revokes_mappings_of_peers)
{
	void *bar = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			 self->fd, REGION(0, 0));

	ASSERT_NE(MAP_FAILED, bar);
	ASSERT_EQ(0, domain_map(self->domain, bar, IOVA, PAGE, true));
	EXPECT_EQ(1, domain_nr_maps(self->domain));
	ASSERT_EQ(0, variant->way(self->fd));
	EXPECT_EQ(0, domain_nr_maps(self->domain));
	EXPECT_EQ(0, domain_map(self->domain, bar, IOVA, PAGE, true));
	munmap(bar, PAGE);
}

TEST_F(reset, keeps_the_line)
{
	int event = event_new();
	const char *bdf = device_bdf("NVME");

	ASSERT_EQ(0, call(self->fd, VFIO_EVENTFD_IRQ, &event));
	EXPECT_EQ(0, device_command_real(bdf) & COMMAND_NOINTX);
	ASSERT_EQ(0, variant->way(self->fd));
	EXPECT_EQ(0, device_command_real(bdf) & COMMAND_NOINTX);
	EXPECT_EQ(0, call(self->fd, VFIO_IRQ_EOI, NULL));
	EXPECT_EQ(0, device_command_real(bdf) & COMMAND_NOINTX);
}

TEST_F(reset, stays_attached)
{
	struct uiommu_info info;

	ASSERT_EQ(0, variant->way(self->fd));
	ASSERT_EQ(0, domain_info(self->domain, &info));
	EXPECT_EQ(1, info.nr_devices);
	EXPECT_EQ(-EBUSY, device_set(self->fd, self->domain));
}

TEST_F(reset, between_two_users)
{
	close(self->fd);
	self->fd = device_open("NVME");
	ASSERT_LE(0, self->fd);
	EXPECT_EQ(0, device_command_real(device_bdf("NVME")) & COMMAND_MASTER);
	ASSERT_EQ(0, device_set(self->fd, self->domain));
	EXPECT_EQ(0, device_command(self->fd) & COMMAND_MASTER);
	ASSERT_EQ(0, device_command_write(self->fd, ON));
	EXPECT_EQ(0, get(self->fd, CSTS) & CSTS_READY);
}

TEST(without_a_way_is_enotty)
{
	struct uvfio_device_info info = { .argsz = sizeof(info) };
	int domain = domain_open(), fd = device_open("EDU0");

	if (!device_bdf("EDU0"))
		SKIP(return, "EDU0 is not set");
	ASSERT_EQ(0, device_set(fd, domain));
	EXPECT_EQ(-ENOTTY, by_call(fd));
	ASSERT_EQ(0, call(fd, UVFIO_DEVICE_INFO, &info));
	EXPECT_EQ(UVFIO_RESET_NONE, info.reset_method);
	EXPECT_EQ(0, info.caps & UVFIO_DEVICE_RESET);
}

TEST(the_way_is_told)
{
	struct uvfio_device_info info = { .argsz = sizeof(info) };
	int fd = device_open("NVME");

	if (!device_bdf("NVME"))
		SKIP(return, "NVME is not set");
	ASSERT_EQ(0, call(fd, UVFIO_DEVICE_INFO, &info));
	EXPECT_EQ(UVFIO_RESET_FLR, info.reset_method);
	EXPECT_NE(0, info.caps & UVFIO_DEVICE_RESET);
}

/* Is a line with this text in the kernel's log? */
static int log_has(const char *text)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	static char line[8192];
	int found = 0;
	ssize_t n;

	for (;;) {
		n = read(fd, line, sizeof(line) - 1);
		if (n < 0 && errno == EPIPE)
			continue;
		if (n <= 0)
			break;
		line[n] = 0;
		found |= !!strstr(line, text);
	}
	close(fd);
	return found;
}

/*
 * By the bus, also as the kernel does it below a port of CXL. Its own way is
 * told by a warning if the bridge was not kept still for it.
 */
TEST(by_any_bus_the_bridge_is_kept_still)
{
	const char *list = "/sys/module/methods/parameters/list";
	struct uvfio_device_info info = { .argsz = sizeof(info) };
	const char *bdf = device_bdf("TREE1");
	int domain = domain_open(), fd = device_open("TREE1");
	char text[64];

	if (!bdf || access(list, F_OK))
		SKIP(return, "TREE1 or the module methods is missing");
	ASSERT_EQ(0, device_set(fd, domain));
	snprintf(text, sizeof(text), "%s 7 6", bdf);
	/* 6.1 knows no CXL */
	if (text_write(list, text)) {
		snprintf(text, sizeof(text), "%s 6", bdf);
		ASSERT_EQ(0, text_write(list, text));
	}
	ASSERT_EQ(0, call(fd, UVFIO_DEVICE_INFO, &info));
	EXPECT_EQ(UVFIO_RESET_BUS, info.reset_method);
	EXPECT_NE(0, info.caps & UVFIO_DEVICE_RESET);
	EXPECT_EQ(0, by_call(fd));
	close(fd);
	close(domain);
	snprintf(text, sizeof(text), "/sys/bus/pci/devices/%s/reset_method",
		 bdf);
	EXPECT_EQ(0, text_write(text, "default"));
	EXPECT_EQ(0, log_has("unlocked secondary bus reset"));
}

TEST_HARNESS_MAIN
