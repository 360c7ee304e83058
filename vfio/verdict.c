// SPDX-License-Identifier: GPL-2.0
/*
 * What several users of a device together say about an error of it.
 *
 * Pure rules; their invariant: the more cautious opinion wins, and an opinion
 * wins over none.
 */
#include "verdict.h"

static u32 caution(u32 verdict)
{
	switch (verdict) {
	case VERDICT_RECOVERED:
		return 1;
	case VERDICT_CAN_RECOVER:
		return 2;
	case VERDICT_NEED_RESET:
		return 3;
	case VERDICT_DISCONNECT:
		return 4;
	default:
		return 0;
	}
}

/**
 * verdict_is_valid - is this an answer?
 * @verdict: what a user sent
 *
 * Return: the answer.
 */
bool verdict_is_valid(u32 verdict)
{
	return verdict >= VERDICT_NONE && verdict <= VERDICT_RECOVERED;
}

/**
 * verdict_merge - what two users together say
 * @a: one opinion
 * @b: the other
 *
 * Return: the more cautious.
 */
u32 verdict_merge(u32 a, u32 b)
{
	return caution(a) >= caution(b) ? a : b;
}
