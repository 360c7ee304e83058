// SPDX-License-Identifier: GPL-2.0
/*
 * Telling the owner which mappings were revoked. Invariant: takes no more
 * memory when nobody reads.
 */
#include <linux/poll.h>
#include <linux/uaccess.h>

#include "domain.h"

/**
 * report_push() - note that a mapping was revoked
 * @domain: its domain, locked
 * @map: the mapping
 */
void report_push(struct uiommu_domain *domain, struct uiommu_mapping *map)
{
	struct uiommu_report *report = &domain->report;
	unsigned int at;

	lockdep_assert_held(&domain->lock);
	if (report->nr == UIOMMU_MAX_REPORTS) {
		report->overflow = true;
		return;
	}
	at = (report->first + report->nr++) % UIOMMU_MAX_REPORTS;
	report->ring[at] = (struct uiommu_revoked_range){
		.iova = map->iova,
		.size = map->size,
	};
	wake_up_interruptible_poll(&domain->poll, EPOLLIN | EPOLLPRI);
}

static bool pop(struct uiommu_domain *domain, struct uiommu_revoked_range *r)
{
	struct uiommu_report *report = &domain->report;
	bool any;

	spin_lock(&domain->lock);
	any = report->nr;
	if (any) {
		*r = report->ring[report->first];
		report->first = (report->first + 1) % UIOMMU_MAX_REPORTS;
		report->nr--;
	}
	spin_unlock(&domain->lock);
	return any;
}

/* Put back what @pop gave, or say that it is lost. */
static void unpop(struct uiommu_domain *domain,
		  const struct uiommu_revoked_range *r)
{
	struct uiommu_report *report = &domain->report;

	spin_lock(&domain->lock);
	if (report->nr < UIOMMU_MAX_REPORTS) {
		report->first += UIOMMU_MAX_REPORTS - 1;
		report->first %= UIOMMU_MAX_REPORTS;
		report->ring[report->first] = *r;
		report->nr++;
	} else {
		report->overflow = true;
	}
	spin_unlock(&domain->lock);
}

/**
 * report_take() - UIOMMU_REVOKED
 * @domain: whose reports
 * @arg: how many fit where; and how many it were
 *
 * A record that cannot be copied to the user stays; those copied before it
 * are taken.
 *
 * Return: 0 or -EFAULT.
 */
int report_take(struct uiommu_domain *domain, struct uiommu_revoked *arg)
{
	struct uiommu_revoked_range __user *to = u64_to_user_ptr(arg->ranges);
	struct uiommu_revoked_range r;
	u32 max = arg->nr_ranges;

	arg->nr_ranges = 0;
	while (arg->nr_ranges < max && pop(domain, &r)) {
		if (copy_to_user(&to[arg->nr_ranges], &r, sizeof(r))) {
			unpop(domain, &r);
			return arg->nr_ranges ? 0 : -EFAULT;
		}
		arg->nr_ranges++;
	}
	spin_lock(&domain->lock);
	if (domain->report.overflow)
		arg->flags = UIOMMU_REVOKED_OVERFLOW;
	domain->report.overflow = false;
	spin_unlock(&domain->lock);
	return 0;
}
