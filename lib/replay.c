/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/play.h"

#include <string.h>
#include <threadbutler/error.h>

/* A recording, once more: which servers of it are played, and with which settings. */

static gboolean
is_wanted (ButlerReplay *replay,
           GVariant     *intro)
{
  const char *name;
  const char *plugin;

  g_variant_get (intro, "(u&s&s&sum@a{sv})", NULL, &name, NULL, &plugin, NULL, NULL);
  if (*name == '\0')
    return FALSE;
  if (replay->options.server != NULL)
    return g_str_equal (name, replay->options.server);
  return g_str_equal (plugin, replay->module->name);
}

static gboolean
is_known (ButlerReplay *replay,
          guint         number)
{
  for (guint i = 0; i < replay->plays->len; i++)
    if (((ButlerPlay *) replay->plays->pdata[i])->number == number)
      return TRUE;
  return FALSE;
}

static gboolean
set_nothing_found (ButlerReplay  *replay,
                   GPtrArray     *names,
                   GError       **error)
{
  g_autofree char *list = NULL;

  g_ptr_array_add (names, NULL);
  list = g_strjoinv (", ", (char **) names->pdata);
  g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_NOT_FOUND, "the recording has no server %s%s: it has %s",
               replay->options.server != NULL ? "" : "of plugin ",
               replay->options.server != NULL ? replay->options.server : replay->module->name, *list != '\0' ? list : "none");
  return FALSE;
}

/* "NAME (PLUGIN)" */
static char *
describe_intro (GVariant *intro)
{
  const char *name;
  const char *plugin;

  g_variant_get (intro, "(u&s&s&sum@a{sv})", NULL, &name, NULL, &plugin, NULL, NULL);
  return g_strdup_printf ("%s (%s)", name, *plugin != '\0' ? plugin : "of the program");
}

/* Reads the whole file, so that nothing runs if it is damaged. */
static gboolean
find_plays (ButlerReplay  *replay,
            GError       **error)
{
  g_autoptr (ButlerTape) tape = butler__tape_open (replay->path, error);
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_auto (ButlerFrame) frame = { 0 };
  GError *failure = NULL;

  while (tape != NULL && butler__tape_next (tape, &frame, &failure))
    {
      if (frame.kind != BUTLER__FRAME_SERVER)
        continue;
      g_ptr_array_add (names, describe_intro (frame.body));
      if (is_wanted (replay, frame.body) && !is_known (replay, frame.server))
        g_ptr_array_add (replay->plays, butler__play_new (replay, frame.body));
    }
  if (failure != NULL)
    g_propagate_error (error, failure);
  if (tape == NULL || failure != NULL)
    return FALSE;
  replay->report->cut = butler__tape_is_cut (tape);
  return replay->plays->len > 0 || set_nothing_found (replay, names, error);
}

/* (transfer full) (nullable): what the set has by itself, but for what the recording says. NULL with an error. */
static gpointer
make_settings (const ButlerHandlerSet  *set,
               GVariant                *recorded,
               GError                 **error)
{
  gpointer defaults = butler_settings_new (set->settings, error);
  g_autoptr (GVariant) variant = defaults != NULL ? butler_record_to_variant (set->settings, defaults, error) : NULL;
  g_autoptr (GVariant) merged = NULL;
  GVariantDict dict;
  GVariantIter iter;
  GVariant *value;
  const char *key;

  g_clear_pointer (&defaults, butler_record_free);
  if (variant == NULL)
    return NULL;
  g_variant_dict_init (&dict, variant);
  g_variant_iter_init (&iter, recorded);
  while (g_variant_iter_next (&iter, "{&sv}", &key, &value))
    {
      g_variant_dict_insert_value (&dict, key, value);
      g_variant_unref (value);
    }
  merged = g_variant_ref_sink (g_variant_dict_end (&dict));
  return butler_record_from_variant (set->settings, merged, error);
}

/* A name that was given once more after its server was removed is taken here. */
static ButlerServer *
new_server (ButlerPlay                 *play,
            const ButlerHandlerSet     *set,
            const ButlerServerOptions  *options,
            GError                    **error)
{
  ButlerHub *hub = play->replay->module->hub;
  g_autofree char *other = NULL;
  GError *failure = NULL;
  ButlerServer *server = butler_server_new (hub, play->name, set, options, &failure);

  if (g_error_matches (failure, BUTLER_ERROR, BUTLER_ERROR_EXISTS))
    {
      g_clear_error (&failure);
      other = g_strdup_printf ("%s#%u", play->name, play->number);
      server = butler_server_new (hub, other, set, options, &failure);
    }
  if (failure != NULL)
    g_propagate_error (error, failure);
  return server;
}

