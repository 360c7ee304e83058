// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/uiommu: what the user sees of a domain. Owns the misc device and the
 * table of calls. Invariant: file->private_data is an owner of the domain.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/seq_file.h>
#include <linux/user_namespace.h>
#include <linux/uaccess.h>

#include "domain.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/**
 * union uiommu_arg - argument of any call
 * @head: how each begins
 * @map: UIOMMU_MAP
 * @unmap: UIOMMU_UNMAP
 * @info: UIOMMU_INFO
 * @ranges: UIOMMU_IOVA_RANGES
 * @revoked: UIOMMU_REVOKED
 * @faults: UIOMMU_FAULTS
 */
union uiommu_arg {
	struct {
		__u32 argsz;
		__u32 flags;
	} head;
	struct uiommu_map map;
	struct uiommu_unmap unmap;
	struct uiommu_info info;
	struct uiommu_iova_ranges ranges;
	struct uiommu_revoked revoked;
	struct uiommu_faults faults;
};

/* What a call returns that has succeeded and changed nothing of its argument */
#define NOTHING_BACK 1

/* Where the kernel may choose; -EINVAL if it shall not and yet is told where */
static int get_limits(const struct uiommu_map *map, struct map_request *request)
{
	if (request->fixed)
		return map->lowest || map->highest || map->align ? -EINVAL : 0;
	request->iova = 0;
	request->within.first = map->lowest ?: UIOMMU_PLACE_START;
	request->within.last = map->highest ?: ~0ULL;
	request->align = map->align;
	if (request->align < PAGE_SIZE && !(map->align & (map->align - 1)))
		request->align = PAGE_SIZE;
	return 0;
}

static int do_map(struct uiommu_owner *owner, union uiommu_arg *arg)
{
	struct map_request request = {
		.vaddr = arg->map.vaddr,
		.iova = arg->map.iova,
		.size = arg->map.size,
		.fixed = arg->map.flags & UIOMMU_MAP_FIXED,
		.writable = arg->map.flags & UIOMMU_MAP_WRITE,
	};
	int ret;

	ret = get_limits(&arg->map, &request);
	if (ret)
		return ret;
	ret = map_user(owner, &request);
	if (!ret && request.fixed)
		return NOTHING_BACK;
	arg->map.iova = request.iova;
	return ret;
}

/* The user will not learn where: as if it had never been mapped. */
static void undo_map(struct uiommu_owner *owner, const union uiommu_arg *arg)
{
	struct span r;
	u64 done = 0;

	if (span_make(&r, arg->map.iova, arg->map.size, PAGE_SIZE))
		unmap_range(owner, r, &done);
}

static int do_unmap(struct uiommu_owner *owner, union uiommu_arg *arg)
{
	struct span r = SPAN_ALL;
	u64 done = 0;
	int ret;

	if (arg->unmap.flags & UIOMMU_UNMAP_ALL) {
		if (arg->unmap.iova || arg->unmap.size)
			return -EINVAL;
	} else if (!span_make(&r, arg->unmap.iova, arg->unmap.size,
			      PAGE_SIZE)) {
		return -EINVAL;
	}
	ret = unmap_range(owner, r, &done);
	if (ret == -ENXIO && (arg->unmap.flags & UIOMMU_UNMAP_ALL))
		ret = 0;
	if (!ret && arg->unmap.size == done)
		return NOTHING_BACK;
	arg->unmap.size = done;
	return ret;
}

static int do_info(struct uiommu_owner *owner, union uiommu_arg *arg)
{
	struct uiommu_domain *domain = owner->domain;
	struct uiommu_info *info = &arg->info;

	spin_lock(&domain->lock);
	info->page_sizes = domain->page_sizes;
	info->nr_maps = domain->nr_maps;
	info->mapped = domain->mapped;
	info->pinned = atomic64_read(&domain->pinned);
	info->nr_devices = domain->nr_devices;
	info->nr_hw_domains = domain->drained ? 0 : domain->nr_hw;
	spin_unlock(&domain->lock);
	info->features = faults_are_told(domain) ? UIOMMU_INFO_FAULTS : 0;
	info->reserved = 0;
	info->locked = charge_used(current_user());
	info->lockable = charge_room();
	return 0;
}

/* One of the allowed ranges; false when there is none with that index. */
static bool get_allowed(struct uiommu_domain *domain, u32 i,
			struct uiommu_iova_range *r)
{
	bool any;

	spin_lock(&domain->lock);
	any = i < domain->allowed.nr;
	if (any) {
		r->first = PAGE_ALIGN(domain->allowed.ranges[i].first);
		r->last = domain->allowed.ranges[i].last;
	}
	spin_unlock(&domain->lock);
	return any;
}

