/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's test harness, without the warnings that its macros raise. */
#ifndef SELFTESTS_HARNESS_H
#define SELFTESTS_HARNESS_H

#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wclobbered"

#include "kselftest_harness.h"

#endif
