/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * GLib by GMainContext: an actor is a thread that runs a main loop, with a GSource of its own that dispatches what
 * waits in a GAsyncQueue. The writer who finds the queue empty wakes the loop by the source's ready time. */

#include <glib.h>

#include "bench/peers/peer.h"

const char peer_name[] = "glib-context";

typedef struct _Actor Actor;

typedef void (*ActorFunc) (Actor    *actor,
                           gpointer  message);

struct _Actor
{
  /* Set before the thread starts. */
  ActorFunc     handle;
  gpointer      state;   /* (unowned): the actor's thread only, until it is joined */
  Actor        *home;    /* (unowned) (nullable): main's */
  Actor        *next;    /* (unowned) (nullable): of a ring */
  GMainContext *context; /* (owned) */
  GMainLoop    *loop;    /* (owned) */
  GSource      *source;  /* (owned) */
  GAsyncQueue  *queue;   /* (owned) */
  GThread      *thread;  /* (owned) (nullable): main has one already */
};

typedef struct
{
  GSource source;
  Actor  *actor; /* (unowned) */
} ActorSource;

/* The payload of every kernel but burst. */
typedef struct
{
  guint64 seq;
  guint64 value;
} Message;

static Message stop; /* what an actor gets when nothing more will come */

/* The actor */