static int do_ranges(struct uiommu_owner *owner, union uiommu_arg *arg)
{
	struct uiommu_iova_range __user *to =
		u64_to_user_ptr(arg->ranges.ranges);
	u32 max = arg->ranges.nr_ranges;
	struct uiommu_iova_range r;
	u32 i;

	if (arg->ranges.reserved)
		return -EINVAL;
	for (i = 0; get_allowed(owner->domain, i, &r); i++)
		if (i < max && copy_to_user(&to[i], &r, sizeof(r)))
			return -EFAULT;
	arg->ranges.nr_ranges = i;
	return i > max ? -ENOSPC : 0;
}

static int do_revoked(struct uiommu_owner *owner, union uiommu_arg *arg)
{
	if (arg->revoked.reserved)
		return -EINVAL;
	return report_take(owner->domain, &arg->revoked);
}

static int do_faults(struct uiommu_owner *owner, union uiommu_arg *arg)
{
	if (arg->faults.reserved)
		return -EINVAL;
	return faults_take(owner->domain, &arg->faults);
}

/**
 * struct uiommu_call - a row of the table of calls
 * @run: does it; may change the argument, which is then given back; 0, an
 *	error or NOTHING_BACK
 * @undo: undoes it where the argument cannot be given back; may be NULL
 * @size: bytes of its argument today
 * @min_size: bytes of its argument in the first version
 * @flags: flags that it knows
 * @back: give the argument back even after this error
 */
struct uiommu_call {
	int (*run)(struct uiommu_owner *owner, union uiommu_arg *arg);
	void (*undo)(struct uiommu_owner *owner, const union uiommu_arg *arg);
	u16 size;
	u16 min_size;
	u32 flags;
	int back;
};

#define CALL(nr, fn, undo_fn, type, last, known, error) \
	[_IOC_NR(nr)] = {                               \
		.run = (fn),                            \
		.undo = (undo_fn),                      \
		.size = sizeof(type),                   \
		.min_size = offsetofend(type, last),    \
		.flags = (known),                       \
		.back = (error),                        \
	}

static const struct uiommu_call calls[256] = {
	CALL(UIOMMU_MAP, do_map, undo_map, struct uiommu_map, size,
	     UIOMMU_MAP_WRITE | UIOMMU_MAP_FIXED, 0),
	CALL(UIOMMU_UNMAP, do_unmap, NULL, struct uiommu_unmap, size,
	     UIOMMU_UNMAP_ALL, -EINTR),
	CALL(UIOMMU_INFO, do_info, NULL, struct uiommu_info, nr_hw_domains, 0,
	     0),
	CALL(UIOMMU_IOVA_RANGES, do_ranges, NULL, struct uiommu_iova_ranges,
	     ranges, 0, -ENOSPC),
	CALL(UIOMMU_REVOKED, do_revoked, NULL, struct uiommu_revoked, ranges, 0,
	     0),
	CALL(UIOMMU_FAULTS, do_faults, NULL, struct uiommu_faults, faults, 0,
	     0),
};

/* Rules of every call: size, unknown rest, flags. */
static int get_arg(const struct uiommu_call *call, union uiommu_arg *arg,
		   void __user *from, u32 *argsz)
{
	int ret;

	if (get_user(*argsz, (u32 __user *)from))
		return -EFAULT;
	if (*argsz < call->min_size)
		return -EINVAL;
	if (*argsz > PAGE_SIZE)
		return -E2BIG;
	ret = copy_struct_from_user(arg, call->size, from, *argsz);
	if (ret)
		return ret;
	return arg->head.flags & ~call->flags ? -EOPNOTSUPP : 0;
}

static long uiommu_ioctl(struct file *file, unsigned int cmd, unsigned long p)
{
	const struct uiommu_call *call = &calls[_IOC_NR(cmd)];
	void __user *user = (void __user *)p;
	union uiommu_arg arg;
	u32 argsz;
	int ret;

	if (!call->run || cmd != _IO(UIOMMU_TYPE, _IOC_NR(cmd)))
		return -ENOTTY;
	memset(&arg, 0, sizeof(arg));
	ret = get_arg(call, &arg, user, &argsz);
	if (ret)
		return ret;
	ret = call->run(file->private_data, &arg);
	if (ret == NOTHING_BACK)
		return 0;
	if (ret && ret != call->back)
		return ret;
	if (copy_to_user(user, &arg, min_t(u32, argsz, call->size))) {
		if (call->undo)
			call->undo(file->private_data, &arg);
		return -EFAULT;
	}
	return ret;
}

