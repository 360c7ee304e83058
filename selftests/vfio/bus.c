// SPDX-License-Identifier: GPL-2.0
/*
 * Functions without a reset of their own, and the bus that they share.
 * Invariant: what one user left in the registers is read by the next only where
 * that is said, and nobody resets what is in the hands of another.
 *
 * The register that is left is where the ring of the receiver begins: it keeps
 * what is written until the device is reset.
 */
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

#define RING 0x2800
#define LEFT 0x12345670
#define CAUSE_SET 0xc8
#define CAUSES 0xd0
#define LINK_CHANGE 0x4
#define NOBODY 65534
#define SLOWLY 120
#define ROUNDS 6
#define SOON 2000

static int put(int fd, __u32 at, __u32 value)
{
	return device_write(fd, REGION(0, at), &value, 4);
}

static __u32 get(int fd, __u32 at)
{
	__u32 value = ~0U;

	device_read(fd, REGION(0, at), &value, 4);
	return value;
}

static struct uvfio_device_info info_of(int fd)
{
	struct uvfio_device_info info = { .argsz = sizeof(info) };

	if (call(fd, UVFIO_DEVICE_INFO, &info))
		info.caps = ~0U;
	return info;
}

static int is_stale(int fd)
{
	return !!(info_of(fd).caps & UVFIO_DEVICE_STALE);
}

/* Open, attach and make reachable */
static int use(const char *env, int domain)
{
	int fd = device_open(env), err = fd;

	if (fd >= 0)
		err = device_set(fd, domain);
	if (!err)
		err = device_command_write(fd, COMMAND_MEMORY | COMMAND_MASTER);
	if (err && fd >= 0)
		close(fd);
	return err ? err : fd;
}

static int reset_bus(int fd, const int *fds, __u32 count)
{
	struct uvfio_bus_reset arg = {
		.argsz = sizeof(arg),
		.count = count,
		.fds = (unsigned long)fds,
	};

	return call(fd, UVFIO_BUS_RESET, &arg);
}

FIXTURE(bus)
{
	int domain;
	int fd[2];
};

FIXTURE_VARIANT(bus)
{
	const char *env[2];
	int alone; /* the second has a bus of its own, below the other's */
};

/* clang-format off */
/* two functions in a slot; one beside a bridge, and one below that */
FIXTURE_VARIANT_ADD(bus, pair) { .env = { "PAIR0", "PAIR1" } };

FIXTURE_VARIANT_ADD(bus, tree) { .env = { "TREE0", "TREE1" }, .alone = 1 };

/* clang-format on */

FIXTURE_SETUP(bus)
{
	int i;

	self->domain = domain_open();
	for (i = 0; i < 2; i++) {
		if (!device_bdf(variant->env[i]))
			SKIP(return, "%s is not set", variant->env[i]);
		self->fd[i] = use(variant->env[i], self->domain);
		ASSERT_LE(0, self->fd[i]);
	}
	ASSERT_EQ(0, get(self->fd[0], RING));
	ASSERT_EQ(4, put(self->fd[0], RING, LEFT));
	ASSERT_EQ(LEFT, get(self->fd[0], RING));
}

FIXTURE_TEARDOWN(bus)
{
	close(self->fd[0]);
	close(self->fd[1]);
	close(self->domain);
	/* so that the next test finds it reset */
	device_bind(device_bdf(variant->env[1]), "vfio");
	close(device_open(variant->env[0]));
}

TEST_F(bus, the_next_user_reads_nothing)
{
	close(self->fd[0]);
	close(self->fd[1]);
	self->fd[0] = use(variant->env[0], self->domain);
	ASSERT_LE(0, self->fd[0]);
	EXPECT_EQ(0, is_stale(self->fd[0]));
	EXPECT_EQ(0, get(self->fd[0], RING));
	self->fd[1] = use(variant->env[1], self->domain);
	ASSERT_LE(0, self->fd[1]);
	EXPECT_EQ(0, is_stale(self->fd[1]));
}

TEST_F(bus, is_left_alone_while_one_is_in_use)
{
	__u32 mine = get(self->fd[1], 0);

	close(self->fd[0]);
	self->fd[0] = use(variant->env[0], self->domain);
	ASSERT_LE(0, self->fd[0]);
	/* It was not reset, and that is told */
	EXPECT_EQ(LEFT, get(self->fd[0], RING));
	EXPECT_EQ(1, is_stale(self->fd[0]));
	EXPECT_EQ(mine, get(self->fd[1], 0));
	close(self->fd[1]);
	/* Not while this one is in use either */
	self->fd[1] = use(variant->env[1], self->domain);
	ASSERT_LE(0, self->fd[1]);
	EXPECT_EQ(!variant->alone, is_stale(self->fd[1]));
	EXPECT_EQ(LEFT, get(self->fd[0], RING));
}

