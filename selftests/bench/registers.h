/* SPDX-License-Identifier: GPL-2.0 */
/* What can be done with a function that is attached. */
#ifndef BENCH_REGISTERS_H
#define BENCH_REGISTERS_H

struct function;
struct keeper;

/**
 * struct access - one way to reach a register
 * @row: as rows name it
 * @call: do it; 0 or a negative errno
 */
struct access {
	const char *row;
	int (*call)(struct function *f);
};

extern const struct access accesses[];
extern const unsigned int nr_accesses;

int interrupt_once(struct function *f, const struct keeper *keeper);

#endif
