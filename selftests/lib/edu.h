/* SPDX-License-Identifier: GPL-2.0 */
/* QEMU's edu device: the witness of what a device can and cannot reach. */
#ifndef SELFTESTS_EDU_H
#define SELFTESTS_EDU_H

#include <linux/types.h>

#define EDU_ID 0x00
#define EDU_LIVENESS 0x04
#define EDU_FACTORIAL 0x08
#define EDU_STATUS 0x20
#define EDU_IRQ_STATUS 0x24
#define EDU_IRQ_RAISE 0x60
#define EDU_IRQ_ACK 0x64
#define EDU_BAR_SIZE 0x100000UL

#define EDU_PATTERN 0xa5 /* what the device writes */
#define EDU_PROBE 64 /* bytes per transfer that is looked at */
#define EDU_SCRATCH 0x70000000ULL

/**
 * struct edu - an edu device attached to a domain
 * @fd: its descriptor, or negative
 * @bdf: its PCI address
 * @regs: its registers
 * @scratch: a page that the device can always reach
 * @scratch_iova: where
 */
struct edu {
	int fd;
	const char *bdf;
	volatile __u8 *regs;
	__u8 *scratch;
	__u64 scratch_iova;
};

int edu_open(struct edu *edu, const char *env);
int edu_attach(struct edu *edu, int domain);
int edu_detach(struct edu *edu);
void edu_close(struct edu *edu);

__u32 edu_get(const struct edu *edu, unsigned int at);
void edu_put(const struct edu *edu, unsigned int at, __u32 value);

void edu_store_start(const struct edu *edu, __u64 iova);
int edu_wait(const struct edu *edu);
int edu_arrives(const struct edu *edu, __u64 iova, void *view);
int edu_sees(const struct edu *edu, __u64 iova, __u8 byte);

#endif
