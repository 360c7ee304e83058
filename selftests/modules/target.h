/* SPDX-License-Identifier: GPL-2.0 */
/* Parameters of test modules that begin with the PCI address of a device. */
#ifndef SELFTESTS_MODULES_TARGET_H
#define SELFTESTS_MODULES_TARGET_H

#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/pci.h>
#include <linux/string.h>

/**
 * struct target - what is done with the device
 * @act: gets the rest of what was written, too; returns 0 or a negative errno
 */
struct target {
	int (*act)(struct pci_dev *pdev, const char *args);
};

static inline int target_set(const char *text, const struct kernel_param *kp)
{
	const struct target *target = kp->arg;
	unsigned int domain, bus, slot, function;
	struct pci_dev *pdev;
	int used, ret;

	if (sscanf(text, "%x:%x:%x.%u%n", &domain, &bus, &slot, &function,
		   &used) != 4)
		return -EINVAL;
	pdev = pci_get_domain_bus_and_slot(domain, bus,
					   PCI_DEVFN(slot, function));
	if (!pdev)
		return -ENODEV;
	ret = target->act(pdev, skip_spaces(text + used));
	pci_dev_put(pdev);
	return ret;
}

/* For parameters whose argument is a struct target */
static const struct kernel_param_ops target_ops = { .set = target_set };

#endif
