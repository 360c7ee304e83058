// SPDX-License-Identifier: GPL-2.0
/*
 * Says of a device what the kernel's own quirks, or its IDs, say of devices
 * that QEMU does not have. To be written while no driver holds the device:
 *
 * broken_intx_masking "BDF 1": its Interrupt Disable does not work; 0: it does
 * msi_intx_disable_bug "BDF 1": it sends no MSI while that is set; 0: it does
 * identity "BDF VENDOR DEVICE": what it says that it is
 * vpd "BDF OFFSET": the kernel has found a capability for vital product data
 *	there, in hexadecimal; 0: none
 * unassigned_bar "BDF BAR": there was no room for that BAR; -1: there was
 */
#include "../target.h"

static int set_broken(struct pci_dev *pdev, const char *args)
{
	unsigned int is_broken;

	if (kstrtouint(args, 10, &is_broken))
		return -EINVAL;
	pdev->broken_intx_masking = is_broken;
	return 0;
}

static int set_stops_msi(struct pci_dev *pdev, const char *args)
{
	unsigned int stops;

	if (kstrtouint(args, 10, &stops))
		return -EINVAL;
	pdev->dev_flags &= ~PCI_DEV_FLAGS_MSI_INTX_DISABLE_BUG;
	if (stops)
		pdev->dev_flags |= PCI_DEV_FLAGS_MSI_INTX_DISABLE_BUG;
	return 0;
}

static int set_identity(struct pci_dev *pdev, const char *args)
{
	unsigned int vendor, device;

	if (sscanf(args, "%x %x", &vendor, &device) != 2)
		return -EINVAL;
	pdev->vendor = vendor;
	pdev->device = device;
	return 0;
}

static int set_vpd(struct pci_dev *pdev, const char *args)
{
	unsigned int offset;

	if (kstrtouint(args, 16, &offset) || offset >= 0x100)
		return -EINVAL;
	pdev->vpd.cap = offset;
	pdev->vpd.len = 0;
	return 0;
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

static int set_unassigned(struct pci_dev *pdev, const char *args)
{
	int bar;

	if (kstrtoint(args, 10, &bar) || bar >= PCI_STD_NUM_BARS)
		return -EINVAL;
	return bar < 0 ? give_back() : take_address(&pdev->resource[bar]);
}

static struct target broken = { .act = set_broken };
static struct target stops_msi = { .act = set_stops_msi };
static struct target identity = { .act = set_identity };
static struct target vpd = { .act = set_vpd };
static struct target unassigned = { .act = set_unassigned };

module_param_cb(broken_intx_masking, &target_ops, &broken, 0200);
MODULE_PARM_DESC(broken_intx_masking, "PCI address, and 1 or 0");
module_param_cb(msi_intx_disable_bug, &target_ops, &stops_msi, 0200);
MODULE_PARM_DESC(msi_intx_disable_bug, "PCI address, and 1 or 0");
module_param_cb(identity, &target_ops, &identity, 0200);
MODULE_PARM_DESC(identity, "PCI address, and vendor and device");
module_param_cb(vpd, &target_ops, &vpd, 0200);
MODULE_PARM_DESC(vpd, "PCI address, and where; 0 for nowhere");
module_param_cb(unassigned_bar, &target_ops, &unassigned, 0200);
MODULE_PARM_DESC(unassigned_bar,
		 "PCI address, and a BAR, or -1 to give it back");

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Gives PCI devices quirks that the test machine lacks");
