/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

/* The capacity of a bounded channel, as lib/credits.h has it: senders reserve room up to a limit that they work out from the reader's
 * count only when it is reached; the reader counts what it hands out by a plain store, which may stay in its store buffer while it goes
 * on. Who finds no room reads the generation, sets WAITING, makes a barrier in the reader (its store buffer is emptied), looks once
 * more, and sleeps till the generation is over. The reader hands out all but the last CAPACITY messages, and then is in a handler
 * that never returns: all that it has handed out has to be room for who waits, so each message has to be sent.
 *
 * Asserted: there is never more in the channel than fits, and the counts are right at the end. A sender that sleeps though there is room,
 * or though all was closed, is a dead end.
 *
 * No error with nothing, with -DCAPACITY=2, with -DFENCED (no barrier in others: the reader's count is a RMW instead), with -DCLOSE
 * (somebody closes the channel at any time) and with -DCLEAR (somebody discards all that waits, at any time).
 * It must fail with -DNOBARRIER (nobody empties the store buffer), with -DNOLOOK (no look after WAITING was set), with -DLATE (the
 * generation is read after the look), with -DBETWEEN (it is read after WAITING was set, which may be off again by then), with -DEARLY
 * (the reader looks at WAITING before it counts), with -DKEEPS (who wakes takes WAITING off after the generation has counted up), with
 * -DGROUPS (the reader counts only every second one, and holds the others back unless it sees WAITING), with -DSTALE (the limit is
 * worked out from the senders' own count) and with -DCLOSE -DSILENT (who closes wakes nobody). */

#ifndef CAPACITY
#define CAPACITY 1
#endif
#define SENDERS 2
#define EACH    2
#define HANDED  (SENDERS * EACH - CAPACITY)

byte reserved, given;
byte limit = CAPACITY;
byte handed;  /* as the others see it */
byte stored;  /* as the reader has stored it: its store buffer holds it if it differs */
byte counted; /* as it is */
byte linked, discarded;
bit waiting, shut, closed;
byte generation;
byte sent, refused, done;

inline empty_store_buffer () { handed = stored }

/* Under the mutex, and so one step; with it goes the condition variable. */
inline wake () { generation++ }
inline read_generation () { mine = generation }
inline sleep ()
{
  if
  :: atomic { generation != mine || closed -> skip }
  :: atomic { else -> skip }; generation != mine
  fi
}

/* Who has made room. */
inline wake_if_waiting ()
{
  if
  :: waiting ->
#ifdef KEEPS
     wake ();
     waiting = 0
#else
     atomic { old = waiting; waiting = 0 };
     if :: old -> wake () :: else fi
#endif
  :: else
  fi
}

/* The CAS is tried until the word was not changed meanwhile: hence one step. The limit may be an old one. */
inline try_one ()
{
  got = 0;
  do
  :: atomic { reserved < limit -> reserved++; got = 1; assert (reserved - counted - given <= CAPACITY) }; break
  :: atomic { reserved >= limit -> seen = reserved };
#ifdef STALE
     gone = seen;
#else
     gone = handed;
     gone = gone + given;
#endif
     if
     :: gone + CAPACITY > seen -> limit = gone + CAPACITY
     :: else -> break
     fi
  od;
  atomic { seen = 0; gone = 0 }
}

/* NONE: the sender may sleep. */
inline announce ()
{
#if !defined (LATE) && !defined (BETWEEN)
  read_generation ();
#endif
  waiting = 1;
#if !defined (NOBARRIER) && !defined (FENCED)
  empty_store_buffer ();
#endif
#ifdef BETWEEN
  read_generation ();
#endif
#ifdef NOLOOK
  none = 1;
#else
  seen = reserved;
  gone = handed;
  gone = gone + given;
  atomic { none = (seen - gone >= CAPACITY); seen = 0; gone = 0 };
#endif
#ifdef LATE
  read_generation ();
#endif
}

inline link_or_refund ()
{
  atomic { open = !shut; linked = linked + open };
  if
  :: open -> sent++
  :: else -> reserved--; refused++; wake_if_waiting ()
  fi
}

proctype Sender ()
{
  byte n, seen, gone, mine;
  bit got, none, open, old;

  do
  :: n == EACH -> break
  :: n < EACH ->
     do
     :: try_one ();
        if
        :: got -> link_or_refund (); break
        :: !got && shut -> refused++; break
        :: !got && !shut -> announce ()
        fi;
        if
        :: none -> sleep (); mine = 0
        :: else
        fi
     od;
     n++
  od;
  done++
}

inline count ()
{
#ifdef GROUPS
  stored = (counted % 2 == 0 || waiting -> counted : stored)
#else
  stored = counted
#endif
}

inline look ()
{
  if
  :: waiting ->
     empty_store_buffer (); /* by its own RMW */
     wake_if_waiting ()
  :: else
  fi
}

proctype Reader ()
{
  bit old;

  do
  :: counted + discarded >= HANDED || shut -> break
  :: atomic { counted + discarded < HANDED && linked > counted + discarded -> counted++ };
#ifdef EARLY
     look ();
#endif
#ifdef FENCED
     atomic { count (); empty_store_buffer () };
#else
     count ();
#endif
#ifndef EARLY
     look ()
#endif
  od
}

/* What is in the store buffer comes out at some time. */
active proctype Processor ()
{
end:
  do
  :: handed != stored -> empty_store_buffer ()
  od
}

proctype Meddler ()
{
  bit old;
  byte n;

#ifdef CLOSE
  shut = 1;
  closed = 1;
#ifndef SILENT
  wake ();
#endif
#endif
#ifdef CLEAR
  atomic { n = linked - counted - discarded; discarded = discarded + n };
  given = given + n;
  wake_if_waiting ()
#endif
  skip
}

init
{
  atomic { run Reader (); run Meddler (); run Sender (); run Sender () };
  done == SENDERS;
  assert (sent + refused == SENDERS * EACH && sent == linked && sent == reserved);
#ifndef CLOSE
  assert (refused == 0)
#endif
}
