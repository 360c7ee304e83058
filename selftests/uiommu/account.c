// SPDX-License-Identifier: GPL-2.0
/*
 * What locked memory is charged, to whom, and that it is given back.
 * Invariant: whatever way a mapping ends, its user can lock afterwards as
 * much as before, not a page more or less.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/memory.h"
#include "../lib/process.h"
#include "../lib/text.h"

#define USER 61003
#define LIMIT 64 /* pages */
#define TAKEN 10
#define MUCH 2048 /* pages, far more than the tables that are free */
#define IOVA 0x50000000ULL
#define HIGH (1ULL << 33)
#define STRIDES 4096 /* 2 MiB windows; tables that the module lets be empty */
#define FEW 256 /* of them, which are kept however empty */
#define FREE 16 /* tables that cost nothing, and as many of upper levels */
#define SLACK 1024L /* pages that others may have taken meanwhile */
#define CGROUP "/sys/fs/cgroup/account"
#define ENOUGH (STRIDES + STRIDES / 8) /* windows: more than it lets be */
#define CHARGED (64 * STRIDES) /* bytes: no mapping is so small */
#define TIB (1ULL << 40)
#define WINDOWS 20000 /* of 1 GiB: far more than tables may stay empty */
#define WINDOWS_SLOW (2 * STRIDES) /* enough where many take too long */
#define WINDOWS_MS 60000
#define ASKED (1ULL << 46) /* bytes, of which there are not even */
#define THERE (256UL << 20) /* more than these */
#define HOLED (8 * PAGE) /* a buffer whose last page is not there */

struct worker {
	int ends[2]; /* to tell, to await: see process_start() */
	int (*way)(struct worker *w);
	int domain;
	__u8 *buf;
};

static int by_unmap(struct worker *w)
{
	return domain_unmap(w->domain, IOVA, TAKEN * PAGE);
}

static int by_munmap(struct worker *w)
{
	return munmap(w->buf, TAKEN * PAGE);
}

static int by_munmap_of_a_part(struct worker *w)
{
	return munmap(w->buf + 3 * PAGE, PAGE);
}

static int by_close(struct worker *w)
{
	return close(w->domain);
}

static int by_exit(struct worker *w)
{
	_exit(0);
}

static int by_kill(struct worker *w)
{
	return kill(getpid(), SIGKILL);
}

static int by_exec(struct worker *w)
{
	process_become_sleeper(w->ends[0], w->ends[1]);
	return EIO;
}

static int by_exit_of_a_parent(struct worker *w)
{
	pid_t pid = fork();

	if (pid)
		_exit(pid < 0);
	/* this child holds copies of all descriptors, and lives on */
	process_await(w->ends[1]);
	_exit(0);
}

static int by_failing(struct worker *w)
{
	if (domain_map(w->domain, w->buf, IOVA, PAGE, true) != -EBUSY)
		return EIO;
	if (domain_map(w->domain, w->buf, 2 * IOVA, LIMIT * PAGE, true) !=
	    -ENOMEM)
		return EIO;
	return by_unmap(w);
}

FIXTURE(account)
{
	int room;
	int ready;
	int go;
	pid_t pid;
	struct worker worker;
};

FIXTURE_VARIANT(account)
{
	int (*way)(struct worker * w);
	bool at_once; /* given back when the call returns */
	bool leaves; /* the process ends by it */
};

#define WAY(name, now, leave)                                 \
	FIXTURE_VARIANT_ADD(account, name)                    \
	{                                                     \
		.way = name, .at_once = now, .leaves = leave, \
	}

WAY(by_unmap, true, false);
WAY(by_failing, true, false);
WAY(by_munmap, false, false);
WAY(by_munmap_of_a_part, false, false);
WAY(by_close, false, false);
WAY(by_exit, false, true);
WAY(by_kill, false, true);
WAY(by_exec, false, false);
WAY(by_exit_of_a_parent, false, true);

