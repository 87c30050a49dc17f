/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include "lib/ear.h"
#include "lib/tape.h"

/* What a handler did, on its way into a recording. A list of deeds is a GArray. */
GArray *butler__deeds_new (void);

/* butler__deeds_add() is for what was heard; @number (0: none) is that of its question. FALSE: its record cannot leave the process. */
gboolean butler__deeds_add (GArray           *deeds,
                            const ButlerDeed *deed,
                            gint64            number);

/* butler__deeds_told() is for what came of the last one. FALSE: an answer that cannot leave the process. */
gboolean butler__deeds_told (GArray           *deeds,
                             const ButlerDeed *deed);

/* butler__deeds_to_variant() is an array of BUTLER__TAPE_DEED (transfer floating). */
GVariant *butler__deeds_to_variant (const GArray *deeds);

/* butler__deeds_record() is the record at @value (transfer full) (nullable): or *@note (transfer full) says why there is none. */
GVariant *butler__deeds_record (const ButlerLayout *layout,
                                gconstpointer       value,
                                char              **note);

/* butler__deeds_answer() is a BUTLER__TAPE_ANSWER (transfer floating); one of @reply and @error is NULL. */
GVariant *butler__deeds_answer     (const ButlerMessage *reply,
                                    const GError        *error);
gboolean  butler__deeds_is_unknown (GVariant *answer);
