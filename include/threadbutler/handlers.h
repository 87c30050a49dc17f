/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/context.h>
#include <threadbutler/policy.h>

G_BEGIN_DECLS

typedef void     (*ButlerHandlerFunc) (gpointer       self,
                                       gpointer       message,
                                       ButlerContext *context);
typedef gboolean (*ButlerStartFunc)   (gpointer       self,
                                       gconstpointer  settings,
                                       ButlerContext *context,
                                       GError       **error);
typedef void     (*ButlerStopFunc)    (gpointer       self,
                                       ButlerContext *context);
typedef gboolean (*ButlerSwappedFunc) (gpointer       self,
                                       gconstpointer  settings,
                                       ButlerSwap    *swap,
                                       ButlerContext *context,
                                       GError       **error);

/* Append-only: arrays of it are walked by the handler_size beside them. */
struct _ButlerHandler
{
  const ButlerRecordInfo *message;
  ButlerHandlerFunc       func;
};

/* What makes a server. Append-only: set_size says what is there; what is absent counts as zero. */
struct _ButlerHandlerSet
{
  guint32                 set_size;
  guint32                 flags;         /* 0 */
  const char             *name;
  const ButlerRecordInfo *state;
  const ButlerRecordInfo *settings;      /* (nullable) */
  const ButlerHandler    *handlers;
  guint32                 n_handlers;
  guint32                 handler_size;
  ButlerStartFunc         start;         /* (nullable): the first startup event */
  ButlerStopFunc          stop;          /* (nullable): the last shutdown event */
  const char             *doc;           /* (nullable): one line on what a server of this set does */
  ButlerSwappedFunc       swapped;       /* (nullable): takes over the state that another generation of the plugin left */
  const ButlerPolicy     *policy;        /* (nullable): what follows when a handler fails; BUTLER_POLICY() */
};

#define BUTLER__H_PROTO(set, message)                                                                                  \
  static void set##_on_##message (set##_record *self, message##_record *message, ButlerContext *context);              \
  static void set##_call_##message (gpointer self, gpointer message, ButlerContext *context)                           \
  {                                                                                                                    \
    set##_on_##message ((set##_record *) self, (message##_record *) message, context);                                 \
  }
#define BUTLER__H_ONCE(set, message)  set##_handles_##message,
#define BUTLER__H_ENTRY(set, message) { &message##_info, set##_call_##message },

/* Declares set_on_MESSAGE() for each message of the list: a wrong or a double one does not compile, a missing one does not link. */
#define BUTLER_HANDLERS(set, LIST)                                                                                     \
  LIST (BUTLER__H_PROTO, set)                                                                                          \
  enum                                                                                                                 \
  {                                                                                                                    \
    LIST (BUTLER__H_ONCE, set) set##_n_handlers                                                                        \
  };                                                                                                                   \
  static const ButlerHandler set##_handlers[] = { LIST (BUTLER__H_ENTRY, set) }

#ifndef __cplusplus
#define BUTLER__TYPED(type, func, as) ((as) _Generic (&(func), type: (func)))

#define BUTLER_HANDLER_SET(set)                                                                                        \
  .set_size = sizeof (ButlerHandlerSet), .name = #set, .state = &set##_info, .handlers = set##_handlers,               \
  .n_handlers = set##_n_handlers, .handler_size = sizeof (ButlerHandler)

/* gboolean func (Set *self, const Settings *settings, ButlerContext *context, GError **error) */
#define BUTLER_START(set, settings_name, func)                                                                         \
  .settings = &settings_name##_info,                                                                                   \
  .start = BUTLER__TYPED (                                                                                             \
      gboolean (*) (set##_record *, const settings_name##_record *, ButlerContext *, GError **), func, ButlerStartFunc)

/* For a set without settings: gboolean func (Set *self, gconstpointer none, ButlerContext *context, GError **error) */
#define BUTLER_START_PLAIN(set, func)                                                                                  \
  .start = BUTLER__TYPED (gboolean (*) (set##_record *, gconstpointer, ButlerContext *, GError **), func, ButlerStartFunc)

/* void func (Set *self, ButlerContext *context) */
#define BUTLER_STOP(set, func) .stop = BUTLER__TYPED (void (*) (set##_record *, ButlerContext *), func, ButlerStopFunc)

/* gboolean func (Set *self, const Settings *settings, ButlerSwap *swap, ButlerContext *context, GError **error); a set without
 * settings has BUTLER_SWAPPED_PLAIN() and gconstpointer for them */
#define BUTLER_SWAPPED(set, settings_name, func)                                                                       \
  .swapped = BUTLER__TYPED (                                                                                           \
      gboolean (*) (set##_record *, const settings_name##_record *, ButlerSwap *, ButlerContext *, GError **), func,   \
      ButlerSwappedFunc)
#define BUTLER_SWAPPED_PLAIN(set, func)                                                                                \
  .swapped = BUTLER__TYPED (gboolean (*) (set##_record *, gconstpointer, ButlerSwap *, ButlerContext *, GError **),    \
                            func, ButlerSwappedFunc)

#define BUTLER_DOC(text) .doc = (text)

/* BUTLER_ON_FAILURE (BUTLER_FAILURE_RESTART), or with more members of ButlerPolicy: (BUTLER_FAILURE_RESTART, .restarts = 3) */
#define BUTLER_ON_FAILURE(...) .policy = BUTLER_POLICY (.on_failure = __VA_ARGS__)
#endif

G_END_DECLS
