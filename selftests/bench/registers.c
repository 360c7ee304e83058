// SPDX-License-Identifier: GPL-2.0
/*
 * What a function costs to use: registers, interrupts, attach, reset.
 * Invariant: both keepers do the same to the same device, one after the
 * other.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/edu.h"
#include "bench.h"
#include "clock.h"
#include "function.h"
#include "registers.h"

#define ROUNDS 301
#define LINE 0x3c /* interrupt line: a register that has no effect */

static __u64 values[ROUNDS];

static int config_read(struct function *f)
{
	__u32 value;

	return device_read(f->fd, f->config, &value, 4) == 4 ? 0 : -EIO;
}

static int config_write(struct function *f)
{
	__u32 value = 0;

	return device_write(f->fd, f->config + LINE, &value, 4) == 4 ? 0 : -EIO;
}

static int command_write(struct function *f)
{
	__u16 value = COMMAND_MEMORY | COMMAND_MASTER;

	return device_write(f->fd, f->config + COMMAND, &value, 2) == 2 ? 0 :
									  -EIO;
}

static int bar_read(struct function *f)
{
	__u32 value;

	return device_read(f->fd, f->bar, &value, 4) == 4 ? 0 : -EIO;
}

static int bar_write(struct function *f)
{
	__u32 value = 1;

	return device_write(f->fd, f->bar + EDU_LIVENESS, &value, 4) == 4 ?
		       0 :
		       -EIO;
}

const struct access accesses[] = {
	{ "config-read", config_read },	    { "config-write", config_write },
	{ "command-write", command_write }, { "bar-read", bar_read },
	{ "bar-write", bar_write },
};

const unsigned int nr_accesses = ARRAY_SIZE(accesses);

static void tell(const char *row, const struct keeper *keeper, unsigned int n,
		 int err)
{
	if (err)
		report_missing(row, keeper->name, err);
	else
		report(row, keeper->name, median(values, n));
}

static void measure_access(const struct access *access, struct function *f,
			   const struct keeper *keeper)
{
	int round, err = 0;
	__u64 begin;

	for (round = 0; round < ROUNDS && !err; round++) {
		begin = clock_now();
		err = access->call(f);
		values[round] = clock_now() - begin;
	}
	tell(access->row, keeper, ROUNDS, err);
}

/**
 * struct alarm - a device that interrupts, and who hears of it
 * @regs: registers of the device
 * @eventfd: what it signals
 * @begin: when the interrupt was raised
 * @round: how many have been heard
 */
struct alarm {
	volatile __u32 *regs;
	int eventfd;
	__u64 begin;
	unsigned int round;
};

static void raise_alarm(struct alarm *alarm)
{
	alarm->begin = clock_now();
	alarm->regs[EDU_IRQ_RAISE / 4] = 1;
}

static void acknowledge(struct alarm *alarm)
{
	alarm->regs[EDU_IRQ_ACK / 4] = 1;
}

static int hear(struct alarm *alarm)
{
	__u64 count;

	if (read(alarm->eventfd, &count, sizeof(count)) != sizeof(count))
		return -EIO;
	values[alarm->round++] = clock_now() - alarm->begin;
	return 0;
}

/* Raised and read by one thread: nobody has to be woken. */
static int signal_rounds(struct alarm *alarm)
{
	int err = 0;

	for (alarm->round = 0; alarm->round < ROUNDS && !err;) {
		raise_alarm(alarm);
		err = hear(alarm);
		acknowledge(alarm);
	}
	return err;
}

static void *listen(void *arg)
{
	struct sched_param first = { .sched_priority = 1 };
	struct alarm *alarm = arg;

	pthread_setschedparam(pthread_self(), SCHED_FIFO, &first);
	while (alarm->round < ROUNDS && !hear(alarm))
		;
	return NULL;
}

/* A reader sleeps in read() and runs as soon as it is woken. */
static int wake_rounds(struct alarm *alarm)
{
	unsigned int i, late = 0;
	pthread_t reader;

	alarm->round = 0;
	if (pthread_create(&reader, NULL, listen, alarm))
		return -EAGAIN;
	for (i = 0; i < ROUNDS; i++) {
		usleep(10);
		raise_alarm(alarm);
		while (*(volatile unsigned int *)&alarm->round <= i &&
		       late++ < 1000)
			usleep(10);
		acknowledge(alarm);
	}
	if (alarm->round < ROUNDS)
		pthread_cancel(reader);
	pthread_join(reader, NULL);
	return alarm->round == ROUNDS ? 0 : -ETIME;
}

