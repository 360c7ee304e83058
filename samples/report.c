// SPDX-License-Identifier: GPL-2.0
/*
 * Lines for people. Invariant: what was checked and did not hold is counted,
 * and the count becomes the exit status.
 */
#include <stdarg.h>
#include <stdio.h>

#include "report.h"

static unsigned int failures;

/**
 * report_begin() - show each line at once, also where the output is a pipe
 */
void report_begin(void)
{
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
}

/**
 * report_step() - open a step of the demonstration
 * @number: which
 * @title: what it shows
 */
void report_step(unsigned int number, const char *title)
{
	printf("\nStep %u: %s\n", number, title);
}

/**
 * report_note() - say something that is not a verdict
 * @format: as printf() has it
 */
void report_note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("         ");
	vprintf(format, args);
	printf("\n");
	va_end(args);
}

/**
 * report_check() - say what was verified, or that it does not hold
 * @good: does it?
 * @format: the statement, as printf() has it
 *
 * Return: @good.
 */
bool report_check(bool good, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf(good ? "  ok     " : "  FAILED ");
	vprintf(format, args);
	printf("\n");
	va_end(args);
	failures += !good;
	return good;
}

/**
 * report_call() - say that a call succeeded, or why not
 * @ret: what it returned
 * @call: which
 * @what: what it was to do
 *
 * Return: whether it succeeded.
 */
bool report_call(int ret, enum uvfio_call call, const char *what)
{
	if (ret >= 0)
		return report_check(true, "%s", what);
	return report_check(false, "%s: %s: %s", what, uvfio_errno_name(ret),
			    uvfio_explain(call, ret));
}

/**
 * report_failures() - how many checks did not hold?
 *
 * Return: their number.
 */
unsigned int report_failures(void)
{
	return failures;
}
