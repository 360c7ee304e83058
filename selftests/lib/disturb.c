// SPDX-License-Identifier: GPL-2.0
/*
 * Disturbances: everything that makes the kernel invalidate page table entries
 * of a process. Owns no state. Invariant: one that does not take pages leaves
 * every page readable, and in its place as the process sees it.
 */
#include <errno.h>
#include <linux/mempolicy.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "call.h"
#include "disturb.h"
#include "process.h"
#include "text.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

#define BALANCING "/sys/kernel/debug/sched/numa_balancing/"
#define KSM "/sys/kernel/mm/ksm/"

/**
 * disturb_go_to() - go to a processor of a node, for this thread
 * @node: node
 *
 * Return: 0, or a negative errno.
 */
int disturb_go_to(int node)
{
	char path[64], text[32];
	cpu_set_t cpus;

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/cpulist",
		 node);
	if (text_read(path, text, sizeof(text)) <= 0)
		return -ENOENT;
	CPU_ZERO(&cpus);
	CPU_SET(atoi(text), &cpus);
	return sched_setaffinity(0, sizeof(cpus), &cpus) ? -errno : 0;
}

static int set_balancing(const char *on, const char *delay, const char *min,
			 const char *max)
{
	return text_write(BALANCING "scan_delay_ms", delay) ||
	       text_write(BALANCING "scan_period_min_ms", min) ||
	       text_write(BALANCING "scan_period_max_ms", max) ||
	       text_write("/proc/sys/kernel/numa_balancing", on);
}

/**
 * disturb_hurry_balancing() - let NUMA balancing scan ten times a second
 *
 * Return: 0, or not.
 */
int disturb_hurry_balancing(void)
{
	return set_balancing("1", "1", "100", "200");
}

/**
 * disturb_stop_balancing() - no NUMA balancing any more
 *
 * Return: 0, or not.
 */
int disturb_stop_balancing(void)
{
	return set_balancing("0", "1000", "1000", "60000");
}

/**
 * disturb_start_merging() - let KSM merge what was given to it
 *
 * Return: 0, or not.
 */
int disturb_start_merging(void)
{
	return text_write(KSM "pages_to_scan", "2000") ||
	       text_write(KSM "sleep_millisecs", "20") ||
	       text_write(KSM "run", "1");
}

/**
 * disturb_stop_merging() - stop KSM and undo what it did
 */
void disturb_stop_merging(void)
{
	text_write(KSM "run", "2");
	text_write(KSM "run", "0");
}

/**
 * disturb_merged() - how many pages share another's place now
 *
 * Return: the number, or a negative errno.
 */
long disturb_merged(void)
{
	return text_field(KSM "pages_sharing", "");
}

/**
 * disturb_merge_scans() - how often KSM has been over all that was given to it
 *
 * Return: the number, or a negative errno.
 */
long disturb_merge_scans(void)
{
	return text_field(KSM "full_scans", "");
}

/**
 * disturb_merge_candidates() - how many pages KSM has looked at in vain
 *
 * Those that changed since, or could not be merged: they may be pinned.
 *
 * Return: the number, or a negative errno.
 */
long disturb_merge_candidates(void)
{
	return text_field(KSM "pages_volatile", "");
}

/**
 * disturb_count() - how often something happened in the machine
 * @event: its line in /proc/vmstat, with the blank behind
 *
 * Return: the number, or a negative errno.
 */
long disturb_count(const char *event)
{
	return text_field("/proc/vmstat", event);
}

/* -EBUSY where another thread has just locked it */
static int advise(void *at, size_t size, int advice)
{
	if (!madvise(at, size, advice))
		return 0;
	return errno == EINVAL ? -EBUSY : -errno;
}

static int throw_away(struct memory *m, size_t at)
{
	return advise(m->buf + at, PAGE, MADV_DONTNEED);
}

static int replace(struct memory *m, size_t at)
{
	void *new = mmap(m->buf + at, PAGE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	return new == MAP_FAILED ? -errno : 0;
}

static int protect(struct memory *m, size_t at)
{
	return mprotect(m->buf + at, PAGE, PROT_READ) ||
			       mprotect(m->buf + at, PAGE,
					PROT_READ | PROT_WRITE) ?
		       -errno :
		       0;
}

static int reclaim(struct memory *m, size_t at)
{
	return advise(m->buf, m->size, MADV_PAGEOUT);
}

/* Fails where pages are pinned: that is the kernel's business */
static int collapse(struct memory *m, size_t at)
{
	advise(m->buf, m->size, MADV_HUGEPAGE);
	advise(m->buf, m->size, MADV_COLLAPSE);
	return 0;
}

static int split(struct memory *m, size_t at)
{
	int err = advise(m->buf + at, PAGE, MADV_NOHUGEPAGE);

	return err ? err : advise(m->buf + at, PAGE, MADV_HUGEPAGE);
}

static int lock(struct memory *m, size_t at)
{
	return mlock(m->buf, m->size) || munlock(m->buf, m->size) ? -errno : 0;
}

/* To a node that the place decides, so that it changes from time to time */
static int move(struct memory *m, size_t at)
{
	unsigned long nodes = 1UL << (at / PAGE) % DISTURB_NODES;

	/* EIO: some stayed where they were */
	if (syscall(SYS_mbind, m->buf, m->size, MPOL_PREFERRED, &nodes,
		    DISTURB_NODES + 1, MPOL_MF_MOVE) &&
	    errno != EIO)
		return -errno;
	return 0;
}

static int move_all(struct memory *m, size_t at)
{
	int node = (at / PAGE) % DISTURB_NODES;
	unsigned long from = 1UL << !node, to = 1UL << node;

	return syscall(SYS_migrate_pages, 0, DISTURB_NODES + 1, &from, &to) <
			       0 ?
		       -errno :
		       0;
}

static int forget_references(struct memory *m, size_t at)
{
	return text_write("/proc/self/clear_refs", "4");
}

static int fork_a_child(struct memory *m, size_t at)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	return pid < 0 ? -errno : process_wait(pid);
}

static int compact(struct memory *m, size_t at)
{
	return text_write("/proc/sys/vm/compact_memory", "1");
}

static int drop_caches(struct memory *m, size_t at)
{
	return text_write("/proc/sys/vm/drop_caches", "3");
}

const struct disturbance disturbances[] = {
	{ "MADV_DONTNEED", throw_away, .takes = true },
	{ "mmap over it", replace, .takes = true },
	{ "mprotect", protect },
	{ "reclaim", reclaim },
	{ "collapse", collapse },
	{ "split", split },
	{ "mlock", lock },
	{ "mbind", move },
	{ "migrate_pages", move_all, .everywhere = true },
	{ "clear_refs", forget_references, .everywhere = true },
	{ "fork", fork_a_child, .everywhere = true },
	{ "compaction", compact },
	{ "drop_caches", drop_caches },
};

const unsigned int nr_disturbances =
	sizeof(disturbances) / sizeof(struct disturbance);
