// SPDX-License-Identifier: GPL-2.0
/*
 * A kernel driver of a function beside one that a user drives: it counts what
 * it hears of errors of the bus. It uses neither registers nor DMA, and takes
 * devices by driver_override alone.
 *
 * Its vote about an error, and the counters, are parameters:
 * echo 3 >/sys/module/sibling/parameters/vote
 */
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/pci.h>

static unsigned int vote = (__force unsigned int)PCI_ERS_RESULT_CAN_RECOVER;
module_param(vote, uint, 0600);
MODULE_PARM_DESC(vote, "What it says when an error is detected");

static unsigned int nr_detected, nr_enabled, nr_reset, nr_resumed;
module_param(nr_detected, uint, 0600);
MODULE_PARM_DESC(nr_detected, "Errors that it was told of");
module_param(nr_enabled, uint, 0600);
MODULE_PARM_DESC(nr_enabled, "Times that registers were reachable again");
module_param(nr_reset, uint, 0600);
MODULE_PARM_DESC(nr_reset, "Times that its slot was reset");
module_param(nr_resumed, uint, 0600);
MODULE_PARM_DESC(nr_resumed, "Times that it was told to go on");

static pci_ers_result_t detected(struct pci_dev *pdev,
				 pci_channel_state_t state)
{
	nr_detected++;
	return (__force pci_ers_result_t)vote;
}

static pci_ers_result_t enabled(struct pci_dev *pdev)
{
	nr_enabled++;
	return PCI_ERS_RESULT_RECOVERED;
}

static pci_ers_result_t slot_reset(struct pci_dev *pdev)
{
	nr_reset++;
	return PCI_ERS_RESULT_RECOVERED;
}

static void go_on(struct pci_dev *pdev)
{
	nr_resumed++;
}

static const struct pci_error_handlers handlers = {
	.error_detected = detected,
	.mmio_enabled = enabled,
	.slot_reset = slot_reset,
	.resume = go_on,
};

static int probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	return 0;
}

static const struct pci_device_id none[] = { {} };

static struct pci_driver sibling = {
	.name = "sibling",
	.id_table = none,
	.probe = probe,
	.err_handler = &handlers,
	/* It does no DMA, so that the device beside it can have a domain */
	.driver_managed_dma = true,
};

module_pci_driver(sibling);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Hears what drivers hear of errors of the bus");
