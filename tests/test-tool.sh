#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: The ThreadButler authors
#
# test-tool.sh: the program threadbutler: its commands, options, messages, exit statuses and signals.

set -eu
# shellcheck source=tests/cases.sh
. "$top_srcdir/tests/cases.sh"
# shellcheck source=tests/tool.sh
. "$top_srcdir/tests/tool.sh"

export BUTLER_PLUGIN_PATH="$BUTLER_TEST_PLUGINS"

app ()
{
  printf '[app]\ntrust=any\n[server echo]\nplugin=echo\n' >"$work/app.ini"
  [ $# -eq 0 ] || printf '%s\n' "$@" >>"$work/app.ini"
}

out_is ()
{
  printf '%s\n' "$@" | diff - "$work/out"
}

out_has ()
{
  has out "$1"
}

# One line, "threadbutler: ...", with each of the texts in it.
err_has ()
{
  [ "$(grep -c '' "$work/err")" -eq 1 ] && grep '^threadbutler: ' "$work/err" >/dev/null || {
    echo "not one line:"
    cat "$work/err"
    return 1
  }
  has err "$@"
}

nothing_printed ()
{
  [ ! -s "$work/out" ] && [ ! -s "$work/err" ]
}

nothing_left ()
{
  [ -z "$(ls "$BUTLER_HOT_DIR")" ]
}

# threadbutler, run and each command: usage

prints_version ()
{
  tool 0 --version && out_is "threadbutler $PACKAGE_VERSION"
}

prints_help ()
{
  tool 0 --help && out_has "Commands:" && out_has "inspect PLUGIN.so" &&
    tool 0 run --help && out_has "threadbutler run" && out_has "APP.ini" && out_has "--set" && out_has "--log-level" &&
    tool 0 check --help && out_has "threadbutler check" && out_has "--plugin-path" &&
    tool 0 inspect --help && out_has "PLUGIN.so"
}

refuses_wrong_usage ()
{
  app
  tool 2 && err_has "which command?" &&
    tool 2 rnu && err_has '"rnu"' "run, dev, check, inspect, status, stats, reload, stop, new-plugin and replay" &&
    tool 2 --nonsense && err_has "--nonsense" &&
    tool 2 run && err_has "APP.ini" "threadbutler run --help" &&
    tool 2 run "$work/app.ini" more && err_has "one APP.ini" &&
    tool 2 run --nonsense "$work/app.ini" && err_has "--nonsense" &&
    tool 2 check && err_has "APP.ini" &&
    tool 2 inspect && err_has "PLUGIN.so" &&
    tool 2 run --set && err_has "--set" &&
    tool 2 run --log-level=loud "$work/app.ini" && err_has '"loud"' "debug"
}

# check

checks_without_running ()
{
  app '[server moody]' 'plugin=failing-start'
  tool 0 check "$work/app.ini" && out_is "$work/app.ini: ok, 2 servers, 2 plugins" && [ ! -s "$work/err" ] && nothing_left
}

check_refuses ()
{
  app "$1"
  shift
  tool 2 check "$work/app.ini" && [ ! -s "$work/out" ] && err_has "$work/app.ini" "$@" && nothing_left &&
    tool 2 run "$work/app.ini" && [ ! -s "$work/out" ] && err_has "$work/app.ini" "$@" && nothing_left
}

refuses_what_is_no_file ()
{
  tool 2 check "$work/missing.ini" && err_has "$work/missing.ini" && tool 2 run "$work" && err_has "$work"
}

refuses_wrong_assignments ()
{
  app
  tool 2 check --set ecko.text=x "$work/app.ini" && err_has '"ecko"' "did you mean echo?" &&
    tool 2 check --set echo.text "$work/app.ini" && err_has "GROUP.KEY=VALUE" &&
    tool 2 check --set echo.times=x "$work/app.ini" && err_has '"x"' "times"
}

check_survives_a_constructor ()
{
  app '[server two]' 'plugin=constructor-aborts'
  tool 2 check "$work/app.ini" && [ ! -s "$work/out" ] && nothing_left &&
    err_has "$work/app.ini" "[server two] plugin" "$BUTLER_TEST_PLUGINS/constructor-aborts.so" "signal 6"
}

# Once a file, however many servers are made of it.
check_warns ()
{
  app '[server two]' 'plugin=trap-quark' '[server three]' 'plugin=trap-quark.so' 'route=false'
  tool 0 check "$work/app.ini" && out_is "$work/app.ini: ok, 3 servers, 2 plugins" && nothing_left &&
    err_has "warning: $BUTLER_TEST_PLUGINS/trap-quark.so: g_quark_from_static_string: "
}

needs_the_probe ()
{
  app
  plugin echo
  (export BUTLER_PROBE="$work/nothing"
    tool 2 check "$work/app.ini" && err_has "[server echo] plugin" "echo.so: it cannot be probed" "$work/nothing" "BUTLER_PROBE" &&
      tool 2 inspect "$work/echo.so" && err_has "$work/echo.so: it cannot be probed")
}

says_that_output_failed ()
{
  app
  status=0
  "$tool" check "$work/app.ini" >/dev/full 2>"$work/err" || status=$?
  [ "$status" -eq 1 ] && err_has "standard output"
}

# What its plugins print is what it prints; the reason of a failure was theirs to see.
run_says_that_output_failed ()
{
  app 'quiet=true'
  status=0
  "$tool" run "$work/app.ini" >/dev/full 2>"$work/err" || status=$?
  [ "$status" -eq 1 ] && err_has "standard output" && nothing_left
}

says_that_output_is_closed ()
{
  app
  status=0
  "$tool" check "$work/app.ini" <&- >&- 2>"$work/err" || status=$?
  [ "$status" -eq 1 ] && err_has "standard output"
}

# run

runs ()
{
  app
  tool 0 run "$work/app.ini" && out_is started hello stopped && [ ! -s "$work/err" ] && nothing_left
}

run_takes_settings ()
{
  app 'text=from the file' 'quiet=true'
  tool 0 run --set echo.times=2 --set 'echo.text=a=b c' "$work/app.ini" && out_is "a=b c" "a=b c" &&
    tool 0 run "$work/app.ini" && out_is "from the file"
}

run_takes_plugin_paths ()
{
  app
  unset BUTLER_PLUGIN_PATH
  tool 2 run "$work/app.ini" && err_has "echo.so" "[server echo] plugin" &&
    tool 0 run --plugin-path "$work" --plugin-path "$BUTLER_TEST_PLUGINS" "$work/app.ini" && out_has hello
  result=$?
  export BUTLER_PLUGIN_PATH="$BUTLER_TEST_PLUGINS"
  return $result
}

run_fails_with_status_1 ()
{
  app '[server moody]' 'plugin=failing-start'
  tool 1 run "$work/app.ini" && err_has "moody" "no mood for it" && nothing_left
}

run_reports_failure ()
{
  app 'quiet=true' 'and-then=fail'
  tool 1 run "$work/app.ini" && err_has "as it was told" && nothing_left
}

# Who starts it again when it fails looks at the exit status alone.
run_tells_of_failed_servers ()
{
  app 'quiet=true' 'and-then=stumble' 'on-failure=stop'
  tool 1 run --log-level error "$work/app.ini" && err_has "server echo" "over its own feet" && nothing_left
}

one_of_each ()
{
  app
  tool 0 check "$work/app.ini" && out_is "$work/app.ini: ok, 1 server, 1 plugin"
}

# Starts the app in the background, with pipes to and from it: 4 is its input, 5 what it says, 6 its log.
start ()
{
  app "$@"
  rm -f "$work/in" "$work/say" "$work/log"
  mkfifo "$work/in" "$work/say" "$work/log"
  timeout --foreground 300 "$tool" run --log-level info "$work/app.ini" <"$work/in" >"$work/say" 2>"$work/log" &
  guard=$!
  exec 4>"$work/in" 5<"$work/say" 6<"$work/log"
}

# Reads lines until the one with the text has come; each only when it is written.
wait_for ()
{
  while read -r line <&"$1"; do
    case $line in
      *"$2"*) return 0 ;;
    esac
  done
  echo "\"$2\" never came"
  return 1
}

