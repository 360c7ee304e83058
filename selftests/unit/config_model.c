// SPDX-License-Identifier: GPL-2.0
/*
 * The model. Owns nothing but what it is given, and shares nothing with the
 * rules: not their tables and not their functions. Slow on purpose: it lists
 * all entries first, and then asks for each bit who may do what with it.
 */
#include <string.h>

#include "config_model.h"

static u32 peek(const struct model *m, u32 at)
{
	return at < m->facts->size ? m->facts->peek(m->facts->priv, at) : 0;
}

static u8 peek_byte(const struct model *m, u32 pos)
{
	return peek(m, pos & ~3U) >> 8 * (pos & 3);
}

static void set_bits(struct model *m, u32 pos, u32 mask, enum model_bit kind)
{
	u32 bit;

	for (bit = 0; bit < 32; bit++)
		if (mask >> bit & 1)
			m->kind[pos * 8 + bit] = kind;
}

static void set_copy(struct model *m, u32 pos, u32 mask, u32 value)
{
	u32 bit;

	for (bit = 0; bit < 32; bit++)
		if (mask >> bit & 1)
			m->copy[pos * 8 + bit] = value >> bit & 1;
}

static u32 get_copy(const struct model *m, u32 pos, u32 nbits)
{
	u32 value = 0, bit;

	for (bit = 0; bit < nbits; bit++)
		value |= (u32)m->copy[pos * 8 + bit] << bit;
	return value;
}

/* The lists, as they are in the hardware */

static void look_at(struct model_entry *e, struct model_cap cap, u32 end)
{
	u32 size = cap.least ? cap.size : 4;

	e->known = cap.least && size >= cap.least && e->at + size <= end;
	e->foreign = !e->known || cap.what & MODEL_LONGER;
	e->hidden = cap.what & MODEL_HIDDEN;
	/* one that lies may be anything */
	e->locked = cap.what & MODEL_LOCKED || (cap.least && !e->known);
	if (size < 4)
		size = 4;
	e->size = e->at + size > end ? end - e->at : size;
}

static bool seen(const struct model_entry *list, u32 n, u32 at)
{
	while (n--)
		if (list[n].at == at)
			return true;
	return false;
}

static void list_std(struct model *m)
{
	u32 at = peek_byte(m, PCI_CAPABILITY_LIST) & 0xfc;

	if (!(peek_byte(m, PCI_STATUS) & PCI_STATUS_CAP_LIST))
		return;
	while (at >= 0x40 && !seen(m->std, m->nstd, at)) {
		struct model_entry *e = &m->std[m->nstd];

		e->at = at;
		e->id = peek_byte(m, at);
		if (e->id == 0xff)
			return;
		look_at(e, model_std_cap(m, at, e->id), 0x100);
		if (e->id == 0x11 && m->facts->no_msix)
			e->known = false;
		m->nstd++;
		at = peek_byte(m, at + 1) & 0xfc;
	}
}

static void list_ext(struct model *m)
{
	u32 at = 0x100;

	if (m->facts->size < CFG_SPACE_SIZE)
		return;
	while (at >= 0x100 && !seen(m->ext, m->next, at)) {
		struct model_entry *e = &m->ext[m->next];
		u32 header = peek(m, at);

		if (header == 0 || header == 0xffffffff)
			return;
		e->at = at;
		e->id = header & 0xffff;
		look_at(e, model_ext_cap(m, at, e->id), 0x1000);
		m->next++;
		at = header >> 20 & 0xffc;
	}
}

static bool covers(const struct model_entry *e, u32 dword)
{
	return dword * 4 + 3 >= e->at && dword * 4 < e->at + e->size;
}

static bool meet(const struct model_entry *a, const struct model_entry *b)
{
	u32 dword;

	for (dword = a->at / 4; dword < CFG_DWORDS && covers(a, dword); dword++)
		if (covers(b, dword))
			return true;
	return false;
}

