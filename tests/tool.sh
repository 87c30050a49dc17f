# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: The ThreadButler authors
# shellcheck shell=sh
#
# tool.sh: what the tests of the program threadbutler share, after cases.sh.

tool=$top_builddir/threadbutler
export LC_ALL=C BUTLER_HOT_DIR="$work/hot"
mkdir "$BUTLER_HOT_DIR"

# tool STATUS ARGUMENTS...: standard output and error go to files; a hang ends after five minutes.
tool ()
{
  expected=$1
  shift
  status=0
  timeout 300 "$tool" "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
  [ "$status" -eq "$expected" ] || {
    echo "exit status $status instead of $expected: threadbutler $*"
    cat "$work/out" "$work/err"
    return 1
  }
}

# has FILE TEXT...: each of the texts is in $work/FILE.
has ()
{
  file=$1
  shift
  for text; do
    grep -F -- "$text" "$work/$file" >/dev/null || {
      echo "\"$text\" is missing in:"
      cat "$work/$file"
      return 1
    }
  done
}
