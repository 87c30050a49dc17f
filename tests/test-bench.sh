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

# Each kernel below has its name in $kernel, its arguments, tiny ones, in $arguments, and in $ops what is told of them.

# shellcheck disable=SC2086 # words
bench_kernel ()
{
  expected=$1
  shift
  exits "$expected" "$kernel" $arguments "$@"
}

# One line a round, the two peers in turns.
has_rounds ()
{
  bench_kernel 0 --repeat 2 || return
  sed '/^#/d' "$work/out" | cut -d ' ' -f 1-3 >"$work/rounds"
  for _ in 1 2; do
    printf '%s\n' "$kernel butler $ops" "$kernel plain $ops"
  done | diff -u - "$work/rounds"
}

has_six_columns ()
{
  bench_kernel 0 --repeat 1 --peer butler &&
    grep -Eq "^$kernel butler $ops [0-9]+\.[0-9]+ [0-9]+ cpu=[0-9.]+ voluntary=[0-9]+ involuntary=[0-9]+ " "$work/out"
}

has_medians ()
{
  bench_kernel 0 --repeat 3 &&
    [ "$(grep -c "^# $kernel [a-z]*: the median of 3 is [0-9]* a second$" "$work/out")" -eq 2 ] &&
    grep -Eq "^# $kernel butler/plain: [0-9]+\.[0-9]+$" "$work/out"
}

is_json ()
{
  bench_kernel 0 --repeat 2 --json && ! grep -v '^{"kernel":"'"$kernel"'",[^=]*}$' "$work/out"
}

has_label ()
{
  label=$1
  shift
  bench_kernel 0 --repeat 1 --peer butler "$@" && grep -q "^$kernel butler .* $label\( \|$\)" "$work/out"
}

has_figure ()
{
  bench_kernel 0 --repeat 1 || return
  for peer in butler plain; do
    grep -Eq "^$kernel $peer .* $1=[0-9]+\.[0-9]+" "$work/out" &&
      grep -Eq "^# $kernel $peer $1: the median of 1 is [0-9]+\.[0-9]+$" "$work/out" || return
  done
}

notices_a_loss ()
{
  bench_kernel 1 --repeat 1 --peer "$1" --lose && grep -q "^butler-bench: $kernel $1: wrong: " "$work/err"
}

try_kernel ()
{
  kernel=$1
  ops=$2
  arguments=$3
  check "$kernel $arguments: one line for each round, the peers in turns" has_rounds
  check "$kernel $arguments: CPU time and context switches are told" has_six_columns
  check "$kernel $arguments: a wrong result of the library is an error" notices_a_loss butler
  check "$kernel $arguments: a wrong result by hand is an error" notices_a_loss plain
}

first_cpu=$(taskset -pc $$ 2>/dev/null | sed 's/.*: \([0-9]*\).*/\1/')

try_kernel count 1000 1000
check "count: medians and their ratio" has_medians
check "count: JSON" is_json
check "count: the loop that has no context" has_label loop=queue
check "count: the loop that has a context" has_label loop=default --loop default
check "count: channels of the queue kind" has_label channel=queue --as-queue
check "count: bounded channels" has_label channel=bounded:4 --capacity 4
check "count: threads on one CPU" has_label "pin=${first_cpu:-0},${first_cpu:-0}" --pin "${first_cpu:-0},${first_cpu:-0}"
try_kernel alone 1000 1000
try_kernel fanin 1500 "3 500"
check "fanin: bounded channels" has_label channel=bounded:4 --capacity 4
try_kernel pingpong 1000 1000
check "pingpong: channels of the queue kind" has_label channel=queue --as-queue
check "pingpong: bounded channels" has_label channel=bounded:4 --capacity 4
check "pingpong: JSON" is_json
try_kernel ring 1000 "7 1000"
try_kernel ring 3 "7 3"
try_kernel burst 150 "50 3 24"
check "burst: bounded channels" has_label channel=bounded:4 --capacity 4
try_kernel burst 60 "20 3 81264"
try_kernel burst 60 "20 3 81264 ends"
check "burst: what is written is told" has_label fill=ends
try_kernel create 20 20
check "create: memory" has_figure rss_kib
check "create: the loop that has a context" has_label loop=default --loop default
try_kernel send-latency 100 "100 20000"
try_kernel send-latency 100 "100 20000 busy"
for figure in p50_us p99_us p999_us max_us sent_p50_us sent_p99_us; do
  check "send-latency: $figure" has_figure "$figure"
done
check "send-latency: JSON" is_json
kernel=idle ops=5 arguments="5 1"
check "idle: CPU time" has_figure cpu_ms_per_second
check "idle: a wrong result of the library is an error" notices_a_loss butler
check "idle: a wrong result by hand is an error" notices_a_loss plain
try_kernel mixed 1500 "3 500"
try_kernel mixed 300 "3 100 1"
check "mixed: bounded channels, without an option" has_label channel=bounded:256
check "mixed: room for one" has_label channel=bounded:1 --capacity 1
check "mixed: channels of the queue kind" has_label every=1 --as-queue
check "mixed: the loop that has a context" has_label loop=default --loop default
check "mixed: JSON" is_json
check "the kernels are listed" exits 0 --list
check "no kernel is bad usage" exits 2
check "an unknown kernel is bad usage" exits 2 cuont
check "zero messages are bad usage" exits 2 count 0
check "a number with a unit is bad usage" exits 2 count 10k
check "an argument too many is bad usage" exits 2 count 10 10
check "five arguments are bad usage" exits 2 burst 1 1 24 full 1
check "an unknown word is bad usage" exits 2 burst 1 1 24 some
check "a size that is not one of two is bad usage" exits 2 burst 1 1 25
check "more actors than there are numbers are bad usage" exits 2 ring 1000000 1
check "an unknown loop is bad usage" exits 2 count 10 --loop round
check "a CPU that is none is bad usage" exits 2 count 10 --pin 0,x
check "a CPU that is not there is bad usage" exits 2 count 10 --pin 1023
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

# bench/guard builds two trees when it is asked for more than this: what it understands, and what it makes of figures.

guard ()
{
  expected=$1
  shift
  status=0
  "$top_srcdir/bench/guard" "$@" >"$work/out" 2>"$work/err" || status=$?
  [ "$status" -eq "$expected" ] && return
  printf 'guard %s: status %s, not %s\n' "$*" "$status" "$expected"
  cat "$work/out" "$work/err"
  return 1
}

refuses_as ()
{
  expected_text=$1
  shift
  guard 2 "$@" && grep -qF -e "$expected_text" "$work/err"
}

# write_figures KERNEL THIS... : THAT...
write_figures ()
{
  measured=$1
  which=this
  shift
  for figure; do
    case $figure in
      :) which=that ;;
      *) printf '%s\t%s\t%s\n' "$measured" "$which" "$figure" ;;
    esac
  done >>"$work/figures"
}

