# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What every script of the project shares: where the tree and the cache are,
# and how to speak. Sourced, never run.

set -eu -o pipefail

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=${UIOMMU_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/uiommu}
PATH=$PATH:/usr/sbin:/sbin
export PATH

say() {
	printf '== %s\n' "$*" >&2
}

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# Hold a lock named $1 until the script ends, so that two runs beside each
# other never fill the same place.
hold() {
	mkdir -p "$CACHE"
	exec {HELD}>"$CACHE/$1.lock"
	flock "$HELD"
}

# A new empty directory in the cache, for work that becomes visible only by
# a rename once it is complete.
scratch_in_cache() {
	mkdir -p "$CACHE"
	mktemp -d "$CACHE/tmp.XXXXXX"
}
