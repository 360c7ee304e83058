// SPDX-License-Identifier: GPL-2.0
/*
 * Devices that do not tell the truth about themselves, or do not do as they
 * are told, in their configuration space. Owns the accessors of the buses they
 * are on while loaded. To be written, addresses and registers in hexadecimal:
 *
 * lie "BDF REGISTER MASK VALUE HONEST PERIOD": bits of the dword REGISTER read
 *	as VALUE, after HONEST true answers (decimal) and then, if PERIOD is not
 *	0, at each PERIODth reading only
 * lacks "BDF REGISTER MASK COUNT": it has not these bits: nothing written sets
 *	them; if COUNT (decimal) is there, so many attempts, and then it does
 * holds "BDF REGISTER MASK": it has these bits, too, and they keep what is
 *	written, through resets as well; 0 at first
 * has "BDF REGISTER MASK VALUE": it has these bits, of VALUE now: they keep
 *	what is written, until a reset of the function clears them
 * mute "BDF": sends no MSI while Interrupt Disable is set
 * forget "BDF": is an honest device again
 *
 * `exposed` counts how often a mute device had neither MSI nor Interrupt
 * Disable set after a write: it would have raised its line. `cleared` counts
 * how often a reset of the function has cleared what a device has.
 */
#include <linux/delay.h>
#include <linux/spinlock.h>

#include "../target.h"

#define MAX_RULES 16
#define MAX_BUSES 4

enum kind { FREE, LIE, LACKS, HOLDS, MUTE };

struct rule {
	enum kind kind;
	struct pci_bus *bus;
	unsigned int devfn;
	unsigned int where;
	u32 mask;
	u32 value;
	unsigned int honest;
	unsigned int period;
	unsigned int nr_read;
	unsigned int nr_left; /* attempts that set nothing; 0: all of them */
	unsigned int control; /* where a reset is asked for */
	bool wants_msi;
};

struct bus {
	struct pci_bus *bus;
	struct pci_ops *ops;
};

static DEFINE_RAW_SPINLOCK(lock);
static DEFINE_MUTEX(setup);
static struct rule rules[MAX_RULES];
static struct bus buses[MAX_BUSES];

static unsigned int exposed;
module_param(exposed, uint, 0600);
MODULE_PARM_DESC(exposed, "how often a mute device could raise its line");

static unsigned int cleared;
module_param(cleared, uint, 0600);
MODULE_PARM_DESC(cleared, "how often a reset has cleared bits");

static struct pci_ops *true_ops(struct pci_bus *bus)
{
	int i;

	for (i = 0; i < MAX_BUSES; i++)
		if (buses[i].bus == bus)
			return buses[i].ops;
	return NULL;
}

static u32 true_dword(const struct rule *rule)
{
	u32 value = ~0U;

	true_ops(rule->bus)->read(rule->bus, rule->devfn, rule->where, 4,
				  &value);
	return value;
}

static void put_dword(const struct rule *rule, u32 value)
{
	true_ops(rule->bus)->write(rule->bus, rule->devfn, rule->where, 4,
				   value);
}

static bool is_of(const struct rule *rule, struct pci_bus *bus,
		  unsigned int devfn)
{
	return rule->kind != FREE && rule->bus == bus && rule->devfn == devfn;
}

/* Of an access to @where: does it touch the dword of the rule? */
static bool touches(const struct rule *rule, struct pci_bus *bus,
		    unsigned int devfn, unsigned int where)
{
	return is_of(rule, bus, devfn) && rule->where == (where & ~3U);
}

static bool lies_now(struct rule *rule)
{
	unsigned int nr = rule->nr_read++;

	if (nr < rule->honest)
		return false;
	return !rule->period || !((nr - rule->honest) % rule->period);
}

/* Of bits that a rule decides about, as the device says them */
static u32 said(struct rule *rule, u32 truth)
{
	switch (rule->kind) {
	case LIE:
		return lies_now(rule) ? rule->value : truth;
	case HOLDS:
		return rule->value;
	case MUTE:
		return rule->wants_msi ? ~0U : 0;
	default:
		return truth;
	}
}

