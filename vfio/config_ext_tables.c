// SPDX-License-Identifier: GPL-2.0
/*
 * Extended capabilities and their sizes. Owns nothing that changes. The
 * invariant of the whole extended space is that nothing in it is writable but
 * what an administrator permits, and that only in vendors' own capabilities and
 * where there is none: ATS lets a device pass by the IOMMU, ACS lets it reach
 * its neighbours, and the rest belongs to the kernel.
 *
 * Hidden is what a driver would turn on and wait for: translations, page
 * requests and process address spaces, time, substates of the link, BARs of
 * other sizes. The rest tells of the device, or works without being told to.
 *
 * Sections are of PCI Express Base 5.0 unless named.
 */
#include "config_tables.h"

/* Arbitration of 256 phases, with a byte for each */
#define VC_TABLE_MAX 256

/* 7.8.4: a log of TLP prefixes is optional; root registers are not for us */
static u32 measure_aer(const struct config_facts *facts, u32 at)
{
	return config_peek(facts, at + PCI_ERR_CAP) & BIT(11) ? 0x48 : 0x2c;
}

/* 7.9.1, 7.9.2: one set for each channel; arbitration tables are hidden */
static u32 measure_vc(const struct config_facts *facts, u32 at)
{
	u32 cap1 = config_peek(facts, at + PCI_VC_PORT_CAP1);

	return PCI_CAP_VC_BASE_SIZEOF +
	       PCI_CAP_VC_PER_VC_SIZEOF * (1 + (cap1 & PCI_VC_CAP1_EVCC));
}

/* Its place is in bits 24 to 31 of a register, in units of 16 bytes */
static void mark_table(struct config_map *map, u32 at, u32 reg)
{
	u32 offset = (config_peek(&map->facts, at + reg) >> 24) * 16;
	u32 i;

	if (!offset)
		return;
	for (i = 0; i < VC_TABLE_MAX && at + offset + i < CFG_SPACE_SIZE;
	     i += 4)
		map->flags[DW(at + offset + i)] |= CFG_TABLE;
}

/* 7.9.1, 7.9.2: arbitration, between channels and for each of them */
static void mark_vc_tables(struct config_map *map, u32 at)
{
	u32 end = measure_vc(&map->facts, at);
	u32 reg;

	mark_table(map, at, PCI_VC_PORT_CAP2);
	for (reg = PCI_VC_RES_CAP; reg < end; reg += PCI_CAP_VC_PER_VC_SIZEOF)
		mark_table(map, at, reg);
}

/* 7.9.8: links of 16 bytes each */
static u32 measure_rcld(const struct config_facts *facts, u32 at)
{
	return 0x10 + 0x10 * (config_peek(facts, at + 4) >> 8 & 0xff);
}

/* 7.9.10: version 2 added a register */
static u32 measure_rcec(const struct config_facts *facts, u32 at)
{
	return (config_peek(facts, at) >> 16 & 0xf) < 2 ? 8 : 12;
}

/* 7.9.5, 7.9.6: the length is in bits 20 to 31 after the header */
static u32 measure_vendor(const struct config_facts *facts, u32 at)
{
	return PCI_VNDR_HEADER_LEN(config_peek(facts, at + PCI_VNDR_HEADER));
}

/* 7.7.8: a vector of bits if there is egress control; size 0 means 256 */
static u32 measure_acs(const struct config_facts *facts, u32 at)
{
	u32 cap = config_peek(facts, at + PCI_ACS_CAP);
	u32 bits = cap >> 8 & 0xff;

	if (!(cap & PCI_ACS_EC))
		return 8;
	return 8 + ((bits ? bits : 256) + 31) / 32 * 4;
}

/* 7.8.6, 7.8.7: two registers for each BAR */
static u32 measure_rebar(const struct config_facts *facts, u32 at)
{
	u32 ctrl = config_peek(facts, at + PCI_REBAR_CTRL);

	return 4 + 8 * ((ctrl & PCI_REBAR_CTRL_NBAR_MASK) >>
			PCI_REBAR_CTRL_NBAR_SHIFT);
}

/* 7.9.12: one byte for each substate */
static u32 measure_dpa(const struct config_facts *facts, u32 at)
{
	u32 cap = config_peek(facts, at + PCI_DPA_CAP);

	return PCI_DPA_BASE_SIZEOF + (cap & PCI_DPA_CAP_SUBSTATE_MASK) + 1;
}

/* 7.9.13: the table of steering tags may be inside */
static u32 measure_tph(const struct config_facts *facts, u32 at)
{
	u32 cap = config_peek(facts, at + PCI_TPH_CAP);
	u32 last = (cap & PCI_TPH_CAP_ST_MASK) >> PCI_TPH_CAP_ST_SHIFT;

	if ((cap & PCI_TPH_CAP_LOC_MASK) != PCI_TPH_LOC_CAP)
		return PCI_TPH_BASE_SIZEOF;
	return PCI_TPH_BASE_SIZEOF + 2 * (last + 1);
}

/* 7.8.3: version 2 added a status register */
static u32 measure_l1ss(const struct config_facts *facts, u32 at)
{
	return (config_peek(facts, at) >> 16 & 0xf) < 2 ? 16 : 20;
}

