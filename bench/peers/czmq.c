/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * CZMQ: an actor is a zactor; messages of two numbers go through inproc sockets in CZMQ's binary encoding, payloads as
 * frames. */

#include <czmq.h>

#include "bench/peers/peer.h"

const char peer_name[] = "czmq";

#define MESSAGE "88" /* two numbers of 64 bits, for zsock_bsend() */
#define LAST    UINT64_MAX

static bool
receive (void     *socket,
         uint64_t *seq,
         uint64_t *value)
{
  return zsock_brecv (socket, MESSAGE, seq, value) == 0 && *seq != LAST;
}

/* Without a limit: burst sends all before it receives any. */
static void
set_up (void)
{
  zsys_set_pipehwm (0);
  zsys_set_max_sockets (0);
}

/* count */

static void
counter (zsock_t *pipe,
         void    *data)
{
  PeerTally *tally = data;
  uint64_t seq, value;

  zsock_signal (pipe, 0);
  while (receive (pipe, &seq, &value))
    peer_tally_add (tally, seq, value);
  peer_end ();
}

bool
peer_count (const PeerArgs *args)
{
  PeerTally tally = { 0 };
  zactor_t *actor;

  set_up ();
  actor = zactor_new (counter, &tally);
  peer_begin ();
  for (uint64_t seq = 0; seq < args->n; seq++)
    zsock_bsend (actor, MESSAGE, seq, peer_send_value (args, seq));
  zsock_bsend (actor, MESSAGE, LAST, LAST);
  zactor_destroy (&actor);
  return peer_tally_check (&tally, args->n);
}

/* fanin */

typedef struct
{
  const PeerArgs *args;
  uint64_t        number;
  zactor_t       *actor;
} Producer;

static void
producer (zsock_t *pipe,
          void    *data)
{
  const Producer *self = data;
  zsock_t *push = zsock_new_push (">inproc://fanin");
  uint64_t first = self->number << PEER_PRODUCER_SHIFT;

  zsock_signal (pipe, 0);
  for (uint64_t seq = 0; seq < self->args->n; seq++)
    zsock_bsend (push, MESSAGE, first + seq, peer_send_value (self->args, seq));
  zsock_bsend (push, MESSAGE, LAST, LAST);
  zsock_destroy (&push);
}

bool
peer_fanin (const PeerArgs *args)
{
  static PeerTallies tallies;
  Producer *producers = zmalloc (args->actors * sizeof *producers);
  uint64_t seq, value;
  zsock_t *pull;

  set_up ();
  pull = zsock_new_pull ("@inproc://fanin");
  peer_begin ();
  for (uint64_t i = 0; i < args->actors; i++)
    {
      producers[i] = (Producer) { .args = args, .number = i };
      producers[i].actor = zactor_new (producer, &producers[i]);
    }
  for (uint64_t done = 0; done < args->actors; done++)
    while (receive (pull, &seq, &value))
      peer_tallies_add (&tallies, seq, value);
  peer_end ();
  for (uint64_t i = 0; i < args->actors; i++)
    zactor_destroy (&producers[i].actor);
  zsock_destroy (&pull);
  free (producers);
  return peer_tallies_check (&tallies, args);
}

/* pingpong and ring */

typedef struct
{
  PeerLink *link;
  zsock_t  *in;  /* (owned) */
  zsock_t  *out; /* (owned) */
  zactor_t *actor;
} Station; /* of the ring */

/* The last message goes round once more, and ends them all. */
static void
station (zsock_t *pipe,
         void    *data)
{
  Station *self = data;
  uint64_t seq, value;

  zsock_signal (pipe, 0);
  while (receive (self->in, &seq, &value))
    if (peer_link_pass (self->link, &seq, &value))
      zsock_bsend (self->out, MESSAGE, seq, value);
    else
      {
        peer_end ();
        break;
      }
  zsock_bsend (self->out, MESSAGE, LAST, LAST);
}

static Station *
connect_stations (PeerLink *links)
{
  Station *stations = zmalloc (links->n_links * sizeof *stations);

  for (uint64_t i = 0; i < links->n_links; i++)
    {
      stations[i].link = &links[i];
      stations[i].in = zsock_new (ZMQ_PULL);
      zsock_bind (stations[i].in, "inproc://station-%" PRIu64, i);
    }
  for (uint64_t i = 0; i < links->n_links; i++)
    {
      stations[i].out = zsock_new (ZMQ_PUSH);
      zsock_connect (stations[i].out, "inproc://station-%" PRIu64, (i + 1) % links->n_links);
    }
  return stations;
}

