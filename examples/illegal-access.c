/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * illegal-access: there is none. What was sent belongs to the receiver, and the sender's variable is empty, so that
 * nothing of the message can be read, changed or freed by it; what was refused stays with the sender. */

#include <threadbutler/threadbutler.h>

#define PARCEL_FIELDS(F, R)    \
  F (R, string,         text)  \
  F (R, array (uint32), items) \
  F (R, uint64,         weight)
BUTLER_MESSAGE (AccessParcel, parcel, PARCEL_FIELDS);

static AccessParcel
make_parcel (guint32 n)
{
  AccessParcel parcel = { g_strdup_printf ("parcel %u", n), g_array_new (FALSE, TRUE, sizeof n), n };

  for (guint32 i = 0; i < n; i++)
    g_array_append_val (parcel.items, i);
  return parcel;
}

static void
show (const char *when, const AccessParcel *parcel)
{
  const char *text = parcel->text != NULL ? parcel->text : "NULL";
  guint items = parcel->items != NULL ? parcel->items->len : 0;

  g_print ("%-14s text %s, %u items, weight %" G_GUINT64_FORMAT "\n", when, text, items, parcel->weight);
}

static void
receive (ButlerChannel *channel)
{
  g_autoptr (ButlerMessage) message = butler_channel_receive (channel, 0, NULL);

  if (message != NULL)
    show ("received:", parcel_get (message));
}

/* A variable, sent: its fields have moved. */
static gboolean
send_variable (ButlerHub *hub, ButlerChannel *channel, GError **error)
{
  g_auto (AccessParcel) parcel = make_parcel (3);

  show ("before send:", &parcel);
  if (!parcel_send (hub, &parcel, error))
    return FALSE;
  show ("after send:", &parcel);
  receive (channel);
  return TRUE;
}

/* A record on the heap, posted: the pointer goes with it. */
static gboolean
post_pointer (ButlerHub *hub, ButlerChannel *channel, GError **error)
{
  g_autoptr (AccessParcel) parcel = parcel_new ();
  gboolean posted;

  *parcel = make_parcel (1);
  posted = parcel_post (hub, g_steal_pointer (&parcel), error);
  g_print ("after post:    the pointer is %s\n", parcel == NULL ? "NULL" : "still there");
  receive (channel);
  return posted;
}

/* What is not accepted is neither lost nor half gone. */
static void
try_after_close (ButlerHub *hub, ButlerChannel *channel)
{
  g_auto (AccessParcel) parcel = make_parcel (2);
  g_autoptr (GError) error = NULL;

  butler_channel_close (channel);
  if (!parcel_try_send (hub, &parcel, &error))
    show ("after refusal:", &parcel);
  if (!parcel_send (hub, &parcel, NULL))
    show ("after failure:", &parcel); /* send() consumes in every case */
}

int
main (void)
{
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  g_autoptr (GError) error = NULL;
  ButlerChannel *channel = butler_hub_add_channel (hub, "main", 0, BUTLER_OVERFLOW_FAIL, &error);

  if (channel == NULL || !parcel_route (hub, channel, &error) || !send_variable (hub, channel, &error)
      || !post_pointer (hub, channel, &error))
    {
      g_printerr ("illegal-access: %s\n", error->message);
      return 1;
    }
  try_after_close (hub, channel);
  return 0;
}
