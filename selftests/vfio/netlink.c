// SPDX-License-Identifier: GPL-2.0
/*
 * Generic netlink, family "VFIO": registration, messages, which answers count,
 * and that no answer is waited for beyond the bound. Invariant of the tests:
 * times have a lower bound where waiting is the point.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../lib/device.h"
#include "../lib/genl.h"
#include "../lib/harness.h"
#include "../lib/process.h"
#include "../lib/text.h"

#define ALL (~0ULL)
#define BIT(n) (1ULL << (n))
#define INTERVAL "/sys/module/uvfio/parameters/veto_interval"

/* In a process of another user: with the device open, or without */
static int register_open(void *arg)
{
	return -genl_sign_up(genl_open(), device_bdf("EDU0"), ALL);
}

static int register_closed(void *arg)
{
	close(*(int *)arg);
	return -genl_sign_up(genl_open(), device_bdf("EDU0"), ALL);
}

static int register_other(void *arg)
{
	return -genl_sign_up(genl_open(), device_bdf("EDU1"), ALL);
}

FIXTURE(netlink)
{
	int fd;
	struct genl *sock;
	const char *bdf;
};

FIXTURE_SETUP(netlink)
{
	if (!device_bdf("EDU0") || !device_bdf("EDU1"))
		SKIP(return, "EDU0 or EDU1 is not set");
	self->bdf = device_bdf("EDU0");
	self->fd = device_open("EDU0");
	ASSERT_LE(0, self->fd);
	self->sock = genl_open();
	ASSERT_NE(NULL, self->sock);
	/* Most refuse more often than once in five minutes */
	ASSERT_EQ(0, text_write(INTERVAL, "0"));
}

FIXTURE_TEARDOWN(netlink)
{
	close(self->fd);
	genl_close(self->sock);
	device_bind(self->bdf, "vfio");
	text_write(INTERVAL, "300");
}

TEST_F(netlink, the_holder_of_the_device_may_register)
{
	EXPECT_EQ(0, process_run_as(1000, 0, register_open, NULL));
	EXPECT_EQ(EPERM, process_run_as(1000, 0, register_other, NULL));
	EXPECT_EQ(EPERM, process_run_as(1000, 0, register_closed, &self->fd));
	EXPECT_EQ(0, process_run(register_other, NULL));
}

TEST_F(netlink, users_of_one_device_do_not_shut_out_others)
{
	int fd = device_open("EDU1"), i;
	struct genl *socks[100];

	for (i = 0; i < 100; i++) {
		socks[i] = genl_open();
		if (genl_sign_up(socks[i], self->bdf, ALL))
			break;
	}
	EXPECT_LE(16, i);
	ASSERT_GT(100, i);
	EXPECT_EQ(-ENOSPC, genl_sign_up(socks[i], self->bdf, ALL));
	/* Those that are registered may want something else */
	EXPECT_EQ(0, genl_sign_up(socks[0], self->bdf, 0));
	/* Nor an administrator, even without the device open */
	EXPECT_EQ(0, genl_sign_up(socks[i], device_bdf("EDU1"), ALL));
	close(fd);
	EXPECT_EQ(0, process_run(register_other, NULL));
	genl_close(socks[0]);
	EXPECT_EQ(0, genl_sign_up(socks[i], self->bdf, ALL));
	for (; i > 0; i--)
		genl_close(socks[i]);
}

TEST_F(netlink, wrong_attributes)
{
	EXPECT_EQ(-EINVAL, genl_sign_up(self->sock, "0:0:20.0", ALL));
	EXPECT_EQ(-EINVAL, genl_sign_up(self->sock, "0:0:1.8", ALL));
	EXPECT_EQ(-EINVAL, genl_reply(self->sock, VFIO_MSG_REGISTER, 1, 0, 0));
	EXPECT_EQ(-EINVAL, genl_reply(self->sock, VFIO_MSG_ERROR_HANDLING_REPLY,
				      1, VFIO_ATTR_ERROR_HANDLING_REPLY, 6));
	EXPECT_EQ(-EINVAL,
		  genl_reply(self->sock, VFIO_MSG_PM_SUSPEND_REPLY, 1, 0, 0));
	EXPECT_EQ(-EOPNOTSUPP,
		  genl_reply(self->sock, VFIO_MSG_REMOVE, 1, 0, 0));
}

