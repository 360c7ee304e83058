// SPDX-License-Identifier: GPL-2.0
/*
 * Two functions below one port: one in the hands of a user, the other with a
 * driver of the kernel. Invariant: whatever the user says about an error, and
 * however late we are, the other function recovers; what the user says decides
 * about the user's device alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/control.h"
#include "../lib/crowd.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/genl.h"
#include "../lib/process.h"
#include "../lib/quirk.h"
#include "../lib/text.h"

#define ALL (~0ULL)
#define PARAMETER "/sys/module/sibling/parameters/"
#define INJECT "hmp pcie_aer_inject_error multi0 COMP_TIME"
#define CAP_PM 0x01
#define PM_CONTROL 4
#define SOON_MS 5000
#define CAP_EXP 0x10
#define EXP_CONTROL 8
#define EXP_READ_REQUEST 0x7000
#define EXP_CONTROL_2 0x28
#define EXP_IDO 0x0300

/* An answer about an error; SILENT is no answer */
enum answer {
	SILENT,
	NO_OPINION,
	CAN_RECOVER,
	NEED_RESET,
	GIVE_UP,
	RECOVERED,
};

static const char *const counters[] = {
	PARAMETER "nr_detected",
	PARAMETER "nr_enabled",
	PARAMETER "nr_reset",
	PARAMETER "nr_resumed",
};

static long heard(const char *counter)
{
	char text[32];

	return text_read(counter, text, sizeof(text)) < 0 ? -1 : atol(text);
}

static int forget(void)
{
	size_t i;
	int err = 0;

	for (i = 0; !err && i < ARRAY_SIZE(counters); i++)
		err = text_write(counters[i], "0");
	return err;
}

FIXTURE(sibling)
{
	const char *bdf, *other;
	struct genl *sock;
	int fd;
};

FIXTURE_VARIANT(sibling)
{
	const char *vote;
};

/* clang-format off */
FIXTURE_VARIANT_ADD(sibling, that_can_recover) { .vote = "2" };
FIXTURE_VARIANT_ADD(sibling, that_needs_a_reset) { .vote = "3" };
/* clang-format on */

FIXTURE_SETUP(sibling)
{
	self->bdf = device_bdf("MULTI0");
	self->other = device_bdf("MULTI1");
	if (!self->bdf || !self->other || !getenv("CONTROL"))
		SKIP(return, "MULTI0, MULTI1 or CONTROL is not set");
	ASSERT_EQ(0, device_bind(self->other, "sibling"));
	ASSERT_EQ(0, text_write(PARAMETER "vote", variant->vote));
	self->fd = device_open_bdf(self->bdf);
	ASSERT_LE(0, self->fd);
	self->sock = genl_open();
	ASSERT_EQ(0, control_let_errors_through(self->bdf));
}

FIXTURE_TEARDOWN(sibling)
{
	close(self->fd);
	genl_close(self->sock);
	device_bind(self->other, NULL);
	device_bind(self->bdf, NULL);
}

/* Is the other told to go on, before long? */
static int recovers(void)
{
	long end = process_ms() + SOON_MS;

	while (heard(PARAMETER "nr_resumed") != 1) {
		if (process_ms() > end)
			return 0;
		process_nap(20);
	}
	return heard(PARAMETER "nr_detected") == 1;
}

static int say(struct genl *sock, __u32 seq, enum answer answer)
{
	if (answer == SILENT)
		return 0;
	return genl_reply(sock, VFIO_MSG_ERROR_HANDLING_REPLY, seq,
			  VFIO_ATTR_ERROR_HANDLING_REPLY, answer);
}

/* Answer what is asked, until it is over or nothing more is heard */
static int answer_all(struct genl *sock, const enum answer *answers)
{
	struct genl_event event;
	int asked = 0, err = 0;

	while (!err && !genl_event(sock, &event, 3500)) {
		if (event.message == VFIO_MSG_ERROR_RESUME)
			break;
		err = say(sock, event.seq, answers[asked]);
		if (answers[asked] == GIVE_UP)
			break;
		asked = 1;
	}
	return err;
}