/* Who pushes meanwhile either finds the queue empty, or what was pushed is found here. */
static gboolean
actor_dispatch (GSource     *source,
                GSourceFunc  callback G_GNUC_UNUSED,
                gpointer     data G_GNUC_UNUSED)
{
  Actor *actor = ((ActorSource *) source)->actor;
  gpointer message;

  g_source_set_ready_time (source, -1);
  while ((message = g_async_queue_try_pop (actor->queue)) != NULL)
    if (message == &stop)
      g_main_loop_quit (actor->loop);
    else
      actor->handle (actor, message);
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs actor_funcs = { .dispatch = actor_dispatch };

static void
actor_send (Actor    *actor,
            gpointer  message)
{
  gboolean was_empty;

  g_async_queue_lock (actor->queue);
  was_empty = g_async_queue_length_unlocked (actor->queue) <= 0;
  g_async_queue_push_unlocked (actor->queue, message);
  g_async_queue_unlock (actor->queue);
  if (was_empty)
    g_source_set_ready_time (actor->source, 0);
}

static Actor *
actor_new (ActorFunc  handle,
           gpointer   state,
           Actor     *home)
{
  Actor *actor = g_new0 (Actor, 1);

  actor->handle = handle;
  actor->state = state;
  actor->home = home;
  actor->context = g_main_context_new ();
  actor->loop = g_main_loop_new (actor->context, FALSE);
  actor->queue = g_async_queue_new ();
  actor->source = g_source_new (&actor_funcs, sizeof (ActorSource));
  ((ActorSource *) actor->source)->actor = actor;
  g_source_attach (actor->source, actor->context);
  return actor;
}

static gpointer
actor_run (gpointer data)
{
  Actor *actor = data;

  g_main_context_push_thread_default (actor->context);
  g_main_loop_run (actor->loop);
  g_main_context_pop_thread_default (actor->context);
  return NULL;
}

static void
actor_start (Actor *actor)
{
  actor->thread = g_thread_new ("actor", actor_run, actor);
}

/* Returns when everything sent was handled. */
static void
actor_join (Actor *actor)
{
  actor_send (actor, &stop);
  g_thread_join (actor->thread);
}

static void
actor_free (Actor *actor)
{
  g_source_destroy (actor->source);
  g_source_unref (actor->source);
  g_async_queue_unref (actor->queue);
  g_main_loop_unref (actor->loop);
  g_main_context_unref (actor->context);
  g_free (actor);
}

static Message *
message_new (guint64 seq,
             guint64 value)
{
  Message *message = g_new (Message, 1);

  *message = (Message) { .seq = seq, .value = value };
  return message;
}

/* count and fanin */

static void
handle_count (Actor    *actor,
              gpointer  data)
{
  Message *message = data;

  peer_tallies_add (actor->state, message->seq, message->value);
  g_free (message);
}

bool
peer_count (const PeerArgs *args)
{
  static PeerTallies tallies;
  Actor *counter = actor_new (handle_count, &tallies, NULL);

  actor_start (counter);
  peer_begin ();
  for (guint64 seq = 0; seq < args->n; seq++)
    actor_send (counter, message_new (seq, peer_send_value (args, seq)));
  actor_join (counter);
  peer_end ();
  actor_free (counter);
  return peer_tally_check (&tallies.of[0], args->n);
}

typedef struct
{
  const PeerArgs *args;
  Actor          *counter;
  guint64         number;
  GThread        *thread;
} Producer;

static gpointer
producer_thread (gpointer data)
{
  const Producer *self = data;
  guint64 first = self->number << PEER_PRODUCER_SHIFT;

  for (guint64 seq = 0; seq < self->args->n; seq++)
    actor_send (self->counter, message_new (first + seq, peer_send_value (self->args, seq)));
  return NULL;
}

bool
peer_fanin (const PeerArgs *args)
{
  static PeerTallies tallies;
  Actor *counter = actor_new (handle_count, &tallies, NULL);
  g_autofree Producer *producers = g_new (Producer, args->actors);

  actor_start (counter);
  peer_begin ();
  for (guint64 i = 0; i < args->actors; i++)
    {
      producers[i] = (Producer) { .args = args, .counter = counter, .number = i };
      producers[i].thread = g_thread_new ("producer", producer_thread, &producers[i]);
    }
  for (guint64 i = 0; i < args->actors; i++)
    g_thread_join (producers[i].thread);
  actor_join (counter);
  peer_end ();
  actor_free (counter);
  return peer_tallies_check (&tallies, args);
}

/* pingpong and ring */

static void
handle_token (Actor    *actor,
              gpointer  data)
{
  Message *token = data;

  if (peer_link_pass (actor->state, &token->seq, &token->value))
    {
      actor_send (actor->next, token);
      return;
    }
  peer_end ();
  g_free (token);
  actor_send (actor->home, &stop);
}

static bool
pass_token (const PeerArgs *args,
            guint64         n_links,
            guint64         n_hops)
{
  g_autofree Actor **actors = g_new (Actor *, n_links);
  PeerLink *links = peer_links_new (n_links, n_hops);
  Actor *home = actor_new (NULL, NULL, NULL);

  for (guint64 i = 0; i < n_links; i++)
    actors[i] = actor_new (handle_token, &links[i], home);
  for (guint64 i = 0; i < n_links; i++)
    {
      actors[i]->next = actors[(i + 1) % n_links];
      actor_start (actors[i]);
    }
  peer_begin ();
  actor_send (actors[0], message_new (0, peer_send_value (args, 0)));
  actor_run (home);
  for (guint64 i = 0; i < n_links; i++)
    {
      actor_join (actors[i]);
      actor_free (actors[i]);
    }
  actor_free (home);
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

/* burst */

static void
handle_request (Actor    *actor,
                gpointer  payload)
{
  actor_send (actor->home, payload);
}

typedef struct
{
  const PeerArgs *args;
  PeerTally       tally; /* of this round */
} Client;

static void
handle_response (Actor    *actor,
                 gpointer  payload)
{
  Client *self = actor->state;

  peer_tally_add_payload (&self->tally, self->args, payload, self->args->size);
  g_free (payload);
  if (self->tally.received == self->args->n)
    g_main_loop_quit (actor->loop);
}

static bool
exchange (Actor *home,
          Actor *server)
{
  Client *self = home->state;

  self->tally = (PeerTally) { 0 };
  for (guint64 seq = 0; seq < self->args->n; seq++)
    {
      guint64 *words = g_malloc (self->args->size);

      peer_fill (self->args, words, seq);
      actor_send (server, words);
    }
  actor_run (home);
  return peer_tally_check (&self->tally, self->args->n);
}

bool
peer_burst (const PeerArgs *args)
{
  Client client = { .args = args };
  Actor *home = actor_new (handle_response, &client, NULL);
  Actor *server = actor_new (handle_request, NULL, home);
  bool right;

  actor_start (server);
  right = exchange (home, server); /* makes the heap as large as it will be */
  peer_begin ();
  for (guint64 i = 0; i < args->rounds; i++)
    right = exchange (home, server) && right;
  peer_end ();
  actor_join (server);
  actor_free (server);
  actor_free (home);
  return right;
}

/* create */

static void
handle_call (Actor    *actor,
             gpointer  message)
{
  actor_send (actor->home, message);
}

static void
handle_answer (Actor    *actor,
               gpointer  data)
{
  PeerTally *tally = actor->state;
  Message *message = data;

  tally->received++;
  tally->sum += message->value;
  g_free (message);
}

bool
peer_create (const PeerArgs *args)
{
  g_autofree Actor **actors = g_new (Actor *, args->actors);
  PeerTally tally = { 0 };
  Actor *home = actor_new (handle_answer, &tally, NULL);

  peer_begin ();
  for (guint64 i = 0; i < args->actors; i++)
    {
      actors[i] = actor_new (handle_call, NULL, home);
      actor_start (actors[i]);
    }
  for (guint64 i = 0; i < args->actors; i++)
    actor_send (actors[i], message_new (i, peer_send_value (args, i)));
  for (guint64 i = 0; i < args->actors; i++)
    {
      actor_join (actors[i]);
      actor_free (actors[i]);
    }
  actor_send (home, &stop);
  actor_run (home);
  peer_end ();
  actor_free (home);
  return peer_tally_check (&tally, args->actors);
}
