/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include "lib/channel.h"

typedef struct _ButlerTopic      ButlerTopic;
typedef struct _ButlerTopicTable ButlerTopicTable;

/* That a channel gets a copy of whatever is published of a type. Kept until the hub goes, also when it has ended: a publisher may still
 * look at it. One that begins again is the same one. */
typedef struct _ButlerSubscription ButlerSubscription;
struct _ButlerSubscription
{
  ButlerChannel      *channel; /* (unowned): the hub keeps its channels */
  ButlerSubscription *next;    /* of the same type, ended ones too; under the hub's mutex */
  _Atomic gsize       missed;  /* relaxed: messages that the channel refused */
};

/* Message type -> who gets a copy. Publishers read it without a lock. What they may still look into is not freed before the hub is; it
 * is bounded by the types, and by the channels that ever subscribed to each. */
typedef struct
{
  _Atomic (ButlerTopicTable *) table; /* set with release, read with acquire */
  GPtrArray                   *kept;  /* (owned): all that was allocated; under the hub's mutex */
} ButlerTopics;

#define BUTLER__AUDIENCE_FEW 16

/* Who had subscribed to a type in one moment, in the order in which they did. */
typedef struct
{
  guint                n;
  guint                room;
  ButlerSubscription **list; /* (owned) unless it is few */
  ButlerSubscription  *few[BUTLER__AUDIENCE_FEW];
} ButlerAudience;

void butler__topics_init  (ButlerTopics *topics);
void butler__topics_clear (ButlerTopics *topics);

/* butler__topics_add() and _remove() change nothing if it is so already; the latter is FALSE then. The hub's mutex is held. */
void     butler__topics_add    (ButlerTopics     *topics,
                                const ButlerType *type,
                                ButlerChannel    *channel);
gboolean butler__topics_remove (ButlerTopics     *topics,
                                const ButlerType *type,
                                ButlerChannel    *channel);

/* butler__topics_end() ends all subscriptions of @channel. The hub's mutex is held. */
void butler__topics_end (ButlerTopics        *topics,
                         const ButlerChannel *channel);

typedef void (*ButlerTopicFunc) (const ButlerType         *type,
                                 const ButlerSubscription *subscription,
                                 gpointer                  data);

/* butler__topics_visit() calls @func for each subscription of @channel. The hub's mutex is held. */
void butler__topics_visit (ButlerTopics        *topics,
                           const ButlerChannel *channel,
                           ButlerTopicFunc      func,
                           gpointer             data);

void butler__audience_init  (ButlerAudience *audience);
void butler__audience_clear (ButlerAudience *audience);

/* butler__topics_read() fills @audience. Without a lock it is FALSE if somebody changed it at the same time; with the hub's mutex held
 * nobody does. */
gboolean butler__topics_read (ButlerTopics     *topics,
                              const ButlerType *type,
                              ButlerAudience   *audience);
