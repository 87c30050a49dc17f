#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: The ThreadButler authors
#
# test-instructions.sh: how many instructions a message costs from its send to the end of its handler, counted by callgrind, and a
# ceiling for it. A count does not depend on what else the machine does, as a time does; but it depends on the compiler's options, so
# this is no part of `make check`: `make check-full WAYS=instructions` builds with -O2 and runs it.

set -eu
# shellcheck source=tests/cases.sh
. "$top_srcdir/tests/cases.sh"

# In instructions a message: what was measured and a tenth of it; of two threads, and twice, as they may look for messages before they sleep. Who makes the way of a message shorter lowers them.
ceiling_alone=400 # send, dispatch and free on one thread
ceiling_count=800 # the same on two threads, with the sleeping and the waking

few=10000
many=30000

# Off where valgrind is found, but here they are a part of the way.
export BUTLER_POOL=on
unset VALGRIND_OPTS

if [ "${VALGRIND:-no}" = no ]; then
  echo "valgrind is missing"
  exit 77
fi

# run_counted KERNEL N: the number of all instructions of the program.
run_counted ()
{
  "$top_builddir/libtool" --mode=execute "$VALGRIND" --tool=callgrind --callgrind-out-file=/dev/null --fair-sched=yes \
    "$top_builddir/bench/butler-bench" "$1" "$2" --peer butler --repeat 1 >"$work/log" 2>&1 || {
    cat "$work/log" >&2
    return 1
  }
  sed -n 's/^==[0-9]*== Collected : \([0-9][0-9]*\)$/\1/p' "$work/log"
}

# The smallest of three: how often a thread sleeps is chance.
count_all ()
{
  for _ in 1 2 3; do
    run_counted "$1" "$2" || return
  done | sort -n | sed -n 1p
}

# What the program does besides is the same in both runs, so the difference is that of the messages.
count_per_message ()
{
  low=$(count_all "$1" "$few")
  high=$(count_all "$1" "$many")
  [ "${low:-0}" -gt 0 ] && [ "${high:-0}" -gt "$low" ] || return
  printf '%s\n' $(((high - low) / (many - few)))
}

stays_below ()
{
  counted=$(count_per_message "$1") || {
    echo "callgrind did not count"
    return 1
  }
  echo "$1: $counted instructions a message, the ceiling is $2" | tee -a "$work/counts"
  [ "$counted" -le "$2" ]
}

check "alone: below its ceiling" stays_below alone "$ceiling_alone"
check "count: below its ceiling" stays_below count "$ceiling_count"
cat "$work/counts"
finish
