/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/threadbutler.h>

/* What tests of swapping and their plugin, tests/plugins/play.c, say to each other. A server of that plugin does what a function of
 * the test's says, from within its own handler: so a test sees which code handles what, and what the state is then. */

/* What stands in the plugin's file, and what tests write over its number: each file that they swap in says which one it is. */
#define PLAY_MARK "the number of this play"

typedef struct
{
  char    mark[sizeof PLAY_MARK];
  guint64 number;
} PlayStamp;

/* What a function of the test's is given by the code that runs. */
typedef struct
{
  guint64        number;  /* of the file in which that code lies */
  gpointer       state;
  gsize          size;    /* of the state */
  guint64       *count;   /* in the state: how many messages it had, with this one */
  gpointer      *data;    /* in the state: the test's own, which is carried along */
  char         **text;    /* in the state */
  ButlerContext *context;
  ButlerSwap    *swap;    /* in `swapped` only */

  /* Of the message, whichever layout of it that code knows. */
  gpointer       cue;
  guint32        writer;
  guint64        nth;
} PlayScene;

/* In a state's data, if it is not NULL. */
typedef struct
{
  gboolean (*swapped) (PlayScene *scene, gpointer data, GError **error);
  gpointer data;
} PlayCast;

#define PLAY_FIELDS(F, R)                                     \
  F (R, pointer, func) /* (nullable): void (*) (PlayScene *scene) */ \
  F (R, pointer, cue)                                         \
  F (R, uint32, writer)                                       \
  F (R, uint64, nth)
/* Another layout of it, in which a field is new, one is missing, and all stand in another place; any may be 0. */
#define OTHER_PLAY_FIELDS(F, R) \
  F (R, string, note)           \
  F (R, uint64, nth)            \
  F (R, pointer, cue)           \
  F (R, uint32, writer)         \
  F (R, pointer, func)
#ifdef PLAY_MESSAGE_OTHER
BUTLER_MESSAGE (Play, play, OTHER_PLAY_FIELDS);
#else
BUTLER_MESSAGE (Play, play, PLAY_FIELDS);
#endif

typedef void (*PlayFunc) (PlayScene *scene);

/* What the plugin's own code does; see there. */
#define DEED_FIELDS(F, R) \
  F (R, string, what)     \
  F (R, pointer, data)
BUTLER_MESSAGE (Deed, deed, DEED_FIELDS);

/* The answer to it. */
#define DONE_FIELDS(F, R)                              \
  F (R, string, what)                                  \
  F (R, uint64, number) /* of the code that says so */
BUTLER_MESSAGE (Done, done, DONE_FIELDS);
