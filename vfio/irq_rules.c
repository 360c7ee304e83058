// SPDX-License-Identifier: GPL-2.0
/*
 * What an interrupt request may ask.
 *
 * Pure rules; their invariant: one kind of interrupt is on at a time, and a
 * request either is refused or says which one step follows it.
 */
#include "irq_rules.h"

/**
 * irq_check_kind - has the device interrupts of a kind?
 * @state: the device's interrupts
 * @kind: what the user asks for
 *
 * Return: 0, -EINVAL if there is no such kind, -ENXIO if the device has none.
 */
int irq_check_kind(const struct irq_state *state, u32 kind)
{
	if (kind >= IRQ_NR_KINDS)
		return -EINVAL;
	return state->max[kind] ? 0 : -ENXIO;
}

/**
 * irq_check_enable - may so many vectors be on?
 * @state: the device's interrupts
 * @kind: what the user asks for
 * @count: how many
 *
 * Return: the &enum irq_step that leads there, or -EINVAL, -ENXIO, -EBUSY.
 */
int irq_check_enable(const struct irq_state *state, u32 kind, u32 count)
{
	int ret = irq_check_kind(state, kind);

	if (ret)
		return ret;
	if (count > state->max[kind])
		return -EINVAL;
	if (state->on == IRQ_NONE_ON)
		return count ? IRQ_STEP_ENABLE : IRQ_STEP_NOTHING;
	if (state->on != kind)
		return count ? -EBUSY : IRQ_STEP_NOTHING;
	if (!count)
		return IRQ_STEP_DISABLE;
	if (count == state->enabled)
		return IRQ_STEP_NOTHING;
	if (count < state->enabled || kind != IRQ_MSIX || !state->dynamic)
		return -EBUSY;
	return IRQ_STEP_GROW;
}

/**
 * irq_check_bind - may eventfds be bound to these vectors?
 * @state: the device's interrupts
 * @kind: what the user asks for
 * @first: first vector
 * @count: how many
 *
 * Return: IRQ_STEP_ENABLE if @first + @count vectors must be turned on before,
 * IRQ_STEP_NOTHING if they are on, or -EINVAL, -ENXIO, -EBUSY.
 */
int irq_check_bind(const struct irq_state *state, u32 kind, u32 first,
		   u32 count)
{
	int ret = irq_check_kind(state, kind);

	if (ret)
		return ret;
	if (!count || first >= state->max[kind] ||
	    count > state->max[kind] - first)
		return -EINVAL;
	if (state->on == IRQ_NONE_ON)
		return IRQ_STEP_ENABLE;
	return irq_check_vectors(state, kind, first, count);
}

/**
 * irq_check_vectors - are these vectors on?
 * @state: the device's interrupts
 * @kind: what the user asks for
 * @first: first vector
 * @count: how many
 *
 * Return: 0, or -EINVAL, -ENXIO, -EBUSY.
 */
int irq_check_vectors(const struct irq_state *state, u32 kind, u32 first,
		      u32 count)
{
	int ret = irq_check_kind(state, kind);

	if (ret)
		return ret;
	if (state->on == IRQ_NONE_ON)
		return -EINVAL;
	if (state->on != kind)
		return -EBUSY;
	if (!count || first >= state->enabled || count > state->enabled - first)
		return -EINVAL;
	return 0;
}

/**
 * irq_check_flags - is exactly one of the known flags set?
 * @flags: what the user passed
 * @known: all there are
 *
 * Return: 0, -EOPNOTSUPP for an unknown flag, -EINVAL for none or several.
 */
int irq_check_flags(u32 flags, u32 known)
{
	if (flags & ~known)
		return -EOPNOTSUPP;
	if (!flags || flags & (flags - 1))
		return -EINVAL;
	return 0;
}

/**
 * irq_cap - how many of a device's vectors one user may have
 * @has: how many the device has
 * @limit: the administrator's limit; 0 for none
 *
 * Return: the smaller of the two.
 */
u32 irq_cap(u32 has, u32 limit)
{
	return limit && has > limit ? limit : has;
}

/**
 * irq_msix_count - how many MSI-X vectors a device says to have
 * @msix: what it says
 *
 * Return: 1 to 2048.
 */
u32 irq_msix_count(const struct irq_msix *msix)
{
	return (msix->control & PCI_MSIX_FLAGS_QSIZE) + 1;
}

/* BAR in the lower three bits, offset in the others, for both structures */
static bool fits(u32 place, u64 size, const u64 *bar_sizes)
{
	u32 bar = place & PCI_MSIX_TABLE_BIR;
	u64 offset = place & PCI_MSIX_TABLE_OFFSET;

	if (bar >= IRQ_NR_BARS)
		return false;
	return offset < bar_sizes[bar] && size <= bar_sizes[bar] - offset;
}

/**
 * irq_msix_fits - are table and pending bits where a device may have them?
 * @msix: what it says
 * @bar_sizes: bytes of each of IRQ_NR_BARS BARs; 0 if it is not memory
 *
 * The PCI core believes what it reads, and writes there: what lies outside of
 * the device's own memory is another's.
 *
 * Return: the answer.
 */
bool irq_msix_fits(const struct irq_msix *msix, const u64 *bar_sizes)
{
	u64 n = irq_msix_count(msix);

	return fits(msix->table, n * PCI_MSIX_ENTRY_SIZE, bar_sizes) &&
	       fits(msix->pba, (n + 63) / 64 * 8, bar_sizes);
}

/**
 * irq_line_usable - is INTx of a device of any use?
 * @vendor: vendor ID
 * @device: device ID
 *
 * These cannot tell that they raise it, and need it for nothing: their pin is
 * hidden, as the kernel's VFIO hides it.
 *
 * Return: the answer.
 */
bool irq_line_usable(u16 vendor, u16 device)
{
	if (vendor != 0x8086)
		return true;
	switch (device) {
	case 0x1563: /* X550 */
	case 0x1572: /* X710, XL710, XXV710: those of i40e */
	case 0x1574:
	case 0x1580 ... 0x1581:
	case 0x1583 ... 0x158b:
	case 0x37d0 ... 0x37d2:
		return false;
	default:
		return true;
	}
}

/**
 * irq_line_disable - shall Interrupt Disable be set?
 * @line: what the device can do
 * @reasons: INTX_*: why INTx is masked
 *
 * Also a device that does not work with a shared line is kept from raising it
 * while nobody listens: mostly only its status bit does not work.
 *
 * Return: the answer.
 */
bool irq_line_disable(const struct irq_line *line, unsigned int reasons)
{
	if (line->stops_msi && reasons & INTX_MESSAGES)
		return false;
	if (line->maskable)
		return reasons;
	return reasons & (INTX_OFF | INTX_USER);
}

/**
 * irq_line_hold - shall the line be off at the interrupt controller?
 * @line: what the device can do
 * @reasons: INTX_*: why INTx is masked
 *
 * Return: the answer; only for a line that is this device's alone.
 */
bool irq_line_hold(const struct irq_line *line, unsigned int reasons)
{
	return !line->maskable && reasons;
}

/**
 * irq_line_raised - does a device that can be masked raise the line now?
 * @command_status: its first dword after the IDs
 *
 * What is pending while Interrupt Disable is set does not show on the line:
 * the interrupt is another device's. So it is for one that does not answer,
 * which reads as all ones.
 *
 * Return: the answer.
 */
bool irq_line_raised(u32 command_status)
{
	return command_status & PCI_STATUS_INTERRUPT << 16 &&
	       !(command_status & PCI_COMMAND_INTX_DISABLE);
}
