#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: The ThreadButler authors
#
# test-hello.sh: the README's first program does what it says, with no more than pkg-config's flags.

set -eu
# shellcheck source=tests/cases.sh
. "$top_srcdir/tests/cases.sh"

greets ()
{
  "$top_builddir/examples/hello" >"$work/greeting"
  printf 'butler: hello, world!\n' | cmp - "$work/greeting"
}

is_short ()
{
  [ "$(grep -c . "$top_srcdir/examples/hello.c")" -le 40 ]
}

check "hello greets and ends" greets
check "hello fits on one screen" is_short
finish