TEST_F(bus, is_left_alone_while_one_is_not_ours)
{
	const char *other = device_bdf(variant->env[1]);

	close(self->fd[1]);
	self->fd[1] = -1;
	ASSERT_EQ(0, device_bind(other, NULL));
	close(self->fd[0]);
	self->fd[0] = use(variant->env[0], self->domain);
	/* Its group is not all ours, so there is no domain: look by opening */
	if (self->fd[0] < 0)
		self->fd[0] = device_open(variant->env[0]);
	ASSERT_LE(0, self->fd[0]);
	EXPECT_EQ(1, is_stale(self->fd[0]));
	close(self->fd[0]);

	/* Ours again: reset before the first use */
	ASSERT_EQ(0, device_bind(other, "vfio"));
	self->fd[0] = use(variant->env[0], self->domain);
	ASSERT_LE(0, self->fd[0]);
	EXPECT_EQ(0, is_stale(self->fd[0]));
	EXPECT_EQ(0, get(self->fd[0], RING));
}

TEST_F(bus, is_told_to_and_reset_by_the_holder_of_all)
{
	struct uvfio_device_info info = info_of(self->fd[0]);
	__u8 config[2][64];
	int i;

	/* Alone on the bus when it was found, and not for long */
	EXPECT_EQ(UVFIO_RESET_NONE, info.reset_method);
	EXPECT_EQ(0, info.caps & UVFIO_DEVICE_RESET);
	EXPECT_EQ(-ENOTTY, call(self->fd[0], VFIO_RESET_FUNCTION, NULL));
	EXPECT_EQ(LEFT, get(self->fd[0], RING));
	EXPECT_EQ(UVFIO_DEVICE_BUS_RESET, info.caps & UVFIO_DEVICE_BUS_RESET);

	ASSERT_EQ(64, device_read(self->fd[0], CONFIG(0), config[0], 64));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(4, put(self->fd[0], RING, LEFT));
		ASSERT_EQ(0, reset_bus(self->fd[0], self->fd, 2));
		EXPECT_EQ(0, get(self->fd[0], RING));
	}
	ASSERT_EQ(64, device_read(self->fd[0], CONFIG(0), config[1], 64));
	EXPECT_EQ(0, memcmp(config[0], config[1], 64));
	EXPECT_EQ(COMMAND_MEMORY | COMMAND_MASTER,
		  device_command_real(device_bdf(variant->env[0])) &
			  (COMMAND_MEMORY | COMMAND_MASTER));
}

TEST_F(bus, hostile_lists_reset_nothing)
{
	int closed = event_new(), edu = device_open("EDU0"), i;
	int path = open("/dev", O_PATH | O_CLOEXEC);
	int a = self->fd[0], b = self->fd[1];
	int again = device_open(variant->env[1]);
	const struct {
		int count;
		int fds[3];
		int ret;
	} rows[] = {
		{ 1, { a }, -EPERM },
		{ 1, { b }, -EINVAL },
		{ 2, { a, a }, -EINVAL },
		{ 2, { b, b }, -EINVAL },
		{ 2, { b, again }, -EINVAL },
		{ 3, { a, b, again }, -EINVAL },
		{ 3, { a, b, b }, -EINVAL },
		{ 3, { a, b, edu }, -EINVAL },
		{ 2, { a, edu }, -EPERM },
		{ 3, { a, b, -1 }, -EBADF },
		{ 3, { a, b, closed }, -EBADF },
		{ 2, { a, path }, -EBADF },
		{ 2, { a, 0x7fffffff }, -EBADF },
		{ 2, { a, self->domain }, -EINVAL },
		{ 2, { a, event_new() }, -EINVAL },
		{ 2, { a, open("/dev/null", O_RDWR) }, -EINVAL },
	};

	close(closed);
	for (i = 0; i < (int)ARRAY_SIZE(rows); i++) {
		EXPECT_EQ(rows[i].ret, reset_bus(a, rows[i].fds, rows[i].count))
		TH_LOG("row %d", i);
	}
	EXPECT_EQ(-EINVAL, reset_bus(a, self->fd, 0));
	EXPECT_EQ(-EINVAL, reset_bus(a, self->fd, UVFIO_BUS_RESET_MAX + 1));
	EXPECT_EQ(-EINVAL, reset_bus(a, self->fd, ~0U));
	EXPECT_EQ(-EFAULT, reset_bus(a, (int *)8, 2));
	EXPECT_EQ(-EFAULT, reset_bus(a, NULL, UVFIO_BUS_RESET_MAX));
	EXPECT_EQ(LEFT, get(a, RING));
	/* The other's bus is not this one's, or all of it is named */
	EXPECT_EQ(variant->alone ? -EINVAL : 0,
		  reset_bus(b, (int[]){ again, a }, 2));
	EXPECT_EQ(variant->alone ? LEFT : 0, get(a, RING));
	EXPECT_EQ(0, reset_bus(a, (int[]){ again, a }, 2));
	EXPECT_EQ(0, get(a, RING));
	close(again);
	close(edu);
}

