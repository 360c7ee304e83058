// SPDX-License-Identifier: GPL-2.0
/*
 * The walk over the header and both lists of capabilities that decides about
 * each dword. Owns the map while it is built.
 *
 * The invariant: the lists are the device's word and may lie. Every dword that
 * any entry of a list covers is marked, shown or not; the user gets a list of
 * those that are known, within the space and alone in their place, and a dword
 * that two entries cover is not writable.
 */
#include "config_tables.h"

/**
 * struct claim - one entry of a list while it is looked at
 * @cap: what is known of its ID, NULL if nothing
 * @at: its offset
 * @size: bytes it covers
 * @end: end of the space it must fit in
 * @locked: is config_permit kept away from all of it?
 * @unknown: it may be longer than what is claimed
 */
struct claim {
	const struct config_cap *cap;
	u32 at;
	u32 size;
	u32 end;
	bool locked;
	bool unknown;
};

/**
 * config_set_bar() - tell of one BAR
 * @facts: where to store it
 * @bar: 0 to 5, or CFG_ROM_BAR
 * @start: address on the bus
 * @size: bytes, a power of two
 * @type: type bits of the register (PCI_BASE_ADDRESS_*); 0 for the ROM
 *
 * A BAR of 64 bits takes the next register too.
 */
void config_set_bar(struct config_facts *facts, u32 bar, u64 start, u64 size,
		    u32 type)
{
	u64 mask = ~(size - 1);
	u32 low = ~0xfU;

	if (!size)
		return;
	if (type & PCI_BASE_ADDRESS_SPACE_IO)
		low = (u32)PCI_BASE_ADDRESS_IO_MASK;
	if (bar == CFG_ROM_BAR)
		low = (u32)PCI_ROM_ADDRESS_MASK;
	facts->bars[bar] = ((u32)start & (u32)mask & low) | type;
	facts->bar_masks[bar] = (u32)mask & low;
	if (bar == CFG_ROM_BAR)
		facts->bar_masks[bar] |= PCI_ROM_ADDRESS_ENABLE;
	if (!(type & PCI_BASE_ADDRESS_MEM_TYPE_64) || bar >= 5)
		return;
	facts->bars[bar + 1] = start >> 32;
	facts->bar_masks[bar + 1] = mask >> 32;
}

static void hide_everything(struct config_map *map)
{
	memset(map, 0, sizeof(*map));
	memset(map->virt, 0xff, sizeof(map->virt));
}

static void fill_bars(struct config_map *map)
{
	const struct config_facts *facts = &map->facts;
	u32 bar;

	for (bar = 0; bar < CFG_NUM_BARS; bar++) {
		u32 at = PCI_BASE_ADDRESS_0 + 4 * bar;

		if (bar == CFG_ROM_BAR)
			at = PCI_ROM_ADDRESS;
		map->regs[DW(at)] = facts->bars[bar];
		map->write[DW(at)] = facts->bar_masks[bar];
	}
}

/* Decoding is on from the start where there is something to decode */
static u32 decodes(const struct config_facts *facts)
{
	u32 command = 0;
	u32 bar;

	for (bar = 0; bar < CFG_NUM_BARS; bar++) {
		bool io = bar != CFG_ROM_BAR &&
			  facts->bars[bar] & PCI_BASE_ADDRESS_SPACE_IO;

		if (facts->bar_masks[bar])
			command |= io ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY;
	}
	return command;
}

/* Registers that the hardware does not tell, or not truly */
static void correct_header(struct config_map *map)
{
	const struct config_facts *facts = &map->facts;

	map->regs[DW(PCI_VENDOR_ID)] = (u32)facts->device << 16 | facts->vendor;
	map->regs[DW(PCI_CACHE_LINE_SIZE)] &= 0x00ffffff;
	map->regs[DW(PCI_CAPABILITY_LIST)] = 0;
	map->regs[DW(PCI_CAPABILITY_LIST) + 1] = 0;
	if (!facts->has_intx)
		map->regs[DW(PCI_INTERRUPT_LINE)] &= ~0xff00U;
	map->regs[DW(PCI_COMMAND)] = decodes(facts);
	map->kind[DW(PCI_COMMAND)] = CFG_COMMAND;
}

