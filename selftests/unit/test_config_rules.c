// SPDX-License-Identifier: GPL-2.0
/*
 * Rules of configuration space, row by row: what a user reads after a write,
 * what the hardware sees of it, and what else follows. The space is that of
 * spaces/every-standard; rows that name a defect are of Documentation's table.
 */
#include <stdlib.h>

#include "config_model.h"
#include "unit.h"

/* Where the capabilities are in the space */
#define PM 0x40
#define VPD 0x48
#define MSI 0x50
#define PCIX 0x68
#define AF 0x70
#define MSIX 0x78
#define EXP 0x90
#define VNDR 0xe0

static u8 space[CFG_SPACE_SIZE];
static struct config_map map;
static struct config_permits permits;

static u32 dword_at(u32 at)
{
	return space[at] | space[at + 1] << 8 | space[at + 2] << 16 |
	       (u32)space[at + 3] << 24;
}

static u32 peek(void *priv, u32 offset)
{
	return dword_at(offset);
}

static void set_up(const char *name)
{
	struct config_facts facts = {
		.size = CFG_STD_SIZE,
		.vendor = 0x1234,
		.device = 0x11e8,
		.has_intx = true,
		.peek = peek,
	};
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", UNIT_SPACES, name);
	f = fopen(path, "rb");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fgetc(f), 12);
	ck_assert_uint_eq(fread(space, 1, CFG_STD_SIZE, f), CFG_STD_SIZE);
	fclose(f);
	config_set_bar(&facts, 0, 0xfe000000, 0x10000, 0);
	config_set_bar(&facts, 1, 0xc000, 0x20, PCI_BASE_ADDRESS_SPACE_IO);
	config_set_bar(&facts, 2, 0x3800000000ULL, 0x200000000ULL,
		       PCI_BASE_ADDRESS_MEM_TYPE_64 |
			       PCI_BASE_ADDRESS_MEM_PREFETCH);
	config_set_bar(&facts, 4, 0xfe010000, 16, 0);
	config_set_bar(&facts, CFG_ROM_BAR, 0xfeb00000, 0x800, 0);
	config_build(&map, &facts);
	memset(&permits, 0, sizeof(permits));
}

static u32 lanes(u32 pos, u32 size)
{
	return (~0U >> (32 - 8 * size)) << 8 * (pos & 3);
}

static u32 read_at(u32 pos, u32 size)
{
	u32 at = pos & ~3U;
	u32 value = config_read(&map, &permits, at, dword_at(at));

	return (value & lanes(pos, size)) >> 8 * (pos & 3);
}

static struct config_outcome write_at(u32 pos, u32 size, u32 value)
{
	struct config_access access = { .lanes = lanes(pos, size),
					.value = value << 8 * (pos & 3) };
	struct config_outcome out;

	config_write(&map, &permits, pos & ~3U, access, &out);
	return out;
}

/* One write, what is read after it, what the hardware sees */

