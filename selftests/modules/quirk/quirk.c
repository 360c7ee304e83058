// SPDX-License-Identifier: GPL-2.0
/*
 * Says of a device that its Interrupt Disable does not work, as the kernel's
 * own quirks say it of devices that QEMU does not have.
 *
 * To be written while no driver holds the device:
 * echo 0000:00:04.0 1 >/sys/module/quirk/parameters/broken_intx_masking
 */
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/pci.h>

static int set_broken(const char *text, const struct kernel_param *kp)
{
	unsigned int domain, bus, slot, function, broken;
	struct pci_dev *pdev;

	if (sscanf(text, "%x:%x:%x.%u %u", &domain, &bus, &slot, &function,
		   &broken) != 5)
		return -EINVAL;
	pdev = pci_get_domain_bus_and_slot(domain, bus,
					   PCI_DEVFN(slot, function));
	if (!pdev)
		return -ENODEV;
	pdev->broken_intx_masking = broken;
	pci_dev_put(pdev);
	return 0;
}

static const struct kernel_param_ops ops = { .set = set_broken };

module_param_cb(broken_intx_masking, &ops, NULL, 0200);
MODULE_PARM_DESC(broken_intx_masking, "PCI address, and 1 or 0");

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Gives PCI devices a quirk that the test machine lacks");
