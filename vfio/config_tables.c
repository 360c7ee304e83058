// SPDX-License-Identifier: GPL-2.0
/*
 * The standard header and every capability ID that the PCI specifications
 * give out to functions that are not bridges, with their sizes. Owns nothing
 * that changes; the invariant is that a capability is never longer here than
 * in its specification, so that what follows it is never taken for a part.
 *
 * Sections without a name are of PCI Express Base 5.0.
 */
#include "config_tables.h"

/* Bits of the command register that read as the user wrote them */
#define COMMAND_BITS                                                \
	(PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | \
	 PCI_COMMAND_PARITY | PCI_COMMAND_SERR | PCI_COMMAND_INTX_DISABLE)

/* Parity and abort bits of the status register, cleared by a one */
#define STATUS_W1C 0xf900U

/* Cache line size and latency timer; BIST is hidden */
#define TIMING_BITS 0xffffU

/*
 * 7.5.1.1. BARs and ROM get their writable bits from the sizes of the
 * device's resources. Nothing here is written to the hardware as it comes:
 * Bus Master and Interrupt Disable are effects, decoding stays on.
 */
const struct config_rule config_header_rules[CFG_HEADER_DWORDS] = {
	[DW(PCI_VENDOR_ID)] = { .virt = ~0U },
	[DW(PCI_COMMAND)] = { .virt = 0xffff | PCI_STATUS_CAP_LIST << 16,
			      .write = COMMAND_BITS,
			      .w1c = STATUS_W1C << 16 },
	[DW(PCI_CLASS_REVISION)] = { .virt = ~0U },
	[DW(PCI_CACHE_LINE_SIZE)] = { .virt = ~0U, .write = TIMING_BITS },
	[DW(PCI_BASE_ADDRESS_0)] = { .virt = ~0U },
	[DW(PCI_BASE_ADDRESS_1)] = { .virt = ~0U },
	[DW(PCI_BASE_ADDRESS_2)] = { .virt = ~0U },
	[DW(PCI_BASE_ADDRESS_3)] = { .virt = ~0U },
	[DW(PCI_BASE_ADDRESS_4)] = { .virt = ~0U },
	[DW(PCI_BASE_ADDRESS_5)] = { .virt = ~0U },
	[DW(PCI_CARDBUS_CIS)] = { .virt = ~0U },
	[DW(PCI_SUBSYSTEM_VENDOR_ID)] = { .virt = ~0U },
	[DW(PCI_ROM_ADDRESS)] = { .virt = ~0U },
	[DW(PCI_CAPABILITY_LIST)] = { .virt = ~0U },
	[DW(PCI_CAPABILITY_LIST) + 1] = { .virt = ~0U },
	[DW(PCI_INTERRUPT_LINE)] = { .virt = ~0U, .write = 0xff },
};

/* 7.7.1: 64 bit addresses and masks are optional */
static u32 msi_size(u32 flags)
{
	u32 size = flags & PCI_MSI_FLAGS_64BIT ? 14 : 10;

	return flags & PCI_MSI_FLAGS_MASKBIT ? size + 10 : size;
}

static u32 measure_msi(const struct config_facts *facts, u32 at)
{
	return msi_size(config_peek(facts, at) >> 16);
}

/**
 * config_msi_flags() - what may be believed of the flags of an MSI capability
 * @flags: as the device tells them now
 * @size: bytes it was measured to have
 *
 * Return: @flags, without what does not fit into @size.
 */
u32 config_msi_flags(u32 flags, u32 size)
{
	if (msi_size(flags) <= size)
		return flags;
	return flags & ~(PCI_MSI_FLAGS_64BIT | PCI_MSI_FLAGS_MASKBIT);
}

/* PCI-X 2.0, 7.2: versions 1 and 2 have registers for ECC */
static u32 measure_pcix(const struct config_facts *facts, u32 at)
{
	u32 command = config_peek(facts, at) >> 16;

	return PCI_X_CMD_VERSION(command) ? PCI_CAP_PCIX_SIZEOF_V1 :
					    PCI_CAP_PCIX_SIZEOF_V0;
}

/* HyperTransport I/O Link 3.10, 7.3: a type of 3 bits, others of 5 */
static u32 measure_ht(const struct config_facts *facts, u32 at)
{
	u32 flags = config_peek(facts, at) >> 16;
	u32 type = flags >> 8 & 0xe0;

	if (type == HT_CAPTYPE_SLAVE)
		return HT_CAP_SIZEOF_LONG;
	if (type == HT_CAPTYPE_HOST)
		return HT_CAP_SIZEOF_SHORT;
	if ((flags >> 8 & 0xf8) != HT_CAPTYPE_MSI_MAPPING)
		return PCI_CAP_SIZEOF;
	return flags & HT_MSI_FLAGS_FIXED ? PCI_CAP_SIZEOF : 12;
}

/* 7.9.4: the third byte says how long it is */
static u32 measure_vendor(const struct config_facts *facts, u32 at)
{
	return config_peek(facts, at) >> 16 & 0xff;
}

/* Root ports, downstream ports and bridges from PCI may have slots */
static bool exp_has_slot(u32 flags)
{
	u32 type = (flags & PCI_EXP_FLAGS_TYPE) >> 4;

	return flags & PCI_EXP_FLAGS_SLOT && (type == PCI_EXP_TYPE_ROOT_PORT ||
					      type == PCI_EXP_TYPE_DOWNSTREAM ||
					      type == PCI_EXP_TYPE_PCIE_BRIDGE);
}