static const struct {
	const char *name;
	u32 pos, size, value, reads, change, hardware, effects;
} write_rows[] = {
	{ "vendor ID is fixed", 0x00, 4, ~0U, 0x11e81234, 0, 0, 0 },
	{ "memory and I/O enable, 21", 0x04, 2, 0x0003, 0x0003, 0, 0,
	  CFG_EFFECT_COMMAND },
	{ "memory and I/O disable, 21", 0x04, 2, 0x0000, 0x0000, 0, 0,
	  CFG_EFFECT_COMMAND },
	{ "bus master is an effect, 35", 0x04, 2, 0x0007, 0x0007, 0, 0,
	  CFG_EFFECT_COMMAND },
	{ "interrupt disable as written", 0x04, 2, 0x0403, 0x0403, 0, 0,
	  CFG_EFFECT_COMMAND },
	{ "command bits that there are not", 0x04, 2, 0xffff, 0x0547, 0, 0,
	  CFG_EFFECT_COMMAND },
	{ "command by one byte", 0x05, 1, 0x04, 0x04, 0, 0,
	  CFG_EFFECT_COMMAND },
	{ "status by four bytes is kept, 25", 0x04, 4, 0xf9000003, 0x00100003,
	  0, 0, CFG_EFFECT_COMMAND },
	{ "status by two bytes is cleared, 25", 0x06, 2, 0xf900, 0x0010,
	  0xf9000000, 0xf9000000, 0 },
	{ "status, one bit by one byte", 0x07, 1, 0x01, 0x00, 0x01000000,
	  0x01000000, 0 },
	{ "status, what a one does not clear", 0x06, 2, 0x06ff, 0x0010, 0, 0,
	  0 },
	{ "class is fixed", 0x08, 4, 0, 0x00ff0010, 0, 0, 0 },
	{ "cache line and latency", 0x0c, 4, ~0U, 0x0000ffff, 0, 0, 0 },
	{ "self test is not there", 0x0f, 1, 0x40, 0, 0, 0, 0 },
	{ "BAR of 64 KiB, size", 0x10, 4, ~0U, 0xffff0000, 0, 0, 0 },
	{ "BAR of 64 KiB, address", 0x10, 4, 0xd0001234, 0xd0000000, 0, 0, 0 },
	{ "BAR of ports, size", 0x14, 4, ~0U, 0xffffffe1, 0, 0, 0 },
	{ "BAR of 8 GiB, size, low", 0x18, 4, ~0U, 0x0000000c, 0, 0, 0 },
	{ "BAR of 8 GiB, size, high", 0x1c, 4, ~0U, 0xfffffffe, 0, 0, 0 },
	{ "BAR of 16 bytes, size", 0x20, 4, ~0U, 0xfffffff0, 0, 0, 0 },
	{ "BAR that is not there, size", 0x24, 4, ~0U, 0, 0, 0, 0 },
	{ "BAR by bytes", 0x13, 1, 0xab, 0xab, 0, 0, 0 },
	{ "subsystem is fixed", 0x2c, 4, 0, 0x11001af4, 0, 0, 0 },
	{ "ROM, size", 0x30, 4, ~0U, 0xfffff801, 0, 0, 0 },
	{ "list begins at a fixed place", 0x34, 1, 0x80, 0x40, 0, 0, 0 },
	{ "interrupt line", 0x3c, 2, 0xff0b, 0x010b, 0, 0, 0 },
	{ "last byte of the header, 20", 0x3f, 1, 0xff, 0, 0, 0, 0 },
	{ "first byte after it, 20", 0x40, 1, 0xff, 0x01, 0, 0, 0 },

	{ "PM: no PME is told", PM + 2, 2, 0, 0x07c3, 0, 0, 0 },
	{ "PM: D3", PM + 4, 2, 0x0003, 0x000b, 0, 0, CFG_EFFECT_POWER },
	{ "PM: D1, which there is", PM + 4, 1, 0x01, 0x09, 0, 0,
	  CFG_EFFECT_POWER },
	{ "PM: the state it is in", PM + 4, 2, 0x0000, 0x0008, 0, 0, 0 },
	{ "PM: PME is the kernel's", PM + 4, 2, 0x8100, 0x0008, 0, 0, 0 },
	{ "PM: not by its high byte", PM + 5, 1, 0x03, 0x00, 0, 0, 0 },

	{ "VPD: read", VPD + 2, 2, 0x0010, 0x0010, 0, 0, CFG_EFFECT_VPD },
	{ "VPD: written, that is not", VPD + 2, 2, 0x8010, 0x0010, 0, 0, 0 },
	{ "VPD: address without its flag", VPD + 2, 1, 0x10, 0x10, 0, 0, 0 },
	{ "VPD: data cannot be written", VPD + 4, 4, ~0U, 0, 0, 0, 0 },

	{ "MSI: enable changes nothing real, 35", MSI + 2, 2, 0x0001, 0x018b, 0,
	  0, 0 },
	{ "MSI: number of vectors", MSI + 2, 2, ~0U, 0x01fb, 0, 0, 0 },
	{ "MSI: address", MSI + 4, 4, ~0U, 0xfffffffc, 0, 0, 0 },
	{ "MSI: upper address", MSI + 8, 4, ~0U, ~0U, 0, 0, 0 },
	{ "MSI: data", MSI + 12, 4, ~0U, 0xffff, 0, 0, 0 },
	{ "MSI: masks of 32", MSI + 16, 4, ~0U, ~0U, 0, 0, 0 },
	{ "MSI: pending is read", MSI + 20, 4, ~0U, 0, 0, 0, 0 },

	{ "PCI-X: command is real", PCIX + 2, 2, 0xffff, 0x0002, 0x007e0000,
	  0x007e0000, 0 },
	{ "PCI-X: status is read", PCIX + 4, 4, ~0U, 0, 0, 0, 0 },
	{ "AF: reset, 22", AF + 4, 1, 0x01, 0x00, 0, 0, CFG_EFFECT_FLR },
	{ "AF: no reset", AF + 4, 1, 0xfe, 0x00, 0, 0, 0 },
	{ "AF: not by its status", AF + 5, 1, 0x01, 0x00, 0, 0, 0 },
	{ "MSI-X: enable changes nothing real, 35", MSIX + 2, 2, 0xc000, 0xc007,
	  0, 0, 0 },
	{ "MSI-X: number of vectors is fixed", MSIX + 2, 2, 0x07ff, 0x0007, 0,
	  0, 0 },
	{ "MSI-X: table is fixed", MSIX + 4, 4, 0, 0x00002000, 0, 0, 0 },

	{ "PCIe: control", EXP + 8, 2, 0x7c1f, 0x7c1f, 0, 0,
	  CFG_EFFECT_DEVCTL | CFG_EFFECT_READRQ },
	{ "PCIe: payload and tags are fixed", EXP + 8, 2, 0x2bff, 0x281f, 0, 0,
	  0 },
	{ "PCIe: no snoop off", EXP + 8, 2, 0x2010, 0x2010, 0, 0,
	  CFG_EFFECT_DEVCTL },
	{ "PCIe: reset, 22", EXP + 8, 2, 0xa81f, 0x281f, 0, 0, CFG_EFFECT_FLR },
	{ "PCIe: status by two bytes", EXP + 10, 2, 0xffff, 0x000f, 0x000f0000,
	  0x000f0000, 0 },
	{ "PCIe: status by four bytes, 25", EXP + 8, 4, 0x000f281f, 0x000f281f,
	  0, 0, 0 },
	{ "PCIe: link control is the kernel's", EXP + 16, 4, ~0U, 0, 0, 0, 0 },
	{ "PCIe: control 2, what needs nobody", EXP + 40, 4, ~0U, 0, 0x0300,
	  0x0300, 0 },
	{ "PCIe: link control 2 is the kernel's", EXP + 48, 4, ~0U, 0, 0, 0,
	  0 },
	{ "vendor: read, not written", VNDR + 4, 4, ~0U, 0x04030201, 0, 0, 0 },
	{ "what no capability covers", 0xfc, 4, ~0U, 0, 0, 0, 0 },
};

