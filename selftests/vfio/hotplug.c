// SPDX-License-Identifier: GPL-2.0
/*
 * A device pulled out of its slot while it is used. Invariant: the pulling
 * ends in bounded time, its user learns of it by ENODEV and SIGBUS, the other
 * devices of its domain go on, nothing is left, and a device put in again
 * works.
 *
 * Only the virtual machine can pull: CONTROL is the way to its host.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

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
#include "../lib/text.h"

#define IOVA 0x60000000ULL
#define ELSEWHERE (IOVA + PAGE)
#define DEVICE "edu,id=pulled,bus=slot0,dma_mask=0xffffffffffffffff"
#define BUSES 0x18
#define NO_BUSES 0xff000000U
#define ROUNDS 3
#define REMOVAL (5000 * process_slowness()) /* ms */
#define BOUND (20000 * process_slowness()) /* ms */

/**
 * struct load - what keeps both devices busy, and how far it got
 * @pulled: the device that will go
 * @stays: the one that will not
 * @events: of both, in this order
 * @view: where @stays writes
 * @stop: it is over
 * @stores: transfers of @pulled that were asked for
 * @raised: interrupts of @pulled that were asked for
 * @seen: and that arrived
 * @touch: the signal that ended the use of registers, or 0
 * @answer: what ended the use of the descriptor
 * @went_on: rounds of @stays that went as they should
 * @failed: and that did not
 */
struct load {
	struct edu *pulled;
	struct edu *stays;
	int events[2];
	__u8 *view;
	atomic_bool stop;
	atomic_ulong stores;
	atomic_ulong raised;
	atomic_ulong seen;
	int touch;
	int answer;
	atomic_ulong went_on;
	atomic_ulong failed;
};

static void store_for_ever(void *arg)
{
	struct load *load = arg;

	while (!load->stop) {
		edu_store_start(load->pulled, IOVA);
		load->stores++;
	}
}

static void *use_registers(void *arg)
{
	struct load *load = arg;

	load->touch = fault_run(store_for_ever, load);
	return NULL;
}

static void *use_descriptor(void *arg)
{
	struct load *load = arg;
	__u32 one = 1;

	do {
		load->answer = device_write(load->pulled->fd,
					    REGION(0, EDU_IRQ_RAISE), &one, 4);
		load->raised += load->answer == 4;
	} while (!load->stop && load->answer == 4);
	return NULL;
}

static void *take_interrupts(void *arg)
{
	struct load *load = arg;
	long n;

	while (!load->stop) {
		n = event_take(load->events[0], 50);
		load->seen += n > 0 ? n : 0;
	}
	return NULL;
}

static void *use_the_other(void *arg)
{
	struct load *load = arg;
	bool good;

	while (!load->stop) {
		edu_put(load->stays, EDU_IRQ_RAISE, 1);
		good = edu_arrives(load->stays, ELSEWHERE, load->view) == 1;
		good &= event_take(load->events[1], 5000) > 0;
		load->went_on += good;
		load->failed += !good;
	}
	return NULL;
}

static void *(*const users[])(void *) = {
	use_registers,
	use_descriptor,
	take_interrupts,
	use_the_other,
};

/**
 * struct count - what must be as before
 * @info: of the domain
 * @vmpin: of this process
 * @refs: of the driver
 */
struct count {
	struct uiommu_info info;
	long vmpin;
	int refs;
};

/**
 * struct bridge - the slot
 * @fd: its configuration, or negative
 * @command: its command register
 * @buses: the numbers of the buses around it
 */
struct bridge {
	int fd;
	__u16 command;
	__u32 buses;
};

static int bridge_open(struct bridge *bridge, const char *bdf)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", bdf);
	bridge->fd = open(path, O_RDWR | O_CLOEXEC);
	if (bridge->fd < 0 ||
	    pread(bridge->fd, &bridge->command, 2, COMMAND) != 2 ||
	    pread(bridge->fd, &bridge->buses, 4, BUSES) != 4)
		return -EIO;
	return 0;
}

static int bridge_set(struct bridge *bridge, __u16 command, __u32 buses)
{
	return pwrite(bridge->fd, &buses, 4, BUSES) != 4 ||
	       pwrite(bridge->fd, &command, 2, COMMAND) != 2;
}

/* From now on nobody answers for what is below it. */
static int bridge_silence(struct bridge *bridge)
{
	return bridge_set(bridge, 0, bridge->buses & NO_BUSES);
}

static int bridge_restore(struct bridge *bridge)
{
	return bridge_set(bridge, bridge->command, bridge->buses);
}

FIXTURE(hotplug)
{
	int domain;
	struct bridge bridge;
	struct edu pulled;
	struct edu stays;
	__u8 *buf;
	const char *bdf;
	struct count before;
	struct load load;
	pthread_t threads[ARRAY_SIZE(users)];
};

FIXTURE_SETUP(hotplug)
{
	if (!getenv("CONTROL") || !device_bdf("SLOT0_DEV"))
		SKIP(return, "CONTROL or SLOT0_DEV is not set");
	self->bdf = device_bdf("SLOT0_DEV");
	self->domain = domain_open();
	self->buf = memory_anon(2 * PAGE);
	self->pulled.fd = -1;
	self->load.events[0] = event_new();
	self->load.events[1] = event_new();
	ASSERT_EQ(0, edu_open(&self->stays, "EDU0"));
	ASSERT_EQ(0, edu_attach(&self->stays, self->domain));
	ASSERT_EQ(0, call(self->stays.fd, VFIO_EVENTFD_MSI,
			  &self->load.events[1]));
	ASSERT_EQ(0, domain_map(self->domain, self->buf, IOVA, 2 * PAGE, true));
	self->before.vmpin = process_vmpin(getpid());
	self->before.refs = text_module_refs("uvfio");
	ASSERT_EQ(0, domain_info(self->domain, &self->before.info));
	ASSERT_EQ(0, control_plug(DEVICE, self->bdf));
	ASSERT_EQ(0, bridge_open(&self->bridge, device_bdf("SLOT0")));
}