TEST_F(bus, fields_that_mean_nothing_are_refused)
{
	struct {
		struct uvfio_bus_reset arg;
		__u32 more;
	} call_arg = {
		.arg = { .argsz = sizeof(call_arg.arg),
			 .count = 2,
			 .fds = (unsigned long)self->fd },
	};
	struct uvfio_bus_reset *arg = &call_arg.arg;

	arg->flags = 1;
	EXPECT_EQ(-EOPNOTSUPP, call(self->fd[0], UVFIO_BUS_RESET, arg));
	arg->flags = 0;
	arg->reserved = 1;
	EXPECT_EQ(-EINVAL, call(self->fd[0], UVFIO_BUS_RESET, arg));
	arg->reserved = 0;
	arg->argsz--;
	EXPECT_EQ(-EINVAL, call(self->fd[0], UVFIO_BUS_RESET, arg));
	arg->argsz = sizeof(*arg) + 4;
	call_arg.more = 1;
	EXPECT_EQ(-E2BIG, call(self->fd[0], UVFIO_BUS_RESET, arg));
	EXPECT_EQ(LEFT, get(self->fd[0], RING));
	call_arg.more = 0;
	EXPECT_EQ(0, call(self->fd[0], UVFIO_BUS_RESET, arg));
}

TEST_F(bus, states_that_forbid_it)
{
	const char *other = device_bdf(variant->env[1]);
	int edu = use("EDU0", self->domain);

	/* No bridge above */
	ASSERT_LE(0, edu);
	EXPECT_EQ(0, info_of(edu).caps & UVFIO_DEVICE_BUS_RESET);
	EXPECT_EQ(-ENOTTY, reset_bus(edu, &edu, 1));
	close(edu);
	/* Without a domain */
	ASSERT_EQ(0, call(self->fd[0], VFIO_DOMAIN_UNSET, NULL));
	EXPECT_EQ(-EINVAL, reset_bus(self->fd[0], self->fd, 2));
	ASSERT_EQ(0, device_set(self->fd[0], self->domain));
	/* One that has gone, and that is there without a driver */
	ASSERT_EQ(0, device_bind(other, NULL));
	EXPECT_EQ(-ENODEV, reset_bus(self->fd[0], self->fd, 2));
	EXPECT_EQ(-EPERM, reset_bus(self->fd[0], self->fd, 1));
	EXPECT_EQ(0, info_of(self->fd[0]).caps & UVFIO_DEVICE_BUS_RESET);
	ASSERT_EQ(0, device_command_write(self->fd[0], COMMAND_MEMORY));
	EXPECT_EQ(LEFT, get(self->fd[0], RING));
}

/* Descriptors are the proof; a name is none */
static int without_rights(void *arg)
{
	int *fd = arg, only = fd[1];

	if (reset_bus(fd[0], fd, 2))
		return 1;
	if (put(fd[0], RING, LEFT) != 4)
		return 2;
	close(only);
	if (reset_bus(fd[0], fd, 2) != -EBADF || device_open("PAIR1") >= 0 ||
	    reset_bus(fd[0], fd, 1) != -EPERM)
		return 3;
	return get(fd[0], RING) == LEFT ? 0 : 4;
}

TEST_F(bus, another_user_needs_descriptors_and_nothing_else)
{
	EXPECT_EQ(0, process_run_as(NOBODY, 0, without_rights, self->fd));
}

struct watch {
	volatile __u32 *bar;
	int fd;
	__u32 status;
	volatile int stop;
	long seen;
	long wrong;
};

static void *watch_registers(void *arg)
{
	struct watch *watch = arg;

	while (!watch->stop) {
		watch->wrong += watch->bar[RING / 4] == ~0U;
		watch->wrong += get(watch->fd, RING) == ~0U;
		watch->seen++;
	}
	return NULL;
}

