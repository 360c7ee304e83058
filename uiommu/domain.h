/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The objects of uiommu and who guards them.
 *
 * Order of locks, outermost first:
 *
 *	uiommu_domain.freeze	rwsem; maps in flight hold it for read, an
 *				attach for write; only tried by a detach, and
 *				by who has held it and meets an idle domain
 *	    locks of the attaching driver
 *		groups_lock	mutex; the list of groups and their counts
 *		    uiommu_hw.gate	shut for attach and detach
 *			group->mutex of the IOMMU core
 *	    mmap_lock		taken by pinning, under freeze (read)
 *		uiommu_domain.members	mutex; the list of attachments
 *		    what uiommu_device_ops.mmio() takes
 *		    uiommu_domain.lock	spinlock
 *			uiommu_process.lock	spinlock, innermost
 *		kinds_lock		spinlock of mmio.c, innermost
 *
 *	table of processes	spinlock of process.c
 *	table of domains	spinlock of faults.c, interrupts off
 *	    uiommu_fault_ring.lock	spinlock, interrupts off
 *
 * Who undoes a map that the hardware then keeps takes groups_lock (to cut the
 * devices off) under mmap_lock and members as well: neither is taken under it.
 *
 * uiommu_hw.gate may be entered under all of them but the spinlocks. Who is
 * inside waits for memory at most, and takes none of them but, where that has
 * to be reclaimed, the innermost.
 *
 * uiommu_domain.lock is taken by the callback of the mmu notifier, which may
 * run under mmap_lock, page locks and in reclaim. So nobody who holds it
 * faults, copies from or to user memory, allocates or waits.
 */
#ifndef _UIOMMU_DOMAIN_H
#define _UIOMMU_DOMAIN_H

#include <linux/iommu.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/rwsem.h>
#include <linux/scatterlist.h>
#include <linux/spinlock.h>
#include <linux/uiommu.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <uapi/linux/uiommu.h>

#include "faults.h"
#include "frames.h"
#include "gate.h"
#include "levels.h"
#include "place.h"
#include "process.h"
#include "report.h"
#include "span.h"

#define UIOMMU_MAX_HW 8 /* bits of uiommu_mapping.hw_mask */

/* Lowest address that the kernel chooses unasked: 0 looks like "none" */
#define UIOMMU_PLACE_START SZ_64K

/*
 * Where the kernel never places a mapping by itself, even before a device's
 * reserved windows are known: writes there are interrupts with every x86 IOMMU
 * (Intel SDM volume 3, 11.11.1 "Message Address Register Format").
 */
#ifdef CONFIG_X86
#define UIOMMU_ARCH_WINDOW ((struct span){ 0xfee00000, 0xfeefffff })
#else
#define UIOMMU_ARCH_WINDOW SPAN_NONE
#endif

#define UIOMMU_ROOM_RUNS 2 /* kept inside struct uiommu_mapping */

/* What one leaf table of x86 page tables spans */
#define UIOMMU_LEAF_WINDOW SZ_2M

struct seq_file;
struct user_struct;

/**
 * struct uiommu_hw - a hardware domain: one set of page tables
 * @domain: the page tables, or NULL when they have been freed while mappings
 *	were in flight; changed while @gate is shut, read inside
 * @prot: IOMMU_CACHE where the IOMMU can be coherent
 * @snoops: no-snoop requests of devices are turned into snooping ones
 * @nr_groups: groups attached to it
 * @max_last: last address that we use, whatever the hardware can
 * @frees_tables: unmapping the whole window of a table frees it (VT-d)
 * @frees_empty: so it does when only a part of that, or nothing, is mapped, as
 *	long as nobody has seen otherwise; under &uiommu_domain.lock
 * @reports_faults: its IOMMU's driver tells of faults (AMD-Vi)
 * @gate: entered to map and unmap, shut to attach and detach
 *
 * The others are fixed but for @gate and for @nr_groups, which is of those who
 * attach and detach, under the lock of the list of groups.
 *
 * Made by the first attach that needs it; stays until no device is attached to
 * its domain any more, and nobody unmaps.
 */
struct uiommu_hw {
	struct iommu_domain *domain;
	int prot;
	unsigned int nr_groups;
	u64 max_last;
	bool snoops;
	bool frees_tables;
	bool frees_empty;
	bool reports_faults;
	struct gate gate;
};

