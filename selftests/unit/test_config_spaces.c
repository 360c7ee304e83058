// SPDX-License-Identifier: GPL-2.0
/*
 * The rules over every configuration space of the corpus: those of QEMU's
 * devices, and hostile ones written by hand. Compared with the model.
 */
#include <dirent.h>
#include <stdlib.h>

#include "config_model.h"
#include "unit.h"

#define MAX_FILES 256
#define MAX_BYTES 8192

/* Set by the Makefile: where pack-space has left its output */
static const char directory[] = UNIT_SPACES;

static char *files[MAX_FILES];
static int nfiles;

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void list_files(void)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)) && nfiles < MAX_FILES)
		if (entry->d_name[0] != '.')
			files[nfiles++] = strdup(entry->d_name);
	if (dir)
		closedir(dir);
	qsort(files, nfiles, sizeof(files[0]), by_name);
}

static size_t load(const char *name, u8 *data)
{
	char path[512];
	size_t size;
	FILE *f;

	unit_enter(name);
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	f = fopen(path, "rb");
	ck_assert_ptr_nonnull(f);
	size = fread(data, 1, MAX_BYTES, f);
	fclose(f);
	ck_assert_uint_gt(size, CFG_STD_SIZE);
	return size;
}

LOOP_TEST(operations, i)
{
	u8 data[MAX_BYTES];

	scenario_run(data, load(files[i], data));
}

LOOP_TEST(sweep, i)
{
	u8 data[MAX_BYTES];

	scenario_sweep(data, load(files[i], data));
}

UNIT_TEST(corpus_is_there, "the corpus is there")
{
	ck_assert_int_gt(nfiles, 40);
}

SUITE(config_spaces)
{
	list_files();
	tcase_add_test(tc, corpus_is_there);
	tcase_add_loop_test(tc, operations, 0, nfiles);
	tcase_add_loop_test(tc, sweep, 0, nfiles);
}
