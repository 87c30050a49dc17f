#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: The ThreadButler authors
#
# test-new-plugin.sh: what "threadbutler new-plugin" writes builds, passes its own test, loads and runs against an installed
# library, without a warning; where it cannot write all, it writes nothing.

set -eu
# shellcheck source=tests/cases.sh
. "$top_srcdir/tests/cases.sh"

umask 022
unset MAKEFLAGS MFLAGS MAKELEVEL DESTDIR G_TEST_SRCDIR G_TEST_BUILDDIR
export LC_ALL=C
root=$work/root
here=$work/here
mkdir "$here"

# The files of the build folder, whose .pc files name another prefix.
install_to_root ()
{
  "$MAKE" -C "$top_builddir" install DESTDIR="$root" || return
  pc=$(find "$root" -name threadbutler-1.pc)
  sed -i "s|^\([a-z_]*\)=/|\1=$root/|" "$pc" "${pc%-1.pc}.pc"
}

use_root ()
{
  tool=$(find "$root" -type f -name threadbutler -perm -100)
  PKG_CONFIG_PATH=$(dirname "$pc")${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
  LD_LIBRARY_PATH=$(dirname "$PKG_CONFIG_PATH")${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
  export PKG_CONFIG_PATH LD_LIBRARY_PATH
}

# new_plugin STATUS ARGUMENT...: in the folder $here
new_plugin ()
{
  expected=$1
  shift
  status=0
  (cd "$here" && ${limit-} "$tool" new-plugin "$@") >"$work/out" 2>"$work/err" </dev/null || status=$?
  [ "$status" -eq "$expected" ] && return
  echo "exit status $status instead of $expected: threadbutler new-plugin $*"
  cat "$work/out" "$work/err"
  return 1
}

# One line, with each of the texts in it.
err_has ()
{
  [ "$(grep -c '^threadbutler: new-plugin: ' "$work/err")" -eq "$(grep -c '' "$work/err")" ] || {
    cat "$work/err"
    return 1
  }
  for text; do
    grep -F -- "$text" "$work/err" >/dev/null || {
      printf '"%s" is missing in: ' "$text"
      cat "$work/err"
      return 1
    }
  done
}

# is_list FOLDER NAME...: what is in the folder
is_list ()
{
  folder=$1
  shift
  (cd "$folder" && find . ! -name . -prune | sed 's|^\./||' | LC_ALL=C sort) >"$work/listing"
  printf '%s\n' "$@" | sed '/^$/d' | LC_ALL=C sort | diff - "$work/listing"
}

in_plugin ()
{
  plugin=$1
  shift
  "$MAKE" -C "$here/$plugin" CC="${cc-$CC}" CFLAGS="-O2 -Wall -Wextra -Wpedantic -Wshadow -Werror" "$@"
}

written ()
{
  is_list "$here/$1" .gitignore Makefile README.md "$1.c" "$1-messages.h" "$1.ini" "test-$1.c"
}

no_word_left ()
{
  ! grep -n '@[A-Za-z]*@' "$here/$1"/*
}

writes ()
{
  new_plugin 0 counter && written counter && no_word_left counter && [ ! -s "$work/err" ] &&
    grep -q '^counter: written; now: cd counter && make check && threadbutler run counter.ini$' "$work/out"
}

tests_pass ()
{
  cc=$1
  in_plugin "$2" clean && in_plugin "$2" check && unset cc
}

# The number of tests that ran, in TAP.
ran ()
{
  "$here/$1/test-$1" --tap >"$work/tap" && [ "$(grep -c '^ok ' "$work/tap")" -eq "$2" ]
}

# The test of a plugin that handles nothing.
own_test_can_fail ()
{
  cp -r "$here/counter" "$here/broken"
  sed -i 's/self->handled++;/butler_context_fail (context, "broken");/' "$here/broken/counter.c"
  in_plugin broken all test-counter && ! "$here/broken/test-counter"
}

checks ()
{
  "$tool" check "$here/$1/$1.ini" >"$work/out" 2>"$work/err" && [ ! -s "$work/err" ] &&
    [ "$(cat "$work/out")" = "$here/$1/$1.ini: ok, $2, 1 plugin" ]
}

# Until it has said its greetings; then Ctrl-C.
runs ()
{
  plugin=$1
  shift
  mkfifo "$work/say"
  timeout --foreground 300 "$tool" run --set "$1.greeting=good day" "$here/$plugin/$plugin.ini" >"$work/say" &
  guard=$!
  exec 3<"$work/say"
  rm "$work/say"
  for _ in "$@"; do
    read -r line <&3
    echo "$line"
  done | LC_ALL=C sort >"$work/lines"
  kill -INT "$(cat "/proc/$guard/task/$guard/children")"
  status=0
  wait "$guard" || status=$?
  exec 3<&-
  { echo "$1: 1. good day" && shift && for set; do echo "$set: 1. hello"; done; } | LC_ALL=C sort | diff - "$work/lines" &&
    [ "$status" -eq 0 ]
}

inode_of ()
{
  stat -c %i "$1"
}

# Its first line is the greeting.
start_swapper ()
{
  # shellcheck disable=SC2046 # lists of flags
  $CC -std=gnu11 -Wall -Wextra -Wpedantic -Werror "$top_srcdir/tests/install/swap.c" -o "$work/swap" \
    $("$PKG_CONFIG" --cflags --libs threadbutler-1) || return
  mkfifo "$work/ask" "$work/answer"
  timeout 300 "$work/swap" "$here/counter/counter.so" counter <"$work/ask" >"$work/answer" &
  swapper=$!
  exec 4>"$work/ask" 5<"$work/answer"
  rm "$work/ask" "$work/answer"
  read -r answer <&5 && [ "$answer" = "counter: 1. hello" ]
}

# answers TEXT: after another make
answers ()
{
  in_plugin counter all && echo swap >&4 && read -r answer <&5 && [ "$answer" = "$1" ] || {
    echo "expected \"$1\", got \"${answer-}\""
    return 1
  }
}

# A change of the code; none; a change of the state.
swaps ()
{
  in_plugin counter all && start_swapper && answers "0 swapped, 1 loaded, not migrated" &&
    sed -i 's/"%s: %"/"%s:: %"/' "$here/counter/counter.c" && answers "1 swapped, 1 loaded, not migrated" &&
    touch "$here/counter/counter.c" && answers "0 swapped, 1 loaded, not migrated" &&
    sed -i 's/  F (R, uint64, handled)/  F (R, boolean, more) \\\n&/' "$here/counter/counter.c" &&
    answers "1 swapped, 1 loaded, Counter{string name;uint64 handled;} -> Counter{string name;boolean more;uint64 handled;}"
  result=$?
  exec 4>&- 5<&-
  wait "${swapper-}" && [ $result -eq 0 ]
}

# Nothing to do, and then a new file in the place of the old one.
builds_what_changed ()
{
  in_plugin counter all && before=$(inode_of "$here/counter/counter.so")
  in_plugin counter -q all || return
  touch "$here/counter/counter-messages.h"
  ! in_plugin counter -q all && in_plugin counter all && [ "$(inode_of "$here/counter/counter.so")" != "$before" ]
}

loads_with_open_umask ()
{
  (umask 002 && in_plugin counter clean && in_plugin counter all) && checks counter "1 server"
}

installs ()
{
  in_plugin counter install DESTDIR="$work/elsewhere" &&
    [ -x "$work/elsewhere$("$PKG_CONFIG" --variable=plugindir threadbutler-1)/counter.so" ]
}

cleans ()
{
  in_plugin counter check && in_plugin counter clean && written counter
}

says_what_is_missing ()
{
  (export PKG_CONFIG_PATH="$work" PKG_CONFIG_LIBDIR="$work" && ! in_plugin counter all >"$work/out" 2>&1) &&
    grep -q 'pkg-config does not find threadbutler-1' "$work/out"
}

several_sets ()
{
  new_plugin 0 net_log --set net_log --set reader -m NetLine -m reader.HTTPRequest --message reader.NetEnd2 --set idle &&
    written net_log && no_word_left net_log &&
    tests_pass "$CC" net_log && ran net_log 3 && checks net_log "3 servers" && "$tool" inspect "$here/net_log/net_log.so" >"$work/out" &&
    sed -n '/^set/p; / *Net.*{/p; / *HTTP/p' "$work/out" >"$work/declared" && diff - "$work/declared" <<'END'
set net_log: says what it is told
    NetLog{string name;uint64 handled;}
    NetLine{string text;}
set reader: says what it is told
    NetLogReader{string name;uint64 handled;}
    HTTPRequest{string text;}
    NetEnd2{string text;}
set idle: says what it is told
    NetLogIdle{string name;uint64 handled;}
    NetLogIdleNote{string text;}
END
}

another_folder ()
{
  mkdir "$here/some where"
  new_plugin 0 counter --folder "some where/my counter///" && is_list "$here/some where" "my counter" &&
    "$MAKE" -C "$here/some where/my counter" CC="$CC" check
}

nothing_new ()
{
  (cd "$here" && find . | LC_ALL=C sort) | diff "$work/before" -
}

remember ()
{
  (cd "$here" && find . | LC_ALL=C sort) >"$work/before"
}

# refuses STATUS TEXT ARGUMENT...
refuses ()
{
  remember
  expected=$1
  text=$2
  shift 2
  new_plugin "$expected" "$@" && err_has "$text" && [ ! -s "$work/out" ] && nothing_new
}

# refuses_each TEXT NAME...: as names of a plugin and of a set
refuses_each ()
{
  text=$1
  shift
  for bad; do
    refuses 2 "$text" -- "$bad" && refuses 2 "$text" "--set=$bad" good || return
  done
}

refuses_types ()
{
  text=$1
  shift
  for bad; do
    refuses 2 "$text" "--message=$bad" good || return
  done
}

refuses_doubles ()
{
  refuses 2 '"a" is given twice' --set a --set a good &&
    refuses 2 '"GoodNote" would be there twice' -m GoodNote -m GoodNote good &&
    refuses 2 '"Line" would be there twice' --set a --set b -m a.Line -m b.Line good &&
    refuses 2 '"line" would be there twice' --set line -m Line good &&
    refuses 2 '"GoodSettings" would be there twice' -m GoodSettings good &&
    refuses 2 '"GoodAB" would be there twice' --set a_b --set a__b good
}

wrong_usage ()
{
  refuses 2 "one NAME" && refuses 2 "one NAME" one two && refuses 2 "--nonsense" --nonsense good &&
    refuses 2 "there is no --set=other" --message=other.Line good && refuses 2 "needs a name" --folder= good
}

# What is there stays as it is.
overwrites_nothing ()
{
  mkdir "$here/empty" "$here/full"
  echo text >"$here/full/Makefile"
  echo text >"$here/file"
  ln -s nowhere "$here/link"
  for there in empty full file link; do
    refuses 2 "$there: it exists already" "$there" || return
  done
  refuses 2 ".: it exists already" good --folder . && [ "$(cat "$here/full/Makefile")" = text ] &&
    [ "$(cat "$here/file")" = text ]
}

needs_the_parent ()
{
  refuses 1 "No such file or directory" good --folder missing/good && refuses 1 "Not a directory" good --folder file/good &&
    refuses 1 "/proc/self" good --folder /proc/self/good
}

cannot_write_there ()
{
  mkdir "$here/locked"
  chmod 555 "$here/locked"
  refuses 1 "Permission denied" good --folder locked/good
}

# No file may be longer than a block.
with_short_files ()
{
  trap '' XFSZ
  ulimit -f 1
  "$@"
}

# Then the shorter ones can be written, the longer ones cannot.
removes_what_it_wrote ()
{
  limit=with_short_files
  refuses 1 "nothing was written" good && err_has "File too large"
}

check "make install" install_to_root
use_root
check "it writes seven files" writes
for cc in gcc clang; do
  have $cc || continue
  check "$cc: make check, without a warning" tests_pass $cc counter
done
unset cc
check "its test has a case" ran counter 1
check "its test fails if nothing is handled" own_test_can_fail
check "threadbutler check takes its app file, without a warning" checks counter "1 server"
check "threadbutler run runs it" runs counter counter
check "it is swapped, and its state migrated" swaps
check "make builds what changed, into a new file" builds_what_changed
check "what is built with an open umask is loaded" loads_with_open_umask
check "make install" installs
check "make clean leaves what was written" cleans
check "make says if the library is missing" says_what_is_missing
check "several sets, with messages of their own" several_sets
check "threadbutler run runs them" runs net_log reader net_log idle
check "another folder" another_folder
check "names that C would not take are refused" refuses_each "small letters" '' 1st a-b a.b 'a b' ../a a/b é Upper _a
check "words of C are refused" refuses_each "something else in C" int while linux
check "names of GLib's and the library's are refused" refuses_each "belongs to" g g_array butler butler_x
check "types that C would not take are refused" refuses_types "letters and digits" line 1Line A_B A-B ''
check "types of GLib's, the library's and C's are refused" refuses_types "would begin with" GArray ButlerX Int Linux
check "what would be there twice is refused" refuses_doubles
check "wrong usage is refused" wrong_usage
check "nothing is overwritten" overwrites_nothing
check "a folder that cannot be made is an error" needs_the_parent
if [ "$(id -u)" -ne 0 ]; then
  check "a folder where it may not write is an error" cannot_write_there
fi
check "what it wrote before an error is removed" removes_what_it_wrote
finish
