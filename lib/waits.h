/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <glib.h>
#include <stdatomic.h>

/* Who waits for whom, in one hub. Whoever is about to sleep until another thread has done something (a blocking send, a stop from a
 * handler) enters here first; a wait that would close a cycle is refused. The node of the graph is the thread, not the
 * server: a handler that dispatches a second server waits for both. */
typedef struct _ButlerWaits ButlerWaits;

/* What can be waited for: something that one thread at a time serves. */
typedef struct _ButlerServed ButlerServed;
struct _ButlerServed
{
  _Atomic (GThread *) *now;       /* (unowned): where it stands who serves it at the moment; set when made */

  /* (owned) (nullable): who serves it, or did so last. Changed under the graph's mutex, read by butler__served_by().
   * Relaxed: it is only compared. Without that mutex the reader looks at it, and a walk in the graph of another hub,
   * from which a question was posted on. */
  _Atomic (GThread *)  thread;

  /* Changed and read under the graph's mutex. */
  gboolean             cancelled; /* who serves it waits no more, until butler__waits_allow() */
  gboolean             awaits;    /* who serves it waits for its errands */
  ButlerServed        *next;      /* of those that are cancelled */
  guint                admits;    /* ButlerAdmits: its server is to stand still: those that are to do so too need not wait for it */
};

/* butler__served_by() is (nullable): a thread to be compared with another one. Any thread. */
static inline const GThread *
butler__served_by (const ButlerServed *served)
{
  return atomic_load_explicit (&served->thread, memory_order_relaxed);
}

typedef struct _ButlerWait ButlerWait;
struct _ButlerWait
{
  ButlerWait         *next;
  GThread            *waiter;    /* (unowned): it stands in this wait */
  const ButlerServed *served;    /* (unowned) */
  gboolean          (*blocked) (gpointer data); /* (nullable): FALSE if it is over, and the waiter has only not come to see it */
  void              (*wake) (gpointer data); /* ends the sleep early, after cancelled was set */
  gpointer            data;
  guint               walk;      /* under the graph's mutex: the last walk that came by */
  _Atomic int         cancelled; /* a ButlerWaitEnd; release by who ends the wait, acquire by the waiter */
};

/* Why what serves one channel does not wait for room in another one. */
typedef enum
{
  BUTLER__ADMITS_HALT = 1 << 0,     /* both are to stand still for a swap */
  BUTLER__ADMITS_TOGETHER = 1 << 1, /* both are to restart together */
} ButlerAdmits;

typedef enum
{
  BUTLER__WAIT_GOES_ON,
  BUTLER__WAIT_CANCELLED, /* by butler__waits_cancel() */
  BUTLER__WAIT_REFUSED,   /* by butler__waits_await_errands() or _insist(): it came to be a cycle */
} ButlerWaitEnd;

/* A thread that works for who serves something, which waits for it now or later, such as that of a task. */
typedef struct _ButlerErrand ButlerErrand;
struct _ButlerErrand
{
  ButlerErrand       *next;
  GThread            *thread; /* (unowned): it stands in this errand */
  const ButlerServed *home;   /* (unowned) (nullable): NULL when nobody waits for it any more */
  guint               walk;   /* under the graph's mutex: the last walk that came by */
};

ButlerWaits *butler__waits_new   (void);
ButlerWaits *butler__waits_ref   (ButlerWaits *waits);
void         butler__waits_unref (ButlerWaits *waits);

/* butler__waits_serve() says that the calling thread serves @served from now on. */
void butler__waits_serve (ButlerWaits  *waits,
                          ButlerServed *served);

/* butler__waits_hand_over() says that @thread (transfer full) (nullable) serves @served, as it did before somebody else did so for a
 * moment; (transfer full) (nullable): who did so till now. */
GThread *butler__waits_hand_over (ButlerWaits  *waits,
                                  ButlerServed *served,
                                  GThread      *thread);

/* butler__waits_is_mine() is TRUE if the calling thread serves @served, or did so last. */
gboolean butler__waits_is_mine (ButlerWaits  *waits,
                                ButlerServed *served);

/* butler__waits_forget() says that who served @served so far will not do so again. Called by who does, or when nobody does. */
void butler__waits_forget (ButlerWaits  *waits,
                           ButlerServed *served);

/* butler__served_clear() lets go of the thread; nobody serves @served or waits for it any more. */
void butler__served_clear (ButlerWaits  *waits,
                           ButlerServed *served);

/* butler__waits_enter() is FALSE if the calling thread would wait for itself, directly or through others. @wake may be NULL if the
 * wait ends anyway; it is called with the graph's mutex held and must only wake. The wait is cancelled from the start if the
 * calling thread serves what was cancelled. */
gboolean butler__waits_enter (ButlerWaits        *waits,
                              ButlerWait         *wait,
                              const ButlerServed *served,
                              void              (*wake) (gpointer data),
                              gpointer            data);
void     butler__waits_leave (ButlerWaits        *waits,
                              ButlerWait         *wait);

/* butler__waits_insist() is the same for who cannot go another way: of a cycle that it would close, the wait is ended in which who is
 * waited for, or one of its errands, stands. With the hub's mutex held, as a wake() may need it. */
void     butler__waits_insist       (ButlerWaits        *waits,
                                     ButlerWait         *wait,
                                     const ButlerServed *served);

/* butler__waits_enter_while() is the same as butler__waits_enter() for a wait that may be over before the waiter leaves it, or before it has entered: then it
 * closes no cycle. Whoever finds after waking that it is not over must enter anew before it sleeps again. @blocked too is called with the mutex held. */
gboolean butler__waits_enter_while (ButlerWaits        *waits,
                                    ButlerWait         *wait,
                                    const ButlerServed *served,
                                    gboolean          (*blocked) (gpointer data),
                                    void              (*wake) (gpointer data),
                                    gpointer            data);

/* butler__waits_admit() says whether @served admits, because of @why, who serves another one that does so, as for them to wait would be to
 * wait for each other. butler__waits_is_admitted() is TRUE if the calling thread need not wait for @served. */
void     butler__waits_admit       (ButlerWaits        *waits,
                                    ButlerServed       *served,
                                    ButlerAdmits        why,
                                    gboolean            admits);
gboolean butler__waits_is_admitted (ButlerWaits        *waits,
                                    const ButlerServed *served);

/* butler__waits_cancel() ends all waits in which the thread that serves @served stands, and those that it enters later; until
 * butler__waits_allow(). */
void butler__waits_cancel (ButlerWaits  *waits,
                           ButlerServed *served);
void butler__waits_allow  (ButlerWaits  *waits,
                           ButlerServed *served);

/* butler__waits_begin_errand() says that the calling thread works for who serves @home, until butler__waits_end_errand(). */
void butler__waits_begin_errand (ButlerWaits        *waits,
                                 ButlerErrand       *errand,
                                 const ButlerServed *home);
void butler__waits_end_errand   (ButlerWaits        *waits,
                                 ButlerErrand       *errand);

/* butler__waits_await_errands() says that who serves @home waits for its errands, until butler__waits_have_errands(). A wait in which one
 * of them stands and that would close a cycle with this is ended. With a hub's mutex held, as its wake() may need it. */
void butler__waits_await_errands (ButlerWaits  *waits,
                                  ButlerServed *home);
void butler__waits_have_errands  (ButlerWaits  *waits,
                                  ButlerServed *home);

/* butler__waits_forget_errands() says that who serves @home will not wait for those that are under way. */
void butler__waits_forget_errands (ButlerWaits        *waits,
                                   const ButlerServed *home);