TABLE_TEST(writes, write_rows)
{
	struct config_outcome out;

	set_up("every-standard");
	out = write_at(row->pos, row->size, row->value);
	ck_assert_uint_eq(read_at(row->pos, row->size), row->reads);
	ck_assert_uint_eq(out.change, row->change);
	ck_assert_uint_eq(out.value, row->hardware);
	ck_assert_uint_eq(out.effects, row->effects);
}

/* What is written to the hardware */

static const struct {
	const char *name;
	struct config_outcome out;
	u32 hardware, merged;
} merge_rows[] = {
	{ "bits beside are kept", { 0x00ff, 0x0012, 0, 0 }, 0xabcd, 0xab12 },
	{ "a one beside is not echoed, 25",
	  { 0x0003, 0x0001, 0xf9000000, 0 },
	  0xf9100002,
	  0x00100001 },
	{ "a one that was asked for",
	  { 0x01000000, 0x01000000, 0xf9000000, 0 },
	  0xf9100007,
	  0x01100007 },
	{ "nothing", { 0, 0, 0, 0 }, 0x12345678, 0x12345678 },
};

static const struct {
	const char *name;
	u32 pos, size;
	bool needed;
} hardware_rows[] = {
	{ "IDs are virtual, 21", 0x00, 4, false },
	{ "command is virtual, 21", 0x04, 2, false },
	{ "status is not", 0x06, 2, true },
	{ "command with status", 0x04, 4, true },
	{ "BARs are virtual", 0x10, 4, false },
	{ "MSI address is virtual", MSI + 4, 4, false },
	{ "MSI pending is not", MSI + 20, 4, true },
	{ "vendor data is not", VNDR + 4, 4, true },
	{ "nothing is there", 0xfc, 4, false },
};

TABLE_TEST(merge, merge_rows)
{
	ck_assert_uint_eq(config_merge(&row->out, row->hardware), row->merged);
}

TABLE_TEST(hardware, hardware_rows)
{
	set_up("every-standard");
	ck_assert_int_eq(config_needs_hardware(&map, &permits, row->pos & ~3U,
					       lanes(row->pos, row->size)),
			 row->needed);
}

/* Permits */