/* Maps as USER, then in step with the test: ends the mapping; leaves */
static int work(void *arg)
{
	struct worker *w = arg;
	int err = process_become(USER, LIMIT * PAGE);

	w->domain = domain_open();
	w->buf = memory_anon(LIMIT * PAGE);
	/* exec must not be a close */
	fcntl(w->domain, F_SETFD, 0);
	if (!err)
		err = domain_map(w->domain, w->buf, IOVA, TAKEN * PAGE, true);
	if (err)
		return err;
	process_tell(w->ends[0]);
	process_await(w->ends[1]);
	err = w->way(w);
	process_tell(w->ends[0]);
	process_await(w->ends[1]);
	return err;
}

FIXTURE_SETUP(account)
{
	self->room = process_quota(USER, LIMIT);
	ASSERT_LT(LIMIT - 4, self->room);
	ASSERT_GE(LIMIT, self->room);
	self->worker.way = variant->way;
	self->pid = process_start(work, &self->worker, &self->ready, &self->go);
	ASSERT_LT(0, self->pid);
	ASSERT_EQ(0, process_await(self->ready));
}

FIXTURE_TEARDOWN(account)
{
	close(self->go);
}

TEST_F(account, given_back)
{
	int room = process_quota(USER, LIMIT);

	EXPECT_GE(self->room - TAKEN, room);
	EXPECT_LE(self->room - TAKEN - 2, room);
	EXPECT_EQ(TAKEN, process_vmpin(self->pid));
	ASSERT_EQ(0, process_tell(self->go));
	if (variant->leaves)
		process_wait(self->pid);
	else
		process_await(self->ready);
	if (variant->at_once) {
		EXPECT_EQ(self->room, process_quota(USER, LIMIT));
		EXPECT_EQ(0, process_vmpin(self->pid));
		return;
	}
	EXPECT_TRUE(process_quota_becomes(USER, LIMIT, self->room))
	TH_LOG("room %d, not %d", process_quota(USER, LIMIT), self->room);
}

struct half {
	int ends[2];
	int domain;
};

static int take_more_than_half(void *arg)
{
	struct half *h = arg;
	__u8 *buf = memory_anon(LIMIT * PAGE);
	int err = process_become(USER, LIMIT * PAGE);

	h->domain = domain_open();
	if (!err)
		err = domain_map(h->domain, buf, IOVA, (LIMIT / 2 + 1) * PAGE,
				 true);
	if (err)
		return err;
	process_tell(h->ends[0]);
	process_await(h->ends[1]);
	return 0;
}

TEST(processes_of_one_user_share_the_quota)
{
	struct half first = {}, second = {};
	int ready[2], go[2];
	pid_t a = process_start(take_more_than_half, &first, ready, go);
	pid_t b;

	ASSERT_EQ(0, process_await(ready[0]));
	b = process_start(take_more_than_half, &second, ready + 1, go + 1);
	EXPECT_EQ(ENOMEM, process_wait(b));
	process_tell(go[0]);
	EXPECT_EQ(0, process_wait(a));
	b = process_start(take_more_than_half, &second, ready + 1, go + 1);
	ASSERT_EQ(0, process_await(ready[1]));
	process_tell(go[1]);
	EXPECT_EQ(0, process_wait(b));
}

static long fdinfo_locked(int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	return text_field(path, "uiommu-locked-pages:");
}

/* Returns 0, or in which way the information is not true */
static int room_is_told(void *arg)
{
	__u64 most = LIMIT - (LIMIT / 2 + 1);
	__u8 *buf = memory_anon(LIMIT * PAGE);
	int fd = domain_open();
	struct uiommu_info info;

	if (domain_info(fd, &info) || info.lockable > most)
		return 1;
	if (info.locked + info.lockable != LIMIT)
		return 2;
	if (fdinfo_locked(fd) != (long)info.locked)
		return 3;
	most = info.lockable;
	if (domain_map(fd, buf, IOVA, (most + 1) * PAGE, true) != -ENOMEM)
		return 4;
	if (domain_map(fd, buf, IOVA, most * PAGE, true))
		return 5;
	if (domain_info(fd, &info) || info.locked != LIMIT || info.lockable)
		return 6;
	/* one that root has opened tells others nothing of root */
	if (fdinfo_locked(*(int *)arg) != -ENOENT)
		return 7;
	return domain_info(*(int *)arg, &info) || info.locked != LIMIT ? 8 : 0;
}

