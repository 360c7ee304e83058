/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The first process of the test machine: what its parts offer each other.
 */
#ifndef INIT_H
#define INIT_H

#include <stdbool.h>
#include <stddef.h>

#define MAX_ARGS 16
#define FIRST_WORD "# machine: the first process runs"
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/**
 * struct tally - what has been counted so far
 * @passed: results that were "ok"
 * @failed: everything else: "not ok", skipped, missing, timed out
 */
struct tally {
	int passed;
	int failed;
};

/* console.c: where people and the runner read */
void console_open(void);
void say(const char *fmt, ...);
void tell_host(const char *fmt, ...);
int console_fd(void);
void report(struct tally *tally, bool good, const char *name);

/* file.c: small files, mostly of sysfs */
int read_file(const char *path, char *text, size_t size);
int write_file(const char *path, const char *text);

/* mount.c */
void mount_all(void);

/* module.c */
bool load_module(const char *path, char *parameters[]);
bool unload_module(const char *name);
bool module_is_loaded(const char *name);

/* machine.c: names of the devices, as environment variables */
void machine_read(void);
const char *machine_device(const char *name);

/* device.c: which driver holds which device */
bool device_want(const char *name, const char *driver);
bool devices_settle(void);
void devices_release(void);

/* program.c */
void program_run(struct tally *tally, int seconds, char *argv[]);

/* tap.c: one program's results */
struct tap {
	struct tally tally;
	int planned;
	int seen;
};

void tap_line(struct tap *tap, const char *line);
void tap_end(struct tap *tap, int status, bool timed_out, const char *name);

/* klog.c: the kernel's own opinion */
void klog_begin(void);
void klog_program(const char *path);
bool klog_is_clean(void);

/* expect.c: warnings that a program provokes on purpose */
bool expect_read(const char *path);
bool is_expected(const char *program, const char *text);

/* plan.c */
void plan_run(struct tally *tally, const char *path);

#endif
