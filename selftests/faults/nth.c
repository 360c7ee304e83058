// SPDX-License-Identifier: GPL-2.0
/*
 * Every allocation of the calls that open, attach, map and unmap: see sweep.h.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/harness.h"
#include "../lib/call.h"
#include "../lib/device.h"
#include "../lib/domain.h"
#include "../lib/memory.h"
#include "../lib/text.h"
#include "sweep.h"

#define REPLAYED 24
#define SPREAD (REPLAYED * PAGE)
#define LARGE (4UL << 20)
#define BAR 2

static int open_domain(struct stage *stage)
{
	stage->opened = domain_open();
	return stage->opened < 0 ? stage->opened : 0;
}

static int open_device(struct stage *stage)
{
	stage->opened = device_open("EDU1");
	return stage->opened < 0 ? stage->opened : 0;
}

static int close_opened(struct stage *stage)
{
	int err = close(stage->opened);

	stage->opened = -1;
	return err;
}

static int attach(struct stage *stage)
{
	return device_set(stage->device, stage->domain);
}

static int detach(struct stage *stage)
{
	return call(stage->device, VFIO_DOMAIN_UNSET, NULL);
}

static int map_all(struct stage *stage)
{
	return domain_map(stage->domain, stage->memory.buf, IOVA,
			  stage->memory.size, true);
}

static int map_read_only(struct stage *stage)
{
	return domain_map(stage->domain, stage->memory.buf, IOVA,
			  stage->memory.size, false);
}

static int unmap_all(struct stage *stage)
{
	return domain_unmap_all(stage->domain);
}

static int map_by_device(struct stage *stage)
{
	return device_map(stage->device, stage->memory.buf, IOVA,
			  stage->memory.size, VFIO_FLAG_WRITE);
}

static int map_any(struct stage *stage)
{
	return domain_map_any(stage->domain, stage->memory.buf, &stage->chosen,
			      stage->memory.size);
}

static int unmap_by_device(struct stage *stage)
{
	return device_unmap(stage->device, IOVA, stage->memory.size);
}

static int attach_and_map(struct stage *stage)
{
	int err = attach(stage);

	return err ? err : map_all(stage);
}

/* A neighbour in the domain, whose memory the other is to reach */
static int attach_neighbour(struct stage *stage)
{
	int err = attach(stage);

	stage->opened = device_open("IVSHMEM");
	if (!err)
		err = device_set(stage->opened, stage->domain);
	if (!err)
		err = device_command_write(stage->opened, COMMAND_MEMORY);
	if (err)
		return err;
	stage->bar = mmap(NULL, SMALL, PROT_READ | PROT_WRITE, MAP_SHARED,
			  stage->opened, REGION(BAR, 0));
	if (stage->bar != MAP_FAILED)
		return 0;
	stage->bar = NULL;
	return -errno;
}

static int map_neighbour(struct stage *stage)
{
	return domain_map(stage->domain, stage->bar, IOVA, SMALL, true);
}

/* Many mappings at scattered places: each wants its own page tables. */
static int map_scattered(struct stage *stage)
{
	int i, err = 0;

	for (i = 0; !err && i < REPLAYED; i++)
		err = domain_map(stage->domain, stage->memory.buf + i * PAGE,
				 IOVA * (i + 1), PAGE, true);
	return err;
}

/* A second device, with page tables of its own, and much to put into them */
static int prepare_second(struct stage *stage)
{
	int err = attach(stage);

	if (!err)
		err = map_scattered(stage);
	if (!err)
		err = text_write(SEPARATE, "Y");
	return err ? err : open_device(stage);
}

static int attach_second(struct stage *stage)
{
	return device_set(stage->opened, stage->domain);
}

static int detach_second(struct stage *stage)
{
	return call(stage->opened, VFIO_DOMAIN_UNSET, NULL);
}

static int attach_both(struct stage *stage)
{
	int err = prepare_second(stage);

	if (!err)
		err = unmap_all(stage);
	return err ? err : attach_second(stage);
}

static int map_both(struct stage *stage)
{
	int err = attach_both(stage);

	return err ? err : map_all(stage);
}

/* clang-format off */
SWEEP(opening_a_domain, ANON, 0, NULL, open_domain, close_opened)
SWEEP(opening_a_device, ANON, 0, NULL, open_device, close_opened)
SWEEP(attaching, ANON, 0, NULL, attach, detach)
SWEEP(attaching_with_replay, ANON, SPREAD, map_scattered, attach, detach)
SWEEP(attaching_another_with_replay, ANON, SPREAD, prepare_second,
	attach_second, detach_second)
SWEEP(mapping_in_both_tables, ANON, SPREAD, attach_both, map_all, unmap_all)
SWEEP(mapping_before_attach, ANON, SMALL, NULL, map_all, unmap_all)
SWEEP(mapping_anonymous, ANON, SMALL, attach, map_all, unmap_all)
SWEEP(mapping_read_only, ANON, SMALL, attach, map_read_only, unmap_all)
SWEEP(mapping_much, ANON, LARGE, attach, map_all, unmap_all)
SWEEP(mapping_huge_pages, THP, LARGE, attach, map_all, unmap_all)
SWEEP(mapping_hugetlb, HUGETLB, LARGE, attach, map_all, unmap_all)
SWEEP(mapping_shared, MEMFD, SMALL, attach, map_all, unmap_all)
SWEEP(mapping_private_hugetlb, HUGETLB_PRIVATE, LARGE, attach, map_all,
	unmap_all)
SWEEP(mapping_hugetlb_of_1_gib, HUGETLB_1G, GIGANTIC, attach, map_all,
	unmap_all)
SWEEP(mapping_shared_anonymous, SHARED_ANON, SMALL, attach, map_all, unmap_all)
SWEEP(mapping_where_the_kernel_likes, ANON, SMALL, attach, map_any, unmap_all)
SWEEP(mapping_memory_of_a_device, ANON, 0, attach_neighbour, map_neighbour,
	unmap_all)
SWEEP(mapping_private_file, PRIVATE_FILE, SMALL, attach, map_all, unmap_all)
SWEEP(mapping_by_device, ANON, SMALL, attach, map_by_device, unmap_by_device)
SWEEP(unmapping, ANON, LARGE, attach_and_map, unmap_all, NULL, true)
SWEEP(unmapping_from_both_tables, ANON, SPREAD, map_both, unmap_all, NULL, true)
/* clang-format on */

TEST_HARNESS_MAIN
