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
  ! cmp -s "$top_srcdir/examples/logpipe/field.c" "$work/changed/field.c" && build_plugin "$work/changed/field"
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

# What the manual shows is what happens. Its log has three lines.
manual_session_is_true ()
{
  mkdir -p "$work/day" && cp -r "$work/changed" "$logpipe"/*.so "$top_srcdir/examples/logpipe/logpipe.ini" "$work/day" &&
    awk 'BEGIN { for (i = 1; i <= 3; i++) print "line", i, "v" i % 2, "and more" }' >"$work/day/log"
  awk -v script="$work/day/script" -v result="$work/day/result" '
    /^## / { inside = $2 == "Recordings" }
    !inside { next }
    /^```/ { kind = substr ($0, 4); next }
    kind == "sh" { print >script }
    kind == "text" { print >result }' "$top_srcdir/docs/manual.md"
  (
    threadbutler ()
    {
      "$top_builddir/threadbutler" "$@"
    }
    builddir=$(cd "$top_builddir" && pwd)
    top_builddir=$builddir
    export BUTLER_PLUGIN_PATH="$builddir/examples/logpipe/.libs"
    cd "$work/day"
    set +e
    . ./script
  ) >"$work/out" 2>&1
  diff -u "$work/day/result" "$work/out"
}

# Two plugins that know a type of which the tool has never heard: it is the answer to a question.
write_asker ()
{
  mkdir -p "$work/ask"
  cat >"$work/ask/words.h" <<'EOT'
#include <threadbutler/threadbutler.h>

#define SIZE_FIELDS(F, R) \
  F (R, string, word)
BUTLER_MESSAGE (AskSize, size, SIZE_FIELDS);

#define RESULT_FIELDS(F, R) \
  F (R, uint64, length)
BUTLER_MESSAGE (AskResult, result, RESULT_FIELDS);
EOT
  cat >"$work/ask/oracle.c" <<'EOT'
#include "words.h"

#define ORACLE_FIELDS(F, R) \
  F (R, uint64, asked)
BUTLER_RECORD (Oracle, oracle, ORACLE_FIELDS);

#define ORACLE_HANDLES(H, S) \
  H (S, size)
BUTLER_HANDLERS (oracle, ORACLE_HANDLES);

static void
oracle_on_size (Oracle *self, AskSize *size, ButlerContext *context)
{
  self->asked++;
  result_reply (context, &(AskResult) { .length = strlen (size->word) });
  butler_context_stop_server (context);
}

static const ButlerHandlerSet oracle_set = { BUTLER_HANDLER_SET (oracle) };
BUTLER_PLUGIN (oracle, "1", &oracle_set)
EOT
  cat >"$work/ask/asker.c" <<'EOT'
#include "words.h"

#define GO_FIELDS(F, R) \
  F (R, uint32, n)
BUTLER_MESSAGE (AskGo, go, GO_FIELDS);

#define ASKER_FIELDS(F, R) \
  F (R, uint64, sum)
BUTLER_RECORD (Asker, asker, ASKER_FIELDS);

#define ASKER_HANDLES(H, S) \
  H (S, go)
BUTLER_HANDLERS (asker, ASKER_HANDLES);

static void
on_result (GObject *nobody, GAsyncResult *got, gpointer held)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (AskResult) result = result_from_message (size_ask_finish (got, &error), &error);

  (void) nobody;
  g_print ("%s %d\n", result != NULL ? "length" : error->message, result != NULL ? (int) result->length : 0);
  butler_context_stop_server (held);
  butler_context_release (held);
}

static void
asker_on_go (Asker *self, AskGo *go, ButlerContext *context)
{
  AskSize size = { .word = g_strnfill (go->n, 'x') };

  self->sum += go->n;
  size_ask_async (butler_context_get_hub (context), &size, -1, NULL, on_result, butler_context_hold (context));
}

static gboolean
asker_start (Asker *self, gconstpointer nothing, ButlerContext *context, GError **error)
{
  (void) self;
  (void) nothing;
  return go_send_later (butler_context_get_server (context), &(AskGo) { 5 }, 1, error) != 0;
}

static const ButlerHandlerSet asker_set = { BUTLER_HANDLER_SET (asker), BUTLER_START_PLAIN (asker, asker_start) };
BUTLER_PLUGIN (asker, "1", &asker_set)
EOT
  printf '[server oracle]\nplugin=oracle\n[server asker]\nplugin=asker\n' >"$work/ask/app.ini"
}

build_plugin ()
{
  # shellcheck disable=SC2086 # lists of flags
  $CC -std=gnu11 -D_GNU_SOURCE -fPIC -fvisibility=hidden -shared -I"$top_srcdir/examples/logpipe" -I"$top_srcdir/include" \
    -I"$top_builddir/include" $GLIB_CFLAGS "$1.c" -o "$1.so" -L"$top_builddir/.libs" -lthreadbutler-1 $GLIB_LIBS
}

answers_are_handed_out ()
{
  write_asker && build_plugin "$work/ask/oracle" && build_plugin "$work/ask/asker" &&
    tool 0 run "$work/ask/app.ini" --plugin-path "$work/ask" --record "$work/asked" && has out "length 5" &&
    tool 0 replay "$work/asked" --plugin "$work/ask/asker.so" && has out "length 5" "1 messages, 1 answers, 2 sent, 0 differences" &&
    tool 0 replay "$work/asked" --plugin "$work/ask/oracle.so" && has out "1 messages, 1 sent, 0 differences" &&
    sed 's/H (S, go)/H (S, result)/; s/asker_on_go (Asker \*self, AskGo \*go/asker_on_result (Asker *self, AskResult *go/; s/go->n/go->length/g' \
      "$work/ask/asker.c" >"$work/ask/other.c" && build_plugin "$work/ask/other" &&
    tool 1 replay "$work/asked" --plugin "$work/ask/other.so" &&
    has out "asker: message 1 (AskGo): no handler takes it, and so for all of its type" "1 differences" &&
    has err "no handler takes them"
}

few_differences_are_printed ()
{
  replay 1 "$work/changed/field.so" --differences 2 && [ "$(wc -l <"$work/out")" -eq 4 ] && has out "... and " " more (--differences=0" &&
    all=$(sed -n 's/^.*, \([0-9]*\) differences$/\1/p' "$work/out") &&
    replay 1 "$work/changed/field.so" --differences 0 && [ "$(wc -l <"$work/out")" -eq $((all + 1)) ] &&
    replay 2 "$work/changed/field.so" --differences=-1 && has err "--differences is a number"
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
check "answers, of a type that nobody else knows" answers_are_handed_out
check "as many differences as are wanted" few_differences_are_printed
check "the session in the manual" manual_session_is_true
check "one server alone" one_server_alone
check "a file that was cut off" cut_file_is_good_up_to_there
check "bad files" bad_files_are_refused
check "wrong usage" wrong_usage_is_refused
check "a full disk" full_disk_is_an_error_at_the_end
finish