static const struct {
	const char *name;
	u32 at, readbits, writebits;
	int ret;
	u32 reads, change;
} permit_rows[] = {
	{ "vendor data, written", VNDR + 4, 0, ~0U, 0, 0x04030201, ~0U },
	{ "vendor data, some bits", VNDR + 4, 0, 0xff00, 0, 0x04030201,
	  0xff00 },
	{ "hidden bytes, read", 0xfc, 0xffff, 0, 0, 0x2211, 0 },
	{ "hidden bytes, written", 0xfc, 0, 0xff, 0, 0x11, 0xff },
	{ "vendor header's upper half", VNDR, 0, 0xff000000, 0, 0x5a0aec09,
	  0xff000000 },
	{ "vendor header's link", VNDR, 0xff00, 0, -EPERM, 0x5a0aec09, 0 },
	{ "interrupt line", 0x3c, 0, 0xff, -EPERM, 0x0100, 0 },
	{ "power state", PM + 4, 0, 3, -EPERM, 0x0008, 0 },
	{ "MSI", MSI + 4, ~0U, ~0U, -EPERM, 0, 0 },
	{ "MSI-X", MSIX, 0, 0x80000000, -EPERM, 0x00078411, 0 },
	{ "PCIe control", EXP + 8, 0, 0xffff, -EPERM, 0x000f281f, 0 },
	{ "reset by AF", AF + 4, 0, 1, -EPERM, 0, 0 },
	{ "VPD", VPD + 4, ~0U, 0, -EPERM, 0, 0 },
	{ "extended space", 0x100, ~0U, 0, -EINVAL, 0, 0 },
	{ "beyond all", 0x1000, ~0U, 0, -EINVAL, 0, 0 },
	{ "not a dword", VNDR + 5, ~0U, 0, -EINVAL, 0x04030201, 0 },
};

TABLE_TEST(permit, permit_rows)
{
	u32 at = row->at & ~3U;
	struct config_outcome out;

	set_up("every-standard");
	space[0xfc] = 0x11;
	space[0xfd] = 0x22;
	ck_assert_int_eq(config_permit(&map, &permits, row->at, row->readbits,
				       row->writebits),
			 row->ret);
	if (at >= CFG_STD_SIZE)
		return;
	ck_assert_uint_eq(read_at(at, 4), row->reads);
	out = write_at(at, 4, ~0U);
	ck_assert_uint_eq(out.change, row->change);
}

/* AER at 0x100, VSEC at 0x130, not known at 0x150, DVSEC at 0x180 */
static u32 peek_extended(void *priv, u32 offset)
{
	switch (offset) {
	case 0x100:
		return 0x13010001;
	case 0x130:
		return 0x1501000b;
	case 0x134:
		return 0x01000001;
	case 0x150:
		return 0x18010099;
	case 0x180:
		return 0x00010023;
	case 0x184:
		return 0x01001234;
	default:
		return 0x5a5a0000 | offset;
	}
}

static const struct {
	const char *name;
	u32 at;
	int ret;
} extended_rows[] = {
	{ "the first dword after the header", 0x40, 0 },
	{ "the last dword before the extended space", 0xfc, 0 },
	{ "extended, the first link", 0x100, -EPERM },
	{ "extended, of the kernel", 0x104, -EPERM },
	{ "extended, its last dword", 0x128, -EPERM },
	{ "extended, a gap", 0x12c, 0 },
	{ "extended, link of a vendor's", 0x130, -EPERM },
	{ "extended, a vendor's", 0x134, 0 },
	{ "extended, a vendor's last", 0x13c, 0 },
	{ "extended, not known", 0x150, -EPERM },
	{ "extended, behind what is not known", 0x154, -EPERM },
	{ "extended, far behind it", 0x17c, -EPERM },
	{ "extended, a designated vendor's", 0x184, 0 },
	{ "extended, past all of them", 0x190, 0 },
	{ "extended, the last dword", 0xffc, 0 },
	{ "extended, beyond all", 0x1000, -EINVAL },
	{ "extended, not a dword", 0x136, -EINVAL },
};

static void set_up_extended(u32 (*look)(void *, u32))
{
	struct config_facts facts = { .size = CFG_SPACE_SIZE, .peek = look };

	config_build(&map, &facts);
	memset(&permits, 0, sizeof(permits));
}

static void expect_permit(u32 at, int ret)
{
	struct config_access all = { ~0U, 0x12345678 };
	struct config_outcome out;
	u32 value;

	ck_assert_int_eq(config_permit(&map, &permits, at, ~0U, 0xff00), ret);
	if (ret == -EINVAL)
		return;
	value = config_read(&map, &permits, at, 0xcafebabe);
	config_write(&map, &permits, at, all, &out);
	if (ret) {
		ck_assert_uint_eq(out.change, 0);
		return;
	}
	ck_assert_uint_eq(value, 0xcafebabe);
	ck_assert_uint_eq(out.change, 0xff00);
	ck_assert_uint_eq(config_merge(&out, 0xcafebabe), 0xcafe56be);
	ck_assert_uint_eq(out.effects, 0);
}

