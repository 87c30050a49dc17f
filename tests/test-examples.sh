#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: The ThreadButler authors
#
# test-examples.sh: each program in examples/ does what it says. hello and logpipe have tests of their own.

set -eu
# shellcheck source=tests/cases.sh
. "$top_srcdir/tests/cases.sh"

examples=$top_builddir/examples

# prints TEXT PROGRAM [ARGUMENT...]: exactly that, and it ends well
prints ()
{
  printf %b "$1" >"$work/expected"
  program=$2
  shift 2
  "$examples/$program" "$@" >"$work/got" 2>"$work/log" || {
    echo "$program ended with status $?"
    cat "$work/log"
    return 1
  }
  diff -u "$work/expected" "$work/got"
}

# What went wrong is logged, and told from what went well.
logged ()
{
  grep -q -e "$1" "$work/log" || {
    cat "$work/log"
    return 1
  }
}

reads_lines ()
{
  printf 'one\n\nthree' >"$work/input"
  prints '1: one\n2: \n3: three\n3 lines\n' stdin <"$work/input"
}

reads_nothing ()
{
  prints '0 lines\n' stdin </dev/null
}

reads_many_lines ()
{
  seq 100000 | "$examples/stdin" >"$work/got"
  { seq 100000 | awk '{ print $1 ": " $1 }' && echo '100000 lines'; } | cmp - "$work/got"
}

asks ()
{
  prints 'rice, number 1\nnothing, as the soup is out\ncake, number 2\n' ask && logged 'kitchen failed on a Cook: the soup is out'
}

three_threads ()
{
  printf 'live\ndrawer\n' >"$work/input"
  prints '> evil\n> reward\n2 answers\n' stdin-three <"$work/input"
}

# Each answer is there before the next line is asked for: the script waits for it.
takes_turns ()
{
  rm -f "$work/questions" "$work/answers"
  mkfifo "$work/questions" "$work/answers"
  "$examples/stdin-three" <"$work/questions" >"$work/answers" &
  example=$!
  exec 3>"$work/questions" 4<"$work/answers"
  answers=
  for word in stressed diaper lager; do
    echo "$word" >&3
    read -r answer <&4
    answers="$answers$answer"
  done
  exec 3>&-
  read -r answer <&4
  exec 4<&-
  wait "$example" && [ "$answers, $answer" = '> desserts> repaid> regal, 3 answers' ]
}

loops_by_poll ()
{
  prints '3\n2\n1\n' own-loop 3
}

loops_by_glib ()
{
  prints '1 * 1 = 1\n2 * 2 = 4\n3 * 3 = 9\n' glib-loop 3 && ! grep . "$work/log"
}

loops_by_libuv ()
{
  prints '1: after 1 ms\n2: after 2 ms\n3: after 3 ms\n' libuv-loop 3 1 2
}

ends_by_libuv ()
{
  prints '' libuv-loop
}

counts_primes ()
{
  prints '9592 primes below 100000\n' no-server 100000
}

