#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: The ThreadButler authors
#
# test-logpipe.sh: the log pipeline prints what awk, sort and uniq print, whatever the input, and ends as it should.
# With BUTLER_TEST_SCALE=full its long input has 10^7 lines, else 3 * 10^5.

set -eu
# shellcheck source=tests/cases.sh
. "$top_srcdir/tests/cases.sh"

export LC_ALL=C
examples=$top_srcdir/examples/logpipe
memory_limit=65536 # KiB
case ${BUTLER_TEST_SCALE-} in
  full) many=10000000 ;;
  *) many=300000 ;;
esac

numbered_lines ()
{
  awk -v n="$1" 'BEGIN { for (i = 0; i < n; i++) print "line", i, "v" i % 1000, "and more" }'
}

# One line of so many bytes, of columns of three.
long_line ()
{
  awk -v n="$1" 'BEGIN { for (i = 0; i < n; i += 4) printf "%03d ", i % 7; print "" }'
}

# A line whose third column has so many bytes.
long_value ()
{
  awk -v n="$1" 'BEGIN { printf "a b "; for (i = 0; i < n; i += 8) printf "abcdefgh"; print " c" }'
}

make_inputs ()
{
  : >"$work/empty"
  printf '\n' >"$work/newline"
  printf '\n\n  \n\t\n a b\nc d \n' >"$work/blank"
  printf 'a b c\nd e c\na b d' >"$work/unfinished"
  printf 'a b c' >"$work/one"
  printf '  a \t b\t\tc  d\na\tb c\t\na b c\r\na b\013c d\na b\014c d\na  b  \n' >"$work/spaces"
  printf 'a b c\na b \nx y B\nx y b\na b a\na b \n1 2 10\n1 2 9\n1 2 !\n1 2 a!\n1 2 a\n1 2\n' >"$work/ties"
  printf 'a b \377\376\na b \303\nc\300 d\200 \377\376\na \355\240\200 \303\251\na b \200' >"$work/invalid"
  printf 'a b x\000y z\na\000 b c\n\000\n\000 \000 \000\na b \000\na b c\n' >"$work/nul"
  printf 'a,b,c\n,,\na, ,c\n,b\n\na,b,c,d\n,,c\nb b,c c,d d\n' >"$work/commas"
  {
    long_line 1048576
    printf 'a b c\n'
    long_line 1048580
    long_value 1048576
    long_value 3000000
    long_value 1048576
    printf 'the '
    long_value 1048576 | tr -d '\n'
  } >"$work/long"
  numbered_lines "$many" >"$work/many"
}

# The process becomes the program, whose number it has written down. Standard output goes to $work/got.
become_logpipe ()
{
  # shellcheck disable=SC2016 # for the other shell
  exec sh -c 'echo $$ >"$0"; exec "$@"' "$work/pid" "$top_builddir/threadbutler" run "$examples/logpipe.ini" \
    --plugin-path "$top_builddir/examples/logpipe/.libs" "$@" >"$work/got"
}

logpipe ()
{
  (become_logpipe "$@")
}

# expect COLUMN FILE [AWK-OPTION...]
expect ()
{
  column=$1
  file=$2
  shift 2
  awk "$@" "{print \$$column}" "$file" | sort | uniq -c | sort -k1,1nr -k2 >"$work/expected"
}

got_as_expected ()
{
  cmp "$work/expected" "$work/got" && return
  diff -a "$work/expected" "$work/got" | cut -c 1-100 | head -n 20
  return 1
}

# as_awk FILE [OPTION...]: the third column of the file
as_awk ()
{
  file=$1
  shift
  expect 3 "$file"
  logpipe --set "reader.file=$file" "$@" && got_as_expected
}

column_as_awk ()
{
  expect "$1" "$2"
  logpipe --set "reader.file=$2" --set "field.column=$1" && got_as_expected
}

commas_as_awk ()
{
  expect "$1" "$work/commas" -F ,
  logpipe --set "reader.file=$work/commas" --set "field.column=$1" --set field.separator=, && got_as_expected
}

input_as_awk ()
{
  expect 3 "$1"
  logpipe <"$1" && got_as_expected
}

pipe_as_awk ()
{
  expect 3 "$1"
  # shellcheck disable=SC2002 # the pipe is what is tested
  cat "$1" | logpipe && got_as_expected
}

