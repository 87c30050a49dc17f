#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: The ThreadButler authors
#
# test-replay.sh: threadbutler run --trace and --record, and threadbutler replay: what the log pipeline did is done once more, and a
# plugin that was changed is found out.

set -eu
# shellcheck source=tests/cases.sh
. "$top_srcdir/tests/cases.sh"
# shellcheck source=tests/tool.sh
. "$top_srcdir/tests/tool.sh"

logpipe=$top_builddir/examples/logpipe/.libs
awk 'BEGIN { for (i = 0; i < 3000; i++) print "line", i, "v" i % 100, "and more" }' >"$work/log"

# run STATUS OPTIONS...: the log pipeline
run ()
{
  expected=$1
  shift
  tool "$expected" run "$top_srcdir/examples/logpipe/logpipe.ini" --plugin-path "$logpipe" --set "reader.file=$work/log" \
    --set reader.piece=1000 "$@"
}

# replay STATUS PLUGIN OPTIONS...
replay ()
{
  expected=$1
  plugin=$2
  shift 2
  tool "$expected" replay "$work/recording" --plugin "$plugin" "$@"
}

prints_the_same ()
{
  cut -d ' ' -f 3 "$work/log" | sort | uniq -c | sort -k1,1nr -k2 | cmp - "$work/out"
}

is_json ()
{
  if command -v python3 >/dev/null; then
    python3 -c 'import json, sys; json.load (sys.stdin)' <"$1"
  else
    [ "$(head -n 1 "$1")" = '[' ] && [ "$(tail -n 1 "$1")" = ']' ]
  fi
}

traces ()
{
  run 0 --trace "$work/trace.json" && prints_the_same && [ ! -s "$work/err" ] && is_json "$work/trace.json" &&
    cp "$work/trace.json" "$work/trace" &&
    has trace '"name":"LogpipeLines"' '"name":"reader"' '"name":"tally"' '"dropped":0'
}

records ()
{
  run 0 --record "$work/recording" && prints_the_same && [ ! -s "$work/err" ]
}

both_at_once ()
{
  run 0 --record "$work/recording" --trace "$work/trace.json" && prints_the_same && is_json "$work/trace.json"
}

each_plugin_does_the_same ()
{
  for each in reader field tally report; do
    replay 0 "$logpipe/$each.so" && has out "$each: " " 0 differences" || return
  done
}

real_time_is_the_same ()
{
  replay 0 "$logpipe/field.so" --speed real --compare && has out " 0 differences"
}

# The field plugin, but with another column than in the recording: its source is changed, as somebody would do it.
build_changed ()
{
  mkdir -p "$work/changed"
  sed 's/return take_word (line, self->column);/return take_word (line, self->column - 1);/' \
    "$top_srcdir/examples/logpipe/field.c" >"$work/changed/field.c"
  ! cmp -s "$top_srcdir/examples/logpipe/field.c" "$work/changed/field.c" &&
    # shellcheck disable=SC2086 # lists of flags
    $CC -std=gnu11 -D_GNU_SOURCE -fPIC -fvisibility=hidden -shared -I"$top_srcdir/examples/logpipe" -I"$top_srcdir/include" \
      -I"$top_builddir/include" $GLIB_CFLAGS "$work/changed/field.c" -o "$work/changed/field.so" \
      -L"$top_builddir/.libs" -lthreadbutler-1 $GLIB_LIBS
}

changed_plugin_is_found_out ()
{
  build_changed && replay 1 "$work/changed/field.so" &&
    has out "field: message 1 (LogpipeLines): sent 1, LogpipeValues: text: expected " ", got " &&
    [ "$(grep -c 'LogpipeValues' "$work/out")" -gt 10 ] && has out "differences" &&
    replay 0 "$work/changed/field.so" --no-compare
}

one_server_alone ()
{
  run 0 --record "$work/some" --record-only field,tally &&
    tool 0 replay "$work/some" --plugin "$logpipe/field.so" --server field &&
    tool 2 replay "$work/some" --plugin "$logpipe/reader.so" && has err "no server of plugin reader: it has " "field (field)" &&
    tool 2 replay "$work/some" --plugin "$logpipe/tally.so" --server field && has err "field"
}

cut_file_is_good_up_to_there ()
{
  size=$(wc -c <"$work/recording")
  head -c $((size * 2 / 3)) "$work/recording" >"$work/cut"
  tool 0 replay "$work/cut" --plugin "$logpipe/field.so" && has out " 0 differences"
}

bad_files_are_refused ()
{
  printf 'no recording at all\n' >"$work/garbage"
  printf 'butlrec\000\011\000\000\000\000\000\000\000' >"$work/version"
  tool 2 replay "$work/garbage" --plugin "$logpipe/field.so" && has err "$work/garbage is no recording" &&
    tool 2 replay "$work/version" --plugin "$logpipe/field.so" && has err "version 9" &&
    tool 2 replay /dev/null --plugin "$logpipe/field.so" && has err "/dev/null" &&
    tool 2 replay "$work/none" --plugin "$logpipe/field.so" && has err "$work/none: No such file"
}

wrong_usage_is_refused ()
{
  tool 2 replay && has err "FILE" &&
    tool 2 replay "$work/recording" && has err "which plugin?" &&
    tool 2 replay "$work/recording" --plugin "$work/none.so" && has err "$work/none.so" &&
    replay 2 "$logpipe/field.so" --speed fast && has err '"fast"' &&
    run 2 --record-only field && has err "--record=FILE" &&
    run 2 --record "$work/x" --record-only field,nobody && has err '"nobody"' && [ ! -e "$work/x" ] &&
    run 2 --record "$work/none/x" && has err "recording $work/none/x: No such file" &&
    run 2 --trace "$work/none/x" && has err "trace $work/none/x: No such file" &&
    tool 0 replay --help && has out "--plugin" "--speed" "--server"
}

full_disk_is_an_error_at_the_end ()
{
  run 1 --trace /dev/full && prints_the_same && has err "threadbutler: trace /dev/full: No space left on device" &&
    run 1 --record /dev/full && prints_the_same && has err "threadbutler: recording /dev/full: No space left on device"
}

recordings_are_private ()
{
  [ "$(ls -l "$work/recording" | cut -c 1-10)" = -rw------- ]
}

check "a run with --trace, which is JSON" traces
check "a run with --record" records
check "a run with both" both_at_once
check "a recording is its owner's alone" recordings_are_private
check "each plugin of the pipeline does the same once more" each_plugin_does_the_same
check "in real time, too" real_time_is_the_same
check "a plugin that was changed is found out" changed_plugin_is_found_out
check "one server alone" one_server_alone
check "a file that was cut off" cut_file_is_good_up_to_there
check "bad files" bad_files_are_refused
check "wrong usage" wrong_usage_is_refused
check "a full disk" full_disk_is_an_error_at_the_end
finish