TEST_F(netlink, answer_without_question)
{
	ASSERT_EQ(0, genl_sign_up(self->sock, self->bdf, ALL));
	EXPECT_EQ(-ENOENT, genl_reply(self->sock, VFIO_MSG_ERROR_HANDLING_REPLY,
				      1, VFIO_ATTR_ERROR_HANDLING_REPLY, 5));
	EXPECT_EQ(-ENOENT, genl_reply(self->sock, VFIO_MSG_PM_SUSPEND_REPLY, 1,
				      VFIO_ATTR_PM_SUSPEND_REPLY, 0));
}

static void *unbind(void *arg)
{
	return (void *)(long)device_bind(arg, NULL);
}

TEST_F(netlink, removal_is_told_and_the_device_let_go)
{
	struct genl_event event;
	pthread_t thread;
	long start;

	ASSERT_EQ(0, genl_sign_up(self->sock, self->bdf, ALL));
	pthread_create(&thread, NULL, unbind, (void *)self->bdf);
	ASSERT_EQ(0, genl_event(self->sock, &event, 5000));
	EXPECT_EQ(VFIO_MSG_REMOVE, event.message);
	/* Still there: the user may put it in order */
	EXPECT_LE(0, device_command(self->fd));
	start = process_ms();
	close(self->fd);
	pthread_join(thread, NULL);
	EXPECT_GT(1900, process_ms() - start);
}

TEST_F(netlink, removal_does_not_wait_for_the_silent)
{
	long start = process_ms();

	ASSERT_EQ(0, genl_sign_up(self->sock, self->bdf, ALL));
	EXPECT_EQ(0, device_bind(self->bdf, NULL));
	EXPECT_LE(1500, process_ms() - start);
	EXPECT_GT(10000, process_ms() - start);
	EXPECT_EQ(-ENODEV, device_command(self->fd));
}

TEST_F(netlink, only_what_is_wanted_is_told)
{
	struct genl_event event;
	long start = process_ms();

	ASSERT_EQ(0, genl_sign_up(self->sock, self->bdf,
				  ALL & ~BIT(VFIO_MSG_REMOVE)));
	EXPECT_EQ(0, device_bind(self->bdf, NULL));
	EXPECT_GT(1900, process_ms() - start);
	EXPECT_EQ(-ETIMEDOUT, genl_event(self->sock, &event, 100));
}

TEST_F(netlink, last_close_ends_it)
{
	struct genl_event event;

	ASSERT_EQ(0, genl_sign_up(self->sock, self->bdf, ALL));
	close(self->fd);
	EXPECT_EQ(0, device_bind(self->bdf, NULL));
	EXPECT_EQ(-ETIMEDOUT, genl_event(self->sock, &event, 100));
}

/* Only as far as freezing tasks, and back */
static int try_suspend(void)
{
	int ret = text_write("/sys/power/pm_test", "freezer");

	/* It stays there for 5 s else, with a processor that does nothing */
	text_write("/sys/module/suspend/parameters/pm_test_delay", "0");
	return ret ? ret : text_write("/sys/power/state", "freeze");
}

struct answerer {
	struct genl *sock;
	struct genl *other;
	int refused;
};

/* Asked to sleep, after whatever was told about the time before */
static int asked(struct genl *sock, struct genl_event *event)
{
	int err;

	do {
		err = genl_event(sock, event, 5000);
	} while (!err && event->message != VFIO_MSG_PM_SUSPEND);
	return err;
}

static int reply(struct genl *sock, __u32 seq, int refused)
{
	return genl_reply(sock, VFIO_MSG_PM_SUSPEND_REPLY, seq,
			  VFIO_ATTR_PM_SUSPEND_REPLY, refused);
}

static void *answer_suspend(void *arg)
{
	struct answerer *self = arg;
	struct genl_event event;

	if (asked(self->sock, &event))
		return (void *)1;
	/* Another number is not an answer */
	if (reply(self->sock, event.seq + 1, 0) != -ENOENT)
		return (void *)2;
	if (reply(self->sock, event.seq, self->refused))
		return (void *)3;
	return NULL;
}

/* Try to sleep while a thread answers; returns what the machine says */
static int suspend_while(void *(*fn)(void *arg), struct answerer *self,
			 long *failed)
{
	pthread_t thread;
	void *result;
	int ret;

	pthread_create(&thread, NULL, fn, self);
	ret = try_suspend();
	pthread_join(thread, &result);
	*failed = (long)result;
	return ret;
}

