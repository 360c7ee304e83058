// SPDX-License-Identifier: GPL-2.0
/*
 * A mapping from request to publication, and its end. Invariant: a mapping is
 * seen by nobody but its filler and its notifier until it is published whole;
 * one that fails leaves nothing.
 */
#include <linux/log2.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "domain.h"
#include "trace.h"

/* times that a search waits for somebody who unmaps, before it gives up */
#define PLACE_RETRIES 32

static struct kmem_cache *map_cache;

int __init map_init(void)
{
	map_cache = KMEM_CACHE(uiommu_mapping, SLAB_ACCOUNT);
	return map_cache ? 0 : -ENOMEM;
}

void map_exit(void)
{
	kmem_cache_destroy(map_cache);
}

static struct uiommu_mapping *map_alloc(struct uiommu_owner *owner,
					const struct map_request *request)
{
	struct uiommu_mapping *map = kmem_cache_alloc(map_cache, GFP_KERNEL);

	if (!map)
		return NULL;
	memset_startat(map, 0, charged_to);
	map->vaddr = request->vaddr;
	map->iova = request->iova;
	map->size = request->size;
	map->writable = request->writable;
	map->hull = SPAN_NONE;
	map->mm = current->mm;
	map->memory = NULL;
	map->domain = owner->domain;
	map->owner = owner;
	uiommu_owner_get(owner);
	INIT_LIST_HEAD(&map->mmio_node);
	frames_init(map);
	return map;
}

static void map_free(struct uiommu_mapping *map)
{
	struct uiommu_memory *memory = map->memory;
	struct uiommu_owner *owner = map->owner;

	kmem_cache_free(map_cache, map);
	if (memory)
		memory_put(memory);
	uiommu_owner_put(owner);
}

/**
 * map_bury() - remove the notifier of a mapping, and free it
 * @map: the mapping; it has nothing else left, and nobody looks at it
 *
 * Waits until no invalidation of its process is under way.
 */
void map_bury(struct uiommu_mapping *map)
{
	if (map->notifier.mm)
		mmu_interval_notifier_remove(&map->notifier);
	map_free(map);
}

/**
 * map_finish() - give back what a mapping holds, and free it
 * @map: the mapping; revoked, in no list, not busy
 *
 * Waits for page locks, and for invalidations of our own process. Those of
 * another do not matter: its work frees what is left then.
 */
void map_finish(struct uiommu_mapping *map)
{
	bool looked_at;

	frames_unpin(map);
	uncharge_map(map);
	/* pairs with the release in stop_looking() */
	looked_at = smp_load_acquire(&map->memory->looking) == map;
	if (map->mm == current->mm && !looked_at)
		map_bury(map);
	else
		process_bury(map);
}

/*
 * -EAGAIN: the search is to go on, or there is no room but for what is just
 * being unmapped, which may take up more than it was.
 */
static int choose_iova(struct uiommu_mapping *map, struct map_request *request)
{
	int ret;

	if (request->fixed)
		return 0;
	ret = tree_place(map->domain, request);
	if (ret == -ENOSPC && map->domain->nr_revoking && request->retries) {
		request->retries--;
		request->from = 0;
		return -EAGAIN;
	}
	if (ret)
		return ret;
	map->iova = request->iova;
	map->place.span = (struct span){ map->iova, map->iova + map->size - 1 };
	return 0;
}

/* Is somebody, or the worker, just taking it out of the page tables? */
static bool is_leaving(struct uiommu_mapping *map)
{
	return map->state == MAP_REVOKING || map->state == MAP_STUCK;
}

/*
 * -ENOLINK: the owner may map memory of this process, but has not yet.
 * -ENOBUFS: too much of this process is still to be given back.
 */
static int check_owner(struct uiommu_owner *owner, struct mm_struct *mm)
{
	if (owner->retired)
		return -EINVAL;
	if (owner->memory && owner->memory->process->mm == mm)
		return process_has_backlog(owner->memory->process) ? -ENOBUFS :
								     0;
	return owner->nr_maps ? -EINVAL : -ENOLINK;
}

/* Take the range if it is free. -EAGAIN: another is just leaving it. */
static int try_reserve(struct uiommu_mapping *map, struct map_request *request)
{
	struct uiommu_domain *domain = map->domain;
	struct uiommu_owner *owner = map->owner;
	struct uiommu_mapping *other;
	int ret;

	if (domain->broken)
		return -EIO;
	ret = check_owner(owner, map->mm);
	if (ret)
		return ret;
	ret = choose_iova(map, request);
	if (ret)
		return ret;
	if (!span_set_contains(&domain->allowed, map->place.span))
		return -EINVAL;
	other = tree_first(domain, map->place.span);
	if (other)
		return is_leaving(other) ? -EAGAIN : -EBUSY;

	tree_insert(domain, map);
	memory_get(owner->memory);
	map->memory = owner->memory;
	owner->nr_maps++;
	list_add_tail(&map->owner_node, &owner->maps);
	return 0;
}

static int reserve(struct uiommu_mapping *map, struct map_request *request)
{
	struct uiommu_domain *domain = map->domain;
	u64 seen;
	int ret;

	for (;;) {
		spin_lock(&domain->lock);
		ret = try_reserve(map, request);
		seen = domain->retired;
		spin_unlock(&domain->lock);
		if (ret == -ENOLINK) {
			ret = memory_renew(map->owner);
			if (!ret)
				continue;
		}
		if (ret == -ENOBUFS)
			schedule_timeout_killable(1);
		else if (ret != -EAGAIN)
			return ret;
		if (fatal_signal_pending(current))
			return -EINTR;
		if (ret == -ENOBUFS)
			continue;
		/* a search that goes on need not wait for anybody */
		if (!request->from &&
		    wait_event_killable(domain->wait,
					READ_ONCE(domain->retired) != seen))
			return -EINTR;
		cond_resched();
	}
}

