/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/channel.h>

#include "lib/chain.h"
#include "lib/credits.h"
#include "lib/layout.h"
#include "lib/spin.h"
#include "lib/urgent.h"
#include "lib/waits.h"
#include "lib/waker.h"

typedef enum
{
  BUTLER__SENT,
  BUTLER__CLOSED_NOW,
  BUTLER__FULL_NOW,
  BUTLER__WOULD_DEADLOCK,
  BUTLER__CANCELLED,
} ButlerSendResult;

typedef enum
{
  BUTLER__MAY_WAIT,
  BUTLER__NEVER_WAIT,
  BUTLER__ABOVE_CAPACITY, /* it was accepted before */
} ButlerPatience;

/* What a server is asked to do between two messages; bits of the control word. */
typedef enum
{
  BUTLER__REQUEST_CLEAR = 1 << 0,
  BUTLER__REQUEST_KILL  = 1 << 1,
  BUTLER__REQUEST_SWAP  = 1 << 2,
  BUTLER__REQUEST_TIMER = 1 << 3, /* the next alarm is earlier than it was when the reader fell asleep */
  BUTLER__REQUEST_URGENT = 1 << 4, /* to look at the urgent lane; no reason to stop handing out messages, as the others are */
  BUTLER__REQUEST_RESTART = 1 << 5,
} ButlerRequest;

/* Stands before the first field of a group that is to have cache lines of its own. */
#define BUTLER__CACHE_LINE _Alignas (64)

/* The kinds of channel differ in how messages get from many hands into one; sleeping, waking, lanes and order are common. */
typedef struct
{
  /* Any thread. What is not BUTLER__SENT leaves @message with the caller. */
  ButlerSendResult (*put)      (ButlerChannel *channel, ButlerMessage *message, ButlerPatience patience);

  /* The reader: moves what is there, or with @all what is there in this moment, to channel->taken, newest first, and sets
   * channel->last. */
  void             (*take)     (ButlerChannel *channel, gboolean all);

  /* The reader, when it is about to sleep: is there something that channel->chain does not show? */
  gboolean         (*is_empty) (ButlerChannel *channel);

  /* Any thread: @n messages were discarded; what is handed out gives its room back by itself. (nullable) */
  void             (*give)     (ButlerChannel *channel, guint n);

  void             (*close)    (ButlerChannel *channel);
  void             (*reopen)   (ButlerChannel *channel);
} ButlerChannelKind;

extern const ButlerChannelKind butler__chain_kind;   /* unbounded: chain.c */
extern const ButlerChannelKind butler__bounded_kind; /* a chain with a capacity: chain.c */
extern const ButlerChannelKind butler__queue_kind;   /* that drops its oldest, or on request: queue.c */

/* butler__channel_kind_for() is the kind of a channel that is made so. */
const ButlerChannelKind *butler__channel_kind_for (guint          capacity,
                                                   ButlerOverflow overflow,
                                                   gboolean       as_queue);

/* Freed only with the hub, however long it is closed: a sender that was preempted after its CAS still wakes it.
 *
 * In the order of who writes, and each group on cache lines of its own, as what senders write with every message would take away from
 * the reader what it looks at before every message. */
struct _ButlerChannel
{
  gatomicrefcount          ref_count;

  /* Set when made, read-only afterwards. */
  ButlerOverflow           overflow;
  gboolean                 bounded;  /* it has credits: a capacity, and does not drop its oldest */
  char                    *name;     /* (owned) */
  const ButlerChannelKind *kind;
  ButlerWaits             *waits;    /* (owned) */
  GAsyncQueue             *queue;    /* (owned) (nullable): the messages of the queue kind; its lock is a leaf */
  ButlerHub               *hub;      /* (unowned) (nullable): whose it is; gone when the channel is closed for good */

  /* Senders, with every message; and the reader when it takes, and sleeps. */
  BUTLER__CACHE_LINE
  ButlerChain              chain;    /* the public lane. ASLEEP and CLOSED of both kinds live here */
  _Atomic gsize            accepted; /* relaxed; counted before the message is linked, so that it never lags behind consumed. The
                                      * bounded kind counts what it reserves instead, and urgent ones here */