static int suspend_answered(struct genl *sock, int refused, long *failed)
{
	struct answerer self = { .sock = sock, .refused = refused };

	return suspend_while(answer_suspend, &self, failed);
}

TEST_F(netlink, sleep_with_consent)
{
	struct genl_event event;
	long failed;

	ASSERT_EQ(0, genl_sign_up(self->sock, self->bdf, ALL));
	EXPECT_EQ(0, suspend_answered(self->sock, 0, &failed));
	EXPECT_EQ(0, failed);
	EXPECT_EQ(0, genl_event(self->sock, &event, 5000));
	EXPECT_EQ(VFIO_MSG_PM_RESUME, event.message);
}

TEST_F(netlink, sleep_is_refused)
{
	long failed;

	ASSERT_EQ(0, genl_sign_up(self->sock, self->bdf, ALL));
	EXPECT_EQ(-EBUSY, suspend_answered(self->sock, 1, &failed));
	EXPECT_EQ(0, failed);
	/* An answer each time, and each one counts */
	EXPECT_EQ(-EBUSY, suspend_answered(self->sock, 1, &failed));
	EXPECT_EQ(0, failed);
}

/*
 * An interval so short that it is over; as a longer one counts from the same
 * moment, what follows within it need not be in a hurry
 */
static int let_it_pass(void)
{
	int err = text_write(INTERVAL, "2");

	process_nap(3000);
	return err;
}

/* Two users with a device each keep the machine awake by turns */
TEST_F(netlink, sleep_is_refused_once_in_a_while)
{
	struct genl *sock = genl_open();
	int fd = device_open("EDU1");
	long failed;

	ASSERT_EQ(0, genl_sign_up(self->sock, self->bdf, ALL));
	/* The tests before have refused, too */
	ASSERT_EQ(0, let_it_pass());
	EXPECT_EQ(-EBUSY, suspend_answered(self->sock, 1, &failed));
	EXPECT_EQ(0, failed);
	ASSERT_EQ(0, text_write(INTERVAL, "300"));
	EXPECT_EQ(0, suspend_answered(self->sock, 1, &failed));
	EXPECT_EQ(0, failed);
	close(self->fd);
	ASSERT_EQ(0, genl_sign_up(sock, device_bdf("EDU1"), ALL));
	EXPECT_EQ(0, suspend_answered(sock, 1, &failed));
	EXPECT_EQ(0, failed);
	/* The time is over */
	ASSERT_EQ(0, let_it_pass());
	EXPECT_EQ(-EBUSY, suspend_answered(sock, 1, &failed));
	EXPECT_EQ(0, failed);
	ASSERT_EQ(0, text_write(INTERVAL, "300"));
	EXPECT_EQ(0, suspend_answered(sock, 1, &failed));
	EXPECT_EQ(0, failed);
	genl_close(sock);
	close(fd);
}

TEST_F(netlink, silence_counts_once)
{
	long failed;

	EXPECT_EQ(-EBUSY, try_suspend());
	EXPECT_EQ(0, try_suspend());
	/* A word ends it */
	ASSERT_EQ(0, genl_sign_up(self->sock, self->bdf, ALL));
	EXPECT_EQ(0, suspend_answered(self->sock, 0, &failed));
	EXPECT_EQ(0, failed);
	EXPECT_EQ(-EBUSY, try_suspend());
	EXPECT_EQ(0, try_suspend());
}

struct stranger {
	__u32 port, seq;
};

/* From the same port of another network namespace */
static int refuse_from_elsewhere(void *arg)
{
	const struct stranger *self = arg;
	struct genl *sock;

	if (unshare(CLONE_NEWNET))
		return errno;
	sock = genl_open_at(self->port);
	if (!sock || genl_port(sock) != self->port)
		return EIO;
	return -reply(sock, self->seq, 1);
}

static void *answer_after_strangers(void *arg)
{
	struct answerer *self = arg;
	struct stranger stranger = { .port = genl_port(self->sock) };
	struct genl_event event;

	if (asked(self->sock, &event))
		return (void *)1;
	stranger.seq = event.seq;
	if (reply(self->other, event.seq, 1) != -ENOENT)
		return (void *)2;
	if (process_run(refuse_from_elsewhere, &stranger) != ENOENT)
		return (void *)3;
	if (reply(self->sock, event.seq, 0))
		return (void *)4;
	return NULL;
}

