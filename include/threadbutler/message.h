/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <string.h>
#include <threadbutler/record.h>

G_BEGIN_DECLS

#define BUTLER_TYPE_MESSAGE (butler_message_get_type ())

BUTLER_AVAILABLE_IN_1_0
GType          butler_message_get_type      (void) G_GNUC_CONST;
BUTLER_AVAILABLE_IN_1_0
ButlerMessage *butler_message_copy          (const ButlerMessage    *message);
BUTLER_AVAILABLE_IN_1_0
void           butler_message_free          (ButlerMessage          *message);
BUTLER_AVAILABLE_IN_1_0
const char    *butler_message_get_type_name (const ButlerMessage    *message);
BUTLER_AVAILABLE_IN_1_0
gpointer       butler_message_get           (ButlerMessage          *message,
                                             const ButlerRecordInfo *info);
BUTLER_AVAILABLE_IN_1_0
gpointer       butler_message_convert       (ButlerMessage          *message,
                                             const ButlerRecordInfo *info,
                                             GError                **error);
BUTLER_AVAILABLE_IN_1_0
GVariant      *butler_message_to_variant    (const ButlerMessage    *message,
                                             GError                **error);
BUTLER_AVAILABLE_IN_1_0
char          *butler_message_print         (const ButlerMessage    *message);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ButlerMessage, butler_message_free)

