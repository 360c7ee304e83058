// SPDX-License-Identifier: GPL-2.0
/*
 * Module uvfio: PCI devices for user space drivers.
 *
 * Owns the registration with the PCI core. Invariant: a device is offered to
 * users only while it is bound here.
 */
#include <linux/module.h>

#include "device.h"
#include "netlink.h"

bool vfio_allow_unsafe_intrs;
module_param_named(allow_unsafe_intrs, vfio_allow_unsafe_intrs, bool, 0644);
MODULE_PARM_DESC(allow_unsafe_intrs,
		 "Permit devices whose interrupts the IOMMU does not isolate");

unsigned int vfio_max_vectors = 128;
module_param_named(max_vectors, vfio_max_vectors, uint, 0644);
MODULE_PARM_DESC(max_vectors,
		 "MSI or MSI-X vectors that one device may have, 0: no limit");

bool vfio_suspend_anyway;
module_param_named(suspend_anyway, vfio_suspend_anyway, bool, 0644);
MODULE_PARM_DESC(suspend_anyway,
		 "Let the machine sleep though users of devices do not agree");

unsigned int vfio_veto_interval = 300;
module_param_named(veto_interval, vfio_veto_interval, uint, 0644);
MODULE_PARM_DESC(
	veto_interval,
	"Seconds in which users keep the machine awake only once, 0: no such bound");

static int probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct vfio_dev *vdev = vfio_dev_create(pdev);

	if (IS_ERR(vdev))
		return PTR_ERR(vdev);
	pci_set_drvdata(pdev, vdev);
	return 0;
}

static void remove(struct pci_dev *pdev)
{
	vfio_dev_remove(pci_get_drvdata(pdev));
}

struct pci_driver vfio_driver = {
	.name = "vfio",
	.probe = probe,
	.remove = remove,
	.dev_groups = vfio_pci_groups,
	.err_handler = &vfio_error_handlers,
	.driver.pm = &vfio_pm_ops,
	.driver_managed_dma = true,
};

static int __init vfio_init(void)
{
	int ret = vfio_devices_init();

	if (ret)
		return ret;
	ret = vfio_netlink_init();
	if (ret)
		goto devices;
	ret = vfio_power_init();
	if (ret)
		goto netlink;
	vfio_mmap_init();
	ret = pci_register_driver(&vfio_driver);
	if (!ret)
		return 0;

	vfio_mmap_exit();
	vfio_power_exit();
netlink:
	vfio_netlink_exit();
devices:
	vfio_devices_exit();
	return ret;
}

static void __exit vfio_exit(void)
{
	pci_unregister_driver(&vfio_driver);
	vfio_mmap_exit();
	vfio_power_exit();
	vfio_netlink_exit();
	vfio_devices_exit();
}

module_init(vfio_init);
module_exit(vfio_exit);

MODULE_DESCRIPTION("PCI devices for user space drivers");
MODULE_LICENSE("GPL");
