// SPDX-License-Identifier: GPL-2.0
/*
 * Sizes of capabilities, as their specifications have them (the sections are
 * in the tables under test), and which of them a user does not see.
 */
#include "unit.h"

#include "../../vfio/config_tables.h"

/* The dwords of one capability, from its header on */
static const u32 *dwords;

static u32 peek(void *priv, u32 offset)
{
	return offset < 16 ? dwords[offset / 4] : 0;
}

static const struct {
	const char *name;
	u32 id, size;
	u32 dwords[4];
} std_rows[] = {
	{ "power management", 0x01, 8, { 0 } },
	{ "AGP", 0x02, 12, { 0 } },
	{ "vital product data", 0x03, 8, { 0 } },
	{ "slot", 0x04, 4, { 0 } },
	{ "MSI, 32 bits", 0x05, 10, { 0x00000000 } },
	{ "MSI, 64 bits", 0x05, 14, { 0x00800000 } },
	{ "MSI, 32 bits with masks", 0x05, 20, { 0x01000000 } },
	{ "MSI, 64 bits with masks", 0x05, 24, { 0x01800000 } },
	{ "hot swap", 0x06, 4, { 0 } },
	{ "PCI-X, version 0", 0x07, 8, { 0x00000000 } },
	{ "PCI-X, version 1", 0x07, 24, { 0x10000000 } },
	{ "PCI-X, version 2", 0x07, 24, { 0x20000000 } },
	{ "HyperTransport, slave", 0x08, 28, { 0x00000000 } },
	{ "HyperTransport, host", 0x08, 24, { 0x20000000 } },
	{ "HyperTransport, MSI fixed", 0x08, 4, { 0xa8020000 } },
	{ "HyperTransport, MSI", 0x08, 12, { 0xa8000000 } },
	{ "HyperTransport, others", 0x08, 4, { 0xb0000000 } },
	{ "vendor", 0x09, 20, { 0x00140000 } },
	{ "vendor, nothing", 0x09, 0, { 0x00000000 } },
	{ "debug port", 0x0a, 4, { 0 } },
	{ "CompactPCI", 0x0b, 4, { 0 } },
	{ "hot plug", 0x0c, 8, { 0 } },
	{ "subsystem", 0x0d, 8, { 0 } },
	{ "AGP 8x", 0x0e, 12, { 0 } },
	{ "secure device", 0x0f, 24, { 0 } },
	{ "PCIe 1, endpoint", 0x10, 20, { 0x00010000 } },
	{ "PCIe 1, in the root complex", 0x10, 12, { 0x00910000 } },
	{ "PCIe 1, legacy", 0x10, 20, { 0x00110000 } },
	{ "PCIe 1, root port", 0x10, 36, { 0x00410000 } },
	{ "PCIe 1, root port with a slot", 0x10, 36, { 0x01410000 } },
	{ "PCIe 1, downstream with a slot", 0x10, 28, { 0x01610000 } },
	{ "PCIe 1, event collector", 0x10, 36, { 0x00a10000 } },
	{ "PCIe 2, endpoint", 0x10, 52, { 0x00020000 } },
	{ "PCIe 2, endpoint that tells of a slot", 0x10, 52, { 0x01020000 } },
	{ "PCIe 2, legacy", 0x10, 52, { 0x00120000 } },
	{ "PCIe 2, of no known type", 0x10, 44, { 0x00220000 } },
	{ "PCIe 2, root port", 0x10, 52, { 0x00420000 } },
	{ "PCIe 2, root port with a slot", 0x10, 60, { 0x01420000 } },
	{ "PCIe 2, upstream, which has no slot", 0x10, 52, { 0x01520000 } },
	{ "PCIe 2, downstream with a slot", 0x10, 60, { 0x01620000 } },
	{ "PCIe 2, bridge to PCI", 0x10, 52, { 0x01720000 } },
	{ "PCIe 2, bridge from PCI with a slot", 0x10, 60, { 0x01820000 } },
	{ "PCIe 2, in the root complex", 0x10, 44, { 0x00920000 } },
	{ "PCIe 2, event collector", 0x10, 44, { 0x00a20000 } },
	{ "PCIe 3, as 2", 0x10, 52, { 0x00030000 } },
	{ "MSI-X", 0x11, 12, { 0 } },
	{ "SATA, registers in a BAR", 0x12, 8, { 0, 0x4 } },
	{ "SATA, registers in line", 0x12, 16, { 0, 0xf } },
	{ "advanced features", 0x13, 6, { 0 } },
	{ "enhanced allocation, empty", 0x14, 4, { 0x00000000 } },
	{ "enhanced allocation, two",
	  0x14,
	  20,
	  { 0x00020000, 0x00000002, 0, 0 } },
};

