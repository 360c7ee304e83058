// SPDX-License-Identifier: GPL-2.0
/*
 * Says of a device what the kernel's own quirks, or its IDs, say of devices
 * that QEMU does not have. To be written while no driver holds the device:
 *
 * broken_intx_masking "BDF 1": its Interrupt Disable does not work; 0: it does
 * msi_intx_disable_bug "BDF 1": it sends no MSI while that is set; 0: it does
 * identity "BDF VENDOR DEVICE": who it is
 * vpd "BDF OFFSET": the kernel has found a capability for its vital product data
 *	there, in hexadecimal; 0: none
 * unassigned_bar "BDF BAR": there was no room for that BAR; -1: there was
 */
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/pci.h>

static struct pci_dev *find(const char *text)
{
	unsigned int domain, bus, slot, function;

	if (sscanf(text, "%x:%x:%x.%u", &domain, &bus, &slot, &function) != 4)
		return NULL;
	return pci_get_domain_bus_and_slot(domain, bus,
					   PCI_DEVFN(slot, function));
}

static int set_broken(const char *text, const struct kernel_param *kp)
{
	struct pci_dev *pdev = find(text);
	unsigned int broken;
	int ret = -EINVAL;

	if (!pdev)
		return -ENODEV;
	if (sscanf(text, "%*s %u", &broken) == 1) {
		pdev->broken_intx_masking = broken;
		ret = 0;
	}
	pci_dev_put(pdev);
	return ret;
}

static int set_stops_msi(const char *text, const struct kernel_param *kp)
{
	struct pci_dev *pdev = find(text);
	unsigned int stops;
	int ret = -EINVAL;

	if (!pdev)
		return -ENODEV;
	if (sscanf(text, "%*s %u", &stops) == 1) {
		pdev->dev_flags &= ~PCI_DEV_FLAGS_MSI_INTX_DISABLE_BUG;
		if (stops)
			pdev->dev_flags |= PCI_DEV_FLAGS_MSI_INTX_DISABLE_BUG;
		ret = 0;
	}
	pci_dev_put(pdev);
	return ret;
}

static int set_identity(const char *text, const struct kernel_param *kp)
{
	struct pci_dev *pdev = find(text);
	unsigned int vendor, device;
	int ret = -EINVAL;

	if (!pdev)
		return -ENODEV;
	if (sscanf(text, "%*s %x %x", &vendor, &device) == 2) {
		pdev->vendor = vendor;
		pdev->device = device;
		ret = 0;
	}
	pci_dev_put(pdev);
	return ret;
}

static int set_vpd(const char *text, const struct kernel_param *kp)
{
	struct pci_dev *pdev = find(text);
	unsigned int offset;
	int ret = -EINVAL;

	if (!pdev)
		return -ENODEV;
	if (sscanf(text, "%*s %x", &offset) == 1 && offset < 0x100) {
		pdev->vpd.cap = offset;
		pdev->vpd.len = 0;
		ret = 0;
	}
	pci_dev_put(pdev);
	return ret;
}

/* What was taken away; the claim of its place stays. One at a time. */
static struct resource *taken;
static struct resource was;

/* With no type it does not keep the kernel from enabling the device */
static int take_address(struct resource *bar)
{
	if (taken)
		return -EBUSY;
	was = *bar;
	taken = bar;
	bar->end = resource_size(bar) - 1;
	bar->start = 0;
	bar->flags = IORESOURCE_UNSET;
	return 0;
}

static int give_back(void)
{
	if (!taken)
		return -ENOENT;
	taken->start = was.start;
	taken->end = was.end;
	taken->flags = was.flags;
	taken = NULL;
	return 0;
}

static int set_unassigned(const char *text, const struct kernel_param *kp)
{
	struct pci_dev *pdev = find(text);
	int bar, ret = -EINVAL;

	if (!pdev)
		return -ENODEV;
	if (sscanf(text, "%*s %d", &bar) != 1)
		bar = PCI_STD_NUM_BARS;
	if (bar < 0)
		ret = give_back();
	else if (bar < PCI_STD_NUM_BARS)
		ret = take_address(&pdev->resource[bar]);
	pci_dev_put(pdev);
	return ret;
}

static const struct kernel_param_ops broken_ops = { .set = set_broken };
static const struct kernel_param_ops stops_ops = { .set = set_stops_msi };
static const struct kernel_param_ops identity_ops = { .set = set_identity };
static const struct kernel_param_ops vpd_ops = { .set = set_vpd };
static const struct kernel_param_ops unassigned_ops = { .set = set_unassigned };

module_param_cb(broken_intx_masking, &broken_ops, NULL, 0200);
MODULE_PARM_DESC(broken_intx_masking, "PCI address, and 1 or 0");
module_param_cb(msi_intx_disable_bug, &stops_ops, NULL, 0200);
MODULE_PARM_DESC(msi_intx_disable_bug, "PCI address, and 1 or 0");
module_param_cb(identity, &identity_ops, NULL, 0200);
MODULE_PARM_DESC(identity, "PCI address, vendor and device");
module_param_cb(vpd, &vpd_ops, NULL, 0200);
MODULE_PARM_DESC(vpd, "PCI address, and where; 0 for nowhere");
module_param_cb(unassigned_bar, &unassigned_ops, NULL, 0200);
MODULE_PARM_DESC(unassigned_bar, "PCI address, and a BAR, or -1 for all back");

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Gives PCI devices quirks that the test machine lacks");
