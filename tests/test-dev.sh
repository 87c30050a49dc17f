#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: The ThreadButler authors
#
# test-dev.sh: threadbutler dev, run --watch and SIGHUP replace plugins of the log pipeline while it counts a log that grows.

set -eu
# shellcheck source=tests/cases.sh
. "$top_srcdir/tests/cases.sh"

tool=$top_builddir/threadbutler
library=$top_builddir/.libs/libthreadbutler-1.so
app=$work/app
export LC_ALL=C BUTLER_HOT_DIR="$work/hot"
unset MAKEFLAGS MAKELEVEL MFLAGS # the build's own make is no part of the one that runs the tests
mkdir "$BUTLER_HOT_DIR"
umask 022 # a plugin that others can write would not be loaded

pc_variable ()
{
  sed -n "s/^$1=//p" "$top_builddir/threadbutler-1.pc"
}

# The pipeline as somebody else would have it: a folder with sources and a Makefile.
make_app ()
{
  rm -rf "$app"
  mkdir "$app"
  cp "$top_srcdir"/examples/logpipe/* "$app"
  chmod -R u+w "$app"
  cat >"$app/Makefile" <<END
FLAGS = -std=gnu11 $(pc_variable plugin_cflags) $GLIB_CFLAGS -I$top_srcdir/include -I$top_builddir/include
LINK = $(pc_variable plugin_ldflags) $library $GLIB_LIBS
all: field.so reader.so report.so tally.so
reader.so: watch.c watch.h
%.so: %.c messages.h slice.h
	@$CC \$(FLAGS) \$(filter %.c,\$^) -o \$@ \$(LINK)
END
  : >"$app/log"
}

# start COMMAND [OPTION...]: in the background; 5 is what it says.
start ()
{
  rm -f "$work/say"
  mkfifo "$work/say"
  command=$1
  shift
  timeout --foreground 300 "$tool" "$command" "$app/logpipe.ini" --plugin-path "$app" --set "dev.build=$MAKE -s" \
    --set "reader.file=$app/log" --set reader.follow=true --set report.live=true "$@" >"$work/say" 2>&1 </dev/null &
  guard=$!
  exec 5<"$work/say"
}

send ()
{
  kill -"$1" "$(cat "/proc/$guard/task/$guard/children")"
}

# Reads lines until one has the text, and leaves it in `line`.
wait_for ()
{
  while read -r line <&5; do
    printf '%s\n' "$line"
    case $line in
      *"$1"*) return 0 ;;
    esac
  done
  echo "\"$1\" never came"
  return 1
}

# ended STATUS
ended ()
{
  status=0
  cat <&5
  wait "$guard" || status=$?
  exec 5<&-
  [ "$status" -eq "$1" ] || {
    echo "exit status $status instead of $1"
    return 1
  }
}

stop ()
{
  send TERM && ended 0 && [ -z "$(ls "$BUTLER_HOT_DIR")" ]
}

# As an editor saves: another file takes the name.
edit ()
{
  sed "$2" "$app/$1" >"$app/.$1.new" && ! cmp "$app/.$1.new" "$app/$1" && mv "$app/.$1.new" "$app/$1"
}

# count VALUE COUNT: a line with the value comes; then it was counted so often.
count ()
{
  printf 'x y %s\n' "$1" >>"$app/log"
  wait_for "$2 $1"
}

counts_by_hundreds='s/^  ++\*count;/  *count += 100;/'

demo ()
{
  make_app
  start dev
  wait_for "what is saved here is built: $app" && count v 1 && count v 2 &&
    edit tally.c "$counts_by_hundreds" && wait_for "tally 1 -> 2, state kept, built in " && count v 102 && count v 202 &&
    edit tally.c 's/+= 100;/+= 1000;/' && wait_for "tally 2 -> 3, state kept, built in " && count v 1202 && stop
}

tells_the_pause ()
{
  make_app
  start dev
  wait_for "built: " && count v 1 && edit tally.c "$counts_by_hundreds" && wait_for "tally 1 -> 2" &&
    printf '%s\n' "$line" | grep -E ', built in [0-9]+\.[0-9]+ s, paused: tally [0-9]+\.[0-9]+ ms$' && stop
}

# What does not compile changes nothing; the compiler's words are not touched.
survives_an_error ()
{
  make_app
  start dev
  wait_for "built: " && count v 1 && edit tally.c '1s/^/int x = ;\n/' && wait_for "tally.c:1:" &&
    wait_for "threadbutler: the build failed: nothing was swapped" && count v 2 &&
    edit tally.c 1d && wait_for "no plugin has changed" && count v 3 &&
    edit tally.c "$counts_by_hundreds" && wait_for "tally 1 -> 2" && count v 103 && stop
}

# Half of what is built belongs to the other half: nothing is swapped before all of it compiles.
swaps_nothing_of_half_a_build ()
{
  make_app
  start dev --set "dev.build=$MAKE -sk"
  wait_for "built: " && edit report.c '1s/^/int x = ;\n/' && wait_for "nothing was swapped" &&
    edit tally.c "$counts_by_hundreds" && wait_for "nothing was swapped" && count v 1 &&
    edit report.c 1d && wait_for "tally 1 -> 2" && count v 101 && stop
}

says_what_was_migrated ()
{
  make_app
  start dev
  wait_for "built: " && count v 1 &&
    edit tally.c 's/^  F (R, uint64,  lines)/  F (R, uint64, lines) F (R, string, title)/' &&
    wait_for "tally 1 -> 2, state +title, built in" && count v 2 &&
    edit tally.c 's/^  F (R, uint64, lines) F (R, string, title)/  F (R, uint64, lines) F (R, double, mean)/' &&
    wait_for "tally 2 -> 3, state +mean, -title, built in" && count v 3 && stop
}

# A state that cannot be taken over: one line, and all goes on. The next change that can be is.
says_why_not ()
{
  make_app
  start dev
  wait_for "built: " && count v 1 && edit tally.c 's/^  F (R, uint64,  lines)/  F (R, string,  lines)/
                                                  s/{ self->lines }/{ 0 }/' &&
    wait_for "threadbutler: nothing was swapped: " && count v 2 &&
    edit tally.c 's/^  F (R, string,  lines)/  F (R, uint64,  lines)/' && wait_for "tally 1 -> " && count v 3 && stop
}

# The header of all: one build, one swap.
swaps_together ()
{
  make_app
  start dev
  wait_for "built: " && count v 1 &&
    edit messages.h 's/^#define LOGPIPE_PROGRESS_FIELDS(F, R) .*/#define LOGPIPE_PROGRESS_FIELDS(F, R) F (R, double, mean) \\/' &&
    wait_for " 1 -> 2, " && wait_for " 1 -> 2, " && count v 2 && stop
}