/**
 * struct uiommu_domain - one I/O address space
 * @ref: descriptors, attachments, owners and queued work
 * @id: number in sysfs and traces
 * @queue: where its work is done
 * @dir: its directory in sysfs, or NULL before the first attach
 * @freeze: see above
 * @freezers: those who wait to freeze it; atomic
 * @give_way_until: until when new mappings let them go first, in jiffies
 * @lock: see above; guards all below unless said otherwise
 * @maps: mappings by address; those revoked are no longer here
 * @allowed: addresses that may be mapped
 * @hw: hardware domains, slots filled in order and emptied from the end under
 *	@freeze (write) and @lock: read under either, or by who has claimed a
 *	mapping
 * @nr_hw: slots filled
 * @frees_tables: all of @hw free tables that are unmapped as a whole; read
 *	under @lock or by who has claimed a mapping
 * @frees_empty: and those that are empty; likewise
 * @levels: levels of tables below the root; no lock
 * @page_sizes: page sizes that all of @hw have
 * @members: see above
 * @attachments: &uiommu_attachment.node; changed under @members and @lock
 * @nr_devices: length of @attachments
 * @groups: &uiommu_group.domain_node of the groups attached
 * @wait: woken when @retired grows or a mapping is no longer busy
 * @retired: mappings that have left @maps
 * @nr_revoking: mappings claimed and not yet retired
 * @nr_unfinished: mappings that the worker has to give back
 * @revoked: &uiommu_mapping.work_node, to be given back by @reap
 * @stuck: the same, first to be taken from the hardware by @unstick
 * @waiters: those who wait for the worker; see reap.c
 * @tickets: &uiommu_mapping.ticket given so far
 * @reap: gives back what was revoked
 * @unstick: takes from the hardware what it keeps, which may take long
 * @nr_maps: mappings in @maps
 * @mapped: bytes of them
 * @pinned: pages pinned; atomic, no lock
 * @mmio_pages: pages of them that are memory of devices
 * @tables: windows that may have a table, for each level; see tables.c; no lock
 * @noted: index + 1 of the leaf noted last, or 0; no lock
 * @noted_above: the same of the level above; no lock
 * @nr_tables: how many windows
 * @replaying: entries of a mapping that is gone may still be written
 * @idle: its last device may have left; who changes that frees page tables;
 *	no lock
 * @drained: none of @hw has page tables any more: it is idle, but mappings are
 *	in flight; set under @freeze (read), unset under @freeze (write)
 * @broken: its hardware did not obey: nothing is mapped or attached any more
 * @aperture: what all of @hw can address
 * @report: what was revoked
 * @faults: what devices could not reach; has a lock of its own
 * @poll: readers of @report and @faults
 */
struct uiommu_domain {
	struct kref ref;
	u32 id;
	struct workqueue_struct *queue;
	struct kobject *dir;
	struct rw_semaphore freeze;
	atomic_t freezers;
	unsigned long give_way_until;
	spinlock_t lock;
	struct rb_root_cached maps;
	struct span_set allowed;
	struct uiommu_hw *hw[UIOMMU_MAX_HW];
	unsigned int nr_hw;
	bool frees_tables;
	bool frees_empty;
	unsigned int levels;
	u64 page_sizes;
	struct mutex members;
	struct list_head attachments;
	unsigned int nr_devices;
	struct list_head groups;
	wait_queue_head_t wait;
	u64 retired;
	unsigned long nr_revoking;
	unsigned long nr_unfinished;
	struct list_head revoked;
	struct list_head stuck;
	struct list_head waiters;
	u64 tickets;
	struct work_struct reap;
	struct work_struct unstick;
	u64 nr_maps;
	u64 mapped;
	atomic64_t pinned;
	u64 mmio_pages;
	struct xarray tables[LEVELS_MAX];
	u64 noted;
	u64 noted_above;
	atomic64_t nr_tables;
	bool replaying;
	bool idle;
	bool drained;
	bool broken;
	struct span aperture;
	struct uiommu_report report;
	struct uiommu_fault_ring faults;
	wait_queue_head_t poll;
};

