// SPDX-License-Identifier: GPL-2.0
/*
 * An IOMMU that does not obey. Writing "IOVA COUNT" to the parameter `keep`
 * makes the next COUNT calls of iommu_unmap() whose range contains the IOVA do
 * nothing and return 0; while `hold` is 1 they do not return at all, or, while
 * it is 2, not to kernel threads (clear it before this is unloaded). While
 * `holes` is set iommu_unmap() stops at the first page that is not mapped, as
 * drivers of newer kernels do. Writing "IOVA SKIP DONE" to `refuse` lets SKIP
 * calls of iommu_map() for that IOVA pass and makes the next return -ENOMEM:
 * with nothing done, or, if DONE is 1, with all of it. Writing "IOVA LAST" to
 * `narrow` makes the next iommu_map() for that IOVA leave its page tables with
 * LAST as the last address that they have, as attaching a device behind a
 * narrower unit does; `beyond` counts calls of iommu_unmap() whose range
 * exceeds what the tables have. Owns probes there while loaded.
 *
 * Writing PAGES to `overpay` subtracts them from the locked memory of the
 * current user, as a subsystem does that uncharges more than it charged.
 *
 * No model of QEMU fails to unmap, or to map when told to, so nothing else in
 * our machine can.
 */
#include <linux/atomic.h>
#include <linux/cred.h>
#include <linux/delay.h>
#include <linux/iommu.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/ptrace.h>
#include <linux/sched/user.h>

static unsigned long at;
static atomic_t left = ATOMIC_INIT(0);
#define HOLD_ALL 1
#define HOLD_THREADS 2

static int hold;

module_param(hold, int, 0600);
MODULE_PARM_DESC(
	hold,
	"an unmap that is to fail takes as long as this is 1; or 2, in a kernel thread");

static bool holds(void)
{
	int what = READ_ONCE(hold);

	return what == HOLD_ALL ||
	       (what == HOLD_THREADS && (current->flags & PF_KTHREAD));
}

/* Runs in the place of iommu_unmap(). */
static noinline notrace size_t kept(void)
{
	while (holds())
		msleep(20);
	return 0;
}

static bool holes;

module_param(holes, bool, 0600);
MODULE_PARM_DESC(holes, "an unmap stops at what is not mapped");

/* Bytes from @iova on that are mapped, of @size. */
static unsigned long before_hole(struct iommu_domain *domain,
				 unsigned long iova, unsigned long size)
{
	unsigned long n = 0;

	while (n < size && iommu_iova_to_phys(domain, iova + n))
		n += PAGE_SIZE;
	return n;
}

/* The size, which is the third argument, becomes less. */
static bool stop_at_hole(struct pt_regs *regs)
{
	regs->dx = before_hole((void *)regs_get_kernel_argument(regs, 0),
			       regs_get_kernel_argument(regs, 1),
			       regs_get_kernel_argument(regs, 2));
	return !regs->dx;
}

static atomic_t beyond = ATOMIC_INIT(0);

static void count_beyond(struct pt_regs *regs, unsigned long last)
{
	struct iommu_domain *domain = (void *)regs_get_kernel_argument(regs, 0);

	if (last > domain->geometry.aperture_end)
		atomic_inc(&beyond);
}

static int on_unmap(struct kprobe *probe, struct pt_regs *regs)
{
	unsigned long iova = regs_get_kernel_argument(regs, 1);
	unsigned long size = regs_get_kernel_argument(regs, 2);

	bool keep = READ_ONCE(at) - iova < size &&
		    atomic_dec_if_positive(&left) >= 0;

	count_beyond(regs, iova + size - 1);
	if (!keep && !(READ_ONCE(holes) && stop_at_hole(regs)))
		return 0;
	instruction_pointer_set(regs, (unsigned long)kept);
	return 1;
}

/* That there is one keeps the probe from being optimised to a jump. */
static void after(struct kprobe *probe, struct pt_regs *regs,
		  unsigned long flags)
{
}

static struct kprobe probe = {
	.symbol_name = "iommu_unmap",
	.pre_handler = on_unmap,
	.post_handler = after,
};

static unsigned long refuse_at;
static bool refuse_done;
static atomic_t refuse_in = ATOMIC_INIT(0);

static bool is_refused(struct pt_regs *regs, bool done)
{
	return regs_get_kernel_argument(regs, 1) == READ_ONCE(refuse_at) &&
	       READ_ONCE(refuse_done) == done &&
	       !atomic_dec_if_positive(&refuse_in);
}

