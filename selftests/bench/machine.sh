# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# The machine of the bench: that of the selftests, and more edu devices.
# Sourced by run and profile, after scripts/common.sh, with OUT set.

# Each is alone in its group; the first three are EDU0 to EDU2.
SLOTS=(0e 0f 10 11 12 13 14 15 16 17 18 19 1a)

bench_devices() {
	local slot

	printf '0000:00:04.0,0000:00:05.0,0000:00:06.0'
	for slot in "${SLOTS[@]}"; do
		printf ',0000:00:%s.0' "$slot"
	done
}

bench_hardware() {
	local slot

	for slot in "${SLOTS[@]}"; do
		printf -- '-device edu,dma_mask=0xffffffffffffffff,addr=%s.0 ' \
			"$slot"
	done
}

# The peers' headers, of the newest kernel, and the program.
bench_build() {
	local source name

	source=$("$TOP/scripts/kernel-source" 6.12)
	mkdir -p "$OUT/include/linux"
	for name in vfio.h iommufd.h; do
		# what `make headers_install` would do
		sed 's/\<__user\>//' "$source/include/uapi/linux/$name" \
			>"$OUT/include/linux/$name"
	done
	make -s -C "$TOP/selftests/bench"
}

has_module() {
	local directory=$1 release=$2

	modprobe -C /dev/null -d "$directory" -S "$release" -n -q "$3"
}

kernel_release() {
	local found

	found=$("$TOP/scripts/kernel" "$1")
	echo "${found%% *}"
}

# What is loaded: the peers, as far as the kernel has them.
bench_plan() {
	local kernel=$1 found release directory module

	found=$("$TOP/scripts/kernel" "$kernel")
	release=${found%% *} directory=${found#* }
	echo "testmodule floor"
	for module in iommufd vfio_iommu_type1 vfio-pci; do
		! has_module "$directory" "$release" "$module" ||
			echo "module $module"
	done
}

# bench_boot KERNEL counted|timed MODE KINDS RUNNER-OPTION...
bench_boot() {
	local kernel=$1 clock=$2 mode=$3 kinds=$4 kind
	local plan=$OUT/$kernel-$clock.plan log=$OUT/$kernel-$clock
	shift 4

	{
		bench_plan "$kernel"
		for kind in $kinds; do
			echo "run 900 bench/bench $clock $kind $mode $(bench_devices)"
		done
	} >"$plan"
	say "kernel $kernel: $kinds (${clock}; some minutes)"
	"$TOP/selftests/qemu/run" --kernel "$kernel" --plan "$plan" \
		--timeout 1500 --nodes 1 --log "$log" \
		--qemu "$(bench_hardware)" "$@" |
		grep --line-buffered -v '^bench' >&2 || return 1
	{
		echo "kernel $kernel $(kernel_release "$kernel")"
		grep '^bench' "$log/output.log"
	} >"$OUT/$kernel-$clock.log"
}
