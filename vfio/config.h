/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The configuration space as the user of a device sees it: effects
 *
 * Rules are in config_rules.h and know no device; what they ask for is done
 * in config.c. Bus mastering, Enable No Snoop, power state, resets through
 * configuration space, and BARs and messages lost in a reset are this part's;
 * mmaps, interrupts and the reset itself are its owner's, reached by
 * vfio_config_ops.
 *
 * Locking: one lock of the owner (the device lock, one that sleeps) guards
 * everything here. It is held by the caller of every function but those that
 * say "no lock". No function here touches user memory.
 */
#ifndef _VFIO_CONFIG_H
#define _VFIO_CONFIG_H

#include <linux/bits.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/types.h>

struct config_map;
struct config_permits;
struct vfio_config;

/**
 * struct vfio_config_ops - what the owner does when the user writes
 * @decode_changed: vfio_config_memory_on() or vfio_config_io_on() has changed.
 *	Already visible when called. When memory went off: zap the mmaps of
 *	BARs and revoke peer-to-peer mappings before returning. When it came
 *	on: faults may succeed again, nothing to do.
 * @command_written: the user wrote the command register; @intx_disable is its
 *	Interrupt Disable as the user wrote it. If clear: unmask INTx now (also
 *	after an interrupt that was not answered); if set: keep it masked. The
 *	real bit in the hardware is the owner's alone: vfio_config_mask_intx().
 * @reset: the user asked for a function level reset by configuration space:
 *	do what VFIO_RESET_FUNCTION does, from zapping to
 *	vfio_config_restored() included, without waiting for a lock that
 *	unbinding holds. May fail, the user does not hear of it.
 *
 * All are called with the device lock held and find their object by
 * container_of() from @cfg.
 */
struct vfio_config_ops {
	void (*decode_changed)(struct vfio_config *cfg);
	void (*command_written)(struct vfio_config *cfg, bool intx_disable);
	int (*reset)(struct vfio_config *cfg);
};

/**
 * struct vfio_config - configuration space of one bound device
 * @pdev: the device; outlives this
 * @ops: the owner's part
 * @map: rules and virtual registers; guarded by the device lock
 * @permits: what config_permit widened; read without a lock
 * @permit_lock: guards writes of @permits, and the map while it is rebuilt;
 *	taken inside the device lock
 * @path: CFG_PATH_*; fixed at probe
 * @decoding: decode bits of the command register in the hardware since the
 *	first open
 * @decode: VFIO_DECODE_* bits in force; written under the device lock, read
 *	anywhere
 * @attached: is there a domain, may the device be bus master?
 * @snoop_enforced: may the user set Enable No Snoop?
 * @gone: the device is not ours any more (unbound or unplugged)
 * @vpd_failed: the last read of its vital product data did, at @vpd_asked
 * @vpd_asked: jiffies of that
 */
struct vfio_config {
	struct pci_dev *pdev;
	const struct vfio_config_ops *ops;
	struct config_map *map;
	struct config_permits *permits;
	struct mutex permit_lock; /* permits, and the map while rebuilt */
	u32 path;
	u16 decoding;
	u32 decode;
	bool attached;
	bool snoop_enforced;
	bool gone;
	bool vpd_failed;
	unsigned long vpd_asked;
};

#define VFIO_DECODE_IO BIT(0)
#define VFIO_DECODE_MEMORY BIT(1)

/* Probe and remove: no lock; nobody else knows of @cfg yet, or any more */
int vfio_config_check(struct pci_dev *pdev);
int vfio_config_init(struct vfio_config *cfg, struct pci_dev *pdev,
		     const struct vfio_config_ops *ops);
void vfio_config_exit(struct vfio_config *cfg);

/* First open (device enabled and in D0): registers as after power on */
void vfio_config_open(struct vfio_config *cfg);

/*
 * After uiommu_attach(): what the user writes to Bus Master now reaches the
 * device. Before a detach: bus mastering goes off, and reads as off. If there
 * is none after all: attach again, and set it if it was on.
 */
void vfio_config_attach(struct vfio_config *cfg, bool enforces_snoop);
void vfio_config_detach(struct vfio_config *cfg);

/* Before a reset of a device in use: its registers must be there to be saved */
void vfio_config_wake(struct vfio_config *cfg);
bool vfio_config_asleep(const struct vfio_config *cfg);

/* After a reset of the function with its configuration restored */
void vfio_config_restored(struct vfio_config *cfg);

/* Removal: from here on reads and writes are -ENODEV, hardware left alone */
void vfio_config_gone(struct vfio_config *cfg);

/*
 * @buf is kernel memory. Both return the number of bytes (less than @count at
 * the end of the space only), 0 for a read at the end, -EINVAL for a write
 * beyond it, -ENODEV when the device has gone.
 */
ssize_t vfio_config_read(struct vfio_config *cfg, void *buf, size_t count,
			 loff_t pos);
ssize_t vfio_config_write(struct vfio_config *cfg, const void *buf,
			  size_t count, loff_t pos);

/* Size of the space the user sees: 256 or 4096. No lock. */
size_t vfio_config_size(const struct vfio_config *cfg);

/* Bytes of a BAR as all answers tell them. No lock. */
u64 vfio_config_bar_size(const struct pci_dev *pdev, int bar);

/* Interrupt Disable of the hardware. No lock, any context. */
void vfio_config_mask_intx(struct pci_dev *pdev, bool mask);
bool vfio_config_take_intx(struct pci_dev *pdev, bool *obeyed);

/* Bus Master and Interrupt Disable as the user wrote them */
bool vfio_config_master(const struct vfio_config *cfg);
bool vfio_config_intx_disabled(const struct vfio_config *cfg);

/*
 * Bodies of the sysfs attribute config_permit (mode 0600), whose wrappers find
 * @cfg. No lock: they never take the device lock.
 */
ssize_t vfio_config_permit_show(struct vfio_config *cfg, char *buf);
ssize_t vfio_config_permit_store(struct vfio_config *cfg, const char *buf,
				 size_t count);

/**
 * vfio_config_memory_on - may memory BARs and the ROM be reached?
 * @cfg: configuration space
 *
 * False while the user has Memory Space Enable clear or the device in a low
 * power state. No lock, but stable only under the device lock or one that
 * decode_changed() takes.
 *
 * Return: the answer.
 */
static inline bool vfio_config_memory_on(const struct vfio_config *cfg)
{
	return READ_ONCE(cfg->decode) & VFIO_DECODE_MEMORY;
}

/**
 * vfio_config_io_on - may I/O BARs be reached?
 * @cfg: configuration space
 *
 * Return: the answer; see vfio_config_memory_on().
 */
static inline bool vfio_config_io_on(const struct vfio_config *cfg)
{
	return READ_ONCE(cfg->decode) & VFIO_DECODE_IO;
}

#endif /* _VFIO_CONFIG_H */
