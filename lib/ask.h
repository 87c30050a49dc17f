/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <stdatomic.h>
#include <threadbutler/ask.h>
#include <threadbutler/error.h>

#include "lib/channel.h"

/* Somebody waits for the answer to a message. It ends once: by the first of a reply, a failure, the end of the message without either, a
 * time-out and a cancel; who comes later finds it over. Then it is delivered, once, to where it was asked. It has two owners, the message
 * and who asked; whoever else may end it has a reference too. */
typedef struct _ButlerQuestion ButlerQuestion;
struct _ButlerQuestion
{
  ButlerAsk        header;
  gatomicrefcount  ref_count;

  /* Set when made, read-only afterwards. */
  const char      *type; /* of the message; never freed */
  void           (*deliver) (ButlerQuestion *question); /* who has a reference; with the result in place, on any thread */
  void           (*free)    (ButlerQuestion *question);

  _Atomic (ButlerChannel *) place; /* (unowned) (nullable): where the message is, or was last. Relaxed: only compared, in lib/guard.c */

  _Atomic gboolean over;  /* who sets it first writes the result, which is published by parts. acq_rel, and acquired by
                           * who asks: what was done before the end is seen by who finds that it has ended */
  _Atomic guint    parts; /* what is missing before it can be delivered: the end, and all of its begin. acq_rel: who takes off the last
                           * one sees what the other has written */

  /* Who found over unset; after the delivery who asked. */
  ButlerMessage   *reply; /* (owned) (nullable) */
  GError          *error; /* (owned) (nullable) */
};

/* butler__question_init() gives one reference. */
void butler__question_init  (ButlerQuestion     *question,
                             const ButlerLayout *layout,
                             void              (*deliver) (ButlerQuestion *question),
                             void              (*free_func) (ButlerQuestion *question));
void butler__question_clear (ButlerQuestion *question);

/* butler__question_move() says that its message goes on to @channel; what has a `move` of its own calls it. */
void butler__question_move  (ButlerAsk     *ask,
                             ButlerChannel *channel);

ButlerQuestion *butler__question_ref   (ButlerQuestion *question);
void            butler__question_unref (ButlerQuestion *question);

/* butler__question_end() consumes @reply or @error; FALSE if it was over. */
gboolean butler__question_end (ButlerQuestion *question,
                               ButlerMessage  *reply,
                               GError         *error);

/* butler__question_fail() is that with an error of BUTLER_ERROR; @why goes on after "TYPE was not answered: ". */
gboolean butler__question_fail (ButlerQuestion *question,
                                ButlerError     code,
                                const char     *why);

/* butler__question_begun() is called when all is in place that a delivery needs. It may be delivered within. */
void butler__question_begun (ButlerQuestion *question);

/* butler__question_send() moves @value into a message that carries the question. What is refused ends it. */
void butler__question_send (ButlerQuestion     *question,
                            ButlerChannel      *channel,
                            const ButlerLayout *layout,
                            gpointer            value);

/* butler__question_watch() lets @cancellable (nullable) end it; what it returns is for g_cancellable_disconnect(). */
gulong butler__question_watch (ButlerQuestion *question,
                               GCancellable   *cancellable);

/* butler__ask_deadline() is monotonic, µs; -1: none. */
gint64 butler__ask_deadline (int timeout_ms);

/* butler__ask_result_new() is what the callback is given; consumes @reply and @error. ask-result.c. */
GAsyncResult *butler__ask_result_new (ButlerMessage *reply,
                                      GError        *error,
                                      gpointer       data);

/* butler__context_keep_ask() is called when the message of @context is about to be taken out of it. reply.c. */
void butler__context_keep_ask (ButlerContext *context);
void butler__context_drop_ask (ButlerContext *context);
