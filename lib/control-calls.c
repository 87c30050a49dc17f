/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <threadbutler/error.h>
#include <unistd.h>

#include "lib/control.h"
#include "lib/log.h"

/* What clients of a control socket can call. Arguments of another type GDBus has refused before. */

static const char description[] =
    "<node>"
    " <interface name='" BUTLER_CONTROL_INTERFACE "'>"
    "  <method name='GetStatus'><arg name='status' type='a{sv}' direction='out'/></method>"
    "  <method name='GetStats'><arg name='stats' type='a{sv}' direction='out'/></method>"
    "  <method name='Reload'>"
    "   <arg name='plugins' type='as' direction='in'/><arg name='report' type='a{sv}' direction='out'/>"
    "  </method>"
    "  <method name='Stop'/>"
    " </interface>"
    "</node>";

/* A call that has the hub. */
typedef struct
{
  ButlerControl         *control;    /* (unowned): waits for it */
  ButlerHub             *hub;        /* (owned) */
  GDBusMethodInvocation *invocation; /* (owned) */
} Call;

static Call *
call_new (ButlerControl         *control,
          GDBusMethodInvocation *invocation)
{
  Call *call = g_new0 (Call, 1);

  call->control = control;
  call->hub = control->hub;
  call->invocation = invocation;
  control->n_calls++;
  return call;
}

/* The answer goes first: if this is the last reference to the hub, its end may take a while. @answer (nullable) is
 * taken over if floating, @error (nullable) in any case. */
static void
call_end (Call     *call,
          GVariant *answer,
          GError   *error)
{
  if (error != NULL)
    g_dbus_method_invocation_take_error (call->invocation, error);
  else
    g_dbus_method_invocation_return_value (call->invocation, answer);
  call->control->n_calls--;
  butler_hub_unref (call->hub);
  g_free (call);
}

/* @record is NULL if there is an @error. */
static void
call_end_with_record (Call     *call,
                      GVariant *record,
                      GError   *error)
{
  call_end (call, record != NULL ? g_variant_new_tuple (&record, 1) : NULL, error);
  if (record != NULL)
    g_variant_unref (record);
}

/* A dictionary that begins with what the hub does not know. @record is taken over. */
static GVariant *
sign (ButlerControl *control,
      GVariant      *record)
{
  g_autofree char *name = g_utf8_make_valid (control->name, -1);
  GVariantBuilder all;

  g_variant_builder_init (&all, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&all, "{sv}", "name", g_variant_new_string (name));
  g_variant_builder_add (&all, "{sv}", "pid", g_variant_new_uint32 ((guint32) getpid ()));
  for (gsize i = 0; i < g_variant_n_children (record); i++)
    {
      g_autoptr (GVariant) entry = g_variant_get_child_value (record, i);

      g_variant_builder_add_value (&all, entry);
    }
  g_variant_unref (record);
  return g_variant_ref_sink (g_variant_builder_end (&all));
}

static void
get_status (Call     *call,
            GVariant *parameters G_GNUC_UNUSED)
{
  g_autoptr (ButlerHubStatus) status = butler_hub_get_status (call->hub);
  GError *error = NULL;
  GVariant *record = butler_hub_status_to_variant (status, &error);

  call_end_with_record (call, record != NULL ? sign (call->control, record) : NULL, error);
}

static GVariant *
stats_to_variant (GArray  *stats,
                  GError **error)
{
  g_auto (GVariantBuilder) all = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  GVariantDict dict;

  for (guint i = 0; i < stats->len; i++)
    {
      GVariant *one = butler_server_stats_to_variant (&g_array_index (stats, ButlerServerStats, i), error);

      if (one == NULL)
        return NULL;
      g_variant_builder_add_value (&all, one);
      g_variant_unref (one);
    }
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert_value (&dict, "servers", g_variant_builder_end (&all));
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

static void
get_stats (Call     *call,
           GVariant *parameters G_GNUC_UNUSED)
{
  g_autoptr (GArray) stats = butler_hub_get_stats (call->hub);
  GError *error = NULL;
  GVariant *record = stats_to_variant (stats, &error);

  call_end_with_record (call, record != NULL ? sign (call->control, record) : NULL, error);
}

static void
on_swapped (GObject      *source G_GNUC_UNUSED,
            GAsyncResult *result,
            gpointer      data)
{
  Call *call = data;
  GError *error = NULL;
  g_autoptr (ButlerSwapReport) report = butler_hub_swap_finish (call->hub, result, &error);

  call_end_with_record (call, report != NULL ? butler_swap_report_to_variant (report, &error) : NULL, error);
}

static void
reload (Call     *call,
        GVariant *parameters)
{
  g_autofree const char **plugins = NULL;

  g_variant_get (parameters, "(^a&s)", &plugins);
  butler_hub_swap_async (call->hub, plugins[0] != NULL ? plugins : NULL, call->control->cancellable, on_swapped, call);
}

static void
stop (Call     *call,
      GVariant *parameters G_GNUC_UNUSED)
{
  butler__log (G_LOG_LEVEL_INFO, NULL, NULL, "%s was asked to stop", call->control->name);
  g_atomic_int_set (&call->control->stopped, TRUE);
  butler_hub_fail (call->hub, NULL);
  call_end (call, NULL, NULL);
}

static const struct
{
  const char *name;
  void      (*run) (Call *call, GVariant *parameters);
} methods[] = {
  { "GetStatus", get_status },
  { "GetStats", get_stats },
  { "Reload", reload },
  { "Stop", stop },
};

/* GDBus knows the methods by the description, and lets no other through. */
static void
on_call (GDBusConnection       *connection G_GNUC_UNUSED,
         const char            *sender G_GNUC_UNUSED,
         const char            *path G_GNUC_UNUSED,
         const char            *interface G_GNUC_UNUSED,
         const char            *method,
         GVariant              *parameters,
         GDBusMethodInvocation *invocation,
         gpointer               data)
{
  ButlerControl *control = data;

  if (g_atomic_int_get (&control->ending) || !butler__hub_try_ref (control->hub))
    {
      g_dbus_method_invocation_return_error (invocation, BUTLER_ERROR, BUTLER_ERROR_CLOSED, "%s ends", control->name);
      return;
    }
  for (guint i = 0; i < G_N_ELEMENTS (methods); i++)
    if (g_str_equal (methods[i].name, method))
      methods[i].run (call_new (control, invocation), parameters);
}

GDBusNodeInfo *
butler__control_describe (void)
{
  GDBusNodeInfo *node = g_dbus_node_info_new_for_xml (description, NULL);

  g_assert (node != NULL);
  return node;
}

gboolean
butler__control_export (ButlerControl   *control,
                        GDBusConnection *connection)
{
  static const GDBusInterfaceVTable vtable = { .method_call = on_call };
  GDBusInterfaceInfo *interface = control->node->interfaces[0];

  return g_dbus_connection_register_object (connection, BUTLER_CONTROL_PATH, interface, &vtable, control, NULL, NULL)
         > 0;
}