static void fill_header(struct config_map *map)
{
	u32 at;

	for (at = 0; at < PCI_STD_HEADER_SIZEOF; at += 4)
		config_set_rule(map, at, config_header_rules[DW(at)],
				config_peek(&map->facts, at));
	correct_header(map);
	fill_bars(map);
}

/* Mark what an entry covers. Was any of it covered before? */
static bool claim_dwords(struct config_map *map, const struct claim *claim)
{
	u32 i, end = min(claim->at + claim->size, claim->end);
	bool taken = false;

	for (i = DW(claim->at); i < DW(end + 3); i++) {
		if (map->flags[i] & CFG_CLAIMED) {
			map->flags[i] |= CFG_CONTESTED;
			taken = true;
		}
		map->flags[i] |= CFG_CLAIMED;
		if (claim->locked)
			map->flags[i] |= CFG_LOCKED;
	}
	return taken;
}

/* The bytes of a capability are read through, but for its header's link */
static void show(struct config_map *map, const struct claim *claim, u32 header)
{
	u32 slack = claim->size % 4;
	u32 i;

	for (i = DW(claim->at); i < DW(claim->at + claim->size + 3); i++)
		map->virt[i] = 0;
	if (slack)
		map->virt[i - 1] = ~0U << 8 * slack;
	map->virt[DW(claim->at)] |= header;
	map->flags[DW(claim->at)] |= CFG_SHOWN;
	map->regs[DW(claim->at)] = config_peek(&map->facts, claim->at) & header;
}

static void measure(const struct config_map *map, struct claim *claim)
{
	const struct config_cap *cap = claim->cap;

	claim->size = PCI_CAP_SIZEOF;
	if (cap)
		claim->size = cap->measure ?
				      cap->measure(&map->facts, claim->at) :
				      cap->size;
}

/* Mark an entry; true if the user may see it */
static bool admit(struct config_map *map, struct claim *claim)
{
	bool honest;

	measure(map, claim);
	honest = claim->cap && claim->size >= claim->cap->size &&
		 claim->size <= claim->end - claim->at;
	/* who lies about its size may be anything: nobody may write there */
	if (claim->cap && !honest)
		claim->locked = true;
	claim->unknown = !honest || claim->cap->more;
	claim->size = max_t(u32, claim->size, PCI_CAP_SIZEOF);
	if (claim_dwords(map, claim) || !honest)
		return false;
	return !claim->cap->hidden;
}

/* One that is shown or hidden has its tables all the same */
static void note_extent(struct config_map *map, const struct claim *claim)
{
	if (claim->unknown)
		map->flags[DW(claim->at)] |= CFG_UNKNOWN;
	if (claim->cap && claim->cap->tables)
		claim->cap->tables(map, claim->at);
}

static void set_std_link(struct config_map *map, u32 link, u32 to)
{
	u32 shift = link % 4 * 8;

	map->regs[DW(link)] &= ~(0xffU << shift);
	map->regs[DW(link)] |= to << shift;
}

static u32 std_link(const struct config_map *map, u32 link)
{
	return config_peek(&map->facts, link & ~3U) >> link % 4 * 8 & 0xfc;
}

static bool is_hidden(const struct config_map *map, u32 id)
{
	return id == PCI_CAP_ID_MSIX && map->facts.no_msix;
}

static void walk_std(struct config_map *map)
{
	u32 status = config_peek(&map->facts, PCI_COMMAND) >> 16;
	u32 link = PCI_CAPABILITY_LIST;
	u32 at = std_link(map, link);

	if (!(status & PCI_STATUS_CAP_LIST))
		return;
	while (at >= PCI_STD_HEADER_SIZEOF &&
	       !(map->flags[DW(at)] & CFG_VISITED)) {
		u32 id = config_peek(&map->facts, at) & 0xff;
		struct claim claim = { .at = at, .end = CFG_STD_SIZE };

		if (id == 0xff)
			break;
		map->flags[DW(at)] |= CFG_VISITED;
		claim.cap = config_std_cap(id);
		claim.locked = claim.cap && claim.cap->locked;
		if (admit(map, &claim) && !is_hidden(map, id)) {
			show(map, &claim, 0xffff);
			set_std_link(map, link, at);
			link = at + PCI_CAP_LIST_NEXT;
			if (claim.cap->fill)
				claim.cap->fill(map, at, claim.size);
			set_std_link(map, link, 0);
		}
		at = std_link(map, at + PCI_CAP_LIST_NEXT);
	}
	if (link != PCI_CAPABILITY_LIST)
		map->regs[DW(PCI_STATUS)] |= PCI_STATUS_CAP_LIST << 16;
}

