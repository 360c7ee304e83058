// SPDX-License-Identifier: GPL-2.0
/*
 * What an interrupt request may ask. Invariant of the tests: every state meets
 * every kind of request.
 */
#include "../../vfio/irq_rules.h"
#include "unit.h"

#define OFF                                        \
	{                                          \
		{ 1, 4, 8 }, IRQ_NONE_ON, 0, false \
	}
#define ON(kind, n)                         \
	{                                   \
		{ 1, 4, 8 }, kind, n, false \
	}
#define DYNAMIC(kind, n)                   \
	{                                  \
		{ 1, 4, 8 }, kind, n, true \
	}

static const struct {
	const char *name;
	struct irq_state state;
	u32 kind, count;
	int ret;
} enable_rows[] = {
	{ "no such kind", OFF, 3, 1, -EINVAL },
	{ "far from a kind", OFF, U32_MAX, 1, -EINVAL },
	{ "no line",
	  { { 0, 4, 8 }, IRQ_NONE_ON, 0, false },
	  IRQ_INTX,
	  1,
	  -ENXIO },
	{ "line", OFF, IRQ_INTX, 1, IRQ_STEP_ENABLE },
	{ "two lines", OFF, IRQ_INTX, 2, -EINVAL },
	{ "all MSI", OFF, IRQ_MSI, 4, IRQ_STEP_ENABLE },
	{ "too many MSI", OFF, IRQ_MSI, 5, -EINVAL },
	{ "more than there are numbers", OFF, IRQ_MSIX, U32_MAX, -EINVAL },
	{ "off when off", OFF, IRQ_MSIX, 0, IRQ_STEP_NOTHING },
	{ "off", ON(IRQ_MSIX, 2), IRQ_MSIX, 0, IRQ_STEP_DISABLE },
	{ "another kind off", ON(IRQ_MSIX, 2), IRQ_MSI, 0, IRQ_STEP_NOTHING },
	{ "another kind on", ON(IRQ_MSIX, 2), IRQ_MSI, 1, -EBUSY },
	{ "the same again", ON(IRQ_MSIX, 2), IRQ_MSIX, 2, IRQ_STEP_NOTHING },
	{ "fewer", DYNAMIC(IRQ_MSIX, 2), IRQ_MSIX, 1, -EBUSY },
	{ "more, fixed", ON(IRQ_MSIX, 2), IRQ_MSIX, 3, -EBUSY },
	{ "more, dynamic", DYNAMIC(IRQ_MSIX, 2), IRQ_MSIX, 3, IRQ_STEP_GROW },
	{ "more MSI", DYNAMIC(IRQ_MSI, 2), IRQ_MSI, 4, -EBUSY },
};

TABLE_TEST(enable, enable_rows)
{
	ck_assert_int_eq(irq_check_enable(&row->state, row->kind, row->count),
			 row->ret);
}

static const struct {
	const char *name;
	struct irq_state state;
	u32 kind, first, count;
	int bind, vectors;
} vector_rows[] = {
	{ "off", OFF, IRQ_MSIX, 0, 8, IRQ_STEP_ENABLE, -EINVAL },
	{ "off, too many", OFF, IRQ_MSIX, 0, 9, -EINVAL, -EINVAL },
	{ "off, beyond", OFF, IRQ_MSIX, 8, 1, -EINVAL, -EINVAL },
	{ "off, wrapping", OFF, IRQ_MSIX, 4, U32_MAX - 2, -EINVAL, -EINVAL },
	{ "off, none", OFF, IRQ_MSIX, 0, 0, -EINVAL, -EINVAL },
	{ "no such kind", OFF, 3, 0, 1, -EINVAL, -EINVAL },
	{ "has none",
	  { { 1, 0, 8 }, IRQ_NONE_ON, 0, false },
	  IRQ_MSI,
	  0,
	  1,
	  -ENXIO,
	  -ENXIO },
	{ "all that are on", ON(IRQ_MSIX, 4), IRQ_MSIX, 0, 4, 0, 0 },
	{ "last", ON(IRQ_MSIX, 4), IRQ_MSIX, 3, 1, 0, 0 },
	{ "beyond what is on", ON(IRQ_MSIX, 4), IRQ_MSIX, 4, 1, -EINVAL,
	  -EINVAL },
	{ "partly on", ON(IRQ_MSIX, 4), IRQ_MSIX, 2, 3, -EINVAL, -EINVAL },
	{ "on, none", ON(IRQ_MSIX, 4), IRQ_MSIX, 0, 0, -EINVAL, -EINVAL },
	{ "on, wrapping", ON(IRQ_MSIX, 4), IRQ_MSIX, 1, U32_MAX, -EINVAL,
	  -EINVAL },
	{ "another kind", ON(IRQ_MSIX, 4), IRQ_MSI, 0, 1, -EBUSY, -EBUSY },
};

