#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: The ThreadButler authors
#
# test-docs.sh: every public function has a documentation comment above its definition that names each of its
# parameters, and no other, and says on which thread it may be called, what it returns and since when it is there.

set -eu
# shellcheck source=tests/cases.sh
. "$top_srcdir/tests/cases.sh"

# "function RETURNS parameter..." for each prototype, where RETURNS is "nothing" or "something".
cat "$top_srcdir"/include/threadbutler/*.h |
  awk '/^BUTLER_AVAILABLE_IN_/ { inside = 1; text = ""; next }
       inside { text = text " " $0 }
       inside && /;/ {
         inside = 0
         gsub (/G_GNUC_[A-Z_]*( \([0-9, ]*\))?/, "", text); gsub (/[*]/, " ", text); gsub (/ +/, " ", text)
         open = index (text, "(")
         n = split (substr (text, 2, open - 2), words, " ")
         line = words[n] " " (words[1] == "void" ? "nothing" : "something")
         n = split (substr (text, open + 1, index (text, ")") - open - 1), parameters, ",")
         for (i = 1; i <= n; i++) {
           m = split (parameters[i], words, " ")
           if (words[m] != "void") line = line " " words[m]
         }
         print line
       }' >"$work/prototypes"

# The comments, each as one line: "name @parameter... Thread Since Returns". The part before the first ":" is enough.
cat "$top_srcdir"/lib/*.c |
  awk '/^\/\*\*$/ { inside = 1; name = ""; next }
       inside && name == "" { name = $2; sub (/:$/, "", name); line = name; next }
       inside && /^ \*\// { inside = 0; print line; next }
       inside && /^ \* @[a-z_.]+:/ { word = $2; sub (/:.*/, "", word); line = line " " word }
       inside && /^ \* (Thread|Since|Returns):/ { word = $2; sub (/:.*/, "", word); line = line " " word }' \
  >"$work/comments"

all_documented ()
{
  awk 'FNR == NR {
         known[$1] = 1
         for (i = 2; i <= NF; i++)
           if ($i ~ /^@/) parameters[$1] = parameters[$1] " " $i
           else says[$1, $i] = 1
         next
       }
       $1 ~ /_get_type$/ { next } # what is documented is the type
       !($1 in known) { print $1 ": there is no comment"; bad = 1; next }
       {
         expected = ""
         for (i = 3; i <= NF; i++) expected = expected " @" $i
         if (parameters[$1] != expected) {
           print $1 " takes" expected ", but the comment names" parameters[$1]
           bad = 1
         }
         if (!(($1, "Thread") in says)) { print $1 ": \"Thread:\" is missing"; bad = 1 }
         if (!(($1, "Since") in says)) { print $1 ": \"Since:\" is missing"; bad = 1 }
         if ($2 == "something" && !(($1, "Returns") in says)) { print $1 ": \"Returns:\" is missing"; bad = 1 }
       }
       END { exit bad }' "$work/comments" "$work/prototypes"
}

types_documented ()
{
  for type in ButlerHub ButlerChannel ButlerMessage ButlerServer ButlerContext; do
    grep -q "^$type Since" "$work/comments" || {
      echo "$type has no documentation comment"
      return 1
    }
  done
}

# What is exported is in a header, and the other way round.
same_as_exported ()
{
  cut -d ' ' -f 1 "$work/prototypes" | LC_ALL=C sort | diff -u "$top_srcdir/tests/symbols.txt" -
}

check "there are prototypes to look at" test -s "$work/prototypes"
check "every public function is documented" all_documented
check "every counted type is documented" types_documented
check "the public headers declare what is exported, and nothing else" same_as_exported
finish
