/* SPDX-License-Identifier: GPL-2.0 */
/*
 * QEMU's educational PCI device (QEMU, docs/specs/edu): 4 KiB of memory of
 * its own, a DMA engine between that and ours, an interrupt.
 */
#ifndef _SAMPLES_EDU_H
#define _SAMPLES_EDU_H

#include <uvfio.h>

/*
 * The engine's own memory is 4096 bytes. A transfer of all of them aborts
 * QEMU 7.2, whose range check is off by one.
 */
#define EDU_MAX_TRANSFER 4088

/**
 * struct edu - a device in use
 * @device: its descriptor, the caller's
 * @regs: BAR 0
 * @eventfd: fires at its MSI
 * @interrupts: how many came
 */
struct edu {
	int device;
	void *regs;
	int eventfd;
	unsigned int interrupts;
};

int edu_start(struct edu *edu, int device);
void edu_stop(struct edu *edu);
int edu_raise(struct edu *edu, __u32 value);
int edu_take(struct edu *edu, struct uvfio_iova from, size_t size);
int edu_put(struct edu *edu, struct uvfio_iova to, size_t size);

#endif /* _SAMPLES_EDU_H */
