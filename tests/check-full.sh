#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: The ThreadButler authors
#
# check-full.sh [clang] [address] [thread] [valgrind] [stress] [fuzz] [delays] [instructions] [swaps]: builds and tests the whole tree once more
# each way, in folders of their own below full/ in the build folder. Without arguments: all of them but delays and swaps. `make check-full` calls it.

set -eu

: "${top_srcdir:?}" "${top_builddir:?}"
MAKE=${MAKE:-make}
jobs=$(getconf _NPROCESSORS_ONLN)
full=$top_builddir/full
unset MAKEFLAGS MFLAGS MAKELEVEL

say ()
{
  printf 'check-full: %s\n' "$*" >&2
}

# Runs quietly; shows the end of the log if it fails.
quietly ()
{
  log=$1
  shift
  "$@" >"$log" 2>&1 && return
  tail -n 60 "$log" >&2
  say "the whole log: $log"
  return 1
}

is_newer ()
{
  [ ! -e "$2" ] || [ -n "$(find "$1" -newer "$2")" ]
}

# Configures only if the arguments, or configure itself, are new.
configure ()
{
  printf '%s\n' "${PKG_CONFIG_PATH-}" "$@" >"$build/arguments.new"
  if ! cmp -s "$build/arguments.new" "$build/arguments" || is_newer "$top_srcdir/configure" "$build/config.status"; then
    (cd "$build" && quietly configure.log "$top_srcdir/configure" "$@")
    mv "$build/arguments.new" "$build/arguments"
  fi
}

build ()
{
  quietly "$build/make.log" "$MAKE" -C "$build" -j "$jobs" all
}

