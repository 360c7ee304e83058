// SPDX-License-Identifier: GPL-2.0
/*
 * What the model knows of capabilities, written down a second time from the
 * specifications: nothing here is taken from the tables under test, so that a
 * mistake in one of the two is seen. Owns nothing.
 */
#include "config_model.h"

static u32 dword_at(const struct model *m, u32 at)
{
	return at < m->facts->size ? m->facts->peek(m->facts->priv, at) : 0;
}

/* A capability of a fixed size */
static struct model_cap sized(u32 size, u32 what)
{
	return (struct model_cap){ size, size, what };
}

/* One that says itself how long it is; shorter than @least is a lie */
static struct model_cap varying(u32 least, u32 size, u32 what)
{
	return (struct model_cap){ least, size, what };
}

static u32 ht_size(u32 flags)
{
	u32 top = flags >> 13;

	if (top == 0)
		return 28;
	if (top == 1)
		return 24;
	/* MSI mapping: address in place unless fixed */
	return flags >> 11 == 0x15 && !(flags & 2) ? 12 : 4;
}

static u32 exp_size(u32 flags)
{
	u32 version = flags & 15, type = flags >> 4 & 15;
	bool says_slot = flags >> 8 & 1;
	bool slot = says_slot && (type == 4 || type == 6 || type == 8);
	bool link = type < 2 || (type > 3 && type < 9);

	if (version >= 2)
		return slot ? 0x3c : link ? 0x34 : 0x2c;
	if (type == 4 || type == 10)
		return 0x24;
	return slot ? 0x1c : link ? 0x14 : 0x0c;
}

static u32 ea_size(const struct model *m, u32 at)
{
	u32 n = dword_at(m, at) >> 16 & 63, size = 4, i;

	for (i = 0; i < n && at + size < 0x100; i++)
		size += 4 * (1 + (dword_at(m, at + size) & 7));
	return size;
}

struct model_cap model_std_cap(const struct model *m, u32 at, u32 id)
{
	u32 upper = dword_at(m, at) >> 16;

	switch (id) {
	case 0x01:
		return sized(8, MODEL_LOCKED);
	case 0x02:
	case 0x0e:
		return sized(12, MODEL_LOCKED | MODEL_HIDDEN);
	case 0x03:
		return sized(8, MODEL_LOCKED);
	case 0x04:
	case 0x06:
	case 0x0a:
	case 0x0b:
		return sized(4, 0);
	case 0x05:
		return varying(10,
			       10 + (upper & 0x80 ? 4 : 0) +
				       (upper & 0x100 ? 10 : 0),
			       MODEL_LOCKED);
	case 0x07:
		return varying(8, upper & 0x3000 ? 24 : 8, MODEL_LOCKED);
	case 0x08:
		return varying(4, ht_size(upper), MODEL_LOCKED);
	case 0x09:
		return varying(3, upper & 0xff, 0);
	case 0x0c:
		return sized(8, MODEL_LOCKED | MODEL_HIDDEN);
	case 0x0d:
		return sized(8, 0);
	case 0x0f:
		return sized(24, MODEL_LOCKED);
	case 0x10:
		return varying(12, exp_size(upper), MODEL_LOCKED);
	case 0x11:
		return sized(12, MODEL_LOCKED);
	case 0x12:
		return varying(8, (dword_at(m, at + 4) & 15) == 15 ? 16 : 8, 0);
	case 0x13:
		return sized(6, MODEL_LOCKED);
	case 0x14:
		return varying(4, ea_size(m, at), MODEL_LOCKED);
	default:
		return sized(0, 0);
	}
}

static u32 acs_size(u32 caps)
{
	u32 bits = caps >> 8 & 0xff, size = 8;

	if (!(caps & 0x20))
		return size;
	if (!bits)
		bits = 256;
	while (bits) {
		size += 4;
		bits = bits > 32 ? bits - 32 : 0;
	}
	return size;
}

static u32 tph_size(u32 caps)
{
	return (caps >> 9 & 3) == 1 ? 12 + 2 * ((caps >> 16 & 0x7ff) + 1) : 12;
}

/* Those whose size depends on what they say */
static struct model_cap varying_ext(const struct model *m, u32 at, u32 id)
{
	u32 version = dword_at(m, at) >> 16 & 15;
	u32 second = dword_at(m, at + 4), third = dword_at(m, at + 8);

	switch (id) {
	case 0x01:
		return varying(0x2c,
			       dword_at(m, at + 0x18) >> 11 & 1 ? 0x48 : 0x2c,
			       MODEL_LOCKED);
	case 0x02:
	case 0x08:
	case 0x09:
		return varying(0x1c, 0x1c + 12 * (second & 7), MODEL_LOCKED);
	case 0x05:
		return varying(0x20, 16 * (1 + (second >> 8 & 0xff)),
			       MODEL_LOCKED);
	case 0x07:
		return varying(8, version < 2 ? 8 : 12, MODEL_LOCKED);
	case 0x0b:
		return varying(8, second >> 20, 0);
	case 0x0d:
		return varying(8, acs_size(second), MODEL_LOCKED);
	case 0x15:
	case 0x24:
		return varying(12, 4 + 8 * (third >> 5 & 7),
			       MODEL_LOCKED | MODEL_HIDDEN);
	case 0x16:
		return varying(0x11, 0x11 + (second & 31), MODEL_LOCKED);
	case 0x17:
		return varying(12, tph_size(second), MODEL_LOCKED);
	case 0x1e:
		return varying(16, version < 2 ? 16 : 20,
			       MODEL_LOCKED | MODEL_HIDDEN);
	case 0x23:
		return varying(10, second >> 20, 0);
	default:
		return sized(0, MODEL_LOCKED);
	}
}

struct model_cap model_ext_cap(const struct model *m, u32 at, u32 id)
{
	/* by ID: the size of those that have but one, 1 for the others */
	static const u8 sizes[0x31] = {
		0,    1,    1,	  0x0c, 0x10, 1,    0x0c, 1,	1,    1,
		0x14, 1,    0x08, 1,	0x08, 0x08, 0x40, 0,	0x28, 0x10,
		0,    1,    1,	  1,	0x08, 0x0c, 0,	  0x08, 0x08, 0x0c,
		1,    0x0c, 0,	  0x10, 0x0c, 1,    1,	  0x0c, 0x20, 0x08,
		0x10, 0x10, 0x20, 0x0c, 0x14, 0,    0x18, 0x10, 0x0c,
	};
	bool hidden = id == 0x0f || id == 0x13 || id == 0x1b || id == 0x1f;

	/* registers for lanes and ports, and what versions to come append */
	static const u8 longer[] = { 0x04, 0x12, 0x19, 0x1d, 0x25, 0x26, 0x27,
				     0x28, 0x2a, 0x2b, 0x2c, 0x2e, 0x2f, 0x30 };
	u32 what = MODEL_LOCKED | (hidden ? MODEL_HIDDEN : 0);

	if (id > 0x30)
		return sized(0, MODEL_LOCKED);
	if (sizes[id] == 1)
		return varying_ext(m, at, id);
	if (memchr(longer, id, sizeof(longer)))
		what |= MODEL_LONGER;
	return sized(sizes[id], what);
}
