// SPDX-License-Identifier: GPL-2.0
/*
 * Rules of one capability, in a space of 256 bytes that has nothing else: what
 * depends on the abilities that it tells of, and on where it is.
 */
#include "../../vfio/config_rules.h"
#include "unit.h"

static struct config_map map;
static struct config_permits permits;

/* One capability at 0x40 and nothing else */
static u32 only;

static u32 peek_at_one(void *priv, u32 offset)
{
	if (offset == PCI_COMMAND)
		return PCI_STATUS_CAP_LIST << 16;
	if (offset == PCI_CAPABILITY_LIST)
		return 0x40;
	return offset == 0x40 ? only : 0;
}

static void set_up(u32 (*look)(void *, u32))
{
	struct config_facts facts = { .size = CFG_STD_SIZE, .peek = look };

	config_build(&map, &facts);
	memset(&permits, 0, sizeof(permits));
}

static u32 read_at(u32 at)
{
	return config_read(&map, &permits, at, 0);
}

static u32 write_low(u32 at, u32 lanes, u32 value)
{
	struct config_access access = { .lanes = lanes, .value = value };
	struct config_outcome out;

	config_write(&map, &permits, at, access, &out);
	return out.effects;
}

static const struct {
	const char *name;
	u32 abilities, state;
	bool entered;
} state_rows[] = {
	{ "D1 alone: D1", 0x0200, 1, true },
	{ "D1 alone: D2", 0x0200, 2, false },
	{ "D1 alone: D3", 0x0200, 3, true },
	{ "D2 alone: D1", 0x0400, 1, false },
	{ "D2 alone: D2", 0x0400, 2, true },
	{ "D1 and D2: D1", 0x0600, 1, true },
	{ "D1 and D2: D2", 0x0600, 2, true },
};

TABLE_TEST(states, state_rows)
{
	only = row->abilities << 16 | PCI_CAP_ID_PM;
	set_up(peek_at_one);
	ck_assert_uint_eq(write_low(0x44, 0xffff, row->state),
			  row->entered ? CFG_EFFECT_POWER : 0);
	ck_assert_uint_eq(config_power_state(&map),
			  row->entered ? row->state : 0);
}

static const struct {
	const char *name;
	u32 abilities, effects;
} af_rows[] = {
	{ "AF: neither", 0x00, 0 },
	{ "AF: tells of transactions alone", 0x01, 0 },
	{ "AF: resets, and does not tell of transactions", 0x02, 0 },
	{ "AF: both", 0x03, CFG_EFFECT_FLR },
};

TABLE_TEST(af, af_rows)
{
	only = row->abilities << 24 | 6 << 16 | PCI_CAP_ID_AF;
	set_up(peek_at_one);
	ck_assert_uint_eq(write_low(0x44, 0xff, 1), row->effects);
}

/* The messages that there are can be masked; more than 32 there are not */
static const struct {
	const char *name;
	u32 code, mask;
} mask_rows[] = {
	{ "MSI: mask of one", 0, 0x00000001 },
	{ "MSI: masks of two", 1, 0x00000003 },
	{ "MSI: masks of 16", 4, 0x0000ffff },
	{ "MSI: masks of 32 again", 5, 0xffffffff },
	{ "MSI: masks of a reserved number", 7, 0xffffffff },
};

TABLE_TEST(masks, mask_rows)
{
	u32 flags = PCI_MSI_FLAGS_MASKBIT | row->code << 1;

	only = flags << 16 | PCI_CAP_ID_MSI;
	set_up(peek_at_one);
	write_low(0x40 + PCI_MSI_MASK_32, ~0U, ~0U);
	ck_assert_uint_eq(read_at(0x40 + PCI_MSI_MASK_32), row->mask);
}

/* MSI of 32 bits ends with the standard space */
static u32 peek_at_end(void *priv, u32 offset)
{
	if (offset == PCI_COMMAND)
		return PCI_STATUS_CAP_LIST << 16;
	if (offset == PCI_CAPABILITY_LIST)
		return 0xf4;
	return offset == 0xf4 ? PCI_CAP_ID_MSI : 0;
}

UNIT_TEST(last_dword, "the last dword of the standard space has its rule")
{
	set_up(peek_at_end);
	write_low(0xfc, 0xffff, 0x1234);
	ck_assert_uint_eq(read_at(0xfc), 0x1234);
}

/* One capability at 0x40, and the same once more at 0xa0 */
static u32 twice_id;

static u32 peek_at_twice(void *priv, u32 offset)
{
	if (offset == PCI_COMMAND)
		return PCI_STATUS_CAP_LIST << 16;
	if (offset == PCI_CAPABILITY_LIST)
		return 0x40;
	if (offset == 0x40)
		return 0xa000 | twice_id;
	return offset == 0xa0 ? twice_id : 0;
}

static const struct {
	const char *name;
	u32 id;
} twice_rows[] = {
	{ "twice, power management", PCI_CAP_ID_PM },
	{ "twice, vital product data", PCI_CAP_ID_VPD },
	{ "twice, PCI Express", PCI_CAP_ID_EXP },
	{ "twice, advanced features", PCI_CAP_ID_AF },
};

TABLE_TEST(twice, twice_rows)
{
	twice_id = row->id;
	set_up(peek_at_twice);
	ck_assert_uint_eq(map.pm | map.vpd | map.exp | map.af, 0x40);
}

SUITE(config_alone)
{
	ADD_TABLE(tc, states, state_rows);
	ADD_TABLE(tc, af, af_rows);
	ADD_TABLE(tc, masks, mask_rows);
	ADD_TABLE(tc, twice, twice_rows);
	tcase_add_test(tc, last_dword);
}
