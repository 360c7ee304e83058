/* SPDX-License-Identifier: GPL-2.0 */
/* Tracepoints of uvfio */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM uvfio

#if !defined(_VFIO_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _VFIO_TRACE_H

#include <linux/pci.h>
#include <linux/tracepoint.h>

/* A vector (or the line, kind 0) was raised */
TRACE_EVENT(uvfio_irq,
	TP_PROTO(struct pci_dev *pdev, u32 kind, u32 vector),
	TP_ARGS(pdev, kind, vector),
	TP_STRUCT__entry(
		__field(u32, domain)
		__field(u32, bdf)
		__field(u32, kind)
		__field(u32, vector)
	),
	TP_fast_assign(
		__entry->domain = pci_domain_nr(pdev->bus);
		__entry->bdf = pci_dev_id(pdev);
		__entry->kind = kind;
		__entry->vector = vector;
	),
	TP_printk("%04x:%02x:%02x.%u %s %u", __entry->domain,
		  __entry->bdf >> 8, PCI_SLOT(__entry->bdf & 0xff),
		  PCI_FUNC(__entry->bdf),
		  __print_symbolic(__entry->kind, { 0, "intx" }, { 1, "msi" },
				   { 2, "msix" }),
		  __entry->vector)
);

#endif /* _VFIO_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
