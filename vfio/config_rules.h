/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a user may read and write in the configuration space of a device.
 * Pure rules: the unit tests and the fuzzer compile these files as well.
 *
 * Each bit of the space is one of these:
 *	virtual		answered from a copy (map->regs), hardware not asked;
 *			may be writable in the copy. Hidden bits are virtual
 *			zeroes.
 *	read through	read from the hardware, writes dropped
 *	write through	read and written in the hardware
 *	clear through	read from the hardware; a one written clears it
 *
 * Nobody hides from these rules by position: what no known capability covers
 * is hidden; what two capabilities cover is not writable.
 *
 * Registers are dwords here, in the byte order of the processor, and accesses
 * are lanes of a dword: masks of 0xff, 0xffff or ~0 shifted to their bytes.
 */
#ifndef _VFIO_CONFIG_RULES_H
#define _VFIO_CONFIG_RULES_H

#include "../include/compat/pure.h"

#define CFG_SPACE_SIZE 4096
#define CFG_STD_SIZE 256
#define CFG_DWORDS (CFG_SPACE_SIZE / 4)
#define CFG_STD_DWORDS (CFG_STD_SIZE / 4)
#define CFG_HEADER_DWORDS (PCI_STD_HEADER_SIZEOF / 4)

/* BARs 0 to 5, then the ROM */
#define CFG_NUM_BARS 7
#define CFG_ROM_BAR 6

/* The dword that holds register @reg */
#define DW(reg) ((reg) / 4)

/**
 * enum config_kind - registers whose writes mean more than their bits
 * @CFG_PLAIN: all others
 * @CFG_COMMAND: command and status
 * @CFG_PM: power management control
 * @CFG_EXP: PCI Express device control
 * @CFG_AF: advanced features control
 * @CFG_VPD: address of vital product data
 */
enum config_kind {
	CFG_PLAIN,
	CFG_COMMAND,
	CFG_PM,
	CFG_EXP,
	CFG_AF,
	CFG_VPD,
};

/* What is known of a dword besides its masks */
#define CFG_CLAIMED BIT(0) /* a capability covers it */
#define CFG_CONTESTED BIT(1) /* more than one does */
#define CFG_VISITED BIT(2) /* the walk has seen a capability here */
#define CFG_LOCKED BIT(3) /* config_permit may not touch it */
#define CFG_SHOWN BIT(4) /* header of a capability in the user's list */
#define CFG_UNKNOWN BIT(5) /* header of an extended one of no known length */
#define CFG_TABLE BIT(6) /* a table of one, if it is nothing else */

/* As many dwords may be permitted as a page of sysfs has room to tell of */
#define CFG_MAX_PERMITS 144

/* What all ports from a device to its root have, and the kernel lets be used */
#define CFG_PATH_ATOMICS BIT(0) /* AtomicOps are routed and completed */
#define CFG_PATH_TAGS10 BIT(1) /* tags of 10 bits are completed */
#define CFG_PATH_EXT_TAGS BIT(2) /* tags of 8 bits are on */

/**
 * struct config_rule - masks of one dword
 * @virt: bits answered from the copy
 * @write: bits that can be written, in the copy where virtual
 * @w1c: bits of the hardware that a one clears; never virtual
 */
struct config_rule {
	u32 virt;
	u32 write;
	u32 w1c;
};

/**
 * struct config_facts - what the kernel knows of a device
 * @size: bytes of its configuration space, 256 or 4096
 * @vendor: vendor ID; virtual functions read as 0xffff in hardware
 * @device: device ID, likewise
 * @is_virtfn: is it a virtual function?
 * @has_intx: can its INTx be had?
 * @no_msix: its MSI-X cannot be had: what it says of it is not shown
 * @path: CFG_PATH_*
 * @bars: initial value of each BAR register, type bits included
 * @bar_masks: bits of it that can be written, zero for none
 * @peek: read the dword at a byte offset of the hardware
 * @priv: for @peek
 */
struct config_facts {
	u32 size;
	u16 vendor;
	u16 device;
	bool is_virtfn;
	bool has_intx;
	bool no_msix;
	u32 path;
	u32 bars[CFG_NUM_BARS];
	u32 bar_masks[CFG_NUM_BARS];
	u32 (*peek)(void *priv, u32 offset);
	void *priv;
};