static int read(struct pci_bus *bus, unsigned int devfn, int where, int size,
		u32 *value)
{
	int ret = true_ops(bus)->read(bus, devfn, where, size, value);
	u32 shift = 8 * (where & 3), lanes = ~0U >> (32 - 8 * size);
	unsigned long flags;
	struct rule *rule;

	raw_spin_lock_irqsave(&lock, flags);
	for (rule = rules; rule < rules + MAX_RULES; rule++) {
		u32 mask = rule->mask >> shift & lanes;

		if (mask && touches(rule, bus, devfn, where))
			*value = (*value & ~mask) |
				 (said(rule, *value << shift) >> shift & mask);
	}
	raw_spin_unlock_irqrestore(&lock, flags);
	return ret;
}

/* MSI as the device has it, which depends on both registers */
static void hush(struct rule *rule)
{
	struct rule command = *rule;
	u32 control = true_dword(rule);
	bool disabled;

	command.where = PCI_COMMAND;
	disabled = true_dword(&command) & PCI_COMMAND_INTX_DISABLE;
	control &= ~rule->mask;
	if (rule->wants_msi && !disabled)
		control |= rule->mask;
	put_dword(rule, control);
	if (!rule->wants_msi && !disabled)
		exposed++;
}

/* Take @value of the bits of @mask; the others of the dword are not written */
static void take(struct rule *rule, u32 mask, u32 value)
{
	if (rule->kind == LACKS && value & mask && rule->nr_left &&
	    !--rule->nr_left)
		rule->kind = FREE;
	if (rule->kind == HOLDS)
		rule->value = (rule->value & ~mask) | (value & mask);
	if (rule->kind == MUTE && mask)
		rule->wants_msi = value & mask;
}

/* After a write to the dword at @where, of which @value are the bits written */
static void follow(struct rule *rule, unsigned int where, u32 value)
{
	if (rule->kind == MUTE &&
	    (where == rule->where || where == PCI_COMMAND))
		hush(rule);
	if (rule->kind == HOLDS && where == rule->control &&
	    value & PCI_EXP_DEVCTL_BCR_FLR) {
		rule->value &= ~rule->mask;
		cleared++;
	}
}

static int write(struct pci_bus *bus, unsigned int devfn, int where, int size,
		 u32 value)
{
	u32 shift = 8 * (where & 3), lanes = ~0U >> (32 - 8 * size);
	struct rule *rule;
	unsigned long flags;
	int ret;

	raw_spin_lock_irqsave(&lock, flags);
	for (rule = rules; rule < rules + MAX_RULES; rule++) {
		u32 mask = rule->mask & lanes << shift;

		if (!touches(rule, bus, devfn, where))
			continue;
		take(rule, mask, value << shift);
		if (rule->kind != LIE)
			value &= ~(mask >> shift);
	}
	ret = true_ops(bus)->write(bus, devfn, where, size, value);
	for (rule = rules; rule < rules + MAX_RULES; rule++)
		if (is_of(rule, bus, devfn))
			follow(rule, where & ~3U, (value & lanes) << shift);
	raw_spin_unlock_irqrestore(&lock, flags);
	return ret;
}

static struct pci_ops ops = { .read = read, .write = write };

/* With @setup held */
static int listen_to(struct pci_bus *bus)
{
	int i;

	for (i = 0; i < MAX_BUSES && buses[i].bus; i++)
		if (buses[i].bus == bus)
			return 0;
	if (i == MAX_BUSES)
		return -ENOSPC;
	buses[i].ops = bus->ops;
	/* The accessors look for it without a lock */
	smp_store_release(&buses[i].bus, bus);
	pci_bus_set_ops(bus, &ops);
	return 0;
}