  /* Any thread, seldom; the reader looks at it before each message. */
  BUTLER__CACHE_LINE
  ButlerChain              internal; /* replies, task results, releases, timers: publish (release), then kick() */
  _Atomic guint            control;  /* ButlerRequest bits: set, then kick(); acquired by the reader before each
                                      * message. Sequentially consistent, as reader, where it is set: see
                                      * butler__channel_request() */
  _Atomic (GThread *)      reader;   /* who has the reader's role: claim, release; NULL: nobody. Sequentially consistent:
                                      * see butler__channel_request() */

  /* The reader only, but for the relaxed loads of who asks for figures. */
  BUTLER__CACHE_LINE
  ButlerMessage           *ready;    /* in order */
  ButlerReversal           taken;
  ButlerReversal           internal_taken;
  gboolean                 hasty;    /* the last catch was small, but more than one: there is a stream */
  ButlerSpinner            spinner;
  gboolean                 last;     /* nothing will follow what was taken */
  gboolean                 armed;    /* ASLEEP was set; others may have taken it off since, and then owe a wake-up */
  _Atomic gsize            consumed; /* of accepted: handed out */
  _Atomic gsize            high_water; /* the most that waited at any take */

  /* Any thread, seldom. */
  BUTLER__CACHE_LINE
  ButlerServed             served;   /* who reads, or did so last */
  GMutex                   borrowing; /* held by who has the role only for a moment, as there is no reader; no message is freed
                                       * in it, and nothing locked but what the kind locks, and the graph of waits */
  ButlerWaker              waker;
  _Atomic gsize            discarded; /* relaxed: taken out unread, and dead */
  _Atomic gsize            dead[BUTLER_DEAD_REASONS]; /* relaxed */
  gboolean                 shut;     /* the queue kind, under the queue's lock: closed */
  gboolean                 abandoned; /* under the hub's mutex: its server was removed, and another may have it */

  /* Bounded ones: senders and the reader. */
  BUTLER__CACHE_LINE
  ButlerCredits            credits;

  /* Urgent messages: who sends them, and the reader. */
  BUTLER__CACHE_LINE
  ButlerUrgent             urgent;
};

ButlerChannel *butler__channel_new (const char    *name,
                                    guint          capacity,
                                    ButlerOverflow overflow,
                                    gboolean       as_queue,
                                    ButlerWaits   *waits);

/* butler__channel_send_value() moves @value into a message; @channel NULL is the case that nobody takes this type. @value is
 * zero afterwards, with BUTLER__NEVER_WAIT only if it was sent. */
gboolean butler__channel_send_value (ButlerChannel      *channel,
                                     const ButlerLayout *layout,
                                     gpointer            value,
                                     ButlerPatience      patience,
                                     GError            **error);

/* butler__channel_post_message() consumes @message in every case. */
gboolean butler__channel_post_message (ButlerChannel *channel,
                                       ButlerMessage *message,
                                       GError       **error);

/* butler__channel_post_accepted() is the same for what was accepted and held back: it never waits, and finds room above the capacity. */
gboolean butler__channel_post_accepted (ButlerChannel *channel,
                                        ButlerMessage *message,
                                        GError       **error);

/* butler__channel_send_value_urgent() is butler__channel_send_value() for the urgent lane. */
gboolean butler__channel_send_value_urgent (ButlerChannel      *channel,
                                            const ButlerLayout *layout,
                                            gpointer            value,
                                            GError            **error);

/* butler__channel_post_urgent() is butler__channel_post_message() for the urgent lane, where it never waits; with @accepted it was
 * accepted before. butler__channel_put_urgent() is the step within it: what is not BUTLER__SENT leaves @message with the caller. */
gboolean         butler__channel_post_urgent (ButlerChannel *channel,
                                              ButlerMessage *message,
                                              gboolean       accepted,
                                              GError       **error);
ButlerSendResult butler__channel_put_urgent  (ButlerChannel *channel,
                                              ButlerMessage *message,
                                              ButlerPatience patience);

/* butler__channel_put_internal() is for the library's own messages: they never wait, never count, are never dropped. FALSE once
 * the lane is closed; @message stays with the caller. */
gboolean butler__channel_put_internal (ButlerChannel *channel,
                                       ButlerMessage *message);