static void set_ext_link(struct config_map *map, u32 link, u32 to)
{
	map->regs[DW(link)] &= 0x000fffff;
	map->regs[DW(link)] |= to << 20;
}

/* A first entry that is hidden leaves a null capability, 7.9.28, as anchor */
static void walk_ext(struct config_map *map)
{
	u32 link = CFG_STD_SIZE;
	u32 at = CFG_STD_SIZE;

	while (at >= CFG_STD_SIZE && !(map->flags[DW(at)] & CFG_VISITED)) {
		u32 header = config_peek(&map->facts, at);
		u32 id = PCI_EXT_CAP_ID(header);
		struct claim claim = { .at = at, .end = CFG_SPACE_SIZE };
		bool shown;

		if (!header || header == ~0U)
			break;
		map->flags[DW(at)] |= CFG_VISITED;
		claim.cap = config_ext_cap(id);
		claim.locked = config_ext_is_locked(id);
		shown = admit(map, &claim);
		note_extent(map, &claim);
		if (shown) {
			show(map, &claim, ~0U);
			set_ext_link(map, link, at == link ? 0 : at);
			link = at;
			set_ext_link(map, link, 0);
		}
		at = PCI_EXT_CAP_NEXT(header);
	}
}

/*
 * How long one of no known ID is, or one with registers for each lane, nobody
 * knows: up to the next, at most.
 */
static void lock_unknown(struct config_map *map)
{
	bool unknown = false;
	u32 i;

	for (i = CFG_STD_DWORDS; i < CFG_DWORDS; i++) {
		if (map->flags[i] & CFG_VISITED)
			unknown = map->flags[i] & CFG_UNKNOWN;
		if (unknown)
			map->flags[i] |= CFG_LOCKED;
	}
}

/* Tables that a capability has elsewhere, where nothing else is */
static void lock_tables(struct config_map *map)
{
	u32 i;

	for (i = CFG_STD_DWORDS; i < CFG_DWORDS; i++)
		if (map->flags[i] & CFG_TABLE && !(map->flags[i] & CFG_CLAIMED))
			map->flags[i] |= CFG_LOCKED;
}

/* Registers with a meaning lose it with their place */
static void forget_kind(struct config_map *map, u32 i)
{
	if (map->kind[i] == CFG_PM)
		map->pm = 0;
	if (map->kind[i] == CFG_EXP)
		map->exp = 0;
	if (map->kind[i] == CFG_AF)
		map->af = 0;
	if (map->kind[i] == CFG_VPD)
		map->vpd = 0;
	map->kind[i] = CFG_PLAIN;
}

/* What two entries cover is not written, whoever came first */
static void settle_contests(struct config_map *map)
{
	u32 i;

	for (i = 0; i < CFG_STD_DWORDS; i++) {
		if (!(map->flags[i] & CFG_CONTESTED))
			continue;
		map->write[i] = 0;
		map->w1c[i] = 0;
		forget_kind(map, i);
	}
}

/**
 * config_build() - decide about every bit of a configuration space
 * @map: where to store it; what was there is lost
 * @facts: the device
 */
void config_build(struct config_map *map, const struct config_facts *facts)
{
	hide_everything(map);
	map->facts = *facts;
	fill_header(map);
	walk_std(map);
	if (facts->size > CFG_STD_SIZE) {
		walk_ext(map);
		lock_unknown(map);
		lock_tables(map);
	}
	settle_contests(map);
}
