// SPDX-License-Identifier: GPL-2.0
/*
 * The configuration registers of the real device, by the accessors made for
 * users: they wait while the kernel keeps users out (a self test, a reset).
 * Owns what must be put back into a device that has lost it.
 *
 * The invariant: a device outside D0 is not touched but to clear Bus Master,
 * and that is set only in one that is attached to a domain. Interrupt Disable
 * is the interrupt code's.
 */
#include <linux/pci.h>
#include <linux/spinlock.h>

#include "config_hw.h"
#include "irq_rules.h"

/*
 * Interrupt Disable is written with the rest of the command register as it
 * was: without this, a Bus Master that was cleared meanwhile would be set
 * again. The innermost lock but for the PCI core's own; one for all devices, as
 * that is.
 */
static DEFINE_SPINLOCK(command_lock);

/**
 * config_hw_reachable() - may the device be touched?
 * @cfg: configuration space
 *
 * Return: false in a low power state and after it has gone.
 */
bool config_hw_reachable(const struct vfio_config *cfg)
{
	return !cfg->gone && cfg->pdev->current_state == PCI_D0;
}

/**
 * config_hw_read() - read a register
 * @cfg: configuration space
 * @pos: its offset, a multiple of @size
 * @size: 1, 2 or 4
 *
 * Return: its value; all ones when there is no answer.
 */
u32 config_hw_read(const struct vfio_config *cfg, u32 pos, u32 size)
{
	u32 dword = ~0U;
	u16 word = ~0;
	u8 byte = ~0;

	if (!config_hw_reachable(cfg))
		return ~0U;
	switch (size) {
	case 1:
		pci_user_read_config_byte(cfg->pdev, pos, &byte);
		return byte;
	case 2:
		pci_user_read_config_word(cfg->pdev, pos, &word);
		return word;
	default:
		pci_user_read_config_dword(cfg->pdev, pos, &dword);
		return dword;
	}
}

/**
 * config_hw_write() - write a register
 * @cfg: configuration space
 * @pos: its offset, a multiple of @size
 * @size: 1, 2 or 4
 * @value: what to write
 */
void config_hw_write(const struct vfio_config *cfg, u32 pos, u32 size,
		     u32 value)
{
	if (!config_hw_reachable(cfg))
		return;
	switch (size) {
	case 1:
		pci_user_write_config_byte(cfg->pdev, pos, value);
		break;
	case 2:
		pci_user_write_config_word(cfg->pdev, pos, value);
		break;
	default:
		pci_user_write_config_dword(cfg->pdev, pos, value);
		break;
	}
}

static u32 bar_register(u32 bar)
{
	return bar == CFG_ROM_BAR ? PCI_ROM_ADDRESS :
				    PCI_BASE_ADDRESS_0 + 4 * bar;
}

/**
 * config_hw_save() - remember what a reset may lose
 * @cfg: configuration space of a device that has been enabled
 *
 * BARs are known from the kernel's resources already.
 */
void config_hw_save(struct vfio_config *cfg)
{
	u16 decode = PCI_COMMAND_IO | PCI_COMMAND_MEMORY;

	cfg->decoding = config_hw_read(cfg, PCI_COMMAND, 2) & decode;
}

/* As a word: QEMU overlooks Interrupt Disable in a write of its byte alone */
static void write_intx(struct pci_dev *pdev, u16 old, bool mask)
{
	u16 new = old & ~PCI_COMMAND_INTX_DISABLE;

	if (mask)
		new |= PCI_COMMAND_INTX_DISABLE;
	/* All ones: nobody is there */
	if (new != old && old != 0xffff)
		pci_write_config_word(pdev, PCI_COMMAND, new);
}

/**
 * vfio_config_mask_intx() - set Interrupt Disable in the hardware
 * @pdev: the device
 * @mask: set it, or clear it
 */
void vfio_config_mask_intx(struct pci_dev *pdev, bool mask)
{
	unsigned long flags;
	u16 old = 0xffff;

	spin_lock_irqsave(&command_lock, flags);
	pci_read_config_word(pdev, PCI_COMMAND, &old);
	write_intx(pdev, old, mask);
	spin_unlock_irqrestore(&command_lock, flags);
}

/**
 * vfio_config_take_intx() - set Interrupt Disable if the line is raised
 * @pdev: the device, whose status tells
 * @obeyed: where to store whether that is set now, as it reads
 *
 * Return: did it raise the line?
 */
bool vfio_config_take_intx(struct pci_dev *pdev, bool *obeyed)
{
	u32 command_status = ~0U;
	u16 command = 0xffff;
	unsigned long flags;
	bool raised;

	spin_lock_irqsave(&command_lock, flags);
	pci_read_config_dword(pdev, PCI_COMMAND, &command_status);
	raised = irq_line_raised(command_status);
	if (raised) {
		write_intx(pdev, command_status, true);
		pci_read_config_word(pdev, PCI_COMMAND, &command);
	}
	spin_unlock_irqrestore(&command_lock, flags);
	*obeyed = command & PCI_COMMAND_INTX_DISABLE;
	return raised;
}

/*
 * Change bits of the command register's low byte. The accessors for users may
 * sleep, so those of the kernel are used with users kept out.
 */
