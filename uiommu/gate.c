// SPDX-License-Identifier: GPL-2.0
/*
 * The slow half of gates. Invariant: while a gate is shut nobody is inside for
 * longer than it takes to see that.
 */
#include "gate.h"

/**
 * gate_init() - an open gate
 * @gate: the gate
 */
void gate_init(struct gate *gate)
{
	atomic_set(&gate->inside, 0);
	mutex_init(&gate->shutters);
	init_waitqueue_head(&gate->wait);
}

/**
 * gate_shut() - let nobody in, and wait until all are out
 * @gate: the gate
 *
 * Others who shut it wait until it has been opened.
 */
void gate_shut(struct gate *gate)
{
	mutex_lock(&gate->shutters);
	atomic_add(GATE_SHUT, &gate->inside);
	wait_event(gate->wait, atomic_read(&gate->inside) == GATE_SHUT);
	/* what was done inside is seen from here on */
	smp_acquire__after_ctrl_dep();
}

/**
 * gate_open() - let all in again
 * @gate: the gate, shut by the caller
 */
void gate_open(struct gate *gate)
{
	/* what was done meanwhile is seen by who enters */
	atomic_sub_return(GATE_SHUT, &gate->inside);
	wake_up_all(&gate->wait);
	mutex_unlock(&gate->shutters);
}

/* gate_leave() by the last, while somebody waits for that. */
void gate_wake(struct gate *gate)
{
	wake_up_all(&gate->wait);
}

/* gate_enter() when it was shut: counted as inside, wrongly. */
void gate_enter_shut(struct gate *gate)
{
	do {
		gate_leave(gate);
		wait_event(gate->wait, atomic_read(&gate->inside) < GATE_SHUT);
	} while (atomic_inc_return(&gate->inside) >= GATE_SHUT);
}