top_three ()
{
  expect 3 "$work/many"
  logpipe --set "reader.file=$work/many" --set report.top=3 && head -n 3 "$work/expected" | cmp - "$work/got"
}

# Runs the pipeline on a FIFO, to which descriptor 3 writes. A program that ends before it opens the FIFO would leave us
# waiting: then somebody else reads.
open_fifo ()
{
  mkfifo "$work/fifo"
  {
    logpipe --set "reader.file=$work/fifo" "$@" || {
      result=$?
      cat "$work/fifo" >/dev/null
      exit $result
    }
  } 2>"$work/errors" &
  running=$!
  exec 3>"$work/fifo"
  rm "$work/fifo"
}

program ()
{
  cat "$work/pid"
}

wait_for_program ()
{
  wait "$running" && return
  result=$?
  cat "$work/errors"
  return $result
}

close_fifo ()
{
  exec 3>&-
  wait_for_program
}

# The writer stops in the middle of lines.
fifo_as_awk ()
{
  printf 'a b c\na b c d\na b e' >"$work/pieces"
  expect 3 "$work/pieces"
  open_fifo
  printf 'a b c' >&3
  printf '\na' >&3
  printf ' b c d\n' >&3
  printf 'a b e' >&3
  close_fifo && got_as_expected
}

# Writes until a first report has come; the one after the last empty line tells of everything.
report_each_second ()
{
  : >"$work/written"
  rm -f "$work/got"
  open_fifo --set report.every=1
  until [ -s "$work/got" ] || [ "$(wc -c <"$work/written")" -gt 10000000 ]; do
    tee -a "$work/written" <"$work/ties" >&3
  done
  close_fifo || return
  expect 3 "$work/written"
  grep -q '^$' "$work/got" || return
  sed '1,/^$/d' "$work/got" | cmp - "$work/expected"
}

# The peak is read while the program waits, with all counted but what is still in the FIFO.
memory_stays_flat ()
{
  expect 3 "$work/many"
  open_fifo
  cat "$work/many" >&3
  peak=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$(program)/status")
  close_fifo || return
  got_as_expected || return
  printf 'peak: %d KiB\n' "$peak"
  [ "$peak" -lt "$memory_limit" ]
}

is_sanitized ()
{
  grep -aq '__[at]san_init' "$top_builddir"/.libs/libthreadbutler-1.so
}

# When the writer is done, all but what fits into the FIFO has been read. It stays open: only the signal ends the program.
report_after_signal ()
{
  open_fifo
  numbered_lines 100000 >&3
  kill "-$1" "$(program)"
  result=0
  wait_for_program || result=$?
  exec 3>&-
  [ $result -eq 0 ] || return
  awk '{ n += $1 } END { print n " lines"; exit n <= 90000 || n > 100000 || NR != 1000 }' "$work/got"
}

end_by_signal_when_idle ()
{
  open_fifo
  kill "-$1" "$(program)"
  result=0
  wait_for_program || result=$?
  exec 3>&-
  [ $result -eq 0 ] && [ ! -s "$work/got" ]
}

# status EXPECTED COMMAND...: what the command says goes to $work/errors.
status ()
{
  wanted=$1
  shift
  result=0
  "$@" 2>"$work/errors" || result=$?
  cat "$work/errors"
  printf 'status %d\n' $result
  [ $result -eq "$wanted" ]
}

says ()
{
  grep -aF -- "$1" "$work/errors" >/dev/null && return
  printf 'not said: %s\n' "$1"
  return 1
}

# refused FILE REASON [STATUS]
refused ()
{
  status "${3-1}" logpipe --set "reader.file=$1" </dev/null && says "$1" && says "$2" && [ ! -s "$work/got" ]
}

refused_setting ()
{
  status 1 logpipe --set "$1" </dev/null && says "${1#*.}"
}

# The number 0 is nobody else's then.
closed_input ()
{
  status 1 logpipe <&- && says "standard input: Bad file descriptor" && [ ! -s "$work/got" ]
}

unreadable ()
{
  cp "$work/ties" "$work/secret"
  chmod 0 "$work/secret"
  refused "$work/secret" "Permission denied"
}

