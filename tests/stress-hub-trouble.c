/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/stress-hub.h"

/* Who ends servers, makes others in their places and swaps their plugin while messages flow; and the doctor, who starts again what has
 * ended, whoever ended it. */

BUTLER_HANDLERS (porter, PORTER_HANDLES);

static void
porter_on_load (Porter        *self,
                Load          *load,
                ButlerContext *context)
{
  load_play (self, load, context, 0);
}

static const ButlerHandlerSet porter_set = { BUTLER_HANDLER_SET (porter) };

/* Making servers */

ButlerServer *
trouble_get_server (Slot *slot)
{
  ButlerServer *server;

  g_mutex_lock (&slot->field->mutex);
  server = butler_server_ref (slot->server);
  g_mutex_unlock (&slot->field->mutex);
  return server;
}

/* On the server's thread, whenever its state was made anew: also by a failure policy. */
static gboolean
begin (ButlerContext *context G_GNUC_UNUSED,
       gpointer       data,
       GError       **error)
{
  Slot *slot = data;

  slot->count = 0;
  slot->timer = 0;
  g_clear_pointer (&slot->timed, g_bytes_unref);
  if (dice (&slot->sender, 30) > 0)
    return TRUE;
  g_set_error_literal (error, BUTLER_ERROR, BUTLER_ERROR_FAILED, "it does not feel like it");
  return FALSE;
}

static ButlerPolicy
draw_policy (GRand *rand)
{
  static const ButlerFailure failures[]
    = { BUTLER_FAILURE_CONTINUE, BUTLER_FAILURE_RESTART, BUTLER_FAILURE_RESTART, BUTLER_FAILURE_STOP, BUTLER_FAILURE_ESCALATE };

  return (ButlerPolicy) {
    .policy_size = sizeof (ButlerPolicy),
    .on_failure = failures[g_rand_int_range (rand, 0, G_N_ELEMENTS (failures))],
    .restarts = (guint) g_rand_int_range (rand, 2, 30),
    .period = 1000,
    .pause = g_rand_boolean (rand) ? BUTLER_NO_PAUSE : 1,
    .longest_pause = 5,
    .poison = (guint) g_rand_int_range (rand, 0, 4),
    .strategy = (ButlerStrategy) g_rand_int_range (rand, BUTLER_STRATEGY_ONE_FOR_ONE, BUTLER_STRATEGY_REST_FOR_ONE + 1),
  };
}

static void
draw_channel (GRand               *rand,
              ButlerServerOptions *options)
{
  static const ButlerOverflow overflows[]
    = { BUTLER_OVERFLOW_FAIL, BUTLER_OVERFLOW_BLOCK, BUTLER_OVERFLOW_DROP_NEWEST, BUTLER_OVERFLOW_DROP_OLDEST };
  guint way = (guint) g_rand_int_range (rand, 0, 6);

  if (way < G_N_ELEMENTS (overflows))
    {
      options->overflow = overflows[way];
      options->capacity = 1u << g_rand_int_range (rand, 0, 10);
    }
  options->as_queue = way == G_N_ELEMENTS (overflows);
  options->loop = g_rand_boolean (rand) ? butler_loop_queue : NULL;
}

static const ButlerHandlerSet *
find_set (Slot *slot)
{
  GError *error = NULL;
  const ButlerHandlerSet *set = slot->index % 5 == 4 ? &porter_set : butler_module_get_set (slot->field->module, "porter", &error);

  g_assert_no_error (error);
  return set;
}

/* Each third one subscribes. What a place is like, it stays like, for a message to be judged by it. */
static ButlerServer *
make_server (Slot  *slot)
{
  static const char *const subscribes[] = { "Load", NULL };
  g_autoptr (GRand) rand = g_rand_new_with_seed (slot->field->seed + slot->index);
  ButlerPolicy policy = draw_policy (rand);
  ButlerServerOptions options = { .options_size = sizeof options, .no_route = TRUE, .policy = &policy };
  GError *error = NULL;
  ButlerServer *server;

  draw_channel (rand, &options);
  options.subscribes = slot->index % 3 == 0 ? subscribes : NULL;
  slot->poison = policy.poison;
  server = butler_server_new (slot->field->hub, slot->name, find_set (slot), &options, &error);
  g_assert_no_error (error);
  butler_server_add_startup (server, begin, slot, NULL);
  butler_server_monitor (server, slot->field->ends);
  return server;
}

