// SPDX-License-Identifier: GPL-2.0
/*
 * Attaching, detaching, mapping, opening and closing against each other.
 * Invariant: whoever wins, the loser gets an error of the call's table; a
 * device is attached to one domain at a time, and once all is closed nothing is
 * mapped, pinned or charged, and the device works.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/edu.h"
#include "../lib/event.h"
#include "../lib/memory.h"
#include "../lib/process.h"

#define IOVA 0x1000000ULL
#define BLOCK (4 * PAGE)
#define BLOCKS 4
#define ROUNDS 20
#define MANY_ROUNDS 200 /* on a slow kernel, if it must be */
#define ROUND_MS 150
#define LEAVE_MS 3000
#define NR_DOMAINS 2
#define NR_DEVICES 2

enum step {
	SET,
	UNSET,
	MAP,
	UNMAP,
	MAP_DOMAIN,
	UNMAP_DOMAIN,
	OPEN,
	SIGNAL,
	READ,
	NR_STEPS,
};

/* What a step may answer, 0 apart */
static const int allowed[NR_STEPS][3] = {
	[SET] = { -EBUSY },	      [UNSET] = { -EBUSY },
	[MAP] = { -EBUSY, -EINVAL },  [UNMAP] = { -ENXIO, -EINVAL },
	[MAP_DOMAIN] = { -EBUSY },    [UNMAP_DOMAIN] = { -ENXIO },
	[OPEN] = { -EBUSY, -EINVAL }, [SIGNAL] = { -EINVAL },
	[READ] = { -EINVAL, -EIO },
};

/**
 * struct arena - what the threads fight over
 * @bdf: devices
 * @nr: how many
 * @fds: of each device
 * @domains: that they are attached to
 * @buf: what is mapped
 * @event: takes interrupts
 * @stop: it is over
 * @seed: makes threads differ
 * @done: steps that succeeded
 * @refused: steps that were refused as they may be
 * @bad: an answer that is not of the table, and @bad_step
 * @bad_step: see @bad
 */
struct arena {
	const char *bdf[NR_DEVICES];
	unsigned int nr;
	int fds[NR_DEVICES];
	int domains[NR_DOMAINS];
	__u8 *buf;
	int event;
	atomic_bool stop;
	atomic_uint seed;
	atomic_ulong done[NR_STEPS];
	atomic_ulong refused[NR_STEPS];
	atomic_int bad;
	atomic_int bad_step;
};

static int count(struct arena *a, enum step step, int answer)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(allowed[step]); i++) {
		if (answer && answer == allowed[step][i]) {
			a->refused[step]++;
			return answer;
		}
	}
	if (answer) {
		a->bad = answer;
		a->bad_step = step;
	} else {
		a->done[step]++;
	}
	return answer;
}

/* Attach one to some domain; which */
static int set_one(struct arena *a, unsigned int *seed)
{
	int fd = a->fds[rand_r(seed) % a->nr];
	int domain = a->domains[rand_r(seed) % NR_DOMAINS];

	count(a, SET, device_set(fd, domain));
	return fd;
}

static void *set(void *arg)
{
	struct arena *a = arg;
	unsigned int seed = ++a->seed;

	while (!a->stop)
		set_one(a, &seed);
	return NULL;
}

static void *unset(void *arg)
{
	struct arena *a = arg;
	unsigned int seed = ++a->seed;
	int fd;

	while (!a->stop) {
		fd = a->fds[rand_r(&seed) % a->nr];
		count(a, UNSET, call(fd, VFIO_DOMAIN_UNSET, NULL));
	}
	return NULL;
}

static void *come_and_go(void *arg)
{
	struct arena *a = arg;
	unsigned int seed = ++a->seed;
	int fd;

	while (!a->stop) {
		fd = set_one(a, &seed);
		count(a, UNSET, call(fd, VFIO_DOMAIN_UNSET, NULL));
	}
	return NULL;
}

static void *map_and_unmap(void *arg)
{
	struct arena *a = arg;
	unsigned int seed = ++a->seed;
	size_t at;
	int fd;

	while (!a->stop) {
		fd = a->fds[rand_r(&seed) % a->nr];
		at = rand_r(&seed) % BLOCKS * BLOCK;
		count(a, MAP, device_map(fd, a->buf + at, IOVA + at, BLOCK, 1));
		at = rand_r(&seed) % 2 ? at : rand_r(&seed) % BLOCKS * BLOCK;
		count(a, UNMAP, device_unmap(fd, IOVA + at, BLOCK));
	}
	return NULL;
}

