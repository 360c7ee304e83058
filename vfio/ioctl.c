// SPDX-License-Identifier: GPL-2.0
/*
 * The calls.
 *
 * Owns the table of them. Invariant: arguments are copied in before a lock is
 * taken, and results copied out after the last is let go.
 */
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "device.h"

/* More eventfds than any device has vectors */
#define MAX_EVENTFDS 2048

/* Sizes that programs rely on, with no byte that is not named */
static_assert(sizeof(struct vfio_dma_map) == 32);
static_assert(sizeof(struct uvfio_device_info) == 12 * 4);
static_assert(sizeof(struct uvfio_window) == 2 * 8);
static_assert(sizeof(struct uvfio_region_info) == 6 * 4 + 4 * 8);
static_assert(sizeof(struct uvfio_irq_info) == 8 * 4);
static_assert(sizeof(struct uvfio_irq_enable) == 4 * 4);
static_assert(sizeof(struct uvfio_irq_set) == 6 * 4 + 8);
static_assert(sizeof(struct uvfio_bus_reset) == 4 * 4 + 8);

/* The argument of any call, in kernel memory */
union vfio_arg {
	s32 fd;
	u32 value;
	struct {
		u32 argsz;
		u32 flags;
	} head;
	struct vfio_dma_map map;
	struct uvfio_device_info device;
	struct uvfio_region_info region;
	struct uvfio_irq_info irq;
	struct uvfio_irq_enable enable;
	struct uvfio_irq_set set;
	struct uvfio_bus_reset bus;
};

/**
 * struct vfio_call - one call
 * @cmd: its number
 * @size: bytes of its argument, of the first version if it is @growing
 * @growing: begins with argsz and flags
 * @out: the argument is copied back
 * @flags: those known, if it is @growing
 * @run: does it; @user is where the argument came from
 */
struct vfio_call {
	unsigned int cmd;
	unsigned int size;
	bool growing;
	bool out;
	u32 flags;
	int (*run)(struct vfio_file *file, union vfio_arg *arg,
		   void __user *user);
};

static int dma_map(struct vfio_file *file, union vfio_arg *arg,
		   void __user *user)
{
	return vfio_domain_map(file, &arg->map);
}

static int dma_unmap(struct vfio_file *file, union vfio_arg *arg,
		     void __user *user)
{
	return vfio_domain_unmap(file, &arg->map);
}

static int domain_set(struct vfio_file *file, union vfio_arg *arg,
		      void __user *user)
{
	return vfio_domain_set(file->vdev, arg->fd);
}

static int domain_unset(struct vfio_file *file, union vfio_arg *arg,
			void __user *user)
{
	return vfio_domain_unset(file);
}

static int enable_irqs(struct vfio_dev *vdev, u32 kind, u32 count)
{
	int ret = vfio_enter_attached(vdev);

	if (ret)
		return ret;
	ret = vfio_irq_enable(vdev, kind, count);
	vfio_leave(vdev);
	return ret;
}

/* Takes over the references in @ctxs */
static int bind_eventfds(struct vfio_dev *vdev, const struct uvfio_irq_set *set,
			 bool grow, struct eventfd_ctx **ctxs)
{
	int ret = vfio_enter_attached(vdev);

	if (!ret) {
		if (grow)
			ret = vfio_irq_grow(vdev, set->kind, set->count);
		if (!ret)
			ret = vfio_irq_bind(vdev, set->kind, set->first,
					    set->count, ctxs);
		vfio_leave(vdev);
	}
	vfio_eventfds_put(ctxs, set->count);
	return ret;
}

/* The calls of 2010 with a single eventfd */
static int single_eventfd(struct vfio_dev *vdev, u32 kind, s32 fd)
{
	struct uvfio_irq_set set = { .kind = kind, .count = 1 };
	struct eventfd_ctx *ctx;
	int ret;

	if (fd < 0)
		return enable_irqs(vdev, kind, 0);
	ret = vfio_eventfds_get(&fd, 1, &ctx);
	if (ret)
		return ret;
	return bind_eventfds(vdev, &set, false, &ctx);
}

