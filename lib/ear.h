/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include "lib/channel.h"

typedef enum
{
  BUTLER__EAR_PASSES,
  BUTLER__EAR_KEEPS,   /* it goes no further, and was consumed */
  BUTLER__EAR_REFUSES, /* as if there were no room: it stays with who sends it */
} ButlerEarVerdict;

/* Hears what one thread sends, for as long as a handler runs on it. */
typedef struct _ButlerEar ButlerEar;
struct _ButlerEar
{
  ButlerEarVerdict (*hear)   (ButlerEar *ear, ButlerMessage *message);
  void             (*refuse) (ButlerEar *ear); /* (nullable): for what was heard last there was no room: it was not sent */
  ButlerEar         *before;  /* (unowned) (nullable): of the handler around this one */
  gboolean           refuses; /* what was heard last */
};

/* butler__ears_open() lets sends look for ears at all, until butler__ears_close(); both count. Any thread. */
void butler__ears_open  (void);
void butler__ears_close (void);

/* butler__ear_begin() lets @ear hear what the calling thread sends from now on, in the place of the one before. */
void butler__ear_begin (ButlerEar *ear);
void butler__ear_end   (ButlerEar *ear);

/* butler__ear_hear() is called by sends while ears are open: FALSE if @message is to be sent. */
gboolean butler__ear_hear (ButlerMessage *message);

/* butler__ear_refuses() is asked after that was TRUE: then @message was not consumed, but is not sent either. */
gboolean butler__ear_refuses (const ButlerMessage *message,
                              GError             **error);

/* butler__ear_refuse() is called by sends that were heard and found no room. */
void butler__ear_refuse (void);
