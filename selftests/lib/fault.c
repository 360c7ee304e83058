// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that may not be there.
 *
 * Invariant: handlers are in place only during an access, or what fault_run()
 * runs; one thread at a time.
 */
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#include "fault.h"

static sigjmp_buf back;

static void jump(int sig)
{
	siglongjmp(back, sig);
}

/**
 * fault_run() - run a function that touches such memory
 * @fn: function
 * @arg: its argument
 *
 * Return: 0 if it came back, or the signal that ended it.
 */
int fault_run(void (*fn)(void *arg), void *arg)
{
	struct sigaction catch = { .sa_handler = jump }, bus, segv;
	int sig;

	sigaction(SIGBUS, &catch, &bus);
	sigaction(SIGSEGV, &catch, &segv);
	sig = sigsetjmp(back, 1);
	if (!sig)
		fn(arg);
	sigaction(SIGBUS, &bus, NULL);
	sigaction(SIGSEGV, &segv, NULL);
	return sig;
}

struct word {
	volatile uint32_t *at;
	uint32_t value;
};

static void read_word(void *arg)
{
	struct word *word = arg;

	word->value = *word->at;
}

static void write_word(void *arg)
{
	struct word *word = arg;

	*word->at = word->value;
}

/**
 * fault_read() - read 4 bytes
 * @at: where
 *
 * Return: 0, or the signal that it raised.
 */
int fault_read(const volatile void *at)
{
	struct word word = { .at = (volatile uint32_t *)at };

	return fault_run(read_word, &word);
}

/**
 * fault_write() - write 4 bytes
 * @at: where
 * @value: what
 *
 * Return: 0, or the signal that it raised.
 */
int fault_write(volatile void *at, unsigned int value)
{
	struct word word = { .at = at, .value = value };

	return fault_run(write_word, &word);
}
