// SPDX-License-Identifier: GPL-2.0
/*
 * Configuration space of a bound device: made at probe, filled at the first
 * open, read and written in naturally aligned pieces. Owns struct vfio_config.
 *
 * The invariant: what the user reads has passed config_read(), and what he
 * writes has passed config_write(), with no way around either.
 */
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <asm/byteorder.h>

#include "config_hw.h"
#include "irq_rules.h"

/**
 * vfio_config_check() - is this a device that can be given to a user?
 * @pdev: the device
 *
 * Return: 0; -EINVAL for bridges, which decide about others; -EBUSY for a
 * function with virtual functions enabled, whose fate it holds.
 */
int vfio_config_check(struct pci_dev *pdev)
{
	u32 class = pdev->class >> 8;

	if (pdev->hdr_type != PCI_HEADER_TYPE_NORMAL)
		return -EINVAL;
	if (class >> 8 == PCI_BASE_CLASS_BRIDGE &&
	    class != PCI_CLASS_BRIDGE_OTHER)
		return -EINVAL;
	if (pci_num_vf(pdev)) {
		pci_warn(pdev, "refused: %d virtual functions are enabled\n",
			 pci_num_vf(pdev));
		return -EBUSY;
	}
	return 0;
}

static u32 peek(void *priv, u32 offset)
{
	return config_hw_read(priv, offset, 4);
}

static u32 bar_type(const struct pci_dev *pdev, int bar)
{
	unsigned long flags = pci_resource_flags(pdev, bar);
	u32 type = 0;

	if (flags & IORESOURCE_IO)
		return PCI_BASE_ADDRESS_SPACE_IO;
	if (flags & IORESOURCE_MEM_64)
		type |= PCI_BASE_ADDRESS_MEM_TYPE_64;
	if (flags & IORESOURCE_PREFETCH)
		type |= PCI_BASE_ADDRESS_MEM_PREFETCH;
	return type;
}

/**
 * vfio_config_bar_size() - how much there is behind a BAR
 * @pdev: the device
 * @bar: 0 to 5, or PCI_ROM_RESOURCE
 *
 * Configuration space and information answer by this. One that has no address
 * is not there for users; the ROM is given one when it is read.
 *
 * Return: bytes, 0 for none.
 */
u64 vfio_config_bar_size(const struct pci_dev *pdev, int bar)
{
	const struct resource *res = &pdev->resource[bar];

	if (bar != PCI_ROM_RESOURCE &&
	    (!res->start || res->flags & IORESOURCE_UNSET))
		return 0;
	return pci_resource_len(pdev, bar);
}

static void gather_bars(struct config_facts *facts, struct pci_dev *pdev)
{
	int bar;

	for (bar = 0; bar < PCI_STD_NUM_BARS; bar++)
		config_set_bar(facts, bar, pci_bus_address(pdev, bar),
			       vfio_config_bar_size(pdev, bar),
			       bar_type(pdev, bar));
	config_set_bar(facts, CFG_ROM_BAR,
		       pci_bus_address(pdev, PCI_ROM_RESOURCE),
		       vfio_config_bar_size(pdev, PCI_ROM_RESOURCE), 0);
}

/* With no root port to be seen nobody knows what the root can */
static u32 path_to_root(struct pci_dev *pdev)
{
	u32 path = CFG_PATH_ATOMICS | CFG_PATH_TAGS10;
	struct pci_dev *port = pci_upstream_bridge(pdev);
	struct pci_dev *last = NULL;
	u32 devcap2;
	u16 devctl2;

	for (; port && path; port = pci_upstream_bridge(port)) {
		if (!pci_is_pcie(port))
			return 0;
		pcie_capability_read_dword(port, PCI_EXP_DEVCAP2, &devcap2);
		pcie_capability_read_word(port, PCI_EXP_DEVCTL2, &devctl2);
		path = config_pass_port(path, pci_pcie_type(port), devcap2,
					devctl2);
		last = port;
	}
	if (!last || pci_pcie_type(last) != PCI_EXP_TYPE_ROOT_PORT)
		return 0;
	return path;
}

/* Tags of 8 bits are on where the kernel found no host bridge against them */
static u32 find_path(struct pci_dev *pdev)
{
	u16 devctl = 0;
	u32 path = 0;

	if (!pci_is_pcie(pdev) || pdev->is_virtfn)
		return 0;
	pcie_capability_read_word(pdev, PCI_EXP_DEVCTL, &devctl);
	if (devctl & PCI_EXP_DEVCTL_EXT_TAG)
		path = CFG_PATH_EXT_TAGS;
	return path | path_to_root(pdev);
}

