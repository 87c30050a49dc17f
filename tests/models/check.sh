#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: The ThreadButler authors
#
# check.sh: checks the models in this folder with spin, each as its head says: what must hold holds, and with its mechanism taken out
# it does not. Skipped without spin.

set -eu

CC=${CC:-cc}

if ! command -v spin >/dev/null 2>&1; then
  echo "spin is missing: skipped"
  exit 77
fi
models=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# holds MODEL [-DNAME...]: TRUE if no state of it is wrong, and none is a dead end.
holds ()
{
  model=$1
  shift
  rm -f "$work/pan.c" "$work/pan"
  (cd "$work" && spin -a "$@" "$models/$model.pml" && $CC -O2 -w -DSAFETY -DCOLLAPSE -o pan pan.c && ./pan -m1000000) 2>&1 || :
}

failed=0

expect ()
{
  wanted=$1
  shift
  log=$(holds "$@")
  case $log in
    *"errors: 0"*) found=holds ;;
    *"errors: "*) found=fails ;;
    *) found="cannot be checked" ;;
  esac
  if [ "$found" != "$wanted" ]; then
    printf '%s\n' "$log"
    failed=1
  fi
  printf '%s: %s\n' "$*" "$found"
}

expect holds channel
expect holds channel -DPOLL
expect holds channel -DTIMEOUT
expect holds channel -DANYTIME
expect holds channel -DANYTIME -DPOLL
expect holds channel -DANYTIME -DINTERNAL
expect holds channel -DANYTIME -DINTERNAL -DPOLL
expect fails channel -DNO_LOOK
expect fails channel -DNO_KICK
expect fails channel -DNO_WAKE
expect fails channel -DBLIND
expect fails channel -DSPLIT
expect fails channel -DANYTIME -DCLOSES_LATE
expect fails channel -DANYTIME -DINTERNAL -DNO_LOOK

expect holds reader
expect fails reader -DNO_LOOK
expect fails reader -DLOOK_FIRST
expect fails reader -DNO_WAIT
expect fails reader -DLATE
expect fails reader -DWEAK

expect holds swap
expect holds swap -DFAIL
expect fails swap -DEARLY
expect fails swap -DUNLOCKED
expect fails swap -DFAIL -DFORGETS

expect holds credits
expect holds credits -DCAPACITY=2
expect holds credits -DFENCED
expect holds credits -DCLOSE -DCAPACITY=2
expect holds credits -DCLEAR -DCAPACITY=2
expect fails credits -DNOBARRIER
expect fails credits -DNOLOOK
expect fails credits -DLATE
expect fails credits -DBETWEEN
expect fails credits -DEARLY
expect fails credits -DKEEPS
expect fails credits -DGROUPS
expect fails credits -DSTALE
expect fails credits -DCLOSE -DSILENT

expect holds lanes
for without in NOKICK NORECHECK LATE DROPS PUBLICFIRST ASKEDONLY ONELANE; do
  expect fails lanes "-D$without"
done

exit $failed
