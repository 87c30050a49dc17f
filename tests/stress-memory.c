/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <unistd.h>

#include "tests/servers.h"

/* Memory stays flat, however many messages go through a channel, and under any flood a hub holds no more messages than its capacities
 * say: of each channel as many as its capacity, as many urgent ones again, and the one that its handler has; and each thread that sends
 * has some in its hands. BUTLER_TEST_SCALE=full sends 10^8 through each channel. Bytes are not looked at where a sanitizer or valgrind
 * keeps what was freed. */

#define SLACK (8 * 1024 * 1024) /* bytes: what threads and the heap keep for later */

typedef enum
{
  SCALE_SMALL,
  SCALE_NORMAL,
  SCALE_FULL
} Scale;

static Scale
get_scale (void)
{
  const char *scale = g_getenv ("BUTLER_TEST_SCALE");

  return g_strcmp0 (scale, "small") == 0 ? SCALE_SMALL : g_strcmp0 (scale, "full") == 0 ? SCALE_FULL : SCALE_NORMAL;
}

/* What lies in memory of this process, in bytes. */
static gsize
get_resident (void)
{
  g_autofree char *text = NULL;
  unsigned long size, resident;

  ck_assert (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  ck_assert_int_eq (sscanf (text, "%lu %lu", &size, &resident), 2);
  return resident * (gsize) sysconf (_SC_PAGESIZE);
}

static void
assert_grown_by (gsize before,
                 gsize most)
{
  gsize now = get_resident ();

#ifdef BUTLER_SANITIZED
  (void) before, (void) most, (void) now;
#else
  if (get_scale () != SCALE_SMALL)
    ck_assert_msg (now <= before + most, "%zu bytes were resident, and now %zu; %zu more are allowed", before, now, most);
#endif
}

/* One channel */

#define BATCH 10000 /* messages: the reader tells of each that it has handled so many */
#define AHEAD 2     /* batches that a writer with an unbounded channel may have written before that */

typedef struct
{
  ButlerServer *server;
  GAsyncQueue  *handled; /* (nullable): batches; the writer waits for them */
  guint         warm;    /* messages after which memory is looked at */
  guint         all;
  gsize         resident;
} Stream;

static void
tell_batch (Script        *self,
            Number        *number,
            ButlerContext *context G_GNUC_UNUSED)
{
  Stream *stream = self->data;

  if (stream->handled != NULL && (guint) number->value % BATCH == BATCH - 1)
    g_async_queue_push (stream->handled, stream);
}

static void
write_numbers (Stream *self,
               guint   first,
               guint   end)
{
  ButlerChannel *channel = butler_server_get_channel (self->server);

  for (guint i = first; i < end; i++)
    {
      Number number = { (int) i };

      if (self->handled != NULL && i % BATCH == 0 && i >= AHEAD * BATCH)
        g_async_queue_pop (self->handled);
      g_assert_true (number_send_to (channel, &number, NULL));
    }
}

static gpointer
write_stream (gpointer data)
{
  Stream *self = data;

  write_numbers (self, 0, self->warm);
  self->resident = get_resident ();
  write_numbers (self, self->warm, self->all);
  return NULL;
}

static const ButlerServerOptions streams[] = {
  { .capacity = 0 }, /* the writer keeps back by itself */
  { .as_queue = TRUE },
  { .capacity = 1000, .overflow = BUTLER_OVERFLOW_BLOCK },
  { .capacity = 1000, .overflow = BUTLER_OVERFLOW_BLOCK, .as_queue = TRUE },
  { .capacity = 1000, .overflow = BUTLER_OVERFLOW_DROP_NEWEST },
  { .capacity = 1000, .overflow = BUTLER_OVERFLOW_DROP_OLDEST },
};

static void
run_stream (Stream *self,
            guint64 capacity)
{
  GThread *thread = g_thread_new ("writes", write_stream, self);

  g_thread_join (thread);
  assert_grown_by (self->resident, SLACK);
  ck_assert (butler_server_stop (self->server));
  if (capacity == 0)
    ck_assert_uint_eq (dead_letters (self->server, BUTLER_DEAD_DROPPED), 0);
}

START_TEST (memory_stays_flat)
{
  static const guint messages[] = { 100000, 3000000, 100000000 };
  ButlerServerOptions options = streams[_i];
  ButlerHub *hub = butler_hub_new ();
  Stream self = { .all = messages[get_scale ()], .warm = messages[get_scale ()] / 10 };
  Script script = { .on_number = tell_batch, .data = &self };

  options.no_route = TRUE;
  self.handled = options.capacity == 0 ? g_async_queue_new () : NULL;
  self.server = script_server (hub, "s", &script, options);
  start (self.server);
  run_stream (&self, options.capacity);
  {
    g_auto (ButlerServerStats) stats = get_stats_of (hub, "s");

    ck_assert_uint_eq (stats.received, self.all);
    ck_assert_uint_eq (stats.handled, (guint64) script.handled);
    if (options.capacity == 0 || options.overflow == BUTLER_OVERFLOW_BLOCK)
      ck_assert_uint_eq (stats.handled, self.all);
  }
  butler_hub_unref (hub);
  g_clear_pointer (&self.handled, g_async_queue_unref);
}
END_TEST

/* A hub: messages of 1 KiB that are counted, to servers that stand at a gate */

#define CAPACITY 200
#define FLOODERS 4 /* threads that never wait */
#define BLOCKED 2  /* and that wait for room */
#define IN_HAND 3  /* messages that a thread may have made and not sent, or taken out and not freed */
#define SERVERS 8  /* of each overflow policy one that is a chain, if it can be, and one that is a queue */
#define MOST (SERVERS * (2 * CAPACITY + 1) + (FLOODERS + BLOCKED) * IN_HAND)

typedef struct
{
  char     bytes[1024];
  gboolean counts; /* FALSE: its fields were moved away */
} Brick;

static _Atomic guint bricks;
static _Atomic guint most_bricks;

static void
count_brick (void)
{
  guint n = atomic_fetch_add (&bricks, 1) + 1;
  guint most = atomic_load (&most_bricks);

  while (n > most && !atomic_compare_exchange_weak (&most_bricks, &most, n))
    ;
}

static void
brick_let_go (Brick *brick)
{
  if (brick->counts)
    atomic_fetch_sub (&bricks, 1);
  brick->counts = FALSE;
}

static void
brick_copy_to (const Brick *brick,
               Brick       *copy)
{
  *copy = *brick;
  if (copy->counts)
    count_brick ();
}

BUTLER_OPAQUE_MESSAGE (Brick, brick, brick_let_go, brick_copy_to);

#define WALL_FIELDS(F, R) \
  F (R, uint64, bricks)
BUTLER_RECORD (Wall, wall, WALL_FIELDS);

#define WALL_HANDLES(H, S) \
  H (S, brick)
BUTLER_HANDLERS (wall, WALL_HANDLES);

static GMutex   gate_mutex;
static GCond    gate_opened;
static gboolean gate_is_open;

static void
wall_on_brick (Wall          *self,
               Brick         *brick G_GNUC_UNUSED,
               ButlerContext *context G_GNUC_UNUSED)
{
  self->bricks++;
  g_mutex_lock (&gate_mutex);
  while (!gate_is_open)
    g_cond_wait (&gate_opened, &gate_mutex);
  g_mutex_unlock (&gate_mutex);
}

static void
open_wide (void)
{
  g_mutex_lock (&gate_mutex);
  gate_is_open = TRUE;
  g_cond_broadcast (&gate_opened);
  g_mutex_unlock (&gate_mutex);
}

static const ButlerHandlerSet wall_set = { BUTLER_HANDLER_SET (wall) };

typedef struct
{
  ButlerHub     *hub;
  ButlerChannel *channels[SERVERS];
  guint          n; /* of each flooder */
} Flood;

static Brick
make_brick (void)
{
  count_brick ();
  return (Brick) { .counts = TRUE };
}

static gboolean
blocks (ButlerChannel *channel)
{
  return butler_channel_get_overflow (channel) == BUTLER_OVERFLOW_BLOCK;
}

static void
send_brick (ButlerChannel *channel)
{
  Brick brick = make_brick ();

  if (blocks (channel))
    brick_try_send_to (channel, &brick, NULL);
  else
    brick_send_to (channel, &brick, NULL);
  brick_clear (&brick);
}

/* Whoever is asked stands at the gate: so it times out, and the question stays in the channel. */
static void
ask_brick (ButlerChannel *channel)
{
  Brick brick = make_brick ();

  g_assert_null (brick_ask_sync_to (channel, &brick, 0, NULL, NULL));
}

static gpointer
flood (gpointer data)
{
  Flood *self = data;

  for (guint i = 0; i < self->n; i++)
    {
      ButlerChannel *channel = self->channels[i % SERVERS];
      Brick brick = make_brick ();

      send_brick (channel);
      if (i % 4 == 0)
        brick_send_urgent_to (channel, &brick, NULL);
      else if (i % 4 == 1)
        brick_publish (self->hub, &brick, NULL);
      else if (i % 4 == 2 && !blocks (channel))
        ask_brick (channel);
      brick_clear (&brick);
      g_assert_cmpuint (butler_channel_get_length (channel), <=, 2 * CAPACITY);
    }
  return NULL;
}

/* They go on when the gate opens. */
static gpointer
flood_and_wait (gpointer data)
{
  Flood *self = data;

  for (guint i = 0; i < 4 * CAPACITY; i++)
    for (guint k = 0; k < SERVERS; k++)
      {
        Brick brick = make_brick ();

        if (blocks (self->channels[k]))
          g_assert_true (brick_send_to (self->channels[k], &brick, NULL));
        brick_clear (&brick);
      }
  return NULL;
}

static ButlerChannel *
add_wall (ButlerHub *hub,
          guint      number)
{
  static const char *const subscribes[] = { "Brick", NULL };
  g_autofree char *name = g_strdup_printf ("wall%u", number);
  const ButlerServerOptions *options = BUTLER_SERVER_OPTIONS (
    .capacity = CAPACITY, .overflow = (ButlerOverflow) (number % 4), .as_queue = number >= 4, .subscribes = subscribes);
  GError *error = NULL;
  ButlerServer *server = butler_server_new (hub, name, &wall_set, options, &error);

  butler_assert_no_error (error);
  start (server);
  return butler_server_get_channel (server);
}

static void
flood_by_many (Flood *self)
{
  GThread *flooders[FLOODERS];
  GThread *blocked[BLOCKED];
  gsize before = get_resident ();

  for (guint i = 0; i < BLOCKED; i++)
    blocked[i] = g_thread_new ("waits", flood_and_wait, self);
  for (guint i = 0; i < FLOODERS; i++)
    flooders[i] = g_thread_new ("floods", flood, self);
  for (guint i = 0; i < FLOODERS; i++)
    g_thread_join (flooders[i]);
  assert_grown_by (before, MOST * (sizeof (Brick) + 512) + SLACK);
  open_wide ();
  for (guint i = 0; i < BLOCKED; i++)
    g_thread_join (blocked[i]);
}

static void
assert_all_accounted_for (ButlerHub *hub)
{
  g_autoptr (GArray) all = butler_hub_get_stats (hub);

  for (guint i = 0; i < all->len; i++)
    {
      const ButlerServerStats *stats = &g_array_index (all, ButlerServerStats, i);

      ck_assert_uint_eq (stats->received, stats->handled + stats->dead);
      ck_assert_uint_gt (stats->handled, CAPACITY);
      ck_assert_uint_le (stats->high_water, 2 * CAPACITY);
    }
}

START_TEST (flooded_hub_holds_what_its_capacities_say)
{
  static const guint n[] = { 2000, 50000, 2000000 };
  Flood self = { .hub = butler_hub_new (), .n = n[get_scale ()] };

  atomic_store (&bricks, 0);
  atomic_store (&most_bricks, 0);
  gate_is_open = FALSE;
  for (guint i = 0; i < SERVERS; i++)
    self.channels[i] = add_wall (self.hub, i);
  flood_by_many (&self);
  ck_assert_uint_le (atomic_load (&most_bricks), MOST);
  ck_assert_uint_gt (atomic_load (&most_bricks), SERVERS * CAPACITY);
  butler_hub_shutdown (self.hub);
  assert_all_accounted_for (self.hub);
  butler_hub_unref (self.hub);
  ck_assert_uint_eq (atomic_load (&bricks), 0);
}
END_TEST

static GLogWriterOutput
drop_warnings (GLogLevelFlags   level,
               const GLogField *fields,
               gsize            n,
               gpointer         data)
{
  return level & G_LOG_LEVEL_WARNING ? G_LOG_WRITER_HANDLED : g_log_writer_default (level, fields, n, data);
}

int
main (void)
{
  Suite *suite = suite_create ("stress-memory");
  TCase *tcase = tcase_create ("stress-memory");

  g_log_set_writer_func (drop_warnings, NULL, NULL); /* of dead letters */
  tcase_set_timeout (tcase, 3600);
  tcase_add_loop_test (tcase, memory_stays_flat, 0, G_N_ELEMENTS (streams));
  tcase_add_test (tcase, flooded_hub_holds_what_its_capacities_say);
  suite_add_tcase (suite, tcase);
  return butler_test_main (suite);
}