TEST_F(netlink, sleep_is_up_to_the_socket_that_was_asked)
{
	struct answerer answerer = { self->sock, genl_open() };
	long failed;

	ASSERT_EQ(0, genl_sign_up(self->sock, self->bdf, ALL));
	EXPECT_EQ(0, suspend_while(answer_after_strangers, &answerer, &failed));
	EXPECT_EQ(0, failed);
	/* Nor does it help to be registered for other messages alone */
	ASSERT_EQ(0, genl_sign_up(answerer.other, self->bdf,
				  ALL & ~BIT(VFIO_MSG_PM_SUSPEND)));
	EXPECT_EQ(0, suspend_while(answer_after_strangers, &answerer, &failed));
	EXPECT_EQ(0, failed);
	genl_close(answerer.other);
}

static void *close_in_the_middle(void *arg)
{
	struct answerer *self = arg;
	struct genl_event event;

	if (asked(self->sock, &event))
		return (void *)1;
	if (self->other && asked(self->other, &event))
		return (void *)2;
	if (self->other && reply(self->other, event.seq, 0))
		return (void *)3;
	process_nap(500);
	genl_close(self->sock);
	return NULL;
}

TEST_F(netlink, sleep_does_not_wait_for_a_socket_that_closes)
{
	struct answerer answerer = { self->sock };
	long failed, start = process_ms();

	ASSERT_EQ(0, genl_sign_up(self->sock, self->bdf, ALL));
	EXPECT_EQ(-EBUSY,
		  suspend_while(close_in_the_middle, &answerer, &failed));
	EXPECT_EQ(0, failed);
	EXPECT_LE(400, process_ms() - start);
	EXPECT_GT(4500, process_ms() - start);
	/* Beside one that agrees it counts no more */
	answerer.sock = genl_open();
	self->sock = genl_open();
	answerer.other = self->sock;
	ASSERT_EQ(0, genl_sign_up(answerer.sock, self->bdf, ALL));
	ASSERT_EQ(0, genl_sign_up(answerer.other, self->bdf, ALL));
	EXPECT_EQ(0, suspend_while(close_in_the_middle, &answerer, &failed));
	EXPECT_EQ(0, failed);
}

TEST_F(netlink, sleep_is_vetoed_by_one_of_two)
{
	struct genl *other = genl_open();
	long failed, start = process_ms();

	ASSERT_EQ(0, genl_sign_up(self->sock, self->bdf, ALL));
	ASSERT_EQ(0, genl_sign_up(other, self->bdf, ALL));
	EXPECT_EQ(-EBUSY, suspend_answered(other, 0, &failed));
	EXPECT_EQ(0, failed);
	EXPECT_LE(4500, process_ms() - start);
	/* A closed socket, or one not registered for this, has no say */
	ASSERT_EQ(0, genl_sign_up(self->sock, self->bdf,
				  ALL & ~BIT(VFIO_MSG_PM_SUSPEND)));
	genl_close(other);
	other = genl_open();
	ASSERT_EQ(0, genl_sign_up(other, self->bdf, ALL));
	EXPECT_EQ(0, suspend_answered(other, 0, &failed));
	EXPECT_EQ(0, failed);
	genl_close(other);
}

TEST_F(netlink, sleep_is_vetoed_by_the_silent)
{
	static const char param[] =
		"/sys/module/uvfio/parameters/suspend_anyway";
	long start = process_ms();

	ASSERT_EQ(0, genl_sign_up(self->sock, self->bdf, ALL));
	EXPECT_EQ(-EBUSY, try_suspend());
	EXPECT_LE(4500, process_ms() - start);
	EXPECT_GT(20000, process_ms() - start);
	/* Nobody to ask, but somebody has it open: another, this time */
	genl_close(self->sock);
	close(self->fd);
	self->fd = device_open_bdf(self->bdf);
	start = process_ms();
	EXPECT_EQ(-EBUSY, try_suspend());
	EXPECT_GT(4000, process_ms() - start);
	EXPECT_EQ(0, text_write(param, "1"));
	EXPECT_EQ(0, try_suspend());
	EXPECT_EQ(0, text_write(param, "0"));
	self->sock = NULL;
}

TEST_HARNESS_MAIN
