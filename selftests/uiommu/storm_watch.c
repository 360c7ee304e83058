// SPDX-License-Identifier: GPL-2.0
/*
 * The storm's witnesses: they take memory away and see that no device reaches
 * it any more. Invariant: what is watched is disturbed by nobody else.
 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/process.h"
#include "../lib/text.h"
#include "storm.h"

#define SOON 1500 /* ms: 100 are promised, the rest is for a busy host */
#define LATE 5000 /* ms, while others go on invalidating */
#define SLOW 10 /* times as long as that on a kernel that looks closely */

static void take(struct storm *s, __u8 *page, int way)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;

	if (way == MUNMAP)
		munmap(page, PAGE);
	else if (way == MREMAP)
		mremap(page, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		       s->parking);
	else
		mmap(page, PAGE, PROT_READ | PROT_WRITE, flags, -1, 0);
}

/*
 * Takes a page of the file out of the process and watches it through another
 * view: what is written to it then comes from a device that had no right.
 */
void *take_pages_away(void *arg)
{
	struct storm *s = arg;
	unsigned int seed = ++s->seed;

	while (!s->stop) {
		size_t at = random_page(&seed, SIZE);
		int way = rand_r(&seed) % NR_WAYS;

		take(s, s->file.buf + at, way);
		memset(s->file.view + at, MARK, EDU_PROBE);
		process_nap(rand_r(&seed) % 8 ? 1 : 130);
		if (s->file.view[at] == EDU_PATTERN)
			escaped(s);
		mmap(s->file.buf + at, PAGE, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_FIXED, s->file.fd, at);
		s->done[nr_disturbances + way]++;
	}
	return NULL;
}

static int by_dontneed(struct memory *m)
{
	return madvise(m->buf, m->size, MADV_DONTNEED);
}

static int by_punch(struct memory *m)
{
	return fallocate(m->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			 m->size);
}

static int by_remove(struct memory *m)
{
	return madvise(m->buf, m->size, MADV_REMOVE);
}

static int by_truncate(struct memory *m)
{
	return ftruncate(m->fd, 0);
}

static const struct {
	enum kind kind;
	int (*act)(struct memory *m);
} throws[NR_THROWS] = {
	[BY_DONTNEED] = { ANON, by_dontneed },
	[BY_PUNCH] = { MEMFD, by_punch },
	[BY_REMOVE] = { MEMFD, by_remove },
	[BY_TRUNCATE] = { MEMFD, by_truncate },
};

/*
 * There each of the storm's threads waits for the others: seen was a worker
 * that waited 7 s for the lock of the process's memory.
 */
static int slowness(void)
{
	return text_kernel_looks_closely() ? SLOW : 1;
}

/* Does the device still read the secret for @ms? It is asked every @step. */
static bool still_seen(struct storm *s, int step, int ms)
{
	int seen = 1;

	while (seen == 1 && ms > 0) {
		process_nap(step);
		seen = edu_sees(&s->c, WATCHED_IOVA, SECRET);
		ms -= step;
	}
	/* one that cannot be asked has not been seen */
	if (seen < 0)
		check(s, seen);
	return seen == 1;
}

/*
 * Throws memory away. Every fourth time nobody runs over all memory of the
 * process meanwhile, so that no invalidation of the storm overlaps.
 */
static void throw_away(struct storm *s, unsigned int way, bool calm)
{
	struct memory m;

	check(s, memory_make(&m, throws[way].kind, WATCHED));
	memset(m.buf, SECRET, WATCHED);
	check(s, domain_map(s->domain, m.buf, WATCHED_IOVA, WATCHED, true));
	if (edu_sees(&s->c, WATCHED_IOVA, SECRET) != 1)
		check(s, -EIO);
	if (calm)
		pthread_rwlock_wrlock(&s->whole);
	check(s, throws[way].act(&m));
	if (still_seen(s, calm ? SOON : 50, (calm ? SOON : LATE) * slowness()))
		escaped(s);
	if (calm)
		pthread_rwlock_unlock(&s->whole);
	memory_free(&m);
	s->done[nr_disturbances + NR_WAYS + way]++;
}

struct leaver {
	int ends[2]; /* to tell, to await: see process_start() */
	int way;
	int fd;
	struct memory m;
};

static int map_and_leave(void *arg)
{
	struct leaver *l = arg;
	int err = device_map(l->fd, l->m.buf, WATCHED_IOVA, WATCHED,
			     VFIO_FLAG_WRITE);

	if (err)
		return err;
	process_tell(l->ends[0]);
	process_await(l->ends[1]);
	if (l->way == BY_EXEC)
		process_become_sleeper(l->ends[0], l->ends[1]);
	return 0;
}

/* Wait until @pid has left its memory */
static void see_off(struct storm *s, pid_t pid, int way, int ready, int go)
{
	if (way == BY_KILL)
		kill(pid, SIGKILL);
	else
		check(s, process_tell(go));
	if (way == BY_EXEC)
		check(s, process_await(ready));
	else
		process_wait(pid);
}

/* Does the device still write? Others may hold the process's memory a bit. */
static bool still_written(struct storm *s, __u8 *view)
{
	int ms, arrives = 1;

	for (ms = 0; arrives && ms < LATE * slowness(); ms += 50) {
		arrives = edu_arrives(&s->c, WATCHED_IOVA, view);
		if (arrives)
			process_nap(50);
	}
	return arrives;
}

/*
 * A child maps through a descriptor of its own and leaves; the descriptor
 * stays open here, so that it is not its closing that ends the mapping.
 */
static void leave(struct storm *s, int way)
{
	struct leaver l = { .way = way, .fd = device_open("EDU2") };
	int ready, go;
	pid_t pid;

	check(s, memory_make(&l.m, MEMFD, WATCHED));
	pid = process_start(map_and_leave, &l, &ready, &go);
	check(s, process_await(ready));
	if (edu_arrives(&s->c, WATCHED_IOVA, l.m.view) != 1)
		check(s, -EIO);
	see_off(s, pid, way, ready, go);
	if (still_written(s, l.m.view))
		escaped(s);
	close(go);
	if (way == BY_EXEC)
		process_wait(pid);
	close(ready);
	close(l.fd);
	memory_free(&l.m);
	s->done[nr_disturbances + NR_WAYS + NR_THROWS + way]++;
}

void *throw_away_and_leave(void *arg)
{
	struct storm *s = arg;
	unsigned int turn;

	for (turn = 0; !s->stop; turn++) {
		throw_away(s, turn % NR_THROWS, turn / NR_THROWS % 4 == 0);
		leave(s, turn % NR_LEAVES);
	}
	return NULL;
}
