// SPDX-License-Identifier: GPL-2.0
/*
 * Gives a device another list of ways to be reset, by their numbers, also such
 * as the kernel finds only in devices that QEMU does not have. Not such as the
 * kernel does not know.
 *
 * echo 0000:02:00.0 7 6 >/sys/module/methods/parameters/list
 */
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/pci.h>

static int set_list(const char *text, const struct kernel_param *kp)
{
	unsigned int domain, bus, slot, function, first, second = 0;
	struct pci_dev *pdev;

	if (sscanf(text, "%x:%x:%x.%u %u %u", &domain, &bus, &slot, &function,
		   &first, &second) < 5 ||
	    first >= PCI_NUM_RESET_METHODS || second >= PCI_NUM_RESET_METHODS)
		return -EINVAL;
	pdev = pci_get_domain_bus_and_slot(domain, bus,
					   PCI_DEVFN(slot, function));
	if (!pdev)
		return -ENODEV;
	memset(pdev->reset_methods, 0, sizeof(pdev->reset_methods));
	pdev->reset_methods[0] = first;
	pdev->reset_methods[1] = second;
	pci_dev_put(pdev);
	return 0;
}

static const struct kernel_param_ops ops = { .set = set_list };

module_param_cb(list, &ops, NULL, 0200);
MODULE_PARM_DESC(list, "PCI address, and one or two methods");

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Gives PCI devices other ways to be reset");
