// SPDX-License-Identifier: GPL-2.0
/*
 * The bench: rows of one kind, or the profile of one row. Invariant: nothing
 * is measured with a clock that does not count instructions, but what is
 * meant for the clock on the wall.
 *
 *	bench counted|timed KIND full|quick DEVICE,DEVICE...
 *	bench profile ROW PEER DEVICE,DEVICE...
 *
 * The devices are edu devices, each alone in its group; the fourth of them is
 * the one that iommufd is measured with.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/device.h"
#include "bench.h"
#include "clock.h"

bool quick;

static const struct {
	const char *name;
	void (*measure)(void);
} kinds[] = {
	{ "bulk", measure_bulk },	{ "many", measure_many },
	{ "nth", measure_nth },		{ "any", measure_any },
	{ "memory", measure_memory },	{ "registers", measure_registers },
	{ "threads", measure_threads },
};

/* A loop of two instructions, ten thousand times. */
static bool counts_instructions(void)
{
	unsigned long n = 10000;
	__u64 begin = clock_now(), spent;

	__asm__ volatile("1: dec %0\n\tjnz 1b" : "+r"(n));
	spent = clock_now() - begin;
	if (spent >= 20000 && spent < 21000)
		return true;
	printf("20000 instructions take %llu ticks of the clock\n",
	       (unsigned long long)spent);
	return false;
}

static unsigned int split(char *text, const char *words[], unsigned int max)
{
	unsigned int n = 0;

	for (text = strtok(text, ","); text && n < max;
	     text = strtok(NULL, ","))
		words[n++] = text;
	return n;
}

static int measure(const char *kind, const char *const devices[],
		   unsigned int n)
{
	size_t i;

	if (strcmp(kind, "attached") == 0) {
		measure_attached(devices, n);
		return 0;
	}
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strcmp(kinds[i].name, kind))
			continue;
		kinds[i].measure();
		return 0;
	}
	printf("there are no rows of the kind %s\n", kind);
	return 1;
}

int main(int argc, char *argv[])
{
	const char *devices[MAX_DEVICES];
	unsigned int n;

	if (argc != 5)
		return 1;
	quick = strcmp(argv[3], "quick") == 0;
	n = split(argv[4], devices, MAX_DEVICES);
	if (n < NR_PEERS)
		return 1;
	setenv("BENCH_EDU", devices[NR_PEERS - 1], 1);
	if (strcmp(argv[1], "profile") == 0)
		return profile(argv[2], argv[3]);
	if (strcmp(argv[1], "counted") == 0 && !counts_instructions() &&
	    !counts_instructions())
		return 1;
	return measure(argv[2], devices, n);
}
