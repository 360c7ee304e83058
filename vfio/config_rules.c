// SPDX-License-Identifier: GPL-2.0
/*
 * Reads and writes of configuration space as functions of the map, the
 * administrator's permits and what the hardware says. Owns nothing; the
 * invariant is that a bit is written in the hardware only if the map or a
 * permit says so, and that the permits never cover what is locked.
 */
#include "config_rules.h"

/* The rule of a dword, permits included: they turn virtual into through */
static struct config_rule rule_of(const struct config_map *map,
				  const struct config_permits *permits, u32 at)
{
	u32 i = DW(at);
	u32 permitted = READ_ONCE(permits->write[i]);
	struct config_rule rule = { .write = permitted };

	rule.virt = map->virt[i] & ~(READ_ONCE(permits->read[i]) | permitted);
	if (i >= CFG_STD_DWORDS)
		return rule;
	rule.write |= map->write[i];
	rule.w1c = map->w1c[i];
	return rule;
}

/**
 * config_needs_hardware() - does a read need to ask the hardware?
 * @map: the map
 * @permits: the administrator's
 * @at: offset of the dword
 * @lanes: bits of it that are read
 *
 * Return: false if all of them are virtual.
 */
bool config_needs_hardware(const struct config_map *map,
			   const struct config_permits *permits, u32 at,
			   u32 lanes)
{
	return ~rule_of(map, permits, at).virt & lanes;
}

/**
 * config_read() - what the user sees
 * @map: the map
 * @permits: the administrator's
 * @at: offset of the dword
 * @hardware: what the hardware has there, where it is needed
 *
 * Return: the dword.
 */
u32 config_read(const struct config_map *map,
		const struct config_permits *permits, u32 at, u32 hardware)
{
	u32 virt = rule_of(map, permits, at).virt;

	return (map->regs[DW(at)] & virt) | (hardware & ~virt);
}

/* A state that the device does not have is not entered */
static u32 write_power(struct config_map *map, u32 old)
{
	u32 *ctrl = &map->regs[DW(map->pm + PCI_PM_CTRL)];
	u32 pmc = map->regs[DW(map->pm)] >> 16;
	u32 state = *ctrl & PCI_PM_CTRL_STATE_MASK;

	if ((state == 1 && !(pmc & PCI_PM_CAP_D1)) ||
	    (state == 2 && !(pmc & PCI_PM_CAP_D2)))
		*ctrl = old;
	return *ctrl != old ? CFG_EFFECT_POWER : 0;
}

static u32 write_exp(const struct config_map *map, u32 old, u32 written)
{
	u32 changed = map->regs[DW(map->exp + PCI_EXP_DEVCTL)] ^ old;
	u32 effects = changed ? CFG_EFFECT_DEVCTL : 0;

	if (changed & PCI_EXP_DEVCTL_READRQ)
		effects |= CFG_EFFECT_READRQ;
	if (written & PCI_EXP_DEVCTL_BCR_FLR && map->exp_flr)
		effects |= CFG_EFFECT_FLR;
	return effects;
}

/* A set flag asks for a write: done at once, and nothing was written */
static u32 write_vpd(struct config_map *map, u32 lanes)
{
	u32 flag = (u32)PCI_VPD_ADDR_F << 16;
	u32 *address = &map->regs[DW(map->vpd)];
	bool fetch = !(*address & flag);

	if (!(lanes & flag))
		return 0;
	*address &= ~flag;
	return fetch ? CFG_EFFECT_VPD : 0;
}

/* The effects of a write of @written in a register that had @old */
static u32 effects_of(struct config_map *map, u32 at, u32 lanes, u32 old,
		      u32 written)
{
	switch (map->kind[DW(at)]) {
	case CFG_COMMAND:
		return lanes & 0xffff ? CFG_EFFECT_COMMAND : 0;
	case CFG_PM:
		return write_power(map, old);
	case CFG_EXP:
		return write_exp(map, old, written);
	case CFG_AF:
		return written & PCI_AF_CTRL_FLR && map->af_flr ?
			       CFG_EFFECT_FLR :
			       0;
	case CFG_VPD:
		return write_vpd(map, lanes);
	default:
		return 0;
	}
}

/*
 * A reset by the bus takes away what was written through. What an administrator
 * permits is not put back by other resets either.
 */
static void remember(struct config_map *map, u32 i, u32 lanes, u32 value)
{
	u32 bits = map->write[i] & ~map->virt[i] & lanes;

	map->regs[i] = (map->regs[i] & ~bits) | (value & bits);
	map->kept[i] |= bits;
}

