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
#include <linux/compiler.h>
#include <linux/container_of.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/pci_regs.h>
#include <linux/rbtree_types.h>
#include <linux/string.h>
#include <linux/types.h>

#else /* unit tests */

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <linux/pci_regs.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;

#define BIT(n) (1UL << (n))
#define BIT_ULL(n) (1ULL << (n))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define U32_MAX (~0U)
#define U64_MAX (~0ULL)

#define pick_if(a, op, b)             \
	({                            \
		__auto_type _a = (a); \
		__auto_type _b = (b); \
		_a op _b ? _a : _b;   \
	})
#define min(a, b) pick_if(a, <, b)
#define max(a, b) pick_if(a, >, b)
#define min_t(type, a, b) min((type)(a), (type)(b))
#define max_t(type, a, b) max((type)(a), (type)(b))

#define container_of(ptr, type, member) \
	((type *)((char *)(ptr)-offsetof(type, member)))

/* a node of a binary tree that others have built */
struct rb_node {
	struct rb_node *rb_right;
	struct rb_node *rb_left;
};

#define READ_ONCE(x) __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, v) __atomic_store_n(&(x), v, __ATOMIC_RELAXED)

#ifndef PAGE_SIZE
#define PAGE_SIZE 4096UL
#endif

#endif /* __KERNEL__ */
#endif /* _COMPAT_PURE_H */