static void build_map(struct vfio_config *cfg)
{
	struct pci_dev *pdev = cfg->pdev;
	struct config_facts facts = {
		.size = pdev->cfg_size,
		.vendor = pdev->vendor,
		.device = pdev->device,
		.is_virtfn = pdev->is_virtfn,
		.has_intx = pdev->pin && !pdev->is_virtfn &&
			    irq_line_usable(pdev->vendor, pdev->device),
		.no_msix = !pdev->msix_cap,
		.path = cfg->path,
		.peek = peek,
		.priv = cfg,
	};

	gather_bars(&facts, pdev);
	mutex_lock(&cfg->permit_lock);
	config_build(cfg->map, &facts);
	config_recheck_permits(cfg->map, cfg->permits);
	mutex_unlock(&cfg->permit_lock);
}

/**
 * vfio_config_init() - make the configuration space of a device
 * @cfg: where
 * @pdev: the device, awake
 * @ops: its owner's part
 *
 * Return: 0 or -ENOMEM. Undone by vfio_config_exit().
 */
int vfio_config_init(struct vfio_config *cfg, struct pci_dev *pdev,
		     const struct vfio_config_ops *ops)
{
	*cfg = (struct vfio_config){ .pdev = pdev, .ops = ops };
	mutex_init(&cfg->permit_lock);
	cfg->map = kvzalloc(sizeof(*cfg->map), GFP_KERNEL);
	cfg->permits = kzalloc(sizeof(*cfg->permits), GFP_KERNEL);
	if (!cfg->map || !cfg->permits) {
		vfio_config_exit(cfg);
		return -ENOMEM;
	}
	cfg->path = find_path(pdev);
	build_map(cfg);
	config_size_vpd(cfg);
	return 0;
}

/**
 * vfio_config_exit() - give back what vfio_config_init() has taken
 * @cfg: configuration space; nobody uses it any more
 */
void vfio_config_exit(struct vfio_config *cfg)
{
	kvfree(cfg->map);
	kfree(cfg->permits);
	mutex_destroy(&cfg->permit_lock);
	cfg->map = NULL;
	cfg->permits = NULL;
}

/**
 * vfio_config_open() - a new user: nothing is left of the one before
 * @cfg: configuration space of a device that has been enabled and is awake
 */
void vfio_config_open(struct vfio_config *cfg)
{
	build_map(cfg);
	config_hw_save(cfg);
	config_hw_sync_master(cfg);
	config_update_decode(cfg);
}

static void forbid_nosnoop(struct vfio_config *cfg)
{
	pcie_capability_clear_word(cfg->pdev, PCI_EXP_DEVCTL,
				   PCI_EXP_DEVCTL_NOSNOOP_EN);
}

/**
 * vfio_config_attach() - the device has a domain: it may be bus master
 * @cfg: configuration space
 * @enforces_snoop: does the IOMMU snoop even if the device says no?
 */
void vfio_config_attach(struct vfio_config *cfg, bool enforces_snoop)
{
	cfg->attached = true;
	cfg->snoop_enforced = enforces_snoop;
	if (!enforces_snoop && config_hw_reachable(cfg))
		forbid_nosnoop(cfg);
	config_hw_sync_devctl(cfg);
}

/**
 * vfio_config_detach() - the device is about to lose its domain
 * @cfg: configuration space
 */
void vfio_config_detach(struct vfio_config *cfg)
{
	cfg->attached = false;
	config_set_master(cfg->map, false);
	config_hw_clear_master(cfg);
}

/**
 * vfio_config_gone() - the device is not ours any more
 * @cfg: configuration space
 */
void vfio_config_gone(struct vfio_config *cfg)
{
	cfg->gone = true;
	cfg->attached = false;
	if (!cfg->decode)
		return;
	WRITE_ONCE(cfg->decode, 0);
	cfg->ops->decode_changed(cfg);
}

/**
 * vfio_config_size() - how much configuration space there is
 * @cfg: configuration space
 *
 * Return: 256 or 4096.
 */
size_t vfio_config_size(const struct vfio_config *cfg)
{
	return cfg->pdev->cfg_size;
}

/**
 * vfio_config_intx_disabled() - has the user disabled INTx?
 * @cfg: configuration space
 *
 * Return: Interrupt Disable as the user wrote it.
 */
bool vfio_config_intx_disabled(const struct vfio_config *cfg)
{
	return config_command(cfg->map) & PCI_COMMAND_INTX_DISABLE;
}

/**
 * vfio_config_master() - has the user made the device bus master?
 * @cfg: configuration space
 *
 * Return: Bus Master as the user wrote it.
 */
bool vfio_config_master(const struct vfio_config *cfg)
{
	return config_command(cfg->map) & PCI_COMMAND_MASTER;
}

/* The largest naturally aligned access at @pos within @left bytes */
static u32 piece_at(u32 pos, size_t left)
{
	if (!(pos & 3) && left >= 4)
		return 4;
	return !(pos & 1) && left >= 2 ? 2 : 1;
}

