// SPDX-License-Identifier: GPL-2.0
/*
 * A device taken away while it is used. Invariant: unbinding ends in bounded
 * time whatever the user does, nothing works afterwards, and other devices of
 * the domain notice nothing.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/control.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/edu.h"
#include "../lib/event.h"
#include "../lib/fault.h"
#include "../lib/genl.h"
#include "../lib/hang.h"
#include "../lib/memory.h"
#include "../lib/process.h"
#include "../lib/text.h"

#define IOVA 0x40000000ULL
/* ms that an unbind may take */
#define BOUND (text_kernel_looks_closely() ? 20000 : 5000)

FIXTURE(unbind)
{
	struct edu a;
	struct edu b;
	int domain;
	int event;
	__u8 *buf;
};

FIXTURE_SETUP(unbind)
{
	if (!device_bdf("EDU1") || !device_bdf("EDU2"))
		SKIP(return, "EDU1 or EDU2 is not set");
	self->domain = domain_open();
	self->event = event_new();
	self->buf = memory_anon(8 * PAGE);
	ASSERT_EQ(0, edu_open(&self->a, "EDU2"));
	ASSERT_EQ(0, edu_attach(&self->a, self->domain));
	ASSERT_EQ(0, edu_open(&self->b, "EDU1"));
	ASSERT_EQ(0, edu_attach(&self->b, self->domain));
	ASSERT_EQ(0, domain_map(self->domain, self->buf, IOVA, PAGE, true));
	ASSERT_EQ(0, device_map(self->a.fd, self->buf + PAGE, IOVA + PAGE, PAGE,
				1));
	ASSERT_EQ(0, call(self->a.fd, VFIO_EVENTFD_MSI, &self->event));
}

FIXTURE_TEARDOWN(unbind)
{
	edu_close(&self->a);
	edu_close(&self->b);
	close(self->domain);
	device_bind(device_bdf("EDU2"), "vfio");
}

/* Unbind; how long did it take? */
static long unbind(const struct edu *edu)
{
	long start = process_ms();
	int err = device_bind(edu->bdf, NULL);

	return err ? err : process_ms() - start;
}

static void expect_gone(struct __test_metadata *_metadata,
			FIXTURE_DATA(unbind) * self)
{
	static const unsigned long calls[] = {
		VFIO_DMA_MAP_IOVA, VFIO_DMA_UNMAP,	VFIO_EVENTFD_IRQ,
		VFIO_EVENTFD_MSI,  VFIO_EVENTFDS_MSIX,	VFIO_DOMAIN_SET,
		VFIO_DOMAIN_UNSET, VFIO_IRQ_EOI,	VFIO_IRQ_EOI_EVENTFD,
		VFIO_BAR_LEN,	   VFIO_RESET_FUNCTION,
	};
	__u32 arg[8] = {};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		EXPECT_EQ(-ENODEV, call(self->a.fd, calls[i], arg))
		TH_LOG("call %#lx", calls[i]);
	}
	EXPECT_EQ(-ENODEV, device_read(self->a.fd, CONFIG(0), arg, 4));
	EXPECT_EQ(-ENODEV, device_read(self->a.fd, REGION(0, 0), arg, 4));
	EXPECT_EQ(-ENODEV, device_write(self->a.fd, CONFIG(4), arg, 2));
	EXPECT_EQ(MAP_FAILED,
		  mmap(NULL, PAGE, PROT_READ, MAP_SHARED, self->a.fd, 0));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(SIGBUS, fault_read(self->a.regs));
	EXPECT_EQ(0, device_command_real(self->a.bdf) & COMMAND_MASTER);
}

TEST_F(unbind, everything_ends)
{
	struct uiommu_info info;
	char node[64], again[64];

	ASSERT_EQ(0, device_node(self->a.bdf, node, sizeof(node)));
	edu_store_start(&self->a, IOVA);
	EXPECT_GT(BOUND, unbind(&self->a));
	expect_gone(_metadata, self);
	EXPECT_EQ(-1, access(node, F_OK));
	ASSERT_EQ(0, domain_info(self->domain, &info));
	EXPECT_EQ(1, info.nr_devices);
	EXPECT_EQ(1, edu_arrives(&self->b, IOVA, self->buf));
	/* it comes back as new, beside the descriptor that has died */
	ASSERT_EQ(0, device_bind(self->a.bdf, "vfio"));
	EXPECT_EQ(-ENODEV, call(self->a.fd, VFIO_IRQ_EOI, NULL));
	EXPECT_EQ(SIGBUS, fault_read(self->a.regs));
	ASSERT_EQ(0, device_node(self->a.bdf, again, sizeof(again)));
	edu_close(&self->a);
	ASSERT_EQ(0, edu_open(&self->a, "EDU2"));
	ASSERT_EQ(0, edu_attach(&self->a, self->domain));
	EXPECT_EQ(1, edu_arrives(&self->a, IOVA, self->buf));
}