/* butler__channel_request() sets @request and lets a sleeping reader see it. */
void butler__channel_request (ButlerChannel *channel,
                              ButlerRequest  request);

/* butler__channel_kick() wakes a reader that sleeps, after something was published (release) beside the public lane. */
void butler__channel_kick (ButlerChannel *channel);

/* butler__channel_wake() is for whoever took ASLEEP off. */
void butler__channel_wake (ButlerChannel *channel);

/* butler__channel_note_high_water() looks how many wait just now. The reader. */
void butler__channel_note_high_water (ButlerChannel *channel);

/* butler__channel_count_dead() counts and logs @n messages of @channel that reach nobody. Any thread. */
void butler__channel_count_dead (ButlerChannel   *channel,
                                 ButlerDeadReason reason,
                                 gsize            n);

/* butler__channel_fail_ask() tells who waits for the answer to @message, if somebody does, that it is a dead letter of @channel. Any
 * thread; before it is freed. */
void butler__channel_fail_ask_slow (ButlerChannel   *channel,
                                    ButlerMessage   *message,
                                    ButlerDeadReason reason);

static inline void
butler__channel_fail_ask (ButlerChannel   *channel,
                          ButlerMessage   *message,
                          ButlerDeadReason reason)
{
  if (G_UNLIKELY (message->ask != NULL))
    butler__channel_fail_ask_slow (channel, message, reason);
}

/* butler__channel_put_unowned() is butler__channel_post_message() but for that @message stays with the caller if it is refused; @channel
 * NULL is the case that nobody takes this type. */
gboolean butler__channel_put_unowned (ButlerChannel *channel,
                                      ButlerMessage *message,
                                      GError       **error);

/* butler__channel_claim() gives the reader's role to the calling thread; FALSE if somebody has it, be it the same thread. Who only
 * clears or reopens a channel that has no reader is waited for. */
gboolean butler__channel_claim   (ButlerChannel *channel);
void     butler__channel_release (ButlerChannel *channel);

/* butler__channel_reserve() keeps the reader's role for a thread that is not there yet; FALSE if somebody has it. That thread takes it by
 * claim_reserved(); if there will be none, unreserve() gives it back. */
gboolean butler__channel_reserve        (ButlerChannel *channel);
void     butler__channel_claim_reserved (ButlerChannel *channel);
void     butler__channel_unreserve      (ButlerChannel *channel);

/* butler__channel_claim_from() is the same for a moment: *@before (transfer full) (nullable) is who read till now, for
 * butler__waits_hand_over() before the release. */
gboolean butler__channel_claim_from (ButlerChannel *channel,
                                     GThread      **before);
gboolean butler__channel_is_mine (ButlerChannel *channel);

/* butler__channel_answer_for() says, for the graph of waits, that the calling thread will see to it that somebody reads; not if somebody
 * does. */
void     butler__channel_answer_for (ButlerChannel *channel);

/* butler__channel_has_reader() does not count who only clears or reopens it. */
gboolean butler__channel_has_reader (ButlerChannel *channel);

/* Who has the reader's role only, from here on. */

/* butler__channel_next() is the next message in order (transfer full), or NULL if there is none, or control wants to be looked at. */
ButlerMessage *butler__channel_next (ButlerChannel *channel);

/* butler__channel_is_quiet() is TRUE when nothing but messages that are in order wants to be looked after: then butler__channel_pop()
 * is butler__channel_next(). */
static inline gboolean
butler__channel_is_quiet (ButlerChannel *channel)
{
  return channel->ready != NULL && channel->internal_taken.done == NULL
         && atomic_load_explicit (&channel->control, memory_order_acquire) == 0
         && atomic_load_explicit (&channel->internal.top, memory_order_relaxed) == 0;
}

/* The reader alone writes it: no RMW is needed. */
static inline void
butler__channel_count_consumed (ButlerChannel *channel)
{
  atomic_store_explicit (&channel->consumed, atomic_load_explicit (&channel->consumed, memory_order_relaxed) + 1,
                         memory_order_relaxed);
}