static u32 lanes_of(u32 pos, u32 size)
{
	return (~0U >> (32 - 8 * size)) << 8 * (pos & 3);
}

static u32 read_piece(struct vfio_config *cfg, u32 pos, u32 size)
{
	u32 at = pos & ~3U, shift = 8 * (pos & 3);
	u32 hardware = 0;

	if (config_needs_hardware(cfg->map, cfg->permits, at,
				  lanes_of(pos, size)))
		hardware = config_hw_read(cfg, pos, size) << shift;
	return config_read(cfg->map, cfg->permits, at, hardware) >> shift;
}

/* Bytes of a dword that a mask has bits in, one bit each */
static u32 bytes_in(u32 mask)
{
	u32 bytes = 0;
	u32 i;

	for (i = 0; i < 4; i++)
		if (mask >> 8 * i & 0xff)
			bytes |= BIT(i);
	return bytes;
}

/* The largest access for the bytes from @i on */
static u32 size_for(u32 bytes, u32 i)
{
	if (!i && bytes == 0xf)
		return 4;
	return !(i & 1) && (bytes >> i & 3) == 3 ? 2 : 1;
}

static void write_through(struct vfio_config *cfg, u32 at,
			  const struct config_outcome *out)
{
	u32 bytes = bytes_in(out->change);
	u32 value, size, i;

	value = config_merge(out, config_hw_read(cfg, at, 4));
	for (i = 0; i < 4; i += size) {
		size = size_for(bytes, i);
		if (bytes & BIT(i))
			config_hw_write(cfg, at + i, size, value >> 8 * i);
	}
}

/* The core saves it around a reset of the function, but not of an errant bus */
static void write_again(struct vfio_config *cfg)
{
	struct config_outcome out;
	u32 at;

	for (at = 0; at < CFG_STD_SIZE; at += 4) {
		config_again(cfg->map, at, &out);
		if (out.change && config_hw_reachable(cfg))
			write_through(cfg, at, &out);
	}
}

/**
 * vfio_config_restored() - the function was reset and has its registers back
 * @cfg: configuration space
 */
void vfio_config_restored(struct vfio_config *cfg)
{
	config_set_power_state(cfg->map, 0);
	config_hw_restore_lost(cfg);
	config_hw_sync_devctl(cfg);
	config_sync_readrq(cfg);
	write_again(cfg);
	config_hw_sync_master(cfg);
	config_update_decode(cfg);
}

static void write_piece(struct vfio_config *cfg, u32 pos, u32 size, u32 value)
{
	struct config_access access = {
		.lanes = lanes_of(pos, size),
		.value = value << 8 * (pos & 3),
	};
	struct config_outcome out;

	config_write(cfg->map, cfg->permits, pos & ~3U, access, &out);
	if (out.change && config_hw_reachable(cfg))
		write_through(cfg, pos & ~3U, &out);
	config_carry_out(cfg, out.effects);
}

/* Bytes of @count that are within the space */
static size_t clip(const struct vfio_config *cfg, size_t count, loff_t pos)
{
	size_t size = vfio_config_size(cfg);

	if (pos < 0 || pos >= size)
		return 0;
	return min_t(size_t, count, size - pos);
}

/**
 * vfio_config_read() - what the user reads
 * @cfg: configuration space
 * @buf: kernel memory to store it in
 * @count: bytes wanted
 * @pos: offset in the space
 *
 * Return: bytes stored, 0 at the end; -ENODEV when the device has gone.
 */
ssize_t vfio_config_read(struct vfio_config *cfg, void *buf, size_t count,
			 loff_t pos)
{
	size_t done, size;

	if (cfg->gone)
		return -ENODEV;
	count = clip(cfg, count, pos);
	for (done = 0; done < count; done += size) {
		__le32 value;

		size = piece_at(pos + done, count - done);
		value = cpu_to_le32(read_piece(cfg, pos + done, size));
		memcpy(buf + done, &value, size);
	}
	return count;
}

/**
 * vfio_config_write() - what the user writes
 * @cfg: configuration space
 * @buf: kernel memory that has it
 * @count: bytes
 * @pos: offset in the space
 *
 * Return: bytes taken, also where bits of them were dropped; -EINVAL past the
 * end; -ENODEV when the device has gone.
 */
ssize_t vfio_config_write(struct vfio_config *cfg, const void *buf,
			  size_t count, loff_t pos)
{
	size_t done, size;

	if (cfg->gone)
		return -ENODEV;
	if (count && !clip(cfg, count, pos))
		return -EINVAL;
	count = clip(cfg, count, pos);
	for (done = 0; done < count; done += size) {
		__le32 value = 0;

		size = piece_at(pos + done, count - done);
		memcpy(&value, buf + done, size);
		write_piece(cfg, pos + done, size, le32_to_cpu(value));
	}
	return count;
}
