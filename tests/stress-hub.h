/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include "tests/leftovers.h"
#include "tests/servers.h"
#include "tests/stress-load.h"

/* The parts of tests/stress-hub.c. A field is one hub with its servers, those who load it from outside, and those who make trouble. */

#define SERVERS 50
#define SUPERVISORS 5 /* the first of them */
#define DRIVERS 4     /* threads that are no servers */
#define SENDERS (SERVERS + DRIVERS)
#define LANES 2       /* normal, urgent */

typedef struct _Field Field;

/* Messages, each with a ticket (stress-hub-ticket.c) */

typedef enum
{
  TICKET_SENT,      /* to one server, by any way of sending */
  TICKET_ASKED,
  TICKET_ONCE,      /* by a timer */
  TICKET_OFTEN,
  TICKET_RESULT,    /* of a task */
  TICKET_REPLY,     /* an answer: no server handles it */
  TICKET_PUBLISHED, /* one for all copies */
  N_TICKETS
} TicketKind;

/* What became of a message in the end; of OFTEN and PUBLISHED, which are handled several times, nothing is said. */
typedef enum
{
  FATE_PENDING, /* no handler has seen it */
  FATE_HANDLED,
  FATE_TRIED,   /* its handler failed on it, and it may be tried again */
} Fate;

/* Touched by who has the message, one after the other; of PUBLISHED several have copies. */
typedef struct
{
  LoadHead         head;
  Field           *field;
  TicketKind       kind;
  guint            to;
  guint            lane;
  guint            hops;      /* how many more may come of it */
  gsize            size;      /* of the text */
  char             letter;    /* of which that is made */
  gboolean         in_order;  /* among those of its sender, receiver and lane */
  Fate             fate;
  _Atomic guint    calls;     /* of handlers */
  _Atomic gboolean cancelled; /* its timer was: no handler sees it any more */
} Ticket;

/* Who sends: one thread at a time. */
typedef struct
{
  Field   *field;
  guint32  id;
  GRand   *rand;
  guint    open;                 /* its questions whose end it has not heard of */
  guint64  sent[SERVERS][LANES]; /* the number of the next one */
} Sender;

/* One place for a server; each time it is taken by another one of the same name. */
typedef struct
{
  Field           *field;
  guint            index;
  char             name[8];
  GMutex           gate;    /* who starts, removes and makes it anew, from outside; locked before @mutex of the field */
  ButlerServer    *server;  /* (owned): under the field's mutex */
  _Atomic (ButlerChannel *) channel; /* (unowned): the hub keeps it, whoever reads it */
  guint            poison;  /* of its policy */
  ButlerServerStats past;   /* of those that were removed: numbers only; under the gate */

  /* Its thread only. */
  Sender           sender;
  guint64          next[SENDERS][LANES];
  guint64          count;   /* messages since its state was made */
  guint64          number;  /* of the code that handled the last one */
  guint64          timer;   /* the last that it set; 0: none */
  GBytes          *timed;   /* (owned) (nullable): the ticket of that */

  /* Any thread; read when all is over. */
  _Atomic guint64  accepted;      /* sends that succeeded */
  _Atomic guint64  refused;       /* that did not */
  _Atomic guint64  shared;        /* handled: OFTEN and PUBLISHED */
  _Atomic guint64  published;     /* of those: PUBLISHED */
  _Atomic guint64  fates[N_TICKETS][3]; /* of the others, when they were freed */
} Slot;

/* What happened in a field; any thread. */
typedef struct
{
  _Atomic guint64 alive;         /* tickets */
  _Atomic guint64 calls;         /* of handlers */
  _Atomic guint64 asks, answers; /* questions, and ends of them */
  _Atomic guint64 replies;       /* ends with an answer */
  _Atomic guint64 copies;        /* that publishers were told of */
  _Atomic guint64 timers, cancelled;
  _Atomic guint64 failures;      /* of handlers */
  _Atomic guint64 tasks, tasks_ended;
  _Atomic guint64 swaps, swaps_given_up, ends, revivals, removals;
} Tally;

struct _Field
{
  guint32          seed;
  Leftovers        left;
  ButlerHub       *hub;
  ButlerModule    *module;
  char            *plugin;    /* (owned): the file that swaps exchange */
  guint64          stamp;     /* of the file that was put there last; the swapper only */
  GMutex           mutex;
  GCond            changed;   /* room for more tickets, or it is over */
  gboolean         is_over;   /* under the mutex, and: */
  _Atomic gboolean stops;     /* nothing new is begun */
  ButlerChannel   *ends;      /* monitors tell the doctor */
  GAsyncQueue     *troubles;  /* wishes for one, by those who handle; the field itself: no more */
  GAsyncQueue     *swaps;
  Slot             slots[SERVERS];
  Sender           drivers[DRIVERS];
  Tally            tally;
};

static inline void
add (_Atomic guint64 *number,
     guint64          n)
{
  atomic_fetch_add_explicit (number, n, memory_order_relaxed);
}

static inline guint
dice (Sender *sender,
      guint   sides)
{
  return (guint) g_rand_int_range (sender->rand, 0, (gint32) sides);
}

/* stress-hub-ticket.c */

/* (transfer full): to be sent, asked, ... to @to; counted until its last copy is freed. */
Load     ticket_new        (Field      *field,
                            Sender     *sender,
                            TicketKind  kind,
                            guint       to,
                            guint       lane,
                            guint       hops);
Ticket  *ticket_of         (GBytes     *bytes);
/* Waits until there are not too many of them, or it is over. */
void     tickets_await_room (Field     *field);
/* One that a handler was given: is it as it was sent, and in its turn? */
void     ticket_check      (Slot       *slot,
                            LoadScene  *scene);

/* stress-hub-acts.c */

/* The handler of all messages. */
void     act_handle        (LoadScene  *scene);
/* By who is no server. */
void     act_outside       (Field      *field,
                            Sender     *sender);

/* stress-hub-ask.c */

void     ask_async         (Field      *field,
                            Sender     *sender,
                            guint       to);
void     ask_sync          (Field      *field,
                            Sender     *sender,
                            guint       to);
/* In the handler of what was asked: answers, at once or by a task, fails, or is silent. */
void     ask_answer        (Slot       *slot,
                            ButlerContext *context);

/* stress-hub-trouble.c */

void     trouble_plant     (Field      *field);
gpointer trouble_make      (gpointer    field);
gpointer trouble_heal      (gpointer    field);
/* From within a handler. */
void     trouble_stop      (Field      *field,
                            guint       slot,
                            ButlerContext *context);
/* (transfer full) */
ButlerServer *trouble_get_server (Slot *slot);

/* stress-hub-swap.c */

void     swap_load         (Field      *field);
void     swap_put          (Field      *field,
                            const char *plugin);
gpointer swap_many         (gpointer    field);
void     swap_settle       (Field      *field);

/* stress-hub-audit.c: when nothing runs any more. */

void     audit             (Field      *field);
void     audit_hang        (Field      *field);
void     audit_tell        (const Field *field);
