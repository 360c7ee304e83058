/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A slow, obvious model of configuration space as a user may see it: one
 * entry for each bit, decided one by one from the whole of both lists.
 */
#ifndef _SELFTESTS_UNIT_CONFIG_MODEL_H
#define _SELFTESTS_UNIT_CONFIG_MODEL_H

#include "../../vfio/config_rules.h"

#define MODEL_BITS (CFG_SPACE_SIZE * 8)

/* What a bit is; MODEL_COPY and MODEL_WRITABLE_COPY keep their value */
enum model_bit {
	MODEL_COPY,
	MODEL_WRITABLE_COPY,
	MODEL_READ,
	MODEL_READ_WRITE,
	MODEL_ONE_CLEARS,
};

#define MODEL_LOCKED 1 /* nothing of it can be permitted */
#define MODEL_HIDDEN 2 /* the user does not see it */
#define MODEL_LONGER 4 /* it is longer than what is known of it */

/**
 * struct model_cap - what the model knows of a capability
 * @least: bytes that it has at least, 0 if its ID is not known
 * @size: bytes that this one has
 * @what: MODEL_LOCKED, MODEL_HIDDEN
 */
struct model_cap {
	u32 least;
	u32 size;
	u32 what;
};

/**
 * struct model_entry - one entry of a list
 * @at: offset
 * @size: bytes that it covers within the space
 * @id: its ID
 * @known: the ID is known and its size is not a lie
 * @foreign: nobody knows how long it is
 * @locked: nothing of it can be permitted
 * @hidden: the user must not see it
 * @shown: the user sees it
 */
struct model_entry {
	u32 at;
	u32 size;
	u32 id;
	bool known;
	bool foreign;
	bool locked;
	bool hidden;
	bool shown;
};

struct model {
	const struct config_facts *facts;
	u8 kind[MODEL_BITS]; /* enum model_bit */
	bool copy[MODEL_BITS];
	struct model_entry std[CFG_STD_DWORDS];
	struct model_entry ext[CFG_DWORDS];
	u32 nstd;
	u32 next;
	u32 covered[CFG_DWORDS];
	u32 pm;
	u32 vpd;
	u32 exp;
	u32 af;
	bool exp_flr;
	bool af_flr;
};

/**
 * struct model_write - what a write does to the hardware
 * @written: bytes of the dword that the hardware sees written, one bit each
 * @bytes: their values
 * @effects: CFG_EFFECT_*
 */
struct model_write {
	u32 written;
	u8 bytes[4];
	u32 effects;
};

/* config_model_caps.c */
struct model_cap model_std_cap(const struct model *m, u32 at, u32 id);
struct model_cap model_ext_cap(const struct model *m, u32 at, u32 id);

void model_build(struct model *m, const struct config_facts *facts);
u8 model_read(const struct model *m, u32 pos, u8 hardware);
void model_write(struct model *m, u32 pos, u32 size, u32 value,
		 const u8 *hardware, struct model_write *out);
bool model_permit(struct model *m, u32 at, u32 readbits, u32 writebits);

/* config_scenario.c: run one file of the corpus; aborts where they differ */
void scenario_run(const u8 *data, size_t size);
void scenario_sweep(const u8 *data, size_t size);

#endif /* _SELFTESTS_UNIT_CONFIG_MODEL_H */
