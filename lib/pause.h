/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

/* butler__pause() is for loops that wait for another CPU: it leaves the core to its sibling, and the memory bus alone. */
static inline void
butler__pause (void)
{
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause ();
#elif defined(__aarch64__) || defined(__arm__)
  __asm__ volatile ("yield");
#else
  __asm__ volatile ("" ::: "memory");
#endif
}