FIXTURE_TEARDOWN(hotplug)
{
	edu_close(&self->pulled);
	edu_close(&self->stays);
	close(self->domain);
	bridge_restore(&self->bridge);
	close(self->bridge.fd);
	/* or the next test cannot plug it in */
	control_unplug("pulled", self->bdf);
}

static int make_ready(FIXTURE_DATA(hotplug) * self)
{
	int err = edu_open(&self->pulled, "SLOT0_DEV");

	if (!err)
		err = edu_attach(&self->pulled, self->domain);
	if (!err)
		err = call(self->pulled.fd, VFIO_EVENTFD_MSI,
			   &self->load.events[0]);
	if (err)
		return err;
	return edu_arrives(&self->pulled, IOVA, self->buf) == 1 ? 0 : -EIO;
}

/* Returns when both devices have done something. */
static int start_load(FIXTURE_DATA(hotplug) * self)
{
	struct load *load = &self->load;
	int left = 1000;
	size_t i;

	load->pulled = &self->pulled;
	load->stays = &self->stays;
	load->view = self->buf + PAGE;
	load->stop = false;
	load->stores = 0;
	load->seen = 0;
	load->raised = 0;
	load->went_on = 0;
	for (i = 0; i < ARRAY_SIZE(users); i++)
		pthread_create(&self->threads[i], NULL, users[i], load);
	while (!load->stores || !load->seen || !load->went_on) {
		if (!left--)
			return -ETIMEDOUT;
		process_nap(10);
	}
	return 0;
}

/* The other device goes on once more: it may still be in the round before */
static int end_load(FIXTURE_DATA(hotplug) * self)
{
	struct load *load = &self->load;
	unsigned long enough = load->went_on + 2;
	int left = 1000;
	size_t i;

	while (load->went_on < enough && left--)
		process_nap(10);
	load->stop = true;
	for (i = 0; i < ARRAY_SIZE(users); i++)
		pthread_join(self->threads[i], NULL);
	return load->went_on >= enough ? 0 : -ETIMEDOUT;
}

static void expect_gone(struct __test_metadata *_metadata,
			FIXTURE_DATA(hotplug) * self)
{
	struct load *load = &self->load;

	TH_LOG("%lu stores, %lu interrupts of %lu, %lu rounds of the other",
	       load->stores, load->seen, load->raised, load->went_on);
	EXPECT_EQ(SIGBUS, load->touch);
	EXPECT_EQ(-ENODEV, load->answer);
	EXPECT_EQ(0, load->failed);
	EXPECT_EQ(-ENODEV, call(self->pulled.fd, VFIO_IRQ_EOI, NULL));
	EXPECT_EQ(SIGBUS, fault_read(self->pulled.regs));
	event_take(load->events[0], 0);
	EXPECT_EQ(0, event_take(load->events[0], 200));
}

static void expect_as_before(struct __test_metadata *_metadata,
			     FIXTURE_DATA(hotplug) * self)
{
	const struct uiommu_info *before = &self->before.info;
	struct uiommu_info now;

	edu_close(&self->pulled);
	EXPECT_EQ(1, process_vmpin_becomes(getpid(), self->before.vmpin));
	EXPECT_EQ(self->before.refs, text_module_refs("uvfio"));
	ASSERT_EQ(0, domain_info(self->domain, &now));
	EXPECT_EQ(before->nr_maps, now.nr_maps);
	EXPECT_EQ(before->pinned, now.pinned);
	EXPECT_EQ(before->nr_devices, now.nr_devices);
}

TEST_F_TIMEOUT(hotplug, pulled_while_it_works, 600)
{
	long start, took;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		ASSERT_EQ(0, make_ready(self));
		EXPECT_EQ(0, start_load(self));
		start = process_ms();
		EXPECT_EQ(0, control_unplug("pulled", self->bdf));
		took = process_ms() - start;
		EXPECT_GT(BOUND, took);
		TH_LOG("gone after %ld ms", took);
		EXPECT_EQ(0, end_load(self));
		expect_gone(_metadata, self);
		expect_as_before(_metadata, self);
		/* and put in again */
		ASSERT_EQ(0, control_plug(DEVICE, self->bdf));
	}
	EXPECT_EQ(0, make_ready(self));
}

static int remove_by_sysfs(const char *bdf)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/remove", bdf);
	return text_write(path, "1");
}

/*
 * All that reads of it is ones before anybody hears that it has gone: so the
 * kernel finds a device that was torn out.
 */
TEST_F_TIMEOUT(hotplug, gone_without_a_word, 400)
{
	long start, took;

	ASSERT_EQ(0, make_ready(self));
	EXPECT_EQ(0, start_load(self));
	ASSERT_EQ(0, bridge_silence(&self->bridge));
	EXPECT_EQ(0xffff, device_command_real(self->bdf));
	process_nap(200);
	start = process_ms();
	EXPECT_EQ(0, remove_by_sysfs(self->bdf));
	took = process_ms() - start;
	EXPECT_GT(REMOVAL, took);
	TH_LOG("gone after %ld ms", took);
	EXPECT_EQ(0, end_load(self));
	EXPECT_EQ(0, bridge_restore(&self->bridge));
	expect_gone(_metadata, self);
	expect_as_before(_metadata, self);
	/* and found again */
	ASSERT_EQ(0, text_write("/sys/bus/pci/rescan", "1"));
	EXPECT_EQ(0, make_ready(self));
}

TEST_HARNESS_MAIN
