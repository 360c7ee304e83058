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

#endif /* _VFIO_IRQ_RULES_H */
