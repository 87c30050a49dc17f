/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include "lib/channel.h"

/* What a handler does that others notice. The letters stand in recordings. */
typedef enum
{
  BUTLER__DEED_COPY    = 0,   /* a message on its way, as a part of another deed */
  BUTLER__DEED_SEND    = 's', /* outcome: 0, or 1 + the ButlerError with which it was refused */
  BUTLER__DEED_URGENT  = 'u', /* likewise */
  BUTLER__DEED_PUBLISH = 'p', /* outcome: how many got it */
  BUTLER__DEED_ASK     = 'a', /* outcome: the number of the question, from 1 */
  BUTLER__DEED_WAIT    = 'w', /* asks, and waits for the answer */
  BUTLER__DEED_REPLY   = 'r', /* outcome: somebody waited for it */
  BUTLER__DEED_LATER   = 'l', /* argument: the delay; outcome: the timer, or 0 */
  BUTLER__DEED_EVERY   = 'e', /* argument: the period; outcome: likewise */
  BUTLER__DEED_CANCEL  = 'c', /* argument: the timer; outcome: it was there */
} ButlerDeedKind;

typedef struct _ButlerEar ButlerEar;

typedef struct
{
  ButlerDeedKind         kind;
  const ButlerLayout    *layout;   /* of the record; NULL: a cancel */
  gconstpointer          value;    /* (unowned): the record */
  const ButlerMessage   *message;  /* (unowned) (nullable): that goes somewhere with it */
  struct _ButlerQuestion *question; /* (unowned): of an ask */
  gint64                 argument;
  gint64                 outcome;
  ButlerMessage         *reply;    /* (nullable): of a wait. Who takes the deed gives them (transfer full); who is told has them not */
  GError                *error;    /* (nullable): likewise, and of a send that is refused */
  ButlerEar             *ear;      /* (unowned) (nullable): who is told of the outcome */
} ButlerDeed;

/* Hears what one thread does, for as long as a handler runs on it. */
struct _ButlerEar
{
  gboolean (*hear)   (ButlerEar *ear, ButlerDeed *deed); /* TRUE: it is not to be done, and @deed says what came of it */
  void     (*told)   (ButlerEar *ear, const ButlerDeed *deed); /* (nullable): what came of what was heard last */
  ButlerEar *before;  /* (unowned) (nullable): of the handler around this one */
  guint      inside;  /* a deed goes on: messages are parts of it */
  GError    *refusal; /* (owned) (nullable): of what was heard last */
};

/* butler__ears_open() lets what is done look for ears at all, until butler__ears_close(); both count. Any thread. */
void butler__ears_open  (void);
void butler__ears_close (void);

/* butler__ear_begin() lets @ear hear what the calling thread does from now on, in the place of the one before. */
void butler__ear_begin (ButlerEar *ear);
void butler__ear_end   (ButlerEar *ear);

/* butler__ear_hear() is called by sends while ears are open: FALSE if @message is to be sent. */
gboolean butler__ear_hear (ButlerMessage *message,
                           gboolean       urgent);

/* butler__ear_refuses() is asked after that was TRUE: then @message was not consumed, but is not sent either. */
gboolean butler__ear_refuses (GError **error);

/* butler__ear_tell() is called by sends that were heard and then refused. */
void butler__ear_tell (int code);

/* butler__deed_begin() comes before what is no plain send; TRUE: it is not to be done, @deed says what came of it, and the record stays with
 * the caller. Else butler__deed_end() comes after it, with what came of it. */
gboolean butler__deed_begin (ButlerDeed *deed);
void     butler__deed_end   (ButlerDeed *deed);