static void *map_domains(void *arg)
{
	struct arena *a = arg;
	unsigned int seed = ++a->seed;
	__u64 at;
	int fd;

	while (!a->stop) {
		fd = a->domains[rand_r(&seed) % NR_DOMAINS];
		at = (BLOCKS + rand_r(&seed) % BLOCKS) * BLOCK;
		count(a, MAP_DOMAIN,
		      domain_map(fd, a->buf, IOVA + at, BLOCK, true));
		count(a, UNMAP_DOMAIN, domain_unmap(fd, IOVA + at, BLOCK));
	}
	return NULL;
}

/* A file of its own: attached, mapped through, and closed as it is */
static void *open_and_close(void *arg)
{
	struct arena *a = arg;
	unsigned int seed = ++a->seed;
	__u64 at = 2 * BLOCKS * BLOCK;
	int fd;

	while (!a->stop) {
		fd = device_open_bdf(a->bdf[rand_r(&seed) % a->nr]);
		if (fd < 0) {
			count(a, OPEN, fd);
			continue;
		}
		count(a, OPEN,
		      device_set(fd, a->domains[rand_r(&seed) % NR_DOMAINS]));
		count(a, OPEN, device_map(fd, a->buf, IOVA + at, BLOCK, 1));
		close(fd);
	}
	return NULL;
}

static void *take_interrupts(void *arg)
{
	struct arena *a = arg;
	unsigned int seed = ++a->seed;
	int fd, none = -1;

	while (!a->stop) {
		fd = a->fds[rand_r(&seed) % a->nr];
		count(a, SIGNAL, call(fd, VFIO_EVENTFD_MSI, &a->event));
		count(a, SIGNAL, call(fd, VFIO_EVENTFD_MSI, &none));
	}
	return NULL;
}

static void *read_registers(void *arg)
{
	struct arena *a = arg;
	unsigned int seed = ++a->seed;
	__u32 value;
	int fd, ret;

	while (!a->stop) {
		fd = a->fds[rand_r(&seed) % a->nr];
		ret = device_command_write(fd, COMMAND_MEMORY | COMMAND_MASTER);
		if (!ret)
			ret = device_read(fd, REGION(0, EDU_ID), &value, 4);
		if (ret == 4)
			ret = value == 0x010000ed ? 0 : -EPROTO;
		count(a, READ, ret);
	}
	return NULL;
}

typedef void *(*fighter)(void *);

static const fighter all[] = {
	set,
	set,
	unset,
	unset,
	map_and_unmap,
	map_domains,
	open_and_close,
	take_interrupts,
	read_registers,
};

/* Who unmaps needs to know what is attached: see uiommu/gate.h */
static const fighter leavers[] = { come_and_go, map_domains, map_domains };

FIXTURE(contend)
{
	struct arena a;
};

FIXTURE_VARIANT(contend)
{
	const char *devices[NR_DEVICES];
};

/* clang-format off */
FIXTURE_VARIANT_ADD(contend, one_device) { { "EDU0" } };
FIXTURE_VARIANT_ADD(contend, two_devices) { { "EDU0", "EDU1" } };
FIXTURE_VARIANT_ADD(contend, one_group) { { "EDU_BR0", "EDU_BR1" } };
/* clang-format on */

FIXTURE_SETUP(contend)
{
	struct arena *a = &self->a;
	unsigned int i;

	for (i = 0; i < NR_DEVICES && variant->devices[i]; i++) {
		a->bdf[i] = device_bdf(variant->devices[i]);
		if (!a->bdf[i])
			SKIP(return, "%s is not set", variant->devices[i]);
		a->fds[i] = device_open(variant->devices[i]);
		ASSERT_LE(0, a->fds[i]);
	}
	a->nr = i;
	for (i = 0; i < NR_DOMAINS; i++)
		a->domains[i] = domain_open();
	a->buf = memory_anon(BLOCKS * BLOCK);
	a->event = event_new();
}

static void close_all(struct arena *a)
{
	unsigned int i;

	for (i = 0; i < a->nr; i++)
		close(a->fds[i]);
	for (i = 0; i < NR_DOMAINS; i++)
		domain_unmap_all(a->domains[i]);
}

FIXTURE_TEARDOWN(contend)
{
	close(self->a.domains[0]);
	close(self->a.domains[1]);
}