static const struct {
	const char *name;
	u32 id, size;
	u32 dwords[4];
} ext_rows[] = {
	{ "errors", 0x01, 0x2c, { 0 } },
	{ "channels, one", 0x02, 0x1c, { 0, 0 } },
	{ "channels, eight", 0x02, 0x70, { 0, 7 } },
	{ "serial number", 0x03, 0x0c, { 0 } },
	{ "power budgeting", 0x04, 0x10, { 0 } },
	{ "links, three", 0x05, 0x40, { 0, 0x00000300 } },
	{ "internal link", 0x06, 0x0c, { 0 } },
	{ "event collector 1", 0x07, 0x08, { 0x00010000 } },
	{ "event collector 2", 0x07, 0x0c, { 0x00020000 } },
	{ "channels of functions, two", 0x08, 0x28, { 0, 1 } },
	{ "channels with functions", 0x09, 0x1c, { 0, 0 } },
	{ "root complex", 0x0a, 0x14, { 0 } },
	{ "vendor", 0x0b, 0x123, { 0, 0x12300000 } },
	{ "access correlation", 0x0c, 0x08, { 0 } },
	{ "access control", 0x0d, 0x08, { 0, 0x0000ff1f } },
	{ "access control, 1 bit", 0x0d, 0x0c, { 0, 0x0000013f } },
	{ "access control, 33 bits", 0x0d, 0x10, { 0, 0x0000213f } },
	{ "access control, 256 bits", 0x0d, 0x28, { 0, 0x0000003f } },
	{ "alternative routing", 0x0e, 0x08, { 0 } },
	{ "address translation", 0x0f, 0x08, { 0 } },
	{ "virtual functions", 0x10, 0x40, { 0 } },
	{ "multicast", 0x12, 0x28, { 0 } },
	{ "page requests", 0x13, 0x10, { 0 } },
	{ "resizable, one", 0x15, 0x0c, { 0, 0, 0x20 } },
	{ "resizable, six", 0x15, 0x34, { 0, 0, 0xc0 } },
	{ "resizable, none", 0x15, 0x04, { 0, 0, 0 } },
	{ "power substates, one", 0x16, 0x11, { 0, 0 } },
	{ "power substates, 32", 0x16, 0x30, { 0, 0x1f } },
	{ "hints, no table", 0x17, 0x0c, { 0, 0x00ff0000 } },
	{ "hints, table inside", 0x17, 0x14, { 0, 0x00030200 } },
	{ "hints, table in MSI-X", 0x17, 0x0c, { 0, 0x00030400 } },
	{ "latency", 0x18, 0x08, { 0 } },
	{ "secondary", 0x19, 0x0c, { 0 } },
	{ "process address spaces", 0x1b, 0x08, { 0 } },
	{ "lightweight notification", 0x1c, 0x08, { 0 } },
	{ "containment", 0x1d, 0x0c, { 0 } },
	{ "L1 1", 0x1e, 0x10, { 0x00010000 } },
	{ "L1 2", 0x1e, 0x14, { 0x00020000 } },
	{ "precision time", 0x1f, 0x0c, { 0 } },
	{ "readiness queue", 0x21, 0x10, { 0 } },
	{ "readiness time", 0x22, 0x0c, { 0 } },
	{ "designated vendor", 0x23, 0x40, { 0, 0x04000000 } },
	{ "resizable, of functions", 0x24, 0x14, { 0, 0, 0x40 } },
	{ "data link", 0x25, 0x0c, { 0 } },
	{ "16 GT/s", 0x26, 0x20, { 0 } },
	{ "margining", 0x27, 0x08, { 0 } },
	{ "hierarchy", 0x28, 0x10, { 0 } },
	{ "enclosure", 0x29, 0x10, { 0 } },
	{ "32 GT/s", 0x2a, 0x20, { 0 } },
	{ "alternate protocol", 0x2b, 0x0c, { 0 } },
	{ "firmware intermediary", 0x2c, 0x14, { 0 } },
	{ "mailboxes", 0x2e, 0x18, { 0 } },
	{ "device 3", 0x2f, 0x10, { 0 } },
	{ "integrity", 0x30, 0x0c, { 0 } },
};