# Each has to let go of what is its own.
swaps_each ()
{
  make_app
  start dev
  wait_for "built: " && count v 1 || return 1
  n=1
  for plugin in field reader report tally; do
    edit $plugin.c 's/"1\.0"/"1.1"/' && wait_for "$plugin 1 -> 2" && count v $((n += 1)) &&
      edit $plugin.c 's/"1\.1"/"1.0"/' && wait_for "$plugin 2 -> 3" && count v $((n += 1)) || return 1
  done
  stop
}

# Whoever asks for the first build gets it also where there is nothing yet, and where it fails.
builds_first ()
{
  make_app
  start dev
  wait_for "built: " && [ -e "$app/tally.so" ] && count v 1 && stop &&
    edit tally.c '1s/^/int x = ;\n/' && start dev && wait_for "the build failed: what is there runs" && count v 2 && stop
}

fails_without_plugins ()
{
  make_app
  start dev --set dev.build=true
  wait_for "there is no reader.so" && ended 2
}

hints_at_build ()
{
  make_app
  $MAKE -s -C "$app" && sed '/^build=/d' "$app/logpipe.ini" >"$app/new" && mv "$app/new" "$app/logpipe.ini"
  timeout --foreground 300 "$tool" dev "$app/logpipe.ini" --plugin-path "$app" --set "reader.file=$app/log" >"$work/out" 2>&1 &&
    grep -F "no [dev] build=" "$work/out"
}

