/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <glib-object.h>

/* As G_DEFINE_BOXED_TYPE, which -Wpedantic refuses for its union. */
#define BUTLER__DEFINE_BOXED(Name, name, copy, free)                                                                   \
  GType name##_get_type (void)                                                                                         \
  {                                                                                                                    \
    static gsize type = 0;                                                                                             \
                                                                                                                       \
    if (g_once_init_enter (&type))                                                                                     \
      g_once_init_leave (&type, g_boxed_type_register_static (g_intern_static_string (#Name), (GBoxedCopyFunc) (copy), \
                                                              (GBoxedFreeFunc) (free)));                               \
    return type;                                                                                                       \
  }                                                                                                                    \
  G_STATIC_ASSERT (TRUE)
