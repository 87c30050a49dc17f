/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

/* The two lanes of a channel, as lib/chain.h, lib/urgent.c and lib/channel-take.c have them: a sender of the public
 * lane, two of the urgent one, one who closes at any time or when all has arrived, and a reader that sleeps when there
 * is nothing to do. The public word is n, closed and asleep; the urgent one u and closed_u; asked is the reader's bit
 * of the control word.
 *
 * Nothing is lost and nothing doubled, nothing is accepted after the end, the reader is woken, and it never looks in vain twice in a row
 * without having slept or having been asked.
 *
 * No error with nothing. It must fail with -DNOKICK (who has asked does not wake), -DNORECHECK (the reader does not look whether it was
 * asked after it said that it sleeps), -DLATE (it drops the request after the take), -DDROPS (it drops the request while it has some
 * left), -DPUBLICFIRST (the public lane is closed first), -DASKEDONLY (at the end it takes the urgent ones only if asked) and -DONELANE
 * (the end of the public lane is the end).
 * The model is sequentially consistent; why that is enough stands at the words' declarations. */

byte n, u;
bit closed, closed_u, asleep, asked;
byte tokens;
byte accepted, taken;
byte sent; /* senders that are through */
bit ended;

inline wake () { if :: was -> tokens++ :: else fi }
inline kick () { atomic { was = asleep; asleep = 0 }; wake () }

proctype Sender (byte many)
{
  bit was;

  do
  :: many > 0 ->
     atomic {
       if
       :: closed -> many = 0; was = 0
       :: else -> assert (!ended); n++; accepted++; was = asleep; asleep = 0; many--
       fi
     };
     wake ()
  :: else -> break
  od;
  sent++
}

proctype Urgent (byte many)
{
  bit was; bit linked;

  do
  :: many > 0 ->
     atomic {
       if
       :: closed_u -> many = 0; linked = 0
       :: else -> assert (!ended); u++; accepted++; linked = 1; many--
       fi
     };
     if
     :: linked ->
        asked = 1;
#ifndef NOKICK
        kick ()
#endif
     :: else
     fi
  :: else -> break
  od;
  sent++
}

proctype Closer ()
{
  bit was; bit last;

  if :: last = 0 :: last = 1 fi;
  if :: last -> (sent == 3 && taken == accepted) :: else fi;
#ifdef PUBLICFIRST
  closed = 1;
  closed_u = 1;
#else
  closed_u = 1;
  closed = 1;
#endif
  kick ()
}

/* One of the urgent ones, if there is any. */
inline next_urgent ()
{
  if
  :: left == 0 ->
#ifdef LATE
     atomic { left = u; u = 0 };
     asked = 0;
#else
     asked = 0;
     atomic { left = u; u = 0 };
#endif
#ifndef DROPS
     if :: left > 0 -> asked = 1 :: else fi
#endif
  :: else
  fi;
  if :: left > 0 -> left--; taken++; found = 1 :: else fi
}

proctype Reader ()
{
  byte k; byte left; byte vain;
  bit last; bit found; bit armed; bit was_asked;

  do
  :: found = 0;
     was_asked = asked;
     if :: was_asked -> next_urgent () :: else fi;
     if
     :: !found ->
        atomic { k = n; n = 0; asleep = 0; last = closed };
        taken = taken + k;
        found = (k > 0);
#if !defined (ASKEDONLY) && !defined (ONELANE)
        if :: !found && last -> next_urgent () :: else fi
#endif
     :: else
     fi;
     if
     :: found -> vain = 0
     :: else ->
#ifdef ONELANE
        if :: last -> break :: else fi;
#else
        if :: last && left == 0 && closed_u && u == 0 -> break :: else fi;
#endif
        atomic { if :: n == 0 && !closed && left == 0 -> asleep = 1; armed = 1 :: else -> armed = 0 fi };
        if :: armed || was_asked -> vain = 0 :: else -> vain++; assert (vain < 2) fi;
        if
        :: armed ->
#ifndef NORECHECK
           if :: asked :: else -> tokens > 0 -> tokens-- fi;
#else
           tokens > 0 -> tokens--;
#endif
           asleep = 0
        :: else
        fi
     fi
  od;
  ended = 1;
  assert (taken == accepted)
}

init { atomic { run Sender (2); run Urgent (2); run Urgent (1); run Closer (); run Reader () } }