/* Take back what is left of a mapping that was reserved but not published. */
static void abandon(struct uiommu_mapping *map)
{
	struct uiommu_domain *domain = map->domain;
	struct span filled = { map->iova, map->iova + map->filled - 1 };

	spin_lock(&domain->lock);
	map->hw_mask = map->filled ? (1U << domain->nr_hw) - 1 : 0;
	unmap_claim(map, map->filled ? filled : map->place.span);
	spin_unlock(&domain->lock);
	if (unmap_claimed(map, false))
		reap_now(map);
}

/*
 * A mapping of another device's memory pins nothing, but costs the kernel as
 * much as one of a page, and is charged for that.
 */
static int fill_by_kind(struct uiommu_mapping *map)
{
	struct segment first;
	int ret;

	ret = pin_segment(map, map->vaddr, &first);
	if (ret)
		return ret;
	ret = charge_map(map, first.mmio ? 1 : map->size >> PAGE_SHIFT);
	if (ret)
		return ret;
	if (first.mmio)
		return mmio_fill(map);
	charge_show(map);
	ret = fill_map(map, &first);
	return ret ?: revoke_settle(map);
}

static int fill_reserved(struct uiommu_mapping *map)
{
	int ret;

	ret = watch_memory(map);
	if (ret)
		return ret;
	if (map->size == PAGE_SIZE && map->writable) {
		ret = fill_own_page(map);
		if (ret != -EAGAIN)
			return ret ?: revoke_settle(map);
	}
	return fill_by_kind(map);
}

/* A mapping that was published is anybody's to unmap: not ours to look at. */
static int map_frozen_out(struct uiommu_mapping *map,
			  struct map_request *request)
{
	u32 id = map->domain->id;
	int ret;

	ret = reserve(map, request);
	if (ret) {
		map_free(map);
		return ret;
	}
	request->iova = map->iova;
	ret = fill_reserved(map);
	trace_uiommu_map(id, request->iova, request->size, ret);
	if (ret)
		abandon(map);
	return ret;
}

/* Let one who wants to attach go first, for a moment. */
static void give_way(struct uiommu_domain *domain)
{
	long left = READ_ONCE(domain->give_way_until) - jiffies;

	if (left > 0)
		wait_event_killable_timeout(
			domain->wait, !atomic_read(&domain->freezers), left);
}

static int begin_map(struct uiommu_domain *domain)
{
	if (unlikely(atomic_read(&domain->freezers)))
		give_way(domain);
	return down_read_killable(&domain->freeze);
}

static void end_map(struct uiommu_domain *domain)
{
	up_read(&domain->freeze);
	/*
	 * pairs with that of wait_event() in uiommu_domain_freeze(), and with
	 * that in slots_drop_idle()
	 */
	smp_mb();
	if (unlikely(atomic_read(&domain->freezers)))
		wake_up_all(&domain->wait);
	if (unlikely(READ_ONCE(domain->idle)))
		slots_drop_idle(domain);
}

/* -EINVAL unless the request makes sense by itself. */
static int check_request(const struct map_request *request, struct span *iova)
{
	struct span vaddr;

	if (!span_make(&vaddr, request->vaddr, request->size, PAGE_SIZE) ||
	    !span_make(iova, request->iova, request->size, PAGE_SIZE))
		return -EINVAL;
	if (vaddr.last > ULONG_MAX || iova->last > ULONG_MAX)
		return -EINVAL;
	if (!request->fixed &&
	    (!is_power_of_2(request->align) || span_empty(request->within)))
		return -EINVAL;
	return vaddr.last < TASK_SIZE ? 0 : -EFAULT;
}

static int try_map(struct uiommu_owner *owner, struct map_request *request,
		   struct span span)
{
	struct uiommu_domain *domain = owner->domain;
	struct uiommu_mapping *map;
	int ret;

	map = map_alloc(owner, request);
	if (!map)
		return -ENOMEM;
	map->place.span = span;
	if (begin_map(domain)) {
		map_free(map);
		return -EINTR;
	}
	ret = map_frozen_out(map, request);
	end_map(domain);
	return ret;
}

/**
 * map_user() - pin and map a buffer of current
 * @owner: in whose name
 * @request: what to map where
 *
 * Return: 0, or an error as UIOMMU_MAP documents it.
 */
int map_user(struct uiommu_owner *owner, struct map_request *request)
{
	struct span span;
	int ret;

	ret = check_request(request, &span);
	if (ret)
		return ret;
	request->retries = PLACE_RETRIES;
	return try_map(owner, request, span);
}

/**
 * uiommu_map() - pin and map a buffer of current at a given address
 * @owner: in whose name
 * @vaddr: start of the buffer
 * @iova: I/O virtual address
 * @size: bytes
 * @prot: UIOMMU_PROT_WRITE
 *
 * May sleep for as long as the user's memory likes.
 *
 * Return: 0, or an error as VFIO_DMA_MAP_IOVA documents it.
 */
int uiommu_map(struct uiommu_owner *owner, u64 vaddr, u64 iova, u64 size,
	       u32 prot)
{
	struct map_request request = {
		.vaddr = vaddr,
		.iova = iova,
		.size = size,
		.fixed = true,
		.writable = prot & UIOMMU_PROT_WRITE,
	};

	return map_user(owner, &request);
}
EXPORT_SYMBOL_GPL(uiommu_map);