TABLE_TEST(permit_extended, extended_rows)
{
	set_up_extended(peek_extended);
	expect_permit(row->at, row->ret);
}

/*
 * Lanes at 0x100, channels at 0x140 with tables at 0x1a0 and 0x240, VSEC at
 * 0x180 that reaches into the first, and one at 0x360 of a size that is a lie
 */
static u32 peek_longer(void *priv, u32 offset)
{
	switch (offset) {
	case 0x100:
		return 0x14010019;
	case 0x140:
		return 0x18010002;
	case 0x148:
		return 0x06000000;
	case 0x150:
		return 0x10000000;
	case 0x180:
		return 0x3601000b;
	case 0x184:
		return 0x02800001;
	case 0x360:
		return 0x0001000b;
	default:
		return 0;
	}
}

static const struct {
	const char *name;
	u32 at;
	int ret;
} longer_rows[] = {
	{ "the last that is shown of lanes", 0x108, -EPERM },
	{ "the first lane", 0x10c, -EPERM },
	{ "the last before the next", 0x13c, -EPERM },
	{ "the last of channels", 0x158, -EPERM },
	{ "a gap behind channels", 0x15c, 0 },
	{ "a vendor's", 0x184, 0 },
	{ "a vendor's, where the table would begin", 0x1a4, 0 },
	{ "the table between channels", 0x1a8, -EPERM },
	{ "its last dword", 0x23c, -EPERM },
	{ "the table of a channel", 0x240, -EPERM },
	{ "its end", 0x33c, -EPERM },
	{ "a gap behind the tables", 0x340, 0 },
	{ "one that lies", 0x364, -EPERM },
	{ "behind one that lies", 0x368, -EPERM },
	{ "far behind it", 0xffc, -EPERM },
};

TABLE_TEST(permit_longer, longer_rows)
{
	set_up_extended(peek_longer);
	expect_permit(row->at, row->ret);
}

static u32 peek_nothing(void *priv, u32 offset)
{
	return 0;
}

UNIT_TEST(permit_first_link, "the first link, also where none is in use")
{
	set_up_extended(peek_nothing);
	ck_assert_int_eq(config_permit(&map, &permits, 0x100, 1, 0), -EPERM);
	ck_assert_int_eq(config_permit(&map, &permits, 0x104, 1, 0), 0);
}

UNIT_TEST(permit_room, "as many permits as a page can tell of")
{
	u32 n, at = 0x200;

	set_up_extended(peek_nothing);
	for (n = 0; n < CFG_MAX_PERMITS; n++, at += 4)
		ck_assert_int_eq(config_permit(&map, &permits, at, n % 2,
					       n % 2 ? 0 : 1),
				 0);
	ck_assert_int_eq(config_permit(&map, &permits, at, 1, 0), -ENOSPC);
	ck_assert_int_eq(config_permit(&map, &permits, at - 4, ~0U, ~0U), 0);
	ck_assert_int_eq(config_permit(&map, &permits, 0x200, ~0U, ~0U), 0);
}

UNIT_TEST(permit_recheck, "permits do not outlive the map that allowed them")
{
	u32 locked = DW(0xf0), contested = DW(0xf4), shown = DW(0xf8);

	set_up("every-standard");
	ck_assert_int_eq(config_permit(&map, &permits, 0xf0, ~0U, ~0U), 0);
	ck_assert_int_eq(config_permit(&map, &permits, 0xf4, ~0U, ~0U), 0);
	ck_assert_int_eq(config_permit(&map, &permits, 0xf8, ~0U, ~0U), 0);
	ck_assert_int_eq(config_permit(&map, &permits, 0xfc, 0xff, 0xff00), 0);
	map.flags[locked] |= CFG_LOCKED;
	map.flags[contested] |= CFG_CONTESTED;
	map.flags[shown] |= CFG_SHOWN;
	config_recheck_permits(&map, &permits);
	ck_assert_uint_eq(permits.read[locked] | permits.write[locked], 0);
	ck_assert_uint_eq(permits.read[contested] | permits.write[contested],
			  0);
	ck_assert_uint_eq(permits.read[shown], 0xffff0000);
	ck_assert_uint_eq(permits.write[shown], 0xffff0000);
	ck_assert_uint_eq(permits.read[DW(0xfc)], 0xff);
	ck_assert_uint_eq(permits.write[DW(0xfc)], 0xff00);
}

/* Where a capability is in the user's list, 0 for nowhere */
static u32 find_cap(u32 id)
{
	u32 at = read_at(PCI_CAPABILITY_LIST, 1);

	while (at && read_at(at, 1) != id)
		at = read_at(at + 1, 1);
	return at;
}

