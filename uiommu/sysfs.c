// SPDX-License-Identifier: GPL-2.0
/*
 * What an administrator sees of domains: a directory "domains" of the misc
 * device, with one per domain that has or had a device. Invariant: a
 * directory is gone before its domain is.
 */
#include <linux/device.h>
#include <linux/kobject.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "domain.h"

/**
 * struct domain_dir - directory of a domain
 * @kobj: the directory
 * @domain: its domain; valid while the directory has readers, because
 *	removing it waits for them
 */
struct domain_dir {
	struct kobject kobj;
	struct uiommu_domain *domain;
};

static struct kobject *domains;

static struct uiommu_domain *to_domain(struct kobject *kobj)
{
	return container_of(kobj, struct domain_dir, kobj)->domain;
}

static ssize_t devices_show(struct kobject *kobj, struct kobj_attribute *attr,
			    char *buf)
{
	struct uiommu_domain *domain = to_domain(kobj);
	struct uiommu_attachment *att;
	ssize_t n = 0;

	mutex_lock(&domain->members);
	list_for_each_entry(att, &domain->attachments, node)
		n += sysfs_emit_at(buf, n, "%s\n", dev_name(att->dev));
	mutex_unlock(&domain->members);
	return n;
}

static ssize_t mappings_show(struct kobject *kobj, struct kobj_attribute *attr,
			     char *buf)
{
	return sysfs_emit(buf, "%llu\n", READ_ONCE(to_domain(kobj)->nr_maps));
}

static ssize_t mapped_bytes_show(struct kobject *kobj,
				 struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", READ_ONCE(to_domain(kobj)->mapped));
}

static ssize_t pinned_pages_show(struct kobject *kobj,
				 struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%lld\n",
			  atomic64_read(&to_domain(kobj)->pinned));
}

static ssize_t hw_domains_show(struct kobject *kobj,
			       struct kobj_attribute *attr, char *buf)
{
	struct uiommu_domain *domain = to_domain(kobj);
	unsigned int nr = READ_ONCE(domain->nr_hw);

	return sysfs_emit(buf, "%u\n", READ_ONCE(domain->drained) ? 0 : nr);
}

static struct kobj_attribute devices_attr = __ATTR_RO(devices);
static struct kobj_attribute mappings_attr = __ATTR_RO(mappings);
static struct kobj_attribute mapped_bytes_attr = __ATTR_RO(mapped_bytes);
static struct kobj_attribute pinned_pages_attr = __ATTR_RO(pinned_pages);
static struct kobj_attribute hw_domains_attr = __ATTR_RO(hw_domains);

static struct attribute *domain_attrs[] = {
	&devices_attr.attr,	 &mappings_attr.attr,	&mapped_bytes_attr.attr,
	&pinned_pages_attr.attr, &hw_domains_attr.attr, NULL,
};
ATTRIBUTE_GROUPS(domain);

static void dir_release(struct kobject *kobj)
{
	kfree(container_of(kobj, struct domain_dir, kobj));
}

static const struct kobj_type domain_type = {
	.release = dir_release,
	.sysfs_ops = &kobj_sysfs_ops,
	.default_groups = domain_groups,
};

/**
 * sysfs_domain_add() - show a domain, unless it is shown already
 * @domain: the domain, frozen
 *
 * Return: 0 or -ENOMEM.
 */
int sysfs_domain_add(struct uiommu_domain *domain)
{
	struct domain_dir *dir;
	int ret;

	if (domain->dir)
		return 0;
	dir = kzalloc(sizeof(*dir), GFP_KERNEL_ACCOUNT);
	if (!dir)
		return -ENOMEM;
	dir->domain = domain;
	ret = kobject_init_and_add(&dir->kobj, &domain_type, domains, "%u",
				   domain->id);
	if (ret) {
		kobject_put(&dir->kobj);
		return ret;
	}
	domain->dir = &dir->kobj;
	return 0;
}

/**
 * sysfs_domain_remove() - show a domain no more
 * @domain: the domain
 *
 * Waits for those who read its files just now.
 */
void sysfs_domain_remove(struct uiommu_domain *domain)
{
	if (!domain->dir)
		return;
	kobject_del(domain->dir);
	kobject_put(domain->dir);
}

int __init sysfs_domains_init(struct device *misc)
{
	domains = kobject_create_and_add("domains", &misc->kobj);
	return domains ? 0 : -ENOMEM;
}

void sysfs_domains_exit(void)
{
	kobject_put(domains);
}
