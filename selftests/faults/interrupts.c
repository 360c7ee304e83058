// SPDX-License-Identifier: GPL-2.0
/*
 * Every allocation of the calls for interrupts: see sweep.h. Invariant: besides,
 * those that were on still ring.
 *
 * A kernel that could not make /proc/irq/<N> warns when the interrupt is taken
 * back, whichever driver asked for it: the module spare keeps that apart.
 */
#include <unistd.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/event.h"
#include "sweep.h"

#define SOME 3

static int attach(struct stage *stage)
{
	return device_set(stage->device, stage->domain);
}

/* The device with MSI-X, which has no reset that would take its time */
static int attach_doorbell(struct stage *stage)
{
	stage->opened = device_open("DOORBELL");
	return stage->opened < 0 ? stage->opened :
				   device_set(stage->opened, stage->domain);
}

static int bind_intx(struct stage *stage)
{
	return call(stage->device, VFIO_EVENTFD_IRQ, &stage->events[0]);
}

static int attach_and_bind_intx(struct stage *stage)
{
	int err = attach(stage);

	return err ? err : bind_intx(stage);
}

static int unbind_intx(struct stage *stage)
{
	int none = -1;

	return call(stage->device, VFIO_EVENTFD_IRQ, &none);
}

static int rebind_intx(struct stage *stage)
{
	return call(stage->device, VFIO_EVENTFD_IRQ, &stage->events[2]);
}

static int enable_intx(struct stage *stage)
{
	return device_irq_enable(stage->device, UVFIO_IRQ_INTX, 1);
}

static int disable_intx(struct stage *stage)
{
	return device_irq_enable(stage->device, UVFIO_IRQ_INTX, 0);
}

static int bind_answer(struct stage *stage)
{
	return call(stage->device, VFIO_IRQ_EOI_EVENTFD, &stage->events[1]);
}

static int unbind_answer(struct stage *stage)
{
	int none = -1;

	return call(stage->device, VFIO_IRQ_EOI_EVENTFD, &none);
}

static int bind_msi(struct stage *stage)
{
	return call(stage->device, VFIO_EVENTFD_MSI, &stage->events[0]);
}

static int unbind_msi(struct stage *stage)
{
	int none = -1;

	return call(stage->device, VFIO_EVENTFD_MSI, &none);
}

static int bind_msix(struct stage *stage)
{
	int arg[1 + VECTORS] = { VECTORS };

	memcpy(arg + 1, stage->events, sizeof(stage->events));
	return call(stage->opened, VFIO_EVENTFDS_MSIX, arg);
}

static int unbind_msix(struct stage *stage)
{
	int none = 0;

	return call(stage->opened, VFIO_EVENTFDS_MSIX, &none);
}

static int enable_all(struct stage *stage)
{
	return device_irq_enable(stage->opened, UVFIO_IRQ_MSIX, VECTORS);
}

static int disable_all(struct stage *stage)
{
	return device_irq_enable(stage->opened, UVFIO_IRQ_MSIX, 0);
}

/* A vector that is on delivers to its eventfd, whatever failed beside it */
static int first_rings(struct stage *stage)
{
	int err = device_irq_set(stage->opened, UVFIO_IRQ_MSIX, UVFIO_IRQ_FIRE,
				 0, 1, NULL);

	return err ? err : event_take(stage->events[0], 1000) == 1 ? 0 : -EIO;
}

static int enable_some(struct stage *stage)
{
	int err = attach_doorbell(stage);

	if (!err)
		err = device_irq_enable(stage->opened, UVFIO_IRQ_MSIX, SOME);
	return err ? err :
		     device_irq_set(stage->opened, UVFIO_IRQ_MSIX,
				    UVFIO_IRQ_BIND, 0, 1, stage->events);
}

static bool can_grow(struct stage *stage)
{
	return device_irq_info(stage->opened, UVFIO_IRQ_MSIX).caps &
	       UVFIO_IRQ_DYNAMIC;
}

/* More while others run; all anew where the kernel cannot do that */
static int enable_more(struct stage *stage)
{
	int err = enable_all(stage);
	int rings = can_grow(stage) ? first_rings(stage) : 0;

	return err ? err : rings;
}

static int prepare_more(struct stage *stage)
{
	int err = enable_some(stage);

	if (err || can_grow(stage))
		return err;
	return disable_all(stage);
}

static int set_all(struct stage *stage)
{
	return device_irq_set(stage->opened, UVFIO_IRQ_MSIX, UVFIO_IRQ_BIND, 0,
			      VECTORS, stage->events);
}

static int attach_and_set_all(struct stage *stage)
{
	int err = attach_doorbell(stage);

	return err ? err : set_all(stage);
}

static int detach_doorbell(struct stage *stage)
{
	return call(stage->opened, VFIO_DOMAIN_UNSET, NULL);
}

/* clang-format off */
#define IRQS(name, ...) SWEEP(name, ANON, 0, __VA_ARGS__, .interrupts = true)
#define SURE(name, prepare, act, undo) \
	IRQS(name, prepare, act, undo, .cannot_fail = true)

IRQS(binding_intx, attach, bind_intx, unbind_intx)
IRQS(enabling_intx, attach, enable_intx, disable_intx)
IRQS(binding_msi, attach, bind_msi, unbind_msi)
IRQS(binding_msix, attach_doorbell, bind_msix, unbind_msix)
IRQS(enabling_msix, attach_doorbell, enable_all, disable_all)
IRQS(enabling_and_binding_msix, attach_doorbell, set_all, disable_all)
IRQS(enabling_more_msix, prepare_more, enable_more, disable_all)
SURE(binding_intx_again, attach_and_bind_intx, rebind_intx, unbind_intx)
SURE(binding_the_answer_to_intx, attach_and_bind_intx, bind_answer,
	unbind_answer)
SURE(unbinding_intx, attach_and_bind_intx, unbind_intx, NULL)
SURE(disabling_msix, attach_and_set_all, disable_all, NULL)
SURE(detaching_with_msix, attach_and_set_all, detach_doorbell, NULL)
/* clang-format on */

TEST_HARNESS_MAIN
