#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: The ThreadButler authors
#
# test-headers.sh: every public header compiles when it is the only one, as C and as C++, by every compiler that is there.

set -eu
# shellcheck source=tests/cases.sh
. "$top_srcdir/tests/cases.sh"

warnings='-Wall -Wextra -Wpedantic -Wshadow -Wcast-function-type -Wwrite-strings -Werror'

compile ()
{
  compiler=$1
  language=$2
  standard=$3
  header=$4
  printf '#include <threadbutler/%s>\nint main (void);\nint main (void) { return 0; }\n' "$header" >"$work/alone"
  # shellcheck disable=SC2086 # lists of flags
  "$compiler" -x "$language" "-std=$standard" $warnings $GLIB_CFLAGS -I"$top_srcdir/include" -I"$top_builddir/include" \
    -fsyntax-only "$work/alone"
}

compile_all ()
{
  for compiler in $2; do
    have "$compiler" || continue
    for path in "$top_srcdir"/include/threadbutler/*.h "$top_builddir/include/threadbutler/version.h"; do
      header=${path##*/}
      check "$header: $compiler $3" compile "$compiler" "$1" "$3" "$header"
    done
  done
}

compile_all c "gcc clang" gnu11
compile_all c++ "g++ clang++" c++17
finish
