#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: The ThreadButler authors
#
# quickstart.sh: from a fresh checkout on Debian to something that runs. See quickstart.sh --help.

set -eu
umask 022 # a plugin that others can write would not be loaded

origin=$(pwd)
cd "$(dirname "$0")"
top=$(pwd)
build=$top/_build
jobs=$(getconf _NPROCESSORS_ONLN)

build_packages='autoconf automake libtool make gcc libc6-dev pkg-config libglib2.0-dev libelf-dev libjson-glib-dev libsoup-3.0-dev libuv1-dev check'
check_packages='libgtk-4-dev xvfb xdotool imagemagick'
compare_packages='g++ libcaf-dev libczmq-dev erlang-base golang-go gnuplot-nox'
full_packages='g++ clang libclang-rt-dev valgrind spin dpkg-dev meson ninja-build libffi-dev libpcre2-dev zlib1g-dev xz-utils'

usage ()
{
  cat <<'END'
Usage: quickstart.sh run [FILE]      build, then run the log pipeline on FILE (else on this machine's dpkg.log,
                                     else on the sample in examples/logpipe)
       quickstart.sh dev [FILE]      build, then run the log pipeline on a log that grows (else on one that grows by a
                                     line each second): what is saved in examples/logpipe is built and replaced
       quickstart.sh compare [OPTION...]
                                     build, then measure the library beside CAF, CZMQ, Erlang, Go and GLib by hand
                                     (bench/compare --help lists the options)
       quickstart.sh check           build, then run the tests
       quickstart.sh check --full    also with clang, sanitizers and valgrind, and make distcheck (so with CI=true)

Installs by apt what is missing (as root, or by sudo) and builds in _build/. Progress goes to standard error.
END
}

say ()
{
  printf 'quickstart: %s\n' "$*" >&2
}

die ()
{
  say "$@"
  exit 1
}

# Shows what a long step says only if it fails.
quietly ()
{
  mkdir -p "$build"
  "$@" >"$build/quickstart.log" 2>&1 </dev/null && return
  tail -n 60 "$build/quickstart.log" >&2
  say "failed: $*"
  return 1
}

as_root ()
{
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  else
    command -v sudo >/dev/null 2>&1 || die "neither root nor sudo: please run as root: $*"
    sudo "$@"
  fi
}

is_installed ()
{
  dpkg -s "$1" 2>/dev/null | grep -q '^Status: .* installed$'
}

install_missing ()
{
  command -v dpkg >/dev/null 2>&1 || {
    say "this is no Debian: the packages must be there already: $*"
    return
  }
  missing=
  for package in "$@"; do
    is_installed "$package" || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  say "installing:$missing"
  as_root apt-get -qq update >&2 || say "apt-get update failed: trying with the lists that are there"
  # shellcheck disable=SC2086 # a list
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install $missing >&2
  rm -f "$build/config.status" # configure may find more now
}

is_newer ()
{
  [ ! -e "$2" ] || [ -n "$(find "$1" -newer "$2")" ]
}

configure_in_build ()
{
  mkdir -p "$build"
  cd "$build"
  "$top/configure"
}

configure_if_needed ()
{
  if is_newer configure.ac configure; then
    say "making configure"
    quietly ./autogen.sh
  fi
  if is_newer configure "$build/config.status"; then
    say "configuring in _build/"
    (quietly configure_in_build)
  fi
}

build_all ()
{
  say "building in _build/"
  quietly make -C "$build" -j "$jobs" all
}