static void
close_stations (Station *stations,
                uint64_t n)
{
  for (uint64_t i = 0; i < n; i++)
    {
      zactor_destroy (&stations[i].actor);
      zsock_destroy (&stations[i].in);
      zsock_destroy (&stations[i].out);
    }
  free (stations);
}

static bool
pass_token (const PeerArgs *args,
            uint64_t        n_links,
            uint64_t        n_hops)
{
  PeerLink *links = peer_links_new (n_links, n_hops);
  Station *stations;
  zsock_t *start;

  set_up ();
  stations = connect_stations (links);
  start = zsock_new_push (">inproc://station-0");
  for (uint64_t i = 0; i < n_links; i++)
    stations[i].actor = zactor_new (station, &stations[i]);
  peer_begin ();
  zsock_bsend (start, MESSAGE, UINT64_C (0), peer_send_value (args, 0));
  close_stations (stations, n_links);
  zsock_destroy (&start);
  return peer_links_check (links);
}

bool
peer_pingpong (const PeerArgs *args)
{
  return pass_token (args, 2, 2 * args->n);
}

bool
peer_ring (const PeerArgs *args)
{
  return pass_token (args, args->actors, args->n);
}

/* burst: a frame is one block, which is moved. It ends with a frame of no bytes. */

static void
server (zsock_t *pipe,
        void    *data)
{
  zframe_t *frame;

  (void) data;
  zsock_signal (pipe, 0);
  while ((frame = zframe_recv (pipe)) != NULL && zframe_size (frame) > 0)
    zframe_send (&frame, pipe, 0);
  zframe_destroy (&frame);
}

static bool
exchange (const PeerArgs *args,
          zactor_t       *actor)
{
  PeerTally tally = { 0 };

  for (uint64_t seq = 0; seq < args->n; seq++)
    {
      zframe_t *frame = zframe_new (NULL, args->size);

      peer_fill (args, (uint64_t *) zframe_data (frame), seq);
      zframe_send (&frame, actor, 0);
    }
  while (tally.received < args->n)
    {
      zframe_t *frame = zframe_recv (actor);

      if (frame == NULL)
        break;
      peer_tally_add_payload (&tally, args, (const uint64_t *) zframe_data (frame), zframe_size (frame));
      zframe_destroy (&frame);
    }
  return peer_tally_check (&tally, args->n);
}

bool
peer_burst (const PeerArgs *args)
{
  zframe_t *last;
  zactor_t *actor;
  bool right;

  set_up ();
  last = zframe_new_empty ();
  actor = zactor_new (server, NULL);
  right = exchange (args, actor); /* makes the heap as large as it will be */
  peer_begin ();
  for (uint64_t i = 0; i < args->rounds; i++)
    right = exchange (args, actor) && right;
  peer_end ();
  zframe_send (&last, actor, 0);
  zactor_destroy (&actor);
  return right;
}

/* create */

static void
echo (zsock_t *pipe,
      void    *data)
{
  uint64_t seq, value;

  (void) data;
  zsock_signal (pipe, 0);
  while (receive (pipe, &seq, &value))
    zsock_bsend (pipe, MESSAGE, seq, value);
}

bool
peer_create (const PeerArgs *args)
{
  zactor_t **actors = zmalloc (args->actors * sizeof *actors);
  PeerTally tally = { 0 };
  uint64_t seq, value;

  set_up ();
  peer_begin ();
  for (uint64_t i = 0; i < args->actors; i++)
    actors[i] = zactor_new (echo, NULL);
  for (uint64_t i = 0; i < args->actors; i++)
    zsock_bsend (actors[i], MESSAGE, i, peer_send_value (args, i));
  for (uint64_t i = 0; i < args->actors; i++)
    if (receive (actors[i], &seq, &value))
      peer_tally_add (&tally, seq, value);
  for (uint64_t i = 0; i < args->actors; i++)
    zsock_bsend (actors[i], MESSAGE, LAST, LAST);
  for (uint64_t i = 0; i < args->actors; i++)
    zactor_destroy (&actors[i]);
  peer_end ();
  free (actors);
  return peer_tally_check (&tally, args->actors);
}
