#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: The ThreadButler authors
#
# test-symbols.sh: the library exports the names in symbols.txt, no more and no fewer.
# With --update it writes symbols.txt anew; `make update-symbols` calls it so.

set -eu
# shellcheck source=tests/cases.sh
. "$top_srcdir/tests/cases.sh"

library=$top_builddir/.libs/libthreadbutler-1.so
list=$top_srcdir/tests/symbols.txt

exported ()
{
  "$NM" --dynamic --defined-only --format=posix "$library" | cut -d ' ' -f 1 | LC_ALL=C sort -u
}

same_as_the_list ()
{
  exported >"$work/exported"
  diff -u "$list" "$work/exported" && return
  printf '%s\n' "" "-: gone from the library, which breaks programs; +: new." \
    "If that is what you mean, run \"make update-symbols\" and commit tests/symbols.txt."
  return 1
}

only_our_names ()
{
  ! exported | grep -v '^butler_'
}

if [ "${1-}" = --update ]; then
  exported >"$work/exported"
  cp "$work/exported" "$list"
  exit 0
fi

check "the exported names are those of symbols.txt" same_as_the_list
check "every exported name begins with butler_" only_our_names
finish