static const struct {
	const char *name;
	u32 id;
	bool ext;
} unknown_rows[] = {
	{ "null capability", 0x00, false },
	{ "portal bridge", 0x15, false },
	{ "end of the list", 0xff, false },
	{ "extended, null", 0x00, true },
	{ "extended, multi-root", 0x11, true },
	{ "extended, reserved", 0x14, true },
	{ "extended, multiplexing", 0x1a, true },
	{ "extended, M-PCIe", 0x20, true },
	{ "extended, not yet", 0x31, true },
	{ "extended, all ones", 0xffff, true },
};

static const struct {
	const char *name;
	u32 id;
	bool ext;
} hidden_rows[] = {
	{ "hidden, AGP", 0x02, false },
	{ "hidden, hot plug", 0x0c, false },
	{ "hidden, AGP 8x", 0x0e, false },
	{ "hidden, address translation", 0x0f, true },
	{ "hidden, page requests", 0x13, true },
	{ "hidden, resizable BARs", 0x15, true },
	{ "hidden, process address spaces", 0x1b, true },
	{ "hidden, L1 substates", 0x1e, true },
	{ "hidden, precision time", 0x1f, true },
	{ "hidden, resizable BARs of functions", 0x24, true },
};

/* One capability, and a vendor's behind it that the user sees */
static u32 hidden_id;
static bool hidden_ext;

static u32 peek_at_hidden(void *priv, u32 offset)
{
	if (offset == PCI_COMMAND)
		return hidden_ext ? 0 : PCI_STATUS_CAP_LIST << 16;
	if (offset == PCI_CAPABILITY_LIST)
		return 0x40;
	if (!hidden_ext)
		return offset == 0x40 ? 0x8000 | hidden_id :
		       offset == 0x80 ? 0x00080009 :
					0;
	if (offset == 0x100)
		return 0x20010000 | hidden_id;
	if (offset == 0x108 && (hidden_id == 0x15 || hidden_id == 0x24))
		return 1 << 5;
	return offset == 0x200 ? 0x0001000b : offset == 0x204 ? 8 << 20 : 0;
}

TABLE_TEST(hidden, hidden_rows)
{
	struct config_facts facts = { .size = 4096, .peek = peek_at_hidden };
	struct config_permits permits = { 0 };
	struct config_map map;
	u32 first, at = row->ext ? 0x100 : 0x40;

	hidden_id = row->id;
	hidden_ext = row->ext;
	config_build(&map, &facts);
	first = row->ext ? config_read(&map, &permits, 0x100, ~0U) >> 20 :
			   config_read(&map, &permits, 0x34, ~0U) & 0xff;
	ck_assert_uint_eq(first, row->ext ? 0x200 : 0x80);
	ck_assert_uint_eq(config_read(&map, &permits, at + 4, ~0U), 0);
	ck_assert_int_eq(config_permit(&map, &permits, at + 4, 1, 1), -EPERM);
}

/* What config_permit is kept from: whatever the kernel uses or may break */
static const struct {
	const char *name;
	u32 id;
	bool locked;
} locked_rows[] = {
	{ "locked, power management", 0x01, true },
	{ "locked, AGP", 0x02, true },
	{ "locked, vital product data", 0x03, true },
	{ "not locked, slot", 0x04, false },
	{ "locked, MSI", 0x05, true },
	{ "not locked, hot swap", 0x06, false },
	{ "locked, PCI-X", 0x07, true },
	{ "locked, HyperTransport", 0x08, true },
	{ "not locked, debug port", 0x0a, false },
	{ "not locked, CompactPCI", 0x0b, false },
	{ "locked, hot plug", 0x0c, true },
	{ "not locked, subsystem", 0x0d, false },
	{ "locked, AGP 8x", 0x0e, true },
	{ "locked, secure device", 0x0f, true },
	{ "locked, PCI Express", 0x10, true },
	{ "locked, MSI-X", 0x11, true },
	{ "not locked, SATA", 0x12, false },
	{ "locked, advanced features", 0x13, true },
	{ "locked, enhanced allocation", 0x14, true },
	{ "not locked, not known", 0x15, false },
};