static int uiommu_open(struct inode *inode, struct file *file)
{
	struct uiommu_domain *domain = domain_alloc();
	struct uiommu_owner *owner;

	if (IS_ERR(domain))
		return PTR_ERR(domain);
	owner = owner_alloc(domain);
	uiommu_domain_put(domain);
	if (IS_ERR(owner))
		return PTR_ERR(owner);
	file->private_data = owner;
	return 0;
}

static int uiommu_release(struct inode *inode, struct file *file)
{
	uiommu_owner_close(file->private_data);
	return 0;
}

static __poll_t uiommu_poll(struct file *file, poll_table *wait)
{
	struct uiommu_owner *owner = file->private_data;
	struct uiommu_domain *domain = owner->domain;
	__poll_t events = 0;

	poll_wait(file, &domain->poll, wait);
	spin_lock(&domain->lock);
	if (domain->report.nr || domain->report.overflow)
		events |= EPOLLIN | EPOLLPRI;
	spin_unlock(&domain->lock);
	if (faults_any(domain))
		events |= EPOLLMSG;
	return events;
}

/* What a user has locked is no business of others to whom a file is passed. */
static void show_locked(struct seq_file *m, struct user_struct *user)
{
	if (user == current_user() ||
	    ns_capable_noaudit(&init_user_ns, CAP_SYS_ADMIN))
		seq_printf(m, "uiommu-locked-pages:\t%llu\n",
			   charge_used(user));
}

static void uiommu_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct uiommu_owner *owner = file->private_data;
	union uiommu_arg arg = {};

	do_info(owner, &arg);
	seq_printf(m, "uiommu-domain:\t%u\n", owner->domain->id);
	seq_printf(m, "uiommu-devices:\t%u\n", arg.info.nr_devices);
	seq_printf(m, "uiommu-hw-domains:\t%u\n", arg.info.nr_hw_domains);
	seq_printf(m, "uiommu-mappings:\t%llu\n", arg.info.nr_maps);
	seq_printf(m, "uiommu-mapped-bytes:\t%llu\n", arg.info.mapped);
	seq_printf(m, "uiommu-pinned-pages:\t%llu\n", arg.info.pinned);
	show_locked(m, file->f_cred->user);
}

static const struct file_operations uiommu_fops = {
	.owner = THIS_MODULE,
	.open = uiommu_open,
	.release = uiommu_release,
	.unlocked_ioctl = uiommu_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.poll = uiommu_poll,
	.show_fdinfo = uiommu_show_fdinfo,
	.llseek = noop_llseek,
};

/**
 * uiommu_domain_get_fd() - the domain of a descriptor
 * @fd: a descriptor of /dev/uiommu
 *
 * Return: the domain, referenced; or ERR_PTR(-EBADF) when @fd is not open,
 * ERR_PTR(-EINVAL) when it is something else.
 */
struct uiommu_domain *uiommu_domain_get_fd(int fd)
{
	struct uiommu_domain *domain = ERR_PTR(-EINVAL);
	struct file *file = fget(fd);
	struct uiommu_owner *owner;

	if (!file)
		return ERR_PTR(-EBADF);
	if (file->f_op == &uiommu_fops) {
		owner = file->private_data;
		domain = owner->domain;
		domain_get(domain);
	}
	fput(file);
	return domain;
}
EXPORT_SYMBOL_GPL(uiommu_domain_get_fd);

static struct miscdevice uiommu_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "uiommu",
	.fops = &uiommu_fops,
	.mode = 0666,
};

static int __init uiommu_init(void)
{
	int ret;

	ret = map_init();
	if (ret)
		return ret;
	ret = process_init();
	if (ret)
		goto exit_maps;
	ret = domain_init();
	if (ret)
		goto exit_processes;
	ret = misc_register(&uiommu_misc);
	if (ret)
		goto exit_domains;
	ret = sysfs_domains_init(uiommu_misc.this_device);
	if (ret)
		goto deregister;
	return 0;
deregister:
	misc_deregister(&uiommu_misc);
exit_domains:
	domain_exit();
exit_processes:
	process_exit();
exit_maps:
	map_exit();
	return ret;
}

static void __exit uiommu_exit(void)
{
	sysfs_domains_exit();
	misc_deregister(&uiommu_misc);
	domain_exit();
	process_exit();
	map_exit();
}

module_init(uiommu_init);
module_exit(uiommu_exit);
MODULE_DESCRIPTION("I/O address spaces as file descriptors");
MODULE_LICENSE("GPL");