UNIT_TEST(msix_hidden,
	  "MSI-X that cannot be had is neither shown nor permitted")
{
	struct config_facts facts;
	u32 at, after;

	set_up("every-standard");
	at = find_cap(PCI_CAP_ID_MSIX);
	after = find_cap(PCI_CAP_ID_SATA);
	ck_assert_uint_ne(at, 0);
	ck_assert_uint_ne(after, 0);
	facts = map.facts;
	facts.no_msix = true;
	config_build(&map, &facts);
	ck_assert_uint_eq(find_cap(PCI_CAP_ID_MSIX), 0);
	ck_assert_uint_eq(find_cap(PCI_CAP_ID_SATA), after);
	ck_assert_uint_eq(
		read_at(at, 4) | read_at(at + 4, 4) | read_at(at + 8, 4), 0);
	ck_assert_int_eq(config_permit(&map, &permits, at, ~0U, 0), -EPERM);
	ck_assert_uint_eq(write_at(at, 4, ~0U).change, 0);
}

/* State */

static const struct {
	const char *name;
	u16 written;
	bool enforced;
	u16 hardware, want;
} devctl_rows[] = {
	{ "no snoop, enforced", 0x0800, true, 0x0000, 0x0800 },
	{ "no snoop, not enforced", 0x0800, false, 0x0000, 0x0000 },
	{ "no snoop, left by a reset", 0x0800, false, 0x2810, 0x2000 },
	{ "no snoop, taken away", 0x0000, true, 0x0800, 0x0000 },
	{ "relaxed ordering", 0x0010, false, 0x0000, 0x0010 },
	{ "the rest is the kernel's", 0x7c1f, true, 0x01e0, 0x09f0 },
	{ "reset never", 0x8000, true, 0x8000, 0x0000 },
};

static const struct {
	const char *name;
	u32 devcap2, path, bits;
} devctl2_rows[] = {
	{ "nothing but ordering", 0, 0, 0x0300 },
	{ "timeout, range A", 0x00000001, 0, 0x030f },
	{ "timeout, range D", 0x00000008, 0, 0x030f },
	{ "timeout, off", 0x00000010, 0, 0x0310 },
	{ "AtomicOps, all ports", 0, CFG_PATH_ATOMICS, 0x0340 },
	{ "AtomicOps, the device alone", 0x000003c0, 0, 0x0300 },
	{ "tags, all ports and the device", 0x00020000, CFG_PATH_TAGS10,
	  0x1300 },
	{ "tags, all ports alone", 0x00010000, CFG_PATH_TAGS10, 0x0300 },
	{ "tags, the device alone", 0x00030000, CFG_PATH_ATOMICS, 0x0340 },
	{ "all", ~0U, ~0U, 0x135f },
};

TABLE_TEST(devctl2, devctl2_rows)
{
	ck_assert_uint_eq(config_devctl2_bits(row->devcap2, row->path),
			  row->bits);
}

#define BOTH (CFG_PATH_ATOMICS | CFG_PATH_TAGS10)

static const struct {
	const char *name;
	u32 path, type, devcap2, devctl2, want;
} port_rows[] = {
	{ "root, all", BOTH, 4, 0x00010180, 0, BOTH },
	{ "root, routes and does not complete", BOTH, 4, 0x00010040, 0,
	  CFG_PATH_TAGS10 },
	{ "root, 32 bits only", BOTH, 4, 0x00010080, 0, CFG_PATH_TAGS10 },
	{ "root, 64 bits only", BOTH, 4, 0x00010100, 0, CFG_PATH_TAGS10 },
	{ "root, short tags", BOTH, 4, 0x00020180, 0, CFG_PATH_ATOMICS },
	{ "root, blocks the other way", BOTH, 4, 0x00010180, 0x80, BOTH },
	{ "upstream, all", BOTH, 5, 0x00010040, 0, BOTH },
	{ "upstream, completes and does not route", BOTH, 5, 0x00010180, 0,
	  CFG_PATH_TAGS10 },
	{ "upstream, blocks", BOTH, 5, 0x00010040, 0x80, CFG_PATH_TAGS10 },
	{ "downstream, all", BOTH, 6, 0x00010040, 0, BOTH },
	{ "downstream, blocks the other way", BOTH, 6, 0x00010040, 0x80, BOTH },
	{ "downstream, nothing", BOTH, 6, 0, 0, 0 },
	{ "nothing left before", 0, 4, ~0U, 0, 0 },
	{ "bridge to PCI", BOTH, 7, ~0U, 0, 0 },
	{ "bridge from PCI", BOTH, 8, ~0U, 0, 0 },
	{ "endpoint", BOTH, 0, ~0U, 0, 0 },
};

