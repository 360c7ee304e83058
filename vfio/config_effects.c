// SPDX-License-Identifier: GPL-2.0
/*
 * What a write to configuration space does besides changing bits. Owns the
 * power state and cfg->decode. The invariant: the owner has taken memory away
 * from the user before the device stops answering, and gives it back after it
 * answers again.
 */
#include <linux/jiffies.h>
#include <linux/pci.h>
#include <asm/byteorder.h>

#include "config_hw.h"

#define VPD_REST (60 * HZ)

static u32 decode_wanted(const struct vfio_config *cfg)
{
	u16 command = config_command(cfg->map);

	BUILD_BUG_ON(VFIO_DECODE_IO != PCI_COMMAND_IO);
	BUILD_BUG_ON(VFIO_DECODE_MEMORY != PCI_COMMAND_MEMORY);
	if (config_power_state(cfg->map))
		return 0;
	return command & (PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
}

/**
 * config_update_decode() - let what may be reached follow the registers
 * @cfg: configuration space
 */
void config_update_decode(struct vfio_config *cfg)
{
	u32 wanted = decode_wanted(cfg);

	if (cfg->decode == wanted)
		return;
	WRITE_ONCE(cfg->decode, wanted);
	cfg->ops->decode_changed(cfg);
}

static bool wants_device(const struct vfio_config *cfg)
{
	u16 uses = PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;

	return config_command(cfg->map) & uses;
}

static void change_command(struct vfio_config *cfg)
{
	config_hw_sync_command(cfg, wants_device(cfg));
	config_update_decode(cfg);
	cfg->ops->command_written(cfg, vfio_config_intx_disabled(cfg));
}

/* The registers say what is: a transition may be refused, or not take place */
static void note_power(struct vfio_config *cfg)
{
	u32 state = (__force u32)cfg->pdev->current_state;

	config_set_power_state(cfg->map, min(state, 3U));
}

static void sleep_device(struct vfio_config *cfg, pci_power_t state)
{
	bool awake = cfg->pdev->current_state == PCI_D0;

	/* One that does not answer has no state worth saving */
	if (awake && config_hw_read(cfg, PCI_COMMAND, 2) == 0xffff) {
		note_power(cfg);
		return;
	}
	config_update_decode(cfg);
	config_hw_sync_master(cfg);
	if (awake)
		pci_save_state(cfg->pdev);
	pci_set_power_state(cfg->pdev, state);
	note_power(cfg);
	/* Still awake it goes on as before */
	config_hw_sync_master(cfg);
}

static void wake_device(struct vfio_config *cfg)
{
	/* The core logs a line for each try with one that is silent */
	if (!pci_device_is_present(cfg->pdev) ||
	    pci_set_power_state(cfg->pdev, PCI_D0)) {
		note_power(cfg);
		return;
	}
	pci_restore_state(cfg->pdev);
	vfio_config_restored(cfg);
	cfg->ops->command_written(cfg, vfio_config_intx_disabled(cfg));
}

/**
 * vfio_config_wake() - wake a device that its user has put to sleep
 * @cfg: configuration space
 *
 * Before a reset: the kernel saves registers around it, and a device that
 * wakes by being reset may have none to save.
 */
void vfio_config_wake(struct vfio_config *cfg)
{
	if (!config_power_state(cfg->map))
		return;
	config_set_power_state(cfg->map, 0);
	wake_device(cfg);
}

/**
 * vfio_config_asleep() - has its user put the device to sleep?
 * @cfg: configuration space
 *
 * Return: the answer.
 */
bool vfio_config_asleep(const struct vfio_config *cfg)
{
	return config_power_state(cfg->map);
}

static void change_power(struct vfio_config *cfg)
{
	u32 state = config_power_state(cfg->map);

	if (state)
		sleep_device(cfg, (__force pci_power_t)state);
	else
		wake_device(cfg);
	/* a state that was refused leaves the device awake */
	config_update_decode(cfg);
}

/*
 * The core reads it by way of function 0, and waits for that one's
 * configuration, with our lock held: who resets both at once waits for us.
 */
static bool vpd_is_of_another(const struct vfio_config *cfg)
{
	return cfg->pdev->dev_flags & PCI_DEV_FLAGS_VPD_REF_F0;
}

/*
 * For each failure the core has a line in the log: it is not asked again for a
 * while, whoever opens or resets the device meanwhile.
 */
static bool read_vpd(struct vfio_config *cfg, u16 pos, size_t size, void *buf)
{
	ssize_t ret;

	if (vpd_is_of_another(cfg) ||
	    (cfg->vpd_failed &&
	     time_before(jiffies, cfg->vpd_asked + VPD_REST)))
		return false;
	ret = pci_read_vpd(cfg->pdev, pos, size, buf);
	/* without a length the core has found no beginning */
	cfg->vpd_failed = (ret < 0 && ret != -EINTR) || !cfg->pdev->vpd.len;
	cfg->vpd_asked = jiffies;
	return ret > 0;
}

/**
 * config_size_vpd() - have the PCI core find out how much VPD there is
 * @cfg: configuration space, at probe
 *
 * It reads all of it, which may take seconds: not at the first read of the
 * user, under the lock that a removal needs.
 */
void config_size_vpd(struct vfio_config *cfg)
{
	u8 first;

	if (cfg->map->vpd)
		read_vpd(cfg, 0, sizeof(first), &first);
}

static void fetch_vpd(struct vfio_config *cfg)
{
	/* the last of it may be less than four bytes */
	__le32 data = 0;

	if (config_hw_reachable(cfg) &&
	    read_vpd(cfg, config_vpd_address(cfg->map), sizeof(data), &data))
		config_vpd_done(cfg->map, le32_to_cpu(data));
}

/**
 * config_sync_readrq() - make Max_Read_Request_Size what the user wants
 * @cfg: configuration space
 */
void config_sync_readrq(struct vfio_config *cfg)
{
	int bytes = config_readrq(cfg->map);

	if (bytes && config_hw_reachable(cfg) &&
	    pcie_get_readrq(cfg->pdev) != bytes)
		pcie_set_readrq(cfg->pdev, bytes);
}

/**
 * config_carry_out() - do what a write has asked for
 * @cfg: configuration space
 * @effects: CFG_EFFECT_*
 */
void config_carry_out(struct vfio_config *cfg, u32 effects)
{
	if (effects & CFG_EFFECT_COMMAND)
		change_command(cfg);
	if (effects & CFG_EFFECT_DEVCTL)
		config_hw_sync_devctl(cfg);
	if (effects & CFG_EFFECT_READRQ)
		config_sync_readrq(cfg);
	if (effects & CFG_EFFECT_VPD)
		fetch_vpd(cfg);
	if (effects & CFG_EFFECT_POWER)
		change_power(cfg);
	if (effects & CFG_EFFECT_FLR && config_hw_reachable(cfg))
		cfg->ops->reset(cfg);
}
