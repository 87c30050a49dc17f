#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: The ThreadButler authors
#
# test-compile.sh: what the compiler or the linker must refuse, it refuses, and for the reason that we promise.
# Each tests/compile/*.c says in its first line what is expected: "ok", "compile-error REGEX" or "link-error REGEX".
# The files are compiled and linked as a plugin's author would: with the flags of threadbutler-1.pc, and without -Werror.

set -eu
# shellcheck source=tests/cases.sh
. "$top_srcdir/tests/cases.sh"

library=$top_builddir/.libs/libthreadbutler-1.so

pc_variable ()
{
  sed -n "s/^$1=//p" "$top_builddir/threadbutler-1.pc"
}

compile ()
{
  # shellcheck disable=SC2046,SC2086 # lists of flags
  LC_ALL=C $CC -std=gnu11 $(pc_variable plugin_cflags) $GLIB_CFLAGS -I"$top_srcdir/include" -I"$top_builddir/include" \
    -c "$1" -o "$work/object.o" 2>"$work/compile"
}

link ()
{
  # shellcheck disable=SC2046,SC2086 # lists of flags
  LC_ALL=C $CC $(pc_variable plugin_ldflags) "$work/object.o" -o "$work/object.so" "$library" $GLIB_LIBS 2>"$work/link"
}

# The message is matched without the compiler's quotes, which differ.
says ()
{
  tr -d "\`'\"" <"$1" | grep -Eq -e "$2" && return
  printf 'expected %s, got:\n' "$2"
  cat "$1"
  return 1
}

must_be_accepted ()
{
  compile "$1" && link && return
  cat "$work/compile" "$work/link"
  return 1
}

must_not_compile ()
{
  if compile "$1"; then
    echo "it compiled"
    return 1
  fi
  says "$work/compile" "$2"
}

must_not_link ()
{
  compile "$1" || {
    cat "$work/compile"
    return 1
  }
  if link; then
    echo "it linked"
    return 1
  fi
  says "$work/link" "$2"
}

for source in "$top_srcdir"/tests/compile/*.c; do
  name=${source##*/}
  expectation=$(sed -n '1s|^/\* expect: \(.*\) \*/$|\1|p' "$source")
  : >"$work/compile"
  : >"$work/link"
  case $expectation in
    ok) check "$name is accepted" must_be_accepted "$source" ;;
    compile-error\ *) check "$name does not compile" must_not_compile "$source" "${expectation#* }" ;;
    link-error\ *) check "$name does not link" must_not_link "$source" "${expectation#* }" ;;
    *) fail "$name: its first line says nothing that is known" ;;
  esac
done
finish