static int add(struct pci_dev *pdev, struct rule rule)
{
	unsigned long flags;
	int i, ret;

	mutex_lock(&setup);
	rule.bus = pdev->bus;
	rule.devfn = pdev->devfn;
	ret = listen_to(pdev->bus);
	for (i = 0; !ret && i < MAX_RULES && rules[i].kind != FREE;)
		i++;
	if (i == MAX_RULES)
		ret = -ENOSPC;
	if (!ret) {
		raw_spin_lock_irqsave(&lock, flags);
		rules[i] = rule;
		raw_spin_unlock_irqrestore(&lock, flags);
	}
	mutex_unlock(&setup);
	return ret;
}

static int lie(struct pci_dev *pdev, const char *args)
{
	struct rule rule = { .kind = LIE };

	if (sscanf(args, "%x %x %x %u %u", &rule.where, &rule.mask, &rule.value,
		   &rule.honest, &rule.period) != 5)
		return -EINVAL;
	return add(pdev, rule);
}

static int lacks(struct pci_dev *pdev, const char *args)
{
	struct rule rule = { .kind = LACKS };

	if (sscanf(args, "%x %x %u", &rule.where, &rule.mask, &rule.nr_left) <
	    2)
		return -EINVAL;
	return add(pdev, rule);
}

/* No register is there, and so no reset is seen */
static int holds(struct pci_dev *pdev, const char *args)
{
	struct rule rule = { .kind = HOLDS, .control = ~0U };

	if (sscanf(args, "%x %x", &rule.where, &rule.mask) != 2)
		return -EINVAL;
	return add(pdev, rule);
}

static int has(struct pci_dev *pdev, const char *args)
{
	struct rule rule = {
		.kind = HOLDS,
		.control = pdev->pcie_cap + PCI_EXP_DEVCTL,
	};

	if (!pdev->pcie_cap ||
	    sscanf(args, "%x %x %x", &rule.where, &rule.mask, &rule.value) != 3)
		return -EINVAL;
	return add(pdev, rule);
}

static int mute(struct pci_dev *pdev, const char *args)
{
	struct rule rule = {
		.kind = MUTE,
		.where = pdev->msi_cap,
		.mask = PCI_MSI_FLAGS_ENABLE << 16,
	};

	return rule.where ? add(pdev, rule) : -EINVAL;
}

static int forget(struct pci_dev *pdev, const char *args)
{
	unsigned long flags;
	struct rule *rule;

	raw_spin_lock_irqsave(&lock, flags);
	for (rule = rules; rule < rules + MAX_RULES; rule++)
		if (is_of(rule, pdev->bus, pdev->devfn))
			memset(rule, 0, sizeof(*rule));
	raw_spin_unlock_irqrestore(&lock, flags);
	return 0;
}

static struct target lie_target = { .act = lie };
static struct target lacks_target = { .act = lacks };
static struct target holds_target = { .act = holds };
static struct target has_target = { .act = has };
static struct target mute_target = { .act = mute };
static struct target forget_target = { .act = forget };

module_param_cb(lie, &target_ops, &lie_target, 0200);
MODULE_PARM_DESC(lie, "PCI address, and what reads as something else");
module_param_cb(lacks, &target_ops, &lacks_target, 0200);
MODULE_PARM_DESC(lacks, "PCI address, and bits that are not there");
module_param_cb(holds, &target_ops, &holds_target, 0200);
MODULE_PARM_DESC(holds, "PCI address, and bits that keep what is written");
module_param_cb(has, &target_ops, &has_target, 0200);
MODULE_PARM_DESC(has, "PCI address, and bits that are there, as they are");
module_param_cb(mute, &target_ops, &mute_target, 0200);
MODULE_PARM_DESC(mute, "PCI address: Interrupt Disable stops its MSI");
module_param_cb(forget, &target_ops, &forget_target, 0200);
MODULE_PARM_DESC(forget, "PCI address: it is honest again");

static int __init liar_init(void)
{
	return 0;
}

static void __exit liar_exit(void)
{
	int i;

	for (i = 0; i < MAX_BUSES && buses[i].bus; i++)
		pci_bus_set_ops(buses[i].bus, buses[i].ops);
	/* Those that are in there take no lock that would tell */
	msleep(100);
}

module_init(liar_init);
module_exit(liar_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Gives PCI devices a bad character");
