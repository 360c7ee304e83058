// SPDX-License-Identifier: GPL-2.0
/*
 * Runs the rules and the model side by side over one configuration space and
 * a list of operations, both from a file of the corpus (README.md), and aborts
 * where they differ. Owns the pretended hardware.
 *
 * The invariant: every byte that the hardware sees written and every effect are
 * the same, so are the bytes around each operation after it, and all bytes that
 * a user could read before the first and after the last.
 */
#include <stdio.h>
#include <stdlib.h>

#include "config_model.h"

#define OP_BYTES 11
#define MAX_OPS 64

enum op_kind { OP_WRITE, OP_POKE, OP_PERMIT, OP_OPEN };

struct op {
	enum op_kind kind;
	u32 pos;
	u32 size;
	u32 value[2];
};

struct scenario {
	u32 size;
	u8 hardware[CFG_SPACE_SIZE];
	struct config_facts facts;
	struct config_map map;
	struct config_permits permits;
	struct model model;
};

static void same(const char *what, u32 pos, u32 rules, u32 model)
{
	if (rules == model)
		return;
	fprintf(stderr, "%s at %#x: rules say %#x, model %#x\n", what, pos,
		rules, model);
	abort();
}

static u32 dword(const u8 *bytes)
{
	return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | (u32)bytes[3] << 24;
}

static u32 peek(void *priv, u32 offset)
{
	const struct scenario *s = priv;

	same("read of the hardware", offset, offset & 3, 0U);
	same("read within the space", offset, offset < s->size, true);
	return dword(&s->hardware[offset]);
}

/* Reading: all of it, and the list as a program walks it */

static u8 user_byte(const struct scenario *s, u32 pos)
{
	u32 at = pos & ~3U;

	return config_read(&s->map, &s->permits, at, dword(&s->hardware[at])) >>
	       8 * (pos & 3);
}

static void compare_dword(const struct scenario *s, u32 at)
{
	bool needed = config_needs_hardware(&s->map, &s->permits, at, ~0U);
	u32 i;

	for (i = at; i < at + 4; i++) {
		u8 model = model_read(&s->model, i, s->hardware[i]);

		same("byte read", i, user_byte(s, i), model);
		if (!needed)
			same("virtual byte", i, model,
			     model_read(&s->model, i, ~s->hardware[i]));
	}
}

/* May one of this ID be in the user's list at all? */
static bool shows(struct model_cap cap)
{
	return cap.least && !(cap.what & MODEL_HIDDEN);
}

static void walk_as_user(const struct scenario *s)
{
	u32 at = user_byte(s, PCI_CAPABILITY_LIST), n = 0;
	bool has = user_byte(s, PCI_STATUS) & PCI_STATUS_CAP_LIST;

	same("list and its status bit", at, has, at != 0);
	while (at) {
		same("link within the space", at, at >= 0x40 && at <= 0xfc, 1);
		same("link aligned", at, at & 3, 0U);
		same("end of the list", at, n++ < 48, true);
		same("ID shown", at,
		     shows(model_std_cap(&s->model, at, user_byte(s, at))),
		     true);
		at = user_byte(s, at + 1);
	}
}

static void walk_ext_as_user(const struct scenario *s)
{
	u32 at = 0x100, n = 0;

	while (s->size > CFG_STD_SIZE && at) {
		u32 header = s->map.regs[at / 4];
		bool anchor = at == 0x100 && !(header & 0xfffff);

		same("extended link", at, at >= 0x100 && !(at & 3), true);
		same("end of the extended list", at, n++ < 960, true);
		same("extended ID known", at,
		     anchor || shows(model_ext_cap(&s->model, at,
						   header & 0xffff)),
		     true);
		at = header >> 20;
	}
}

static void compare_all(const struct scenario *s)
{
	u32 at;

	for (at = 0; at < s->size; at += 4)
		compare_dword(s, at);
	walk_as_user(s);
	walk_ext_as_user(s);
}

/* Operations */

static u32 written_bytes(u32 change)
{
	u32 i, bytes = 0;

	for (i = 0; i < 4; i++)
		bytes |= change >> 8 * i & 0xff ? 1U << i : 0;
	return bytes;
}

static void do_write(struct scenario *s, const struct op *op)
{
	u32 at = op->pos & ~3U, shift = 8 * (op->pos & 3), i, merged, bytes;
	struct config_access access = {
		.lanes = (~0U >> (32 - 8 * op->size)) << shift,
		.value = op->value[0] << shift,
	};
	struct config_outcome out;
	struct model_write want;

	model_write(&s->model, op->pos, op->size, op->value[0], s->hardware,
		    &want);
	config_write(&s->map, &s->permits, at, access, &out);
	merged = config_merge(&out, dword(&s->hardware[at]));
	bytes = written_bytes(out.change);
	same("effects", op->pos, out.effects, want.effects);
	same("bytes written", op->pos, bytes, want.written);
	same("bytes within the access", op->pos, out.change & ~access.lanes,
	     0U);
	for (i = 0; i < 4; i++) {
		if (!(bytes >> i & 1))
			continue;
		same("value written", at + i, merged >> 8 * i & 0xff,
		     want.bytes[i]);
		s->hardware[at + i] = merged >> 8 * i;
	}
}

