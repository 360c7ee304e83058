// SPDX-License-Identifier: GPL-2.0
/*
 * How much of an expansion ROM is there.
 *
 * Pure rules; their invariant: what a ROM says of itself leads to no place
 * outside of it, and each step to a later one.
 *
 * PCI Firmware 3.3, 5.1: images follow each other. Each begins with a header,
 * that tells where a data structure is, and that how long the image is and
 * whether it is the last.
 */
#include "rom_rules.h"

/* The header of an image */
#define HEADER_SIZE 0x1a
#define HEADER_SIGNATURE 0xaa55
#define HEADER_DATA 0x18 /* where the data structure is, from here */

/* The data structure, which begins with "PCIR" */
#define DATA_SIZE 0x18
#define DATA_SIGNATURE_LOW 0x4350
#define DATA_SIGNATURE_HIGH 0x5249
#define DATA_IMAGE_SIZE 0x10 /* in units */
#define DATA_INDICATOR 0x14 /* in the upper byte */
#define DATA_LAST 0x8000

#define UNIT_SIZE 512

static bool fits(u64 size, u64 offset, u64 count)
{
	return offset < size && count <= size - offset;
}

/**
 * rom_image_size - how many bytes the images of a ROM have together
 * @size: bytes that the device decodes for it
 * @peek: read the two bytes at an even offset within @size
 * @priv: for @peek
 *
 * Return: at most @size; 0 if there is no image that can be understood.
 */
u64 rom_image_size(u64 size, u16 (*peek)(void *priv, u64 offset), void *priv)
{
	u64 at = 0, data;
	u32 units;
	bool last;

	do {
		if (!fits(size, at, HEADER_SIZE) ||
		    peek(priv, at) != HEADER_SIGNATURE)
			break;
		data = at + peek(priv, at + HEADER_DATA);
		if (data % 4 || !fits(size, data, DATA_SIZE) ||
		    peek(priv, data) != DATA_SIGNATURE_LOW ||
		    peek(priv, data + 2) != DATA_SIGNATURE_HIGH)
			break;
		last = peek(priv, data + DATA_INDICATOR) & DATA_LAST;
		units = peek(priv, data + DATA_IMAGE_SIZE);
		at += units * UNIT_SIZE;
	} while (units && !last);
	return min(at, size);
}