/* Shown: known, and no entry before it is in any of its dwords */
static void decide_shown(struct model_entry *list, u32 n)
{
	u32 i, j;

	for (i = 0; i < n; i++) {
		list[i].shown = list[i].known && !list[i].hidden;
		for (j = 0; j < i; j++)
			if (meet(&list[i], &list[j]))
				list[i].shown = false;
	}
}

static void count_covers(struct model *m, const struct model_entry *list, u32 n)
{
	u32 dword;

	while (n--)
		for (dword = 0; dword < CFG_DWORDS; dword++)
			m->covered[dword] += covers(&list[n], dword);
}

/* What each register is */

/* A register that the user may write in the copy */
static void writable(struct model *m, u32 pos, u32 mask)
{
	if (m->covered[pos / 4] < 2)
		set_bits(m, pos, mask, MODEL_WRITABLE_COPY);
	else
		set_bits(m, pos, mask, MODEL_COPY);
}

static void through(struct model *m, u32 pos, u32 mask, enum model_bit kind)
{
	set_bits(m, pos, mask, m->covered[pos / 4] < 2 ? kind : MODEL_READ);
}

static void model_bars(struct model *m)
{
	const struct config_facts *f = m->facts;
	u32 bar, command = 0;

	for (bar = 0; bar < 7; bar++) {
		u32 pos = bar == 6 ? 0x30 : 0x10 + 4 * bar;

		set_copy(m, pos, ~0U, f->bars[bar]);
		writable(m, pos, f->bar_masks[bar]);
		if (!f->bar_masks[bar])
			continue;
		command |= bar < 6 && f->bars[bar] & 1 ? 1 : 2;
	}
	set_copy(m, 4, 0xffff, command);
}

static void model_header(struct model *m)
{
	const struct config_facts *f = m->facts;
	u32 pos;

	/* class, subsystem, CIS, timing, latencies: as the hardware has them */
	for (pos = 0x08; pos < 0x40; pos++)
		set_copy(m, pos, 0xff, peek_byte(m, pos));
	set_copy(m, 0x0f, 0xff, 0);
	set_copy(m, 0x34, ~0U, 0);
	set_copy(m, 0x38, ~0U, 0);
	if (!f->has_intx)
		set_copy(m, 0x3d, 0xff, 0);
	set_copy(m, 0, 0xffff, f->vendor);
	set_copy(m, 2, 0xffff, f->device);
	writable(m, 0x04, 0x0547);
	set_bits(m, 0x06, 0xffff & ~0x0010, MODEL_READ);
	set_bits(m, 0x06, 0xf900, MODEL_ONE_CLEARS);
	writable(m, 0x0c, 0xffff);
	writable(m, 0x3c, 0xff);
	model_bars(m);
}

static void model_pm(struct model *m, u32 at)
{
	if (m->pm)
		return;
	set_bits(m, at + 2, 0xffff, MODEL_COPY);
	set_copy(m, at + 2, 0xffff, peek(m, at) >> 16 & 0x07ff);
	set_bits(m, at + 4, ~0U, MODEL_COPY);
	set_copy(m, at + 4, 0xffff, peek(m, at + 4) & 8);
	writable(m, at + 4, 3);
	m->pm = at;
}

static void model_vpd(struct model *m, u32 at)
{
	if (m->vpd)
		return;
	set_bits(m, at + 4, ~0U, MODEL_COPY);
	set_bits(m, at + 2, 0xffff, MODEL_COPY);
	writable(m, at + 2, 0xffff);
	m->vpd = at;
}

static void model_msi(struct model *m, u32 at)
{
	u32 flags = peek(m, at) >> 16, data = at + 8, n;

	set_bits(m, at + 2, 0xffff, MODEL_COPY);
	set_copy(m, at + 2, 0xffff, flags & 0x018e);
	writable(m, at + 2, 0x0071);
	set_bits(m, at + 4, ~0U, MODEL_COPY);
	writable(m, at + 4, 0xfffffffc);
	if (flags & 0x80) {
		set_bits(m, at + 8, ~0U, MODEL_COPY);
		writable(m, at + 8, ~0U);
		data += 4;
	}
	set_bits(m, data, ~0U, MODEL_COPY);
	writable(m, data, 0xffff);
	if (!(flags & 0x100))
		return;
	set_bits(m, data + 4, ~0U, MODEL_COPY);
	n = flags >> 1 & 7;
	writable(m, data + 4, n >= 5 ? ~0U : (1U << (1U << n)) - 1);
}