static int map_registers(struct function *f, struct alarm *alarm)
{
	void *at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, f->fd,
			f->bar);

	if (at == MAP_FAILED)
		return -errno;
	alarm->regs = at;
	return 0;
}

/**
 * alarm_open() - have a device's interrupt signal an eventfd
 * @f: the device, an edu
 * @keeper: who holds it
 * @alarm: out
 *
 * Return: 0, or a negative errno.
 */
static int alarm_open(struct function *f, const struct keeper *keeper,
		      struct alarm *alarm)
{
	int err = command_write(f);

	alarm->eventfd = eventfd(0, EFD_CLOEXEC);
	alarm->regs = NULL;
	if (!err)
		err = keeper->bind_msi(f, alarm->eventfd);
	return err ? err : map_registers(f, alarm);
}

static void alarm_close(struct alarm *alarm)
{
	if (alarm->regs)
		munmap((void *)alarm->regs, PAGE);
	close(alarm->eventfd);
}

static void measure_interrupt(struct function *f, const struct keeper *keeper)
{
	struct alarm alarm;
	int err = alarm_open(f, keeper, &alarm);

	tell("irq-signal", keeper, ROUNDS, err ? err : signal_rounds(&alarm));
	tell("irq-wake", keeper, ROUNDS, err ? err : wake_rounds(&alarm));
	alarm_close(&alarm);
}

int interrupt_once(struct function *f, const struct keeper *keeper)
{
	static struct alarm alarm;
	static int state = 1;

	if (state == 1)
		state = alarm_open(f, keeper, &alarm);
	if (state)
		return state;
	alarm.round = 0;
	raise_alarm(&alarm);
	state = hear(&alarm);
	acknowledge(&alarm);
	return state;
}

#define TIMES 21

static void measure_attach(const struct keeper *keeper, const char *bdf)
{
	struct function f;
	__u64 spent[TIMES];
	int i, err = 0;
	__u64 begin;

	for (i = 0; i < TIMES && !err; i++) {
		begin = clock_now();
		err = keeper->open(&f, bdf);
		values[i] = clock_now() - begin;
		begin = clock_now();
		function_close(&f);
		spent[i] = clock_now() - begin;
	}
	tell("attach", keeper, TIMES, err);
	for (i = 0; i < TIMES; i++)
		values[i] = spent[i];
	tell("detach", keeper, TIMES, err);
}

static void measure_reset(const struct keeper *keeper, const char *row,
			  const char *bdf)
{
	struct function f;
	int i, err = bdf ? device_bind(bdf, keeper->driver) : -ENODEV;
	__u64 begin;

	if (!err) {
		err = keeper->open(&f, bdf);
		for (i = 0; i < 3 && !err; i++) {
			begin = clock_now();
			err = keeper->reset(&f);
			values[i] = clock_now() - begin;
		}
		function_close(&f);
	}
	tell(row, keeper, 3, err);
	if (bdf)
		device_bind(bdf, NULL);
}

static void measure_edu(const struct keeper *keeper, const char *bdf)
{
	int err = device_bind(bdf, keeper->driver);
	struct function f;
	unsigned int i;

	if (!err)
		measure_attach(keeper, bdf);
	if (!err)
		err = keeper->open(&f, bdf);
	if (err) {
		report_missing("config-read", keeper->name, err);
		return;
	}
	for (i = 0; i < nr_accesses; i++)
		measure_access(&accesses[i], &f, keeper);
	measure_interrupt(&f, keeper);
	function_close(&f);
}

static void *do_nothing(void *arg)
{
	return arg;
}

/*
 * The C library's read() costs more from the first thread on. It must not be
 * the first keeper's rows that start it.
 */
static void become_threaded(void)
{
	pthread_t thread;

	if (!pthread_create(&thread, NULL, do_nothing, NULL))
		pthread_join(thread, NULL);
}

/* Rows of one device, with this project and with vfio-pci. */
void measure_registers(void)
{
	const struct keeper *keepers[] = { &keeper_uvfio, &keeper_vfio_pci };
	int i;

	become_threaded();
	for (i = 0; i < 2; i++) {
		measure_edu(keepers[i], getenv("EDU0"));
		measure_reset(keepers[i], "reset-flr", getenv("NVME_PF"));
		measure_reset(keepers[i], "reset-bus", getenv("E1000E"));
	}
	device_bind(getenv("EDU0"), NULL);
}