TEST_F(unbind, mappings_stay_until_their_descriptor_closes)
{
	EXPECT_GT(BOUND, unbind(&self->a));
	EXPECT_EQ(4, domain_nr_maps(self->domain));
	EXPECT_EQ(1, edu_arrives(&self->b, IOVA + PAGE, self->buf + PAGE));
	edu_close(&self->a);
	EXPECT_EQ(2, domain_nr_maps(self->domain));
	EXPECT_EQ(0, edu_arrives(&self->b, IOVA + PAGE, self->buf + PAGE));
}

static int hold_and_die(void *arg)
{
	int *ends = arg;

	process_tell(ends[0]);
	process_await(ends[1]);
	return 0;
}

TEST_F(unbind, descriptors_in_a_child_do_not_delay_it)
{
	int ends[2], ready, go;
	pid_t pid = process_start(hold_and_die, ends, &ready, &go);

	ASSERT_EQ(0, process_await(ready));
	EXPECT_GT(BOUND, unbind(&self->a));
	edu_close(&self->a);
	process_tell(go);
	EXPECT_EQ(0, process_wait(pid));
	EXPECT_EQ(0, device_bind(device_bdf("EDU2"), "vfio"));
}

/* A call whose argument or buffer hangs */
struct hanging {
	struct hang hang;
	struct edu *edu;
	int result;
};

static void *hang_in_map(void *arg)
{
	struct hanging *h = arg;

	if (hang_may_be_pinned())
		h->result = device_map(h->edu->fd, h->hang.page, IOVA + HUGE,
				       PAGE, 1);
	return NULL;
}

static void *hang_in_read(void *arg)
{
	struct hanging *h = arg;

	h->result = device_read(h->edu->fd, REGION(0, 0), h->hang.page, 64);
	return NULL;
}

static void *hang_in_write(void *arg)
{
	struct hanging *h = arg;

	h->result = device_write(h->edu->fd, REGION(0, 0x80), h->hang.page, 8);
	return NULL;
}

static void *hang_in_config_read(void *arg)
{
	struct hanging *h = arg;

	h->result = device_read(h->edu->fd, CONFIG(0), h->hang.page, 256);
	return NULL;
}

static void *hang_in_ioctl(void *arg)
{
	struct hanging *h = arg;

	h->result = call(h->edu->fd, VFIO_EVENTFDS_MSIX, h->hang.page);
	return NULL;
}

static void *hang_in_length(void *arg)
{
	struct hanging *h = arg;

	h->result = call(h->edu->fd, VFIO_BAR_LEN, h->hang.page);
	return NULL;
}

TEST_F(unbind, does_not_wait_for_hanging_memory)
{
	static void *(*const ways[])(void *) = {
		hang_in_map,	     hang_in_read,  hang_in_write,
		hang_in_config_read, hang_in_ioctl, hang_in_length,
	};
	struct hanging h[ARRAY_SIZE(ways)];
	pthread_t threads[ARRAY_SIZE(ways)];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		h[i] = (struct hanging){ .edu = &self->a };
		ASSERT_EQ(0, hang_make(&h[i].hang));
		pthread_create(threads + i, NULL, ways[i], &h[i]);
	}
	process_nap(100);
	EXPECT_GT(BOUND, unbind(&self->a));
	EXPECT_EQ(1, edu_arrives(&self->b, IOVA, self->buf));
	for (i = 0; i < ARRAY_SIZE(ways); i++) {
		hang_let_go(&h[i].hang);
		pthread_join(threads[i], NULL);
	}
	expect_gone(_metadata, self);
}

static void *call_all_the_time(void *arg)
{
	struct edu *edu = arg;
	int event = event_new();
	__u8 config[256];

	while (call(edu->fd, VFIO_IRQ_EOI, NULL) != -ENODEV) {
		device_read(edu->fd, CONFIG(0), config, 256);
		device_read(edu->fd, REGION(0, 0), config, 64);
		call(edu->fd, VFIO_EVENTFD_MSI, &event);
		device_command_write(edu->fd, COMMAND_MEMORY);
		call(edu->fd, VFIO_RESET_FUNCTION, NULL);
	}
	return NULL;
}