static inline ButlerMessage *
butler__channel_pop (ButlerChannel *channel)
{
  ButlerMessage *message = channel->ready;

  channel->ready = message->link;
  __builtin_prefetch ((const void *) ((guintptr) channel->ready + sizeof (ButlerMessage))); /* its payload, if there is one */
  message->link = NULL;
  butler__channel_count_consumed (channel);
  if (channel->bounded)
    butler__credits_hand_out (&channel->credits);
  return message;
}

/* butler__channel_next_urgent() is that of the urgent lane alone, whatever control says; it is not counted as consumed yet. */
ButlerMessage *butler__channel_next_urgent (ButlerChannel *channel);

/* butler__channel_next_internal() is the same for the internal lane. */
ButlerMessage *butler__channel_next_internal (ButlerChannel *channel);

/* butler__channel_has_internal() is TRUE while something lies on the internal lane, taken or not. */
gboolean butler__channel_has_internal (ButlerChannel *channel);

/* butler__channel_close_internal() is for when nobody runs that could still look after the lane: what lies there is dropped. */
void butler__channel_close_internal (ButlerChannel *channel);

/* butler__channel_clear_if_asked() sees to butler_channel_clear() by others. */
void butler__channel_clear_if_asked (ButlerChannel *channel);

/* butler__channel_is_final() is TRUE when the channel is closed and everything that it accepted was handed out. */
gboolean butler__channel_is_final (ButlerChannel *channel);

/* butler__channel_wait() sleeps in the queue until there is something, or @deadline (monotonic, µs; -1: for ever) has passed. */
void butler__channel_wait (ButlerChannel *channel,
                           gint64         deadline);

/* butler__channel_spin() looks for a moment whether something comes, and is TRUE if it did; else it is time to sleep. */
gboolean butler__channel_spin (ButlerChannel *channel,
                               gint64         deadline);

/* butler__channel_arm() says that the reader goes to sleep; FALSE if there is something to do. butler__channel_disarm() ends it; late
 * wake-ups are harmless. */
gboolean butler__channel_arm    (ButlerChannel *channel,
                                 ButlerSleep    how);
void     butler__channel_disarm (ButlerChannel *channel);

/* butler__channel_arm_internal() is the same for a reader that waits for the internal lane alone, while messages may lie in the public
 * one, or after it was closed. Each send wakes it too: an empty look is normal. With @unless_closed also closing the public one is
 * something to do. */
gboolean butler__channel_arm_internal (ButlerChannel *channel,
                                       ButlerSleep    how,
                                       gboolean       unless_closed);

/* butler__channel_wait_internal() sleeps so in the queue. */
void butler__channel_wait_internal (ButlerChannel *channel,
                                    gint64         deadline,
                                    gboolean       unless_closed);

/* butler__channel_wait_control() sleeps so until one of the ButlerRequest bits is set, and @unless_closed not in a channel that is closed:
 * what comes in any lane waits, but each message wakes it, and so does who closes it. */
void butler__channel_wait_control (ButlerChannel *channel,
                                   gint64         deadline,
                                   gboolean       unless_closed);

/* butler__channel_drop_request() forgets a request that the reader has seen to. */
void butler__channel_drop_request (ButlerChannel *channel,
                                   ButlerRequest  request);

/* butler__channel_is_asked() is TRUE while @request is set, or one of several. */
static inline gboolean
butler__channel_is_asked (ButlerChannel *channel,
                          guint          request)
{
  return (atomic_load_explicit (&channel->control, memory_order_acquire) & request) != 0;
}

/* butler__channel_has_work() is TRUE when it is of no use to sleep. */
gboolean butler__channel_has_work (ButlerChannel *channel);

/* butler__channel_has_taken() is TRUE while messages that were taken wait to be handed out. */
gboolean butler__channel_has_taken (ButlerChannel *channel);

/* butler__channel_discard() makes everything that waits in this moment dead letters, without putting it in order. */
void butler__channel_discard (ButlerChannel   *channel,
                              ButlerDeadReason reason);

/* Any thread: */

/* butler__channel_let_go() gives back the descriptors that its readers slept on, and the contexts; not if somebody reads from it. */
void butler__channel_let_go (ButlerChannel *channel);

/* butler__channel_reopen() makes a closed and drained channel as good as new, for the next run of its server; FALSE, and it stays as it
 * is, if somebody reads from it. */
gboolean butler__channel_reopen (ButlerChannel *channel);
