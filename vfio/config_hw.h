/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Between the files of the configuration space's effects.
 */
#ifndef _VFIO_CONFIG_HW_H
#define _VFIO_CONFIG_HW_H

#include "config.h"
#include "config_rules.h"

/* config_hw.c: access to the hardware, which is left alone outside D0 */
bool config_hw_reachable(const struct vfio_config *cfg);
u32 config_hw_read(const struct vfio_config *cfg, u32 pos, u32 size);
void config_hw_write(const struct vfio_config *cfg, u32 pos, u32 size,
		     u32 value);
void config_hw_save(struct vfio_config *cfg);
void config_hw_restore_lost(struct vfio_config *cfg);
void config_hw_sync_master(struct vfio_config *cfg);
void config_hw_clear_master(struct vfio_config *cfg);
void config_hw_sync_command(struct vfio_config *cfg, bool used);
void config_hw_sync_devctl(struct vfio_config *cfg);

/* config_effects.c */
void config_update_decode(struct vfio_config *cfg);
void config_sync_readrq(struct vfio_config *cfg);
void config_size_vpd(struct vfio_config *cfg);
void config_carry_out(struct vfio_config *cfg, u32 effects);

#endif /* _VFIO_CONFIG_HW_H */
