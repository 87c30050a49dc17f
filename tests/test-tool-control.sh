#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: The ThreadButler authors
#
# test-tool-control.sh: the commands that talk to a running program: status, stats, reload and stop.

set -eu
# shellcheck source=tests/cases.sh
. "$top_srcdir/tests/cases.sh"
# shellcheck source=tests/tool.sh
. "$top_srcdir/tests/tool.sh"

export BUTLER_PLUGIN_PATH="$BUTLER_TEST_PLUGINS"
sockets=$XDG_RUNTIME_DIR/threadbutler

# start NAME OPTION...: NAME.ini in the background. 4 is its input, 5 what it says and logs.
start ()
{
  app=$1
  shift
  printf '[app]\ntrust=any\n[server echo]\nplugin=echo\n%b' "${other-}" >"$work/$app.ini"
  rm -f "$work/in" "$work/say"
  mkfifo "$work/in" "$work/say"
  timeout --foreground 300 "$tool" run --log-level info "$@" "$work/$app.ini" <"$work/in" >"$work/say" 2>&1 &
  guard=$!
  exec 4>"$work/in" 5<"$work/say"
}

# Reads lines until the one with the text has come; each only when it is written.
wait_for ()
{
  while read -r line <&5; do
    case $line in
      *"$1"*) return 0 ;;
    esac
  done
  echo "\"$1\" never came"
  return 1
}

# Its handler stays in a read until its input ends.
start_waiting ()
{
  start "$@" --set echo.and-then=wait && wait_for waiting
  program=$(cat "/proc/$guard/task/$guard/children")
  program=${program% }
}

# ended STATUS
ended ()
{
  status=0
  exec 4>&-
  wait "$guard" || status=$?
  exec 5<&-
  [ "$status" -eq "$1" ] || {
    echo "exit status $status instead of $1"
    return 1
  }
}

# Asks it to stop while its handler waits, which it can only do when that is over.
end_it ()
{
  kill "$program" && ended 0
}

# One line, "threadbutler: ...", and nothing on standard output.
err_has ()
{
  [ ! -s "$work/out" ] && [ "$(grep -c '' "$work/err")" -eq 1 ] && has err "threadbutler: " "$@"
}

nothing_runs ()
{
  for command in status stats reload stop; do
    tool 1 "$command" && err_has "no program runs" || return
  done
  tool 1 status app && err_has "no program runs"
}

refuses_wrong_usage ()
{
  for command in status stats stop; do
    tool 2 "$command" one two && err_has "one program" "threadbutler $command --help" || return
  done
  tool 2 status --nonsense && err_has "--nonsense" && tool 2 reload --app && err_has "--app"
}

has_help ()
{
  for command in status stats reload stop; do
    tool 0 "$command" --help && has out "threadbutler $command" || return
  done
  tool 0 run --help && has out "--name" "--no-control" && tool 0 --help && has out "status [NAME]" "reload [PLUGIN]"
}

shows_status ()
{
  start_waiting app
  tool 0 status && has out "app, process $program, 1 server, 1 plugin" "SERVER" "in handler of TestEcho" &&
    grep '^echo  *running  ' "$work/out" >/dev/null &&
    tool 0 status app && has out "process $program" &&
    tool 0 status "$program" && has out "process $program" &&
    tool 0 status "app.$program" && has out "process $program" &&
    tool 1 status other && err_has '"other"' "app.$program"
  result=$?
  end_it && return $result
}

shows_subscriptions ()
{
  start_waiting app
  tool 0 status && ! grep "SUBSCRIBES TO" "$work/out"
  result=$?
  end_it && [ $result -eq 0 ] || return
  start_waiting app --set echo.subscribes=TestEcho
  tool 0 status && has out "SUBSCRIBES TO" && grep '^echo  *TestEcho  *0$' "$work/out" >/dev/null &&
    tool 0 status --json && has out '"subscriptions":[{"type":"TestEcho","missed":0}]'
  result=$?
  end_it && return $result
}

