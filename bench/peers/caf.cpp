/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * CAF 0.17: event-based actors, each with a thread of its own (detached), or all on the pool of CAF's scheduler. */

#include <utility>
#include <vector>

#include <caf/all.hpp>

#include "bench/peers/peer.h"

struct Message
{
  uint64_t seq;
  uint64_t value;
};
CAF_ALLOW_UNSAFE_MESSAGE_TYPE (Message)

struct Request
{
  std::vector<uint64_t> words;
};
CAF_ALLOW_UNSAFE_MESSAGE_TYPE (Request)

/* Nothing more will come. */
struct Last
{
};
CAF_ALLOW_UNSAFE_MESSAGE_TYPE (Last)

#if PEER_DETACHED
extern "C" const char peer_name[] = "caf-detached";
static constexpr caf::spawn_options threads = caf::detached;
#else
extern "C" const char peer_name[] = "caf-pool";
static constexpr caf::spawn_options threads = caf::no_spawn_options;
#endif

/* Never destroyed: CAF 0.17 sometimes waits for good for the threads of detached actors, which have ended. What is awaited
 * are the actors. */
static caf::actor_system &
start_system ()
{
  auto config = new caf::actor_system_config;

  return *new caf::actor_system (*config);
}

/* count and fanin */

static caf::behavior
counter (caf::event_based_actor *self,
         PeerTallies            *tallies,
         uint64_t                senders)
{
  return {
    [tallies] (const Message &message) { peer_tallies_add (tallies, message.seq, message.value); },
    [self, senders] (Last) mutable {
      if (--senders > 0)
        return;
      peer_end ();
      self->quit ();
    },
  };
}

static void
send_all (const PeerArgs   *args,
          const caf::actor &receiver,
          uint64_t          first)
{
  for (uint64_t seq = 0; seq < args->n; seq++)
    caf::anon_send (receiver, Message { first + seq, peer_send_value (args, seq) });
  caf::anon_send (receiver, Last {});
}

bool
peer_count (const PeerArgs *args)
{
  static PeerTallies tallies;
  auto &system = start_system ();
  auto receiver = system.spawn<threads> (counter, &tallies, UINT64_C (1));

  peer_begin ();
  send_all (args, receiver, 0);
  system.await_all_actors_done ();
  return peer_tally_check (&tallies.of[0], args->n);
}

static void
producer (caf::event_based_actor *,
          const PeerArgs         *args,
          const caf::actor       &receiver,
          uint64_t                number)
{
  send_all (args, receiver, number << PEER_PRODUCER_SHIFT);
}

bool
peer_fanin (const PeerArgs *args)
{
  static PeerTallies tallies;
  auto &system = start_system ();
  auto receiver = system.spawn<threads> (counter, &tallies, args->actors);

  peer_begin ();
  for (uint64_t i = 0; i < args->actors; i++)
    system.spawn<threads> (producer, args, receiver, i);
  system.await_all_actors_done ();
  return peer_tallies_check (&tallies, args);
}

/* pingpong and ring */

/* All know all: the message that begins it happens after the last was added. */
using Actors = std::vector<caf::actor>;

static caf::behavior
station (caf::event_based_actor *self,
         PeerLink               *link,
         const Actors           *actors,
         size_t                  next)
{
  return {
    [=] (Message &token) {
      if (peer_link_pass (link, &token.seq, &token.value))
        {
          self->send ((*actors)[next], token);
          return;
        }
      peer_end ();
      for (const auto &actor : *actors)
        self->send (actor, Last {});
    },
    [self] (Last) { self->quit (); },
  };
}

static bool
pass_token (const PeerArgs *args,
            uint64_t        n_links,
            uint64_t        n_hops)
{
  auto &system = start_system ();
  PeerLink *links = peer_links_new (n_links, n_hops);
  Actors actors;

  for (uint64_t i = 0; i < n_links; i++)
    actors.push_back (system.spawn<threads> (station, &links[i], &actors, (i + 1) % n_links));
  peer_begin ();
  caf::anon_send (actors[0], Message { 0, peer_send_value (args, 0) });
  system.await_all_actors_done ();
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

static caf::behavior
server (caf::event_based_actor *self)
{
  return {
    [] (Request &request) { return std::move (request); },
    [self] (Last) { self->quit (); },
  };
}

static Request
request_new (const PeerArgs *args,
             uint64_t        seq)
{
  Request request { std::vector<uint64_t> (args->size / sizeof (uint64_t)) };

  peer_fill (args, request.words.data (), seq);
  return request;
}

static bool
exchange (const PeerArgs    *args,
          caf::scoped_actor &self,
          const caf::actor  &receiver)
{
  PeerTally tally {};
  uint64_t i = 0;

  for (uint64_t seq = 0; seq < args->n; seq++)
    self->send (receiver, request_new (args, seq));
  self->receive_for (i, args->n) ([&] (const Request &response) {
    peer_tally_add_payload (&tally, args, response.words.data (), response.words.size () * sizeof (uint64_t));
  });
  return peer_tally_check (&tally, args->n);
}

static bool
exchange_all (const PeerArgs    *args,
              caf::actor_system &system)
{
  caf::scoped_actor self { system };
  auto receiver = system.spawn<threads> (server);
  bool right = exchange (args, self, receiver); /* makes the heap as large as it will be */

  peer_begin ();
  for (uint64_t i = 0; i < args->rounds; i++)
    right = exchange (args, self, receiver) && right;
  peer_end ();
  self->send (receiver, Last {});
  return right;
}

bool
peer_burst (const PeerArgs *args)
{
  auto &system = start_system ();
  bool right = exchange_all (args, system);

  system.await_all_actors_done ();
  return right;
}

/* create */

static caf::behavior
echo (caf::event_based_actor *self)
{
  return {
    [] (const Message &message) { return message; },
    [self] (Last) { self->quit (); },
  };
}

/* Those who ask are actors, too: this one has gone when all are awaited. */
static void
call_all (caf::actor_system &system,
          const PeerArgs    *args,
          PeerTally         *tally)
{
  caf::scoped_actor self { system };
  Actors actors;
  uint64_t i = 0;

  for (uint64_t seq = 0; seq < args->actors; seq++)
    actors.push_back (system.spawn<threads> (echo));
  for (uint64_t seq = 0; seq < args->actors; seq++)
    self->send (actors[seq], Message { seq, peer_send_value (args, seq) });
  self->receive_for (i, args->actors) ([=] (const Message &message) {
    peer_tally_add (tally, tally->received, message.value);
  });
  for (const auto &actor : actors)
    self->send (actor, Last {});
}

bool
peer_create (const PeerArgs *args)
{
  auto &system = start_system ();
  PeerTally tally {};

  peer_begin ();
  call_all (system, args, &tally);
  system.await_all_actors_done ();
  peer_end ();
  return peer_tally_check (&tally, args->actors);
}