static void model_msix(struct model *m, u32 at)
{
	set_bits(m, at + 2, 0xffff, MODEL_COPY);
	set_copy(m, at + 2, 0xffff, peek(m, at) >> 16 & 0x3fff);
	writable(m, at + 2, 0xc000);
}

/* Device Control 2: timeouts, AtomicOps, ordering by ID, tags of 10 bits */
static void model_exp2(struct model *m, u32 at)
{
	u32 can = peek(m, at + 0x24), bits = 0x0300;

	if (can & 0x0000f)
		bits |= 0x000f;
	if (can & 0x00010)
		bits |= 0x0010;
	if (m->facts->path & CFG_PATH_ATOMICS)
		bits |= 0x0040;
	if (can & 0x20000 && m->facts->path & CFG_PATH_TAGS10)
		bits |= 0x1000;
	through(m, at + 0x28, bits, MODEL_READ_WRITE);
}

static void model_exp(struct model *m, u32 at, u32 size)
{
	if (m->exp)
		return;
	set_bits(m, at + 8, 0xffff, MODEL_COPY);
	set_copy(m, at + 8, 0xffff, peek(m, at + 8) & 0x7fff);
	writable(m, at + 8, 0x7c1f);
	if (!m->facts->is_virtfn && m->facts->path & CFG_PATH_EXT_TAGS)
		writable(m, at + 8, 0x0100);
	if (size >= 0x2c && !m->facts->is_virtfn)
		model_exp2(m, at);
	through(m, at + 10, 0x000f, MODEL_ONE_CLEARS);
	m->exp = at;
	m->exp_flr = peek(m, at + 4) >> 28 & 1;
}

static void model_af(struct model *m, u32 at)
{
	if (m->af)
		return;
	m->af = at;
	m->af_flr = (peek_byte(m, at + 3) & 3) == 3;
}

static void model_std(struct model *m, const struct model_entry *e)
{
	u32 pos;

	for (pos = e->at + 2; pos < e->at + e->size; pos++)
		set_bits(m, pos, 0xff, MODEL_READ);
	set_copy(m, e->at, 0xff, e->id);
	switch (e->id) {
	case PCI_CAP_ID_PM:
		model_pm(m, e->at);
		break;
	case PCI_CAP_ID_VPD:
		model_vpd(m, e->at);
		break;
	case PCI_CAP_ID_MSI:
		model_msi(m, e->at);
		break;
	case PCI_CAP_ID_MSIX:
		model_msix(m, e->at);
		break;
	case PCI_CAP_ID_EXP:
		model_exp(m, e->at, e->size);
		break;
	case PCI_CAP_ID_PCIX:
		through(m, e->at + 2, 0x007e, MODEL_READ_WRITE);
		break;
	case PCI_CAP_ID_AF:
		model_af(m, e->at);
		break;
	}
}

static void model_std_list(struct model *m)
{
	u32 i, link = 0x34;

	for (i = 0; i < m->nstd; i++) {
		if (!m->std[i].shown)
			continue;
		model_std(m, &m->std[i]);
		set_copy(m, link, 0xff, m->std[i].at);
		set_copy(m, 6, 0x10, 0x10);
		link = m->std[i].at + 1;
	}
}

static void model_ext_list(struct model *m)
{
	u32 i, pos, link = 0x100;

	for (i = 0; i < m->next; i++) {
		const struct model_entry *e = &m->ext[i];

		if (!e->shown)
			continue;
		for (pos = e->at + 4; pos < e->at + e->size; pos++)
			set_bits(m, pos, 0xff, MODEL_READ);
		set_copy(m, e->at, 0x000fffff, peek(m, e->at));
		if (e->at != link)
			set_copy(m, link, 0xfff00000, e->at << 20);
		link = e->at;
	}
}

