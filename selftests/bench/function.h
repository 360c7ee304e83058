/* SPDX-License-Identifier: GPL-2.0 */
/* PCI functions in the hands of this project and of vfio-pci. */
#ifndef BENCH_FUNCTION_H
#define BENCH_FUNCTION_H

#include <linux/types.h>

/**
 * struct function - a PCI function that is attached and can be used
 * @fd: its descriptor
 * @domain: descriptor of its address space
 * @group: descriptor of its group, or negative
 * @config: file offset of configuration space
 * @bar: file offset of BAR 0
 */
struct function {
	int fd;
	int domain;
	int group;
	__u64 config;
	__u64 bar;
};

/**
 * struct keeper - who holds a function
 * @name: as the table prints it
 * @driver: the driver
 * @open: from nothing opened to a function that can be used
 * @bind_msi: have its MSI signal an eventfd
 * @reset: reset it
 */
struct keeper {
	const char *name;
	const char *driver;
	int (*open)(struct function *f, const char *bdf);
	int (*bind_msi)(struct function *f, int eventfd);
	int (*reset)(struct function *f);
};

extern const struct keeper keeper_uvfio, keeper_vfio_pci;

void function_close(struct function *f);

#endif
