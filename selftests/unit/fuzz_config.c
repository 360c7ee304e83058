// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer's entry: any bytes are a configuration space and operations on it.
 */
#include "config_model.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	scenario_run(data, size);
	return 0;
}
