// SPDX-License-Identifier: GPL-2.0
/*
 * Several hardware domains behind one domain. No emulated machine needs them,
 * so the module's parameter separate_tables gives each group its own.
 * Invariant: every mapping is in every hardware domain, or in none.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/edu.h"
#include "../lib/memory.h"
#include "../lib/process.h"
#include "../lib/text.h"

#define IOVA 0x60000000ULL
#define SEPARATE "/sys/module/uiommu/parameters/separate_tables"
#define BLOCKS 64
#define CHURNED 256 /* pages */
#define TURNS 40 /* at least */
#define PATIENCE 100000 /* ms */
#define ENOUGH 20 /* revocations during an attach */
#define LARGE (16UL << 20)
#define TAKES 12 /* at least */
#define HITS 5 /* in the middle of a replay */

FIXTURE(tables)
{
	int domain;
	struct edu a;
	struct edu b;
	__u8 *buf;
};

FIXTURE_SETUP(tables)
{
	if (!device_bdf("EDU0") || !device_bdf("EDU1"))
		SKIP(return, "EDU0 or EDU1 is not set");
	ASSERT_EQ(0, text_write(SEPARATE, "Y"));
	self->domain = domain_open();
	ASSERT_LE(0, self->domain);
	ASSERT_EQ(0, edu_open(&self->a, "EDU0"));
	ASSERT_EQ(0, edu_open(&self->b, "EDU1"));
	self->buf = memory_anon(BLOCKS * PAGE);
	memset(self->buf, 0, BLOCKS * PAGE);
}

FIXTURE_TEARDOWN(tables)
{
	edu_close(&self->a);
	edu_close(&self->b);
	close(self->domain);
	text_write(SEPARATE, "N");
}

static unsigned int nr_hw_domains(int domain)
{
	struct uiommu_info info;

	return domain_info(domain, &info) ? 0 : info.nr_hw_domains;
}

TEST_F(tables, mapped_after_both_attached)
{
	ASSERT_EQ(0, edu_attach(&self->a, self->domain));
	ASSERT_EQ(0, edu_attach(&self->b, self->domain));
	EXPECT_EQ(2, nr_hw_domains(self->domain));
	ASSERT_EQ(0, domain_map(self->domain, self->buf, IOVA, 2 * PAGE, true));
	EXPECT_EQ(1, edu_arrives(&self->a, IOVA, self->buf));
	EXPECT_EQ(1, edu_arrives(&self->b, IOVA + PAGE, self->buf + PAGE));
	ASSERT_EQ(0, domain_unmap(self->domain, IOVA, 2 * PAGE));
	EXPECT_EQ(0, edu_arrives(&self->a, IOVA, self->buf));
	EXPECT_EQ(0, edu_arrives(&self->b, IOVA, self->buf));
}

TEST_F(tables, replayed_for_the_second)
{
	long pinned;

	ASSERT_EQ(0, edu_attach(&self->a, self->domain));
	ASSERT_EQ(0, domain_map(self->domain, self->buf, IOVA, BLOCKS * PAGE,
				true));
	pinned = domain_pinned(self->domain);
	ASSERT_EQ(0, device_set(self->b.fd, self->domain));
	EXPECT_EQ(2, nr_hw_domains(self->domain));
	EXPECT_EQ(pinned, domain_pinned(self->domain));
	ASSERT_EQ(0, ioctl(self->b.fd, VFIO_DOMAIN_UNSET));
	ASSERT_EQ(0, edu_attach(&self->b, self->domain));
	EXPECT_EQ(1, edu_arrives(&self->a, IOVA, self->buf));
	EXPECT_EQ(1, edu_arrives(&self->b, IOVA + PAGE, self->buf + PAGE));
}