static int eventfd_irq(struct vfio_file *file, union vfio_arg *arg,
		       void __user *user)
{
	return single_eventfd(file->vdev, UVFIO_IRQ_INTX, arg->fd);
}

static int eventfd_msi(struct vfio_file *file, union vfio_arg *arg,
		       void __user *user)
{
	return single_eventfd(file->vdev, UVFIO_IRQ_MSI, arg->fd);
}

static struct eventfd_ctx **copy_eventfds(const s32 __user *user, u32 count)
{
	struct eventfd_ctx **ctxs;
	s32 *fds;
	int ret = -ENOMEM;

	if (!count || count > MAX_EVENTFDS)
		return ERR_PTR(-EINVAL);
	fds = memdup_user(user, count * sizeof(*fds));
	if (IS_ERR(fds))
		return ERR_CAST(fds);
	ctxs = kmalloc_array(count, sizeof(*ctxs), GFP_KERNEL_ACCOUNT);
	if (ctxs)
		ret = vfio_eventfds_get(fds, count, ctxs);
	kfree(fds);
	if (!ret)
		return ctxs;
	kfree(ctxs);
	return ERR_PTR(ret);
}

/* With @grow, vectors that are not on yet are turned on */
static int bind_user_eventfds(struct vfio_dev *vdev,
			      const struct uvfio_irq_set *set, bool grow)
{
	struct eventfd_ctx **ctxs;
	int ret;

	ctxs = copy_eventfds(u64_to_user_ptr(set->fds), set->count);
	if (IS_ERR(ctxs))
		return PTR_ERR(ctxs);
	ret = bind_eventfds(vdev, set, grow, ctxs);
	kfree(ctxs);
	return ret;
}

/* Those that the list does not name keep their vectors, without eventfds */
static int unbind_rest(struct vfio_dev *vdev, u32 first)
{
	struct eventfd_ctx *none = NULL;
	int ret = vfio_enter_attached(vdev);

	if (ret)
		return ret;
	for (; vdev->irqs.on == IRQ_MSIX && first < vdev->irqs.enabled;
	     first++) {
		vfio_msi_bind(&vdev->vectors[first], &none);
		vfio_eventfds_put(&none, 1);
		none = NULL;
	}
	vfio_leave(vdev);
	return 0;
}

static int eventfds_msix(struct vfio_file *file, union vfio_arg *arg,
			 void __user *user)
{
	struct uvfio_irq_set set = {
		.kind = UVFIO_IRQ_MSIX,
		.count = arg->value,
		.fds = (uintptr_t)user + sizeof(s32),
	};
	int ret;

	if (!arg->fd)
		return enable_irqs(file->vdev, UVFIO_IRQ_MSIX, 0);
	ret = bind_user_eventfds(file->vdev, &set, true);
	if (ret)
		return ret;
	return unbind_rest(file->vdev, set.count);
}

static int irq_eoi(struct vfio_file *file, union vfio_arg *arg,
		   void __user *user)
{
	int ret = vfio_enter_attached(file->vdev);

	if (ret)
		return ret;
	vfio_intx_clear(file->vdev, INTX_PENDING);
	vfio_leave(file->vdev);
	return 0;
}

static int irq_eoi_eventfd(struct vfio_file *file, union vfio_arg *arg,
			   void __user *user)
{
	return vfio_eoi_set(file->vdev, arg->fd);
}

static int reset_function(struct vfio_file *file, union vfio_arg *arg,
			  void __user *user)
{
	int ret = vfio_enter_attached(file->vdev);

	if (ret)
		return ret;
	ret = vfio_reset(file->vdev);
	vfio_leave(file->vdev);
	return ret;
}

