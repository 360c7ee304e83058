// SPDX-License-Identifier: GPL-2.0
/*
 * A plugin of QEMU: counts the instructions that are executed between the
 * marks of clock.h, by the address of their block. Invariant: `counting` is
 * set only between the two marks.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qemu.h"

EXPORT int qemu_plugin_version = 1;

/**
 * struct block - a translated block
 * @next: the one translated before it
 * @at: its address
 * @nr: instructions in it
 * @times: how often it was executed between the marks
 */
struct block {
	struct block *next;
	uint64_t at;
	uint64_t nr;
	uint64_t times;
};

static struct block *blocks;
static bool counting;
static char *out;

static void count(unsigned int cpu, void *data)
{
	struct block *block = data;

	if (counting)
		block->times++;
}

static void switch_counting(unsigned int cpu, void *data)
{
	counting = data;
}

static void look_for_marks(struct qemu_plugin_insn *insn)
{
	static const char prefix[] = { 0x0f, 0x1f, (char)0x84, 0 };
	const char *data = qemu_plugin_insn_data(insn);

	if (qemu_plugin_insn_size(insn) != 8 || memcmp(data, prefix, 4))
		return;
	if (memcmp(data + 4, "begn", 4) == 0)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, switch_counting,
						       NO_REGISTERS, &counting);
	if (memcmp(data + 4, "end!", 4) == 0)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, switch_counting,
						       NO_REGISTERS, NULL);
}

static void translated(uint64_t id, struct qemu_plugin_tb *tb)
{
	struct block *block = calloc(1, sizeof(*block));
	size_t i;

	if (!block)
		abort();
	block->nr = qemu_plugin_tb_n_insns(tb);
	block->at = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, 0));
	block->next = blocks;
	blocks = block;
	qemu_plugin_register_vcpu_tb_exec_cb(tb, count, NO_REGISTERS, block);
	for (i = 0; i < block->nr; i++)
		look_for_marks(qemu_plugin_tb_get_insn(tb, i));
}

static void tell(uint64_t id, void *data)
{
	FILE *file = fopen(out, "w");
	struct block *block;

	if (!file)
		return;
	for (block = blocks; block; block = block->next)
		if (block->times)
			fprintf(file, "%llx %llu %llu\n",
				(unsigned long long)block->at,
				(unsigned long long)block->nr,
				(unsigned long long)block->times);
	fclose(file);
}

EXPORT int qemu_plugin_install(uint64_t id, const struct qemu_info *info,
			       int argc, char **argv)
{
	if (argc < 1 || strncmp(argv[0], "out=", 4))
		return -1;
	out = strdup(argv[0] + 4);
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, tell, NULL);
	return 0;
}
