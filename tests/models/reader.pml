/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

/* The reader's role of a channel, as lib/channel-reader.c has it: a word that says who has it. Two threads claim it, read a little and
 * release it, again and again; two others clear the channel: each sets its request, and borrows the role if nobody has it, to do so
 * itself, under a lock of the borrowers'. A claim that meets a borrower waits for that lock, and tries again.
 *
 * Never do two have the role; a claim is refused only while another reader has it; and when all is over, no request is left that
 * nobody has seen to: what lay in the channel when a clear began is gone when that has returned and no reader is left.
 *
 * No error with nothing. It must fail with -DNO_LOOK (who releases the role does not look for a request after it), with -DLOOK_FIRST
 * (it looks before it releases), with -DNO_WAIT (a claim that meets a borrower is refused), with -DLATE (a clear sets its request after
 * it has tried to borrow) and with -DWEAK (the store that releases the role and the load of the request behind it may change places, as
 * they may if they are not sequentially consistent). */

#define NOBODY 0
#define BORROWER 9

byte reader = NOBODY; /* or the number of a thread */
bit lock;
bit request;
bit filled = 1;       /* something lies in the channel that is to be cleared */
byte inside;          /* who touches what only the reader may */

inline enter () { inside++; assert (inside == 1) }
inline leave () { inside-- }

inline see_to_request ()
{
  enter ();
  request = 0;
  filled = 0;
  leave ()
}

inline borrow_and_clear ()
{
  atomic { lock == 0 -> lock = 1 }
  atomic { if :: reader == NOBODY -> reader = BORROWER; borrowed = 1 :: else -> borrowed = 0 fi }
  if
  :: borrowed -> see_to_request (); reader = NOBODY
  :: else
  fi;
  lock = 0
}

/* Whoever has the role now sees the request, before it gives it back or behind that. */
inline release ()
{
#ifdef WEAK
  asked = request;
  reader = NOBODY;
#else
#ifdef LOOK_FIRST
  if :: request -> see_to_request () :: else fi;
  asked = 0;
  reader = NOBODY;
#else
  if :: request -> see_to_request () :: else fi;
  reader = NOBODY;
#ifdef NO_LOOK
  asked = 0;
#else
  asked = request;
#endif
#endif
#endif
  if :: asked -> borrow_and_clear () :: else fi
}

proctype Reader (byte me)
{
  byte rounds;
  byte met;
  bit asked, borrowed;

  do
  :: rounds < 2 ->
     atomic { met = reader; if :: met == NOBODY -> reader = me :: else fi }
     if
     :: met == NOBODY -> enter (); leave (); release (); rounds++
     :: met == BORROWER ->
#ifdef NO_WAIT
        assert (false)
#else
        atomic { lock == 0 -> lock = 1 }
        lock = 0
#endif
     :: else -> assert (met != me); rounds++ /* refused: another one reads */
     fi
  :: else -> break
  od
}

proctype Clearer ()
{
  bit borrowed;

#ifdef LATE
  borrow_and_clear ();
  request = 1
#else
  request = 1;
  borrow_and_clear ()
#endif
}

init
{
  atomic { run Reader (1); run Reader (2); run Clearer (); run Clearer () }
  _nr_pr == 1;
  assert (reader == NOBODY && !lock);
  assert (!request && !filled)
}