static int bar_len(struct vfio_file *file, union vfio_arg *arg,
		   void __user *user)
{
	struct vfio_dev *vdev = file->vdev;
	u64 size;
	int ret = vfio_enter_at_once(vdev);

	if (ret)
		return ret;
	vfio_leave(vdev);
	if (arg->value < REGION_NR_BARS)
		size = vdev->bars[arg->value].size;
	else if (arg->value == REGION_ROM)
		size = vdev->rom_size;
	else
		return -EINVAL;
	if (size > U32_MAX)
		return -EOVERFLOW;
	arg->value = size;
	return 0;
}

static int device_info(struct vfio_file *file, union vfio_arg *arg,
		       void __user *user)
{
	int ret = vfio_enter_at_once(file->vdev);

	if (ret)
		return ret;
	vfio_device_info(file->vdev, &arg->device);
	vfio_leave(file->vdev);
	vfio_device_resets(file->vdev, &arg->device);
	return 0;
}

static int region_info(struct vfio_file *file, union vfio_arg *arg,
		       void __user *user)
{
	struct region_range found[REGION_MAX_WINDOWS];
	struct uvfio_window windows[REGION_MAX_WINDOWS];
	u32 i, room = arg->region.nr_windows;
	int ret;

	if (arg->region.reserved)
		return -EINVAL;
	ret = vfio_enter_at_once(file->vdev);
	if (ret)
		return ret;
	ret = vfio_region_info(file->vdev, &arg->region, found);
	vfio_leave(file->vdev);
	if (ret)
		return ret;
	room = min(room, arg->region.nr_windows);
	for (i = 0; i < room; i++) {
		windows[i].offset = found[i].offset;
		windows[i].size = found[i].size;
	}
	if (room && copy_to_user(u64_to_user_ptr(arg->region.windows), windows,
				 room * sizeof(*windows)))
		return -EFAULT;
	return 0;
}

static int irq_info(struct vfio_file *file, union vfio_arg *arg,
		    void __user *user)
{
	int ret = vfio_enter(file->vdev);

	if (ret)
		return ret;
	ret = vfio_irq_info(file->vdev, &arg->irq);
	vfio_leave(file->vdev);
	return ret;
}

static int irq_enable(struct vfio_file *file, union vfio_arg *arg,
		      void __user *user)
{
	return enable_irqs(file->vdev, arg->enable.kind, arg->enable.count);
}

static int irq_set(struct vfio_file *file, union vfio_arg *arg,
		   void __user *user)
{
	const struct uvfio_irq_set *set = &arg->set;
	int ret = irq_check_flags(set->flags, UVFIO_IRQ_BIND | UVFIO_IRQ_MASK |
						      UVFIO_IRQ_UNMASK |
						      UVFIO_IRQ_FIRE);

	if (ret)
		return ret;
	if (set->reserved)
		return -EINVAL;
	if (set->flags == UVFIO_IRQ_BIND)
		return bind_user_eventfds(file->vdev, set, false);
	if (set->fds)
		return -EINVAL;
	ret = vfio_enter_attached(file->vdev);
	if (ret)
		return ret;
	ret = vfio_irq_act(file->vdev, set);
	vfio_leave(file->vdev);
	return ret;
}

static int bus_reset(struct vfio_file *file, union vfio_arg *arg,
		     void __user *user)
{
	const struct uvfio_bus_reset *bus = &arg->bus;
	s32 *fds;
	int ret;

	if (bus->reserved || !bus->count || bus->count > UVFIO_BUS_RESET_MAX)
		return -EINVAL;
	fds = memdup_user(u64_to_user_ptr(bus->fds), bus->count * sizeof(*fds));
	if (IS_ERR(fds))
		return PTR_ERR(fds);
	ret = vfio_bus_reset(file, fds, bus->count);
	kfree(fds);
	return ret;
}

