/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/channel.h>

G_BEGIN_DECLS

#define BUTLER_TYPE_HUB (butler_hub_get_type ())

/* One server's figures. */
#define BUTLER_SERVER_STATS_FIELDS(F, R) \
  F (R, string, name)                    \
  F (R, string, state)                   \
  F (R, uint64, received)                \
  F (R, uint64, handled)                 \
  F (R, uint64, failed)                  \
  F (R, uint64, dead)                    \
  F (R, uint64, length)                  \
  F (R, uint64, high_water)              \
  F (R, uint64, restarts)                \
  F (R, uint64, overruns)
BUTLER_RECORD (ButlerServerStats, butler_server_stats, BUTLER_SERVER_STATS_FIELDS);

BUTLER_AVAILABLE_IN_1_0
GType          butler_hub_get_type     (void) G_GNUC_CONST;
BUTLER_AVAILABLE_IN_1_0
ButlerHub     *butler_hub_new          (void);
BUTLER_AVAILABLE_IN_1_0
ButlerHub     *butler_hub_ref          (ButlerHub              *hub);
BUTLER_AVAILABLE_IN_1_0
void           butler_hub_unref        (ButlerHub              *hub);

BUTLER_AVAILABLE_IN_1_0
gboolean       butler_hub_send         (ButlerHub              *hub,
                                        const ButlerRecordInfo *info,
                                        gpointer                value,
                                        GError                **error);
BUTLER_AVAILABLE_IN_1_0
gboolean       butler_hub_try_send     (ButlerHub              *hub,
                                        const ButlerRecordInfo *info,
                                        gpointer                value,
                                        GError                **error);
BUTLER_AVAILABLE_IN_1_0
gboolean       butler_hub_send_urgent  (ButlerHub              *hub,
                                        const ButlerRecordInfo *info,
                                        gpointer                value,
                                        GError                **error);
BUTLER_AVAILABLE_IN_1_0
gboolean       butler_hub_post         (ButlerHub              *hub,
                                        const ButlerRecordInfo *info,
                                        gpointer                record,
                                        GError                **error);
BUTLER_AVAILABLE_IN_1_0
gboolean       butler_hub_send_variant (ButlerHub              *hub,
                                        const char             *type_name,
                                        GVariant               *variant,
                                        GError                **error);

BUTLER_AVAILABLE_IN_1_0
ButlerChannel *butler_hub_add_channel  (ButlerHub              *hub,
                                        const char             *name,
                                        guint                   capacity,
                                        ButlerOverflow          overflow,
                                        GError                **error);
BUTLER_AVAILABLE_IN_1_0
ButlerChannel *butler_hub_get_channel  (ButlerHub              *hub,
                                        const char             *name);
BUTLER_AVAILABLE_IN_1_0
gboolean       butler_hub_route        (ButlerHub              *hub,
                                        const ButlerRecordInfo *info,
                                        ButlerChannel          *channel,
                                        GError                **error);

BUTLER_AVAILABLE_IN_1_0
ButlerServer  *butler_hub_get_server   (ButlerHub              *hub,
                                        const char             *name);
BUTLER_AVAILABLE_IN_1_0
GPtrArray     *butler_hub_get_servers  (ButlerHub              *hub);
BUTLER_AVAILABLE_IN_1_0
GArray        *butler_hub_get_stats    (ButlerHub              *hub);

BUTLER_AVAILABLE_IN_1_0
gboolean       butler_hub_start        (ButlerHub              *hub,
                                        GError                **error);
BUTLER_AVAILABLE_IN_1_0
void           butler_hub_shutdown     (ButlerHub              *hub);
BUTLER_AVAILABLE_IN_1_0
void           butler_hub_kill         (ButlerHub              *hub);
BUTLER_AVAILABLE_IN_1_0
void           butler_hub_fail         (ButlerHub              *hub,
                                        GError                 *error);
BUTLER_AVAILABLE_IN_1_0
gboolean       butler_hub_join         (ButlerHub              *hub,
                                        GError                **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ButlerHub, butler_hub_unref)

G_END_DECLS