TABLE_TEST(ports, port_rows)
{
	ck_assert_uint_eq(config_pass_port(row->path, row->type, row->devcap2,
					   row->devctl2),
			  row->want);
}

/* Tags of 8 bits are in Device Control, those of 10 bits in the second */
UNIT_TEST(express_2, "control registers where the way to the root can all")
{
	struct config_facts facts;
	u8 virtfn;

	set_up("every-standard");
	facts = map.facts;
	for (virtfn = 0; virtfn < 2; virtfn++) {
		facts.is_virtfn = virtfn;
		facts.path = ~0U;
		config_build(&map, &facts);
		ck_assert_uint_eq(write_at(EXP + 40, 2, 0xffff).change,
				  virtfn ? 0 : 0x0340);
		write_at(EXP + 8, 2, 0xffff);
		ck_assert_uint_eq(config_devctl(&map, true, 0),
				  virtfn ? 0x0810 : 0x0910);
		write_at(EXP + 8, 2, 0);
		ck_assert_uint_eq(config_devctl(&map, true, 0x0100),
				  virtfn ? 0x0100 : 0);
	}
}

static struct config_outcome again(u32 at)
{
	struct config_outcome out;

	config_again(&map, at, &out);
	return out;
}

UNIT_TEST(written_again, "what was written through, and nothing else")
{
	struct config_facts facts;
	u32 at;

	set_up("every-standard");
	facts = map.facts;
	facts.path = ~0U;
	config_build(&map, &facts);
	for (at = 0; at < CFG_STD_SIZE; at += 4)
		ck_assert_uint_eq(again(at).change, 0);
	ck_assert_int_eq(config_permit(&map, &permits, 0xfc, 0, ~0U), 0);
	write_at(0xfc, 4, ~0U);
	write_at(EXP + 40, 1, 0x40);
	write_at(EXP + 41, 1, 0xff);
	write_at(EXP + 8, 4, ~0U);
	write_at(PCI_COMMAND, 4, ~0U);
	write_at(EXP + 41, 1, 0x01);
	for (at = 0; at < CFG_STD_SIZE; at += 4) {
		ck_assert_uint_eq(again(at).change,
				  at == EXP + 40 ? 0x0340 : 0);
		ck_assert_uint_eq(again(at).value, at == EXP + 40 ? 0x140 : 0);
		ck_assert_uint_eq(again(at).effects, 0);
	}
	ck_assert_uint_eq(again(PCI_COMMAND).zero, 0xf9000000);
	/* and not by the next user */
	config_build(&map, &facts);
	ck_assert_uint_eq(again(EXP + 40).change, 0);
}

static const struct {
	const char *name;
	u16 written;
	u32 bytes;
} readrq_rows[] = {
	{ "128", 0x0000, 128 },	     { "512", 0x2000, 512 },
	{ "4096", 0x5000, 4096 },    { "reserved 6", 0x6000, 0 },
	{ "reserved 7", 0x7000, 0 },
};

TABLE_TEST(devctl, devctl_rows)
{
	set_up("every-standard");
	write_at(EXP + 8, 2, row->written);
	ck_assert_uint_eq(config_devctl(&map, row->enforced, row->hardware),
			  row->want);
}

TABLE_TEST(readrq, readrq_rows)
{
	set_up("every-standard");
	write_at(EXP + 8, 2, row->written);
	ck_assert_uint_eq(config_readrq(&map), row->bytes);
}

UNIT_TEST(command, "command: on from the start, mastering until it is taken")
{
	set_up("every-standard");
	ck_assert_uint_eq(config_command(&map), 0x0003);
	write_at(4, 2, 0x0407);
	ck_assert_uint_eq(config_command(&map), 0x0407);
	config_set_master(&map, false);
	ck_assert_uint_eq(config_command(&map), 0x0403);
	ck_assert_uint_eq(read_at(4, 2), 0x0403);
	config_set_master(&map, true);
	ck_assert_uint_eq(read_at(4, 2), 0x0407);
}

UNIT_TEST(power, "power: the state asked for, and the one that came of it")
{
	set_up("every-standard");
	write_at(PM + 4, 2, 3);
	ck_assert_uint_eq(config_power_state(&map), 3);
	config_set_power_state(&map, 0);
	ck_assert_uint_eq(config_power_state(&map), 0);
	ck_assert_uint_eq(read_at(PM + 4, 2), 0x0008);
}

