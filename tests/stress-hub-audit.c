/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/stress-hub.h"

/* What the library counted beside what the test did. Of some messages the test cannot know whether a channel accepted them: questions, as
 * their refusals look like other ends of them; copies, of which a publisher learns the number alone; results and timers, at a server's
 * end. There the library's figure lies between two of the test's; all others are equal. */

#define CHECK(slot, what, left, op, right)                                                                     \
  ck_assert_msg ((left) op (right), "%s, seed %u: " what " (%" G_GUINT64_FORMAT " " #op " %" G_GUINT64_FORMAT ")", (slot)->name, \
                 (slot)->field->seed, (guint64) (left), (guint64) (right))

/* What the test knows of a place. */
typedef struct
{
  guint64 sent_dead;  /* accepted, and no handler saw it */
  guint64 handled;
  guint64 tried;      /* handled, or dead as its handler failed on it */
  guint64 received;   /* at the least: what is certain */
  guint64 perhaps;    /* dead, or never accepted */
} Own;

static guint64
sum (Slot *slot,
     Fate  fate)
{
  guint64 n = 0;

  for (guint kind = 0; kind < TICKET_REPLY; kind++)
    if (kind != TICKET_OFTEN)
      n += slot->fates[kind][fate];
  return n;
}

static Own
count_own (Slot *slot)
{
  Own own = { .handled = sum (slot, FATE_HANDLED) + slot->shared, .tried = sum (slot, FATE_TRIED) };

  own.sent_dead = slot->fates[TICKET_SENT][FATE_PENDING] - slot->refused;
  own.received = own.handled + own.tried + own.sent_dead;
  own.perhaps = sum (slot, FATE_PENDING) - slot->fates[TICKET_SENT][FATE_PENDING];
  return own;
}

static ButlerServerStats
get_figures (Slot *slot)
{
  ButlerServerStats stats = get_stats_of (slot->field->hub, slot->name);

  stats.received += slot->past.received;
  stats.handled += slot->past.handled;
  stats.dead += slot->past.dead;
  return stats;
}

static void
check_slot (Slot    *slot,
            guint64  copies,   /* that may be dead letters of any server */
            guint64 *received, /* in excess of what is certain, and */
            guint64 *perhaps)
{
  g_auto (ButlerServerStats) stats = get_figures (slot);
  Own own = count_own (slot);
  guint64 sent = 0;

  for (guint fate = 0; fate < 3; fate++)
    sent += slot->fates[TICKET_SENT][fate];
  CHECK (slot, "each message that was sent is accepted or refused, and freed once", slot->accepted + slot->refused, ==, sent);
  CHECK (slot, "what was refused reached no handler", slot->fates[TICKET_SENT][FATE_PENDING], >=, slot->refused);
  CHECK (slot, "nothing is left", stats.length, ==, 0);
  CHECK (slot, "received is handled and dead", stats.received, ==, stats.handled + stats.dead);
  CHECK (slot, "handled", stats.handled, >=, own.handled);
  CHECK (slot, "handled, at the most", stats.handled, <=, own.handled + own.tried);
  CHECK (slot, "received", stats.received, >=, own.received);
  CHECK (slot, "received, at the most", stats.received, <=, own.received + own.perhaps + copies);
  *received += stats.received - own.received;
  *perhaps += own.perhaps;
}

/* What is in excess of what the servers are known to have received, all of them together. */
static void
check_sum (Field   *field,
           guint64  copies,
           guint64  received,
           guint64  perhaps)
{
  ck_assert_msg (received <= copies + perhaps, "seed %u: %" G_GUINT64_FORMAT " messages too many were received", field->seed,
                 received - copies - perhaps);
}

static void
check_tally (Field *field)
{
  Tally *tally = &field->tally;

  ck_assert_msg (tally->alive == 0, "seed %u: %" G_GUINT64_FORMAT " messages are somewhere still", field->seed, tally->alive);
  ck_assert_msg (tally->asks == tally->answers, "seed %u: %" G_GUINT64_FORMAT " questions, %" G_GUINT64_FORMAT " ends of them",
                 field->seed, tally->asks, tally->answers);
  ck_assert_msg (tally->tasks == tally->tasks_ended, "seed %u: %" G_GUINT64_FORMAT " tasks, %" G_GUINT64_FORMAT " ends of them",
                 field->seed, tally->tasks, tally->tasks_ended);
}

/* A file that a sanitizer or valgrind watches stays resident. */
static gboolean
is_needless (const ButlerGenerationStatus *generation)
{
#ifdef BUTLER_SANITIZED
  return g_str_equal (generation->state, "retired");
#else
  return !g_str_equal (generation->state, "current") && g_strcmp0 (generation->reason, "valgrind runs") != 0;
#endif
}

static void
check_generations (Field *field)
{
  g_autoptr (ButlerModuleStatus) status = NULL;
  g_autofree char *text = NULL;

  swap_settle (field);
  status = butler_module_get_status (field->module);
  text = butler_module_status_print (status);
  for (guint i = 0; i < status->generations->len; i++)
    ck_assert_msg (!is_needless (&g_array_index (status->generations, ButlerGenerationStatus, i)),
                   "seed %u: a generation is loaded still: %s", field->seed, text);
}

static void
check_states (Field *field)
{
  for (guint i = 0; i < SERVERS; i++)
    {
      ButlerServerState state = butler_server_get_state (field->slots[i].server);

      ck_assert_msg (state == BUTLER_SERVER_STOPPED || state == BUTLER_SERVER_FAILED, "seed %u: %s is %s", field->seed,
                     field->slots[i].name, butler_server_state_to_string (state));
    }
}

void
audit (Field *field)
{
  guint64 copies = field->tally.copies;
  guint64 received = 0;
  guint64 perhaps = 0;

  check_states (field);
  check_tally (field);
  for (guint i = 0; i < SERVERS; i++)
    {
      ck_assert_uint_ge (copies, field->slots[i].published);
      copies -= field->slots[i].published;
    }
  for (guint i = 0; i < SERVERS; i++)
    check_slot (&field->slots[i], copies, &received, &perhaps);
  check_sum (field, copies, received, perhaps);
  check_generations (field);
}

void
audit_tell (const Field *field)
{
  const Tally *tally = &field->tally;

#define TELL(what) g_print ("  %-14s %" G_GUINT64_FORMAT "\n", #what, (guint64) tally->what)
  g_print ("BUTLER_TEST_SEED=%u\n", field->seed);
  TELL (calls);
  TELL (asks);
  TELL (replies);
  TELL (copies);
  TELL (timers);
  TELL (cancelled);
  TELL (tasks);
  TELL (failures);
  TELL (ends);
  TELL (revivals);
  TELL (removals);
  TELL (swaps);
  TELL (swaps_given_up);
#undef TELL
}

/* Everything stands still, and should not. */
void
audit_hang (Field *field)
{
  g_autoptr (ButlerHubStatus) status = butler_hub_get_status (field->hub);
  g_autofree char *text = butler_hub_status_print (status);

  audit_tell (field);
  g_printerr ("seed %u: it does not end; %" G_GUINT64_FORMAT " messages, %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
              " questions have ended\n%s\n", field->seed, field->tally.alive, field->tally.answers, field->tally.asks, text);
  abort ();
}