/**
 * struct uiommu_owner - an open file through which memory is mapped
 * @ref: the file, calls in flight, mappings
 * @domain: its domain; holds a reference
 * @memory: what it has mapped of which process, or NULL; another process's
 *	takes its place only while @nr_maps is 0; guarded by &uiommu_domain.lock
 * @maps: &uiommu_mapping.owner_node; guarded by &uiommu_domain.lock
 * @nr_maps: length of @maps, those in flight included
 * @pinned: pages pinned through it; atomic
 * @retired: maps no more; guarded by &uiommu_domain.lock
 * @att: the attachment it came with, or NULL; guarded by &uiommu_domain.lock
 * @att_node: place in &uiommu_attachment.owners
 */
struct uiommu_owner {
	refcount_t ref;
	struct uiommu_domain *domain;
	struct uiommu_memory *memory;
	struct list_head maps;
	u64 nr_maps;
	atomic64_t pinned;
	bool retired;
	struct uiommu_attachment *att;
	struct list_head att_node;
};

/**
 * struct uiommu_attachment - a device in a domain
 * @domain: its domain; holds a reference
 * @group: its group
 * @dev: the device
 * @ops: what its driver tells of it, or NULL
 * @priv: argument of @ops
 * @node: place in &uiommu_domain.attachments; under its lock
 * @fault_node: place in &uiommu_fault_ring.devices
 * @owners: owners that came with it; under the domain's lock
 * @mmios: mappings of its memory; under the domain's lock
 */
struct uiommu_attachment {
	struct uiommu_domain *domain;
	struct uiommu_group *group;
	struct device *dev;
	const struct uiommu_device_ops *ops;
	void *priv;
	struct list_head node;
	struct list_head fault_node;
	struct list_head owners;
	struct list_head mmios;
};

/**
 * enum map_state - where a mapping stands
 * @MAP_FILLING: its range is taken; pages are being pinned and mapped
 * @MAP_LIVE: devices reach it
 * @MAP_REVOKING: claimed by somebody who unmaps it just now
 * @MAP_REVOKED: in no page table and not in &uiommu_domain.maps; its pages
 *	are being given back
 * @MAP_STUCK: the hardware did not let go of it; its pages stay pinned until
 *	the devices have been cut off
 */
enum map_state {
	MAP_FILLING,
	MAP_LIVE,
	MAP_REVOKING,
	MAP_REVOKED,
	MAP_STUCK,
};

/**
 * struct uiommu_mapping - one user buffer in one domain
 * @place: place in &uiommu_domain.maps: the mapping, widened while tables are
 *	freed
 * @unmap: what to unmap from the hardware; of the claimer
 * @iova: first I/O virtual address; fixed
 * @size: bytes; fixed
 * @vaddr: start of the buffer; fixed
 * @mm: whose memory it is; @memory keeps it
 * @memory: with what else of it; holds a reference
 * @notifier: tells when that memory changes
 * @domain: where it is mapped; the reference is the owner's
 * @owner: who mapped it; holds a reference
 * @owner_node: place in &uiommu_owner.maps
 * @work_node: place in &uiommu_domain.revoked or .stuck, in a list of @memory,
 *	or in &uiommu_process.dead
 * @hull: user addresses whose page table entries were cleared since the last
 *	look; first > last when there are none
 * @charged_to: whose locked-memory quota pays @charged pages, or NULL
 * @charged: pages charged
 * @npages: pages shown in the VmPin of @mm
 * @runs: frames, fixed from publication to revocation; no lock needed
 * @last_run: where runs are appended
 * @room: memory of the first runs
 * @ticket: by which somebody waits for the worker to finish it, or 0
 * @filled: bytes that are in all hardware domains; of the filler
 * @hw_mask: slots of &uiommu_domain.hw that hold it
 * @state: see &enum map_state
 * @writable: the device may write
 * @mmio: not memory but another device's BAR, whose attachment this is
 * @mmio_node: place in &uiommu_attachment.mmios
 * @doomed: its memory went while it was being filled
 * @suspect: on &uiommu_memory.suspects, later or hidden
 * @missed: looks in vain or in doubt, one after the other
 * @busy: replays and looks in progress; must be 0 before its pages are given
 *	back
 *
 * All but the fixed are guarded by &uiommu_domain.lock from publication on;
 * before it the filler owns what the notifier does not touch (@hull, @doomed).
 */
