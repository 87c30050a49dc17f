# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: The ThreadButler authors
# shellcheck shell=sh
#
# cases.sh: what the shell tests share. `check NAME COMMAND...` is one case; `finish` prints the counts and ends the test.

passed=0
failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# Control sockets lie here, not in the user's own folder.
export XDG_RUNTIME_DIR="$work/run"
mkdir -m 700 "$XDG_RUNTIME_DIR"

pass ()
{
  passed=$((passed + 1))
  printf 'ok: %s\n' "$1"
}

fail ()
{
  failed=$((failed + 1))
  printf 'FAILED: %s\n' "$1"
}

# What the command prints is shown only if it fails.
check ()
{
  name=$1
  shift
  if "$@" >"$work/output" 2>&1; then
    pass "$name"
  else
    fail "$name"
    sed 's/^/  /' "$work/output"
  fi
}

have ()
{
  command -v "$1" >/dev/null 2>&1
}

finish ()
{
  printf '%d passed, %d failed\n' "$passed" "$failed"
  [ "$passed" -gt 0 ] && [ "$failed" -eq 0 ]
  exit
}
