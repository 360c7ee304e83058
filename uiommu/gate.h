/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A gate keeps those who attach and detach groups apart from those who change
 * page tables, at the price of two atomic operations for the latter.
 *
 * Drivers of IOMMUs need that: who unmaps looks up which units to flush, and
 * the driver of VT-d in 6.1 frees such a record while it is looked at. An
 * attach to a narrower unit takes a level from tables that others walk.
 *
 * It is no rwsem, because memory may be reclaimed inside and while it is shut,
 * and reclaim calls our notifier: lockdep cannot know that what comes from
 * there never enters a gate.
 */
#ifndef _UIOMMU_GATE_H
#define _UIOMMU_GATE_H

#include <linux/atomic.h>
#include <linux/mutex.h>
#include <linux/wait.h>

/* added to the number of those inside while the gate is shut */
#define GATE_SHUT 0x40000000

/**
 * struct gate - see above
 * @inside: those inside, and GATE_SHUT
 * @shutters: one shuts it at a time; held while it is shut
 * @wait: woken when it opens, and when the last has left a shut gate
 */
struct gate {
	atomic_t inside;
	struct mutex shutters;
	wait_queue_head_t wait;
};

void gate_init(struct gate *gate);
void gate_shut(struct gate *gate);
void gate_open(struct gate *gate);
void gate_wake(struct gate *gate);
void gate_enter_shut(struct gate *gate);

/**
 * gate_enter() - go inside, when it is open
 * @gate: the gate; the caller is not inside of it yet
 *
 * Who is inside waits for memory at most, and for nobody who may wait to shut
 * the gate.
 */
static inline void gate_enter(struct gate *gate)
{
	might_sleep();
	if (unlikely(atomic_inc_return(&gate->inside) >= GATE_SHUT))
		gate_enter_shut(gate);
}

/**
 * gate_leave() - go outside again
 * @gate: the gate
 */
static inline void gate_leave(struct gate *gate)
{
	if (unlikely(atomic_dec_return(&gate->inside) == GATE_SHUT))
		gate_wake(gate);
}

#endif /* _UIOMMU_GATE_H */
