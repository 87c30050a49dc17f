/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include "lib/move.h"

/* How a server comes over to another generation of its plugin, between two messages, by whoever has the reader's role.
 *
 * A swap is announced by a bit of the control word of each server's channel. All bits of a swap are set under the hub's mutex, before
 * the new generation can be had, and who sees one takes that mutex: so nobody runs new code before all bits are set. A message that
 * new code sends is linked after that, and its reader looks at the bit after it took it out: it cannot handle that message in old
 * code. That bit takes the place of an epoch of the hub: it also wakes who sleeps, and a swap disturbs no other server. */

/* All servers of a swap stand still at a boundary until its fate is known. */
typedef enum
{
  BUTLER__HALT_WAITING,  /* for servers that have not gone on after an earlier swap; nobody is asked yet */
  BUTLER__HALT_ARRIVING, /* they come to a boundary */
  BUTLER__HALT_CHANGING, /* all stand still; each makes its new state */
  BUTLER__HALT_COMMITTED,
  BUTLER__HALT_ABORTED,
} ButlerHaltPhase;

struct _ButlerHalt
{
  gatomicrefcount ref_count;
  gint64          deadline; /* monotonic, µs */

  /* Under the hub's mutex; each change is announced by hub->changed. */
  ButlerHaltPhase phase;
  guint           arriving; /* how many have not arrived */
  guint           changing; /* how many have not made their new state */
  guint           staying;  /* how many have arrived and not gone on */
  GError         *error;    /* (owned) (nullable): the first that failed */
};

/* butler__now_in_ns() is monotonic. */
gint64 butler__now_in_ns (void);

ButlerHalt *butler__halt_new   (gint64 deadline);
ButlerHalt *butler__halt_ref   (ButlerHalt *halt);
void        butler__halt_unref (ButlerHalt *halt);

/* butler__server_come_over() does what the bit asks for, if it can be done now. Who has the reader's role, at a boundary. */
void butler__server_come_over (ButlerServer *server);

/* butler__server_await_halt() waits until a run of @server can begin beside a swap; TRUE if it let go of the mutex for that. Then
 * butler__server_begin_run() and _end_run() are told of the run, with the mutex held: it joins or leaves what goes on, and what could
 * not be done in a run is done after it. */
gboolean butler__server_await_halt (ButlerServer *server);
void butler__server_begin_run (ButlerServer *server);
void butler__server_end_run   (ButlerServer *server);

/* butler__server_begin_ending() says that the run does not come to a boundary any more: what is left is its end. Who has the reader's
 * role. */
void butler__server_begin_ending (ButlerServer *server);

/* butler__server_take_left() gives a server that does not run what an earlier swap has left for its end. The mutex is held. */
void butler__server_take_left (ButlerServer *server);

/* butler__server_await_return() waits while a swap has the reader's role of a server without a thread; FALSE if somebody
 * else has it. */
gboolean butler__server_await_return (ButlerServer *server);

/* butler__server_leave_module() is for a server that will not run again: it needs no code any more. The mutex is held. */
void butler__server_leave_module (ButlerServer *server);

/* butler__server_leave_halt() lets a swap go on without @server, which is about to end and does not come to a boundary any more. The
 * mutex is held. */
void butler__server_leave_halt (ButlerServer *server);
