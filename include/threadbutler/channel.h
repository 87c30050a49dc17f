/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/message.h>

G_BEGIN_DECLS

#define BUTLER_TYPE_CHANNEL (butler_channel_get_type ())

/* What a channel does with a message that comes when its capacity is used up. */
typedef enum
{
  BUTLER_OVERFLOW_FAIL,        /* refuse it: BUTLER_ERROR_FULL */
  BUTLER_OVERFLOW_BLOCK,       /* let the sender wait */
  BUTLER_OVERFLOW_DROP_NEWEST, /* it becomes a dead letter */
  BUTLER_OVERFLOW_DROP_OLDEST, /* the one that waited longest becomes a dead letter */
} ButlerOverflow;

/* Why an accepted message reached no handler. */
typedef enum
{
  BUTLER_DEAD_DROPPED,   /* the channel was full: drop-newest, drop-oldest */
  BUTLER_DEAD_CLEARED,   /* butler_channel_clear() */
  BUTLER_DEAD_KILLED,    /* butler_server_kill() */
  BUTLER_DEAD_UNHANDLED, /* the reader has no handler for its type */
  BUTLER_DEAD_LAYOUT,    /* it cannot be converted to the reader's layout */
  BUTLER_DEAD_UNSTARTED, /* it waited for a server that failed to start */
  BUTLER_DEAD_LATE,      /* internal: it belongs to an earlier run of the server, or came after its end */
  BUTLER_DEAD_HUB_GONE,  /* the hub was freed and nobody had read it */
  BUTLER_DEAD_FAILED,    /* it waited for a server that its failure policy ended */
  BUTLER_DEAD_POISON,    /* its handler failed on it too often */
  BUTLER_DEAD_REASONS    /* their number */
} ButlerDeadReason;

BUTLER_AVAILABLE_IN_1_0
GType          butler_channel_get_type         (void) G_GNUC_CONST;
BUTLER_AVAILABLE_IN_1_0
ButlerChannel *butler_channel_ref              (ButlerChannel          *channel);
BUTLER_AVAILABLE_IN_1_0
void           butler_channel_unref            (ButlerChannel          *channel);

BUTLER_AVAILABLE_IN_1_0
gboolean       butler_channel_send             (ButlerChannel          *channel,
                                                const ButlerRecordInfo *info,
                                                gpointer                value,
                                                GError                **error);
BUTLER_AVAILABLE_IN_1_0
gboolean       butler_channel_try_send         (ButlerChannel          *channel,
                                                const ButlerRecordInfo *info,
                                                gpointer                value,
                                                GError                **error);
BUTLER_AVAILABLE_IN_1_0
gboolean       butler_channel_send_urgent      (ButlerChannel          *channel,
                                                const ButlerRecordInfo *info,
                                                gpointer                value,
                                                GError                **error);
BUTLER_AVAILABLE_IN_1_0
gboolean       butler_channel_post             (ButlerChannel          *channel,
                                                const ButlerRecordInfo *info,
                                                gpointer                record,
                                                GError                **error);
BUTLER_AVAILABLE_IN_1_0
ButlerMessage *butler_channel_receive          (ButlerChannel          *channel,
                                                gint64                  timeout,
                                                GError                **error);
BUTLER_AVAILABLE_IN_1_0
void           butler_channel_close            (ButlerChannel          *channel);
BUTLER_AVAILABLE_IN_1_0
void           butler_channel_clear            (ButlerChannel          *channel);

BUTLER_AVAILABLE_IN_1_0
const char    *butler_channel_get_name         (ButlerChannel          *channel);
BUTLER_AVAILABLE_IN_1_0
guint          butler_channel_get_capacity     (ButlerChannel          *channel);
BUTLER_AVAILABLE_IN_1_0
ButlerOverflow butler_channel_get_overflow     (ButlerChannel          *channel);
BUTLER_AVAILABLE_IN_1_0
gsize          butler_channel_get_length       (ButlerChannel          *channel);
BUTLER_AVAILABLE_IN_1_0
gboolean       butler_channel_is_closed        (ButlerChannel          *channel);
BUTLER_AVAILABLE_IN_1_0
guint64        butler_channel_get_accepted     (ButlerChannel          *channel);
BUTLER_AVAILABLE_IN_1_0
guint64        butler_channel_get_dead_letters (ButlerChannel          *channel,
                                                ButlerDeadReason        reason);
BUTLER_AVAILABLE_IN_1_0
const char    *butler_dead_reason_to_string    (ButlerDeadReason        reason);
BUTLER_AVAILABLE_IN_1_0
const char    *butler_overflow_to_string       (ButlerOverflow          overflow);
BUTLER_AVAILABLE_IN_1_0
gboolean       butler_overflow_from_string     (const char             *text,
                                                ButlerOverflow         *overflow,
                                                GError                **error);

/* The longest time, in microseconds, for butler_set_spin_limit(). */
#define BUTLER_SPIN_LIMIT_MAX 10000

BUTLER_AVAILABLE_IN_1_0
void            butler_set_spin_limit          (guint                   microseconds);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ButlerChannel, butler_channel_unref)

G_END_DECLS
