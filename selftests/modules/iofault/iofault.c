// SPDX-License-Identifier: GPL-2.0
/*
 * DMA faults by hand: writing "DEVICE IOVA FLAGS COUNT" to the parameter
 * `fault` does what a driver of an IOMMU does that learns of faults of the
 * device. Owns nothing.
 *
 * QEMU's amd-iommu gives no fault to the driver, so nothing else in our
 * machine can. Interrupts are off meanwhile, which is the worst context that
 * a handler may find itself in.
 */
#include <linux/iommu.h>
#include <linux/irqflags.h>
#include <linux/module.h>
#include <linux/pci.h>

static void report(struct device *dev, u64 iova, int flags, unsigned int count)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);
	unsigned long irq;

	while (domain && count--) {
		local_irq_save(irq);
		report_iommu_fault(domain, dev, iova, flags);
		local_irq_restore(irq);
	}
}

static int set_fault(const char *text, const struct kernel_param *param)
{
	unsigned int flags, count;
	struct device *dev;
	char name[32];
	u64 iova;

	if (sscanf(text, "%31s %llx %u %u", name, &iova, &flags, &count) != 4)
		return -EINVAL;
	dev = bus_find_device_by_name(&pci_bus_type, NULL, name);
	if (!dev)
		return -ENODEV;
	report(dev, iova, flags, count);
	put_device(dev);
	return 0;
}

static const struct kernel_param_ops fault_ops = {
	.set = set_fault,
};

module_param_cb(fault, &fault_ops, NULL, 0200);
MODULE_PARM_DESC(fault, "DEVICE IOVA FLAGS COUNT: report DMA faults");
MODULE_DESCRIPTION("DMA faults by hand, for tests");
MODULE_LICENSE("GPL");