TABLE_TEST(locked, locked_rows)
{
	struct config_facts facts = { .size = 256, .peek = peek_at_hidden };
	struct config_permits permits = { 0 };
	struct config_map map;

	hidden_id = row->id;
	hidden_ext = false;
	config_build(&map, &facts);
	ck_assert_int_eq(config_permit(&map, &permits, 0x40, 0, 0x10000),
			 row->locked ? -EPERM : 0);
}

static void check_size(const struct config_cap *cap, const u32 *bytes, u32 size)
{
	struct config_facts facts = { .size = 16, .peek = peek };

	dwords = bytes;
	ck_assert_ptr_nonnull(cap);
	ck_assert_uint_eq(cap->measure ? cap->measure(&facts, 0) : cap->size,
			  size);
}

TABLE_TEST(standard, std_rows)
{
	check_size(config_std_cap(row->id), row->dwords, row->size);
}

TABLE_TEST(extended, ext_rows)
{
	check_size(config_ext_cap(row->id), row->dwords, row->size);
}

TABLE_TEST(unknown, unknown_rows)
{
	ck_assert_ptr_null(row->ext ? config_ext_cap(row->id) :
				      config_std_cap(row->id));
}

/* What begins where an endpoint of version 2 ends is seen */
static u32 peek_at_neighbours(void *priv, u32 offset)
{
	switch (offset) {
	case PCI_COMMAND:
		return PCI_STATUS_CAP_LIST << 16;
	case PCI_CAPABILITY_LIST:
		return 0x40;
	case 0x40:
		return 0x0002 << 16 | 0x74 << 8 | PCI_CAP_ID_EXP;
	case 0x74:
		return PCI_CAP_ID_SSVID;
	case 0x78:
		return 0x12345678;
	default:
		return 0;
	}
}

UNIT_TEST(exp_neighbour, "a capability at the end of PCIe 2")
{
	struct config_facts facts = { .size = 256, .peek = peek_at_neighbours };
	struct config_permits none = { 0 };
	struct config_map map;

	config_build(&map, &facts);
	ck_assert_uint_eq(config_read(&map, &none, 0x40, 0) >> 8 & 0xff, 0x74);
	ck_assert_uint_eq(config_read(&map, &none, 0x78, 0x12345678),
			  0x12345678);
	ck_assert_uint_eq(map.exp, 0x40);
}

/* The log of TLP prefixes is told of past the first dwords */
UNIT_TEST(error_log, "errors, with prefixes")
{
	static const u32 prefix[16] = { [6] = 1 << 11 };
	struct config_facts facts = { .size = 64, .peek = peek };
	const struct config_cap *cap = config_ext_cap(1);

	dwords = &prefix[6];
	/* an offset such that the register falls on the first dword */
	ck_assert_uint_eq(cap->measure(&facts, (u32)-PCI_ERR_CAP), 0x48);
}

/* An MSI capability at the very end, and after so many looks a larger one */
static unsigned int honest_looks;

static u32 peek_at_liar(void *priv, u32 offset)
{
	u32 larger = PCI_MSI_FLAGS_64BIT | PCI_MSI_FLAGS_MASKBIT;

	if (offset == PCI_COMMAND)
		return PCI_STATUS_CAP_LIST << 16;
	if (offset == PCI_CAPABILITY_LIST)
		return 0xf4;
	if (offset != 0xf4)
		return 0;
	if (honest_looks) {
		honest_looks--;
		larger = 0;
	}
	return PCI_CAP_ID_MSI | larger << 16;
}

UNIT_TEST(changing_its_mind, "no more is written than was measured")
{
	struct config_facts facts = { .size = 256, .peek = peek_at_liar };
	struct config_map honest, liar;
	unsigned int n;

	honest_looks = ~0U;
	config_build(&honest, &facts);
	for (n = 0; n < 8; n++) {
		honest_looks = n;
		config_build(&liar, &facts);
		ck_assert_mem_eq(honest.w1c, liar.w1c, sizeof(liar.w1c));
		ck_assert_mem_eq(honest.kind, liar.kind, sizeof(liar.kind));
	}
}

SUITE(config_caps)
{
	ADD_TABLE(tc, standard, std_rows);
	ADD_TABLE(tc, extended, ext_rows);
	ADD_TABLE(tc, hidden, hidden_rows);
	ADD_TABLE(tc, locked, locked_rows);
	ADD_TABLE(tc, unknown, unknown_rows);
	tcase_add_test(tc, exp_neighbour);
	tcase_add_test(tc, error_log);
	tcase_add_test(tc, changing_its_mind);
}
