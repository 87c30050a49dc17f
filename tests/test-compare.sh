#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: The ThreadButler authors
#
# test-compare.sh: bench/compare prints its table, and fails if a peer does. The peers are made up here, and those that were
# built are tried, too. Nothing here is about speed.

set -eu
# shellcheck source=tests/cases.sh
. "$top_srcdir/tests/cases.sh"

programs=$work/programs
mkdir "$programs"

# fake NAME COMMAND...: a peer that does this.
fake ()
{
  printf '#!/bin/sh\n%s\n' "$2" >"$programs/$1"
  chmod +x "$programs/$1"
}

# shellcheck disable=SC2016 # the fakes' own
prints_a_rate='echo "$1 name $2 0.5 RATE cpu=0.1"'

# A rate that is another one each time: 3000, 1000, 2000.
fake steady "$(printf '%s' "$prints_a_rate" | sed s/RATE/500/)"
fake changing "case \$(wc -l <$work/rates) in 0) rate=3000 ;; 1) rate=1000 ;; *) rate=2000 ;; esac
echo \$rate >>$work/rates
$(printf '%s' "$prints_a_rate" | sed s/RATE/\$rate/)"
fake wrong 'echo "wrong: sum: 1 instead of 2" >&2; exit 1'
fake silent 'exit 0'

# compares STATUS OPTION...
compares ()
{
  expected=$1
  shift
  status=0
  : >"$work/rates"
  "$top_srcdir/bench/compare" --build "$top_builddir" --programs "$programs" "$@" >"$work/out" 2>"$work/err" || status=$?
  [ "$status" -eq "$expected" ] && return
  printf 'compare %s: status %s, not %s\n' "$*" "$status" "$expected"
  cat "$work/out" "$work/err"
  return 1
}

prints ()
{
  grep -Eq -e "$1" "$work/out" && return
  printf 'no line matches %s:\n' "$1"
  cat "$work/out"
  return 1
}

complains ()
{
  grep -Fq -e "$1" "$work/err" && return
  printf 'nobody says "%s":\n' "$1"
  cat "$work/err"
  return 1
}

has_its_columns ()
{
  compares 0 --quick --rounds 1 --kernels 'count pingpong' --peers 'butler plain steady' || return
  prints '^kernel +ThreadButler +GLib by hand +steady$' &&
    prints '^count [0-9]+ +[0-9.]+ [kM] +[0-9.]+ [kM] \([0-9.e+-]+\) +500 \([0-9.e+-]+\)$' &&
    prints '^pingpong [0-9]+ +[0-9.]+ [kM]? *[0-9.]+ '
}

tells_how ()
{
  compares 0 --kernels count:7 --peers "steady absent" &&
    prints '^Command: bench/compare --kernels count:7 --peers "steady absent"$' &&
    prints '^Date: [0-9]{4}-[0-9]{2}-[0-9]{2}$' && prints '^CPU: .+, [0-9]+ CPUs?$'
}

takes_the_median ()
{
  compares 0 --rounds 3 --kernels count:7 --peers changing && prints '^count 7 +2\.00 k$' &&
    compares 0 --rounds 2 --kernels count:7 --peers changing && prints '^count 7 +2\.00 k$'
}

takes_turns ()
{
  compares 0 --rounds 2 --kernels 'count:7 create:3' --peers 'changing steady' --log "$work/log" || return
  cut -d ' ' -f 1,3,5 "$work/log" >"$work/turns"
  printf '%s\n' 'count 7 3000' 'count 7 500' 'create 3 1000' 'create 3 500' 'count 7 2000' 'count 7 500' \
    'create 3 2000' 'create 3 500' | diff -u - "$work/turns"
}

divides_by_butler ()
{
  mkdir -p "$work/build/bench"
  # shellcheck disable=SC2016 # the fake's own
  printf '#!/bin/sh\necho "# $1 $3: nothing"\necho "$1 butler 7 0.5 2000"\n' >"$work/build/bench/butler-bench"
  chmod +x "$work/build/bench/butler-bench"
  compares 0 --build "$work/build" --kernels count:7 --peers 'butler steady' &&
    prints '^count 7 +2\.00 k +500 \(0\.25\)$'
}