/* What another process of the same user has used up as well */
TEST(what_is_left_of_the_quota_is_told)
{
	struct half other = {};
	struct uiommu_info info;
	int ready, go, domain = domain_open();
	pid_t pid = process_start(take_more_than_half, &other, &ready, &go);

	ASSERT_EQ(0, process_await(ready));
	EXPECT_EQ(0, process_run_as(USER, LIMIT * PAGE, room_is_told, &domain));
	process_tell(go);
	EXPECT_EQ(0, process_wait(pid));
	ASSERT_EQ(0, domain_info(domain, &info));
	EXPECT_EQ(~0ULL, info.lockable);
	EXPECT_LE(0, fdinfo_locked(domain));
}

static int map_in_a_container(void *arg)
{
	__u8 *buf = memory_anon((LIMIT + 1) * PAGE);
	struct uiommu_info info;
	int fd = domain_open();

	if (unshare(CLONE_NEWUSER))
		return errno;
	if (domain_map(fd, buf, IOVA, (LIMIT + 1) * PAGE, true) != -ENOMEM)
		return 1;
	if (domain_map(fd, buf, IOVA, TAKEN * PAGE, true))
		return 2;
	if (domain_info(fd, &info) || info.locked < TAKEN ||
	    info.lockable > LIMIT - TAKEN)
		return 3;
	return 0;
}

/* There it has each capability, CAP_IPC_LOCK as well */
TEST(root_of_a_user_namespace_is_limited)
{
	EXPECT_EQ(0,
		  process_run_as(USER, LIMIT * PAGE, map_in_a_container, NULL));
}

struct sharing {
	int ends[2];
	int domain;
};

static int map_and_await(void *arg)
{
	struct sharing *s = arg;
	__u8 *buf = memory_anon(LIMIT * PAGE);
	int err = process_become(USER, LIMIT * PAGE);

	if (!err)
		err = domain_map(s->domain, buf, IOVA, TAKEN * PAGE, true);
	if (err)
		return err;
	process_tell(s->ends[0]);
	process_await(s->ends[1]);
	return domain_unmap(s->domain, IOVA, TAKEN * PAGE);
}

TEST(two_devices_are_charged_once)
{
	struct sharing s = { .domain = domain_open() };
	int a = device_open("EDU0"), b = device_open("EDU1");
	int empty = process_quota(USER, LIMIT), ready, go, room;
	struct uiommu_info info;
	pid_t pid;

	if (!device_bdf("EDU0") || !device_bdf("EDU1"))
		SKIP(return, "EDU0 or EDU1 is not set");
	ASSERT_EQ(0, device_set(a, s.domain));
	pid = process_start(map_and_await, &s, &ready, &go);
	ASSERT_EQ(0, process_await(ready));
	room = process_quota(USER, LIMIT);
	ASSERT_EQ(0, device_set(b, s.domain));
	EXPECT_EQ(room, process_quota(USER, LIMIT));
	EXPECT_EQ(TAKEN, process_vmpin(pid));
	ASSERT_EQ(0, domain_info(s.domain, &info));
	EXPECT_EQ(TAKEN, info.pinned);
	EXPECT_EQ(2, info.nr_devices);
	EXPECT_EQ(domain_separate() ? 2 : 1, info.nr_hw_domains);
	process_tell(go);
	EXPECT_EQ(0, process_wait(pid));
	EXPECT_EQ(empty, process_quota(USER, LIMIT));
}

struct hoard {
	int domain;
	int n; /* out: mappings that there was room for */
};