static void change_command(struct pci_dev *pdev, u8 clear, u8 set)
{
	unsigned long flags;
	u8 old, new;

	pci_cfg_access_lock(pdev);
	spin_lock_irqsave(&command_lock, flags);
	pci_read_config_byte(pdev, PCI_COMMAND, &old);
	new = (old & ~clear) | set;
	/* All ones: nobody is there */
	if (new != old && old != 0xff)
		pci_write_config_byte(pdev, PCI_COMMAND, new);
	spin_unlock_irqrestore(&command_lock, flags);
	pci_cfg_access_unlock(pdev);
}

/*
 * The first BAR tells of all. Those of a virtual function are its physical
 * function's.
 */
static bool has_bars(const struct vfio_config *cfg)
{
	const struct config_facts *facts = &cfg->map->facts;
	u32 bar = 0, value;

	while (bar < PCI_STD_NUM_BARS && !facts->bar_masks[bar])
		bar++;
	if (bar == PCI_STD_NUM_BARS || cfg->pdev->is_virtfn)
		return true;
	value = config_hw_read(cfg, bar_register(bar), 4);
	return !((value ^ facts->bars[bar]) & facts->bar_masks[bar]);
}

/* The kernel has MSI or MSI-X on; does the device, too? */
static bool has_messages(const struct vfio_config *cfg)
{
	struct pci_dev *pdev = cfg->pdev;
	u32 pos;

	if (pdev->msix_enabled) {
		pos = pdev->msix_cap + PCI_MSIX_FLAGS;
		return config_hw_read(cfg, pos, 2) & PCI_MSIX_FLAGS_ENABLE;
	}
	pos = pdev->msi_cap + PCI_MSI_FLAGS;
	return !pdev->msi_enabled ||
	       config_hw_read(cfg, pos, 2) & PCI_MSI_FLAGS_ENABLE;
}

static void restore_bars(struct vfio_config *cfg)
{
	u32 bar;

	for (bar = 0; bar < CFG_NUM_BARS; bar++)
		config_hw_write(cfg, bar_register(bar), 4,
				cfg->map->facts.bars[bar]);
	config_hw_sync_devctl(cfg);
	change_command(cfg->pdev, 0, cfg->decoding);
}

/*
 * Messages go last: the table of MSI-X is in a BAR, and a device that has not
 * taken its BARs is not there.
 */
static void restore_lost(struct vfio_config *cfg, u8 command)
{
	bool bars;

	if (!config_hw_reachable(cfg))
		return;
	bars = (command & cfg->decoding) == cfg->decoding && has_bars(cfg);
	if (bars && has_messages(cfg))
		return;
	if (!bars)
		restore_bars(cfg);
	if (has_bars(cfg))
		pci_restore_msi_state(cfg->pdev);
}

/**
 * config_hw_restore_lost() - repair a device that was reset behind our back
 * @cfg: configuration space
 *
 * A register of the device's own may reset it; then decoding is off, the BARs
 * are empty or its messages are off. Decoding in the hardware is on as long as
 * the device is ours, whatever the user wrote, so that this is seen.
 */
void config_hw_restore_lost(struct vfio_config *cfg)
{
	restore_lost(cfg, config_hw_read(cfg, PCI_COMMAND, 1));
}

static u8 wanted_master(const struct vfio_config *cfg)
{
	if (!cfg->attached || config_power_state(cfg->map))
		return 0;
	return config_command(cfg->map) & PCI_COMMAND_MASTER;
}

/**
 * config_hw_sync_master() - make Bus Master what it should be
 * @cfg: configuration space
 */
void config_hw_sync_master(struct vfio_config *cfg)
{
	if (!config_hw_reachable(cfg))
		return;
	change_command(cfg->pdev, PCI_COMMAND_MASTER, wanted_master(cfg));
}

/**
 * config_hw_sync_command() - as the user has written the command register
 * @cfg: configuration space
 * @used: he wants something of the device: repair what it has lost
 *
 * Mostly all is as it should be, and a look at a few registers tells.
 */
void config_hw_sync_command(struct vfio_config *cfg, bool used)
{
	u8 command;

	if (!config_hw_reachable(cfg))
		return;
	command = config_hw_read(cfg, PCI_COMMAND, 1);
	if (used)
		restore_lost(cfg, command);
	if ((command & PCI_COMMAND_MASTER) != wanted_master(cfg))
		config_hw_sync_master(cfg);
}

/**
 * config_hw_clear_master() - end all DMA of a device
 * @cfg: configuration space
 *
 * Whatever power state it is thought to be in: one that has not answered for a
 * moment counts as D3cold, and may be at work again.
 */
void config_hw_clear_master(struct vfio_config *cfg)
{
	if (!cfg->gone)
		change_command(cfg->pdev, PCI_COMMAND_MASTER, 0);
}

/**
 * config_hw_sync_devctl() - make Device Control what it should be
 * @cfg: configuration space
 */
void config_hw_sync_devctl(struct vfio_config *cfg)
{
	u32 pos = cfg->map->exp + PCI_EXP_DEVCTL;
	u16 hardware, wanted;

	if (!cfg->map->exp || !config_hw_reachable(cfg))
		return;
	hardware = config_hw_read(cfg, pos, 2);
	wanted = config_devctl(cfg->map, cfg->snoop_enforced, hardware);
	if (wanted != hardware)
		config_hw_write(cfg, pos, 2, wanted);
}