# A path that the user gave counts from where they are.
log_file ()
{
  case ${1-} in
    /*) printf '%s' "$1" ;;
    ?*) printf '%s' "$origin/$1" ;;
    *)
      if [ -s /var/log/dpkg.log ] && [ -r /var/log/dpkg.log ]; then
        printf /var/log/dpkg.log
      else
        printf '%s' "$top/examples/logpipe/sample.log"
      fi
      ;;
  esac
}

# A line each second, as long as the pipeline runs: it takes our process over.
grow ()
{
  while read -r line; do
    kill -0 $$ 2>/dev/null || return 0
    printf '%s\n' "$line" >>"$1"
    sleep 1
  done
}

growing_log ()
{
  : >"$build/growing.log"
  grow "$build/growing.log" <"$top/examples/logpipe/sample.log" >/dev/null 2>&1 &
}

# In an app file a backslash begins something else.
as_value ()
{
  printf '%s' "$1" | sed 's/\\/\\\\/g'
}

develop_pipeline ()
{
  say "running the log pipeline on $1, as it grows; now change and save examples/logpipe/tally.c"
  BUTLER_PROBE=$build/threadbutler-probe exec "$build/threadbutler" dev examples/logpipe/logpipe.ini \
    --plugin-path "$build/examples/logpipe/.libs" --set "reader.file=$(as_value "$1")" --set reader.follow=true \
    --set report.live=true --set report.top=5
}

# The pipeline's file is the standard input: a name may have bytes that no app file can hold.
run_pipeline ()
{
  say "running the log pipeline on $1"
  exec "$build/threadbutler" run examples/logpipe/logpipe.ini --plugin-path "$build/examples/logpipe/.libs" <"$1"
}

# In the folder that the user is in, since options may name files.
compare_peers ()
{
  say "building the peers"
  quietly make -C "$build" -j "$jobs" bench-peers
  cd "$origin"
  exec "$top/bench/compare" --build "$build" "$@"
}

# One step of the checks, whose results lie in the folder; the others follow even if it fails. A failure that no test stands for
# (something does not build) counts as one more.
step ()
{
  name=$1
  folder=$2
  shift 2
  say "$name"
  result=PASS
  "$@" >&2 </dev/null || result=FAIL
  if [ "$result" = FAIL ] && ! "$top/tests/summary.sh" "$folder" 2>/dev/null | grep -q ' [1-9][0-9]* failed$'; then
    record_result "$folder" "$name" FAIL
  fi
}

record_result ()
{
  mkdir -p "$1"
  : >"$1/$2.log"
  printf ':global-test-result: %s\n' "$3" >"$1/$2.trs"
}

distcheck ()
{
  quietly make -C "$build" -j "$jobs" distcheck && record_result "$build/full/distcheck/tests" distcheck PASS
}

run_checks ()
{
  rm -f "$build"/tests/*.trs "$build"/full/*/tests/*.trs
  step make-check "$build/tests" make --no-print-directory -C "$build" -j "$jobs" check VERBOSE=1
  if [ "$full" = yes ]; then
    say check-full
    # Its own failures stand in its folders.
    make --no-print-directory -C "$build" check-full >&2 </dev/null || true
    step distcheck "$build/full/distcheck/tests" distcheck
  fi
  "$top/tests/summary.sh" "$build/tests" "$build"/full/*/tests
}

main ()
{
  full=no
  [ "${CI-}" != true ] || full=yes
  command=${1-}
  [ $# -eq 0 ] || shift
  case $command in
    run)
      [ $# -le 1 ] || die "run takes one file"
      file=$(log_file "$@")
      [ -r "$file" ] || die "cannot read $file"
      [ ! -d "$file" ] || die "$file is a directory"
      # shellcheck disable=SC2086 # a list
      install_missing $build_packages
      configure_if_needed
      build_all
      run_pipeline "$file"
      ;;
    dev)
      [ $# -le 1 ] || die "dev takes one file"
      # shellcheck disable=SC2086 # a list
      install_missing $build_packages
      configure_if_needed
      build_all
      if [ $# -eq 1 ]; then
        file=$(log_file "$1")
        [ -r "$file" ] || die "cannot read $file"
      else
        file=$build/growing.log
        growing_log
      fi
      develop_pipeline "$file"
      ;;
    compare)
      # shellcheck disable=SC2086 # a list
      install_missing $build_packages $compare_packages
      configure_if_needed
      build_all
      compare_peers "$@"
      ;;
    check)
      case ${1-} in
        --full) full=yes ;;
        '') ;;
        *) die "unknown option: $1" ;;
      esac
      packages="$build_packages $check_packages"
      [ "$full" = no ] || packages="$packages $full_packages"
      # shellcheck disable=SC2086 # a list
      install_missing $packages
      configure_if_needed
      build_all
      run_checks
      ;;
    --help | -h | help) usage ;;
    *)
      usage >&2
      exit 2
      ;;
  esac
}

main "$@"