send ()
{
  kill -"$1" "$(cat "/proc/$guard/task/$guard/children")"
}

# ended STATUS
ended ()
{
  status=0
  wait "$guard" || status=$?
  exec 4>&- 5<&- 6<&-
  [ "$status" -eq "$1" ] || {
    echo "exit status $status instead of $1"
    return 1
  }
}

first_signal_stops ()
{
  start 'and-then=stay'
  wait_for 5 hello && send "$1" && wait_for 6 stopping && wait_for 5 stopped && ended 0 && nothing_left
}

second_signal_kills ()
{
  start 'and-then=wait'
  wait_for 5 waiting && send INT && wait_for 6 stopping && send TERM && wait_for 6 killing && exec 4>&- &&
    wait_for 5 stopped && wait_for 6 "killed by a second signal" && ended 1 && nothing_left
}

# Within a tenth of a second, in which a machine that is busy may not come so far: then once more.
same_signal_counts_once ()
{
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    start 'and-then=wait'
    wait_for 5 waiting && send TERM && wait_for 6 stopping && send TERM && wait_for 6 once || return 1
    exec 4>&-
    wait_for 5 stopped && ended 0 && return
  done
  return 1
}

third_signal_ends_at_once ()
{
  start 'and-then=wait'
  wait_for 5 waiting && send TERM && wait_for 6 stopping && send INT && wait_for 6 killing && send TERM && ended 143 &&
    app && tool 0 run "$work/app.ini" && nothing_left # the next start removes what is left of it
}

closed_pipe_does_not_kill ()
{
  app 'times=1000'
  { "$tool" run "$work/app.ini" 2>"$work/err" && echo "status 0" >"$work/status"; } | head -n 1 >"$work/out"
  out_is started && [ "$(cat "$work/status")" = "status 0" ]
}