/* A page every 2 MiB, until the limit is reached */
static int hoard_page_tables(void *arg)
{
	struct hoard *h = arg;
	__u8 *page = memory_anon(PAGE);
	int err = 0;

	for (h->n = 0; h->n < 2 * MUCH && !err; h->n += !err)
		err = domain_map(h->domain, page, HIGH + h->n * HUGE, PAGE,
				 true);
	return -err;
}

TEST(scattered_mappings_are_charged_for_their_page_tables)
{
	struct hoard *h = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int fd = device_open("EDU0");

	if (!device_bdf("EDU0"))
		SKIP(return, "EDU0 is not set");
	ASSERT_NE(MAP_FAILED, h);
	h->domain = domain_open();
	ASSERT_EQ(0, device_set(fd, h->domain));
	EXPECT_EQ(ENOMEM,
		  process_run_as(USER, MUCH * PAGE, hoard_page_tables, h));
	/* each costs its page and its table; see FREE */
	EXPECT_LE(MUCH / 2 - FREE, h->n);
	EXPECT_GE(MUCH / 2 + FREE, h->n);
}

/* Each page twice: what was refused once must not be free of charge */
static int map_and_unmap_strides(void *arg)
{
	int domain = *(int *)arg, n, err;
	__u8 *page = memory_anon(PAGE);

	for (n = 0; n < 3 * STRIDES; n++) {
		__u64 iova = HIGH + n / 2 * HUGE;

		err = domain_map(domain, page, iova, PAGE, true);
		if (!err)
			err = domain_unmap(domain, iova, PAGE);
		if (err && err != -ENOMEM)
			return EIO;
	}
	return 0;
}

/*
 * As long as there are few tables, they are left; then a map of nothing fails
 * where they are, which must not make anybody forget them.
 */
static int map_and_fail_strides(void *arg)
{
	int domain = *(int *)arg, n, err;
	__u8 *page = memory_anon(PAGE);
	__u8 *nothing = memory_anon(FEW * HUGE);

	munmap(nothing, FEW * HUGE);
	for (n = 0; n < 2 * STRIDES; n++) {
		__u64 iova = HIGH + n * HUGE;

		err = domain_map(domain, page, iova, PAGE, true);
		if (!err)
			err = domain_unmap(domain, iova, PAGE);
		if (err && err != -ENOMEM)
			return EIO;
		if (n % FEW == FEW - 1 &&
		    domain_map(domain, nothing, iova - (FEW - 1) * HUGE,
			       FEW * HUGE, true) != -EFAULT)
			return ENOTRECOVERABLE;
	}
	return 0;
}

/* Two threads in one window of 1 GiB after the other */
struct windows {
	int domain;
	__u8 *holed;
	__u64 first;
	atomic_uint at;
	atomic_uint end;
	atomic_int bad;
};

static __u64 window_at(const struct windows *w, unsigned int n)
{
	return w->first + n * GIGANTIC;
}

static void *fail_in_windows(void *arg)
{
	struct windows *w = arg;
	unsigned int n;
	int err;

	while ((n = w->at) < w->end) {
		err = domain_map(w->domain, w->holed, window_at(w, n), HOLED,
				 true);
		if (err != -EFAULT && err != -ENOMEM)
			w->bad = EIO;
	}
	return NULL;
}

static void map_in_windows(struct windows *w, __u8 *page)
{
	long late = process_ms() + WINDOWS_MS;
	__u64 iova;
	int err;

	for (; w->at < w->end; w->at++) {
		if (w->at >= WINDOWS_SLOW && process_ms() > late)
			w->end = w->at;
		iova = window_at(w, w->at) + GIGANTIC / 2;
		err = domain_map(w->domain, page, iova, PAGE, true);
		if (!err)
			err = domain_unmap(w->domain, iova, PAGE);
		if (err && err != -ENOMEM)
			w->bad = EIO;
	}
}

/*
 * Whoever unmaps meets a map that fails in the same window, which is there for
 * a moment and leaves nothing: the table above the leaves is nobody's then.
 */