/* A meaning is lost with the place */
static void forget_contested(struct model *m)
{
	if (m->covered[(m->pm + 4) / 4] > 1)
		m->pm = 0;
	if (m->covered[m->vpd / 4] > 1)
		m->vpd = 0;
	if (m->covered[(m->exp + 8) / 4] > 1)
		m->exp = 0;
	if (m->covered[(m->af + 4) / 4] > 1)
		m->af = 0;
}

void model_build(struct model *m, const struct config_facts *facts)
{
	memset(m, 0, sizeof(*m));
	m->facts = facts;
	list_std(m);
	list_ext(m);
	decide_shown(m->std, m->nstd);
	decide_shown(m->ext, m->next);
	count_covers(m, m->std, m->nstd);
	count_covers(m, m->ext, m->next);
	model_header(m);
	model_std_list(m);
	model_ext_list(m);
	forget_contested(m);
}

/* Reads and writes */

static bool is_copy(enum model_bit kind)
{
	return kind == MODEL_COPY || kind == MODEL_WRITABLE_COPY;
}

u8 model_read(const struct model *m, u32 pos, u8 hardware)
{
	u8 value = 0;
	u32 i;

	for (i = 0; i < 8; i++) {
		u32 bit = pos * 8 + i;
		bool set = is_copy(m->kind[bit]) ? m->copy[bit] :
						   hardware >> i & 1;

		value |= set << i;
	}
	return value;
}

static void write_byte(struct model *m, u32 pos, u8 value, bool whole,
		       u8 hardware, struct model_write *out)
{
	u8 result = hardware;
	bool written = false;
	u32 i;

	for (i = 0; i < 8; i++) {
		u32 bit = pos * 8 + i;
		bool one = value >> i & 1;

		if (m->kind[bit] == MODEL_WRITABLE_COPY)
			m->copy[bit] = one;
		if (m->kind[bit] == MODEL_ONE_CLEARS) {
			bool clear = one && !whole;

			written |= clear;
			result = (result & ~(1 << i)) | clear << i;
		}
		if (m->kind[bit] == MODEL_READ_WRITE) {
			written = true;
			result = (result & ~(1 << i)) | one << i;
		}
	}
	out->bytes[pos & 3] = result;
	out->written |= (u32)written << (pos & 3);
}

static bool in_access(u32 reg, u32 pos, u32 size)
{
	return reg >= pos && reg < pos + size;
}

static u32 pm_effect(struct model *m, u32 old)
{
	u32 state = get_copy(m, m->pm + 4, 2);
	u32 pmc = get_copy(m, m->pm + 2, 16);

	if ((state == 1 && !(pmc & 0x0200)) || (state == 2 && !(pmc & 0x0400)))
		set_copy(m, m->pm + 4, 3, old);
	return get_copy(m, m->pm + 4, 2) != old ? CFG_EFFECT_POWER : 0;
}

static u32 exp_effect(struct model *m, u32 pos, u32 size, u32 value, u32 old)
{
	u32 now = get_copy(m, m->exp + 8, 16), effects = 0;
	u32 high = m->exp + 9;

	if (now != old)
		effects |= CFG_EFFECT_DEVCTL;
	if ((now ^ old) & 0x7000)
		effects |= CFG_EFFECT_READRQ;
	if (in_access(high, pos, size) && value >> 8 * (high - pos) & 0x80 &&
	    m->exp_flr)
		effects |= CFG_EFFECT_FLR;
	return effects;
}

static u32 vpd_effect(struct model *m, u32 pos, u32 size)
{
	bool asked = get_copy(m, m->vpd + 3, 8) & 0x80;

	if (!in_access(m->vpd + 3, pos, size))
		return 0;
	set_copy(m, m->vpd + 3, 0x80, 0);
	return asked ? 0 : CFG_EFFECT_VPD;
}

