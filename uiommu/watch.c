// SPDX-License-Identifier: GPL-2.0
/*
 * Notifiers of mappings, from the first of a process on. Owns the threads that
 * register processes with the kernel's notifiers; invariant: at most one for
 * each process, and only where a signal has come in the way.
 */
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/refcount.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "domain.h"

/**
 * struct registration - a process being registered
 * @node: place in @registrations
 * @mm: whose; we hold it used, so that it does not exit meanwhile
 * @ref: the thread, and those who wait
 * @done: it is registered, or @ret says why not
 * @ret: 0 or an error; valid when @done
 */
struct registration {
	struct list_head node;
	struct mm_struct *mm;
	refcount_t ref;
	struct completion done;
	int ret;
};

static LIST_HEAD(registrations);
static DEFINE_SPINLOCK(lock); /* of the list; innermost */

static void put(struct registration *reg)
{
	if (refcount_dec_and_test(&reg->ref))
		kfree(reg);
}

static struct registration *alloc(struct mm_struct *mm)
{
	struct registration *reg = kzalloc(sizeof(*reg), GFP_KERNEL_ACCOUNT);

	if (!reg)
		return NULL;
	reg->mm = mm;
	refcount_set(&reg->ref, 2);
	init_completion(&reg->done);
	return reg;
}

/* The registration that is under way, referenced; or @new, now under way. */
static struct registration *find_or_add(struct registration *new)
{
	struct registration *reg;

	spin_lock(&lock);
	list_for_each_entry(reg, &registrations, node) {
		if (reg->mm != new->mm)
			continue;
		refcount_inc(&reg->ref);
		spin_unlock(&lock);
		return reg;
	}
	list_add(&new->node, &registrations);
	spin_unlock(&lock);
	return new;
}

static void finish(struct registration *reg, int ret)
{
	spin_lock(&lock);
	list_del(&reg->node);
	spin_unlock(&lock);
	reg->ret = ret;
	complete_all(&reg->done);
	/* not the last user's work here: exit may take its time */
	mmput_async(reg->mm);
	put(reg);
}

static int run(void *data)
{
	struct registration *reg = data;

	/* with no notifier: makes room for those of intervals */
	finish(reg, mmu_notifier_register(NULL, reg->mm));
	module_put_and_kthread_exit(0);
	return 0;
}

static void start(struct registration *reg)
{
	struct task_struct *task;

	mmget(reg->mm);
	__module_get(THIS_MODULE);
	task = kthread_run(run, reg, "uiommu-register");
	if (!IS_ERR(task))
		return;
	finish(reg, PTR_ERR(task));
	module_put(THIS_MODULE);
}

/*
 * Register the mm of current in a thread that has no signals. Whoever holds
 * its mmap_lock holds up this thread, and nobody but who maps memory of that
 * process.
 */
static int register_without_signals(void)
{
	struct registration *new = alloc(current->mm), *reg;
	int ret;

	if (!new)
		return -ENOMEM;
	reg = find_or_add(new);
	if (reg == new)
		start(reg);
	else
		kfree(new);
	ret = wait_for_completion_killable(&reg->done) ? -EINTR : reg->ret;
	put(reg);
	return ret;
}

static int insert(struct uiommu_mapping *map)
{
	return mmu_interval_notifier_insert(&map->notifier, map->mm, map->vaddr,
					    map->size, &revoke_ops);
}

/**
 * watch_memory() - have a mapping told when its memory changes
 * @map: the mapping, of current->mm
 *
 * The first notifier of a process is inserted under all locks of its address
 * space, and a pending signal, whatever it is, ends that. A timer that is
 * shorter than it takes would end it each time.
 *
 * The notifier may hear nothing until the first mmu_interval_read_begin() has
 * returned: if an invalidation was running at insertion it is only queued.
 *
 * Return: 0, -ENOMEM, or -EINTR after a fatal signal.
 */
int watch_memory(struct uiommu_mapping *map)
{
	int ret;

	while ((ret = insert(map)) == -EINTR &&
	       !fatal_signal_pending(current)) {
		ret = register_without_signals();
		if (ret && ret != -EINTR)
			break;
	}
	if (ret) {
		map->notifier.mm = NULL;
		return ret;
	}
	mmu_interval_read_begin(&map->notifier);
	return 0;
}