TEST_F(unbind, against_threads_that_call_all_the_time)
{
	pthread_t threads[3];
	int i;

	for (i = 0; i < 3; i++)
		pthread_create(threads + i, NULL, call_all_the_time, &self->a);
	process_nap(100);
	EXPECT_GT(BOUND, unbind(&self->a));
	for (i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	expect_gone(_metadata, self);
}

static void *open_all_the_time(void *arg)
{
	int fd, n = 0;

	while (n < 200) {
		fd = open(arg, O_RDWR);
		n += fd < 0;
		if (fd >= 0)
			close(fd);
	}
	return NULL;
}

TEST_F(unbind, against_threads_that_open_all_the_time)
{
	pthread_t threads[2];
	char node[64];
	int i;

	ASSERT_EQ(0, device_node(self->a.bdf, node, sizeof(node)));
	for (i = 0; i < 2; i++)
		pthread_create(threads + i, NULL, open_all_the_time, node);
	process_nap(50);
	EXPECT_GT(BOUND, unbind(&self->a));
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	expect_gone(_metadata, self);
}

TEST_F(unbind, removed_by_the_bus)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/remove",
		 self->a.bdf);
	ASSERT_EQ(0, text_write(path, "1"));
	EXPECT_EQ(-ENODEV, call(self->a.fd, VFIO_IRQ_EOI, NULL));
	EXPECT_EQ(SIGBUS, fault_read(self->a.regs));
	EXPECT_EQ(1, edu_arrives(&self->b, IOVA, self->buf));
	edu_close(&self->a);
	ASSERT_EQ(0, text_write("/sys/bus/pci/rescan", "1"));
	process_nap(100);
	ASSERT_EQ(0, edu_open(&self->a, "EDU2"));
	ASSERT_EQ(0, edu_attach(&self->a, self->domain));
	EXPECT_EQ(1, edu_arrives(&self->a, IOVA, self->buf));
}

static void *reset_by_sysfs(void *arg)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset",
		 (char *)arg);
	return (void *)(long)text_write(path, "1");
}

static void *unbind_silent(void *arg)
{
	return (void *)(long)device_bind(arg, NULL);
}

/* Unbinding waits for a user who says nothing, and a reset for the unbinding */
static void expect_both_end(struct __test_metadata *_metadata, const char *bdf)
{
	struct genl *sock = genl_open();
	int fd = device_open_bdf(bdf);
	long start = process_ms();
	pthread_t threads[2];
	void *result[2];

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, genl_sign_up(sock, bdf, ~0ULL));
	pthread_create(&threads[0], NULL, unbind_silent, (void *)bdf);
	process_nap(500);
	pthread_create(&threads[1], NULL, reset_by_sysfs, (void *)bdf);
	pthread_join(threads[0], &result[0]);
	EXPECT_GT(2 * BOUND, process_ms() - start);
	pthread_join(threads[1], &result[1]);
	EXPECT_GT(3 * BOUND, process_ms() - start);
	EXPECT_EQ(NULL, result[0]);
	EXPECT_EQ(NULL, result[1]);
	close(fd);
	genl_close(sock);
	EXPECT_EQ(0, device_bind(bdf, "vfio"));
}

TEST(unbinding_against_a_reset_below_a_bridge)
{
	if (!device_bdf("E1000E"))
		SKIP(return, "E1000E is not set");
	expect_both_end(_metadata, device_bdf("E1000E"));
}

TEST(unbinding_against_a_reset_by_the_bus)
{
	const char *bdf = device_bdf("SLOT0_DEV");

	if (!bdf || !getenv("CONTROL"))
		SKIP(return, "SLOT0_DEV or CONTROL is not set");
	ASSERT_EQ(0, control_plug("edu,id=reset,bus=slot0", bdf));
	expect_both_end(_metadata, bdf);
	ASSERT_EQ(0, control_unplug("reset", bdf));
}

TEST_F(unbind, modules_cannot_be_unloaded_while_open)
{
	EXPECT_EQ(-1, syscall(SYS_delete_module, "uvfio", O_NONBLOCK));
	EXPECT_TRUE(errno == EWOULDBLOCK || errno == EBUSY);
	EXPECT_EQ(-1, syscall(SYS_delete_module, "uiommu", O_NONBLOCK));
	EXPECT_TRUE(errno == EWOULDBLOCK || errno == EBUSY);
	EXPECT_EQ(1, edu_arrives(&self->a, IOVA, self->buf));
}

TEST_HARNESS_MAIN
