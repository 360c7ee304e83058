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
		if (npages > limit || used > limit - npages) {
			tell_limit(npages, used, limit);
			return false;
		}
	} while (!atomic_long_try_cmpxchg(&user->locked_vm, &used,
					  used + npages));
	return true;
}

/**
 * charge_map() - charge a mapping to current
 * @map: the mapping, of current->mm
 * @npages: pages of the buffer
 * @tables: page tables of the IOMMU that are not free
 *
 * Return: 0, or -ENOMEM over the limit.
 */
int charge_map(struct uiommu_mapping *map, u64 npages, u64 tables)
{
	struct user_struct *user = current_user();
	u64 total = npages + tables;

	if (!total)
		return 0;
	if (!capable(CAP_IPC_LOCK)) {
		if (!charge_user(user, total))
			return -ENOMEM;
		map->charged_to = get_uid(user);
	}
	map->charged = total;
	map->npages = npages;
	atomic64_add(npages, &map->mm->pinned_vm);
	return 0;
}

/**
 * uncharge_map() - give back what a mapping was charged
 * @map: the mapping; its pages are unpinned
 */
void uncharge_map(struct uiommu_mapping *map)
{
	if (!map->charged)
		return;
	atomic64_sub(map->npages, &map->mm->pinned_vm);
	if (map->charged_to) {
		atomic_long_sub(map->charged, &map->charged_to->locked_vm);
		free_uid(map->charged_to);
	}
	map->charged = 0;
}
