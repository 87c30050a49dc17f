/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/topics.h"

/* A publisher must not see one subscriber twice because it left and came again meanwhile, so it reads all of them as they were in one
 * moment: it looks at the version before and after, and writers change that around each change. */

typedef struct
{
  guint                          room;
  _Atomic guint                  n;      /* up to room; set with release, read with acquire, as what follows */
  _Atomic (ButlerSubscription *) list[];
} Subscribers;

struct _ButlerTopic
{
  const ButlerType       *type;
  _Atomic guint           version;  /* odd while it is being changed. Acquire before the list is read, release after it was written */
  _Atomic (Subscribers *) now;      /* (nullable): set with release, read with acquire */
  ButlerSubscription     *all;      /* (nullable): also those that have ended; under the hub's mutex */
};

struct _ButlerTopicTable
{
  guint                   n;
  _Atomic (ButlerTopic *) topics[]; /* (nullable): set with release, read with acquire */
};

void
butler__topics_init (ButlerTopics *topics)
{
  topics->kept = g_ptr_array_new_with_free_func (g_free);
  atomic_init (&topics->table, NULL);
}

void
butler__topics_clear (ButlerTopics *topics)
{
  g_ptr_array_unref (topics->kept);
}

static gpointer
allocate (ButlerTopics *topics,
          gsize         size)
{
  gpointer memory = g_malloc0 (size);

  g_ptr_array_add (topics->kept, memory);
  return memory;
}

static ButlerTopic *
find (ButlerTopics     *topics,
      const ButlerType *type)
{
  ButlerTopicTable *table = atomic_load_explicit (&topics->table, memory_order_acquire);

  return table != NULL && type->index < table->n ? atomic_load_explicit (&table->topics[type->index], memory_order_acquire) : NULL;
}

/* Writing */

static ButlerTopicTable *
grow_table (ButlerTopics     *topics,
            ButlerTopicTable *old,
            guint             index)
{
  guint n = MAX (16, 2 * index);
  ButlerTopicTable *table = allocate (topics, sizeof (ButlerTopicTable) + n * sizeof table->topics[0]);

  table->n = n;
  for (guint i = 0; old != NULL && i < old->n; i++)
    atomic_init (&table->topics[i], atomic_load_explicit (&old->topics[i], memory_order_relaxed));
  atomic_store_explicit (&topics->table, table, memory_order_release);
  return table;
}

static ButlerTopic *
ensure_topic (ButlerTopics     *topics,
              const ButlerType *type)
{
  ButlerTopicTable *table = atomic_load_explicit (&topics->table, memory_order_relaxed);
  ButlerTopic *topic = find (topics, type);

  if (topic != NULL)
    return topic;
  if (table == NULL || type->index >= table->n)
    table = grow_table (topics, table, type->index + 1);
  topic = allocate (topics, sizeof (ButlerTopic));
  topic->type = type;
  atomic_store_explicit (&table->topics[type->index], topic, memory_order_release);
  return topic;
}

static ButlerSubscription *
ensure_subscription (ButlerTopics  *topics,
                     ButlerTopic   *topic,
                     ButlerChannel *channel)
{
  ButlerSubscription *one = topic->all;

  while (one != NULL && one->channel != channel)
    one = one->next;
  if (one == NULL)
    {
      one = allocate (topics, sizeof (ButlerSubscription));
      *one = (ButlerSubscription) { .channel = channel, .next = topic->all };
      topic->all = one;
    }
  atomic_store_explicit (&one->missed, 0, memory_order_relaxed);
  return one;
}

static guint
count (Subscribers *now)
{
  return now != NULL ? atomic_load_explicit (&now->n, memory_order_relaxed) : 0;
}

static ButlerSubscription *
nth (Subscribers *now,
     guint        i)
{
  return atomic_load_explicit (&now->list[i], memory_order_relaxed);
}

static void
set_nth (Subscribers        *now,
         guint               i,
         ButlerSubscription *one)
{
  atomic_store_explicit (&now->list[i], one, memory_order_release);
}

/* G_MAXUINT if it is none of them. */
static guint
find_channel (Subscribers         *now,
              const ButlerChannel *channel)
{
  for (guint i = 0; i < count (now); i++)
    if (nth (now, i)->channel == channel)
      return i;
  return G_MAXUINT;
}

/* What is stored between the two, each with release, is not seen without the odd version. */
static void
begin_change (ButlerTopic *topic)
{
  atomic_fetch_add_explicit (&topic->version, 1, memory_order_relaxed);
}

static void
end_change (ButlerTopic *topic)
{
  atomic_fetch_add_explicit (&topic->version, 1, memory_order_release);
}