/* One error, from the first question to the end */
static int go_through(FIXTURE_DATA(sibling) * self, const enum answer *answers)
{
	int err = forget();

	if (!err)
		err = genl_sign_up(self->sock, self->bdf, ALL);
	if (!err)
		err = control(INJECT);
	return err ? err : answer_all(self->sock, answers);
}

/* A new user, also of a device that the one before has given up */
static int begin_anew(FIXTURE_DATA(sibling) * self)
{
	close(self->fd);
	self->fd = device_open_bdf(self->bdf);
	return self->fd < 0 ? self->fd : 0;
}

TEST_F_TIMEOUT(sibling, recovers_whatever_a_user_says, 120)
{
	static const enum answer rows[][2] = {
		{ GIVE_UP },
		{ NO_OPINION, GIVE_UP },
		{ CAN_RECOVER, GIVE_UP },
		{ NEED_RESET, GIVE_UP },
		{ RECOVERED, GIVE_UP },
		{ NO_OPINION, NO_OPINION },
		{ CAN_RECOVER, CAN_RECOVER },
		{ CAN_RECOVER, NEED_RESET },
		{ NEED_RESET, NEED_RESET },
		{ NEED_RESET, CAN_RECOVER },
		{ RECOVERED, RECOVERED },
		{ SILENT, SILENT },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		EXPECT_EQ(0, go_through(self, rows[i]))
		TH_LOG("row %zu", i);
		EXPECT_EQ(1, recovers())
		TH_LOG("it did not recover from row %zu", i);
		ASSERT_EQ(0, begin_anew(self));
	}
}

/* What the user wants of the user's own device is not asked of the other */
TEST_F(sibling, is_reset_only_if_it_wants_to_be)
{
	static const enum answer answers[2] = { NEED_RESET, RECOVERED };
	int wanted = *variant->vote == '3';

	ASSERT_EQ(0, go_through(self, answers));
	EXPECT_EQ(1, recovers());
	EXPECT_EQ(wanted, heard(PARAMETER "nr_reset"));
	EXPECT_EQ(!wanted, heard(PARAMETER "nr_enabled"));
}

/* A word of the configuration space in the hardware */
static int real(const char *bdf, int at)
{
	char path[128];
	__u16 value = 0;
	int fd, n;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", bdf);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = pread(fd, &value, 2, at);
	close(fd);
	return n == 2 ? value : -1;
}

/* One that has the bits which QEMU's devices lack */
static int bind_again_with_more(FIXTURE_DATA(sibling) * self, int exp)
{
	char control[32], control2[32];
	int err;

	close(self->fd);
	snprintf(control, sizeof(control), "%x %x", exp + EXP_CONTROL,
		 EXP_READ_REQUEST);
	snprintf(control2, sizeof(control2), "%x %x", exp + EXP_CONTROL_2,
		 EXP_IDO);
	err = device_bind(self->bdf, NULL);
	err = err ? err : liar("holds", self->bdf, control);
	err = err ? err : liar("holds", self->bdf, control2);
	err = err ? err : device_bind(self->bdf, "vfio");
	self->fd = device_open_bdf(self->bdf);
	return err ? err : control_let_errors_through(self->bdf);
}

