// SPDX-License-Identifier: GPL-2.0
/*
 * Virtual registers as their meaning: what the user has set, and what of it
 * the hardware may be told. Owns nothing; the invariant is that what the
 * hardware is told never depends on registers that the user cannot write.
 */
#include "config_rules.h"

/* Read requests of more than 4096 bytes are reserved */
#define READRQ_MAX 5

/* 7.5.3.15, of PCI Express 4.0: the device completes, or asks with, 10 bits */
#define DEVCAP2_TAGS10_COMPLETER BIT(16)
#define DEVCAP2_TAGS10_REQUESTER BIT(17)
#define DEVCAP2_TIMEOUTS 0x000fU

#define DEVCTL2_TAGS10 0x1000U

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
 * Only Relaxed Ordering, No Snoop and, where they may be written, tags of 8
 * bits are the user's; No Snoop only where it cannot pass by the caches. The
 * rest stays as it is.
 *
 * Return: the value to write.
 */
u16 config_devctl(const struct config_map *map, bool snoop_enforced,
		  u16 hardware)
{
	u16 own = PCI_EXP_DEVCTL_RELAX_EN | PCI_EXP_DEVCTL_NOSNOOP_EN;
	u16 wanted;

	if (map->exp)
		own |= map->write[DW(map->exp + PCI_EXP_DEVCTL)] &
		       PCI_EXP_DEVCTL_EXT_TAG;
	wanted = devctl(map) & own;
	if (!snoop_enforced)
		wanted &= ~PCI_EXP_DEVCTL_NOSNOOP_EN;
	return (hardware & ~own & ~PCI_EXP_DEVCTL_BCR_FLR) | wanted;
}

/**
 * config_devctl2_bits() - bits of Device Control 2 that a user may write
 * @devcap2: what the device can
 * @path: CFG_PATH_*
 *
 * Completion timeout: how long the device waits for answers to itself, and
 * whether it gives up; nobody else waits with it. ID based ordering: of its own
 * requests against those of others, with whom it has no order to keep.
 * AtomicOps and tags of 10 bits are answered wrongly or not at all by ports
 * that do not know them, so all on the way must. The rest is not the user's:
 * ARI forwarding and blocking of egress and prefixes are of ports, latency
 * reports and OBFF decide about the sleep of the machine.
 *
 * Return: the mask.
 */
u32 config_devctl2_bits(u32 devcap2, u32 path)
{
	u32 bits = PCI_EXP_DEVCTL2_IDO_REQ_EN | PCI_EXP_DEVCTL2_IDO_CMP_EN;

	if (devcap2 & DEVCAP2_TIMEOUTS)
		bits |= PCI_EXP_DEVCTL2_COMP_TIMEOUT;
	if (devcap2 & PCI_EXP_DEVCAP2_COMP_TMOUT_DIS)
		bits |= PCI_EXP_DEVCTL2_COMP_TMOUT_DIS;
	if (path & CFG_PATH_ATOMICS)
		bits |= PCI_EXP_DEVCTL2_ATOMIC_REQ;
	if (path & CFG_PATH_TAGS10 && devcap2 & DEVCAP2_TAGS10_REQUESTER)
		bits |= DEVCTL2_TAGS10;
	return bits;
}

/**
 * config_pass_port() - one port on the way from a device to its root
 * @path: CFG_PATH_* of the way so far
 * @type: PCI_EXP_TYPE_* of the port
 * @devcap2: its Device Capabilities 2
 * @devctl2: its Device Control 2
 *
 * Ports of switches route AtomicOps, and the root completes those of 32 and of
 * 64 bits. The upstream port of a switch may block them on their way out.
 *
 * Return: CFG_PATH_* of the way with this port; 0 behind conventional PCI.
 */
u32 config_pass_port(u32 path, u32 type, u32 devcap2, u32 devctl2)
{
	u32 atomics = PCI_EXP_DEVCAP2_ATOMIC_ROUTE;

	if (type == PCI_EXP_TYPE_ROOT_PORT)
		atomics = PCI_EXP_DEVCAP2_ATOMIC_COMP32 |
			  PCI_EXP_DEVCAP2_ATOMIC_COMP64;
	else if (type != PCI_EXP_TYPE_UPSTREAM &&
		 type != PCI_EXP_TYPE_DOWNSTREAM)
		return 0;
	if ((devcap2 & atomics) != atomics ||
	    (type == PCI_EXP_TYPE_UPSTREAM &&
	     devctl2 & PCI_EXP_DEVCTL2_ATOMIC_EGRESS_BLOCK))
		path &= ~CFG_PATH_ATOMICS;
	if (!(devcap2 & DEVCAP2_TAGS10_COMPLETER))
		path &= ~CFG_PATH_TAGS10;
	return path;
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