static int map_beside_failures(void *arg)
{
	struct windows w = { .domain = *(int *)arg, .end = WINDOWS };
	__u8 *page = memory_anon(PAGE);
	__u64 last = domain_last(w.domain);
	pthread_t thread;

	/* AMD-Vi reserves the end of the first TiB */
	w.first = last > 2 * TIB ? TIB : HIGH;
	while (w.end && window_at(&w, w.end) > last)
		w.end--;
	w.holed = memory_anon(HOLED);
	munmap(w.holed + HOLED - PAGE, PAGE);
	if (domain_map(w.domain, page, IOVA, PAGE, true) ||
	    pthread_create(&thread, NULL, fail_in_windows, &w))
		return EIO;
	map_in_windows(&w, page);
	pthread_join(thread, NULL);
	return w.bad;
}

FIXTURE(page_tables){};

FIXTURE_VARIANT(page_tables)
{
	int (*way)(void *arg);
	bool stay; /* some do even where an IOMMU could free them */
};

#define TABLES(name, the_way, some_stay)               \
	FIXTURE_VARIANT_ADD(page_tables, name)         \
	{                                              \
		.way = (the_way), .stay = (some_stay), \
	}

TABLES(strides, map_and_unmap_strides, false);
TABLES(failures, map_and_fail_strides, false);
TABLES(beside_failures, map_beside_failures, true);

/*
 * Unmapping frees the tables of VT-d. AMD-Vi keeps them, so they are limited
 * to one for each of STRIDES windows that are empty.
 */
static long may_grow(bool stay)
{
	return domain_iommu("dmar") && !stay ? SLACK : STRIDES + SLACK;
}

FIXTURE_SETUP(page_tables)
{
	if (!device_bdf("EDU0"))
		SKIP(return, "EDU0 is not set");
}

FIXTURE_TEARDOWN(page_tables)
{
}

TEST_F_TIMEOUT(page_tables, do_not_grow_without_end, 300)
{
	int domain = domain_open(), fd = device_open("EDU0");
	long before, after;

	ASSERT_EQ(0, device_set(fd, domain));
	before = text_free_pages();
	EXPECT_EQ(0, process_run_as(USER, LIMIT * PAGE, variant->way, &domain));
	after = text_free_pages();
	EXPECT_GT(may_grow(variant->stay), before - after)
	TH_LOG("%ld pages were free, %ld are", before, after);
	close(fd);
	close(domain);
	after = text_free_pages();
	EXPECT_GT(STRIDES, before - after)
	TH_LOG("%ld pages were free, %ld are at last", before, after);
}

static long cgroup_slab(void)
{
	return text_field(CGROUP "/memory.stat", "slab ");
}

/* Returns 0, or what is wrong: 1 to be told apart from an errno */
static int map_in_cgroup(void *arg)
{
	int domain = *(int *)arg, n, err;
	__u8 *page = memory_anon(PAGE);
	long before, full;

	err = text_write(CGROUP "/cgroup.procs", "0");
	if (err)
		return -err;
	before = cgroup_slab();
	for (n = 0; n < STRIDES; n++) {
		err = domain_map(domain, page, IOVA + n * PAGE, PAGE, true);
		if (err)
			return -err;
	}
	full = cgroup_slab();
	err = domain_unmap_all(domain);
	text_free_pages(); /* objects go with a delay: see there */
	if (before < 0 || full - before < CHARGED)
		return 1;
	return err ? -err : full - cgroup_slab() < CHARGED;
}

TEST(memory_of_mappings_is_charged_to_the_cgroup)
{
	int domain = domain_open();

	ASSERT_EQ(0, text_write("/sys/fs/cgroup/cgroup.subtree_control",
				"+memory"));
	ASSERT_EQ(0, mkdir(CGROUP, 0700));
	EXPECT_EQ(0, process_run(map_in_cgroup, &domain));
	EXPECT_EQ(0, rmdir(CGROUP));
	close(domain);
}

