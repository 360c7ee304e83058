/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How much of an expansion ROM is there: pure rules, compiled into the module
 * and into the unit tests.
 */
#ifndef _VFIO_ROM_RULES_H
#define _VFIO_ROM_RULES_H

#include "../include/compat/pure.h"

u64 rom_image_size(u64 size, u16 (*peek)(void *priv, u64 offset), void *priv);

#endif /* _VFIO_ROM_RULES_H */
