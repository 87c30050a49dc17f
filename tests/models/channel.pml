/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

/* A channel without a bound, as lib/chain.c, lib/channel-take.c, lib/channel-sleep.c and lib/waker.c have it. One word
 * holds the messages that nobody has taken, CLOSED and ASLEEP; only the reader sets ASLEEP, and only while there is
 * nothing else in the word; who takes it off wakes the reader. Beside the word there are a control word and an internal
 * lane; who publishes there kicks. Two writers send, somebody asks for control, somebody puts an entry on the internal
 * lane, somebody closes.
 *
 * Nothing that was accepted is lost or handed out twice, and each writer's messages come in order; the reader ends, and what was asked
 * for and what was put on the lane was seen by then; nothing is accepted after the take that was the last. A wake-up that is lost is a
 * reader that never ends.
 *
 * No error with nothing (the reader sleeps in a queue of tokens), with -DPOLL (on a descriptor, or in the poll of a context: one wake-up
 * stands for all), with -DTIMEOUT (it sleeps no longer than it likes), with -DANYTIME (somebody closes while the others send); and none
 * with -DINTERNAL (before it reads, while messages lie in the word, or after the end, when that is closed, the reader waits for the
 * internal lane and control alone: butler__channel_arm_internal ()).
 * It must fail with -DNO_LOOK (the reader does not look beside the word after it has set ASLEEP), -DNO_KICK (nobody is woken for what
 * is beside the word), -DNO_WAKE (a sender that takes ASLEEP off wakes nobody), -DBLIND (ASLEEP is set though a message is there),
 * -DSPLIT (the take reads the word and empties it in two steps), -DCLOSES_LATE (whether it is closed is looked at after the take). */

#define N(writer) (2 - writer) /* messages of each */

/* The word: the messages in it, newest last, as writer and number. */
chan chain = [4] of { byte, byte };
bit closed;
bit asleep;

bit control;
byte lane;        /* entries on the internal lane */
byte tokens;

byte expected[2]; /* the next number of each writer */
byte accepted;
byte handed_out;
byte refused;
byte served;      /* control and entries that were seen */
byte over;        /* processes that have done what they wanted */
bit ended;

inline wake ()
{
#ifdef POLL
  tokens = 1
#else
  tokens++
#endif
}

/* One RMW. */
inline link (me, number)
{
  atomic
  {
    was_asleep = 0;
    if
    :: closed -> refused++
    :: else ->
       assert (!ended);
       chain ! me, number;
       was_asleep = asleep;
       asleep = 0;
       accepted++
    fi
  }
#ifndef NO_WAKE
  if :: was_asleep -> wake () :: else fi
#endif
}

inline kick ()
{
#ifdef NO_KICK
  skip
#else
  atomic { was_asleep = asleep; asleep = 0 }
  if :: was_asleep -> wake () :: else fi
#endif
}

proctype Writer (byte me)
{
  byte number;
  bit was_asleep;

  do
  :: number < N (me) -> link (me, number); number++
  :: else -> break
  od;
  over++
}

proctype Asker ()
{
  bit was_asleep;

  control = 1;
  kick ();
  over++
}

proctype Helper ()
{
  bit was_asleep;

  lane++;
  kick ();
  over++
}

proctype Closer ()
{
  bit was_asleep;

#ifndef ANYTIME
  over == 4 && served == 2 && handed_out == accepted;
#endif
  atomic { closed = 1; was_asleep = asleep; asleep = 0 }
  if :: was_asleep -> wake () :: else fi
}

/* What came out of the word, in order. */
inline hand_out ()
{
  do
  :: taken > 0 ->
     chain ? who, number;
     assert (number == expected[who]);
     expected[who]++;
     handed_out++;
     taken--
  :: else -> break
  od
}

/* One exchange, that keeps CLOSED alone. Who reads the word first and empties it then loses what came in between. */
inline take ()
{
#ifdef SPLIT
  taken = len (chain);
  atomic
  {
    last = closed;
    asleep = 0;
    lost = len (chain) - taken;
    hand_out ();
    do :: lost > 0 -> chain ? who, number; lost-- :: else -> break od
  }
#else
#ifdef CLOSES_LATE
  atomic { taken = len (chain); asleep = 0; hand_out () }
  last = closed
#else
  atomic { taken = len (chain); last = closed; asleep = 0; hand_out () }
#endif
#endif
}

inline look_beside ()
{
  if :: control -> control = 0; served++ :: else fi;
  do :: lane > 0 -> atomic { lane--; served++ } :: else -> break od
}

inline wait_for_token ()
{
  if
  :: tokens > 0 ->
#ifdef POLL
     tokens = 0
#else
     tokens--
#endif
#ifdef TIMEOUT
  :: skip
#endif
  fi
}

/* For all: messages, control, the lane, the end. */
inline arm_and_sleep ()
{
  atomic
  {
#ifdef BLIND
    armed = !closed;
#else
    armed = len (chain) == 0 && !closed;
#endif
    asleep = armed
  }
#ifdef NO_LOOK
  if :: armed -> wait_for_token () :: else fi;
#else
  if :: armed && !control && lane == 0 -> wait_for_token () :: else fi;
#endif
  asleep = 0
}

/* Whatever lies in the word, and though it is closed. */
inline arm_internal_and_sleep ()
{
  asleep = 1;
#ifdef NO_LOOK
  wait_for_token ();
#else
  if :: !control && lane == 0 -> wait_for_token () :: else fi;
#endif
  asleep = 0
}

/* Something is held: what ends it comes beside the word. */
inline wait_for_internal ()
{
  do
  :: served < 2 -> look_beside (); if :: served < 2 -> arm_internal_and_sleep () :: else fi
  :: else -> break
  od
}

proctype Reader ()
{
  byte taken, who, number, lost;
  bit last, armed;

#ifdef INTERNAL
  if :: wait_for_internal () :: skip fi;
#endif
  do
  :: look_beside ();
     take ();
     if
     :: last -> ended = 1; break
     :: else -> arm_and_sleep ()
     fi
  od;
#ifdef INTERNAL
  wait_for_internal ()
#endif
}

init
{
  atomic { run Writer (0); run Writer (1); run Asker (); run Helper (); run Closer (); run Reader () }
  _nr_pr == 1;
  assert (handed_out == accepted);
  assert (accepted + refused == N (0) + N (1))
#ifndef ANYTIME
  assert (refused == 0 && served == 2)
#endif
#ifdef INTERNAL
  assert (served == 2)
#endif
}