# Every column begins where its head does.
columns_are_aligned ()
{
  start_waiting app
  tool 0 stats && awk 'NR == 1 { n = index($0, "RECEIVED") + 7; next }
                       substr ($0, n, 1) !~ /[0-9]/ || substr ($0, n + 1, 1) != " " { exit 1 }' "$work/out"
  result=$?
  end_it && return $result
}

json_is_json ()
{
  [ "$(grep -c '' "$work/out")" -eq 1 ] || return
  if have python3; then
    python3 -c 'import json, sys; json.load (sys.stdin)' <"$work/out"
  else
    grep -q '^{.*}$' "$work/out"
  fi
}

speaks_json ()
{
  start_waiting app
  tool 0 status --json && json_is_json &&
    has out '"name":"app"' "\"pid\":$program" '"handling":"TestEcho"' '"modules":[' &&
    tool 0 stats --json app && json_is_json && has out '"servers":[' '"received":1'
  result=$?
  end_it && return $result
}

shows_figures ()
{
  start_waiting app
  tool 0 stats && has out "SERVER" "HANDLED" "RESTARTS" "OVERRUNS" &&
    grep '^echo  *1  *0  *0  *0  *0  *0  *0  *1$' "$work/out" >/dev/null
  result=$?
  end_it && return $result
}

# What app files say of failures. Another server keeps the program.
shows_restarts ()
{
  other='\n[server other]\nplugin=echo\nroute=false\nquiet=true\nand-then=stay\n'
  start app --set echo.and-then=stumble --set echo.on-failure=restart --set echo.restarts=2 --set echo.restart-pause=0
  other=
  wait_for "server echo has ended: restarted 2 times in 60 s, and failed again: over its own feet"
  tool 0 stats && grep '^echo  *3  *3  *3  *2  *0  *0  *0  *1$' "$work/out" >/dev/null && grep '^other ' "$work/out" >/dev/null &&
    tool 0 status && grep '^echo  *failed .* 3  *2  *0  *0  *restarted 2 times' "$work/out" >/dev/null &&
    tool 0 stats --json && json_is_json && has out '"restarts":2' '"overruns":0'
  result=$?
  tool 0 stop && ended 1 && return $result
}

shows_overruns ()
{
  other='\n[server other]\nplugin=echo\nroute=false\nquiet=true\nand-then=stay\n'
  start_waiting app --set echo.handler-limit=1 --set echo.on-limit=stop
  other=
  wait_for "server echo is in its handler of TestEcho (generation 1)"
  tool 0 stats && grep '^echo  *1  *0  *0  *0  *1  *0  *0  *1$' "$work/out" >/dev/null &&
    tool 0 status && has out "in handler of TestEcho for "
  result=$?
  exec 4>&-
  wait_for "server echo has ended: its handler of TestEcho ran too long"
  tool 0 stop && ended 1 && return $result
}

# The limit of the hub holds for all that name none; what still runs at the end is named.
heeds_limits_of_the_app ()
{
  start_waiting app --set app.handler-limit=1 --set app.end-limit=1
  wait_for "server echo is in its handler of TestEcho"
  kill -TERM "$program"
  wait_for "server echo has not ended within 1 ms: it is in its handler of TestEcho, 0 messages wait" && ended 0
}

stops ()
{
  start app --set echo.and-then=stay
  wait_for hello && tool 0 stop && [ ! -s "$work/out" ] && [ ! -s "$work/err" ] && wait_for stopped && ended 0 &&
    tool 1 stop && err_has "no program runs"
}

# In the background, until the program has been asked. The pipes are not for it.
start_to_stop ()
{
  timeout 300 "$tool" stop "$@" 4>&- 5<&- &
  stopper=$!
  wait_for "asked to stop"
}

# While it stops it can be asked still.
stop_waits ()
{
  start_waiting app
  start_to_stop && tool 0 status && grep '^app.*, stopping$' "$work/out" >/dev/null &&
    grep '^echo  *stopping ' "$work/out" >/dev/null && kill -0 "$stopper"
  result=$?
  exec 4>&-
  wait "$stopper" && ended 0 && return $result
}