is_markdown ()
{
  compares 0 --rounds 1 --kernels 'count:7 create:3' --peers 'steady changing' --markdown &&
    prints '^\| kernel \| steady \| changing \|$' && prints '^\| --- \| --- \| --- \|$' &&
    prints '^\| count 7 \| 500 \| 3\.00 k \|$' && prints '^- Command: .bench/compare .*.$'
}

leaves_out_what_is_missing ()
{
  compares 0 --rounds 1 --kernels count:7 --peers 'steady absent' && prints '^Left out, since not built: absent$' &&
    prints '^kernel +steady$'
}

needs_somebody ()
{
  compares 1 --kernels count:7 --peers 'absent gone' && complains 'none of these peers was built: absent gone'
}

names_who_fails ()
{
  compares 1 --rounds 1 --kernels count:7 --peers 'steady wrong' && complains 'wrong: sum: 1 instead of 2' &&
    complains 'compare: wrong failed at "count 7", with exit status 1'
}

names_who_is_silent ()
{
  compares 1 --rounds 1 --kernels count:7 --peers 'steady silent' && complains 'silent printed no figures at "count 7"'
}

draws ()
{
  compares 0 --rounds 1 --kernels 'count:7 create:3' --peers 'steady changing' --svg "$work/chart.svg" &&
    grep -q '<svg' "$work/chart.svg" && grep -q 'create 3' "$work/chart.svg" && grep -q changing "$work/chart.svg"
}

# A PATH with all but gnuplot.
needs_gnuplot ()
{
  mkdir -p "$work/bin"
  for tool in awk cat cut date dirname grep head mktemp nproc rm sed sh sort timeout tr uname wc; do
    ! have "$tool" || ln -sf "$(command -v "$tool")" "$work/bin/$tool"
  done
  (PATH=$work/bin compares 1 --kernels count:7 --peers steady --svg "$work/none.svg") && complains 'gnuplot is missing' &&
    [ ! -e "$work/none.svg" ]
}

# What was built by `make bench-peers`: each kernel runs, and sees what is wrong.
peer_runs ()
{
  for arguments in 'count 1000' 'fanin 3 500' 'pingpong 50' 'ring 5 103' 'burst 50 2 24' 'burst 5 2 81264' 'create 10'; do
    # shellcheck disable=SC2086 # a kernel and its arguments
    "$1" $arguments >"$work/out" && prints "^${arguments%% *} ${1##*/} [0-9]+ [0-9]+\.[0-9]+ [0-9]+ cpu=[0-9.]+ " || return
  done
}

peer_sees ()
{
  for arguments in 'count 100' 'fanin 2 50' 'pingpong 10' 'ring 3 10' 'burst 10 2 24' 'create 5'; do
    # shellcheck disable=SC2086 # a kernel and its arguments
    if "$1" --spoil $arguments 2>"$work/err" || ! grep -q wrong: "$work/err"; then
      printf '%s: this should be wrong\n' "$arguments"
      return 1
    fi
  done
}

check "a table with a column for each peer, and ratios" has_its_columns
check "what was run, when, and on what" tells_how
check "medians" takes_the_median
check "the peers take turns, and each line is kept" takes_turns
check "ratios are by the library's figure" divides_by_butler
check "Markdown" is_markdown
check "a peer that was not built is left out, and named" leaves_out_what_is_missing
check "no peer at all is an error" needs_somebody
check "a peer that fails is named" names_who_fails
check "a peer without figures is named" names_who_is_silent
check "an unknown kernel is bad usage" compares 2 --kernels cuont
check "no kernel is bad usage" compares 2 --kernels ''
check "no rounds are bad usage" compares 2 --rounds 0
check "rounds without a number are bad usage" compares 2 --rounds
check "an unknown option is bad usage" compares 2 --fast
check "a folder without the library's program is an error" compares 1 --build "$work" --peers butler
! have gnuplot || check "a chart" draws
check "a chart needs gnuplot" needs_gnuplot
for peer in glib-context caf-detached caf-pool czmq erlang go; do
  program=$top_builddir/bench/peers/$peer
  [ -x "$program" ] || continue
  check "$peer runs all kernels" peer_runs "$program"
  check "$peer sees what is wrong" peer_sees "$program"
done
finish
