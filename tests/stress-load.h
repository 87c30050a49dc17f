/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include "tests/swap-plays.h"

/* What tests/stress-hub.c and its plugin, tests/plugins/load.c, say to each other. The plugin's handler calls the function in the
 * message's ticket; so does the handler of the program's own set. */

/* What a function of the test's is given by the code that runs. */
typedef struct
{
  guint64                 number;  /* of the file in which that code lies; 0: the program's own */
  guint64                 count;   /* in the state: how many messages it had, with this one */
  GBytes                 *ticket;  /* its data begins with a LoadHead */
  guint32                 from;
  guint64                 nth;
  const char             *text;
  const ButlerRecordInfo *info;    /* of the message as that code knows it */
  ButlerContext          *context;
} LoadScene;

typedef struct
{
  void (*func) (LoadScene *scene);
} LoadHead;

#define LOAD_FIELDS(F, R) \
  F (R, bytes,  ticket)   \
  F (R, uint32, from)     \
  F (R, uint64, nth)      \
  F (R, string, text)
/* Another layout of it, in which a field is new and all stand in another place. */
#define OTHER_LOAD_FIELDS(F, R) \
  F (R, string, text)           \
  F (R, strv,   notes)          \
  F (R, uint64, nth)            \
  F (R, uint32, from)           \
  F (R, bytes,  ticket)
#ifdef LOAD_OTHER
BUTLER_MESSAGE (Load, load, OTHER_LOAD_FIELDS);
#else
BUTLER_MESSAGE (Load, load, LOAD_FIELDS);
#endif

#define PORTER_FIELDS(F, R) \
  F (R, uint64, count)
#define OTHER_PORTER_FIELDS(F, R) \
  F (R, string, note)             \
  F (R, uint64, count)
#ifdef STATE_OTHER
BUTLER_RECORD (Porter, porter, OTHER_PORTER_FIELDS);
#else
BUTLER_RECORD (Porter, porter, PORTER_FIELDS);
#endif

/* A handler set of whoever includes this. */
#define PORTER_HANDLES(H, S) \
  H (S, load)

/* By the handlers, which stand beside a stamp of their own. */
static inline void
load_play (Porter        *self,
           Load          *load,
           ButlerContext *context,
           guint64        number)
{
  const LoadHead *head = g_bytes_get_data (load->ticket, NULL);
  LoadScene scene = { .number = number, .count = ++self->count, .ticket = load->ticket, .from = load->from, .nth = load->nth,
                      .text = load->text, .info = &load_info, .context = context };

  head->func (&scene);
}
