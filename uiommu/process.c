// SPDX-License-Identifier: GPL-2.0
/*
 * Processes whose memory is mapped. Owns the table of them and the queues of
 * their work. Invariant: nothing but the work of a process, and its own calls,
 * waits for its invalidations to end.
 */
#include <linux/hash.h>
#include <linux/hashtable.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "glance.h"

/*
 * One kernel thread for each process that keeps its work waiting, which is less
 * than the process itself costs its user; and no more than so many in all. A
 * process is in the queue that is drawn for it by lot, so that nobody fills
 * them all, or that of somebody else, with less than all.
 */
#define PROCESS_QUEUES_BITS 4
#define PROCESS_WORKERS WQ_MAX_ACTIVE

/* glances wait for nobody, and must not wait for those who do */
#define GLANCE_WORKERS 8

/* mappings that are buried in one go, before suspects have their turn */
#define BURY_ROUND 64

/* mappings of a process that wait to be buried, before it may map more */
#define MAX_DEAD 1024

static DEFINE_HASHTABLE(processes, 8);
static DEFINE_SPINLOCK(processes_lock);
static struct workqueue_struct *queues[1 << PROCESS_QUEUES_BITS];
static struct workqueue_struct *glances;

int __init process_init(void)
{
	unsigned int i;

	glances = alloc_workqueue("uiommu/glance", WQ_UNBOUND, GLANCE_WORKERS);
	if (!glances)
		return -ENOMEM;
	for (i = 0; i < ARRAY_SIZE(queues); i++) {
		queues[i] = alloc_workqueue("uiommu/process%u", WQ_UNBOUND,
					    PROCESS_WORKERS, i);
		if (!queues[i]) {
			process_exit();
			return -ENOMEM;
		}
	}
	return 0;
}

void process_exit(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(queues); i++)
		if (queues[i])
			destroy_workqueue(queues[i]);
	destroy_workqueue(glances);
}

static void process_put(struct uiommu_process *process)
{
	bool last;

	/* without the lock of the table as long as others hold it, too */
	if (refcount_dec_not_one(&process->ref))
		return;
	spin_lock(&processes_lock);
	last = refcount_dec_and_test(&process->ref);
	if (last)
		hash_del(&process->node);
	spin_unlock(&processes_lock);
	if (!last)
		return;
	mmdrop(process->mm);
	kfree(process);
}

/* Queued work holds what it works on, and the module whose code it runs. */
static void process_queue(struct uiommu_process *process, unsigned long delay)
{
	refcount_inc(&process->ref);
	__module_get(THIS_MODULE);
	if (queue_delayed_work(process->queue, &process->work, delay))
		return;
	process_put(process);
	module_put(THIS_MODULE);
}

/**
 * process_bury() - have the notifier of a mapping removed, and the rest freed
 * @map: the mapping; its pages and its charge have been given back
 *
 * Waits for nobody.
 */
void process_bury(struct uiommu_mapping *map)
{
	struct uiommu_process *process = map->memory->process;

	spin_lock(&process->lock);
	list_add_tail(&map->work_node, &process->dead);
	WRITE_ONCE(process->nr_dead, process->nr_dead + 1);
	process_queue(process, 0);
	spin_unlock(&process->lock);
}

static struct uiommu_mapping *next_dead(struct uiommu_process *process)
{
	struct uiommu_mapping *map;

	spin_lock(&process->lock);
	map = list_first_entry_or_null(&process->dead, struct uiommu_mapping,
				       work_node);
	if (map) {
		list_del(&map->work_node);
		WRITE_ONCE(process->nr_dead, process->nr_dead - 1);
	}
	spin_unlock(&process->lock);
	return map;
}

/**
 * process_has_backlog() - must a process wait before it maps more?
 * @process: the process
 *
 * What waits to be buried is charged to nobody, so that there must not be
 * much of it: a process may map and unmap faster than notifiers are removed.
 *
 * Return: true if so.
 */
bool process_has_backlog(struct uiommu_process *process)
{
	return READ_ONCE(process->nr_dead) > MAX_DEAD;
}

static void bury_some(struct uiommu_process *process)
{
	struct uiommu_mapping *map;
	unsigned int n;

	for (n = 0; n < BURY_ROUND; n++) {
		map = next_dead(process);
		if (!map)
			return;
		map_bury(map);
		cond_resched();
	}
	process_queue(process, 0);
}

static struct uiommu_memory *next_turn(struct uiommu_process *process,
				       struct list_head *turns)
{
	struct uiommu_memory *memory;

	spin_lock(&process->lock);
	memory = list_first_entry_or_null(turns, struct uiommu_memory, turn);
	if (memory)
		list_del_init(&memory->turn);
	spin_unlock(&process->lock);
	return memory;
}

/* Those who want another turn at once get it in the next run. */
static void run(struct work_struct *work)
{
	struct uiommu_process *process = container_of(
		to_delayed_work(work), struct uiommu_process, work);
	struct uiommu_memory *memory;
	LIST_HEAD(turns);

	bury_some(process);
	spin_lock(&process->lock);
	list_splice_init(&process->turns, &turns);
	spin_unlock(&process->lock);
	while ((memory = next_turn(process, &turns))) {
		revoke_look(memory);
		memory_put(memory);
	}
	process_put(process);
	module_put(THIS_MODULE);
}