hashes_files ()
{
  for file in "$top_srcdir"/lib/*.c; do
    set -- "$@" "$file"
  done
  {
    sha256sum "$@" | LC_ALL=C sort -k 2
    echo "$# of $# files"
  } >"$work/expected"
  "$examples/tasks" "$@" | diff -u "$work/expected" -
}

names_failed_task ()
{
  : >"$work/empty"
  empty=$(sha256sum "$work/empty")
  prints "$empty\n1 of 2 files\n" tasks "$work/missing" "$work/empty" && logged 'task hash failed.*missing'
}

leaves_nothing ()
{
  prints "\
before send:   text parcel 3, 3 items, weight 3
after send:    text NULL, 0 items, weight 0
received:      text parcel 3, 3 items, weight 3
after post:    the pointer is NULL
received:      text parcel 1, 1 items, weight 1
after refusal: text parcel 2, 2 items, weight 2
after failure: text NULL, 0 items, weight 0
" illegal-access
}

serves ()
{
  prints "\
divider starts
warmed up
started
100 / 8 = 12
100 / 4 = 25
good-bye
2 divisions, warm
stopped
" server 100 8 0 4 && logged 'failed on a ServerDivision: 100 cannot be divided by 0'
}

refuses_to_start ()
{
  ! "$examples/server" 0 1 >"$work/got" 2>"$work/log" && [ ! -s "$work/got" ] &&
    logged '^server: server divider did not start: a dividend of 0 is dull'
}

survives_stress ()
{
  for seed in 1 2 3 4000000000; do
    prints "seed $seed\n50000 visits, 0 of 16 counts wrong\n" stress "$seed" || return 1
  done
}

stress_names_seed ()
{
  "$examples/stress" >"$work/first"
  seed=$(sed -n 's/^seed //p' "$work/first")
  "$examples/stress" "$seed" | cmp "$work/first" -
}

# with_http CASE: runs it with the address of a server on loopback, which ends when its standard input does.
with_http ()
{
  rm -f "$work/end" "$work/address"
  mkfifo "$work/end" "$work/address"
  "$top_builddir/tests/loopback-http" <"$work/end" >"$work/address" &
  http=$!
  exec 3>"$work/end"
  read -r http_address <"$work/address"
  http_address=${http_address%/}
  result=0
  "$1" || result=1
  exec 3>&-
  wait "$http" && [ "$result" -eq 0 ]
}

fetches ()
{
  prints "$http_address/page: this is /page\n1 fetched\n" async "$http_address/page"
}

# /late is answered when /now was asked for: one request does not keep the next message waiting.
fetches_at_once ()
{
  "$examples/async" "$http_address/late" "$http_address/now" | sort >"$work/got"
  printf '%s\n' "2 fetched" "$http_address/late: this is /late" "$http_address/now: this is /now" |
    diff -u - "$work/got"
}

fails_later ()
{
  prints "$http_address/page: this is /page\n1 fetched\n" async "$http_address/missing" "$http_address/page" &&
    logged 'failed on a AsyncFetch: 404'
}

fails_at_once ()
{
  prints '0 fetched\n' async nonsense && logged 'nonsense is no address'
}

cannot_connect ()
{
  prints '0 fetched\n' async http://127.0.0.1:1/ && logged 'failed on a AsyncFetch'
}

programs ()
{
  grep -l '^main (' "$top_srcdir"/examples/*.c
}

every_example_is_listed ()
{
  for file in $(programs); do
    grep -q "^| \[$(basename "$file")\](" "$top_srcdir/examples/README.md" || {
      echo "examples/README.md does not list $(basename "$file")"
      return 1
    }
  done
}

is_short ()
{
  for file in $(programs); do
    [ "$(grep -c . "$file")" -le 120 ] || {
      echo "$file has more than 120 lines"
      return 1
    }
  done
}

# What docs/coming-from-nim.md names is there: functions, generated ones, macros, options, files and cases of test-faults.c.
names_are_true ()
{
  guide=$top_srcdir/docs/coming-from-nim.md
  {
    grep -o 'butler_[a-z_]*' "$guide" | sort -u
    grep -o 'NAME_[a-z_]*' "$guide" | sed 's/^NAME/name##/' | sort -u
    grep -o 'BUTLER_[A-Z_]*' "$guide" | sed 's/^/#define /' | sort -u
    grep -o 'options* `[^|;:]*' "$guide" | grep -o '`[a-z_]*`' | sed 's/`\(.*\)`/ \1;/' | sort -u
  } >"$work/names"
  sed -n 's/^| [0-9]* | .* | \(.*\) |$/\1/p' "$guide" | grep -o '`[a-z0-9_]*`' | sed 's/`\(.*\)`/START_TEST (\1)/' \
    >"$work/cases"
  grep -o '](\.\./[^)#]*' "$guide" | sed 's/^](\.\.\///' | sort -u >"$work/files"
  [ -s "$work/names" ] && [ -s "$work/cases" ] && [ -s "$work/files" ] || return 1
  cat "$top_srcdir"/include/threadbutler/*.h >"$work/headers"
  all_in "$work/headers" "$work/names" && all_in "$top_srcdir/tests/test-faults.c" "$work/cases" || return 1
  while read -r file; do
    [ -e "$top_srcdir/$file" ] || {
      echo "there is no $file"
      return 1
    }
  done <"$work/files"
}

all_in ()
{
  while read -r name; do
    grep -q -F -e "$name" "$1" || {
      echo "$1 does not have $name"
      return 1
    }
  done <"$2"
}

check "stdin numbers each line, the last one without its end too" reads_lines
check "stdin ends at once without any line" reads_nothing
check "stdin prints 100 000 lines in order" reads_many_lines
check "stdin-three answers each line and says good-bye" three_threads
check "stdin-three answers before it reads on" takes_turns
check "own-loop counts down by a timer and ends" loops_by_poll
check "glib-loop handles results on the main loop's thread" loops_by_glib
check "no-server gathers what the tasks found" counts_primes
check "ask gets answers, and the reason where there is none" asks
check "timers ticks three times" prints 'tick in time\ntick in time\ntick in time\n' timers
check "tasks hashes as sha256sum does" hashes_files
check "tasks names the file that cannot be read" names_failed_task
check "illegal-access finds nothing after a send" leaves_nothing
check "server starts, fails once, stops, in this order" serves
check "server says why it does not start" refuses_to_start
check "stress counts right for each seed" survives_stress
check "stress prints a seed that it takes" stress_names_seed
if [ -x "$examples/libuv-loop" ]; then
  check "libuv-loop rings the alarms in their order" loops_by_libuv
  check "libuv-loop ends without any alarm" ends_by_libuv
else
  echo "libuv-loop is not built: libuv was not found"
fi
if [ -x "$examples/async" ] && [ -x "$top_builddir/tests/loopback-http" ]; then
  check "async fetches a page" with_http fetches
  check "async handles messages while a request is on its way" with_http fetches_at_once
  check "async fails later, and goes on" with_http fails_later
  check "async fails at once" fails_at_once
  check "async cannot connect, and says so" cannot_connect
else
  echo "async is not built: libsoup was not found"
fi
check "every example is listed in examples/README.md" every_example_is_listed
check "every example is short" is_short
check "docs/coming-from-nim.md names only what there is" names_are_true
finish
