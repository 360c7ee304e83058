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
 * mute "BDF": sends no MSI while Interrupt Disable is set
 * forget "BDF": is an honest device again
 *
 * `exposed` counts how often a mute device had neither MSI nor Interrupt
 * Disable set after a write: it would have raised its line.
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/pci.h>
#include <linux/spinlock.h>

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

/* Of an access to @where: does it touch the dword of the rule? */
static bool touches(const struct rule *rule, struct pci_bus *bus,
		    unsigned int devfn, unsigned int where)
{
	return rule->kind != FREE && rule->bus == bus && rule->devfn == devfn &&
	       rule->where == (where & ~3U);
}

static bool lies_now(struct rule *rule)
{
	unsigned int nr = rule->nr_read++;

	if (nr < rule->honest)
		return false;
	return !rule->period || !((nr - rule->honest) % rule->period);
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

		if (!touches(rule, bus, devfn, where))
			continue;
		if (rule->kind == LIE && mask && lies_now(rule))
			*value = (*value & ~mask) |
				 (rule->value >> shift & mask);
		if (rule->kind == HOLDS)
			*value = (*value & ~mask) |
				 (rule->value >> shift & mask);
		if (rule->kind == MUTE)
			*value = (*value & ~mask) |
				 (rule->wants_msi ? mask : 0);
	}
	raw_spin_unlock_irqrestore(&lock, flags);
	return ret;
}

static void lose_bits(struct rule *rule, u32 mask, u32 *value)
{
	if (!(*value & mask))
		return;
	*value &= ~mask;
	if (rule->nr_left && !--rule->nr_left)
		rule->kind = FREE;
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

static int write(struct pci_bus *bus, unsigned int devfn, int where, int size,
		 u32 value)
{
	u32 shift = 8 * (where & 3), lanes = ~0U >> (32 - 8 * size);
	struct rule *rule;
	unsigned long flags;
	int ret;

	raw_spin_lock_irqsave(&lock, flags);
	for (rule = rules; rule < rules + MAX_RULES; rule++) {
		u32 mask = rule->mask >> shift & lanes;

		if (!touches(rule, bus, devfn, where))
			continue;
		if (rule->kind == LACKS)
			lose_bits(rule, mask, &value);
		if (rule->kind == HOLDS) {
			rule->value &= ~(mask << shift);
			rule->value |= (value & mask) << shift;
			value &= ~mask;
		}
		if (rule->kind == MUTE && mask) {
			rule->wants_msi = value & mask;
			value &= ~mask;
		}
	}
	ret = true_ops(bus)->write(bus, devfn, where, size, value);
	for (rule = rules; rule < rules + MAX_RULES; rule++)
		if (rule->kind == MUTE && rule->bus == bus &&
		    rule->devfn == devfn &&
		    ((where & ~3U) == rule->where ||
		     (where & ~3) == PCI_COMMAND))
			hush(rule);
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

static struct pci_dev *find(const char *text)
{
	unsigned int domain, bus, slot, function;

	if (sscanf(text, "%x:%x:%x.%u", &domain, &bus, &slot, &function) != 4)
		return NULL;
	return pci_get_domain_bus_and_slot(domain, bus,
					   PCI_DEVFN(slot, function));
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

static int set_lie(const char *text, const struct kernel_param *kp)
{
	struct rule rule = { .kind = LIE };
	struct pci_dev *pdev = find(text);
	int ret = -EINVAL;

	if (!pdev)
		return -ENODEV;
	if (sscanf(text, "%*s %x %x %x %u %u", &rule.where, &rule.mask,
		   &rule.value, &rule.honest, &rule.period) == 5)
		ret = add(pdev, rule);
	pci_dev_put(pdev);
	return ret;
}

static int set_lacks(const char *text, const struct kernel_param *kp)
{
	struct rule rule = { .kind = LACKS };
	struct pci_dev *pdev = find(text);
	int ret = -EINVAL;

	if (!pdev)
		return -ENODEV;
	if (sscanf(text, "%*s %x %x %u", &rule.where, &rule.mask,
		   &rule.nr_left) >= 2)
		ret = add(pdev, rule);
	pci_dev_put(pdev);
	return ret;
}

static int set_holds(const char *text, const struct kernel_param *kp)
{
	struct rule rule = { .kind = HOLDS };
	struct pci_dev *pdev = find(text);
	int ret = -EINVAL;

	if (!pdev)
		return -ENODEV;
	if (sscanf(text, "%*s %x %x", &rule.where, &rule.mask) == 2)
		ret = add(pdev, rule);
	pci_dev_put(pdev);
	return ret;
}

static int set_mute(const char *text, const struct kernel_param *kp)
{
	struct rule rule = { .kind = MUTE, .mask = PCI_MSI_FLAGS_ENABLE << 16 };
	struct pci_dev *pdev = find(text);
	int ret = -EINVAL;

	if (!pdev)
		return -ENODEV;
	rule.where = pdev->msi_cap;
	if (rule.where)
		ret = add(pdev, rule);
	pci_dev_put(pdev);
	return ret;
}

static int forget(const char *text, const struct kernel_param *kp)
{
	struct pci_dev *pdev = find(text);
	unsigned long flags;
	struct rule *rule;

	if (!pdev)
		return -ENODEV;
	raw_spin_lock_irqsave(&lock, flags);
	for (rule = rules; rule < rules + MAX_RULES; rule++)
		if (rule->bus == pdev->bus && rule->devfn == pdev->devfn)
			memset(rule, 0, sizeof(*rule));
	raw_spin_unlock_irqrestore(&lock, flags);
	pci_dev_put(pdev);
	return 0;
}

static const struct kernel_param_ops lie_ops = { .set = set_lie };
static const struct kernel_param_ops lacks_ops = { .set = set_lacks };
static const struct kernel_param_ops holds_ops = { .set = set_holds };
static const struct kernel_param_ops mute_ops = { .set = set_mute };
static const struct kernel_param_ops forget_ops = { .set = forget };

module_param_cb(lie, &lie_ops, NULL, 0200);
MODULE_PARM_DESC(lie, "what reads as something else");
module_param_cb(lacks, &lacks_ops, NULL, 0200);
MODULE_PARM_DESC(lacks, "bits that are not there");
module_param_cb(holds, &holds_ops, NULL, 0200);
MODULE_PARM_DESC(holds, "bits that keep what is written");
module_param_cb(mute, &mute_ops, NULL, 0200);
MODULE_PARM_DESC(mute, "a device whose Interrupt Disable stops MSI");
module_param_cb(forget, &forget_ops, NULL, 0200);
MODULE_PARM_DESC(forget, "a device that is honest again");

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
