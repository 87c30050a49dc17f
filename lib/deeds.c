/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/deeds.h"

typedef struct
{
  ButlerDeedKind kind;
  const char    *type;    /* never freed; "" for none */
  GVariant      *record;  /* (owned) (nullable) */
  char          *note;    /* (owned) (nullable): why not */
  gint64         argument;
  gint64         outcome;
  GVariant      *answer;  /* (owned) (nullable) */
} Deed;

static void
deed_clear (gpointer data)
{
  Deed *deed = data;

  g_clear_pointer (&deed->record, g_variant_unref);
  g_clear_pointer (&deed->answer, g_variant_unref);
  g_free (deed->note);
}

GArray *
butler__deeds_new (void)
{
  GArray *deeds = g_array_new (FALSE, FALSE, sizeof (Deed));

  g_array_set_clear_func (deeds, deed_clear);
  return deeds;
}

GVariant *
butler__deeds_record (const ButlerLayout *layout,
                      gconstpointer       value,
                      char              **note)
{
  g_autoptr (GError) error = NULL;
  GVariant *record = butler__layout_to_variant (layout, value, &error);

  *note = g_strdup (record != NULL ? "" : error->message);
  return record;
}

GVariant *
butler__deeds_answer (const ButlerMessage *reply,
                      const GError        *error)
{
  g_autoptr (GVariant) record = NULL;
  g_autofree char *note = NULL;
  g_autofree char *text = NULL;

  if (reply != NULL)
    {
      record = butler__deeds_record (reply->layout, butler__envelope_payload (reply), &note);
      return g_variant_new ("(sm@a{sv}s(sis))", reply->layout->type->name, record, note, "", 0, "");
    }
  text = g_utf8_make_valid (error->message, -1);
  return g_variant_new ("(sm@a{sv}s(sis))", "", NULL, "", g_quark_to_string (error->domain), error->code, text);
}

gboolean
butler__deeds_is_unknown (GVariant *answer)
{
  g_autoptr (GVariant) record = NULL;
  const char *type;

  g_variant_get_child (answer, 0, "&s", &type);
  g_variant_get_child (answer, 1, "m@a{sv}", &record);
  return *type != '\0' && record == NULL;
}

gboolean
butler__deeds_add (GArray           *deeds,
                   const ButlerDeed *deed,
                   gint64            number)
{
  Deed one = { .kind = deed->kind, .type = "", .argument = deed->argument, .outcome = number };

  if (deed->layout != NULL)
    {
      one.type = deed->layout->type->name;
      one.record = butler__deeds_record (deed->layout, deed->value, &one.note);
    }
  g_array_append_val (deeds, one);
  return deed->layout == NULL || one.record != NULL;
}

gboolean
butler__deeds_told (GArray           *deeds,
                    const ButlerDeed *deed)
{
  Deed *one;

  if (deeds->len == 0)
    return TRUE;
  one = &g_array_index (deeds, Deed, deeds->len - 1);
  if (deed->question == NULL)
    one->outcome = deed->outcome;
  if (deed->reply == NULL && deed->error == NULL)
    return TRUE;
  one->answer = g_variant_ref_sink (butler__deeds_answer (deed->reply, deed->error));
  return !butler__deeds_is_unknown (one->answer);
}

GVariant *
butler__deeds_to_variant (const GArray *deeds)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a" BUTLER__TAPE_DEED));
  for (guint i = 0; i < deeds->len; i++)
    {
      const Deed *deed = &g_array_index (deeds, Deed, i);

      g_variant_builder_add (&builder, "(ysm@a{sv}sxxm@" BUTLER__TAPE_ANSWER ")", (guint8) deed->kind, deed->type, deed->record,
                             deed->note != NULL ? deed->note : "", deed->argument, deed->outcome, deed->answer);
    }
  return g_variant_builder_end (&builder);
}