static struct uiommu_process *find(struct mm_struct *mm)
{
	struct uiommu_process *process;

	lockdep_assert_held(&processes_lock);
	hash_for_each_possible(processes, process, node, (unsigned long)mm) {
		if (process->mm == mm && refcount_inc_not_zero(&process->ref))
			return process;
	}
	return NULL;
}

static struct uiommu_process *process_alloc(struct mm_struct *mm)
{
	struct uiommu_process *process =
		kzalloc(sizeof(*process), GFP_KERNEL_ACCOUNT);

	if (!process)
		return NULL;
	refcount_set(&process->ref, 1);
	process->mm = mm;
	process->queue = queues[get_random_u32() >> (32 - PROCESS_QUEUES_BITS)];
	spin_lock_init(&process->lock);
	INIT_LIST_HEAD(&process->dead);
	INIT_LIST_HEAD(&process->turns);
	INIT_DELAYED_WORK(&process->work, run);
	return process;
}

/* That of current, referenced, or NULL without memory for it. */
static struct uiommu_process *process_get(void)
{
	struct uiommu_process *made = process_alloc(current->mm), *process;

	if (!made)
		return NULL;
	spin_lock(&processes_lock);
	process = find(made->mm);
	if (!process) {
		mmgrab(made->mm);
		hash_add(processes, &made->node, (unsigned long)made->mm);
		swap(process, made);
	}
	spin_unlock(&processes_lock);
	kfree(made);
	return process;
}

/**
 * memory_get() - take a reference
 * @memory: the memory
 */
void memory_get(struct uiommu_memory *memory)
{
	refcount_inc(&memory->ref);
}

/**
 * memory_put() - give a reference back
 * @memory: the memory
 */
void memory_put(struct uiommu_memory *memory)
{
	if (!refcount_dec_and_test(&memory->ref))
		return;
	process_put(memory->process);
	uiommu_domain_put(memory->domain);
	kfree(memory);
}

/**
 * memory_queue_look() - have suspects looked at
 * @memory: theirs
 * @delay: when, in jiffies
 *
 * May be called from the notifier.
 */
void memory_queue_look(struct uiommu_memory *memory, unsigned long delay)
{
	struct uiommu_process *process = memory->process;

	spin_lock(&process->lock);
	if (list_empty(&memory->turn)) {
		memory_get(memory);
		list_add_tail(&memory->turn, &process->turns);
	}
	process_queue(process, delay);
	spin_unlock(&process->lock);
}

static void glance(struct work_struct *work)
{
	struct uiommu_memory *memory = container_of(
		to_delayed_work(work), struct uiommu_memory, glance);

	glance_round(memory);
	memory_put(memory);
	module_put(THIS_MODULE);
}

/**
 * memory_queue_glance() - have suspects' pages looked at, without waiting
 * @memory: theirs
 * @delay: when, in jiffies
 */
void memory_queue_glance(struct uiommu_memory *memory, unsigned long delay)
{
	memory_get(memory);
	__module_get(THIS_MODULE);
	if (queue_delayed_work(glances, &memory->glance, delay))
		return;
	memory_put(memory);
	module_put(THIS_MODULE);
}

/**
 * memory_cancel_glance() - there is nothing to glance at any more
 * @memory: the memory, referenced by the caller
 *
 * What is queued would keep the domain and the module for nothing.
 */
void memory_cancel_glance(struct uiommu_memory *memory)
{
	if (!cancel_delayed_work(&memory->glance))
		return;
	memory_put(memory);
	module_put(THIS_MODULE);
}

static struct uiommu_memory *memory_alloc(struct uiommu_domain *domain)
{
	struct uiommu_memory *memory =
		kzalloc(sizeof(*memory), GFP_KERNEL_ACCOUNT);

	if (!memory)
		return NULL;
	memory->process = process_get();
	if (!memory->process) {
		kfree(memory);
		return NULL;
	}
	refcount_set(&memory->ref, 1);
	domain_get(domain);
	memory->domain = domain;
	INIT_LIST_HEAD(&memory->turn);
	INIT_LIST_HEAD(&memory->suspects);
	INIT_LIST_HEAD(&memory->later);
	INIT_LIST_HEAD(&memory->hidden);
	INIT_DELAYED_WORK(&memory->glance, glance);
	memory->next_glance = jiffies;
	return memory;
}

/**
 * memory_renew() - let an owner that has no mappings map memory of current
 * @owner: the owner
 *
 * Return: 0, though another may have been faster; or -ENOMEM.
 */
int memory_renew(struct uiommu_owner *owner)
{
	struct uiommu_memory *memory = memory_alloc(owner->domain);

	if (!memory)
		return -ENOMEM;
	spin_lock(&owner->domain->lock);
	if (!owner->nr_maps)
		swap(owner->memory, memory);
	spin_unlock(&owner->domain->lock);
	if (memory)
		memory_put(memory);
	return 0;
}
