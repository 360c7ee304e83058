// SPDX-License-Identifier: GPL-2.0
/*
 * The attribute config_permit: what an administrator permits besides the
 * rules, for devices that use configuration space in ways of their own. Owns
 * the permits. The invariant: they never cover what the map in force forbids,
 * being checked when they are stored and whenever the map is built again; the
 * device lock is never taken, a user may hold it for long.
 */
#include <linux/capability.h>
#include <linux/pci.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "config_hw.h"

static int may_permit(void)
{
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	return security_locked_down(LOCKDOWN_PCI_ACCESS);
}

/**
 * vfio_config_permit_show() - what has been permitted
 * @cfg: configuration space
 * @buf: a page
 *
 * Return: bytes stored: a line for each dword, as it would be written.
 */
ssize_t vfio_config_permit_show(struct vfio_config *cfg, char *buf)
{
	const struct config_permits *permits = cfg->permits;
	ssize_t size = 0;
	u32 i;

	BUILD_BUG_ON(CFG_MAX_PERMITS * sizeof("0xffc 0xffffffff 0xffffffff") >=
		     PAGE_SIZE);
	for (i = CFG_HEADER_DWORDS; i < CFG_DWORDS; i++) {
		u32 readbits = READ_ONCE(permits->read[i]);
		u32 writebits = READ_ONCE(permits->write[i]);

		if (readbits | writebits)
			size += sysfs_emit_at(buf, size,
					      "%#04x %#010x %#010x\n", 4 * i,
					      readbits, writebits);
	}
	return size;
}

/* @text is cut into numbers. Too few, too many or no numbers: -EINVAL. */
static int parse(char *text, u32 *numbers, int n)
{
	char *word;

	while ((word = strsep(&text, " \t\n"))) {
		if (!*word)
			continue;
		if (!n-- || kstrtou32(word, 0, numbers++))
			return -EINVAL;
	}
	return n ? -EINVAL : 0;
}

static int permit(struct vfio_config *cfg, const u32 *numbers)
{
	int ret;

	mutex_lock(&cfg->permit_lock);
	ret = config_permit(cfg->map, cfg->permits, numbers[0], numbers[1],
			    numbers[2]);
	mutex_unlock(&cfg->permit_lock);
	return ret;
}

/**
 * vfio_config_permit_store() - permit more
 * @cfg: configuration space
 * @buf: "offset readbits writebits": a multiple of 4, and masks of 32 bits
 * @count: its length
 *
 * Return: @count; -EPERM without CAP_SYS_ADMIN, under lockdown, and for what
 * may not be permitted; -EINVAL for what cannot be read as that; -ENOSPC when
 * more would be permitted than the attribute can tell of.
 */
ssize_t vfio_config_permit_store(struct vfio_config *cfg, const char *buf,
				 size_t count)
{
	u32 numbers[3];
	char *text;
	int ret;

	ret = may_permit();
	if (ret)
		return ret;
	text = kstrndup(buf, count, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	ret = parse(text, numbers, ARRAY_SIZE(numbers)) ?: permit(cfg, numbers);
	kfree(text);
	return ret ?: count;
}