static Subscribers *
make_room (ButlerTopics *topics,
           Subscribers  *old)
{
  guint n = count (old);
  Subscribers *now;

  if (old != NULL && n < old->room)
    return old;
  now = allocate (topics, sizeof (Subscribers) + MAX (4, 2 * n) * sizeof now->list[0]);
  now->room = MAX (4, 2 * n);
  for (guint i = 0; i < n; i++)
    set_nth (now, i, nth (old, i));
  atomic_init (&now->n, n);
  return now;
}

void
butler__topics_add (ButlerTopics     *topics,
                    const ButlerType *type,
                    ButlerChannel    *channel)
{
  ButlerTopic *topic = ensure_topic (topics, type);
  Subscribers *now = atomic_load_explicit (&topic->now, memory_order_relaxed);
  ButlerSubscription *one;
  guint n = count (now);

  if (find_channel (now, channel) != G_MAXUINT)
    return;
  one = ensure_subscription (topics, topic, channel);
  now = make_room (topics, now);
  begin_change (topic);
  set_nth (now, n, one);
  atomic_store_explicit (&now->n, n + 1, memory_order_release);
  atomic_store_explicit (&topic->now, now, memory_order_release);
  end_change (topic);
}

static gboolean
remove_from (ButlerTopic         *topic,
             const ButlerChannel *channel)
{
  Subscribers *now = atomic_load_explicit (&topic->now, memory_order_relaxed);
  guint n = count (now);
  guint i = find_channel (now, channel);

  if (i == G_MAXUINT)
    return FALSE;
  begin_change (topic);
  for (; i + 1 < n; i++)
    set_nth (now, i, nth (now, i + 1));
  atomic_store_explicit (&now->n, n - 1, memory_order_release);
  end_change (topic);
  return TRUE;
}

gboolean
butler__topics_remove (ButlerTopics     *topics,
                       const ButlerType *type,
                       ButlerChannel    *channel)
{
  ButlerTopic *topic = find (topics, type);

  return topic != NULL && remove_from (topic, channel);
}

/* The mutex is held. */
static ButlerTopic *
nth_topic (ButlerTopics *topics,
           guint         i)
{
  ButlerTopicTable *table = atomic_load_explicit (&topics->table, memory_order_relaxed);

  return atomic_load_explicit (&table->topics[i], memory_order_relaxed);
}

static guint
count_topics (ButlerTopics *topics)
{
  ButlerTopicTable *table = atomic_load_explicit (&topics->table, memory_order_relaxed);

  return table != NULL ? table->n : 0;
}

void
butler__topics_end (ButlerTopics        *topics,
                    const ButlerChannel *channel)
{
  for (guint i = 0; i < count_topics (topics); i++)
    if (nth_topic (topics, i) != NULL)
      remove_from (nth_topic (topics, i), channel);
}

void
butler__topics_visit (ButlerTopics        *topics,
                      const ButlerChannel *channel,
                      ButlerTopicFunc      func,
                      gpointer             data)
{
  for (guint i = 0; i < count_topics (topics); i++)
    {
      ButlerTopic *topic = nth_topic (topics, i);
      Subscribers *now = topic != NULL ? atomic_load_explicit (&topic->now, memory_order_relaxed) : NULL;
      guint place = find_channel (now, channel);

      if (place != G_MAXUINT)
        func (topic->type, nth (now, place), data);
    }
}

/* Reading */

void
butler__audience_init (ButlerAudience *audience)
{
  audience->n = 0;
  audience->room = BUTLER__AUDIENCE_FEW;
  audience->list = audience->few;
}

void
butler__audience_clear (ButlerAudience *audience)
{
  if (audience->list != audience->few)
    g_free (audience->list);
}

static void
reserve (ButlerAudience *audience,
         guint           n)
{
  if (n <= audience->room)
    return;
  butler__audience_clear (audience);
  audience->list = g_new (ButlerSubscription *, n);
  audience->room = n;
}

gboolean
butler__topics_read (ButlerTopics     *topics,
                     const ButlerType *type,
                     ButlerAudience   *audience)
{
  ButlerTopic *topic = find (topics, type);
  Subscribers *now;
  guint version;

  audience->n = 0;
  if (topic == NULL)
    return TRUE;
  version = atomic_load_explicit (&topic->version, memory_order_acquire);
  now = atomic_load_explicit (&topic->now, memory_order_acquire);
  if (now != NULL)
    {
      guint n = atomic_load_explicit (&now->n, memory_order_acquire);

      reserve (audience, n);
      for (guint i = 0; i < n; i++)
        audience->list[i] = atomic_load_explicit (&now->list[i], memory_order_acquire);
      audience->n = n;
    }
  /* What was read with acquire brings the version of who wrote it. */
  return version % 2 == 0 && atomic_load_explicit (&topic->version, memory_order_relaxed) == version;
}