void model_write(struct model *m, u32 pos, u32 size, u32 value,
		 const u8 *hardware, struct model_write *out)
{
	u32 pm = get_copy(m, m->pm + 4, 2);
	u32 devctl = get_copy(m, m->exp + 8, 16);
	u32 i;

	memset(out, 0, sizeof(*out));
	for (i = 0; i < size; i++)
		write_byte(m, pos + i, value >> 8 * i, size == 4,
			   hardware[pos + i], out);
	if (in_access(4, pos, size) || in_access(5, pos, size))
		out->effects |= CFG_EFFECT_COMMAND;
	if (m->pm && pos / 4 == (m->pm + 4) / 4)
		out->effects |= pm_effect(m, pm);
	if (m->exp && pos / 4 == (m->exp + 8) / 4)
		out->effects |= exp_effect(m, pos, size, value, devctl);
	if (m->vpd && pos / 4 == m->vpd / 4)
		out->effects |= vpd_effect(m, pos, size);
	if (m->af && pos == m->af + 4 && value & 1 && m->af_flr)
		out->effects |= CFG_EFFECT_FLR;
}

/* The last entry of the extended list that begins at or before @at */
static bool is_behind_foreign(const struct model *m, u32 at)
{
	const struct model_entry *last = NULL;
	u32 i;

	for (i = 0; i < m->next; i++)
		if (m->ext[i].at <= at && (!last || m->ext[i].at > last->at))
			last = &m->ext[i];
	return at >= 0x100 && last && last->foreign;
}

/* Where a register says that a table of 256 bytes begins */
static bool is_in_table(const struct model *m, u32 base, u32 reg, u32 at)
{
	u32 offset = peek(m, base + reg) >> 24;

	return offset && at >= base + 16 * offset &&
	       at < base + 16 * offset + 256;
}

/* Arbitration tables of channels, where no entry is */
static bool is_arbitration(const struct model *m, u32 at)
{
	u32 i, channel, nchannels;

	for (i = 0; i < m->next && !m->covered[at / 4]; i++) {
		const struct model_entry *e = &m->ext[i];

		if (e->id != 2 && e->id != 8 && e->id != 9)
			continue;
		if (is_in_table(m, e->at, 8, at))
			return true;
		nchannels = 1 + (peek(m, e->at + 4) & 7);
		for (channel = 0; channel < nchannels; channel++)
			if (is_in_table(m, e->at, 16 + 12 * channel, at))
				return true;
	}
	return false;
}

/* Entries that nobody but the kernel may touch */
static bool is_locked(const struct model *m, u32 at)
{
	u32 i;

	for (i = 0; i < m->nstd; i++)
		if (m->std[i].locked && covers(&m->std[i], at / 4))
			return true;
	for (i = 0; i < m->next; i++)
		if (m->ext[i].locked && covers(&m->ext[i], at / 4))
			return true;
	return m->covered[at / 4] > 1 || is_behind_foreign(m, at) ||
	       is_arbitration(m, at);
}

static bool is_shown_header(const struct model *m, u32 at)
{
	u32 i;

	for (i = 0; i < m->nstd; i++)
		if (m->std[i].shown && m->std[i].at == at)
			return true;
	return false;
}

/* The first dword of the extended space, and any header that is shown there */
static bool is_ext_link(const struct model *m, u32 at)
{
	u32 i;

	for (i = 0; i < m->next; i++)
		if (m->ext[i].shown && m->ext[i].at == at)
			return true;
	return at == 0x100;
}

bool model_permit(struct model *m, u32 at, u32 readbits, u32 writebits)
{
	u32 bit;

	if (at % 4 || at < 0x40 || at >= m->facts->size || is_locked(m, at))
		return false;
	if (is_shown_header(m, at) && (readbits | writebits) & 0xffff)
		return false;
	if (is_ext_link(m, at))
		return false;
	for (bit = at * 8; bit < at * 8 + 32; bit++)
		if (readbits >> (bit & 31) & 1 && is_copy(m->kind[bit]))
			m->kind[bit] = MODEL_READ;
	set_bits(m, at, writebits, MODEL_READ_WRITE);
	return true;
}
