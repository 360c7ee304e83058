// SPDX-License-Identifier: GPL-2.0
/*
 * Step 6, the driver's part: nothing is pinned, devices are off. The launcher
 * looks after the rest when this process has gone.
 */
#include <unistd.h>

#include "driver.h"
#include "proc.h"

/**
 * give_back() - step 6
 * @driver: with nothing mapped
 *
 * Return: whether all was well.
 */
bool give_back(struct driver *driver)
{
	struct uiommu_info info;
	int ret;

	if (driver->has_edu) {
		edu_stop(&driver->edu[0]);
		edu_stop(&driver->edu[1]);
	}
	report_check(!proc_status("VmPin:", 10),
		     "driver: %ld KiB pinned in this process",
		     proc_status("VmPin:", 10));
	ret = uvfio_domain_info(driver->domain, &info);
	if (!report_call(ret, UVFIO_CALL_QUERY, "driver: asked the domain"))
		return false;
	return report_check(
		!info.pinned && !info.nr_maps,
		"driver: the domain has %llu pages pinned, %llu mappings",
		info.pinned, info.nr_maps);
}
