/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All that pure rules may use. They touch no device, lock, user pointer or
 * allocator, so this is short; what is not here does not belong in them.
 *
 * In the kernel these are its own definitions, in the unit tests stand-ins of
 * the same meaning.
 */
#ifndef _COMPAT_PURE_H
#define _COMPAT_PURE_H

#ifdef __KERNEL__

#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/pci_regs.h>
#include <linux/string.h>
#include <linux/types.h>

#else /* unit tests */

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <linux/pci_regs.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef unsigned long long u64;
typedef int32_t s32;
typedef long long s64;

#define BIT(n) (1UL << (n))
#define BIT_ULL(n) (1ULL << (n))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define U32_MAX UINT32_MAX
#define U64_MAX (~0ULL)

#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define min_t(type, a, b) min((type)(a), (type)(b))
#define max_t(type, a, b) max((type)(a), (type)(b))

#ifndef PAGE_SIZE
#define PAGE_SIZE 4096UL
#endif

#endif /* __KERNEL__ */
#endif /* _COMPAT_PURE_H */
