# SPDX-License-Identifier: MIT
# SPDX-FileCopyrightText: The ThreadButler authors

# BUTLER_CHECK_CFLAGS(VARIABLE, FLAGS): appends to VARIABLE each of FLAGS that the C compiler accepts.
# clang only warns about a flag that it does not know: -Werror makes that an answer.
AC_DEFUN([BUTLER_CHECK_CFLAGS], [
  for butler_flag in $2; do
    AS_VAR_PUSHDEF([butler_var], [butler_cv_cflag_$butler_flag])
    AC_CACHE_CHECK([whether $CC accepts $butler_flag], [butler_var], [
      butler_saved_cflags=$CFLAGS
      CFLAGS="$CFLAGS -Werror $butler_flag"
      AC_COMPILE_IFELSE([AC_LANG_PROGRAM()], [AS_VAR_SET([butler_var], [yes])], [AS_VAR_SET([butler_var], [no])])
      CFLAGS=$butler_saved_cflags
    ])
    AS_VAR_IF([butler_var], [yes], [AS_VAR_APPEND([$1], [" $butler_flag"])])
    AS_VAR_POPDEF([butler_var])
  done
])

# BUTLER_CHECK_FUZZER: whether $CC has libFuzzer; sets butler_has_fuzzer.
AC_DEFUN([BUTLER_CHECK_FUZZER], [
  AC_MSG_CHECKING([whether $CC has libFuzzer])
  butler_saved_cflags=$CFLAGS
  CFLAGS="$CFLAGS -fsanitize=fuzzer"
  AC_LINK_IFELSE([AC_LANG_SOURCE([[
int LLVMFuzzerTestOneInput (const unsigned char *data, unsigned long size);
int LLVMFuzzerTestOneInput (const unsigned char *data, unsigned long size) { (void) data; (void) size; return 0; }]])],
                 [butler_has_fuzzer=yes], [butler_has_fuzzer=no])
  AC_MSG_RESULT([$butler_has_fuzzer])
  CFLAGS=$butler_saved_cflags
])

# BUTLER_CHECK_SANITIZER(FLAGS): stops configure if a program built with FLAGS does not link.
AC_DEFUN([BUTLER_CHECK_SANITIZER], [
  AC_MSG_CHECKING([whether $CC links with $1])
  butler_saved_cflags=$CFLAGS
  CFLAGS="$CFLAGS $1"
  AC_LINK_IFELSE([AC_LANG_PROGRAM()], [AC_MSG_RESULT([yes])],
                 [AC_MSG_RESULT([no])
                  AC_MSG_ERROR([the sanitizer's library is missing for $CC])])
  CFLAGS=$butler_saved_cflags
])

# BUTLER_CHECK_CAF sets have_caf and CAF_LIBS. CAF has no .pc file; its API changes from one 0.x to the next.
AC_DEFUN([BUTLER_CHECK_CAF], [
  AC_LANG_PUSH([C++])
  AC_CACHE_CHECK([for CAF 0.17], [butler_cv_caf], [
    AC_COMPILE_IFELSE([AC_LANG_SOURCE([[
#include <caf/config.hpp>
#if CAF_VERSION / 100 != 17
#error another version
#endif
]])], [butler_cv_caf=yes], [butler_cv_caf=no])
  ])
  AC_LANG_POP([C++])
  have_caf=$butler_cv_caf
  AC_SUBST([CAF_LIBS], [-lcaf_core])
])