/**
 * struct config_map - rules and virtual registers of one device
 * @regs: the copy; of bits that are not virtual, those in @kept as the user has
 *	written them
 * @virt: masks of virtual bits
 * @write: masks of writable bits; there are none in the extended space
 * @w1c: masks of bits that a one clears
 * @kept: masks of bits that the user has written through
 * @kind: enum config_kind
 * @flags: CFG_CLAIMED and others
 * @facts: what it was built from
 * @pm: offset of the power management capability in force, 0 for none
 * @exp: offset of the PCI Express capability in force
 * @af: offset of the advanced features capability in force
 * @vpd: offset of the vital product data capability in force
 * @exp_flr: can @exp reset the function?
 * @af_flr: can @af?
 */
struct config_map {
	u32 regs[CFG_DWORDS];
	u32 virt[CFG_DWORDS];
	u32 write[CFG_STD_DWORDS];
	u32 w1c[CFG_STD_DWORDS];
	u32 kept[CFG_STD_DWORDS];
	u8 kind[CFG_STD_DWORDS];
	u8 flags[CFG_DWORDS];
	struct config_facts facts;
	u8 pm;
	u8 exp;
	u8 af;
	u8 vpd;
	bool exp_flr;
	bool af_flr;
};

/**
 * struct config_permits - what an administrator permits besides
 * @read: bits of each dword that may be read
 * @write: bits that may be read and written
 */
struct config_permits {
	u32 read[CFG_DWORDS];
	u32 write[CFG_DWORDS];
};

/**
 * struct config_access - a write of the user within one dword
 * @lanes: bits of the dword that it covers: one, two or four whole bytes
 * @value: their values, in place
 */
struct config_access {
	u32 lanes;
	u32 value;
};

/* Effects of a write, to be carried out in this order */
#define CFG_EFFECT_COMMAND BIT(0) /* config_command() was written */
#define CFG_EFFECT_DEVCTL BIT(1) /* config_devctl() may have changed */
#define CFG_EFFECT_READRQ BIT(2) /* config_readrq() has changed */
#define CFG_EFFECT_VPD BIT(3) /* fetch config_vpd_address() */
#define CFG_EFFECT_POWER BIT(4) /* config_power_state() has changed */
#define CFG_EFFECT_FLR BIT(5) /* reset the function */

/**
 * struct config_outcome - what a write asks of the hardware
 * @change: bits to write in the hardware dword
 * @value: their values
 * @zero: bits to write as zero whatever is read there, for a one clears them
 * @effects: CFG_EFFECT_*
 */
struct config_outcome {
	u32 change;
	u32 value;
	u32 zero;
	u32 effects;
};

/* config_walk.c */
void config_build(struct config_map *map, const struct config_facts *facts);
void config_set_bar(struct config_facts *facts, u32 bar, u64 start, u64 size,
		    u32 type);

/* config_rules.c: @at is a multiple of 4 within the space */
bool config_needs_hardware(const struct config_map *map,
			   const struct config_permits *permits, u32 at,
			   u32 lanes);
u32 config_read(const struct config_map *map,
		const struct config_permits *permits, u32 at, u32 hardware);
void config_write(struct config_map *map, const struct config_permits *permits,
		  u32 at, struct config_access access,
		  struct config_outcome *out);
void config_again(const struct config_map *map, u32 at,
		  struct config_outcome *out);
u32 config_merge(const struct config_outcome *out, u32 hardware);
int config_permit(const struct config_map *map, struct config_permits *permits,
		  u32 at, u32 readbits, u32 writebits);
void config_recheck_permits(const struct config_map *map,
			    struct config_permits *permits);

/* config_state.c: virtual registers as their meaning */
u16 config_command(const struct config_map *map);
void config_set_master(struct config_map *map, bool master);
u32 config_power_state(const struct config_map *map);
void config_set_power_state(struct config_map *map, u32 state);
u16 config_devctl(const struct config_map *map, bool snoop_enforced,
		  u16 hardware);
u32 config_devctl2_bits(u32 devcap2, u32 path);
u32 config_pass_port(u32 path, u32 type, u32 devcap2, u32 devctl2);
u32 config_readrq(const struct config_map *map);
u16 config_vpd_address(const struct config_map *map);
void config_vpd_done(struct config_map *map, u32 data);

#endif /* _VFIO_CONFIG_RULES_H */
