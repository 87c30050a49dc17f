#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: The ThreadButler authors
#
# test-gtk.sh: the GTK client in both variants, in a real window on a display of its own. Somebody types and clicks, the
# answer is seen (tests/artifacts/*.png in the build folder), the window closes, the program ends; and GTK redraws while
# messages flood in.

set -eu
# shellcheck source=tests/cases.sh
. "$top_srcdir/tests/cases.sh"

artifacts=$top_builddir/tests/artifacts
xvfb=
client=

skip ()
{
  printf 'skipped: %s\n' "$1"
  exit 77
}

clean_up ()
{
  for process in $client $xvfb; do
    kill "$process" 2>/dev/null || continue
    wait "$process" || true
  done
  rm -rf "$work"
}

# Xvfb chooses the display's number, and writes it when clients may connect.
open_display ()
{
  mkfifo "$work/number"
  Xvfb -displayfd 3 -screen 0 640x480x24 -nolisten tcp -noreset 3>"$work/number" >"$work/xvfb.log" 2>&1 &
  xvfb=$!
  read -r number <"$work/number" || {
    cat "$work/xvfb.log"
    exit 1
  }
  export DISPLAY=":$number"
}

# Software rendering, no session bus, nothing of the user's own settings; a critical warning ends the program.
set_environment ()
{
  export GDK_BACKEND=x11 GSK_RENDERER=cairo GTK_A11Y=none GTK_THEME=Adwaita GSETTINGS_BACKEND=memory
  export G_DEBUG=fatal-criticals
  export HOME="$work" XDG_RUNTIME_DIR="$work" DBUS_SESSION_BUS_ADDRESS=disabled: LC_ALL=C.UTF-8
  unset WAYLAND_DISPLAY XDG_CONFIG_HOME XDG_CACHE_HOME XDG_DATA_HOME
}

# What the client prints comes by descriptor 4.
opens ()
{
  rm -f "$work/printed"
  mkfifo "$work/printed"
  "$top_builddir/examples/$1" >"$work/printed" 2>"$work/$1.log" &
  client=$!
  exec 4<"$work/printed"
  window=$(timeout 300 xdotool search --sync --onlyvisible --name "^$1\$") &&
    eval "$(xdotool getwindowgeometry --shell "$window")" # WIDTH, HEIGHT
}

types ()
{
  xdotool windowfocus --sync "$window" type "$1"
}

clicks_the_button ()
{
  xdotool mousemove --window "$window" $((WIDTH / 2)) $((HEIGHT / 2)) click 1
}

# Printed when it is on the screen.
shows ()
{
  read -r shown <&4 && printf 'shown: %s\n' "$shown" && [ "$shown" = "$1" ]
}

photographs ()
{
  import -window "$window" "$1"
}

count_colours ()
{
  identify -format %k "$1"
}

# The label fills the last third of the window.
label_of ()
{
  printf '%s[%dx%d+0+%d]' "$1" "$WIDTH" $((HEIGHT / 3)) $((HEIGHT * 2 / 3))
}

# The same text makes the same signature.
sign ()
{
  identify -format %# "$1"
}

answer_is_seen ()
{
  photographs "$artifacts/$1.png" || return
  colours=$(count_colours "$artifacts/$1.png")
  label=$(count_colours "$(label_of "$artifacts/$1.png")")
  before=$(sign "$(label_of "$work/before.png")")
  after=$(sign "$(label_of "$artifacts/$1.png")")
  printf 'colours: %d; in the label: %d; the label was %s, and is %s\n' "$colours" "$label" "$before" "$after"
  [ "$colours" -gt 16 ] && [ "$label" -gt 4 ] && [ "$before" != "$after" ]
}

closes ()
{
  xdotool key ctrl+w
  status=0
  wait "$client" || status=$?
  client=
  exec 4<&-
  printf 'exit status %d\n' "$status"
  cat "$work/$1.log"
  [ "$status" -eq 0 ] && ! grep -q ThreadButler "$work/$1.log"
}

check_client ()
{
  window=
  check "$1: its window opens" opens "$1"
  [ -n "$window" ] || return 0
  check "$1: it is drawn" shows 'Type something, and press the button.'
  check "$1: text is typed" types 'hello butler'
  check "$1: the window before" photographs "$work/before.png"
  check "$1: the button is clicked" clicks_the_button
  check "$1: the answer is shown" shows 'reltub olleh'
  check "$1: the answer is on the picture" answer_is_seen "$1"
  check "$1: its window closes, and it ends" closes "$1"
}

# How many frames are drawn, and how fast messages are handled, depends on what else runs: so both are compared, not timed. At least half
# of the frames of the quiet phases are drawn in the floods, and with each frame come as many messages as if there were 60 frames and
# 10^5 messages in a second.
redraws ()
{
  "$top_builddir/tests/$1" >"$work/figures" || return
  read -r quiet flooded messages microseconds <"$work/figures"
  printf '%s: %d frames in %d us while quiet, %d in as long a flood with %d messages\n' \
    "$1" "$quiet" "$microseconds" "$flooded" "$messages"
  [ $((flooded * 2)) -ge "$quiet" ] && [ $((messages * 60)) -ge $((flooded * 100000)) ]
}

# Other programs may have slowed the floods alone; a source that starves GTK fails each time, with hardly a frame.
redraws_once_in_five ()
{
  for _ in 1 2 3 4 5; do
    ! redraws "$1" || return 0
  done
  return 1
}

[ -x "$top_builddir/examples/gtk-main" ] || skip "configure found no GTK 4, or this build has a sanitizer"
for tool in Xvfb xdotool import identify timeout; do
  have "$tool" || skip "there is no $tool"
done
trap clean_up EXIT
mkdir -p "$artifacts"
open_display
set_environment
for variant in gtk-main gtk-thread; do
  check_client "$variant"
done
for program in gtk-flood-main gtk-flood-thread; do
  check "$program: GTK redraws while messages flood in" redraws_once_in_five "$program"
  [ "$failed" -gt 0 ] || cat "$work/output"
done
finish