static void
put_server (Slot *slot)
{
  ButlerServer *server = butler_server_ref (make_server (slot));
  ButlerServer *old;

  g_mutex_lock (&slot->field->mutex);
  old = slot->server;
  slot->server = server;
  g_mutex_unlock (&slot->field->mutex);
  atomic_store (&slot->channel, butler_server_get_channel (server));
  g_clear_pointer (&old, butler_server_unref);
}

static void
put_under (Slot *slot,
           Slot *supervisor)
{
  GError *error = NULL;

  butler_server_set_supervisor (slot->server, supervisor->server, &error);
  g_assert_no_error (error);
}

static void
supervise (Slot *slot)
{
  Slot *slots = slot->field->slots;

  if (slot->index >= SUPERVISORS)
    put_under (slot, &slots[slot->index % SUPERVISORS]);
  else
    for (guint i = SUPERVISORS + slot->index; i < SERVERS; i += SUPERVISORS)
      put_under (&slots[i], slot);
}

/* One that does not start is the doctor's. */
void
trouble_plant (Field *field)
{
  for (guint i = 0; i < SERVERS; i++)
    put_server (&field->slots[i]);
  for (guint i = 0; i < SUPERVISORS; i++)
    supervise (&field->slots[i]);
  for (guint i = 0; i < SERVERS; i++)
    butler_server_start (field->slots[i].server, NULL);
}

/* Ending them */

static void
add_past (Slot              *slot,
          ButlerServerStats *stats)
{
  slot->past.received += stats->received;
  slot->past.handled += stats->handled;
  slot->past.dead += stats->dead;
}

/* By the maker of troubles alone, so nobody else exchanges a server. */
static void
replace (Slot *slot)
{
  g_mutex_lock (&slot->gate);
  butler_server_stop (slot->server);
  {
    g_auto (ButlerServerStats) stats = get_stats_of (slot->field->hub, slot->name);

    add_past (slot, &stats); /* not its length: who is just being refused is counted for a moment */
  }
  g_assert_true (butler_server_remove (slot->server));
  put_server (slot);
  supervise (slot);
  butler_server_start (slot->server, NULL);
  g_mutex_unlock (&slot->gate);
  add (&slot->field->tally.removals, 1);
}

static void
look_at_all (Field *field)
{
  g_autoptr (ButlerHubStatus) status = butler_hub_get_status (field->hub);

  g_assert_cmpuint (status->servers->len, ==, SERVERS);
}

static void
make_one (Field *field,
          GRand *rand)
{
  Slot *slot = &field->slots[g_rand_int_range (rand, 0, SERVERS)];

  switch (g_rand_int_range (rand, 0, 7))
    {
    case 0:
      butler_server_stop (slot->server);
      break;
    case 1:
      butler_server_kill (slot->server);
      break;
    case 2:
      butler_channel_close (slot->channel);
      break;
    case 3:
      butler_channel_clear (slot->channel);
      break;
    case 4:
      butler_channel_clear (slot->channel);
      butler_server_kill (slot->server);
      break;
    case 5:
      look_at_all (field);
      break;
    default:
      replace (slot);
    }
}

gpointer
trouble_make (gpointer data)
{
  Field *field = data;
  g_autoptr (GRand) rand = g_rand_new_with_seed (field->seed + SENDERS);

  while (g_async_queue_pop (field->troubles) != field)
    make_one (field, rand);
  return NULL;
}

void
trouble_stop (Field         *field,
              guint          number,
              ButlerContext *context)
{
  g_autoptr (ButlerServer) server = trouble_get_server (&field->slots[number]);

  if (server == butler_context_get_server (context))
    butler_context_stop_server (context);
  else
    butler_server_stop (server);
}

/* Starting them again: a message of this kind comes at each end of a run, and when a start fails */

static void
revive (Slot *slot)
{
  GError *error = NULL;

  g_mutex_lock (&slot->gate);
  if (butler_server_start (slot->server, &error))
    add (&slot->field->tally.revivals, 1);
  g_mutex_unlock (&slot->gate);
  g_clear_error (&error);
}

gpointer
trouble_heal (gpointer data)
{
  Field *field = data;
  ButlerMessage *message;

  while ((message = butler_channel_receive (field->ends, -1, NULL)) != NULL)
    {
      const char *name = butler_server_stopped_get (message)->name;

      add (&field->tally.ends, 1);
      revive (&field->slots[atoi (name + 1)]);
      butler_message_free (message);
    }
  return NULL;
}
