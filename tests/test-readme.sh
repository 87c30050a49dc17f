#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: The ThreadButler authors
#
# test-readme.sh: the code in README.md, docs/manual.md and docs/hot-swap.md compiles, and what is complete in README.md runs.
#
#   ```c         with main() or BUTLER_PLUGIN(): a file of its own; else declarations, all of a document in one file
#   ```c body    statements, in a function that has a hub and an error; they know the declarations before them
#   ```ini       an app file, for the plugin before it

set -eu
# shellcheck source=tests/cases.sh
. "$top_srcdir/tests/cases.sh"

umask 022 # a plugin that others can write would not be loaded
library=$top_builddir/.libs/libthreadbutler-1.so
sanitizer=$(sed -n 's/^BUTLER_SANITIZER_FLAGS = //p' "$top_builddir/Makefile")

# Lines keep their numbers, so that errors are found in the document.
extract ()
{
  name=$(basename "$1" .md)
  awk -v name="$work/$name" -v document="$1" '
    function flush_block (file, head, foot) {
      print head "\n#line " first " \"" document "\"\n" text foot >file
    }
    BEGIN { together = name ".c"; print "#include <threadbutler/threadbutler.h>" >together }
    /^```/ && inside {
      if (kind == "ini") print text >(name ".ini")
      else if (kind == "c body")
        flush_block(together, "static void\nstatements_" ++n " (ButlerHub *hub)\n{\n  GError *error = NULL;", "}")
      else if (kind != "c") ;
      else if (text ~ /BUTLER_PLUGIN \(/) flush_block(name "-plugin.c", "", "")
      else if (text ~ /\nmain \(/) flush_block(name "-program.c", "", "")
      else flush_block(together, "", "")
      inside = 0
      next
    }
    /^```/ { inside = 1; kind = substr ($0, 4); text = ""; first = NR + 1; next }
    inside { text = text $0 "\n" }' "$1"
}

compile ()
{
  # shellcheck disable=SC2086 # lists of flags
  $CC -std=gnu11 -Wall -Wno-unused-function -Wno-unused-variable -Wno-unused-command-line-argument -Werror $sanitizer \
    $GLIB_CFLAGS -I"$top_srcdir/include" -I"$top_builddir/include" "$@" "$library" $GLIB_LIBS -Wl,-rpath,"$top_builddir/.libs"
}

compiles ()
{
  compile -fsyntax-only "$1"
}

is_a_plugin ()
{
  compile -fPIC -fvisibility=hidden -shared "$1" -o "$2" && threadbutler inspect "$2"
}

threadbutler ()
{
  "$top_builddir/threadbutler" "$@"
}

program_runs ()
{
  compile "$work/README-program.c" -o "$work/program" && "$work/program" >"$work/greeting" &&
    "$top_builddir/examples/hello" | diff -u - "$work/greeting"
}

# The licence and the first comment are left out.
same_as_hello ()
{
  sed '1,/\*\/$/d' "$top_srcdir/examples/hello.c" | sed '1{/^$/d}' >"$work/hello"
  sed '1,/^#line/d' "$work/README-program.c" | sed '${/^$/d}' | diff -u "$work/hello" -
}

readme_app_runs ()
{
  threadbutler run --plugin-path "$work" "$work/README.ini" >"$work/countdown" &&
    printf '%s\n' 2 1 0 | diff -u - "$work/countdown"
}

for document in "$top_srcdir/README.md" "$top_srcdir/docs/manual.md" "$top_srcdir/docs/hot-swap.md"; do
  extract "$document"
done
check "README.md: the first program is examples/hello.c" same_as_hello
check "README.md: the first program runs" program_runs
check "README.md: the plugin is one" is_a_plugin "$work/README-plugin.c" "$work/countdown.so"
check "README.md: its app file runs" readme_app_runs
check "docs/manual.md: the declarations and statements compile" compiles "$work/manual.c"
check "docs/hot-swap.md: the declarations and statements compile" compiles "$work/hot-swap.c"
check "docs/manual.md: the plugin is one" is_a_plugin "$work/manual-plugin.c" "$work/echo.so"
check "docs/manual.md: its app file is good" threadbutler check --plugin-path "$work" "$work/manual.ini"
finish
