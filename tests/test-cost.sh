#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: The ThreadButler authors
#
# test-cost.sh: the patches with which bench/cost takes features out of the hot path fit the sources. Nothing here is about speed.

set -eu
# shellcheck source=tests/cases.sh
. "$top_srcdir/tests/cases.sh"

command -v patch >/dev/null || exit 77

applies ()
{
  patch -p1 --dry-run --force --fuzz=0 -d "$top_srcdir" -i "$1"
}

refuses ()
{
  status=0
  "$top_srcdir/bench/cost" "$@" >/dev/null 2>&1 || status=$?
  [ "$status" -eq 2 ]
}

patches=$(cd "$top_srcdir/bench/cost.d" && pwd)
for patch in "$patches"/*.patch; do
  check "$(basename "$patch"): fits the sources" applies "$patch"
done
check "an unknown option is bad usage" refuses --fast
check "no rounds are bad usage" refuses --rounds 0
finish