# run_tests TESTS [TIME_LIMIT=...] WRAPPER...: the time limit counts here most, since without forking Check's own does not work.
run_tests ()
{
  tests=$1
  shift
  limit=
  case ${1-} in
    TIME_LIMIT=*)
      limit=$1
      shift
      ;;
  esac
  rm -f "$build"/tests/*.trs
  quietly "$build/check.log" "$MAKE" -C "$build" -j "$jobs" check VERBOSE=1 "TESTS=$tests" "LOG_COMPILER=\$(TIME_LIMIT) $*" ${limit:+"$limit"}
}

# ThreadSanitizer of some compilers cannot live with much address randomisation.
without_randomisation ()
{
  printf 'int main (void) { return 0; }\n' >"$build/probe.c"
  $CC -fsanitize=thread "$build/probe.c" -o "$build/probe"
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    "$build/probe" >/dev/null 2>&1 || {
      echo "setarch -R"
      return
    }
  done
}

in_clang ()
{
  configure CC=clang --enable-werror
  build
  # shellcheck disable=SC2016 # make's variable
  run_tests '$(check_PROGRAMS) tests/test-compile.sh'
}

in_address ()
{
  export CK_FORK=no G_SLICE=always-malloc
  # ASAN_OPTIONS=fast_unwind_on_malloc=0 shows where a leak comes from through GLib, in five times the time.
  export ASAN_OPTIONS="detect_stack_use_after_return=1:strict_string_checks=1:${ASAN_OPTIONS-}" UBSAN_OPTIONS=print_stacktrace=1
  configure CC="$CC" --enable-sanitizer=address,undefined
  build
  # shellcheck disable=SC2016 # make's variable
  run_tests '$(check_PROGRAMS)'
}

in_thread ()
{
  glib=$(CC=$CC "$top_srcdir/tests/glib-tsan.sh")
  # GLib's slice allocator counts contention without a lock, and hides who freed what.
  # GIO's file monitors have races of their own, on GLib's worker thread, where none of our code runs.
  # GSequence numbers its nodes, of all sequences, without a lock: the numbers need only look random.
  printf 'race:g_file_monitor_source_handle_event\nrace:node_new\n' >"$build/glib.supp"
  export CK_FORK=no G_SLICE=always-malloc TSAN_OPTIONS="second_deadlock_stack=1 suppressions=$(cd "$build" && pwd)/glib.supp"
  export PKG_CONFIG_PATH="$glib/lib/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}"
  configure CC="$CC" --enable-sanitizer=thread
  build
  # test-probe: what crashes in a process of its own crashes the sanitizer there, and it has one thread.
  # shellcheck disable=SC2016 # make's variable
  run_tests '$(filter-out tests/test-probe,$(check_PROGRAMS))' "env LD_LIBRARY_PATH=$glib/lib $(without_randomisation)"
}

require_valgrind ()
{
  [ "$VALGRIND" = no ] || return 0
  say "valgrind is missing: install it and run configure again"
  return 1
}

in_valgrind ()
{
  require_valgrind
  export CK_FORK=no G_SLICE=always-malloc BUTLER_TEST_SCALE=small
  configure CC="$CC" CFLAGS="-g -O1"
  build
  # shellcheck disable=SC2016 # make's variables
  run_tests '$(check_PROGRAMS)' '$(LIBTOOL) --mode=execute $(VALGRIND) --quiet --error-exitcode=9 --fair-sched=yes' \
    '--leak-check=full --errors-for-leak-kinds=definite --show-leak-kinds=definite --num-callers=30'
}

at_full_size ()
{
  export BUTLER_TEST_SCALE=full
  configure CC="$CC"
  build
  run_tests "$1" TIME_LIMIT="timeout --kill-after=10 3600"
}

# The stress programs: eight writers, 300 rounds, of which the first of each variant has 10^5 messages a writer;
# 10^8 messages through each kind of channel; 10 000 hubs.
in_stress ()
{
  at_full_size 'tests/stress-channel tests/stress-server tests/stress-memory tests/test-limits'
}

# As if the machine had too much to do: threads stay behind everywhere. They sleep meanwhile, so more tests run at a time.
in_delays ()
{
  export BUTLER_TEST_SCALE=small
  configure CC="$CC" CFLAGS="-g -O1"
  build
  jobs=$((jobs * 4))
  # shellcheck disable=SC2016 # make's variable
  run_tests '$(check_PROGRAMS)' "env LD_PRELOAD=$(cd "$build" && pwd)/tests/.libs/delays.so"
}

# Instructions, not time: with the options of a release, since these are what decides how many there are.
in_instructions ()
{
  require_valgrind
  configure CC="$CC" CFLAGS=-O2
  quietly "$build/make.log" "$MAKE" -C "$build" -j "$jobs" bench/butler-bench
  quietly "$build/check.log" "$MAKE" -C "$build" check-TESTS VERBOSE=1 TESTS=tests/test-instructions.sh
}

# Swaps by the thousand, each with its probe: it takes an hour, so it is done by who asks for it.
in_swaps ()
{
  swaps=
  for swap in abort causality files flood halt mail runs unload; do
    swaps="$swaps tests/test-swap-$swap"
  done
  at_full_size "$swaps"
}

# result NAME PASS|FAIL: in the words of Automake's tests. The log is there.
result ()
{
  printf ':global-test-result: %s\n' "$2" >"$build/tests/$1.trs"
}

# What it finds lies in the build folder, and belongs into the corpus as soon as it is mended. A corpus grows from call to call there.
fuzz ()
{
  mkdir -p "$build/corpora/$1" "$build/found"
  if quietly "$build/tests/fuzz-$1.log" "$build/tests/test-fuzz-$1" -max_total_time="${FUZZ_SECONDS:-60}" -timeout=60 -rss_limit_mb=4096 \
    -print_final_stats=1 -artifact_prefix="$build/found/$1-" "$build/corpora/$1" "$top_srcdir/tests/fuzz/corpora/$1"; then
    result "fuzz-$1" PASS
  else
    result "fuzz-$1" FAIL
    return 1
  fi
}

# Each fuzzer for FUZZ_SECONDS.
in_fuzz ()
{
  if [ "$FUZZER_CC" = no ]; then
    say "clang's libFuzzer is missing (Debian: libclang-rt-dev): install it and run configure again"
    return 1
  fi
  export G_SLICE=always-malloc ASAN_OPTIONS="strict_string_checks=1:${ASAN_OPTIONS-}" UBSAN_OPTIONS=print_stacktrace=1
  configure CC="$FUZZER_CC" CFLAGS="-g -O1" --enable-sanitizer=address,undefined --enable-fuzzer
  build
  programs=
  for folder in "$top_srcdir"/tests/fuzz/corpora/*; do
    programs="$programs tests/test-fuzz-${folder##*/}"
  done
  # shellcheck disable=SC2086 # a list
  quietly "$build/make-fuzzers.log" "$MAKE" -C "$build" -j "$jobs" $programs
  found=0
  for folder in "$top_srcdir"/tests/fuzz/corpora/*; do
    fuzz "${folder##*/}" || found=1
  done
  return $found
}

# A failure that no test stands for (it does not build) counts as a test that failed.
count_failure ()
{
  "$top_srcdir/tests/summary.sh" "$build/tests" 2>/dev/null | grep -q ' [1-9][0-9]* failed$' && return
  mkdir -p "$build/tests"
  : >"$build/tests/build.log"
  printf ':global-test-result: FAIL\n' >"$build/tests/build.trs"
}

# In a subshell, with -e in force, so that the first failure ends it.
run ()
{
  build=$full/$1
  mkdir -p "$build"
  rm -f "$build"/tests/*.trs
  start=$(date +%s)
  say "$1: building and testing"
  set +e
  (
    set -e
    "in_$1"
  )
  status=$?
  set -e
  if [ "$status" -ne 0 ]; then
    result=1
    count_failure "$1"
  fi
  say "$1: $("$top_srcdir/tests/summary.sh" "$build/tests" || true) ($(($(date +%s) - start)) s)"
}

CC=${CC:-gcc}
result=0
[ $# -gt 0 ] || set -- clang address thread valgrind stress fuzz instructions
for way in "$@"; do
  case $way in
    clang | address | thread | valgrind | stress | fuzz | delays | instructions | swaps) run "$way" ;;
    *)
      say "unknown: $way"
      exit 2
      ;;
  esac
done
exit "$result"
