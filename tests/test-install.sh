#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: The ThreadButler authors
#
# test-install.sh: what make install leaves behind is enough to build and run a program and a plugin of one's own; what make
# uninstall leaves behind is nothing. The build folder stays, so that the next run takes seconds.

set -eu
# shellcheck source=tests/cases.sh
. "$top_srcdir/tests/cases.sh"

build=$top_builddir/tests/install-build
prefix=$build/prefix
unset MAKEFLAGS MFLAGS MAKELEVEL DESTDIR BUTLER_PROBE

in_build ()
{
  (cd "$build" && "$@")
}

configure ()
{
  mkdir -p "$build"
  [ -e "$build/config.status" ] && [ -z "$(find "$top_srcdir/configure" -newer "$build/config.status")" ] && return
  in_build "$top_srcdir/configure" --prefix="$prefix" --libdir="$prefix/lib" CC="$CC" CFLAGS="-O0 -g"
}

install ()
{
  rm -rf "$prefix"
  in_build "$MAKE" -j "$(getconf _NPROCESSORS_ONLN)" install
}

pc ()
{
  PKG_CONFIG_PATH="$prefix/lib/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}" "$PKG_CONFIG" "$@"
}

pc_says ()
{
  expected=$1
  shift
  got=$(pc "$@")
  [ "$got" = "$expected" ] && return
  printf 'expected "%s", got "%s"\n' "$expected" "$got"
  return 1
}

compile_program ()
{
  # shellcheck disable=SC2046 # lists of flags
  $CC -std=gnu11 -Wall -Wextra -Wpedantic -Werror "$top_srcdir/tests/install/program.c" -o "$work/program" \
    $(pc --cflags --libs "$1")
}

run_program ()
{
  LD_LIBRARY_PATH="$prefix/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" "$work/program"
}

compile_plugin ()
{
  # shellcheck disable=SC2046 # lists of flags
  $CC -std=gnu11 -Wall -Wextra -Wpedantic -Werror $(pc --variable=plugin_cflags threadbutler) \
    "$top_srcdir/tests/install/plugin.c" -o "$work/plugin.so" \
    $(pc --variable=plugin_ldflags threadbutler) $(pc --cflags --libs threadbutler)
}

# By the probe, which is found where it was installed.
inspect_plugin ()
{
  LD_LIBRARY_PATH="$prefix/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" "$prefix/bin/threadbutler" inspect "$work/plugin.so" \
    >"$work/declared" 2>&1 && grep '^plugin ' "$work/declared" && ! grep 'warning' "$work/declared"
}

installed ()
{
  for file in "$@"; do
    [ -e "$prefix/$file" ] || {
      printf '%s is missing\n' "$prefix/$file"
      return 1
    }
  done
}

uninstall ()
{
  in_build "$MAKE" uninstall
}

nothing_left ()
{
  find "$prefix" ! -type d >"$work/left"
  [ ! -s "$work/left" ] && return
  cat "$work/left"
  return 1
}

check "configure with a prefix of its own" configure
check "make install" install
check "the program, the library and the headers are there" installed bin/threadbutler lib/libthreadbutler-1.so \
  include/threadbutler-1/threadbutler/threadbutler.h include/threadbutler-1/threadbutler/version.h
check "threadbutler.pc says the version" pc_says "$PACKAGE_VERSION" --modversion threadbutler
check "threadbutler-1.pc says the same" pc_says "$PACKAGE_VERSION" --modversion threadbutler-1
check "threadbutler.pc says where plugins go" pc_says "$prefix/lib/threadbutler-1/plugins" --variable=plugindir threadbutler
check "a program compiles by threadbutler-1.pc" compile_program threadbutler-1
check "a program compiles by threadbutler.pc" compile_program threadbutler
check "that program runs" run_program
check "a plugin compiles" compile_plugin
check "that plugin can be inspected, without a warning" inspect_plugin
check "make uninstall" uninstall
check "make uninstall leaves nothing" nothing_left
finish