/* Types that the specification does not know are taken to have none */
static bool exp_has_link(u32 flags)
{
	u32 type = (flags & PCI_EXP_FLAGS_TYPE) >> 4;

	return type <= PCI_EXP_TYPE_LEG_END ||
	       (type >= PCI_EXP_TYPE_ROOT_PORT &&
		type <= PCI_EXP_TYPE_PCIE_BRIDGE);
}

static bool exp_has_root(u32 flags)
{
	u32 type = (flags & PCI_EXP_FLAGS_TYPE) >> 4;

	return type == PCI_EXP_TYPE_ROOT_PORT || type == PCI_EXP_TYPE_RC_EC;
}

/*
 * 7.5.3: pairs of registers for device, link, slot and root, in this order.
 * Version 1 ends where the kind of device needs no more. Version 2 has all
 * places up to the second pair for the device, then link and slot as before.
 */
static u32 measure_exp(const struct config_facts *facts, u32 at)
{
	u32 flags = config_peek(facts, at) >> 16;

	if ((flags & PCI_EXP_FLAGS_VERS) < 2) {
		if (exp_has_root(flags))
			return 36;
		if (exp_has_slot(flags))
			return 28;
		return exp_has_link(flags) ? 20 : 12;
	}
	if (exp_has_slot(flags))
		return 60;
	return exp_has_link(flags) ? 52 : 44;
}

/* Serial ATA AHCI 1.3.1, 2.4: index and data may be in line */
static u32 measure_sata(const struct config_facts *facts, u32 at)
{
	u32 where = config_peek(facts, at + PCI_SATA_REGS);

	return (where & PCI_SATA_REGS_MASK) == PCI_SATA_REGS_INLINE ?
		       PCI_SATA_SIZEOF_LONG :
		       PCI_SATA_SIZEOF_SHORT;
}

/* 7.8.5: entries of two dwords and more */
static u32 measure_ea(const struct config_facts *facts, u32 at)
{
	u32 n = config_peek(facts, at) >> 16 & PCI_EA_NUM_ENT_MASK;
	u32 size = PCI_CAP_SIZEOF;

	while (n-- && size < CFG_STD_SIZE - at)
		size += 4 + 4 * (config_peek(facts, at + size) & 7);
	return size;
}

/* clang-format off */
static const struct config_cap std_caps[] = {
	/* PCI Power Management 1.2, 3.2 */
	[PCI_CAP_ID_PM]	    = { .size = 8, .fill = config_fill_pm,
				.locked = true },
	/* AGP 2.0, 6.1 */
	[PCI_CAP_ID_AGP]    = { .size = 12, .locked = true, .hidden = true },
	/* 7.9.19 */
	[PCI_CAP_ID_VPD]    = { .size = 8, .fill = config_fill_vpd,
				.locked = true },
	/* PCI-to-PCI Bridge 1.2, 13.2 */
	[PCI_CAP_ID_SLOTID] = { .size = 4 },
	[PCI_CAP_ID_MSI]    = { .size = 10, .measure = measure_msi,
				.fill = config_fill_msi, .locked = true },
	/* CompactPCI Hot Swap 2.1, 7.2 */
	[PCI_CAP_ID_CHSWP]  = { .size = 4 },
	[PCI_CAP_ID_PCIX]   = { .size = 8, .measure = measure_pcix,
				.fill = config_fill_pcix, .locked = true },
	[PCI_CAP_ID_HT]	    = { .size = 4, .measure = measure_ht,
				.locked = true },
	[PCI_CAP_ID_VNDR]   = { .size = 3, .measure = measure_vendor },
	/* EHCI 1.0, appendix C */
	[PCI_CAP_ID_DBG]    = { .size = 4 },
	/* CompactPCI 3.0 (PICMG 2.0): only its header is known harmless */
	[PCI_CAP_ID_CCRC]   = { .size = 4 },
	/* PCI Standard Hot-Plug Controller 1.0, 4.8 */
	[PCI_CAP_ID_SHPC]   = { .size = 8, .locked = true, .hidden = true },
	/* 7.9.24 */
	[PCI_CAP_ID_SSVID]  = { .size = 8 },
	/* AGP 3.0, 2.5 */
	[PCI_CAP_ID_AGP3]   = { .size = 12, .locked = true, .hidden = true },
	/* AMD I/O Virtualization 1.26, 3.2 */
	[PCI_CAP_ID_SECDEV] = { .size = 24, .locked = true },
	[PCI_CAP_ID_EXP]    = { .size = 12, .measure = measure_exp,
				.fill = config_fill_exp, .locked = true },
	/* 7.7.2 */
	[PCI_CAP_ID_MSIX]   = { .size = 12, .fill = config_fill_msix,
				.locked = true },
	[PCI_CAP_ID_SATA]   = { .size = 8, .measure = measure_sata },
	/* 7.9.22 */
	[PCI_CAP_ID_AF]	    = { .size = 6, .fill = config_fill_af,
				.locked = true },
	[PCI_CAP_ID_EA]	    = { .size = 4, .measure = measure_ea,
				.locked = true },
};

/* clang-format on */

/**
 * config_std_cap() - what is known of a capability ID
 * @id: the ID
 *
 * Return: its description, NULL when it is not known.
 */
const struct config_cap *config_std_cap(u32 id)
{
	if (id >= ARRAY_SIZE(std_caps) || !std_caps[id].size)
		return NULL;
	return &std_caps[id];
}
