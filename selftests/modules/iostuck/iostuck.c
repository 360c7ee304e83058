// SPDX-License-Identifier: GPL-2.0
/*
 * An IOMMU that does not let go: writing "IOVA COUNT" to the parameter `keep`
 * makes the next COUNT calls of iommu_unmap() whose range contains the IOVA do
 * nothing and return 0. Owns a kprobe there while loaded.
 *
 * No model of QEMU fails to unmap, so nothing else in our machine can.
 */
#include <linux/atomic.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/ptrace.h>

static unsigned long at;
static atomic_t left = ATOMIC_INIT(0);

/* Runs in the place of iommu_unmap(). */
static noinline notrace size_t kept(void)
{
	return 0;
}

static int on_unmap(struct kprobe *probe, struct pt_regs *regs)
{
	unsigned long iova = regs_get_kernel_argument(regs, 1);
	unsigned long size = regs_get_kernel_argument(regs, 2);

	if (READ_ONCE(at) - iova >= size || atomic_dec_if_positive(&left) < 0)
		return 0;
	instruction_pointer_set(regs, (unsigned long)kept);
	return 1;
}

/* That there is one keeps the probe from being optimised to a jump. */
static void after_unmap(struct kprobe *probe, struct pt_regs *regs,
			unsigned long flags)
{
}

static struct kprobe probe = {
	.symbol_name = "iommu_unmap",
	.pre_handler = on_unmap,
	.post_handler = after_unmap,
};

static int set_keep(const char *text, const struct kernel_param *param)
{
	unsigned long iova;
	unsigned int count;

	if (sscanf(text, "%lx %u", &iova, &count) != 2)
		return -EINVAL;
	atomic_set(&left, 0);
	WRITE_ONCE(at, iova);
	atomic_set(&left, count);
	return 0;
}

static int get_left(char *text, const struct kernel_param *param)
{
	return sysfs_emit(text, "%d\n", atomic_read(&left));
}

static const struct kernel_param_ops keep_ops = {
	.set = set_keep,
	.get = get_left,
};

module_param_cb(keep, &keep_ops, NULL, 0600);
MODULE_PARM_DESC(keep,
		 "IOVA COUNT: unmaps that are to fail; how many are left");

static int __init iostuck_init(void)
{
	return register_kprobe(&probe);
}

static void __exit iostuck_exit(void)
{
	unregister_kprobe(&probe);
}

module_init(iostuck_init);
module_exit(iostuck_exit);
MODULE_DESCRIPTION("An IOMMU that does not let go, for tests");
MODULE_LICENSE("GPL");
