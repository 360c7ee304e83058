// SPDX-License-Identifier: GPL-2.0
/*
 * Keeps the allocations of register_irq_proc() from being failed on demand: a
 * kernel that could make only a part of /proc/irq/<N> warns when it takes it
 * away, and that is no matter of a driver that asked for the interrupt.
 * Invariant: what was to fail elsewhere fails there, uncounted here.
 */
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/sched.h>

static int pause_failing(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	unsigned int *nth = (unsigned int *)ri->data;

	*nth = READ_ONCE(current->fail_nth);
	WRITE_ONCE(current->fail_nth, 0);
	return 0;
}

static int resume_failing(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	unsigned int *nth = (unsigned int *)ri->data;

	WRITE_ONCE(current->fail_nth, *nth);
	return 0;
}

static struct kretprobe probe = {
	.kp.symbol_name = "register_irq_proc",
	.entry_handler = pause_failing,
	.handler = resume_failing,
	.data_size = sizeof(unsigned int),
	.maxactive = 16,
};

static int __init begin(void)
{
	return register_kretprobe(&probe);
}

static void __exit end(void)
{
	unregister_kretprobe(&probe);
}

module_init(begin);
module_exit(end);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Spares /proc/irq from failing allocations");
