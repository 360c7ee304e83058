/* SPDX-License-Identifier: GPL-2.0 */
/* Processes whose memory is mapped, and the work that may wait for them. */
#ifndef _UIOMMU_PROCESS_H
#define _UIOMMU_PROCESS_H

#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "span.h"

struct mm_struct;
struct uiommu_domain;
struct uiommu_mapping;
struct uiommu_owner;

/**
 * struct uiommu_process - a process some of whose memory is mapped
 * @node: place in the table of all; under its lock
 * @ref: each &struct uiommu_memory, and queued work
 * @mm: its address space; we hold it grabbed
 * @queue: where @work runs
 * @lock: guards the lists; nests inside &uiommu_domain.lock
 * @dead: &uiommu_mapping.work_node of mappings that have nothing left but their
 *	notifier
 * @nr_dead: length of @dead; read without the lock
 * @turns: &uiommu_memory.turn of those with suspects
 * @work: removes the notifiers of the former and looks at the latter
 *
 * Both have to wait until no invalidation of the process is under way, which
 * may be never. So there is one of these for each process, whatever it maps
 * where: it waits for itself alone, and costs one kernel thread.
 */
struct uiommu_process {
	struct hlist_node node;
	refcount_t ref;
	struct mm_struct *mm;
	struct workqueue_struct *queue;
	spinlock_t lock;
	struct list_head dead;
	unsigned long nr_dead;
	struct list_head turns;
	struct delayed_work work;
};

/**
 * struct uiommu_memory - what of a process is mapped through one owner
 * @ref: the owner, its mappings, queued work
 * @process: whose memory
 * @domain: the owner's; holds a reference
 * @turn: place in &uiommu_process.turns, which holds a reference
 * @suspects: &uiommu_mapping.work_node, to be looked at
 * @later: suspects that could not be looked at when it was their turn
 * @later_at: when those are looked at again, in jiffies
 * @hidden: suspects whose mmap_lock was never free when looked at
 * @looking: what is looked at just now, or NULL; it is not freed meanwhile
 * @hull: where in it
 * @glance: looks at the pages of all of these while the process has to be
 *	waited for
 * @next_glance: when it may at the earliest, in jiffies
 *
 * All but the fixed are guarded by &uiommu_domain.lock.
 */
struct uiommu_memory {
	refcount_t ref;
	struct uiommu_process *process;
	struct uiommu_domain *domain;
	struct list_head turn;
	struct list_head suspects;
	struct list_head later;
	unsigned long later_at;
	struct list_head hidden;
	struct uiommu_mapping *looking;
	struct span hull;
	struct delayed_work glance;
	unsigned long next_glance;
};

int memory_renew(struct uiommu_owner *owner);
void memory_get(struct uiommu_memory *memory);
void memory_put(struct uiommu_memory *memory);
void memory_queue_look(struct uiommu_memory *memory, unsigned long delay);
void memory_queue_glance(struct uiommu_memory *memory, unsigned long delay);
void memory_cancel_glance(struct uiommu_memory *memory);
void process_bury(struct uiommu_mapping *map);
bool process_has_backlog(struct uiommu_process *process);
int process_init(void);
void process_exit(void);

#endif /* _UIOMMU_PROCESS_H */