/* Each as large as what one table maps, so that each is in a new window */
static int map_anywhere_for_long(void *arg)
{
	int domain = *(int *)arg, n, err;
	struct memory m;
	__u64 iova;

	err = memory_make(&m, THP, HUGE);
	for (n = 0; n < ENOUGH && !err; n++) {
		err = domain_map_any(domain, m.buf, &iova, HUGE);
		if (!err)
			err = domain_unmap(domain, iova, HUGE);
	}
	return err;
}

TEST(where_the_kernel_chooses_there_is_always_room)
{
	int domain = domain_open(), fd = device_open("EDU0");

	if (!device_bdf("EDU0"))
		SKIP(return, "EDU0 is not set");
	ASSERT_EQ(0, device_set(fd, domain));
	EXPECT_EQ(0, process_run_as(USER, MUCH * PAGE, map_anywhere_for_long,
				    &domain));
}

/* Pairs enough to use up what a domain may leave behind */
static int map_and_unmap_for_long(void *arg)
{
	int domain = *(int *)arg, n, err = 0;
	__u8 *page = memory_anon(PAGE);

	for (n = 0; n < ENOUGH && !err; n++) {
		err = domain_map(domain, page, HIGH + n * HUGE, PAGE, true);
		if (!err)
			err = domain_unmap(domain, HIGH + n * HUGE, PAGE);
	}
	return err;
}

/* Only VT-d frees tables: elsewhere they run out, and that is told */
TEST(scattered_mappings_that_have_gone_leave_room)
{
	int domain = domain_open(), fd = device_open("EDU0");
	int err = access("/sys/class/iommu/dmar0", F_OK) ? ENOMEM : 0;

	if (!device_bdf("EDU0"))
		SKIP(return, "EDU0 is not set");
	ASSERT_EQ(0, device_set(fd, domain));
	EXPECT_EQ(err, process_run_as(USER, LIMIT * PAGE,
				      map_and_unmap_for_long, &domain));
}

struct asker {
	int domain;
	__u8 *buf;
	atomic_bool stop;
	int err;
};

/* Each time it takes long to see that most of it is not there */
static void *ask_for_much(void *arg)
{
	struct asker *a = arg;

	do
		a->err = domain_map(a->domain, a->buf, ASKED, ASKED, true);
	while (!a->stop);
	return NULL;
}

/* Returns 64ths of windows that could be mapped in meanwhile, or 255 */
static int map_and_unmap_beside_asker(void *arg)
{
	struct asker a = { .domain = *(int *)arg };
	__u8 *page = memory_anon(PAGE);
	int n, done = 0;
	pthread_t thread;

	a.buf = mmap(NULL, ASKED, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (a.buf == MAP_FAILED || munmap(a.buf + THERE, PAGE) ||
	    madvise(a.buf, THERE, MADV_NOHUGEPAGE) ||
	    pthread_create(&thread, NULL, ask_for_much, &a))
		return 255;
	for (n = 0; n < ENOUGH; n++) {
		if (domain_map(a.domain, page, HIGH + n * HUGE, PAGE, true))
			continue;
		domain_unmap(a.domain, HIGH + n * HUGE, PAGE);
		done++;
	}
	a.stop = true;
	pthread_join(thread, NULL);
	return done / 64;
}

/* What is only asked for must not count for what may be left behind */
TEST(what_is_asked_for_leaves_no_room_for_page_tables)
{
	int domain = domain_open(), fd = device_open("EDU0");
	int least = domain_iommu("dmar") ? ENOUGH : STRIDES / 2;
	int most = domain_iommu("dmar") ? ENOUGH : STRIDES + STRIDES / 12;
	int done;

	if (!device_bdf("EDU0"))
		SKIP(return, "EDU0 is not set");
	ASSERT_EQ(0, device_set(fd, domain));
	done = process_run(map_and_unmap_beside_asker, &domain);
	EXPECT_LE(least / 64, done);
	EXPECT_GE(most / 64, done);
}

TEST_HARNESS_MAIN