# Twenty bytes of the file are read when it becomes empty.
shortened ()
{
  cp "$work/ties" "$work/shrinking"
  {
    dd bs=20 count=1 2>"$work/errors" >/dev/null
    : >"$work/shrinking"
    status 1 logpipe && says "standard input" && says "became shorter" && [ ! -s "$work/got" ]
  } <"$work/shrinking"
}

deleted_as_awk ()
{
  expect 3 "$work/ties"
  cp "$work/ties" "$work/deleted"
  {
    rm "$work/deleted"
    logpipe
  } <"$work/deleted" && got_as_expected
}

# $work/got is what the program writes to.
output_full ()
{
  rm -f "$work/got"
  ln -s /dev/full "$work/got"
  status 1 logpipe --set "reader.file=$1" && says "standard output" && says "No space left on device"
  full=$?
  rm "$work/got"
  return $full
}

output_closed ()
{
  rm -f "$work/got"
  mkfifo "$work/got"
  logpipe --set "reader.file=$work/many" --set field.column=2 2>"$work/errors" &
  running=$!
  head -n 1 <"$work/got" >"$work/first"
  rm "$work/got"
  wait_for_program && [ "$(cat "$work/first")" = "      1 0" ] && [ ! -s "$work/errors" ]
}

make_inputs

check "the sample" as_awk "$examples/sample.log"
# A copy: packages may be installed meanwhile.
if [ -r /var/log/dpkg.log ]; then
  cp /var/log/dpkg.log "$work/dpkg.log"
  check "this machine's dpkg.log" as_awk "$work/dpkg.log"
fi
check "an empty file" as_awk "$work/empty"
check "a file of one newline" as_awk "$work/newline"
check "blank lines" as_awk "$work/blank"
check "no newline at the end" as_awk "$work/unfinished"
check "one line without a newline" as_awk "$work/one"
check "blanks, tabs and other white space" as_awk "$work/spaces"
check "ties are ordered by their bytes" as_awk "$work/ties"
check "invalid UTF-8 passes" as_awk "$work/invalid"
check "NUL is a byte like others" as_awk "$work/nul"
check "lines of 1 MiB and more" as_awk "$work/long"
check "many lines" as_awk "$work/many"
for input in unfinished spaces ties nul; do
  check "pieces of one byte: $input" as_awk "$work/$input" --set reader.piece=1
done
check "pieces of 4097 bytes" as_awk "$work/long" --set reader.piece=4097
check "pieces of 16 MiB" as_awk "$work/many" --set reader.piece=16777216
check "channels of one message" as_awk "$work/many" --set reader.piece=512 --set field.capacity=1 \
  --set tally.capacity=1 --set report.capacity=1
for column in 0 1 2 9; do
  check "column $column" column_as_awk $column "$work/spaces"
done
check "whole long lines" column_as_awk 0 "$work/long"
for column in 0 1 2 3 4; do
  check "column $column by commas" commas_as_awk $column
done
check "standard input: a file" input_as_awk "$work/ties"
check "standard input: a pipe" pipe_as_awk "$work/many"
check "standard input: a pipe with long lines" pipe_as_awk "$work/long"
check "standard input: nothing" input_as_awk /dev/null
check "standard input: closed" closed_input
check "a FIFO, bit by bit" fifo_as_awk
check "the three most frequent" top_three
check "a report each second" report_each_second
is_sanitized || check "memory stays under 64 MiB" memory_stays_flat
for signal in INT TERM; do
  check "SIG$signal in the middle: a report of what was read" report_after_signal $signal
  check "SIG$signal while it waits for input" end_by_signal_when_idle $signal
done
check "a missing file" refused "$work/missing" "No such file or directory"
check "a directory" refused "$work" "Is a directory"
[ "$(id -u)" -eq 0 ] || check "a file that may not be read" unreadable
[ ! -r /proc/self/mem ] || check "an error while reading" refused /proc/self/mem "Input/output error"
check "a file that becomes shorter" shortened
check "a file that is deleted is read to its end" deleted_as_awk
for setting in reader.piece=0 reader.piece=16777217 field.separator=ab; do
  check "refused: $setting" refused_setting $setting
done
[ ! -c /dev/full ] || check "a full disk" output_full "$work/ties"
[ ! -c /dev/full ] || check "a full disk and much output" output_full "$work/long"
check "an output that is closed early is no error" output_closed
finish