TABLE_TEST(vectors, vector_rows)
{
	ck_assert_int_eq(irq_check_bind(&row->state, row->kind, row->first,
					row->count),
			 row->bind);
	ck_assert_int_eq(irq_check_vectors(&row->state, row->kind, row->first,
					   row->count),
			 row->vectors);
}

static const struct {
	const char *name;
	u32 flags;
	int ret;
} flag_rows[] = {
	{ "one", 1, 0 },
	{ "another", 8, 0 },
	{ "none", 0, -EINVAL },
	{ "two", 3, -EINVAL },
	{ "unknown", 16, -EOPNOTSUPP },
	{ "known and unknown", 17, -EOPNOTSUPP },
};

TABLE_TEST(flags, flag_rows)
{
	ck_assert_int_eq(irq_check_flags(row->flags, 15), row->ret);
}

static const struct {
	const char *name;
	u32 has, limit, cap;
} cap_rows[] = {
	{ "below", 8, 128, 8 },	     { "at", 128, 128, 128 },
	{ "above", 2048, 128, 128 }, { "no limit", 2048, 0, 2048 },
	{ "has none", 0, 128, 0 },
};

TABLE_TEST(cap, cap_rows)
{
	ck_assert_uint_eq(irq_cap(row->has, row->limit), row->cap);
}

static const struct {
	const char *name;
	u32 on, enabled;
} model_rows[] = {
	{ "all small requests, none on", IRQ_NONE_ON, 0 },
	{ "all small requests, INTx on", IRQ_INTX, 1 },
	{ "all small requests, one MSI on", IRQ_MSI, 1 },
	{ "all small requests, three on", IRQ_MSIX, 3 },
	{ "all small requests, all on", IRQ_MSIX, 8 },
};

/* Is each of the vectors below @limit? And is there one at all? */
static bool all_below(u32 first, u32 count, u32 limit)
{
	u32 v;

	for (v = first; v < first + count; v++)
		if (v >= limit)
			return false;
	return count > 0;
}

static void compare_one(const struct irq_state *state, u32 kind, u32 first,
			u32 count)
{
	bool has = all_below(first, count, state->max[kind]);
	bool on = state->on == kind && all_below(first, count, state->enabled);
	bool off = state->on == IRQ_NONE_ON;

	ck_assert_int_eq(!irq_check_vectors(state, kind, first, count), on);
	ck_assert_int_eq(irq_check_bind(state, kind, first, count) >= 0,
			 off ? has : on);
}

TABLE_TEST(vectors_model, model_rows)
{
	struct irq_state state = { { 1, 4, 8 }, row->on, row->enabled, true };
	u32 kind, first, count;

	for (kind = 0; kind < IRQ_NR_KINDS; kind++)
		for (first = 0; first < 10; first++)
			for (count = 0; count < 10; count++)
				compare_one(&state, kind, first, count);
}

/* BAR 0 has 16 KiB of memory, BAR 3 a page, the others are none */
static const u64 sizes[IRQ_NR_BARS] = { 0x4000, 0, 0, 0x1000 };

static const struct {
	const char *name;
	struct irq_msix msix;
	bool fits;
} msix_rows[] = {
	{ "in place", { 0x2000, 0x3000, 7 }, true },
	{ "in two BARs", { 0x2000, 3, 7 }, true },
	{ "flags are not the number", { 0x2000, 3, 0xf807 }, true },
	{ "all there can be", { 0, 3, 0x1ff }, true },
	{ "table ends with the BAR", { 0x3f80, 3, 7 }, true },
	{ "table ends beyond it", { 0x3f88, 3, 7 }, false },
	{ "one vector more than room", { 0x3f80, 3, 8 }, false },
	{ "table begins at the end", { 0x4000, 3, 0 }, false },
	{ "table far beyond", { ~7U, 3, 0 }, false },
	{ "most vectors", { 0, 3, 0x7ff }, false },
	{ "table in no BAR", { 1, 3, 0 }, false },
	{ "table in the ROM", { 6, 3, 0 }, false },
	{ "table beyond the ROM", { 7, 3, 0 }, false },
	{ "silence", { ~0U, ~0U, 0xffff }, false },
	{ "bits end with the BAR", { 0, 0xff8 | 3, 63 }, true },
	{ "bits end beyond it", { 0, 0xff8 | 3, 64 }, false },
	{ "bits begin at the end", { 0, 0x1000 | 3, 0 }, false },
	{ "bits far beyond", { 0, ~7U | 3, 0 }, false },
	{ "bits in no BAR", { 0, 5, 0 }, false },
	{ "bits in the ROM", { 0, 6, 0 }, false },
};

TABLE_TEST(msix, msix_rows)
{
	ck_assert_int_eq(irq_msix_fits(&row->msix, sizes), row->fits);
}

