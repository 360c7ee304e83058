/* SPDX-License-Identifier: GPL-2.0 */
/* Tracepoints of uiommu: I/O virtual addresses and sizes, no user addresses. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM uiommu

#if !defined(_UIOMMU_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _UIOMMU_TRACE_H

#include <linux/tracepoint.h>

TRACE_EVENT(uiommu_map,
	TP_PROTO(u32 domain, u64 iova, u64 size, int ret),
	TP_ARGS(domain, iova, size, ret),
	TP_STRUCT__entry(
		__field(u32, domain)
		__field(u64, iova)
		__field(u64, size)
		__field(int, ret)
	),
	TP_fast_assign(
		__entry->domain = domain;
		__entry->iova = iova;
		__entry->size = size;
		__entry->ret = ret;
	),
	TP_printk("domain=%u iova=%#llx size=%llu ret=%d", __entry->domain,
		  __entry->iova, __entry->size, __entry->ret)
);

TRACE_EVENT(uiommu_unmap,
	TP_PROTO(u32 domain, u64 iova, u64 size, bool complete),
	TP_ARGS(domain, iova, size, complete),
	TP_STRUCT__entry(
		__field(u32, domain)
		__field(u64, iova)
		__field(u64, size)
		__field(bool, complete)
	),
	TP_fast_assign(
		__entry->domain = domain;
		__entry->iova = iova;
		__entry->size = size;
		__entry->complete = complete;
	),
	TP_printk("domain=%u iova=%#llx size=%llu complete=%d",
		  __entry->domain, __entry->iova, __entry->size,
		  __entry->complete)
);

TRACE_EVENT(uiommu_revoke,
	TP_PROTO(u32 domain, u64 iova, u64 size),
	TP_ARGS(domain, iova, size),
	TP_STRUCT__entry(
		__field(u32, domain)
		__field(u64, iova)
		__field(u64, size)
	),
	TP_fast_assign(
		__entry->domain = domain;
		__entry->iova = iova;
		__entry->size = size;
	),
	TP_printk("domain=%u iova=%#llx size=%llu", __entry->domain,
		  __entry->iova, __entry->size)
);

DECLARE_EVENT_CLASS(uiommu_device,
	TP_PROTO(u32 domain, struct device *dev, int ret),
	TP_ARGS(domain, dev, ret),
	TP_STRUCT__entry(
		__field(u32, domain)
		__string(dev, dev_name(dev))
		__field(int, ret)
	),
	TP_fast_assign(
		__entry->domain = domain;
		compat_assign_str(dev, dev_name(dev));
		__entry->ret = ret;
	),
	TP_printk("domain=%u device=%s ret=%d", __entry->domain,
		  __get_str(dev), __entry->ret)
);

DEFINE_EVENT(uiommu_device, uiommu_attach,
	TP_PROTO(u32 domain, struct device *dev, int ret),
	TP_ARGS(domain, dev, ret)
);

DEFINE_EVENT(uiommu_device, uiommu_detach,
	TP_PROTO(u32 domain, struct device *dev, int ret),
	TP_ARGS(domain, dev, ret)
);

#endif /* _UIOMMU_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