/* As a reset of the function leaves it */
TEST_F(sibling, has_the_controls_of_its_user_afterwards)
{
	static const enum answer answers[2] = { NEED_RESET, RECOVERED };
	int exp = device_capability(self->fd, CAP_EXP);
	int domain = domain_open(), i;

	if (!quirk_loaded("liar"))
		SKIP(return, "the module liar is not loaded");
	ASSERT_LT(0, exp);
	ASSERT_EQ(0, bind_again_with_more(self, exp));
	ASSERT_EQ(0, device_set(self->fd, domain));
	for (i = 0; i < 2; i++) {
		__u16 request = i ? 0x5000 : 0x1000;
		__u16 order = i ? EXP_IDO : 0x0100;
		int at = exp + EXP_CONTROL;

		ASSERT_EQ(2, device_config_put(self->fd, at, 2, request));
		ASSERT_EQ(2, device_config_put(self->fd, exp + EXP_CONTROL_2, 2,
					       order));
		EXPECT_EQ(request, real(self->bdf, at) & EXP_READ_REQUEST);
		EXPECT_EQ(order,
			  real(self->bdf, exp + EXP_CONTROL_2) & EXP_IDO);
		ASSERT_EQ(0, go_through(self, answers));
		EXPECT_EQ(1, recovers());
		EXPECT_EQ(request, real(self->bdf, at) & EXP_READ_REQUEST);
		EXPECT_EQ(order,
			  real(self->bdf, exp + EXP_CONTROL_2) & EXP_IDO);
	}
	/* and nothing of it is the next user's */
	close(domain);
	ASSERT_EQ(0, begin_anew(self));
	EXPECT_EQ(0, real(self->bdf, exp + EXP_CONTROL) & EXP_READ_REQUEST);
	EXPECT_EQ(0, real(self->bdf, exp + EXP_CONTROL_2) & EXP_IDO);
	EXPECT_EQ(0, liar("forget", self->bdf, ""));
}

/* The next open after it was given up has it whole, and hears of errors */
TEST_F(sibling, given_up_for_one_user_only)
{
	static const enum answer no[2] = { GIVE_UP },
				 yes[2] = { CAN_RECOVER, RECOVERED };
	int again;

	ASSERT_EQ(0, go_through(self, no));
	EXPECT_EQ(1, recovers());
	EXPECT_EQ(-EIO, device_command(self->fd));
	again = device_open_bdf(self->bdf);
	EXPECT_EQ(-EIO, again);
	ASSERT_EQ(0, begin_anew(self));
	EXPECT_LE(0, device_command(self->fd));
	ASSERT_EQ(0, go_through(self, yes));
	EXPECT_EQ(1, recovers());
	EXPECT_LE(0, device_command(self->fd));
}

/* An administrator hears of a device without having it open */
TEST_F(sibling, given_up_by_an_administrator_for_nobody)
{
	static const enum answer answers[2] = { GIVE_UP };

	close(self->fd);
	ASSERT_EQ(0, go_through(self, answers));
	EXPECT_EQ(1, recovers());
	self->fd = device_open_bdf(self->bdf);
	EXPECT_LE(0, self->fd);
	EXPECT_LE(0, device_command(self->fd));
}

struct sleeper {
	int fd, at;
};

static int sleep_and_wake(void *arg)
{
	struct sleeper *self = arg;
	__u16 state = 3;

	device_write(self->fd, CONFIG(self->at), &state, 2);
	state = 0;
	device_write(self->fd, CONFIG(self->at), &state, 2);
	return 0;
}

/*
 * A device that has just left D3 has its error reporting off until the kernel
 * has put it back: an error that meets this moment is never heard of.
 */
static long inject_until_heard(void)
{
	long start, end;
	int tries;

	for (tries = 0; tries < 20; tries++) {
		start = process_ms();
		end = start + 1500;
		if (control(INJECT))
			return -1;
		for (; process_ms() < end; process_nap(20))
			if (heard(PARAMETER "nr_detected") > 0)
				return start;
	}
	return -1;
}

/* The worker has to get in before the bus hears what to do */
TEST_F_TIMEOUT(sibling, recovers_while_a_thousand_threads_call, 120)
{
	struct crowd *crowd = calloc(1, sizeof(*crowd));
	struct sleeper sleeper = { .fd = self->fd };
	int domain = domain_open();
	long start;

	ASSERT_NE(NULL, crowd);
	ASSERT_EQ(0, device_set(self->fd, domain));
	sleeper.at = device_capability(self->fd, CAP_PM) + PM_CONTROL;
	ASSERT_EQ(0, crowd_start(crowd, sleep_and_wake, &sleeper));
	ASSERT_EQ(0, forget());
	start = inject_until_heard();
	ASSERT_LE(0, start);
	EXPECT_EQ(1, recovers());
	printf("# recovered after %ld ms\n", process_ms() - start);
	crowd_stop(crowd);
	EXPECT_LE(0, device_command(self->fd));
	free(crowd);
	close(domain);
}

TEST_HARNESS_MAIN
