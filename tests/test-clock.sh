#!/bin/sh
# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: The ThreadButler authors
#
# test-clock.sh: whoever sets the clock moves no wait of the library: it knows the monotonic clock alone.

set -eu
# shellcheck source=tests/cases.sh
. "$top_srcdir/tests/cases.sh"

library=$top_builddir/.libs/libthreadbutler-1.so

# Of libc and GLib, whatever tells the time of day, or waits for one. (timerfd_create() has the clock as an argument: the next case sees it.)
others='^(time|ftime|gettimeofday|timespec_get|clock_nanosleep|pthread_(cond|mutex|rwlock)_timed[a-z]*|sem_timedwait|mq_timed[a-z]*|timer_create|setitimer|alarm|sleep|usleep|nanosleep|g_get_real_time|g_get_current_time|g_date_time_new_now[a-z_]*|g_cond_timed_wait|g_source_get_current_time)(@|$)'

imports ()
{
  "$NM" -D --undefined-only "$library" | sed 's/.* U //; s/^ *[UwvV] //'
}

imports_no_other_clock ()
{
  imports >"$work/imports" && grep -q '^g_get_monotonic_time' "$work/imports" && ! grep -E "$others" "$work/imports"
}

names_no_other_clock ()
{
  ! grep -nE 'CLOCK_(REALTIME|TAI|BOOTTIME)' "$top_srcdir"/lib/*.[ch]
}

# A program in which the time of day jumps at each look by a year, to and fro: what waits for an end of its own has it.
jumping_clock ()
{
  cat >"$work/clock.c" <<'END'
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long
jump (void)
{
  static _Atomic long looks;

  return looks++ % 2 == 0 ? 365L * 86400 : -365L * 86400;
}

int
clock_gettime (clockid_t clock, struct timespec *time)
{
  int result = (int) syscall (SYS_clock_gettime, clock, time);

  if (clock != CLOCK_MONOTONIC)
    time->tv_sec += jump ();
  return result;
}

int
gettimeofday (struct timeval *time, void *zone)
{
  struct timespec now;

  (void) zone;
  clock_gettime (CLOCK_REALTIME, &now);
  time->tv_sec = now.tv_sec;
  time->tv_usec = now.tv_nsec / 1000;
  return 0;
}
END
  # shellcheck disable=SC2086 # the compiler may have options
  $CC -shared -fPIC -o "$work/clock.so" "$work/clock.c"
}

# Waits with an end: for room, for messages, for what is held, at a stop, in a context, by a descriptor.
waits_end_while_it_jumps ()
{
  jumping_clock && for test in test-sleep test-hold test-server test-fd; do
    program=$top_builddir/tests/.libs/$test
    [ -x "$program" ] || program=$top_builddir/tests/$test
    [ -x "$program" ] || { echo "$test was not built"; return 1; }
    LD_LIBRARY_PATH=$top_builddir/.libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} LD_PRELOAD=$work/clock.so "$program" || return
  done
}

check "the library imports no clock but the monotonic one" imports_no_other_clock
check "its sources name no other one" names_no_other_clock
if "$NM" -D --undefined-only "$library" | grep -qE '__(asan|tsan)_init'; then
  echo "a sanitizer wants to be the first that is loaded: no jumps"
else
  check "waits end while the time of day jumps" waits_end_while_it_jumps
fi
finish