UNIT_TEST(power_states_missing, "power: states that the device has not")
{
	set_up("lie-loop-self");
	ck_assert_uint_eq(write_at(0x44, 2, 1).effects, 0);
	ck_assert_uint_eq(write_at(0x44, 2, 2).effects, 0);
	ck_assert_uint_eq(config_power_state(&map), 0);
	ck_assert_uint_eq(write_at(0x44, 2, 3).effects, CFG_EFFECT_POWER);
}

static const struct {
	const char *name;
	u32 bar, next;
	u32 mask, next_mask;
} bar_rows[] = {
	{ "BAR 0 of 64 bits", 0, 1, 0xfffff000, 0xffffffff },
	{ "BAR 4 of 64 bits", 4, 5, 0xfffff000, 0xffffffff },
	{ "BAR 5 cannot be of 64 bits", 5, 6, 0xfffff000, 0 },
};

TABLE_TEST(bars, bar_rows)
{
	struct config_facts facts = { 0 };

	config_set_bar(&facts, row->bar, 0x123456000ULL, 0x1000,
		       PCI_BASE_ADDRESS_MEM_TYPE_64);
	ck_assert_uint_eq(facts.bar_masks[row->bar], row->mask);
	ck_assert_uint_eq(facts.bars[row->bar], 0x23456004);
	ck_assert_uint_eq(facts.bar_masks[row->next], row->next_mask);
	ck_assert_uint_eq(facts.bars[row->next], row->next_mask ? 1 : 0);
}

UNIT_TEST(vpd, "VPD: address, data, and the flag that tells of it")
{
	set_up("every-standard");
	write_at(VPD + 2, 2, 0x7ffe);
	ck_assert_uint_eq(config_vpd_address(&map), 0x7ffc);
	ck_assert_uint_eq(read_at(VPD + 2, 2), 0x7ffe);
	config_vpd_done(&map, 0x12345678);
	ck_assert_uint_eq(read_at(VPD + 2, 2), 0xfffe);
	ck_assert_uint_eq(read_at(VPD + 4, 4), 0x12345678);
	ck_assert_uint_eq(write_at(VPD + 2, 2, 0).effects, CFG_EFFECT_VPD);
	ck_assert_uint_eq(read_at(VPD + 2, 2), 0);
}

UNIT_TEST(nothing_there, "state of a device without capabilities")
{
	struct config_map before;

	set_up("all-ones");
	before = map;
	ck_assert_uint_eq(map.pm | map.exp | map.vpd | map.af, 0);
	ck_assert_uint_eq(config_power_state(&map), 0);
	config_set_power_state(&map, 3);
	ck_assert_int_eq(memcmp(&before, &map, sizeof(map)), 0);
	ck_assert_uint_eq(config_readrq(&map), 0);
	ck_assert_uint_eq(config_devctl(&map, true, 0x2810), 0x2000);
}

UNIT_TEST(stack_bytes, "no byte depends on what was in memory before, 20")
{
	struct config_map a, b;

	set_up("every-standard");
	a = map;
	memset(&map, 0xa5, sizeof(map));
	set_up("every-standard");
	b = map;
	ck_assert_int_eq(memcmp(a.regs, b.regs, sizeof(a.regs)), 0);
	ck_assert_int_eq(memcmp(a.virt, b.virt, sizeof(a.virt)), 0);
}

SUITE(config_rules)
{
	ADD_TABLE(tc, writes, write_rows);
	ADD_TABLE(tc, merge, merge_rows);
	ADD_TABLE(tc, hardware, hardware_rows);
	ADD_TABLE(tc, permit, permit_rows);
	ADD_TABLE(tc, permit_extended, extended_rows);
	ADD_TABLE(tc, permit_longer, longer_rows);
	tcase_add_test(tc, permit_first_link);
	tcase_add_test(tc, permit_room);
	tcase_add_test(tc, permit_recheck);
	tcase_add_test(tc, msix_hidden);
	ADD_TABLE(tc, devctl, devctl_rows);
	ADD_TABLE(tc, devctl2, devctl2_rows);
	ADD_TABLE(tc, ports, port_rows);
	tcase_add_test(tc, express_2);
	tcase_add_test(tc, written_again);
	ADD_TABLE(tc, readrq, readrq_rows);
	tcase_add_test(tc, command);
	tcase_add_test(tc, power);
	tcase_add_test(tc, power_states_missing);
	ADD_TABLE(tc, bars, bar_rows);
	tcase_add_test(tc, vpd);
	tcase_add_test(tc, nothing_there);
	tcase_add_test(tc, stack_bytes);
}