judges ()
{
  expected_line=$1
  shift
  guard "$@" --judge "$work/figures" && tr -s ' ' <"$work/out" | grep -qxF "$expected_line"
}

check "guard: help" guard 0 --help
check "guard: no commit is bad usage" refuses_as "a commit"
check "guard: two commits are bad usage" refuses_as "one commit" HEAD HEAD
check "guard: an unknown commit is bad usage" refuses_as 'no commit "no-such-commit"' no-such-commit
check "guard: an unknown kernel is bad usage" refuses_as 'no kernel "cuont"' --kernels count,cuont HEAD
check "guard: no rounds are bad usage" refuses_as --rounds --rounds 0 HEAD
check "guard: a limit that is none is bad usage" refuses_as --limit --limit 100 HEAD
check "guard: an option without its value is bad usage" refuses_as "takes a value" HEAD --rounds
check "guard: an unknown option is bad usage" refuses_as "unknown option --fast" --fast HEAD
write_figures "fanin 2" 50
check "guard: figures of one tree alone are an error" refuses_as "nothing to compare" --judge "$work/figures"
write_figures "count 3" 110 80 90 : 100 5 1000
check "guard: medians, and what is not too slow" judges "count 3 90 100 0.90" 0
check "guard: another limit" judges "count 3 90 100 0.90 slower" 1 --limit 9
write_figures "ring 2" 50 70 : 100 100
check "guard: one kernel that is too slow is enough" judges "ring 2 60 100 0.60 slower" 1
check "guard: the others are told too" judges "count 3 90 100 0.90" 1
check "guard: a kernel that the other one does not have is left out" judges "ring 2 60 100 0.60 slower" 1
finish
