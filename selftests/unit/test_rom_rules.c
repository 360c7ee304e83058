// SPDX-License-Identifier: GPL-2.0
/*
 * How much of an expansion ROM is there. Invariant of the tests: nothing is
 * read outside of the ROM, whatever is in it.
 */
#include "../../vfio/rom_rules.h"
#include "unit.h"

#define ROOM 8192

/* An image at @at with its data structure at @data, of @units */
struct image {
	u32 at, data, units;
	bool last;
};

static struct {
	u8 bytes[ROOM];
	u64 size;
} rom;

static u16 peek(void *priv, u64 offset)
{
	ck_assert_ptr_eq(priv, &rom);
	ck_assert_uint_eq(offset % 2, 0);
	ck_assert_uint_lt(offset, rom.size - 1);
	return rom.bytes[offset] | rom.bytes[offset + 1] << 8;
}

static void put(u32 at, u16 value)
{
	rom.bytes[at] = value;
	rom.bytes[at + 1] = value >> 8;
}

static void put_image(const struct image *image)
{
	u32 data = image->at + image->data;

	put(image->at, 0xaa55);
	put(image->at + 0x18, image->data);
	put(data, 'P' | 'C' << 8);
	put(data + 2, 'I' | 'R' << 8);
	put(data + 0x10, image->units);
	rom.bytes[data + 0x15] = image->last ? 0x80 : 0x7f;
}

static u64 measure(u64 size)
{
	rom.size = size;
	return rom_image_size(size, peek, &rom);
}

static const struct {
	const char *name;
	struct image images[2];
	u32 size, result;
} good_rows[] = {
	{ "one", { { 0, 0x1c, 2, true } }, 4096, 1024 },
	{ "data right behind the header", { { 0, 0x1c, 1, true } }, 512, 512 },
	{ "data at the very end", { { 0, 0x1e8, 1, true } }, 512, 512 },
	{ "two",
	  { { 0, 0x1c, 2, false }, { 1024, 0x40, 3, true } },
	  4096,
	  2560 },
	{ "the first is the last",
	  { { 0, 0x1c, 2, true }, { 1024, 0x40, 3, true } },
	  4096,
	  1024 },
	{ "the second is missing", { { 0, 0x1c, 2, false } }, 4096, 1024 },
	{ "longer than its place", { { 0, 0x1c, 9, true } }, 4096, 4096 },
	{ "the second begins at the end",
	  { { 0, 0x1c, 8, false } },
	  4096,
	  4096 },
	{ "the longest", { { 0, 0x1c, 0xffff, false } }, 4096, 4096 },
	{ "of no length", { { 0, 0x1c, 0, false } }, 4096, 0 },
	{ "the second of no length",
	  { { 0, 0x1c, 1, false }, { 512, 0x1c, 0, false } },
	  4096,
	  512 },
};

TABLE_TEST(good, good_rows)
{
	memset(&rom, 0, sizeof(rom));
	put_image(&row->images[0]);
	if (row->images[1].at)
		put_image(&row->images[1]);
	ck_assert_uint_eq(measure(row->size), row->result);
}

/* One image, with a word of it that is not as it should be */
static const struct {
	const char *name;
	u32 size, at;
	u16 value;
} bad_rows[] = {
	{ "no header", 4096, 0, 0xaa54 },
	{ "half a header", 4096, 0, 0x0055 },
	{ "all ones", 4096, 0, 0xffff },
	{ "no data structure", 4096, 0x1c, 'P' },
	{ "half of its name", 4096, 0x1e, 'I' },
	{ "data not aligned", 4096, 0x18, 0x1e },
	{ "data on the header", 4096, 0x18, 0 },
	{ "data that ends beyond", 4096, 0x18, 4096 - 0x14 },
	{ "data beyond", 4096, 0x18, 0xfffc },
	{ "too small for a header", 0x18, 0, 0xaa55 },
	{ "too small for its data", 0x30, 0, 0xaa55 },
	{ "empty", 0, 0, 0xaa55 },
};

TABLE_TEST(bad, bad_rows)
{
	struct image image = { 0, 0x1c, 2, true };

	memset(&rom, 0, sizeof(rom));
	put_image(&image);
	put(row->at, row->value);
	ck_assert_uint_eq(measure(row->size), 0);
}

SUITE(rom_rules)
{
	ADD_TABLE(tc, good, good_rows);
	ADD_TABLE(tc, bad, bad_rows);
}
