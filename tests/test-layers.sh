#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: The ThreadButler authors
#
# test-layers.sh: each room of the library knows only those below it. The rooms and their order are those of the table
# in docs/architecture.md, so that it is always true.

set -eu
# shellcheck source=tests/cases.sh
. "$top_srcdir/tests/cases.sh"

# "file rank room" for each row of the table, from the ground up. A row without a room belongs to the one before it.
sed -n 's/^| *\([a-z]*\) *| *`\(lib\|threadbutler\)\/\([a-z-]*\)` *|.*/\2\/\3 \1/p' "$top_srcdir/docs/architecture.md" |
  awk '$2 != "" { rank++; room = $2 } { print $1, rank, room }' >"$work/rooms"

# "file other line" for each include of one of ours.
(cd "$top_srcdir" && grep -n -e '^ *# *include "lib/' -e '^ *# *include <threadbutler/' lib/*.[ch]
  cd include && grep -n -e '^ *# *include <threadbutler/' threadbutler/*.h*) |
  sed 's/^\([^:.]*\)\.[a-z.]*:\([0-9]*\):.*[<"]\([a-z-]*\/[a-z-]*\)\.h[>"].*/\1 \3 \2/' >"$work/includes"

# "file other symbol" for each call of one of ours.
for object in "$top_builddir"/lib/.libs/libbutler_core_la-*.o "$top_builddir"/lib/libbutler_core_la-*.o; do
  [ -e "$object" ] || continue
  name=${object##*/libbutler_core_la-}
  "$NM" --format=posix "$object" | sed -n "s/^\(butler_[A-Za-z0-9_]*\) \([A-Za-z]\).*/lib\/${name%.o} \2 \1/p"
done | awk '$2 == "U" { calls[n++] = $1 " " $3; next }
            $2 ~ /[TDRB]/ { home[$3] = $1 }
            END {
              for (i = 0; i < n; i++) {
                split (calls[i], c, " ")
                if (c[2] in home) print c[1], home[c[2]], c[2]
              }
            }' >"$work/calls"

# Prints each arrow of a list that goes up, or to or from a file that stands in no room.
no_arrow_up ()
{
  awk 'FNR == NR { rank[$1] = $2; room[$1] = $3; next }
       !($1 in rank) || !($2 in rank) || rank[$2] > rank[$1] {
         print $1 " (" room[$1] ") -> " $2 " (" room[$2] "): " $3; bad = 1 }
       END { exit bad }' "$work/rooms" "$1"
}

every_file_has_a_room ()
{
  (cd "$top_srcdir" && ls lib/*.[ch]
    cd include && ls threadbutler/*.h threadbutler/*.h.in) |
    sed 's/\.h\.in$//; s/\.[ch]$//' | LC_ALL=C sort -u >"$work/files"
  cut -d ' ' -f 1 "$work/rooms" | LC_ALL=C sort >"$work/named"
  diff -u "$work/named" "$work/files"
}

# Tools, examples, plugins and benchmarks are users like any other.
users_see_public_headers_only ()
{
  ! (cd "$top_srcdir" && grep -rn '^ *# *include "lib/' tools examples plugins bench include)
}

check "every file stands in one room, and every room's file is there" every_file_has_a_room
check "there are includes to look at" test -s "$work/includes"
check "no include goes up" no_arrow_up "$work/includes"
check "there are calls to look at" test -s "$work/calls"
check "no call goes up" no_arrow_up "$work/calls"
check "users see public headers only" users_see_public_headers_only
finish
