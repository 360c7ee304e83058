/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What an interrupt request may ask: pure rules, compiled into the module and
 * into the unit tests.
 */
#ifndef _VFIO_IRQ_RULES_H
#define _VFIO_IRQ_RULES_H

#include "../include/compat/pure.h"

/* The values of UVFIO_IRQ_INTX, _MSI, _MSIX, and the absence of them */
enum irq_kind {
	IRQ_INTX,
	IRQ_MSI,
	IRQ_MSIX,
	IRQ_NR_KINDS,
	IRQ_NONE_ON = IRQ_NR_KINDS,
};

/**
 * struct irq_state - what the rules look at
 * @max: vectors of each kind that the device has
 * @on: the kind that is on, IRQ_NONE_ON for none
 * @enabled: how many vectors are on
 * @dynamic: can MSI-X vectors be added while others are on?
 */
struct irq_state {
	u32 max[IRQ_NR_KINDS];
	u32 on;
	u32 enabled;
	bool dynamic;
};

/**
 * struct irq_msix - what a device says of its MSI-X structures
 * @table: BAR and offset of the table
 * @pba: BAR and offset of the pending bits
 * @control: Message Control, of which the number of vectors is believed
 */
struct irq_msix {
	u32 table;
	u32 pba;
	u16 control;
};

/* BARs that MSI-X structures may be in */
#define IRQ_NR_BARS 6

/* Why INTx is masked; the line is masked while any is set */
#define INTX_OFF BIT(0) /* no handler */
#define INTX_PENDING BIT(1) /* came, and was not answered */
#define INTX_USER BIT(2) /* Interrupt Disable, as written */
#define INTX_HELD BIT(3) /* UVFIO_IRQ_MASK */
#define INTX_PAUSED BIT(4) /* a reset is going on */
/* No reason by itself: messages are on, and with it INTX_OFF */
#define INTX_MESSAGES BIT(5)

/**
 * struct irq_line - what a device can do about its line
 * @maskable: it tells whether it raises it, and Interrupt Disable works
 * @stops_msi: while Interrupt Disable is set it sends no messages either
 */
struct irq_line {
	bool maskable;
	bool stops_msi;
};

/* What is to be done to follow a request */
enum irq_step {
	IRQ_STEP_NOTHING,
	IRQ_STEP_ENABLE,
	IRQ_STEP_GROW,
	IRQ_STEP_DISABLE,
};

int irq_check_kind(const struct irq_state *state, u32 kind);
int irq_check_enable(const struct irq_state *state, u32 kind, u32 count);
int irq_check_bind(const struct irq_state *state, u32 kind, u32 first,
		   u32 count);
int irq_check_vectors(const struct irq_state *state, u32 kind, u32 first,
		      u32 count);
int irq_check_flags(u32 flags, u32 known);
u32 irq_cap(u32 has, u32 limit);
u32 irq_msix_count(const struct irq_msix *msix);
bool irq_msix_fits(const struct irq_msix *msix, const u64 *bar_sizes);
bool irq_line_usable(u16 vendor, u16 device);
bool irq_line_disable(const struct irq_line *line, unsigned int reasons);
bool irq_line_hold(const struct irq_line *line, unsigned int reasons);
bool irq_line_raised(u32 command_status);

#endif /* _VFIO_IRQ_RULES_H */
