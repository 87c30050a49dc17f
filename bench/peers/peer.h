/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * What the peers in C and C++ share: the command line, the clock, the checks and the line that is printed. */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The arguments of a kernel; those that it does not take are 0. */
typedef struct
{
  uint64_t n;      /* messages of one sender, round trips or hops */
  uint64_t actors; /* producers, links of the ring, or actors to create */
  uint64_t rounds;
  uint64_t size;   /* bytes of payload */
  bool     ends;   /* only the first and the last word of the payload are written */
  bool     spoil;  /* the first message is wrong: the check has to see it */
} PeerArgs;

/* Each peer defines its name and its kernels: FALSE if what arrived is not what was sent. */
extern const char peer_name[];

bool peer_count    (const PeerArgs *args);
bool peer_fanin    (const PeerArgs *args);
bool peer_pingpong (const PeerArgs *args);
bool peer_ring     (const PeerArgs *args);
bool peer_burst    (const PeerArgs *args);
bool peer_create   (const PeerArgs *args);

/* peer_begin() stands before the first send, peer_end() after the last receive, on whichever thread. */
void peer_begin (void);
void peer_end   (void);

/* peer_is_right() says on standard error what is not. */
bool peer_is_right (const char *what,
                    uint64_t    found,
                    uint64_t    expected);

/* The value that goes with a number. */
static inline uint64_t
peer_value (uint64_t seq)
{
  return 3 * seq + 1;
}

/* What is sent as message @seq. */
static inline uint64_t
peer_send_value (const PeerArgs *args,
                 uint64_t        seq)
{
  return peer_value (seq) + (args->spoil && seq == 0);
}

/* What one receiver got from one sender. */
typedef struct
{
  uint64_t received;
  uint64_t sum;
  uint64_t disorder; /* how many did not come when it was their turn */
} PeerTally;

static inline void
peer_tally_add (PeerTally *tally,
                uint64_t   seq,
                uint64_t   value)
{
  tally->disorder += seq != tally->received++;
  tally->sum += value;
}

bool peer_tally_check (const PeerTally *tally,
                       uint64_t         n);

/* In fanin the upper bits of the number tell the producer. */
#define PEER_PRODUCER_SHIFT 48
#define PEER_MAX_PRODUCERS  1024

typedef struct
{
  PeerTally of[PEER_MAX_PRODUCERS];
} PeerTallies;

static inline void
peer_tallies_add (PeerTallies *tallies,
                  uint64_t     seq,
                  uint64_t     value)
{
  peer_tally_add (&tallies->of[(seq >> PEER_PRODUCER_SHIFT) % PEER_MAX_PRODUCERS],
                  seq & ((UINT64_C (1) << PEER_PRODUCER_SHIFT) - 1), value);
}

bool peer_tallies_check (const PeerTallies *tallies,
                         const PeerArgs    *args);

/* pingpong and ring: a token that counts its hops goes round from link to link. */
typedef struct
{
  uint64_t next_seq;
  uint64_t n_links;
  uint64_t n_hops;
  uint64_t passed;
  uint64_t disorder;
} __attribute__ ((aligned (64))) PeerLink;

/* peer_link_pass() checks the token and makes it that of the next hop; FALSE when there is none. */
static inline bool
peer_link_pass (PeerLink *link,
                uint64_t *seq,
                uint64_t *value)
{
  link->disorder += *seq != link->next_seq || *value != peer_value (*seq);
  link->next_seq += link->n_links;
  link->passed++;
  *value = peer_value (++*seq);
  return *seq < link->n_hops;
}

/* peer_links_new() is for peer_links_check(), which frees them. */
PeerLink *peer_links_new   (uint64_t  n_links,
                            uint64_t  n_hops);
bool      peer_links_check (PeerLink *links);

/* burst: a payload of @args->size bytes in whole words, with the message's number in the first one and its value in the
 * last. peer_fill() does the same work as butler-bench. */
void peer_fill              (const PeerArgs *args,
                             uint64_t       *words,
                             uint64_t        seq);
void peer_tally_add_payload (PeerTally      *tally,
                             const PeerArgs *args,
                             const uint64_t *words,
                             size_t          size);

#ifdef __cplusplus
}
#endif
