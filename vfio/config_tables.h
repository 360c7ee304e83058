/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tables of what is in configuration space, for the walk over it.
 */
#ifndef _VFIO_CONFIG_TABLES_H
#define _VFIO_CONFIG_TABLES_H

#include "config_rules.h"

/* Reads of the hardware while the map is built; nothing is past the end */
static inline u32 config_peek(const struct config_facts *facts, u32 at)
{
	return at < facts->size ? facts->peek(facts->priv, at) : 0;
}

/**
 * struct config_cap - one capability ID
 * @size: bytes, header included; 0 if the ID is not known
 * @measure: bytes of the one at an offset, where they vary; may be a lie
 * @tables: mark with CFG_TABLE what it has elsewhere
 * @fill: set masks and copies that are more than "read through", within the
 *	bytes measured
 * @locked: keep config_permit away from it
 * @more: it goes on behind @size, nobody knows how far, and that is not shown
 * @hidden: the user does not see it, for it would not work: what it controls
 *	is the kernel's, and a driver takes a capability for a promise
 *
 * Bytes of a capability are read through unless @fill says otherwise; the
 * header with the link is always virtual.
 */
struct config_cap {
	u16 size;
	u32 (*measure)(const struct config_facts *facts, u32 at);
	void (*tables)(struct config_map *map, u32 at);
	void (*fill)(struct config_map *map, u32 at, u32 size);
	bool locked;
	bool more;
	bool hidden;
};

/* NULL when the ID is not known */
const struct config_cap *config_std_cap(u32 id);
const struct config_cap *config_ext_cap(u32 id);
bool config_ext_is_locked(u32 id);

/* config_fill.c: the standard capabilities with more than read through */
void config_fill_pm(struct config_map *map, u32 at, u32 size);
void config_fill_vpd(struct config_map *map, u32 at, u32 size);
void config_fill_msi(struct config_map *map, u32 at, u32 size);
void config_fill_pcix(struct config_map *map, u32 at, u32 size);
void config_fill_exp(struct config_map *map, u32 at, u32 size);
void config_fill_msix(struct config_map *map, u32 at, u32 size);
void config_fill_af(struct config_map *map, u32 at, u32 size);

/* config_tables.c */
u32 config_msi_flags(u32 flags, u32 size);

void config_set_rule(struct config_map *map, u32 at, struct config_rule rule,
		     u32 copy);

extern const struct config_rule config_header_rules[CFG_HEADER_DWORDS];

#endif /* _VFIO_CONFIG_TABLES_H */
