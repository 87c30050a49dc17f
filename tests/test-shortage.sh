#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: The ThreadButler authors
#
# test-shortage.sh: threadbutler where the disk, files or memory end: what is written beside the servers' work ends with one line, and
# the work goes on; what is read is refused with one line.

set -eu
# shellcheck source=tests/cases.sh
. "$top_srcdir/tests/cases.sh"

export LC_ALL=C BUTLER_HOT_DIR="$work/hot"
mkdir "$BUTLER_HOT_DIR"
logpipe=$top_builddir/examples/logpipe/.libs
awk 'BEGIN { for (i = 0; i < 20000; i++) print "line", i, "v" i % 100, "and more" }' >"$work/log"

# run OPTION...: the log pipeline, with a limit of files of $limit blocks if that is set
run ()
{
  status=0
  (
    [ -z "$limit" ] || ulimit -f "$limit"
    timeout 60 "$top_builddir/threadbutler" run "$top_srcdir/examples/logpipe/logpipe.ini" --plugin-path "$logpipe" \
      --set "reader.file=$work/log" --set reader.piece=100 "$@"
  ) >"$work/out" 2>"$work/err" </dev/null || status=$?
  cat "$work/err"
  echo "exit status $status"
}

# did_its_work REASON: all was counted; one line says at once what ended, and the last one why it failed.
did_its_work ()
{
  cut -d ' ' -f 3 "$work/log" | sort | uniq -c | sort -k1,1nr -k2 | cmp - "$work/out" && [ "$status" -eq 1 ] &&
    [ "$(grep -c "$1" "$work/err")" -eq 2 ] && grep "$1; it ends here, the program goes on\$" "$work/err" &&
    tail -n 1 "$work/err" | grep "^threadbutler: [a-z]* /.*: $1\$"
}

full_disk ()
{
  limit=
  [ -c /dev/full ] || return 0
  run "$1" /dev/full && did_its_work "No space left on device"
}

# More than a plugin is long, since a copy of each is made; blocks are of 512 bytes, or of 1024.
file_limit ()
{
  limit=$(($(cat "$logpipe"/*.so | wc -c) / 512))
  run "$1" "$work/limited" && did_its_work "File too large" && [ "$(wc -c <"$work/limited")" -ge $((limit * 512)) ]
}

plugins_have_no_room ()
{
  limit=2
  run --trace "$work/limited"
  [ "$status" -eq 2 ] && [ "$(wc -l <"$work/err")" -eq 1 ] && grep "File too large" "$work/err"
}

# A recording that says of a frame that it is as long as the file, which has holes only.
frame_without_memory ()
{
  printf 'butlrec\0\2\0\0\0\0\0\0\0\0\0\0\100' >"$work/huge"
  dd if=/dev/zero of="$work/huge" bs=1 count=0 seek=1200000000 2>"$work/dd" || return
  status=0
  (
    ulimit -v 600000
    timeout 60 "$top_builddir/threadbutler" replay "$work/huge" --plugin "$logpipe/field.so"
  ) >"$work/out" 2>"$work/err" </dev/null || status=$?
  cat "$work/err"
  echo "exit status $status"
  [ "$status" -gt 0 ] && [ "$status" -lt 100 ] && [ "$(wc -l <"$work/err")" -eq 1 ] && grep "no memory for a frame" "$work/err"
}

check "a full disk ends the recording alone" full_disk --record
check "a full disk ends the trace alone" full_disk --trace
check "a file that may not be longer ends the recording alone" file_limit --record
check "a file that may not be longer ends the trace alone" file_limit --trace
check "a plugin that there is no room for is one error" plugins_have_no_room
if "$NM" -D --undefined-only "$top_builddir/.libs/libthreadbutler-1.so" | grep -qE '__(asan|tsan)_init'; then
  echo "a sanitizer needs more memory than there may be: no such limit"
else
  check "a frame that memory has no room for is one error" frame_without_memory
fi
finish