TEST_F(bus, nobody_sees_it_go_on)
{
	struct watch watch = { .fd = self->fd[0] };
	pthread_t thread;
	int i;

	watch.bar = mmap(NULL, 0x4000, PROT_READ, MAP_SHARED, self->fd[0],
			 REGION(0, 0));
	ASSERT_NE(MAP_FAILED, (void *)watch.bar);
	pthread_create(&thread, NULL, watch_registers, &watch);
	for (i = 0; i < 3; i++) {
		int ret = reset_bus(self->fd[0], self->fd, 2);

		EXPECT_TRUE(!ret || ret == -EAGAIN)
		TH_LOG("reset %d: %d", i, ret);
		process_nap(20);
	}
	watch.stop = 1;
	pthread_join(thread, NULL);
	EXPECT_LT(1, watch.seen);
	EXPECT_EQ(0, watch.wrong);
	munmap((void *)watch.bar, 0x4000);
}

TEST_F(bus, the_line_goes_on)
{
	int event = event_new(), i;

	ASSERT_EQ(0, call(self->fd[0], VFIO_EVENTFD_IRQ, &event));
	for (i = 0; i < 3; i++) {
		put(self->fd[0], CAUSES, LINK_CHANGE);
		put(self->fd[0], CAUSE_SET, LINK_CHANGE);
		EXPECT_EQ(1, event_take(event, SOON))
		TH_LOG("round %d", i);
		ASSERT_EQ(0, reset_bus(self->fd[0], self->fd, 2));
		EXPECT_EQ(0, call(self->fd[0], VFIO_IRQ_EOI, NULL));
	}
	EXPECT_EQ(0, event_take(event, 50));
}

/* Reads registers until the device has gone */
static void *read_to_the_end(void *arg)
{
	int fd = *(int *)arg;
	__u32 value;

	while (device_read(fd, REGION(0, RING), &value, 4) != -ENODEV)
		;
	return NULL;
}

struct resetter {
	const int *fd;
	volatile int stop;
	long done;
};

static void *reset_and_reset(void *arg)
{
	struct resetter *resetter = arg;

	while (!resetter->stop)
		resetter->done += !reset_bus(resetter->fd[0], resetter->fd, 2);
	return NULL;
}

/* Removal comes between the reset and what ends the pause of registers */
TEST_F_TIMEOUT(bus, unbinding_ends_reads_that_wait_for_a_reset, SLOWLY)
{
	const char *other = device_bdf(variant->env[1]);
	struct resetter resetter = { .fd = self->fd };
	pthread_t reader[2], thread;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		resetter.stop = 0;
		pthread_create(&thread, NULL, reset_and_reset, &resetter);
		pthread_create(&reader[0], NULL, read_to_the_end, &self->fd[1]);
		pthread_create(&reader[1], NULL, read_to_the_end, &self->fd[1]);
		process_nap(150 + 37 * i);
		ASSERT_EQ(0, device_bind(other, NULL));
		pthread_join(reader[0], NULL);
		pthread_join(reader[1], NULL);
		resetter.stop = 1;
		pthread_join(thread, NULL);
		close(self->fd[1]);
		ASSERT_EQ(0, device_bind(other, "vfio"));
		self->fd[1] = use(variant->env[1], self->domain);
		ASSERT_LE(0, self->fd[1]);
	}
	EXPECT_LT(0, resetter.done);
}

/* Opens, uses and closes until told to stop */
struct user {
	const char *env;
	int domain;
	volatile int *stop;
	long used;
	long odd;
};

static void *open_and_close(void *arg)
{
	struct user *user = arg;
	int fd, stale;

	while (!*user->stop) {
		fd = use(user->env, user->domain);
		if (fd < 0)
			continue;
		user->used++;
		/* In this order: a reset may come in between */
		stale = is_stale(fd);
		user->odd += !stale && get(fd, RING) == LEFT;
		put(fd, RING, LEFT);
		reset_bus(fd, (int[]){ fd, fd + 1 }, 2);
		put(fd, RING, LEFT);
		close(fd);
	}
	return NULL;
}

TEST_F_TIMEOUT(bus, opens_closes_and_unbinding_at_once, SLOWLY)
{
	const char *other = device_bdf(variant->env[1]);
	volatile int stop = 0;
	struct user users[2];
	pthread_t threads[2];
	int i;

	close(self->fd[0]);
	close(self->fd[1]);
	for (i = 0; i < 2; i++) {
		users[i] = (struct user){ variant->env[i], self->domain, &stop,
					  0, 0 };
		pthread_create(&threads[i], NULL, open_and_close, &users[i]);
	}
	for (i = 0; i < ROUNDS; i++) {
		process_nap(200);
		EXPECT_EQ(0, device_bind(other, NULL));
		device_bind(other, "vfio");
	}
	stop = 1;
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	EXPECT_LT(0, users[0].used);
	EXPECT_EQ(0, users[0].odd);
	self->fd[0] = -1;
	self->fd[1] = -1;
}

TEST_HARNESS_MAIN