/* What only messages can do; the functions behind it are declared in ask.h, channel.h, context.h, hub.h and timer.h. */
/* The names end in _ so that they hide nothing of the program that includes them. */
#define BUTLER__MESSAGE_FUNCTIONS(Name, name)                                                                          \
  BUTLER__UNUSED static inline gboolean name##_send (ButlerHub *hub_, Name *value_, GError **error_)                   \
  {                                                                                                                    \
    return butler_hub_send (hub_, &name##_info, value_, error_);                                                       \
  }                                                                                                                    \
  BUTLER__UNUSED static inline gboolean name##_try_send (ButlerHub *hub_, Name *value_, GError **error_)               \
  {                                                                                                                    \
    return butler_hub_try_send (hub_, &name##_info, value_, error_);                                                   \
  }                                                                                                                    \
  BUTLER__UNUSED static inline gboolean name##_send_to (ButlerChannel *channel_, Name *value_, GError **error_)        \
  {                                                                                                                    \
    return butler_channel_send (channel_, &name##_info, value_, error_);                                               \
  }                                                                                                                    \
  BUTLER__UNUSED static inline gboolean name##_try_send_to (ButlerChannel *channel_, Name *value_, GError **error_)    \
  {                                                                                                                    \
    return butler_channel_try_send (channel_, &name##_info, value_, error_);                                           \
  }                                                                                                                    \
  BUTLER__UNUSED static inline gboolean name##_send_urgent (ButlerHub *hub_, Name *value_, GError **error_)            \
  {                                                                                                                    \
    return butler_hub_send_urgent (hub_, &name##_info, value_, error_);                                                \
  }                                                                                                                    \
  BUTLER__UNUSED static inline gboolean name##_send_urgent_to (ButlerChannel *channel_, Name *value_, GError **error_) \
  {                                                                                                                    \
    return butler_channel_send_urgent (channel_, &name##_info, value_, error_);                                        \
  }                                                                                                                    \
  BUTLER__UNUSED static inline guint name##_publish (ButlerHub *hub_, Name *value_, GError **error_)                   \
  {                                                                                                                    \
    return butler_hub_publish (hub_, &name##_info, value_, error_);                                                    \
  }                                                                                                                    \
  BUTLER__UNUSED static inline gboolean name##_subscribe (ButlerHub *hub_, ButlerChannel *channel_, GError **error_)   \
  {                                                                                                                    \
    return butler_hub_subscribe (hub_, &name##_info, channel_, error_);                                                \
  }                                                                                                                    \
  BUTLER__UNUSED static inline gboolean name##_unsubscribe (ButlerHub *hub_, ButlerChannel *channel_)                  \
  {                                                                                                                    \
    return butler_hub_unsubscribe (hub_, &name##_info, channel_);                                                      \
  }                                                                                                                    \
  BUTLER__UNUSED static inline gboolean name##_post (ButlerHub *hub_, Name *message_, GError **error_)                 \
  {                                                                                                                    \
    return butler_hub_post (hub_, &name##_info, message_, error_);                                                     \
  }                                                                                                                    \
  BUTLER__UNUSED static inline gboolean name##_post_to (ButlerChannel *channel_, Name *message_, GError **error_)      \
  {                                                                                                                    \
    return butler_channel_post (channel_, &name##_info, message_, error_);                                             \
  }                                                                                                                    \
  BUTLER__UNUSED static inline Name *name##_take (ButlerContext *context_)                                             \
  {                                                                                                                    \
    return (Name *) butler_context_take (context_, &name##_info);                                                      \
  }                                                                                                                    \
  BUTLER__UNUSED static inline Name *name##_get (ButlerMessage *message_)                                              \
  {                                                                                                                    \
    return (Name *) butler_message_get (message_, &name##_info);                                                       \
  }                                                                                                                    \
  BUTLER__UNUSED static inline Name *name##_from_message (ButlerMessage *message_, GError **error_)                    \
  {                                                                                                                    \
    return (Name *) butler_message_convert (message_, &name##_info, error_);                                           \
  }                                                                                                                    \
  BUTLER__UNUSED static inline void name##_ask_async (ButlerHub *hub_, Name *value_, int timeout_ms_,                  \
                                                      GCancellable *cancellable_, GAsyncReadyCallback callback_,       \
                                                      gpointer data_)                                                  \
  {                                                                                                                    \
    butler_hub_ask_async (hub_, &name##_info, value_, timeout_ms_, cancellable_, callback_, data_);                    \
  }                                                                                                                    \
  BUTLER__UNUSED static inline void name##_ask_async_to (ButlerChannel *channel_, Name *value_, int timeout_ms_,       \
                                                         GCancellable *cancellable_, GAsyncReadyCallback callback_,    \
                                                         gpointer data_)                                               \
  {                                                                                                                    \
    butler_channel_ask_async (channel_, &name##_info, value_, timeout_ms_, cancellable_, callback_, data_);            \
  }                                                                                                                    \
  BUTLER__UNUSED static inline ButlerMessage *name##_ask_finish (GAsyncResult *result_, GError **error_)               \
  {                                                                                                                    \
    return butler_ask_finish (result_, error_);                                                                        \
  }                                                                                                                    \
  BUTLER__UNUSED static inline ButlerMessage *name##_ask_sync (ButlerHub *hub_, Name *value_, int timeout_ms_,         \
                                                               GCancellable *cancellable_, GError **error_)            \
  {                                                                                                                    \
    return butler_hub_ask_sync (hub_, &name##_info, value_, timeout_ms_, cancellable_, error_);                        \
  }                                                                                                                    \
  BUTLER__UNUSED static inline ButlerMessage *name##_ask_sync_to (ButlerChannel *channel_, Name *value_,               \
                                                                  int timeout_ms_, GCancellable *cancellable_,         \
                                                                  GError **error_)                                     \
  {                                                                                                                    \
    return butler_channel_ask_sync (channel_, &name##_info, value_, timeout_ms_, cancellable_, error_);                \
  }                                                                                                                    \
  BUTLER__UNUSED static inline guint64 name##_send_later (ButlerServer *server_, Name *value_, gint64 delay_,          \
                                                          GError **error_)                                             \
  {                                                                                                                    \
    return butler_server_send_later (server_, &name##_info, value_, delay_, error_);                                   \
  }                                                                                                                    \
  BUTLER__UNUSED static inline guint64 name##_send_every (ButlerServer *server_, Name *value_, gint64 period_,         \
                                                          GError **error_)                                             \
  {                                                                                                                    \
    return butler_server_send_every (server_, &name##_info, value_, period_, error_);                                  \
  }                                                                                                                    \
  BUTLER__UNUSED static inline gboolean name##_reply (ButlerContext *context_, Name *value_)                           \
  {                                                                                                                    \
    return butler_context_reply (context_, &name##_info, value_);                                                      \
  }                                                                                                                    \
  BUTLER__UNUSED static inline void name##_return (ButlerTask *task_, Name *value_)                                    \
  {                                                                                                                    \
    butler_task_return (task_, &name##_info, value_);                                                                  \
  }                                                                                                                    \
  BUTLER__UNUSED static inline gboolean name##_route (ButlerHub *hub_, ButlerChannel *channel_, GError **error_)       \
  {                                                                                                                    \
    return butler_hub_route (hub_, &name##_info, channel_, error_);                                                    \
  }

#define BUTLER_MESSAGE(Name, name, FIELDS)                                                                             \
  BUTLER_RECORD (Name, name, FIELDS);                                                                                  \
  BUTLER__MESSAGE_FUNCTIONS (Name, name)                                                                               \
  G_STATIC_ASSERT (sizeof (Name) > 0)

/* Whether a copy of an opaque type's bytes is a copy is known to who made it alone. */
#ifdef __cplusplus
#define BUTLER__OPAQUE_FLAGS(Name, name, clear_func, copy_func)                                                        \
  static constexpr guint32 name##_flags_of (void (*clear) (Name *), void (*copy) (const Name *, Name *))               \
  {                                                                                                                    \
    return clear != nullptr && copy == nullptr ? (guint32) BUTLER_RECORD_NO_COPY : 0;                                  \
  }                                                                                                                    \
  BUTLER__UNUSED static constexpr guint32 name##_opaque_flags = name##_flags_of (clear_func, copy_func);
#else
#define BUTLER__OPAQUE_FLAGS(Name, name, clear_func, copy_func)                                                        \
  enum                                                                                                                 \
  {                                                                                                                    \
    name##_opaque_flags = _Generic ((copy_func),                                                                       \
      void (*) (const Name *, Name *): 0,                                                                              \
      default: _Generic ((clear_func), void (*) (Name *): BUTLER_RECORD_NO_COPY, default: 0))                          \
  };
#endif

/* A C type whose fields nobody names. clear_func (Name *value) frees what it owns and leaves it fit to be overwritten;
 * copy_func (const Name *value, Name *copy) fills copy, whose bytes are zero. Either may be NULL: nothing to free; bytes are the copy. */
#define BUTLER_OPAQUE_MESSAGE(Name, name, clear_func, copy_func)                                                       \
  typedef Name name##_record;                                                                                          \
  BUTLER__UNUSED static void name##_clear_opaque (gpointer value)                                                      \
  {                                                                                                                    \
    void (*clear) (Name *) = clear_func;                                                                               \
    if (clear != NULL)                                                                                                 \
      clear ((Name *) value);                                                                                          \
  }                                                                                                                    \
  BUTLER__UNUSED static void name##_copy_opaque (gconstpointer value, gpointer copy)                                   \
  {                                                                                                                    \
    void (*copy_to) (const Name *, Name *) = copy_func;                                                                \
    if (copy_to != NULL)                                                                                               \
      copy_to ((const Name *) value, (Name *) copy);                                                                   \
    else                                                                                                               \
      memcpy (copy, value, sizeof (Name));                                                                             \
  }                                                                                                                    \
  BUTLER__OPAQUE_FLAGS (Name, name, clear_func, copy_func)                                                             \
  BUTLER__FLAGGED_INFO (Name, name, name##_opaque_flags, 0, NULL, name##_clear_opaque, name##_copy_opaque);            \
  BUTLER__RECORD_FUNCTIONS (Name, name)                                                                                \
  BUTLER__MESSAGE_FUNCTIONS (Name, name)                                                                               \
  G_STATIC_ASSERT (sizeof (Name) > 0)

G_END_DECLS
