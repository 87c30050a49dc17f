/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/handlers.h>

G_BEGIN_DECLS

#define BUTLER_TYPE_SERVER (butler_server_get_type ())

typedef enum
{
  BUTLER_SERVER_NEW,      /* accepts messages, which wait */
  BUTLER_SERVER_STARTING, /* its startup events run */
  BUTLER_SERVER_RUNNING,
  BUTLER_SERVER_STOPPING, /* accepts nothing more; what it has is handled */
  BUTLER_SERVER_STOPPED,  /* can be started again */
  BUTLER_SERVER_FAILED,   /* a startup event failed, or its failure policy ended it; can be started again */
} ButlerServerState;

typedef void     (*ButlerLoopFunc)     (ButlerServer  *server,
                                        gpointer       data);
typedef gboolean (*ButlerStartupFunc)  (ButlerContext *context,
                                        gpointer       data,
                                        GError       **error);
typedef void     (*ButlerShutdownFunc) (ButlerContext *context,
                                        gpointer       data);

/* What can be chosen when a server is made; zero is the default. Append-only: options_size says what is there. */
typedef struct
{
  gsize          options_size;
  gconstpointer  settings;  /* (transfer none) (nullable): the set's settings record, which is copied; NULL: the defaults */
  guint          capacity;  /* messages; 0: unbounded */
  ButlerOverflow overflow;  /* what happens beyond the capacity */
  gboolean       as_queue;  /* a GAsyncQueue node for each message, also without a capacity */
  gboolean       no_route;  /* messages of its types are not routed to it: it is addressed by NAME_send_to() */
  gboolean       no_thread; /* whoever calls butler_server_dispatch(), or the context of its source, runs the handlers */
  ButlerLoopFunc loop;      /* (nullable): what its thread runs; NULL: butler_loop_default() */
  gpointer       loop_data; /* (unowned) */
  guint          pool_size; /* threads for its tasks at the most; 0: 2 */
  guint          end_limit; /* how long a stop waits for what is held, and for tasks, in milliseconds; 0: 10000 */
  gpointer       state;     /* (unowned) (nullable): the program's own state instead of one made at each start */
  GKeyFile      *settings_file;  /* (transfer none) (nullable): read the settings from here, if there are none above, and anew at each
                                  * swap of the plugin. Nobody changes it as long as the server lives */
  const char    *settings_group; /* (nullable): the group in it; its keys that name no setting are those of an app file, or an error */
  const char *const *subscribes; /* (nullable): names of types of the set, NULL-terminated: the server gets what is published of them,
                                  * and they are not routed to it: see butler_server_subscribe(), butler_server_route() */
  const ButlerPolicy *policy; /* (transfer none) (nullable): what follows when a handler fails; what it leaves out is as the set says */
} ButlerServerOptions;

#ifndef __cplusplus
/* BUTLER_SERVER_OPTIONS (.capacity = 100, .overflow = BUTLER_OVERFLOW_BLOCK) */
#define BUTLER_SERVER_OPTIONS(...) (&(const ButlerServerOptions) { .options_size = sizeof (ButlerServerOptions), __VA_ARGS__ })
#endif

BUTLER_AVAILABLE_IN_1_0
GType             butler_server_get_type         (void) G_GNUC_CONST;
BUTLER_AVAILABLE_IN_1_0
ButlerServer     *butler_server_new              (ButlerHub                 *hub,
                                                  const char                *name,
                                                  const ButlerHandlerSet    *set,
                                                  const ButlerServerOptions *options,
                                                  GError                   **error);
BUTLER_AVAILABLE_IN_1_0
ButlerServer     *butler_server_ref              (ButlerServer              *server);
BUTLER_AVAILABLE_IN_1_0
void              butler_server_unref            (ButlerServer              *server);

BUTLER_AVAILABLE_IN_1_0
void              butler_server_add_startup      (ButlerServer              *server,
                                                  ButlerStartupFunc          func,
                                                  gpointer                   data,
                                                  GDestroyNotify             destroy);
BUTLER_AVAILABLE_IN_1_0
void              butler_server_add_shutdown     (ButlerServer              *server,
                                                  ButlerShutdownFunc         func,
                                                  gpointer                   data,
                                                  GDestroyNotify             destroy);

BUTLER_AVAILABLE_IN_1_0
gboolean          butler_server_add_after        (ButlerServer              *server,
                                                  ButlerServer              *other,
                                                  GError                   **error);

BUTLER_AVAILABLE_IN_1_0
gboolean          butler_server_start            (ButlerServer              *server,
                                                  GError                   **error);
BUTLER_AVAILABLE_IN_1_0
gboolean          butler_server_stop             (ButlerServer              *server);
BUTLER_AVAILABLE_IN_1_0
gboolean          butler_server_kill             (ButlerServer              *server);
BUTLER_AVAILABLE_IN_1_0
gboolean          butler_server_join             (ButlerServer              *server);
BUTLER_AVAILABLE_IN_1_0
gboolean          butler_server_remove           (ButlerServer              *server);

BUTLER_AVAILABLE_IN_1_0
const char       *butler_server_get_name         (ButlerServer              *server);
BUTLER_AVAILABLE_IN_1_0
ButlerHub        *butler_server_get_hub          (ButlerServer              *server);
BUTLER_AVAILABLE_IN_1_0
ButlerChannel    *butler_server_get_channel      (ButlerServer              *server);
BUTLER_AVAILABLE_IN_1_0
ButlerServerState butler_server_get_state        (ButlerServer              *server);
BUTLER_AVAILABLE_IN_1_0
const char       *butler_server_state_to_string  (ButlerServerState          state);
BUTLER_AVAILABLE_IN_1_0
gboolean          butler_server_route            (ButlerServer              *server,
                                                  const ButlerRecordInfo    *info,
                                                  GError                   **error);

/* For loops; called by who has the reader's role. */
BUTLER_AVAILABLE_IN_1_0
gboolean          butler_server_keep_running     (ButlerServer              *server);
BUTLER_AVAILABLE_IN_1_0
gboolean          butler_server_has_pending      (ButlerServer              *server);
BUTLER_AVAILABLE_IN_1_0
gboolean          butler_server_wait             (ButlerServer              *server,
                                                  gint64                     timeout);
BUTLER_AVAILABLE_IN_1_0
guint             butler_server_dispatch         (ButlerServer              *server,
                                                  guint                      max);
BUTLER_AVAILABLE_IN_1_0
int               butler_server_get_fd           (ButlerServer              *server,
                                                  GError                   **error);
BUTLER_AVAILABLE_IN_1_0
GSource          *butler_server_create_source    (ButlerServer              *server);
BUTLER_AVAILABLE_IN_1_0
void              butler_loop_default            (ButlerServer              *server,
                                                  gpointer                   data);
BUTLER_AVAILABLE_IN_1_0
void              butler_loop_queue              (ButlerServer              *server,
                                                  gpointer                   data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ButlerServer, butler_server_unref)

G_END_DECLS
