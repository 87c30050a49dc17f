#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: The ThreadButler authors
#
# test-bench.sh: butler-bench and butler-swap run, check what arrives and refuse what they do not understand. Nothing here
# is about speed.

set -eu
# shellcheck source=tests/cases.sh
. "$top_srcdir/tests/cases.sh"

program=butler-bench

bench ()
{
  "$top_builddir/bench/$program" "$@"
}

exits ()
{
  expected=$1
  shift
  status=0
  bench "$@" >"$work/out" 2>"$work/err" || status=$?
  [ "$status" -eq "$expected" ] && return
  printf '%s %s: status %s, not %s\n' "$program" "$*" "$status" "$expected"
  cat "$work/out" "$work/err"
  return 1
}

# One line a round, the two peers in turns.
has_rounds ()
{
  exits 0 "$1" 1000 --repeat 2 || return
  sed '/^#/d' "$work/out" | cut -d ' ' -f 1-3 >"$work/rounds"
  printf '%s\n' "$1 butler 1000" "$1 plain 1000" "$1 butler 1000" "$1 plain 1000" | diff -u - "$work/rounds"
}

has_six_columns ()
{
  exits 0 "$1" 1000 --repeat 1 --peer butler &&
    grep -Eq "^$1 butler 1000 [0-9]+\.[0-9]+ [0-9]+ cpu=[0-9.]+ voluntary=[0-9]+ involuntary=[0-9]+ " "$work/out"
}

has_medians ()
{
  exits 0 "$1" 1000 --repeat 3 &&
    [ "$(grep -c "^# $1 [a-z]*: the median of 3 is [0-9]* a second$" "$work/out")" -eq 2 ] &&
    grep -Eq "^# $1 butler/plain: [0-9]+\.[0-9]+$" "$work/out"
}

is_json ()
{
  exits 0 "$1" 1000 --repeat 2 --json && ! grep -v '^{"kernel":"'"$1"'",.*}$' "$work/out"
}

notices_a_loss ()
{
  exits 1 "$1" 1000 --repeat 1 --peer "$2" --lose &&
    grep -q "^butler-bench: $1 $2: wrong: " "$work/err"
}

for kernel in count pingpong; do
  check "$kernel: one line for each round, the peers in turns" has_rounds "$kernel"
  check "$kernel: CPU time and context switches are told" has_six_columns "$kernel"
  check "$kernel: medians and their ratio" has_medians "$kernel"
  check "$kernel: JSON" is_json "$kernel"
  check "$kernel: channels of the queue kind" exits 0 "$kernel" 1000 --repeat 1 --peer butler --as-queue
  check "$kernel: bounded channels" exits 0 "$kernel" 1000 --repeat 1 --peer butler --capacity 4
  check "$kernel: a wrong result of the library is an error" notices_a_loss "$kernel" butler
  check "$kernel: a wrong result by hand is an error" notices_a_loss "$kernel" plain
done
check "the kernels are listed" exits 0 --list
check "no kernel is bad usage" exits 2
check "an unknown kernel is bad usage" exits 2 cuont
check "zero messages are bad usage" exits 2 count 0
check "a number with a unit is bad usage" exits 2 count 10k
check "a third argument is bad usage" exits 2 count 10 10
check "an unknown peer is bad usage" exits 2 count 10 --peer erlang
check "no rounds are bad usage" exits 2 count 10 --repeat 0
check "a negative capacity is bad usage" exits 2 count 10 --capacity=-1
check "an unknown option is bad usage" exits 2 count --fast

# butler-swap: few swaps, and fewer messages than it is for.

swaps ()
{
  kernel=$1
  shift
  exits 0 "$kernel" --swaps 5 --rate 20000 "$@"
}

has_swap_rounds ()
{
  swaps "$1" --repeat 2 && [ "$(grep -c "^$1 butler 5 [0-9]*\.[0-9]* [0-9]* cpu=" "$work/out")" -eq 2 ] &&
    grep -q "^# $1: butler-swap $1 --swaps 5 --rate 20000 --repeat 2$" "$work/out"
}

has_pauses ()
{
  swaps "$1" && grep -q "^# $1 pause: the median of [0-9]* is [0-9.]* us, the 99.9th percentile [0-9.]* us, " "$work/out"
}

has_swap_json ()
{
  swaps "$1" --json && grep -q '"median_us":' "$work/out" && ! grep -v '^{"kernel":"'"$1"'",.*}$' "$work/out"
}

notices_a_lost_message ()
{
  exits 1 "$1" --swaps 5 --rate 20000 --lose && grep -q "^butler-swap: $1: wrong: 1 messages lost" "$work/err"
}

tells_of_growth ()
{
  swaps endure && for figure in descriptors threads maps resident-KiB; do
    grep -q "^# endure $figure: [1-9][0-9]* before, [1-9][0-9]* after$" "$work/out" || return
  done
}

program=butler-swap
for kernel in rolling migrate reload endure; do
  check "$kernel: the command, and one line for each round" has_swap_rounds "$kernel"
  check "$kernel: pauses" has_pauses "$kernel"
  check "$kernel: JSON" has_swap_json "$kernel"
  check "$kernel: a message that is lost is an error" notices_a_lost_message "$kernel"
done
check "rolling: several writers" swaps rolling --writers 3
check "endure: what the process has" tells_of_growth
check "the kernels of swaps are listed" exits 0 --list
check "no kernel of swaps is bad usage" exits 2
check "an unknown kernel of swaps is bad usage" exits 2 roling
check "a negative number of swaps is bad usage" exits 2 rolling --swaps=-1
check "no messages are bad usage" exits 2 rolling --rate 0
check "no rounds of swaps are bad usage" exits 2 rolling --repeat 0
check "too many writers are bad usage" exits 2 rolling --writers 9
finish