/*
 * Where a size depends on the width of the link (0x19, 0x26, 0x27, 0x2a) the
 * registers of single lanes are hidden, as is what ports or later versions have
 * behind others: there is more. Not known here, so hidden: what only
 * bridges have, what was never published for functions (0x11, 0x14), and what
 * is obsolete (0x1a, 0x20).
 */
/* clang-format off */
static const struct config_cap ext_caps[] = {
	[0x01] = { .size = 0x2c, .measure = measure_aer },	/* errors */
	[0x02] = { .size = 0x1c, .measure = measure_vc,
		   .tables = mark_vc_tables },	/* channels */
	[0x03] = { .size = 0x0c },	/* 7.9.3 serial number */
	[0x04] = { .size = 0x10,
		   .more = true },	/* 7.8.1 power budgeting */
	[0x05] = { .size = 0x20, .measure = measure_rcld },	/* links */
	[0x06] = { .size = 0x0c },	/* 7.9.9 internal link control */
	[0x07] = { .size = 0x08, .measure = measure_rcec },	/* events */
	[0x08] = { .size = 0x1c, .measure = measure_vc,
		   .tables = mark_vc_tables },	/* functions */
	[0x09] = { .size = 0x1c, .measure = measure_vc,
		   .tables = mark_vc_tables },	/* with MFVC */
	[0x0a] = { .size = 0x14 },	/* 7.9.7 root complex header */
	[0x0b] = { .size = 0x08, .measure = measure_vendor },	/* 7.9.5 */
	[0x0c] = { .size = 0x08 },	/* PCIe 1.1, access correlation */
	[0x0d] = { .size = 0x08, .measure = measure_acs },	/* ACS */
	[0x0e] = { .size = 0x08 },	/* 7.8.8 ARI */
	[0x0f] = { .size = 0x08, .hidden = true },	/* 10.5.1 ATS */
	[0x10] = { .size = 0x40 },	/* 9.3.3 SR-IOV */
	[0x12] = { .size = 0x28,
		   .more = true },	/* 7.9.11 multicast, of an endpoint */
	[0x13] = { .size = 0x10, .hidden = true },	/* 10.5.2 PRI */
	[0x15] = { .size = 0x0c, .measure = measure_rebar,
		   .hidden = true },	/* BARs */
	[0x16] = { .size = 0x11, .measure = measure_dpa },	/* substates */
	[0x17] = { .size = 0x0c, .measure = measure_tph },	/* hints */
	[0x18] = { .size = 0x08 },	/* 7.8.2 latency tolerance */
	[0x19] = { .size = 0x0c,
		   .more = true },	/* 7.7.3 secondary, without lanes */
	[0x1b] = { .size = 0x08, .hidden = true },	/* 7.8.9 PASID */
	[0x1c] = { .size = 0x08 },	/* 7.9.14 LN requester */
	[0x1d] = { .size = 0x0c,
		   .more = true },	/* 7.9.15 DPC, without root registers */
	[0x1e] = { .size = 0x10, .measure = measure_l1ss,
		   .hidden = true },	/* L1 substates */
	[0x1f] = { .size = 0x0c, .hidden = true },	/* 7.9.16 PTM */
	[0x21] = { .size = 0x10 },	/* 7.8.10 FRS queueing */
	[0x22] = { .size = 0x0c },	/* 7.9.17 readiness time */
	[0x23] = { .size = 0x0a, .measure = measure_vendor },	/* 7.9.6 */
	[0x24] = { .size = 0x0c, .measure = measure_rebar,
		   .hidden = true },	/* VF BARs */
	[0x25] = { .size = 0x0c,
		   .more = true },	/* 7.7.4 data link feature */
	[0x26] = { .size = 0x20,
		   .more = true },	/* 7.7.5 16 GT/s, without lanes */
	[0x27] = { .size = 0x08,
		   .more = true },	/* 7.7.7 margining, without lanes */
	[0x28] = { .size = 0x10,
		   .more = true },	/* 7.9.18 hierarchy ID */
	[0x29] = { .size = 0x10 },	/* 7.9.20 enclosure management */
	[0x2a] = { .size = 0x20,
		   .more = true },	/* 7.7.6 32 GT/s, without lanes */
	[0x2b] = { .size = 0x0c,
		   .more = true },	/* 7.9.21 alternate protocol, base */
	[0x2c] = { .size = 0x14,
		   .more = true },	/* 7.9.23 SFI */
	[0x2e] = { .size = 0x18,
		   .more = true },	/* PCIe 6.0, 7.9.24 mailboxes */
	[0x2f] = { .size = 0x10,
		   .more = true },	/* PCIe 6.0, 7.7.9 device 3 */
	[0x30] = { .size = 0x0c,
		   .more = true },	/* PCIe 6.0, 7.9.26 IDE, base */
};

/* clang-format on */

/**
 * config_ext_cap() - what is known of an extended capability ID
 * @id: the ID
 *
 * Return: its description, NULL when it is not known.
 */
const struct config_cap *config_ext_cap(u32 id)
{
	if (id >= ARRAY_SIZE(ext_caps) || !ext_caps[id].size)
		return NULL;
	return &ext_caps[id];
}

/**
 * config_ext_is_locked() - must config_permit keep away from a capability?
 * @id: its ID
 *
 * Return: false for those of vendors, whose meaning an administrator may know.
 */
bool config_ext_is_locked(u32 id)
{
	return id != PCI_EXT_CAP_ID_VNDR && id != PCI_EXT_CAP_ID_DVSEC;
}