log_levels_filter ()
{
  app 'quiet=true'
  tool 0 run --log-level debug "$work/app.ini" && tool 0 run --log-level error "$work/app.ini" && [ ! -s "$work/err" ]
}

# inspect

# A file that others can write, as some umasks make them, would not be inspected.
plugin ()
{
  cp "$BUTLER_TEST_PLUGINS/$1.so" "$work/$1.so"
  chmod 755 "$work/$1.so"
}

inspects ()
{
  plugin echo
  tool 0 inspect "$work/echo.so" && nothing_left &&
    out_is "plugin echo" "version 1.0" "ABI 1" "" "set echo: says what it is told" "  state" \
      "    Echo{string text;string then;uint32 times;boolean quiet;}" "  settings" \
      '    text (string, default "hello"): what it says' '    times (uint32, default "1"): how often' \
      '    and-then (string, default "stop"): stop, stay, fail, stumble, or wait for the end of standard input' \
      "    quiet (boolean): do not tell of start and stop" "  messages" "    TestEcho{uint32 number;}"
}

inspects_strides ()
{
  plugin old-header
  plugin new-header
  tool 0 inspect "$work/old-header.so" && out_has "TestOld{uint64 first;uint32 second;uint32 third;}" &&
    tool 0 inspect "$work/new-header.so" && out_has "TestNew{uint64 first;uint64 second;}" && out_has "TestPing{uint64 number;}"
}

inspect_refuses ()
{
  plugin "$1"
  tool 2 inspect "$work/$1.so" && err_has "$work/$1.so" "$2" && [ ! -s "$work/out" ] && nothing_left
}

inspect_warns ()
{
  plugin trap-thread
  tool 0 inspect "$work/trap-thread.so" && out_has "plugin trap_thread" && nothing_left &&
    err_has "warning: $work/trap-thread.so: g_thread_new: "
}

inspect_refuses_what_is_no_plugin ()
{
  echo "no plugin" >"$work/text.so"
  tool 2 inspect "$work/text.so" && err_has "$work/text.so" "no ELF file" &&
    tool 2 inspect "$work" && err_has "$work" "folder" &&
    tool 2 inspect "$work/missing.so" && err_has "$work/missing.so" "no such file" && nothing_left
}

check "prints the version" prints_version
check "prints help, for each command too" prints_help
check "wrong usage exits with 2" refuses_wrong_usage

check "check loads everything and runs nothing" checks_without_running
check "one is not several" one_of_each
check "check and run refuse an unknown key" check_refuses "tiems=3" "[server echo] tiems" "did you mean times?"
check "check and run refuse a value of another kind" check_refuses "times=thrice" "[server echo] times" '"thrice"'
check "check and run refuse an unknown set" check_refuses "set=ecko" "[server echo] set" "did you mean echo?"
check "check and run refuse a plugin that is missing" check_refuses "[server two]
plugin=nothing" "[server two] plugin" "nothing.so" "$BUTLER_TEST_PLUGINS"
check "check and run refuse a broken plugin" check_refuses "[server two]
plugin=other-abi" "[server two] plugin" "other-abi.so" "ABI 7"
check "check and run refuse two servers of one type" check_refuses "[server two]
plugin=echo" "TestEcho" "echo" "two" "route=false"
check "check and run name the line that does not parse" check_refuses "what is this" "app.ini:5:" "what is this"
check "check survives a constructor that crashes" check_survives_a_constructor
check "check warns of traps, once a file" check_warns
check "check and inspect say if there is no probe" needs_the_probe
check "files that cannot be read are named" refuses_what_is_no_file
check "wrong assignments are refused" refuses_wrong_assignments
if [ -c /dev/full ]; then
  check "a full standard output is an error" says_that_output_failed
  check "a full standard output is an error of run" run_says_that_output_failed
fi
check "a closed standard output is an error" says_that_output_is_closed

check "run runs until the servers are done" runs
check "run takes settings from file and command line" run_takes_settings
check "run takes plugin paths" run_takes_plugin_paths
check "a start that fails exits with 1" run_fails_with_status_1
check "a failure while running exits with 1" run_reports_failure
check "a server that its failure policy ended is one" run_tells_of_failed_servers
check "SIGINT stops in order" first_signal_stops INT
check "SIGTERM stops in order" first_signal_stops TERM
check "a second signal kills" second_signal_kills
check "a signal that comes twice at once counts once" same_signal_counts_once
check "a third signal ends the process at once" third_signal_ends_at_once
check "a closed pipe kills nothing" closed_pipe_does_not_kill
check "log levels filter" log_levels_filter

check "inspect prints what a plugin declares" inspects
check "inspect walks other strides" inspects_strides
check "inspect refuses another ABI" inspect_refuses other-abi "ABI 7"
check "inspect refuses a missing symbol" inspect_refuses missing-symbol "undefined symbol"
check "inspect refuses a constructor that exits" inspect_refuses constructor-exits "status 3"
check "inspect warns of traps" inspect_warns
check "inspect refuses what is no plugin" inspect_refuses_what_is_no_plugin
finish