struct uiommu_mapping {
	struct place place;
	struct span unmap;
	u64 iova;
	u64 size;
	unsigned long vaddr;
	struct mm_struct *mm;
	struct uiommu_memory *memory;
	struct mmu_interval_notifier notifier;
	struct uiommu_domain *domain;
	struct uiommu_owner *owner;
	struct list_head owner_node;
	struct list_head work_node;
	struct list_head mmio_node;
	struct span hull;
	struct run_chunk runs;
	struct run_chunk *last_run;
	u64 room[UIOMMU_ROOM_RUNS];
	/* zero when it is made, from here on */
	struct user_struct *charged_to;
	u64 charged;
	u64 npages;
	u64 ticket;
	u64 filled;
	struct uiommu_attachment *mmio;
	u8 hw_mask;
	u8 state;
	u8 busy;
	bool doomed;
	bool suspect;
	u8 missed;
	bool writable;
};

/**
 * struct map_request - what to map where
 * @vaddr: start of the buffer in the memory of current
 * @iova: I/O virtual address; in when @fixed, else out
 * @size: bytes
 * @fixed: at @iova and nowhere else
 * @writable: the device may write
 * @within: addresses to choose @iova from, unless @fixed
 * @align: power of two that it is to be a multiple of then, a page at least
 * @from: where the search for @iova goes on, 0 before it begins
 * @retries: times that it may yet begin again
 */
struct map_request {
	u64 vaddr;
	u64 iova;
	u64 size;
	bool fixed;
	bool writable;
	struct span within;
	u64 align;
	u64 from;
	unsigned int retries;
};

/**
 * struct segment - user memory of one kind
 * @end: user address after it
 * @gup_flags: FOLL_ flags to pin it with
 * @mmio: it is a device's memory instead, not to be pinned
 */
struct segment {
	unsigned long end;
	unsigned int gup_flags;
	bool mmio;
};

/**
 * enum look - what a look at the memory of a mapping has found
 * @LOOK_SAME: the process still uses the pages we pinned
 * @LOOK_GONE: it does not
 * @LOOK_DOUBTFUL: it did not, while somebody was changing that memory
 * @LOOK_LATER: it cannot be told now
 * @LOOK_MISSED: the process is just changing its address space
 */
enum look { LOOK_SAME, LOOK_GONE, LOOK_DOUBTFUL, LOOK_LATER, LOOK_MISSED };

/* domain.c */
struct uiommu_domain *domain_alloc(void);
void domain_get(struct uiommu_domain *domain);
void domain_queue_reap(struct uiommu_domain *domain);
void domain_queue_unstick(struct uiommu_domain *domain);
int domain_init(void);
void domain_exit(void);

/* owner.c */
struct uiommu_owner *owner_alloc(struct uiommu_domain *domain);

/* tree.c */
struct uiommu_mapping *tree_first(struct uiommu_domain *domain, struct span r);
struct uiommu_mapping *tree_next(struct uiommu_mapping *map);
void tree_insert(struct uiommu_domain *domain, struct uiommu_mapping *map);
void tree_erase(struct uiommu_domain *domain, struct uiommu_mapping *map);
struct span tree_gap(struct uiommu_mapping *map);
void tree_widen(struct uiommu_mapping *map, struct span r);
int tree_place(struct uiommu_domain *domain, struct map_request *request);

/* map.c */
int map_user(struct uiommu_owner *owner, struct map_request *request);
void map_finish(struct uiommu_mapping *map);
void map_bury(struct uiommu_mapping *map);
int map_init(void);
void map_exit(void);

/* watch.c */
int watch_memory(struct uiommu_mapping *map);

/* unmap.c */
void unmap_claim(struct uiommu_mapping *map, struct span filled);
bool unmap_claimed(struct uiommu_mapping *map, bool hand_over);
int unmap_range(struct uiommu_owner *owner, struct span r, u64 *done);
void unmap_owned(struct uiommu_owner *owner);
bool unmap_hardware(struct uiommu_mapping *map);
void unmap_undo(struct uiommu_domain *domain, struct uiommu_hw *hw,
		struct span r);
void unmap_retire(struct uiommu_mapping *map);

/* reap.c */
void reap_later(struct uiommu_mapping *map);
void reap_stuck(struct uiommu_mapping *map);
void reap_unstick(struct uiommu_domain *domain);
void reap_now(struct uiommu_mapping *map);
bool reap_settle(struct uiommu_domain *domain);
void reap_all(struct uiommu_domain *domain);