/* clang-format off */
static const struct vfio_call calls[] = {
	{ VFIO_DMA_MAP_IOVA, sizeof(struct vfio_dma_map), .run = dma_map },
	{ VFIO_DMA_UNMAP, sizeof(struct vfio_dma_map), .run = dma_unmap },
	{ VFIO_EVENTFD_IRQ, sizeof(s32), .run = eventfd_irq },
	{ VFIO_EVENTFD_MSI, sizeof(s32), .run = eventfd_msi },
	{ VFIO_EVENTFDS_MSIX, sizeof(s32), .run = eventfds_msix },
	{ VFIO_DOMAIN_SET, sizeof(s32), .run = domain_set },
	{ VFIO_DOMAIN_UNSET, 0, .run = domain_unset },
	{ VFIO_IRQ_EOI, 0, .run = irq_eoi },
	{ VFIO_IRQ_EOI_EVENTFD, sizeof(s32), .run = irq_eoi_eventfd },
	{ VFIO_RESET_FUNCTION, 0, .run = reset_function },
	{ VFIO_BAR_LEN, sizeof(u32), .out = true, .run = bar_len },
	{ UVFIO_DEVICE_INFO, sizeof(struct uvfio_device_info), .growing = true,
	  .out = true, .run = device_info },
	{ UVFIO_REGION_INFO, sizeof(struct uvfio_region_info), .growing = true,
	  .out = true, .run = region_info },
	{ UVFIO_IRQ_INFO, sizeof(struct uvfio_irq_info), .growing = true,
	  .out = true, .run = irq_info },
	{ UVFIO_IRQ_ENABLE, sizeof(struct uvfio_irq_enable), .growing = true,
	  .run = irq_enable },
	{ UVFIO_IRQ_SET, sizeof(struct uvfio_irq_set), .growing = true,
	  .flags = UVFIO_IRQ_BIND | UVFIO_IRQ_MASK | UVFIO_IRQ_UNMASK |
		   UVFIO_IRQ_FIRE, .run = irq_set },
	{ UVFIO_BUS_RESET, sizeof(struct uvfio_bus_reset), .growing = true,
	  .run = bus_reset },
};

/* clang-format on */

static const struct vfio_call *find_call(unsigned int cmd)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(calls); i++)
		if (calls[i].cmd == cmd)
			return &calls[i];
	return NULL;
}

/* What the user's structure has beyond ours must be 0 */
static int copy_growing(const struct vfio_call *call, union vfio_arg *arg,
			void __user *user)
{
	u32 size;
	int ret;

	if (get_user(size, (u32 __user *)user))
		return -EFAULT;
	if (size < call->size)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	ret = copy_struct_from_user(arg, call->size, user, size);
	if (ret)
		return ret;
	/* The user may have changed it between the two looks */
	arg->head.argsz = size;
	return arg->head.flags & ~call->flags ? -EOPNOTSUPP : 0;
}

static int copy_arg(const struct vfio_call *call, union vfio_arg *arg,
		    void __user *user)
{
	if (call->growing)
		return copy_growing(call, arg, user);
	return copy_from_user(arg, user, call->size) ? -EFAULT : 0;
}

static int carry_out(const struct vfio_call *call, struct vfio_file *file,
		     void __user *user)
{
	union vfio_arg arg = {};
	int ret = copy_arg(call, &arg, user);

	if (ret)
		return ret;
	ret = call->run(file, &arg, user);
	if (!ret && call->out && copy_to_user(user, &arg, call->size))
		return -EFAULT;
	return ret;
}

/**
 * vfio_ioctl - entry of all calls
 * @filp: open file of a device
 * @cmd: which call
 * @arg: where its argument is
 *
 * Return: 0 or an error, see the user header.
 */
long vfio_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	const struct vfio_call *call = find_call(cmd);
	struct vfio_file *file = filp->private_data;
	int ret;

	if (!call)
		return -ENOTTY;
	ret = carry_out(call, file, (void __user *)arg);
	/* That comes before all else that may be wrong */
	return ret && READ_ONCE(file->vdev->gone) ? -ENODEV : ret;
}