static const struct {
	const char *name;
	u16 control;
	u32 count;
} count_rows[] = {
	{ "one", 0, 1 },
	{ "all", 0x7ff, 2048 },
	{ "enabled, masked", 0xf807, 8 },
};

TABLE_TEST(msix_count, count_rows)
{
	const struct irq_msix msix = { .control = row->control };

	ck_assert_uint_eq(irq_msix_count(&msix), row->count);
}

static const struct {
	const char *name;
	u16 vendor, device;
	bool usable;
} usable_rows[] = {
	{ "edu", 0x1234, 0x11e8, true },
	{ "another's number", 0x1234, 0x1572, true },
	{ "I350", 0x8086, 0x1521, true },
	{ "X550", 0x8086, 0x1563, false },
	{ "X710", 0x8086, 0x1572, false },
	{ "between", 0x8086, 0x1573, true },
	{ "XL710", 0x8086, 0x1574, false },
	{ "before a run", 0x8086, 0x157f, true },
	{ "first of two", 0x8086, 0x1580, false },
	{ "last of two", 0x8086, 0x1581, false },
	{ "between runs", 0x8086, 0x1582, true },
	{ "first of a run", 0x8086, 0x1583, false },
	{ "last of a run", 0x8086, 0x158b, false },
	{ "after a run", 0x8086, 0x158c, true },
	{ "before X722", 0x8086, 0x37cf, true },
	{ "first X722", 0x8086, 0x37d0, false },
	{ "last X722", 0x8086, 0x37d2, false },
	{ "after X722", 0x8086, 0x37d3, true },
};

TABLE_TEST(usable, usable_rows)
{
	ck_assert_int_eq(irq_line_usable(row->vendor, row->device),
			 row->usable);
}

#define SOUND               \
	{                   \
		true, false \
	}
#define BROKEN               \
	{                    \
		false, false \
	}
#define STOPS              \
	{                  \
		true, true \
	}
#define MSI_ON (INTX_OFF | INTX_MESSAGES)

static const struct {
	const char *name;
	struct irq_line line;
	unsigned int reasons;
	bool disable, hold;
} line_rows[] = {
	{ "sound, listening", SOUND, 0, false, false },
	{ "sound, off", SOUND, INTX_OFF, true, false },
	{ "sound, pending", SOUND, INTX_PENDING, true, false },
	{ "sound, by its user", SOUND, INTX_USER, true, false },
	{ "sound, held", SOUND, INTX_HELD, true, false },
	{ "sound, paused", SOUND, INTX_PAUSED, true, false },
	{ "sound, messages", SOUND, MSI_ON, true, false },
	{ "broken, listening", BROKEN, 0, false, false },
	{ "broken, off", BROKEN, INTX_OFF, true, true },
	{ "broken, pending", BROKEN, INTX_PENDING, false, true },
	{ "broken, by its user", BROKEN, INTX_USER, true, true },
	{ "broken, held", BROKEN, INTX_HELD, false, true },
	{ "broken, paused", BROKEN, INTX_PAUSED, false, true },
	{ "broken, messages", BROKEN, MSI_ON, true, true },
	{ "stops, listening", STOPS, 0, false, false },
	{ "stops, off", STOPS, INTX_OFF, true, false },
	{ "stops, pending", STOPS, INTX_PENDING, true, false },
	{ "stops, messages", STOPS, MSI_ON, false, false },
	{ "stops, all", STOPS, ~0U, false, false },
};

TABLE_TEST(line, line_rows)
{
	ck_assert_int_eq(irq_line_disable(&row->line, row->reasons),
			 row->disable);
	ck_assert_int_eq(irq_line_hold(&row->line, row->reasons), row->hold);
}

static const struct {
	const char *name;
	u32 command_status;
	bool raised;
} raised_rows[] = {
	{ "nothing", 0x00100006, false },
	{ "pending", 0x00180006, true },
	{ "pending but disabled", 0x00180406, false },
	{ "disabled", 0x00100406, false },
	{ "other bits", 0xfff7fbff, false },
	{ "only that one", 0x00080000, true },
	{ "all but Disable", 0xfffffbff, true },
	{ "silence", ~0U, false },
};

TABLE_TEST(raised, raised_rows)
{
	ck_assert_int_eq(irq_line_raised(row->command_status), row->raised);
}

SUITE(irq_rules)
{
	ADD_TABLE(tc, msix, msix_rows);
	ADD_TABLE(tc, msix_count, count_rows);
	ADD_TABLE(tc, usable, usable_rows);
	ADD_TABLE(tc, line, line_rows);
	ADD_TABLE(tc, raised, raised_rows);
	ADD_TABLE(tc, vectors_model, model_rows);
	ADD_TABLE(tc, enable, enable_rows);
	ADD_TABLE(tc, vectors, vector_rows);
	ADD_TABLE(tc, flags, flag_rows);
	ADD_TABLE(tc, cap, cap_rows);
}