# A command that writes what it is run for.
does_not_go_round ()
{
  make_app
  $MAKE -s -C "$app"
  start dev --set 'dev.build=sh -c "echo >>made.h"'
  wait_for "built: " && printf '\n' >>"$app/tally.c" && wait_for "made.h changes with each build" && count v 1 && stop
}

# A build whose child waits for what never comes; the first time not, if there is a file `once`.
never_builds ()
{
  mkfifo "$app/never"
  # shellcheck disable=SC2016 # for the other shell
  echo 'rm once 2>/dev/null && exit; (sh -c "echo building; read x <never"); :' >"$app/build.sh"
}

# With all that it started, which would keep what it says open.
ends_the_build ()
{
  make_app
  $MAKE -s -C "$app"
  never_builds
  echo >"$app/once"
  start dev --set "dev.build=sh build.sh"
  wait_for "built: " && count v 1 && printf '\n' >>"$app/tally.c" && wait_for building && stop
}

ends_the_first_build ()
{
  make_app
  never_builds
  start dev --set "dev.build=sh build.sh"
  wait_for building && stop
}

watches ()
{
  make_app
  $MAKE -s -C "$app"
  start run --watch
  count v 1 && edit tally.c "$counts_by_hundreds" && $MAKE -s -C "$app" && wait_for "tally 1 -> 2, state kept, paused: " &&
    count v 101 && stop
}

reloads_on_hangup ()
{
  make_app
  $MAKE -s -C "$app"
  start run
  count v 1 && edit tally.c "$counts_by_hundreds" && $MAKE -s -C "$app" && count v 2 &&
    send HUP && wait_for "tally 1 -> 2, state kept" && count v 102 && send HUP && wait_for "no plugin has changed" && stop
}

# refuses_group TEXT PART...
refuses_group ()
{
  make_app
  sed "s|^build=.*|$1|" "$app/logpipe.ini" >"$app/bad.ini"
  shift
  for command in check run dev; do
    status=0
    timeout 300 "$tool" $command "$app/bad.ini" --plugin-path "$app" >"$work/out" 2>&1 </dev/null || status=$?
    cat "$work/out"
    [ $status -eq 2 ] && [ "$(grep -c '' "$work/out")" -eq 1 ] || return 1
    for part; do
      grep -F -- "$part" "$work/out" >"$work/found" || return 1
    done
  done
}

check "dev: what is saved is built and swapped, and counting goes on" demo
check "dev: one line tells how long it was" tells_the_pause
check "dev: a compiler's error changes nothing" survives_an_error
check "dev: half a build is not swapped" swaps_nothing_of_half_a_build
check "dev: it says what was migrated" says_what_was_migrated
check "dev: it says why nothing was swapped" says_why_not
check "dev: one build is one swap" swaps_together
check "dev: each plugin of the pipeline can be replaced" swaps_each
check "dev: it builds before it runs" builds_first
check "dev: without plugins it ends" fails_without_plugins
check "dev: without a build it says what is missing" hints_at_build
check "dev: a build that writes its own sources does not go round" does_not_go_round
check "dev: a signal ends the build too" ends_the_build
check "dev: a signal ends the first build too" ends_the_first_build
check "run --watch swaps what changes" watches
check "SIGHUP swaps what has changed" reloads_on_hangup
check "[dev] has no other keys" refuses_group "biuld=make" "bad.ini" "[dev] biuld" "did you mean build?"
check "[dev] build= is a command" refuses_group "build=make 'all" "bad.ini" "[dev] build" "no command"
check "[dev] build= is text" refuses_group 'build=make \\q' "bad.ini" "[dev] build" "cannot be interpreted"
check "[dev] is spelt so" refuses_group "[edv]" "[edv]" "did you mean dev?"
finish
