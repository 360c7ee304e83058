/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A PCI device in the hands of users
 *
 * Order of locks, outermost first:
 *
 *   device lock of the driver core (held by probe and remove; never waited
 *   for below it, only tried)
 *     uiommu_domain_freeze()
 *       vfio_dev.turn	(by users' calls alone, and only to take the next)
 *       vfio_dev.lock	(never waited for below pci_bus_sem: recovery.c;
 *       several at once are tried only, and with several held nothing waits
 *       for configuration access, which a resetter takes from all functions of
 *       a bus before it waits for the lock of one: reset_bus.c)
 *         pci_bus_sem of the PCI core, by power states and resets
 *         configuration access of the device (pci_cfg_access_lock(); that of
 *         the bridge above is only tried, because who holds it, for a reset,
 *         may wait for the device lock). The kernel locks it before it calls
 *         vfio_reset_prepare() and vfio_reset_done(), which let it go
 *         mmap_lock is never taken from here on
 *         vfio_dev.mem		(also taken under mmap_lock, by faults)
 *           those of mm/ that zap and insert page table entries
 *         all locks of uiommu	(also those under which it calls mmio())
 *         vfio_dev.irq_lock, vfio_vector.lock
 *           that of an eventfd
 *
 * Users come in any number. So they queue for vfio_dev.turn, and one of them
 * for vfio_dev.lock; and those who must get in however many there are say so
 * first (leaving, pressing, nr_resets), so that the one user that may be
 * ahead lets go of the lock as soon as it has it.
 *
 * Under none of them is user memory touched, a user's page pinned, or the
 * user waited for: remove() takes lock and mem, and must not hang. Arguments
 * of calls are copied before, results after.
 */
#ifndef _VFIO_DEVICE_H
#define _VFIO_DEVICE_H

#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/eventfd.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/poll.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/uiommu.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <uapi/linux/uvfio.h>

#include "config.h"
#include "irq_rules.h"
#include "region.h"

/* vfio_dev.open: what can be reached now */
#define VFIO_OPEN_MEMORY BIT(0)
#define VFIO_OPEN_IO BIT(1)

/**
 * struct vfio_bar - one base address register's region
 * @start: physical address
 * @size: bytes, 0 if the device has no such BAR
 * @map_size: bytes that mmap may cover before holes are cut out: @size, or a
 *	page if the rest of it is @pad, or 0
 * @flags: IORESOURCE_* of it
 * @holes: the MSI-X table and its pending bits; fixed
 * @pad: claims the rest of the page for us, if the BAR is smaller than one
 * @io: the kernel's own mapping, made at the first read or write; guarded by
 *	&vfio_dev.mem
 * @nr_plain: mmaps without write combining; guarded by &vfio_dev.mem
 * @nr_wc: mmaps with it; guarded by &vfio_dev.mem
 * @wc: the range is known to the architecture as write combining; guarded by
 *	&vfio_dev.mem
 *
 * Everything not said to be guarded is fixed from probe on.
 */
struct vfio_bar {
	resource_size_t start;
	u64 size;
	u64 map_size;
	unsigned long flags;
	struct region_range holes[2];
	struct resource *pad;
	void __iomem *io;
	unsigned int nr_plain;
	unsigned int nr_wc;
	bool wc;
};

/**
 * struct vfio_intx - the interrupt line
 * @line: what the device can do about it; fixed
 * @kept: we have told the PCI core to leave Interrupt Disable to us; fixed
 * @reasons: INTX_*: why it is masked, as the hardware was told; guarded by
 *	&vfio_dev.irq_lock
 * @fired: UVFIO_IRQ_FIRE came while it was masked or without @trigger; guarded
 *	by &vfio_dev.irq_lock
 * @irq: the line, while it is requested
 * @trigger: what to signal; guarded by &vfio_dev.irq_lock, and changed only
 *	with &vfio_dev.lock held as well
 */
struct vfio_intx {
	struct irq_line line;
	bool kept;
	unsigned int reasons;
	bool fired;
	int irq;
	struct eventfd_ctx *trigger;
};

/**
 * struct vfio_eoi - an eventfd that means "interrupt answered"
 * @ctx: the eventfd; NULL for none; guarded by &vfio_dev.lock
 * @entry: our place in its wait queue
 * @table: used while joining that queue
 * @work: unmasks the line, because the waker may itself hold an eventfd's lock
 */
struct vfio_eoi {
	struct eventfd_ctx *ctx;
	wait_queue_entry_t entry;
	poll_table table;
	struct work_struct work;
};

/**
 * struct vfio_vector - one MSI or MSI-X vector
 * @direct: @trigger, unless @masked; read by the handler alone, first and
 *	without @lock
 * @lock: guards the rest; taken in hard interrupts
 * @trigger: what to signal, or NULL
 * @virq: the kernel's number of it
 * @index: our number of it
 * @masked: keep back what comes
 * @pending: something came while @masked or without @trigger
 * @vdev: whose it is
 */
struct vfio_vector {
	struct eventfd_ctx *direct;
	spinlock_t lock;
	struct eventfd_ctx *trigger;
	int virq;
	unsigned int index;
	bool masked;
	bool pending;
	struct vfio_dev *vdev;
};

/**
 * struct vfio_recovery - what a recovery from errors wants done
 * @reset: the slot was reset, or a user wants to hear that it was; of the
 *	callbacks of the core alone, which the device lock keeps apart
 * @work: does the rest
 * @wait: woken when it has been done
 * @frozen: registers are to be closed
 * @restore: the configuration is to be put back first
 * @nr_ordered: times that something was wanted
 * @nr_done: those that have been done
 */
struct vfio_recovery {
	bool reset;
	struct work_struct work;
	wait_queue_head_t wait;
	bool frozen;
	bool restore;
	unsigned int nr_ordered;
	unsigned int nr_done;
};

/**
 * struct vfio_dev - a bound device, until its last file has been closed
 * @dev: class device; its last reference frees this
 * @cdev: character device
 * @pdev: the PCI device; we hold a reference
 * @bridge: &pci_bus.self of its bus, or NULL; likewise, for those who look at
 *	it without @lock
 * @link: place in the list of bound devices
 * @number: the one in its name, ours while bound
 * @minor: minor number, ours while bound
 * @dir: the directory vfio/ in the PCI device's own
 * @inode: owns the address space in which all mmaps of BARs are found
 * @pristine: configuration as it was before the first user
 * @was_silent: users were asked about a suspend, said nothing, and that has
 *	counted; of the one who asks, and of first opens
 * @bars: BARs; see there
 * @rom_size: bytes of the ROM BAR
 * @rom_tried: it had no address, and one was asked for; guarded by @lock
 *
 * @leaving: it is about to go: nobody waits for @lock any more. Set once
 * @pressing: how many of the kernel's own want @lock; users let them go first,
 *	and wait on @unpaused
 * @turn: held by the user's call that is next to take @lock, if that was taken
 * @lock: guards what follows, and &vfio_dev.config
 * @gone: unbound or unplugged: every call is -ENODEV. Set once
 * @nr_open: open files
 * @closed: woken when @nr_open becomes 0
 * @frozen: an error of the bus is being dealt with
 * @recovery: from that; guarded by a lock of its own
 * @needs_reset: the reset after the last close could not be done
 * @dirty: was a driver's or a user's since its last reset. Read without the
 *	lock by those who then look again
 * @stale: was @dirty when it was opened: registers may hold what others left
 * @told: the log says so already
 * @nr_resets: resets that go on, or are about to, without @lock being held all
 *	the time: of others, and of a bus. Calls wait on @unpaused until they
 *	are over. Raised without @lock, lowered with it
 * @resetter: who resets the device at our wish, with @lock held, or NULL; read
 *	under the device lock of the driver core
 * @att: attachment to a domain, or NULL. @attached tells the same to readers
 *	without the lock
 * @attached: is there a domain? written with @mem held as well
 * @config: configuration space
 * @irqs: which interrupts are on, see irq_rules.h
 * @msix: what its MSI-X capability has said at probe; fixed
 * @msix_cap: where that is, while it is hidden from the PCI core because it
 *	cannot be believed; 0 while it is not
 * @had: last known number of vectors of each kind that can be had
 * @vectors: MSI or MSI-X vectors; @nr_room of them
 * @nr_room: size of @vectors
 * @eoi: see there
 *
 * @mem: guards @open and @paused, and all use of the device's memory
 * @open: VFIO_OPEN_*: what can be reached
 * @paused: closed for a moment; who finds it closed waits on @unpaused
 * @unpaused: see @paused
 *
 * @irq_lock: guards @intx; taken in hard interrupts
 * @intx: see there
 *
 * @users: goes up when a last file is closed; written under the lock of the
 *	clients
 * @given_up: the value of @users that stands for those who gave it up after an
 *	error; for them every call is -EIO
 */
struct vfio_dev {
	struct device dev;
	struct cdev cdev;
	struct pci_dev *pdev;
	struct pci_dev *bridge;
	struct list_head link;
	int number;
	int minor;
	struct kobject *dir;
	struct inode *inode;
	struct pci_saved_state *pristine;
	bool was_silent;
	struct vfio_bar bars[REGION_NR_BARS];
	u64 rom_size;
	bool rom_tried;

	bool leaving;
	atomic_t pressing;
	struct mutex turn;
	struct mutex lock;
	bool gone;
	unsigned int nr_open;
	wait_queue_head_t closed;
	bool frozen;
	struct vfio_recovery recovery;
	bool needs_reset;
	bool dirty;
	bool stale;
	bool told;
	atomic_t nr_resets;
	struct task_struct *resetter;
	struct uiommu_attachment *att;
	bool attached;
	struct vfio_config config;
	struct irq_state irqs;
	struct irq_msix msix;
	u8 msix_cap;
	u32 had[IRQ_NR_KINDS];
	struct vfio_vector *vectors;
	unsigned int nr_room;
	struct vfio_eoi eoi;

	struct rw_semaphore mem;
	unsigned int open;
	bool paused;
	wait_queue_head_t unpaused;

	spinlock_t irq_lock;
	struct vfio_intx intx;

	u64 users;
	u64 given_up;
};

/**
 * struct vfio_file - one open file of a device
 * @vdev: the device
 * @owner: owner of the mappings made through it, from the first map after each
 *	VFIO_DOMAIN_SET on; guarded by &vfio_dev.lock
 */
struct vfio_file {
	struct vfio_dev *vdev;
	struct uiommu_owner *owner;
};

/* main.c */
extern bool vfio_allow_unsafe_intrs;
extern unsigned int vfio_max_vectors;
extern bool vfio_suspend_anyway;
extern unsigned int vfio_veto_interval;
extern struct pci_driver vfio_driver;

/* device.c */
extern struct class *vfio_class;
int vfio_devices_init(void);
void vfio_devices_exit(void);
struct vfio_dev *vfio_dev_create(struct pci_dev *pdev);
void vfio_dev_remove(struct vfio_dev *vdev);
void vfio_for_each_dev(void (*visit)(struct vfio_dev *vdev, void *data),
		       void *data);
int vfio_enter(struct vfio_dev *vdev);
int vfio_enter_at_once(struct vfio_dev *vdev);
int vfio_enter_attached(struct vfio_dev *vdev);
void vfio_enter_anyway(struct vfio_dev *vdev);
void vfio_enter_first(struct vfio_dev *vdev);
void vfio_leave_first(struct vfio_dev *vdev);
bool vfio_is_busy(struct vfio_dev *vdev);
int vfio_wait_for_others(struct vfio_dev *vdev);
void vfio_leave(struct vfio_dev *vdev);

/* fs.c */
int vfio_fs_get_inode(struct vfio_dev *vdev);
void vfio_fs_put_inode(struct vfio_dev *vdev);

/* file.c, ioctl.c */
extern const struct file_operations vfio_fops;
long vfio_ioctl(struct file *filp, unsigned int cmd, unsigned long arg);

/* domain.c */
int vfio_domain_set(struct vfio_dev *vdev, int fd);
int vfio_domain_unset(struct vfio_file *file);
void vfio_domain_drop(struct vfio_dev *vdev);
int vfio_domain_map(struct vfio_file *file, const struct vfio_dma_map *map);
int vfio_domain_unmap(struct vfio_file *file, const struct vfio_dma_map *map);

/* bar.c, rom.c */
int vfio_bars_init(struct vfio_dev *vdev);
void vfio_bars_exit(struct vfio_dev *vdev);
int vfio_begin_access(struct vfio_dev *vdev, unsigned int what);
void vfio_end_access(struct vfio_dev *vdev);
int vfio_bar_check_write(struct vfio_dev *vdev, const struct region_pos *pos,
			 size_t count);
int vfio_bar_read(struct vfio_dev *vdev, const struct region_pos *pos,
		  void *buf, size_t count);
int vfio_bar_write(struct vfio_dev *vdev, const struct region_pos *pos,
		   const void *buf, size_t count);
int vfio_rom_read(struct vfio_dev *vdev, u64 offset, void *buf, size_t count);

/* mmap.c */
void vfio_mmap_init(void);
void vfio_mmap_exit(void);
int vfio_mmap(struct file *filp, struct vm_area_struct *vma);
int vfio_mmio_phys(void *priv, struct vm_area_struct *vma, unsigned long vaddr,
		   size_t size, phys_addr_t *phys);
void vfio_mem_update(struct vfio_dev *vdev);
void vfio_mem_pause(struct vfio_dev *vdev);

/* reset.c */
extern const struct vfio_config_ops vfio_config_ops;
u8 vfio_reset_method(struct pci_dev *pdev);
int vfio_reset_error(int ret);
int vfio_reset(struct vfio_dev *vdev);
void vfio_reset_begin(struct vfio_dev *vdev);
void vfio_reset_end(struct vfio_dev *vdev, int ret);
void vfio_reset_finish(struct vfio_dev *vdev);
void vfio_reset_pristine(struct vfio_dev *vdev);
void vfio_reset_restore(struct vfio_dev *vdev);
int vfio_reset_held(struct pci_dev *pdev);
void vfio_reset_unbinding(struct vfio_dev *vdev);
void vfio_reset_prepare(struct pci_dev *pdev);
void vfio_reset_done(struct pci_dev *pdev);

/* reset_bus.c */
bool vfio_bus_is_for(struct pci_dev *pdev);
bool vfio_bus_resettable(struct vfio_dev *vdev);
int vfio_bus_reset(struct vfio_file *file, const s32 *fds, u32 count);
void vfio_bus_reset_idle(struct vfio_dev *vdev);

/* recovery.c, power.c; netlink.c has a header of its own */
void vfio_recovery_init(struct vfio_dev *vdev);
void vfio_recovery_exit(struct vfio_dev *vdev);
bool vfio_given_up(struct vfio_dev *vdev);
extern const struct pci_error_handlers vfio_error_handlers;
extern const struct dev_pm_ops vfio_pm_ops;
int vfio_power_init(void);
void vfio_power_exit(void);

/* irq.c */
void vfio_irqs_init(struct vfio_dev *vdev);
void vfio_irqs_exit(struct vfio_dev *vdev);
void vfio_msix_hide(struct vfio_dev *vdev);
int vfio_irq_enable(struct vfio_dev *vdev, u32 kind, u32 count);
int vfio_irq_grow(struct vfio_dev *vdev, u32 kind, u32 count);
void vfio_irqs_off(struct vfio_dev *vdev);
int vfio_irq_bind(struct vfio_dev *vdev, u32 kind, u32 first, u32 count,
		  struct eventfd_ctx **ctxs);
int vfio_irq_act(struct vfio_dev *vdev, const struct uvfio_irq_set *set);
void vfio_irq_count(struct vfio_dev *vdev, u32 kind);
int vfio_eventfds_get(const s32 *fds, u32 count, struct eventfd_ctx **ctxs);
void vfio_eventfds_put(struct eventfd_ctx **ctxs, u32 count);

/* irq_intx.c */
void vfio_intx_init(struct vfio_dev *vdev);
void vfio_intx_exit(struct vfio_dev *vdev);
int vfio_intx_enable(struct vfio_dev *vdev);
void vfio_intx_disable(struct vfio_dev *vdev);
void vfio_intx_bind(struct vfio_dev *vdev, struct eventfd_ctx **ctx);
void vfio_intx_fire(struct vfio_dev *vdev);
void vfio_intx_set(struct vfio_dev *vdev, unsigned int reasons);
void vfio_intx_clear(struct vfio_dev *vdev, unsigned int reasons);
void vfio_intx_sync(struct vfio_dev *vdev);

/* irq_eoi.c */
void vfio_eoi_init(struct vfio_dev *vdev);
int vfio_eoi_set(struct vfio_dev *vdev, int fd);
void vfio_eoi_drop(struct vfio_dev *vdev);

/* irq_msi.c */
int vfio_msi_enable(struct vfio_dev *vdev, u32 kind, u32 count);
int vfio_msi_grow(struct vfio_dev *vdev, u32 count);
void vfio_msi_disable(struct vfio_dev *vdev);
void vfio_msi_bind(struct vfio_vector *vector, struct eventfd_ctx **ctx);
void vfio_msi_act(struct vfio_vector *vector, u32 action);
int vfio_msi_try(struct vfio_dev *vdev, u32 kind, u32 count);

/* info.c */
void vfio_device_info(struct vfio_dev *vdev, struct uvfio_device_info *info);
void vfio_device_resets(struct vfio_dev *vdev, struct uvfio_device_info *info);
int vfio_region_info(struct vfio_dev *vdev, struct uvfio_region_info *info,
		     struct region_range *windows);
int vfio_irq_info(struct vfio_dev *vdev, struct uvfio_irq_info *info);

/* sysfs.c */
extern const struct attribute_group *vfio_pci_groups[];
extern const struct attribute_group *vfio_dev_groups[];
int vfio_sysfs_add(struct vfio_dev *vdev);
void vfio_sysfs_remove(struct vfio_dev *vdev);

#endif /* _VFIO_DEVICE_H */
