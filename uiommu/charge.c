// SPDX-License-Identifier: GPL-2.0
/*
 * Locked memory: who pays for what is pinned. Invariant: what a mapping was
 * charged is given back once, to the one who paid, whoever unmaps it.
 *
 * Pages are charged to the user of the process that maps, so that forking
 * does not multiply the limit, and shown in the VmPin of its mm.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>

#include "domain.h"

static void tell_limit(u64 needed, u64 used, u64 limit)
{
	pr_info_ratelimited(
		"uid %u: mapping needs %llu KiB of locked memory, %llu KiB of %llu KiB (RLIMIT_MEMLOCK) are in use\n",
		from_kuid(&init_user_ns, current_uid()),
		needed << (PAGE_SHIFT - 10), used << (PAGE_SHIFT - 10),
		limit << (PAGE_SHIFT - 10));
}

/* Add @npages to the locked pages of @user unless that is over the limit. */
static bool charge_user(struct user_struct *user, u64 npages)
{
	u64 limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
	long used = atomic_long_read(&user->locked_vm);

	do {
		u64 in_use = max(used, 0L);

		if (npages > limit || in_use > limit - npages) {
			tell_limit(npages, in_use, limit);
			return false;
		}
	} while (!atomic_long_try_cmpxchg(&user->locked_vm, &used,
					  used + npages));
	return true;
}

/**
 * charge_used() - locked memory of a user
 * @user: the user
 *
 * Return: pages, charged for what all of that user's processes have mapped or
 * locked in other ways that count per user.
 */
u64 charge_used(struct user_struct *user)
{
	/* others than we may, for a moment, have given back too much */
	return max(atomic_long_read(&user->locked_vm), 0L);
}

/**
 * charge_room() - how much more current may have mapped
 *
 * Return: pages; all ones without a limit.
 */
u64 charge_room(void)
{
	u64 limit = rlimit(RLIMIT_MEMLOCK);
	u64 used = charge_used(current_user());

	if (limit == RLIM_INFINITY ||
	    ns_capable_noaudit(&init_user_ns, CAP_IPC_LOCK))
		return ~0ULL;
	limit >>= PAGE_SHIFT;
	return limit > used ? limit - used : 0;
}

static int try_charge(struct uiommu_mapping *map, u64 npages)
{
	if (!map->charged_to) {
		if (capable(CAP_IPC_LOCK))
			return 0;
		map->charged_to = get_uid(current_user());
	}
	if (!charge_user(map->charged_to, npages))
		return -ENOMEM;
	map->charged += npages;
	return 0;
}

/**
 * charge_map() - charge a mapping, or more of it, to the user of current
 * @map: the mapping, of current->mm, not published
 * @npages: pages of the buffer, or page tables of the IOMMU
 *
 * What was revoked, and is only about to be given back, need not stand in the
 * way: the worker gets a moment for that.
 *
 * Return: 0, or -ENOMEM over the limit.
 */
int charge_map(struct uiommu_mapping *map, u64 npages)
{
	int ret = try_charge(map, npages);

	if (ret && reap_settle(map->domain))
		ret = try_charge(map, npages);
	return ret;
}

/**
 * charge_tables() - charge the page tables that are more than are free
 * @map: the mapping, of current->mm, not published
 * @missing: tables that it may take
 * @npages: pages of it that are not counted as mapped yet
 *
 * May wait for the worker as charge_map() does.
 *
 * Return: 0, or -ENOMEM over the limit, or where too many tables are left.
 */
int charge_tables(struct uiommu_mapping *map, u64 missing, u64 npages)
{
	u64 tables;

	if (!missing)
		return 0;
	if (tables_are_too_many(map->domain, missing, npages))
		return -ENOMEM;
	tables = tables_to_charge(map->domain, missing);
	return tables ? charge_map(map, tables) : 0;
}

/**
 * charge_show() - show the pages of a mapping in the VmPin of its process
 * @map: the mapping, of current->mm, not published
 */
void charge_show(struct uiommu_mapping *map)
{
	map->npages = map->size >> PAGE_SHIFT;
	atomic64_add(map->npages, &map->mm->pinned_vm);
}

/**
 * uncharge_map() - give back what a mapping was charged
 * @map: the mapping; its pages are unpinned
 */
void uncharge_map(struct uiommu_mapping *map)
{
	atomic64_sub(map->npages, &map->mm->pinned_vm);
	map->npages = 0;
	if (!map->charged_to)
		return;
	atomic_long_sub(map->charged, &map->charged_to->locked_vm);
	free_uid(map->charged_to);
	map->charged_to = NULL;
	map->charged = 0;
}
