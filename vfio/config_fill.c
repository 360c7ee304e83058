// SPDX-License-Identifier: GPL-2.0
/*
 * Masks of the standard capabilities in which the user may write. Owns
 * nothing. The invariant: what is written here to the copy reaches the
 * hardware only by an effect, and interrupts and power never do.
 */
#include "config_tables.h"

/* A link must not be written; it is set by the walk */
#define LINK_BITS 0xffffU

/* Device Control: reporting and Aux Power are the kernel's, so a copy */
#define DEVCTL_BITS                                                         \
	(PCI_EXP_DEVCTL_CERE | PCI_EXP_DEVCTL_NFERE | PCI_EXP_DEVCTL_FERE | \
	 PCI_EXP_DEVCTL_URRE | PCI_EXP_DEVCTL_RELAX_EN |                    \
	 PCI_EXP_DEVCTL_AUX_PME | PCI_EXP_DEVCTL_NOSNOOP_EN |               \
	 PCI_EXP_DEVCTL_READRQ)

/* Device Status: errors seen */
#define DEVSTA_W1C 0x000fU

/* PCI-X command: relaxed ordering, read count, split transactions */
#define PCIX_BITS 0x007eU

/**
 * config_set_rule() - decide about a dword
 * @map: the map
 * @at: its offset
 * @rule: its masks
 * @copy: value of its virtual bits
 */
void config_set_rule(struct config_map *map, u32 at, struct config_rule rule,
		     u32 copy)
{
	map->virt[DW(at)] = rule.virt;
	map->regs[DW(at)] = copy & rule.virt;
	map->write[DW(at)] = rule.write;
	map->w1c[DW(at)] = rule.w1c;
}

static void set_virtual(struct config_map *map, u32 at, u32 write, u32 copy)
{
	struct config_rule rule = { .virt = ~0U, .write = write };

	config_set_rule(map, at, rule, copy);
}

/* The upper half of a capability's first dword; below are ID and link */
static void set_control(struct config_map *map, u32 at, u32 write, u32 copy)
{
	u32 link = map->regs[DW(at)] & LINK_BITS;

	set_virtual(map, at, write << 16, link | copy << 16);
}

/* Power states are an effect; PME belongs to the kernel and is hidden */
void config_fill_pm(struct config_map *map, u32 at, u32 size)
{
	u32 pmc = config_peek(&map->facts, at) >> 16;
	u32 ctrl = config_peek(&map->facts, at + PCI_PM_CTRL);

	if (map->pm)
		return;
	set_control(map, at, 0, pmc & ~PCI_PM_CAP_PME_MASK);
	set_virtual(map, at + PCI_PM_CTRL, PCI_PM_CTRL_STATE_MASK,
		    ctrl & PCI_PM_CTRL_NO_SOFT_RESET);
	map->kind[DW(at + PCI_PM_CTRL)] = CFG_PM;
	map->pm = at;
}

/* Read by the kernel's own routine; what it holds is never written */
void config_fill_vpd(struct config_map *map, u32 at, u32 size)
{
	if (map->vpd)
		return;
	set_control(map, at, PCI_VPD_ADDR_MASK | PCI_VPD_ADDR_F, 0);
	set_virtual(map, at + PCI_VPD_DATA, 0, 0);
	map->kind[DW(at)] = CFG_VPD;
	map->vpd = at;
}

/*
 * All a copy: what is written to it changes nothing real. A device may answer
 * otherwise than when it was measured: nothing is written beyond @size.
 */
void config_fill_msi(struct config_map *map, u32 at, u32 size)
{
	u32 flags = config_msi_flags(config_peek(&map->facts, at) >> 16, size);
	u32 nvectors = 1U << min(5U, (flags & PCI_MSI_FLAGS_QMASK) >> 1);
	u32 keep = PCI_MSI_FLAGS_QMASK | PCI_MSI_FLAGS_64BIT |
		   PCI_MSI_FLAGS_MASKBIT;

	set_control(map, at, PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE,
		    flags & keep);
	set_virtual(map, at + PCI_MSI_ADDRESS_LO, ~3U, 0);
	at += PCI_MSI_ADDRESS_HI;
	if (flags & PCI_MSI_FLAGS_64BIT) {
		set_virtual(map, at, ~0U, 0);
		at += 4;
	}
	set_virtual(map, at, 0xffff, 0);
	if (!(flags & PCI_MSI_FLAGS_MASKBIT))
		return;
	set_virtual(map, at + 4, ~0U >> (32 - nvectors), 0);
}

void config_fill_pcix(struct config_map *map, u32 at, u32 size)
{
	map->write[DW(at)] = PCIX_BITS << 16;
}

/*
 * Device Control 2 is real where it can be written: what a reset by the device
 * takes away is seen, as in the device itself. A virtual function has none of
 * its own, its physical function's holds.
 */
static void fill_devctl2(struct config_map *map, u32 at)
{
	const struct config_facts *facts = &map->facts;
	u32 devcap2 = config_peek(facts, at + PCI_EXP_DEVCAP2);

	if (!facts->is_virtfn)
		map->write[DW(at + PCI_EXP_DEVCTL2)] =
			config_devctl2_bits(devcap2, facts->path);
}

static u32 devctl_bits(const struct config_facts *facts)
{
	if (facts->is_virtfn || !(facts->path & CFG_PATH_EXT_TAGS))
		return DEVCTL_BITS;
	return DEVCTL_BITS | PCI_EXP_DEVCTL_EXT_TAG;
}

/* Of Device Control only what config_devctl() lets through is real */
void config_fill_exp(struct config_map *map, u32 at, u32 size)
{
	struct config_rule rule = { .virt = 0xffff,
				    .write = devctl_bits(&map->facts),
				    .w1c = DEVSTA_W1C << 16 };
	u32 devctl = config_peek(&map->facts, at + PCI_EXP_DEVCTL);

	if (map->exp)
		return;
	config_set_rule(map, at + PCI_EXP_DEVCTL, rule,
			devctl & ~PCI_EXP_DEVCTL_BCR_FLR);
	if (size >= PCI_EXP_LNKCAP2)
		fill_devctl2(map, at);
	map->kind[DW(at + PCI_EXP_DEVCTL)] = CFG_EXP;
	map->exp = at;
	map->exp_flr = config_peek(&map->facts, at + PCI_EXP_DEVCAP) &
		       PCI_EXP_DEVCAP_FLR;
}

/* As MSI: enable and mask are a copy, the number of vectors is true */
void config_fill_msix(struct config_map *map, u32 at, u32 size)
{
	u16 own = PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL;
	u32 control = config_peek(&map->facts, at) >> 16;

	set_control(map, at, own, control & ~own);
}

void config_fill_af(struct config_map *map, u32 at, u32 size)
{
	u32 can = (PCI_AF_CAP_TP | PCI_AF_CAP_FLR) << 24;

	if (map->af)
		return;
	map->af_flr = (config_peek(&map->facts, at) & can) == can;
	map->kind[DW(at + PCI_AF_CTRL)] = CFG_AF;
	map->af = at;
}
