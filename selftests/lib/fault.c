// SPDX-License-Identifier: GPL-2.0
/*
 * Memory that may not be there.
 *
 * Invariant: handlers are in place only during an access; one thread at a
 * time.
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

static int try(volatile uint32_t *at, const unsigned int *value)
{
	struct sigaction catch = { .sa_handler = jump }, bus, segv;
	int sig;

	sigaction(SIGBUS, &catch, &bus);
	sigaction(SIGSEGV, &catch, &segv);
	sig = sigsetjmp(back, 1);
	if (!sig && value)
		*at = *value;
	else if (!sig)
		(void)*at;
	sigaction(SIGBUS, &bus, NULL);
	sigaction(SIGSEGV, &segv, NULL);
	return sig;
}

/**
 * fault_read() - read 4 bytes
 * @at: where
 *
 * Return: 0, or the signal that it raised.
 */
int fault_read(const volatile void *at)
{
	return try((volatile uint32_t *)at, NULL);
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
	return try(at, &value);
}
