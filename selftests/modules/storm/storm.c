// SPDX-License-Identifier: GPL-2.0
/*
 * A device that raises its interrupt line and has nobody who cares. Writing
 * "BDF COUNT" to `raise` makes the edu device of that address, which no driver
 * holds, raise INTx; it is lowered when the line has brought COUNT interrupts,
 * none of which is claimed here, or after ten seconds. `seen` tells how many
 * there were. So the storm ends by itself, whatever the processor that it
 * keeps busy should do.
 */
#include <linux/completion.h>
#include <linux/interrupt.h>
#include <linux/io.h>

#include "../target.h"

#define EDU_IRQ_RAISE 0x60
#define EDU_IRQ_ACK 0x64
#define LONGEST (10 * HZ)

static unsigned int seen;
module_param(seen, uint, 0400);
MODULE_PARM_DESC(seen, "interrupts of the last storm");

struct storm {
	void __iomem *regs;
	unsigned int most;
	struct completion over;
};

static irqreturn_t count(int irq, void *data)
{
	struct storm *storm = data;

	if (++seen == storm->most) {
		writel(1, storm->regs + EDU_IRQ_ACK);
		complete(&storm->over);
	}
	return IRQ_NONE;
}

static int rage(struct pci_dev *pdev, struct storm *storm)
{
	int ret = request_irq(pdev->irq, count, IRQF_SHARED, "storm", storm);

	if (ret)
		return ret;
	seen = 0;
	writel(1, storm->regs + EDU_IRQ_RAISE);
	if (!wait_for_completion_timeout(&storm->over, LONGEST))
		ret = -ETIMEDOUT;
	writel(~0U, storm->regs + EDU_IRQ_ACK);
	free_irq(pdev->irq, storm);
	return ret;
}

static int blow(struct pci_dev *pdev, unsigned int most)
{
	struct storm storm = { .most = most };
	int ret = pci_enable_device(pdev);

	if (ret)
		return ret;
	init_completion(&storm.over);
	storm.regs = pci_iomap(pdev, 0, 0);
	if (storm.regs) {
		ret = rage(pdev, &storm);
		pci_iounmap(pdev, storm.regs);
	} else {
		ret = -ENOMEM;
	}
	pci_disable_device(pdev);
	return ret;
}

static int raise(struct pci_dev *pdev, const char *args)
{
	unsigned int most;

	if (kstrtouint(args, 10, &most))
		return -EINVAL;
	return pdev->driver ? -EBUSY : blow(pdev, most);
}

static struct target raise_target = { .act = raise };

module_param_cb(raise, &target_ops, &raise_target, 0200);
MODULE_PARM_DESC(raise, "PCI address, and how often; of an edu device");

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Raises an interrupt that nobody cares for");
