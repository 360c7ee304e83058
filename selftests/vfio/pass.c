// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors passed to a process without any privilege. Invariant: it can do
 * with them all that the device allows, within its own quota, and can open no
 * device by itself.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/edu.h"
#include "../lib/event.h"
#include "../lib/memory.h"
#include "../lib/process.h"

#define USER 61005
#define LIMIT 16
#define IOVA 0x30000000ULL

static int use(struct edu *a, struct edu *b, int domain)
{
	__u8 *buf = memory_anon(2 * LIMIT * PAGE);
	int event = event_new();

	if (domain_map(domain, buf, IOVA, 4 * PAGE, true) ||
	    domain_map(domain, buf, IOVA + HUGE, 2 * LIMIT * PAGE, true) !=
		    -ENOMEM)
		return 11;
	if (edu_arrives(a, IOVA, buf) != 1 ||
	    edu_sees(b, IOVA, EDU_PATTERN) != 1)
		return 12;
	if (call(a->fd, VFIO_EVENTFD_IRQ, &event))
		return 13;
	edu_put(a, EDU_IRQ_RAISE, 1);
	if (event_take(event, 1000) != 1)
		return 14;
	edu_put(a, EDU_IRQ_ACK, 1);
	if (munmap(buf, 2 * LIMIT * PAGE) || domain_nr_maps(domain) != 2)
		return 15;
	return edu_detach(a) || edu_detach(b) ? 16 : 0;
}

static int serve(void *arg)
{
	struct edu a = {}, b = {};
	int fds[3];

	if (process_receive_fds(*(int *)arg, fds, 3))
		return 2;
	a.fd = fds[1];
	b.fd = fds[2];
	if (edu_attach(&a, fds[0]) || edu_attach(&b, fds[0]))
		return 3;
	return use(&a, &b, fds[0]);
}

TEST(two_devices_and_a_domain_by_a_socket)
{
	int ends[2], fds[3], status;
	pid_t pid;

	if (!device_bdf("EDU0") || !device_bdf("EDU1"))
		SKIP(return, "EDU0 or EDU1 is not set");
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	pid = fork();
	if (!pid) {
		status = process_become(USER, LIMIT * PAGE);
		_exit(status ? 1 : serve(ends + 1));
	}
	fds[0] = domain_open();
	fds[1] = device_open("EDU0");
	fds[2] = device_open("EDU1");
	ASSERT_EQ(0, process_send_fds(ends[0], fds, 3));
	/* the launcher lets go: the driver alone holds them */
	close(fds[0]);
	close(fds[1]);
	close(fds[2]);
	EXPECT_EQ(0, process_wait(pid));
	EXPECT_EQ(0, device_command_real(device_bdf("EDU0")) & COMMAND_MASTER);
}

static int open_by_path(void *arg)
{
	int fd = open(arg, O_RDWR);

	return fd < 0 ? errno : 0;
}

TEST(nodes_are_for_root)
{
	const char *bdf = device_bdf("EDU0");
	char path[64];

	if (!bdf)
		SKIP(return, "EDU0 is not set");
	ASSERT_EQ(0, device_node(bdf, path, sizeof(path)));
	EXPECT_EQ(EACCES, process_run_as(USER, 0, open_by_path, path));
}

TEST(driver_and_device_are_where_programs_of_2010_look)
{
	const char *bdf = device_bdf("EDU0");
	char path[128], driver[64];

	if (!bdf)
		SKIP(return, "EDU0 is not set");
	ASSERT_EQ(0, device_driver(bdf, driver, sizeof(driver)));
	EXPECT_STREQ("vfio", driver);
	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/vfio/%s", bdf);
	EXPECT_EQ(0, access(path, F_OK));
	EXPECT_EQ(0, access("/sys/bus/pci/drivers/vfio/new_id", W_OK));
	EXPECT_EQ(0, access("/sys/class/uvfio", F_OK));
}

TEST_HARNESS_MAIN