/* revoke.c */
extern const struct mmu_interval_notifier_ops revoke_ops;
int revoke_settle(struct uiommu_mapping *map);
void revoke_look(struct uiommu_memory *memory);
bool revoke_memory_gone(struct uiommu_mapping *map);
void revoke_claimed(struct uiommu_mapping *map);
void revoke_let_go(struct uiommu_domain *domain, struct uiommu_mapping *map);

/* pin.c */
int pin_segment(struct uiommu_mapping *map, unsigned long addr,
		struct segment *segment);
enum look pin_look(struct uiommu_mapping *map, struct span hull);
bool pin_glance(struct uiommu_mapping *map, struct span hull);

/* fill.c */
int fill_map(struct uiommu_mapping *map, const struct segment *first);
int fill_own_page(struct uiommu_mapping *map);
int fill_hw(struct uiommu_hw *hw, struct uiommu_mapping *map);

/* mmio.c */
int mmio_refusal(struct vm_area_struct *vma);
int mmio_fill(struct uiommu_mapping *map);
int mmio_replay_tables(struct uiommu_mapping *map, struct uiommu_hw *hw);

/* tables.c */
/**
 * tables_are_noted() - is a range in the leaf window that was noted last?
 * @domain: the domain
 * @r: the range; of a mapping that is in the tree, so that nobody forgets
 *	meanwhile what is noted of it
 *
 * Return: true if so; false says nothing.
 */
static inline bool tables_are_noted(struct uiommu_domain *domain, struct span r)
{
	u64 window = r.first / UIOMMU_LEAF_WINDOW;

	return window == r.last / UIOMMU_LEAF_WINDOW &&
	       READ_ONCE(domain->noted) == window + 1;
}

u64 tables_missing(struct uiommu_domain *domain, struct span r);
int tables_note(struct uiommu_domain *domain, struct span r);
void tables_forget_all(struct uiommu_domain *domain);
void tables_forget(struct uiommu_domain *domain, struct span r);
u64 tables_missing_flat(struct uiommu_domain *domain, const struct flat *flat);
int tables_note_flat(struct uiommu_domain *domain, const struct flat *flat);
u64 tables_to_charge(struct uiommu_domain *domain, u64 missing);
bool tables_are_worth_freeing(struct uiommu_domain *domain);
bool tables_are_too_many(struct uiommu_domain *domain, u64 missing, u64 npages);

/* charge.c */
u64 charge_used(struct user_struct *user);
u64 charge_room(void);
int charge_map(struct uiommu_mapping *map, u64 npages);
int charge_tables(struct uiommu_mapping *map, u64 missing, u64 npages);
void charge_show(struct uiommu_mapping *map);
void uncharge_map(struct uiommu_mapping *map);

/* hw.c */
struct uiommu_hw *hw_attach(struct uiommu_domain *domain, struct device *dev,
			    struct iommu_group *group);
struct span hw_aperture(struct uiommu_hw *hw);
int hw_map(struct uiommu_hw *hw, struct span r, struct scatterlist *sg,
	   unsigned int n, int prot);
bool hw_scrub(struct uiommu_hw *hw, struct span r);
size_t hw_unmap(struct uiommu_hw *hw, struct span r);
bool hw_clear(struct uiommu_hw *hw, struct span r, bool *there);
void hw_drain(struct uiommu_hw *hw);
void hw_detach(struct uiommu_hw *hw, struct iommu_group *group);
void hw_free(struct uiommu_hw *hw);

/* slots.c */
int slots_add(struct uiommu_domain *domain, struct uiommu_hw *hw);
void slots_drop_frozen(struct uiommu_domain *domain);
void slots_drop_idle(struct uiommu_domain *domain);
void slots_left(struct uiommu_domain *domain);

/* group.c */
void group_cut_off(struct uiommu_domain *domain, struct span r);

/* sysfs.c */
int sysfs_domain_add(struct uiommu_domain *domain);
void sysfs_domain_remove(struct uiommu_domain *domain);
int sysfs_domains_init(struct device *misc);
void sysfs_domains_exit(void);

#endif /* _UIOMMU_DOMAIN_H */