TEST_F(tables, revoked_in_both)
{
	ASSERT_EQ(0, edu_attach(&self->a, self->domain));
	ASSERT_EQ(0, domain_map(self->domain, self->buf, IOVA, BLOCKS * PAGE,
				true));
	ASSERT_EQ(0, edu_attach(&self->b, self->domain));
	ASSERT_EQ(0, munmap(self->buf, BLOCKS * PAGE));
	ASSERT_EQ(self->buf,
		  mmap(self->buf, BLOCKS * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	EXPECT_EQ(0, edu_arrives(&self->a, IOVA, self->buf));
	EXPECT_EQ(0, edu_arrives(&self->b, IOVA, self->buf));
}

/**
 * struct churn - pages that are mapped one by one, and whose memory goes
 * @domain: where
 * @buf: CHURNED pages
 * @stop: it is over
 * @mapped: is the page mapped, as far as we know?
 * @nr_mapped: how many, at the last count
 * @taken: mapped pages whose memory was taken away
 * @bad: an error that should not be
 */
struct churn {
	int domain;
	__u8 *buf;
	atomic_bool stop;
	atomic_bool mapped[CHURNED];
	atomic_int nr_mapped;
	atomic_long taken;
	int bad;
};

/* An attach holds this one up, because it maps, */
static void *churn_maps(void *arg)
{
	struct churn *c = arg;
	int i, n, err;

	while (!c->stop) {
		for (i = 0, n = 0; i < CHURNED && !c->stop; i++) {
			err = domain_map(c->domain, c->buf + i * PAGE,
					 IOVA + i * PAGE, PAGE, true);
			if (err && err != -EBUSY && err != -EFAULT)
				c->bad = err;
			c->mapped[i] = !err || err == -EBUSY;
			n += c->mapped[i];
		}
		c->nr_mapped = n;
		for (i = 0; i < CHURNED && !c->stop; i += 7) {
			c->mapped[i] = false;
			domain_unmap(c->domain, IOVA + i * PAGE, PAGE);
		}
	}
	return NULL;
}

/* but not this one */
static void *churn_memory(void *arg)
{
	struct churn *c = arg;
	unsigned int seed = 1, i;

	while (!c->stop) {
		i = rand_r(&seed) % CHURNED;
		if (!atomic_exchange(&c->mapped[i], false)) {
			sched_yield();
			continue;
		}
		mmap(c->buf + i * PAGE, PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		c->taken++;
		process_nap(rand_r(&seed) % 64 == 0);
	}
	return NULL;
}

/* Attach the second device meanwhile; returns how much was taken until then */
static long churn_and_attach(FIXTURE_DATA(tables) * self, struct churn *c,
			     int *err)
{
	pthread_t threads[2];
	long taken, patience = 1000;

	c->stop = false;
	c->nr_mapped = 0;
	memset(c->mapped, 0, sizeof(c->mapped));
	pthread_create(threads, NULL, churn_maps, c);
	pthread_create(threads + 1, NULL, churn_memory, c);
	while (c->nr_mapped < CHURNED / 4 && patience--)
		process_nap(1);
	taken = c->taken;
	*err = device_set(self->b.fd, c->domain);
	taken = c->taken - taken;
	process_nap(3);
	c->stop = true;
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	return taken;
}

/* Until enough was taken between the beginning and the end of an attach */
TEST_F_TIMEOUT(tables, replay_against_revocation, 450)
{
	struct churn c = { .buf = memory_anon(CHURNED * PAGE) };
	long until = process_ms() + PATIENCE * process_slowness(), taken = 0;
	int i, err;

	for (i = 0; i < TURNS || (taken < ENOUGH && process_ms() < until);
	     i++) {
		c.domain = domain_open();
		ASSERT_EQ(0, device_set(self->a.fd, c.domain));
		taken += churn_and_attach(self, &c, &err);
		EXPECT_EQ(0, err);
		EXPECT_EQ(2, nr_hw_domains(c.domain));
		domain_unmap_all(c.domain);
		EXPECT_EQ(0, domain_nr_maps(c.domain));
		EXPECT_EQ(0, ioctl(self->a.fd, VFIO_DOMAIN_UNSET));
		EXPECT_EQ(0, ioctl(self->b.fd, VFIO_DOMAIN_UNSET));
		close(c.domain);
	}
	EXPECT_EQ(0, c.bad);
	EXPECT_LE(ENOUGH, taken)
	TH_LOG("in %d turns", i);
	EXPECT_EQ(1, process_vmpin_becomes(getpid(), 0));
}

/* Memory of which each page is a run by itself: replaying it takes time */
static int make_scattered(struct memory *m)
{
	size_t at;

	*m = (struct memory){ .size = LARGE, .fd = memfd_create("tables", 0) };
	if (m->fd < 0 || ftruncate(m->fd, LARGE))
		return -errno;
	m->buf =
		mmap(NULL, LARGE, PROT_READ | PROT_WRITE, MAP_SHARED, m->fd, 0);
	m->view =
		mmap(NULL, LARGE, PROT_READ | PROT_WRITE, MAP_SHARED, m->fd, 0);
	for (at = 0; at < LARGE; at += 2 * PAGE)
		m->buf[at] = 0;
	for (at = PAGE; at < LARGE; at += 2 * PAGE)
		m->buf[at] = 0;
	return 0;
}

struct taker {
	struct memory m;
	long delay; /* microseconds */
	long began; /* when it took the memory */
};

static long microseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void *take_later(void *arg)
{
	struct taker *t = arg;

	usleep(t->delay);
	t->began = microseconds();
	munmap(t->m.buf, t->m.size);
	return NULL;
}

/*
 * An attach while @t takes the memory away. Returns how long it took; @hit
 * counts those in which the memory went in the middle.
 */
static long attach_while_taken(FIXTURE_DATA(tables) * self, struct taker *t,
			       int *hit)
{
	pthread_t thread;
	long before, after;
	int err;

	if (domain_map(self->domain, t->m.buf, IOVA, LARGE, true))
		return -1;
	pthread_create(&thread, NULL, take_later, t);
	before = microseconds();
	err = device_set(self->b.fd, self->domain);
	after = microseconds();
	pthread_join(thread, NULL);
	*hit += before < t->began && t->began < after;
	/* it finds the same page tables again */
	err = err || call(self->b.fd, VFIO_DOMAIN_UNSET, NULL) ||
	      edu_attach(&self->b, self->domain);
	return err ? -1 : after - before;
}

/*
 * A domain keeps its page tables, and replays only into new ones: each turn
 * has a domain of its own. The first finds out how long an attach takes.
 */
TEST_F_TIMEOUT(tables, memory_that_goes_in_the_middle_of_a_replay, 450)
{
	long took, whole = 0;
	struct taker t;
	int i, hit = 0;

	for (i = 0; i <= TAKES || (hit < HITS && i < 5 * TAKES); i++) {
		ASSERT_EQ(0, edu_attach(&self->a, self->domain));
		ASSERT_EQ(0, make_scattered(&t.m));
		t.delay = i ? whole * (i % TAKES) / TAKES : 1000000;
		took = attach_while_taken(self, &t, &hit);
		ASSERT_LT(0, took);
		whole = i ? whole : took;
		EXPECT_EQ(2, domain_nr_maps(self->domain));
		EXPECT_EQ(0, edu_arrives(&self->b, IOVA, t.m.view));
		EXPECT_EQ(0, edu_arrives(&self->b, IOVA + LARGE - PAGE,
					 t.m.view + LARGE - PAGE));
		ASSERT_EQ(0, edu_detach(&self->b));
		ASSERT_EQ(0, edu_detach(&self->a));
		memory_free(&t.m);
		close(self->domain);
		self->domain = domain_open();
	}
	EXPECT_LE(HITS, hit);
}

TEST_HARNESS_MAIN
