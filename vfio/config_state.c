// SPDX-License-Identifier: GPL-2.0
/*
 * Virtual registers as their meaning: what the user has set, and what of it
 * the hardware may be told. Owns nothing; the invariant is that what the
 * hardware is told never depends on registers that the user cannot write.
 */
#include "config_rules.h"

/* Read requests of more than 4096 bytes are reserved */
#define READRQ_MAX 5

static u16 devctl(const struct config_map *map)
{
	return map->exp ? map->regs[DW(map->exp + PCI_EXP_DEVCTL)] : 0;
}

/**
 * config_command() - the command register as the user wrote it
 * @map: the map
 *
 * Return: its value.
 */
u16 config_command(const struct config_map *map)
{
	return map->regs[DW(PCI_COMMAND)];
}

/**
 * config_set_master() - Bus Master changes without a write of the user
 * @map: the map
 * @master: what it becomes
 */
void config_set_master(struct config_map *map, bool master)
{
	u32 *command = &map->regs[DW(PCI_COMMAND)];

	*command &= ~PCI_COMMAND_MASTER;
	if (master)
		*command |= PCI_COMMAND_MASTER;
}

/**
 * config_power_state() - the power state that the user wants
 * @map: the map
 *
 * Return: 0 to 3, for D0 to D3hot.
 */
u32 config_power_state(const struct config_map *map)
{
	if (!map->pm)
		return 0;
	return map->regs[DW(map->pm + PCI_PM_CTRL)] & PCI_PM_CTRL_STATE_MASK;
}

/**
 * config_set_power_state() - the power state is another than was asked for
 * @map: the map
 * @state: 0 to 3
 */
void config_set_power_state(struct config_map *map, u32 state)
{
	u32 *ctrl = &map->regs[DW(map->pm + PCI_PM_CTRL)];

	if (map->pm)
		*ctrl = (*ctrl & ~PCI_PM_CTRL_STATE_MASK) | state;
}

/**
 * config_devctl() - Device Control for the hardware
 * @map: the map
 * @snoop_enforced: does the IOMMU snoop whatever the device asks for?
 * @hardware: what is in it
 *
 * Only Relaxed Ordering and No Snoop are the user's, the latter only where it
 * cannot pass by the caches; the rest stays as it is.
 *
 * Return: the value to write.
 */
u16 config_devctl(const struct config_map *map, bool snoop_enforced,
		  u16 hardware)
{
	u16 own = PCI_EXP_DEVCTL_RELAX_EN | PCI_EXP_DEVCTL_NOSNOOP_EN;
	u16 wanted = devctl(map) & own;

	if (!snoop_enforced)
		wanted &= ~PCI_EXP_DEVCTL_NOSNOOP_EN;
	return (hardware & ~own & ~PCI_EXP_DEVCTL_BCR_FLR) | wanted;
}

/**
 * config_readrq() - the largest read request that the user wants
 * @map: the map
 *
 * Return: bytes, or 0 when the value has no meaning.
 */
u32 config_readrq(const struct config_map *map)
{
	u32 code = (devctl(map) & PCI_EXP_DEVCTL_READRQ) >> 12;

	return map->exp && code <= READRQ_MAX ? 128U << code : 0;
}

/**
 * config_vpd_address() - where the user wants to read vital product data
 * @map: the map
 *
 * Return: the address; its lowest bits have no meaning.
 */
u16 config_vpd_address(const struct config_map *map)
{
	return map->regs[DW(map->vpd)] >> 16 & PCI_VPD_ADDR_MASK & ~3;
}

/**
 * config_vpd_done() - vital product data has been read
 * @map: the map
 * @data: the four bytes
 */
void config_vpd_done(struct config_map *map, u32 data)
{
	map->regs[DW(map->vpd + PCI_VPD_DATA)] = data;
	map->regs[DW(map->vpd)] |= (u32)PCI_VPD_ADDR_F << 16;
}