static void fight(struct arena *a, const fighter *fighters, size_t nr, int ms)
{
	pthread_t threads[ARRAY_SIZE(all)];
	size_t i;

	a->stop = false;
	for (i = 0; i < nr; i++)
		pthread_create(threads + i, NULL, fighters[i], a);
	process_nap(ms);
	a->stop = true;
	for (i = 0; i < nr; i++)
		pthread_join(threads[i], NULL);
}

static int attached(int fd, int domain)
{
	return device_set(fd, domain) == -EBUSY;
}

/* Detached, a device is out of reach, and reaches nothing */
static int harmless(int fd, const char *bdf)
{
	__u32 value;

	return call(fd, VFIO_DOMAIN_UNSET, NULL) == 0 &&
	       device_read(fd, REGION(0, EDU_ID), &value, 4) == -EINVAL &&
	       !(device_command_real(bdf) & COMMAND_MASTER);
}

/* The same facts as after calls in a row: see order.c */
static void expect_order(struct __test_metadata *_metadata, struct arena *a)
{
	unsigned int i;

	for (i = 0; i < NR_DOMAINS; i++)
		domain_unmap_all(a->domains[i]);
	for (i = 0; i < a->nr; i++)
		device_unmap(a->fds[i], IOVA, BLOCKS * BLOCK);
	for (i = 0; i < a->nr; i++)
		EXPECT_TRUE(harmless(a->fds[i], a->bdf[i]));
	for (i = 0; i < a->nr; i++) {
		EXPECT_EQ(0, device_set(a->fds[i], a->domains[0]));
		EXPECT_TRUE(attached(a->fds[i], a->domains[1]));
	}
	for (i = 0; i < NR_DOMAINS; i++) {
		EXPECT_EQ(0, domain_nr_maps(a->domains[i]));
		EXPECT_EQ(0, domain_pinned(a->domains[i]));
	}
}

/* Is the device as good as new? */
static int works(const char *env)
{
	__u8 *page = memory_anon(PAGE);
	int domain = domain_open(), err;
	struct edu edu;

	err = edu_open(&edu, env);
	err = err ? err : edu_attach(&edu, domain);
	err = err ? err : device_map(edu.fd, page, IOVA, PAGE, 1);
	if (!err && edu_arrives(&edu, IOVA, page) != 1)
		err = -EIO;
	edu_close(&edu);
	close(domain);
	munmap(page, PAGE);
	return err;
}

/* For so long, and on a slow kernel until enough has happened */
TEST_F_TIMEOUT(contend, unmaps_while_devices_come_and_go, 120)
{
	struct arena *a = &self->a;
	int rounds = 0;

	do {
		fight(a, leavers, ARRAY_SIZE(leavers), LEAVE_MS);
	} while (!a->bad && ++rounds < ROUNDS &&
		 (a->done[SET] <= 100 || a->done[UNMAP_DOMAIN] <= 1000));
	expect_order(_metadata, a);
	EXPECT_EQ(0, a->bad)
	TH_LOG("in step %d", a->bad_step);
	EXPECT_LT(100, a->done[SET]);
	EXPECT_LT(1000, a->done[UNMAP_DOMAIN])
	TH_LOG("in %lu attaches", a->done[SET]);
	close_all(a);
}

/* Has each step succeeded more than so often? */
static bool all_done(struct arena *a, unsigned long often)
{
	unsigned int i;

	for (i = 0; i < NR_STEPS; i++)
		if (a->done[i] <= often)
			return false;
	return true;
}

TEST_F_TIMEOUT(contend, leaves_nothing, 120)
{
	struct arena *a = &self->a;
	unsigned int i;

	for (i = 0; i < MANY_ROUNDS && !a->bad; i++) {
		if (i >= ROUNDS && all_done(a, 5))
			break;
		fight(a, all, ARRAY_SIZE(all), ROUND_MS);
		expect_order(_metadata, a);
	}
	EXPECT_EQ(0, a->bad)
	TH_LOG("in step %d", a->bad_step);
	for (i = 0; i < NR_STEPS; i++) {
		EXPECT_LT(5, a->done[i])
		TH_LOG("step %u was refused %lu times", i, a->refused[i]);
	}
	close_all(a);
	for (i = 0; i < NR_DOMAINS; i++) {
		EXPECT_EQ(0, domain_nr_maps(a->domains[i]));
		EXPECT_EQ(0, domain_pinned(a->domains[i]));
	}
	EXPECT_TRUE(process_vmpin_becomes(getpid(), 0));
	for (i = 0; i < a->nr; i++)
		EXPECT_EQ(0, works(variant->devices[i]));
}

TEST_HARNESS_MAIN