/**
 * config_write() - what a write of the user does
 * @map: the map, its copy updated
 * @permits: the administrator's
 * @at: offset of the dword
 * @access: bits of it that are written, and their values
 * @out: what is left to do with the hardware
 *
 * Bits that a one clears are passed on only by accesses of one or two bytes:
 * a program that reads and writes back four bytes to change a control register
 * does not mean the status register beside it.
 */
void config_write(struct config_map *map, const struct config_permits *permits,
		  u32 at, struct config_access access,
		  struct config_outcome *out)
{
	struct config_rule rule = rule_of(map, permits, at);
	u32 *copy = &map->regs[DW(at)];
	u32 value = access.value & access.lanes;
	u32 mine = rule.virt & rule.write & access.lanes;
	u32 old = *copy;

	*copy = (old & ~mine) | (value & mine);
	out->change = rule.write & ~rule.virt & access.lanes;
	out->value = value & out->change;
	out->zero = rule.w1c;
	if (access.lanes != ~0U) {
		out->change |= rule.w1c & value;
		out->value |= rule.w1c & value;
	}
	out->effects = 0;
	if (at >= CFG_STD_SIZE)
		return;
	remember(map, DW(at), access.lanes, value);
	out->effects = effects_of(map, at, access.lanes, old, value);
}

/**
 * config_again() - write again what the user has written through
 * @map: the map
 * @at: offset of the dword, in the standard space
 * @out: what is to be written in the hardware, without effects
 */
void config_again(const struct config_map *map, u32 at,
		  struct config_outcome *out)
{
	u32 i = DW(at);

	*out = (struct config_outcome){
		.change = map->kept[i],
		.value = map->regs[i] & map->kept[i],
		.zero = map->w1c[i],
	};
}

/**
 * config_merge() - the dword to write to the hardware
 * @out: what a write asks for
 * @hardware: what is there
 *
 * Return: the dword; only the bytes with a bit in out->change need to be
 * written.
 */
u32 config_merge(const struct config_outcome *out, u32 hardware)
{
	return (hardware & ~out->change & ~out->zero) | out->value;
}

/*
 * The link of a capability that is shown stays as the walk made it. Links of
 * extended ones fill their dword, and the first dword always is one.
 */
static u32 permittable(const struct config_map *map, u32 i)
{
	if (map->flags[i] & (CFG_LOCKED | CFG_CONTESTED))
		return 0;
	if (i < CFG_STD_DWORDS)
		return map->flags[i] & CFG_SHOWN ? 0xffff0000 : ~0U;
	return i == CFG_STD_DWORDS || map->flags[i] & CFG_SHOWN ? 0 : ~0U;
}

/* Is there room for one more, or is it one of those there are? */
static bool has_room(const struct config_permits *permits, u32 at)
{
	u32 i, n = 0;

	for (i = 0; i < CFG_DWORDS; i++)
		if (i != at && (permits->read[i] | permits->write[i]))
			n++;
	return n < CFG_MAX_PERMITS;
}

/**
 * config_permit() - widen what may be read and written
 * @map: the map of the device
 * @permits: where to add it
 * @at: offset of the dword
 * @readbits: bits that may be read
 * @writebits: bits that may be read and written
 *
 * Return: 0; -EINVAL for an offset that is not one of a dword; -EPERM for the
 * header and capabilities that are the kernel's, which in the extended space
 * are all but those of vendors; -ENOSPC for more than CFG_MAX_PERMITS dwords.
 */
int config_permit(const struct config_map *map, struct config_permits *permits,
		  u32 at, u32 readbits, u32 writebits)
{
	u32 i = DW(at), may;

	if (at % 4 || at >= map->facts.size)
		return -EINVAL;
	if (at < PCI_STD_HEADER_SIZEOF)
		return -EPERM;
	may = permittable(map, i);
	if (!may || (readbits | writebits) & ~may)
		return -EPERM;
	if (!has_room(permits, i))
		return -ENOSPC;
	WRITE_ONCE(permits->read[i], permits->read[i] | readbits);
	WRITE_ONCE(permits->write[i], permits->write[i] | writebits);
	return 0;
}

/**
 * config_recheck_permits() - take back what a new map does not permit any more
 * @map: the map, built again
 * @permits: what was permitted by the one before
 */
void config_recheck_permits(const struct config_map *map,
			    struct config_permits *permits)
{
	u32 i, may;

	for (i = CFG_HEADER_DWORDS; i < CFG_DWORDS; i++) {
		may = permittable(map, i);
		WRITE_ONCE(permits->read[i], permits->read[i] & may);
		WRITE_ONCE(permits->write[i], permits->write[i] & may);
	}
}
