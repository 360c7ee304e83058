// SPDX-License-Identifier: GPL-2.0
/*
 * The header as programs of 2010 knew it. Every name that such a program could
 * use is here, and only the header's own name is not as it was; the numbers
 * are those that were told to the kernel then.
 */
#include <linux/uvfio.h>

#include "unit.h"

#define CALL(dir, nr, size) \
	((__u32)(dir) << 30 | (size) << 16 | ';' << 8 | (nr))

/* clang-format off */
static const struct {
	const char *name;
	__u64 is, was;
} number_rows[] = {
	{ "VFIO_DMA_MAP_IOVA", VFIO_DMA_MAP_IOVA, CALL(3, 101, 32) },
	{ "VFIO_DMA_UNMAP", VFIO_DMA_UNMAP, CALL(1, 102, 32) },
	{ "VFIO_EVENTFD_IRQ", VFIO_EVENTFD_IRQ, CALL(1, 103, 4) },
	{ "VFIO_EVENTFD_MSI", VFIO_EVENTFD_MSI, CALL(1, 104, 4) },
	{ "VFIO_EVENTFDS_MSIX", VFIO_EVENTFDS_MSIX, CALL(1, 105, 4) },
	{ "VFIO_DOMAIN_SET", VFIO_DOMAIN_SET, CALL(1, 107, 4) },
	{ "VFIO_DOMAIN_UNSET", VFIO_DOMAIN_UNSET, CALL(0, 108, 0) },
	{ "VFIO_IRQ_EOI", VFIO_IRQ_EOI, CALL(0, 109, 0) },
	{ "VFIO_IRQ_EOI_EVENTFD", VFIO_IRQ_EOI_EVENTFD, CALL(1, 110, 4) },
	{ "VFIO_RESET_FUNCTION", VFIO_RESET_FUNCTION, CALL(0, 111, 0) },
	{ "VFIO_BAR_LEN", VFIO_BAR_LEN, CALL(3, 167, 4) },

	{ "VFIO_FLAG_WRITE", VFIO_FLAG_WRITE, 1 },
	{ "struct vfio_dma_map", sizeof(struct vfio_dma_map), 32 },
	{ "vaddr", offsetof(struct vfio_dma_map, vaddr), 0 },
	{ "dmaaddr", offsetof(struct vfio_dma_map, dmaaddr), 8 },
	{ "size", offsetof(struct vfio_dma_map, size), 16 },
	{ "flags", offsetof(struct vfio_dma_map, flags), 24 },

	{ "VFIO_PCI_BAR0_RESOURCE", VFIO_PCI_BAR0_RESOURCE, 0 },
	{ "VFIO_PCI_BAR1_RESOURCE", VFIO_PCI_BAR1_RESOURCE, 1 },
	{ "VFIO_PCI_BAR2_RESOURCE", VFIO_PCI_BAR2_RESOURCE, 2 },
	{ "VFIO_PCI_BAR3_RESOURCE", VFIO_PCI_BAR3_RESOURCE, 3 },
	{ "VFIO_PCI_BAR4_RESOURCE", VFIO_PCI_BAR4_RESOURCE, 4 },
	{ "VFIO_PCI_BAR5_RESOURCE", VFIO_PCI_BAR5_RESOURCE, 5 },
	{ "VFIO_PCI_ROM_RESOURCE", VFIO_PCI_ROM_RESOURCE, 6 },
	{ "VFIO_PCI_CONFIG_RESOURCE", VFIO_PCI_CONFIG_RESOURCE, 15 },
	{ "VFIO_PCI_SPACE_SHIFT", VFIO_PCI_SPACE_SHIFT, 32 },

	{ "VFIO_MSG_INVAL", VFIO_MSG_INVAL, 0 },
	{ "VFIO_MSG_REMOVE", VFIO_MSG_REMOVE, 1 },
	{ "VFIO_MSG_ERROR_DETECTED", VFIO_MSG_ERROR_DETECTED, 2 },
	{ "VFIO_MSG_MMIO_ENABLED", VFIO_MSG_MMIO_ENABLED, 3 },
	{ "VFIO_MSG_LINK_RESET", VFIO_MSG_LINK_RESET, 4 },
	{ "VFIO_MSG_SLOT_RESET", VFIO_MSG_SLOT_RESET, 5 },
	{ "VFIO_MSG_ERROR_RESUME", VFIO_MSG_ERROR_RESUME, 6 },
	{ "VFIO_MSG_PM_SUSPEND", VFIO_MSG_PM_SUSPEND, 7 },
	{ "VFIO_MSG_PM_RESUME", VFIO_MSG_PM_RESUME, 8 },
	{ "VFIO_MSG_REGISTER", VFIO_MSG_REGISTER, 9 },
	{ "VFIO_MSG_ERROR_HANDLING_REPLY", VFIO_MSG_ERROR_HANDLING_REPLY, 10 },
	{ "VFIO_MSG_PM_SUSPEND_REPLY", VFIO_MSG_PM_SUSPEND_REPLY, 11 },

	{ "VFIO_ATTR_UNSPEC", VFIO_ATTR_UNSPEC, 0 },
	{ "VFIO_ATTR_MSGCAP", VFIO_ATTR_MSGCAP, 1 },
	{ "VFIO_ATTR_PCI_DOMAIN", VFIO_ATTR_PCI_DOMAIN, 2 },
	{ "VFIO_ATTR_PCI_BUS", VFIO_ATTR_PCI_BUS, 3 },
	{ "VFIO_ATTR_PCI_SLOT", VFIO_ATTR_PCI_SLOT, 4 },
	{ "VFIO_ATTR_PCI_FUNC", VFIO_ATTR_PCI_FUNC, 5 },
	{ "VFIO_ATTR_CHANNEL_STATE", VFIO_ATTR_CHANNEL_STATE, 6 },
	{ "VFIO_ATTR_ERROR_HANDLING_REPLY", VFIO_ATTR_ERROR_HANDLING_REPLY, 7 },
	{ "VFIO_ATTR_PM_SUSPEND_REPLY", VFIO_ATTR_PM_SUSPEND_REPLY, 8 },
	{ "VFIO_NL_ATTR_MAX", VFIO_NL_ATTR_MAX, 8 },
};