static ButlerServer *
make_server (ButlerPlay  *play,
             GError     **error)
{
  ButlerServerOptions options = {
    .options_size = sizeof options, .no_route = TRUE, .loop = butler__play_loop, .loop_data = play
  };
  g_autoptr (GVariant) recorded = NULL;
  const ButlerHandlerSet *set;
  gpointer settings = NULL;
  ButlerServer *server;
  const char *set_name;

  g_variant_get (play->intro, "(us&ssum@a{sv})", NULL, NULL, &set_name, NULL, NULL, &recorded);
  set = butler_module_get_set (play->replay->module, set_name, error);
  if (set == NULL)
    return NULL;
  if (set->settings != NULL && recorded != NULL && (settings = make_settings (set, recorded, error)) == NULL)
    return NULL;
  options.settings = settings;
  server = new_server (play, set, &options, error);
  if (settings != NULL)
    butler_record_free (settings);
  return server;
}

static gboolean
prepare_play (ButlerPlay  *play,
              GError     **error)
{
  g_autoptr (ButlerTape) tape = butler__tape_open (play->replay->path, error);
  ButlerServer *server = tape != NULL ? make_server (play, error) : NULL;

  if (server == NULL)
    {
      g_prefix_error (error, "server %s: ", play->name);
      return FALSE;
    }
  butler__play_prepare (play, g_steal_pointer (&tape), server);
  return TRUE;
}

static gboolean
prepare (ButlerReplay  *replay,
         GError       **error)
{
  for (guint i = 0; i < replay->plays->len; i++)
    if (!prepare_play (replay->plays->pdata[i], error))
      return FALSE;
  return TRUE;
}

static void
run_all (ButlerReplay *replay)
{
  GPtrArray *plays = replay->plays;

  butler__ears_open ();
  replay->since = g_get_monotonic_time ();
  for (guint i = 0; i < plays->len; i++)
    butler__play_start (plays->pdata[i]);
  for (guint i = 0; i < plays->len; i++)
    butler__play_go_on (plays->pdata[i]);
  butler__ears_close ();
}

static GStrv
list_names (ButlerReplay *replay)
{
  GStrv names = g_new0 (char *, replay->plays->len + 1);

  for (guint i = 0; i < replay->plays->len; i++)
    names[i] = g_strdup (((ButlerPlay *) replay->plays->pdata[i])->name);
  return names;
}

/**
 * butler_module_replay:
 * @module: a module
 * @path: what butler_hub_record_start() wrote
 * @options: (nullable): see BUTLER_REPLAY_OPTIONS(); %NULL for the defaults
 * @error: (nullable): where to put an error
 *
 * Lets a recording happen once more: makes servers of @module's handler sets, with the names and settings that they had, hands them
 * the messages that they got, in the same order, and compares what they send meanwhile, and how they fail, with what is in the file.
 * Returns when all is handled; the servers are removed again.
 *
 * Each server is on its own: what handlers send reaches nobody, as what followed from it is in the file, and comes from there: answers
 * to what they ask, with errors as they were, and the messages of their timers, whose numbers are those of then. What they publish,
 * ask, answer, and the timers that they set and cancel, are compared as what they send is, and return what they returned; a question
 * that was not asked then ends with %BUTLER_ERROR_NO_REPLY. For the same reason messages that come from their tasks are not handled. What is
 * done outside of handlers, events and callbacks of asks is not compared. A message of a run that did not end, since the process crashed, is the last one, and with it the crash can be had again.
 *
 * Records and settings may have other layouts by now: fields are found by their names.
 *
 * Errors: %BUTLER_ERROR_BAD_VALUE if the file is no recording, of another version, or damaged, then nothing has run; %BUTLER_ERROR_NOT_FOUND if
 * it has no such server, or @module no such set; those of butler_server_new(). Differences are no error.
 *
 * Thread: any that is no server's or task's of the hub.
 *
 * Returns: (transfer full) (nullable): what came of it, for butler_replay_report_free(), or %NULL with an error
 *
 * Since: 1.0
 */
ButlerReplayReport *
butler_module_replay (ButlerModule               *module,
                      const char                 *path,
                      const ButlerReplayOptions  *options,
                      GError                    **error)
{
  ButlerReplay replay = { .module = module, .path = path };
  g_autoptr (ButlerReplayReport) report = NULL;
  gboolean ok;

  g_return_val_if_fail (module != NULL, NULL);
  g_return_val_if_fail (path != NULL, NULL);

  if (options != NULL)
    memcpy (&replay.options, options, MIN (options->options_size, sizeof replay.options));
  g_mutex_init (&replay.lock);
  replay.plays = g_ptr_array_new_with_free_func ((GDestroyNotify) butler__play_free);
  replay.report = report = butler_replay_report_new ();
  ok = find_plays (&replay, error) && prepare (&replay, error);
  if (ok)
    run_all (&replay);
  report->servers = list_names (&replay);
  g_ptr_array_unref (replay.plays);
  g_mutex_clear (&replay.lock);
  return ok ? g_steal_pointer (&report) : NULL;
}
