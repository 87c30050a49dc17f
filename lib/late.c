/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/late.h"

#include <threadbutler/error.h>

#define LATE_FIELDS(F, R) \
  F (R, string,  type)    \
  F (R, variant, record)
BUTLER_RECORD (ButlerLate, late, LATE_FIELDS);

static ButlerMessage *
make (const ButlerLayout *layout,
      GVariant           *record,
      GError            **error)
{
  ButlerMessage *message = butler__envelope_new (layout, layout->size);

  if (butler__layout_from_variant (layout, record, butler__envelope_payload (message), error))
    return message;
  butler__envelope_free (message);
  return NULL;
}

/* (nullable): the newest one that has fields. */
static const ButlerLayout *
find_layout (const char *name)
{
  const ButlerType *type = butler__type_lookup (name);
  g_autoptr (GPtrArray) layouts = type != NULL ? butler__type_get_layouts (type) : NULL;

  for (guint i = layouts != NULL ? layouts->len : 0; i > 0; i--)
    if (!butler__layout_is_opaque (layouts->pdata[i - 1]))
      return layouts->pdata[i - 1];
  return NULL;
}

ButlerMessage *
butler__late_new (const char *name,
                  GVariant   *record,
                  GError    **error)
{
  const ButlerLayout *layout = find_layout (name);
  ButlerLate *late;

  if (layout != NULL)
    return make (layout, record, error);
  late = late_new ();
  late->type = g_strdup (name);
  late->record = g_variant_ref (record);
  return butler__envelope_of (late);
}

gboolean
butler__late_is (const ButlerMessage *message)
{
  return message->layout == butler__layout_of (&late_info);
}

ButlerMessage *
butler__late_make (ButlerMessage      *message,
                   const ButlerLayout *layout,
                   GError            **error)
{
  const ButlerLate *late = butler__envelope_payload (message);
  ButlerMessage *made = NULL;

  if (!g_str_equal (late->type, layout->type->name))
    g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_BAD_LAYOUT, "%s is no %s", late->type, layout->type->name);
  else if (butler__layout_is_opaque (layout))
    g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_BAD_LAYOUT, "%s is opaque now", late->type);
  else
    made = make (layout, late->record, error);
  if (made != NULL)
    butler_message_free (message);
  return made;
}