/* clang-format on */

TABLE_TEST(numbers, number_rows)
{
	ck_assert_uint_eq(row->is, row->was);
}

UNIT_TEST(family, "the netlink family and a table of its attributes")
{
	const void *attributes[VFIO_NL_ATTR_MAX + 1] = { NULL };

	ck_assert_str_eq(VFIO_GENL_NAME, "VFIO");
	ck_assert_uint_eq(ARRAY_SIZE(attributes), 9);
}

static const struct {
	const char *name;
	int space;
	__u64 offset, within;
} offset_rows[] = {
	{ "BAR 0", VFIO_PCI_BAR0_RESOURCE, 0, 0 },
	{ "BAR 5, inside", VFIO_PCI_BAR5_RESOURCE, 0x500001234, 0x1234 },
	{ "ROM, its last byte", VFIO_PCI_ROM_RESOURCE, 0x6ffffffff,
	  0xffffffff },
	{ "configuration", VFIO_PCI_CONFIG_RESOURCE, VFIO_PCI_CONFIG_OFF + 4,
	  4 },
};

TABLE_TEST(offsets, offset_rows)
{
	ck_assert_int_eq(vfio_offset_to_pci_space(row->offset), row->space);
	ck_assert_uint_eq(vfio_offset_to_pci_offset(row->offset), row->within);
	ck_assert_uint_eq(vfio_pci_space_to_offset(row->space) + row->within,
			  row->offset);
}

SUITE(header)
{
	ADD_TABLE(tc, numbers, number_rows);
	tcase_add_test(tc, family);
	ADD_TABLE(tc, offsets, offset_rows);
}