stop_knows_what_was_killed ()
{
  start_waiting app
  start_to_stop app
  kill -9 "$program"
  wait "$stopper" && ended 137
}

# What a killed program leaves is seen by nobody, and goes at the next start.
leftovers_go ()
{
  start_waiting app
  kill -9 "$program"
  ended 137 && [ -S "$sockets/app.$program" ] && tool 1 status && err_has "no program runs" &&
    tool 0 run "$work/app.ini" && [ -z "$(ls "$sockets")" ]
}

asks_which_one ()
{
  start_waiting one
  one=$program guard_of_one=$guard
  exec 6>&4 7<&5
  start_waiting two
  tool 1 status && err_has "which program?" "one.$one, two.$program" &&
    tool 0 status one && has out "one, process $one" && tool 0 stats "$program" && tool 0 stats "$one" &&
    tool 1 stop && err_has "which program?" && tool 1 reload && err_has "which program?"
  result=$?
  end_it
  exec 4>&6 5<&7 6>&- 7<&-
  program=$one guard=$guard_of_one
  tool 0 status && end_it && return $result
}

asks_which_of_a_name ()
{
  start_waiting app
  one=$program guard_of_one=$guard
  exec 6>&4 7<&5
  start_waiting app
  tool 1 status app && err_has 'which "app"?' "app.$one" "app.$program" && tool 0 status "$program"
  result=$?
  end_it
  exec 4>&6 5<&7 6>&- 7<&-
  program=$one guard=$guard_of_one
  end_it && return $result
}

takes_a_name ()
{
  start_waiting app --name 'my own'
  tool 0 status 'my own' && has out "my own, process $program" && tool 1 status app && err_has "my own.$program"
  result=$?
  end_it && return $result
}

does_without ()
{
  start_waiting app --no-control
  tool 1 status && err_has "no program runs" && [ -z "$(ls "$sockets")" ]
  result=$?
  end_it && return $result
}

runs_without_a_socket ()
{
  chmod 755 "$sockets"
  tool 0 run "$work/app.ini" && has out hello && has err "warning" "$sockets" "0755" && tool 1 status && err_has "0755"
  result=$?
  chmod 700 "$sockets"
  return $result
}

refuses_a_name ()
{
  for name in a/b '' .hidden; do
    tool 2 run "--name=$name" "$work/app.ini" && err_has "--name: \"$name\"" && [ ! -s "$work/out" ] || return 1
  done
}

refuses_to_reload ()
{
  start_waiting app
  tool 1 reload nowhere && err_has nowhere && tool 1 reload --app app nowhere && err_has nowhere &&
    tool 1 reload --app other && err_has '"other"'
  result=$?
  end_it && return $result
}

says_that_output_failed ()
{
  start_waiting app
  status=0
  "$tool" status >/dev/full 2>"$work/err" || status=$?
  [ "$status" -eq 1 ] && has err "standard output"
  result=$?
  end_it && return $result
}

check "wrong usage exits with 2" refuses_wrong_usage
check "each command has help" has_help
check "nothing runs" nothing_runs
check "status of a program" shows_status
check "status shows subscriptions" shows_subscriptions
check "columns are aligned" columns_are_aligned
check "stats of a program" shows_figures
check "restarts of a server" shows_restarts
check "a handler that runs too long" shows_overruns
check "limits of [app]" heeds_limits_of_the_app
check "JSON" speaks_json
check "stop" stops
check "stop waits, and status answers meanwhile" stop_waits
check "stop ends with a program that is killed" stop_knows_what_was_killed
check "a killed program leaves nothing that matters" leftovers_go
check "two programs: which one?" asks_which_one
check "two of a name: which one?" asks_which_of_a_name
check "--name" takes_a_name
check "--name that is none" refuses_a_name
check "--no-control" does_without
check "without a socket it runs, and warns" runs_without_a_socket
check "reload refuses" refuses_to_reload
if [ -c /dev/full ]; then
  check "a full standard output is an error" says_that_output_failed
fi
finish