static void do_poke(struct scenario *s, const struct op *op)
{
	u32 i;

	for (i = 0; i < op->size; i++)
		s->hardware[op->pos + i] = op->value[0] >> 8 * i;
}

static void do_permit(struct scenario *s, const struct op *op)
{
	int ret = config_permit(&s->map, &s->permits, op->pos, op->value[0],
				op->value[1]);
	bool want =
		model_permit(&s->model, op->pos, op->value[0], op->value[1]);

	same("permit", op->pos, ret == 0, want);
}

/* A new user; permits stay with the device, and are asked for again here */
static void do_open(struct scenario *s)
{
	memset(&s->permits, 0, sizeof(s->permits));
	config_build(&s->map, &s->facts);
	model_build(&s->model, &s->facts);
}

static void do_op(struct scenario *s, const struct op *op)
{
	switch (op->kind) {
	case OP_WRITE:
		do_write(s, op);
		break;
	case OP_POKE:
		do_poke(s, op);
		break;
	case OP_PERMIT:
		do_permit(s, op);
		break;
	case OP_OPEN:
		do_open(s);
		break;
	}
}

/* The file */

static void pretend_bars(struct config_facts *facts)
{
	config_set_bar(facts, 0, 0xfe000000, 0x10000, 0);
	config_set_bar(facts, 1, 0xc000, 0x20, PCI_BASE_ADDRESS_SPACE_IO);
	config_set_bar(facts, 2, 0x3800000000ULL, 0x200000000ULL,
		       PCI_BASE_ADDRESS_MEM_TYPE_64 |
			       PCI_BASE_ADDRESS_MEM_PREFETCH);
	config_set_bar(facts, 4, 0xfe010000, 16, 0);
	config_set_bar(facts, CFG_ROM_BAR, 0xfeb00000, 0x800, 0);
}

static struct scenario *set_up(const u8 *data, size_t size)
{
	u8 flags = size ? data[0] : 0;
	struct scenario *s = calloc(1, sizeof(*s));

	if (!s)
		abort();
	s->size = flags & 1 ? CFG_SPACE_SIZE : CFG_STD_SIZE;
	if (size)
		memcpy(s->hardware, data + 1, min((size_t)s->size, size - 1));
	s->facts = (struct config_facts){
		.size = s->size,
		.vendor = flags & 2 ? 0x1b36 : dword(s->hardware) & 0xffff,
		.device = flags & 2 ? 0x0010 : dword(s->hardware) >> 16,
		.is_virtfn = flags & 2,
		.has_intx = flags & 4,
		.no_msix = flags & 16,
		.path = flags & 32 ? CFG_PATH_ATOMICS | CFG_PATH_TAGS10 |
					     CFG_PATH_EXT_TAGS :
				     0,
		.peek = peek,
		.priv = s,
	};
	if (flags & 8)
		pretend_bars(&s->facts);
	do_open(s);
	compare_all(s);
	return s;
}

/* Any bytes are an operation: what does not fit is bent until it does */
static struct op decode(const struct scenario *s, const u8 *p)
{
	struct op op = {
		.kind = p[0] & 3,
		.size = 1U << (p[0] >> 4) % 3,
		.pos = p[1] | p[2] << 8,
		.value = { dword(p + 3), dword(p + 7) },
	};

	if (op.kind != OP_PERMIT)
		op.pos = op.pos % s->size & ~(op.size - 1);
	return op;
}

void scenario_run(const u8 *data, size_t size)
{
	struct scenario *s = set_up(data, size);
	size_t at;
	u32 n = 0;

	for (at = 1 + s->size; at + OP_BYTES <= size && n < MAX_OPS; n++) {
		struct op op = decode(s, data + at);

		do_op(s, &op);
		compare_dword(s, op.pos % s->size & ~3U);
		at += OP_BYTES;
	}
	compare_all(s);
	free(s);
}

/* Every byte, word and dword of the space, with ones, zeroes and a pattern */
void scenario_sweep(const u8 *data, size_t size)
{
	static const u32 values[] = { ~0U, 0, 0x5aa5c33c };
	struct scenario *s = set_up(data, size);
	u32 i, step, pos;

	for (i = 0; i < 3 * ARRAY_SIZE(values); i++) {
		step = 1U << i % 3;
		for (pos = 0; pos < s->size; pos += step) {
			struct op op = {
				OP_WRITE, pos, step, { values[i / 3], 0 }
			};

			do_write(s, &op);
			compare_dword(s, pos & ~3U);
		}
		compare_all(s);
	}
	free(s);
}