/* Runs in the place of iommu_map(). */
static noinline notrace int refused(void)
{
	return -ENOMEM;
}

static unsigned long narrow_at = 1; /* no page's address */
static unsigned long narrow_last;

static void narrow(struct pt_regs *regs)
{
	struct iommu_domain *domain = (void *)regs_get_kernel_argument(regs, 0);

	if (regs_get_kernel_argument(regs, 1) != READ_ONCE(narrow_at))
		return;
	WRITE_ONCE(narrow_at, 1);
	domain->geometry.aperture_end = READ_ONCE(narrow_last);
}

static int on_map(struct kprobe *probe, struct pt_regs *regs)
{
	narrow(regs);
	if (!is_refused(regs, false))
		return 0;
	instruction_pointer_set(regs, (unsigned long)refused);
	return 1;
}

static struct kprobe map_probe = {
	.symbol_name = "iommu_map",
	.pre_handler = on_map,
	.post_handler = after,
};

/* Not 0: its return is of no interest. */
static int on_map_to_do(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	return !is_refused(regs, true);
}

static int on_map_done(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	regs_set_return_value(regs, -ENOMEM);
	return 0;
}

static struct kretprobe map_return = {
	.kp.symbol_name = "iommu_map",
	.entry_handler = on_map_to_do,
	.handler = on_map_done,
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

static int set_refuse(const char *text, const struct kernel_param *param)
{
	unsigned int skip, done;
	unsigned long iova;

	if (sscanf(text, "%lx %u %u", &iova, &skip, &done) != 3)
		return -EINVAL;
	atomic_set(&refuse_in, 0);
	WRITE_ONCE(refuse_at, iova);
	WRITE_ONCE(refuse_done, done);
	atomic_set(&refuse_in, skip + 1);
	return 0;
}

static const struct kernel_param_ops refuse_ops = {
	.set = set_refuse,
};

module_param_cb(refuse, &refuse_ops, NULL, 0200);
MODULE_PARM_DESC(refuse, "IOVA SKIP DONE: the map that is to fail, once");

static int set_narrow(const char *text, const struct kernel_param *param)
{
	unsigned long iova, last;

	if (sscanf(text, "%lx %lx", &iova, &last) != 2)
		return -EINVAL;
	atomic_set(&beyond, 0);
	WRITE_ONCE(narrow_last, last);
	WRITE_ONCE(narrow_at, iova);
	return 0;
}

static const struct kernel_param_ops narrow_ops = {
	.set = set_narrow,
};

module_param_cb(narrow, &narrow_ops, NULL, 0200);
MODULE_PARM_DESC(narrow, "IOVA LAST: the map that leaves narrower tables");

static int get_beyond(char *text, const struct kernel_param *param)
{
	return sysfs_emit(text, "%d\n", atomic_read(&beyond));
}

static const struct kernel_param_ops beyond_ops = {
	.get = get_beyond,
};

module_param_cb(beyond, &beyond_ops, NULL, 0400);
MODULE_PARM_DESC(beyond, "unmaps beyond what the tables have, since `narrow`");

static int set_overpay(const char *text, const struct kernel_param *param)
{
	long npages;

	if (kstrtol(text, 0, &npages))
		return -EINVAL;
	atomic_long_sub(npages, &current_user()->locked_vm);
	return 0;
}

static const struct kernel_param_ops overpay_ops = {
	.set = set_overpay,
};

module_param_cb(overpay, &overpay_ops, NULL, 0200);
MODULE_PARM_DESC(overpay, "PAGES: less locked memory of the user of current");

static int __init iostuck_init(void)
{
	int ret;

	ret = register_kprobe(&probe);
	if (ret)
		return ret;
	ret = register_kprobe(&map_probe);
	if (ret)
		goto no_map;
	ret = register_kretprobe(&map_return);
	if (ret)
		goto no_return;
	return 0;
no_return:
	unregister_kprobe(&map_probe);
no_map:
	unregister_kprobe(&probe);
	return ret;
}

static void __exit iostuck_exit(void)
{
	unregister_kretprobe(&map_return);
	unregister_kprobe(&map_probe);
	unregister_kprobe(&probe);
}

module_init(iostuck_init);
module_exit(iostuck_exit);
MODULE_DESCRIPTION("An IOMMU that does not obey, for tests");
MODULE_LICENSE("GPL");
