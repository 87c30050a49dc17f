#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: The ThreadButler authors
#
# glib-tsan.sh: builds a GLib that ThreadSanitizer can see into, from Debian's source package.
#
# GLib's mutexes are futexes that ThreadSanitizer cannot see in an ordinary build, so that it would report races where there are
# none. The result is kept in a cache folder and used again. Prints the folder it was installed in on standard output, all else
# on standard error. CC chooses the compiler (gcc), GLIB_TSAN_CACHE the cache folder.

set -eu

CC=${CC:-gcc}
cache=${GLIB_TSAN_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/threadbutler}
mirror=http://deb.debian.org/debian
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

say ()
{
  printf 'glib-tsan: %s\n' "$*" >&2
}

die ()
{
  say "$@"
  exit 1
}

need ()
{
  for program in "$@"; do
    command -v "$program" >/dev/null 2>&1 || die "$program is missing (packages: dpkg-dev meson ninja-build libffi-dev libpcre2-dev zlib1g-dev)"
  done
}

# The source package's version that belongs to the installed GLib; without one, what the archive has.
source_version ()
{
  # shellcheck disable=SC2016 # dpkg-query's own variables
  dpkg-query --show --showformat '${source:Version}' libglib2.0-dev 2>/dev/null || true
}

compiler_name ()
{
  printf '%s-%s' "$(basename "$CC")" "$("$CC" -dumpversion)"
}

# apt reads sources, and writes lists, in a folder of its own: the machine's set-up stays as it is.
private_apt ()
{
  tool=$1
  shift
  "$tool" -o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=/dev/null \
    -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work/apt-cache" -o "APT::Sandbox::User=$(id -un)" "$@"
}

write_sources ()
{
  # shellcheck disable=SC1091 # the system's own file
  suite=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-stable}")
  mkdir -p "$work/lists/partial" "$work/apt-cache/archives/partial"
  {
    printf 'deb-src [signed-by=%s] %s %s main\n' "$keyring" "$mirror" "$suite"
    printf 'deb-src [signed-by=%s] %s %s-updates main\n' "$keyring" "$mirror" "$suite"
    printf 'deb-src [signed-by=%s] %s-security %s-security main\n' "$keyring" "$mirror" "$suite"
  } >"$work/sources.list"
}

fetch ()
{
  write_sources
  say "fetching Debian's source package glib2.0 $version"
  private_apt apt-get -qq update >&2
  (
    cd "$work"
    private_apt apt-get -qq --download-only source "glib2.0${version:+=$version}" >&2 ||
      private_apt apt-get -qq --download-only source glib2.0 >&2
    dpkg-source --no-check -x ./*.dsc source >&2
  )
}

compile ()
{
  CC=$CC nice meson setup "$work/build" "$work/source" \
    --prefix="$target" --libdir=lib --buildtype=debugoptimized --wrap-mode=nodownload --auto-features=disabled \
    -Db_sanitize=thread -Db_lundef=false -Dtests=false -Dinstalled_tests=false -Dxattr=false \
    -Dman=false -Dgtk_doc=false -Dbsymbolic_functions=false &&
    nice ninja -C "$work/build" &&
    DESTDIR=$work/root nice meson install -C "$work/build" --no-rebuild
}

build ()
{
  say "building GLib with ThreadSanitizer ($CC); this is done once and takes a few minutes"
  compile >"$work/log" 2>&1 && return
  tail -n 40 "$work/log" >&2
  die "GLib did not build"
}

main ()
{
  version=$(source_version)
  target=$cache/glib-tsan-${version:-archive}-$(compiler_name)
  if [ ! -e "$target/lib/pkgconfig/glib-2.0.pc" ]; then
    need apt-get dpkg-source meson ninja "$CC"
    mkdir -p "$cache"
    work=$(mktemp -d "$cache/glib-tsan-work.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    trap 'exit 1' HUP INT TERM
    fetch
    build
    # Whoever comes second keeps what is there.
    mv -T "$work/root$target" "$target" 2>/dev/null || [ -e "$target/lib/pkgconfig/glib-2.0.pc" ] || die "cannot install in $target"
  fi
  printf '%s\n' "$target"
}

main
