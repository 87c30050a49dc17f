#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: The ThreadButler authors
#
# summary.sh FOLDER...: adds up the cases of the tests whose .trs and .log files lie in the folders, and prints
# "N passed, N failed" on standard output; what failed, and what was skipped, on standard error.
# Check programs and shell tests count their cases themselves; a test that did not get that far is one failed case.

set -eu

total_passed=0
total_failed=0

# Check's "NN%: Checks: 12, Failures: 0, Errors: 0" and our "12 passed, 0 failed" -> "passed failed counted".
count_log ()
{
  sed -n -e 's/^[0-9]*%: Checks: \([0-9]*\), Failures: \([0-9]*\), Errors: \([0-9]*\)$/check \1 \2 \3/p' \
    -e 's/^\([0-9]*\) passed, \([0-9]*\) failed$/shell \1 \2/p' "$1" |
    awk '$1 == "check" { passed += $2 - $3 - $4; failed += $3 + $4 }
         $1 == "shell" { passed += $2; failed += $3 }
         END { print passed + 0, failed + 0, NR }'
}

add_test ()
{
  result=$(sed -n 's/^:global-test-result: //p' "$1")
  log=${1%.trs}.log
  # shellcheck disable=SC2046 # three numbers
  set -- $(count_log "$log")
  passed=$1
  failed=$2
  if [ "$result" = SKIP ]; then
    printf 'skipped: %s\n' "$log" >&2
  elif [ "$result" != PASS ] && [ "$failed" -eq 0 ]; then
    failed=1
  elif [ "$3" -eq 0 ]; then
    passed=1
  fi
  [ "$failed" -eq 0 ] || printf 'failed: %s\n' "$log" >&2
  total_passed=$((total_passed + passed))
  total_failed=$((total_failed + failed))
}

for folder in "$@"; do
  for trs in "$folder"/*.trs; do
    [ -e "$trs" ] && add_test "$trs"
  done
done
printf '%d passed, %d failed\n' "$total_passed" "$total_failed"
[ "$total_passed" -gt 0 ] && [ "$total_failed" -eq 0 ]
