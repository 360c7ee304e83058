// SPDX-License-Identifier: GPL-2.0
/*
 * Gives a device another list of ways to be reset, by their numbers, also such
 * as the kernel finds only in devices that QEMU does not have. Not such as the
 * kernel does not know.
 *
 * echo 0000:02:00.0 7 6 >/sys/module/methods/parameters/list
 */
#include "../target.h"

static int list(struct pci_dev *pdev, const char *args)
{
	unsigned int first, second = 0;

	if (sscanf(args, "%u %u", &first, &second) < 1 ||
	    first >= PCI_NUM_RESET_METHODS || second >= PCI_NUM_RESET_METHODS)
		return -EINVAL;
	memset(pdev->reset_methods, 0, sizeof(pdev->reset_methods));
	pdev->reset_methods[0] = first;
	pdev->reset_methods[1] = second;
	return 0;
}

static struct target list_target = { .act = list };

module_param_cb(list, &target_ops, &list_target, 0200);
MODULE_PARM_DESC(list, "PCI address, and one or two methods");

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Gives PCI devices other ways to be reset");
