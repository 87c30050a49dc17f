/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

/* A rolling swap of the two servers 0 and 1, as lib/switch.h has it: the coordinator sets the bits of both and stores the new generation
 * under the hub's mutex; a server takes a message out, looks at its bit, and if it is set takes the mutex, drops the bit and reads what
 * is current. Each server hands every message on to the other one, a program sends the first ones, a message says which code sent it.
 *
 * S4: no server runs old code on a message that new code has sent. S3: no server goes back. At the end each server has the new code.
 *
 * No error with nothing, nor with -DFAIL (the swap is followed by one whose servers all stand still, and which is given up).
 * It must fail with -DEARLY (the look comes before the take), with -DUNLOCKED (the generation is stored before the bits are set, and
 * who comes over does not take the mutex) and with -DFAIL -DFORGETS (who stood still for nothing does not take what an earlier swap left).
 * The model is sequentially consistent; that a bit is seen after the take is by the release of the link and the acquire of the take. */

#define HOPS 4 /* how often a message is handed on */

chan queue[2] = [4] of { byte, byte }; /* generation of the sender's code, hops left */
bit mutex;
byte current = 1;
bit asked[2];
byte has[2] = 1;   /* the server's generation */
byte halt;         /* 0: none, 1: arriving, 2: given up */
bit rolls[2];      /* a rolling swap wants it to take what is current */
byte arrived;
byte ended;
bit swapped;

inline lock () { atomic { mutex == 0 -> mutex = 1 } }
inline unlock () { mutex = 0 }

inline take_current (me) { assert (current >= has[me]); has[me] = current; rolls[me] = 0 }

#ifdef FAIL
inline stand_still (me) { arrived++; unlock (); halt == 2; lock () }
#endif

/* The bit is dropped under the mutex. */
inline come_over (me)
{
#ifdef UNLOCKED
  asked[me] = 0; take_current (me)
#else
  lock ();
  asked[me] = 0;
#ifdef FORGETS
  if :: halt == 1 -> rolls[me] = 0; stand_still (me) :: halt != 1 && rolls[me] -> take_current (me) :: else fi;
#else
  if :: rolls[me] -> take_current (me) :: else fi;
#ifdef FAIL
  if :: halt == 1 -> stand_still (me) :: else fi;
#endif
#endif
  unlock ()
#endif
}

inline look (me) { if :: asked[me] -> come_over (me) :: else fi }

inline handle (me)
{
  assert (from <= has[me]);
  if :: hops > 0 -> queue[1 - me] ! has[me], hops - 1 :: else ended++ fi
}

/* A pass may find nothing. When all is over it ends. */
proctype Server (byte me)
{
  byte from; byte hops;

  do
  :: !(ended == 2 && swapped) ->
#ifdef EARLY
     look (me);
     if :: queue[me] ? from, hops -> handle (me) :: empty (queue[me]) fi
#else
     if :: queue[me] ? from, hops -> look (me); handle (me) :: empty (queue[me]) -> look (me) fi
#endif
  :: ended == 2 && swapped ->
     look (me);
     break
  od;
  assert (has[me] == 2)
}

proctype Program ()
{
  queue[0] ! 1, HOPS;
  queue[1] ! 1, HOPS
}

proctype Coordinator ()
{
#ifdef UNLOCKED
  current = 2;
  asked[0] = 1;
  asked[1] = 1;
#else
  lock ();
  current = 2;
  rolls[0] = 1; asked[0] = 1;
  rolls[1] = 1; asked[1] = 1;
  unlock ();
#endif
#ifdef FAIL
  lock ();
  halt = 1;
  asked[0] = 1; asked[1] = 1;
  unlock ();
  arrived == 2;
  lock ();
  halt = 2;
  unlock ();
#endif
  swapped = 1
}

init { atomic { run Server (0); run Server (1); run Program (); run Coordinator () } }
