#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: The ThreadButler authors
#
# test-docs.sh: every public function has a documentation comment above its definition that names each of its
# parameters, and no other, and says on which thread it may be called, which errors it has, what it returns, whose that is
# and whether it can be NULL, and since when it is there.

set -eu
# shellcheck source=tests/cases.sh
. "$top_srcdir/tests/cases.sh"

# "function RETURNS FAILS parameter..." for each prototype, where RETURNS is "nothing", "something" or "pointer", and FAILS is
# "fails" or "never".
cat "$top_srcdir"/include/threadbutler/*.h |
  awk '/^BUTLER_AVAILABLE_IN_/ { inside = 1; text = ""; next }
       inside { text = text " " $0 }
       inside && /;/ {
         inside = 0
         gsub (/G_GNUC_[A-Z_]*( \([0-9, ]*\))?/, "", text)
         is_pointer = index (substr (text, 1, index (text, "(")), "*") > 0
         fails = text ~ /GError +[*][*] *error/ ? "fails" : "never"
         gsub (/[*]/, " ", text); gsub (/ +/, " ", text)
         open = index (text, "(")
         n = split (substr (text, 2, open - 2), words, " ")
         line = words[n] " " (is_pointer ? "pointer" : words[1] == "void" ? "nothing" : "something") " " fails
         n = split (substr (text, open + 1, index (text, ")") - open - 1), parameters, ",")
         for (i = 1; i <= n; i++) {
           m = split (parameters[i], words, " ")
           if (words[m] != "void") line = line " " words[m]
         }
         print line
       }' >"$work/prototypes"

# The comments, each as one line: "name @parameter... Thread Errors Returns Since". The part before the first ":" is enough. What
# is said of the value adds "transfer", and "NULL" if it can be NULL and (nullable) is missing.
cat "$top_srcdir"/lib/*.c |
  awk '/^\/\*\*$/ { inside = 1; name = ""; next }
       inside && name == "" { name = $2; sub (/:$/, "", name); line = name; next }
       inside && /^ \* Returns:/ { returns = 1; value = "" }
       returns { value = value $0 }
       returns && /^ \*$/ {
         returns = 0
         if (value ~ /[(]transfer (full|none|container)[)]/) line = line " transfer"
         if (value ~ /%NULL/ && value !~ /[(]nullable[)]/) line = line " NULL"
       }
       inside && /^ \*\// { inside = 0; print line; next }
       inside && /^ \* @[a-z_.]+:/ { word = $2; sub (/:.*/, "", word); line = line " " word }
       inside && /^ \* (Thread|Errors|Since|Returns):/ { word = $2; sub (/:.*/, "", word); line = line " " word }' \
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
         for (i = 4; i <= NF; i++) expected = expected " @" $i
         if (parameters[$1] != expected) {
           print $1 " takes" expected ", but the comment names" parameters[$1]
           bad = 1
         }
         if (!(($1, "Thread") in says)) { print $1 ": \"Thread:\" is missing"; bad = 1 }
         if (!(($1, "Since") in says)) { print $1 ": \"Since:\" is missing"; bad = 1 }
         if ($2 != "nothing" && !(($1, "Returns") in says)) { print $1 ": \"Returns:\" is missing"; bad = 1 }
         if ($3 == "fails" && !(($1, "Errors") in says)) { print $1 ": \"Errors:\" is missing"; bad = 1 }
         if ($2 == "pointer" && !(($1, "transfer") in says)) { print $1 ": whose is what it returns?"; bad = 1 }
         if (($1, "NULL") in says) { print $1 ": (nullable) is missing"; bad = 1 }
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

# The commands' help and the man page have the same long options.
man_has_the_options ()
{
  for command in run dev check inspect status stats reload stop new-plugin replay; do
    "$top_builddir/threadbutler" "$command" --help
  done | grep -o -E '^  (-[a-z], |-[A-Z], )?--[a-z-]+' | sed 's/.*--/--/' | LC_ALL=C sort -u >"$work/help"
  [ -s "$work/help" ] || return 1
  sed 's/\\-/-/g' "$top_srcdir/docs/threadbutler.1" | sed -n '/^\.SH OPTIONS/,/^\.SH APP FILE/p' |
    grep -o -E -- '--[a-z-]+' | LC_ALL=C sort -u | diff -u "$work/help" -
}

man_has_the_variables ()
{
  sed -n 's/.*getenv ("\([A-Z_]*\)").*/\1/p' "$top_srcdir"/lib/*.c "$top_srcdir"/tools/*.c | sort -u >"$work/variables"
  [ -s "$work/variables" ] || return 1
  while read -r variable; do
    sed -n '/^\.SH ENVIRONMENT/,/^\.SH FILES/p' "$top_srcdir/docs/threadbutler.1" | grep -q "$variable" || {
      echo "$variable is missing"
      return 1
    }
  done <"$work/variables"
}

# Each test of the table, `tests/NAME`, is run by make check, and each case behind it, (`CASE`, `CASE`), is one of the test's.
reliability_is_shown ()
{
  grep '^|' "$top_srcdir/docs/reliability.md" | grep -o '`tests/[^`]*`\( ([^)]*)\)\{0,1\}' | tr -d '`(),' >"$work/shown"
  [ -s "$work/shown" ] || return 1
  while read -r test cases; do
    grep -qE "^[[:space:]]$test( |\$)" "$top_srcdir/tests/tests.am" || { echo "$test is no test"; return 1; }
    for case in $cases; do
      grep -q "^START_TEST ($case)" "$top_srcdir/$test.c" || { echo "$test has no case $case"; return 1; }
    done
  done <"$work/shown"
}

check "what docs/reliability.md names is there" reliability_is_shown
check "there are prototypes to look at" test -s "$work/prototypes"
check "every public function is documented" all_documented
check "every counted type is documented" types_documented
check "the public headers declare what is exported, and nothing else" same_as_exported
check "the man page has the options of all commands" man_has_the_options
check "the man page has the variables that are read" man_has_the_variables
finish
