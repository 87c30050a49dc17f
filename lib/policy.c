/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/policy.h"

#include <string.h>
#include <threadbutler/error.h>

/* What follows a failure: what was said of it, and how often it may follow. */

#define DEFAULT_RESTARTS      5
#define DEFAULT_PERIOD        60000 /* ms */
#define DEFAULT_PAUSE         100
#define DEFAULT_LONGEST_PAUSE 10000

static const char *const failure_names[] = {
  [BUTLER_FAILURE_DEFAULT] = "default",   [BUTLER_FAILURE_CONTINUE] = "continue", [BUTLER_FAILURE_RESTART] = "restart",
  [BUTLER_FAILURE_STOP] = "stop", [BUTLER_FAILURE_ESCALATE] = "escalate",
};

static const char *const strategy_names[] = {
  [BUTLER_STRATEGY_DEFAULT] = "default",
  [BUTLER_STRATEGY_ONE_FOR_ONE] = "one-for-one",
  [BUTLER_STRATEGY_ONE_FOR_ALL] = "one-for-all",
  [BUTLER_STRATEGY_REST_FOR_ONE] = "rest-for-one",
};

static const char *const late_asks_names[] = {
  [BUTLER_ASKS_DEFAULT] = "default",
  [BUTLER_ASKS_WAIT] = "wait",
  [BUTLER_ASKS_FAIL] = "fail",
};

/**
 * butler_failure_to_string:
 * @failure: what follows a failure
 *
 * Names it as app files do: default, continue, restart, stop, escalate.
 *
 * Thread: any.
 *
 * Returns: (transfer none): the name
 *
 * Since: 1.0
 */
const char *
butler_failure_to_string (ButlerFailure failure)
{
  g_return_val_if_fail ((guint) failure < G_N_ELEMENTS (failure_names), NULL);

  return failure_names[failure];
}

/**
 * butler_failure_from_string:
 * @text: a name
 * @failure: (out): what has that name
 * @error: (nullable): where to put an error
 *
 * The other way round.
 *
 * Errors: %BUTLER_ERROR_BAD_VALUE.
 *
 * Thread: any.
 *
 * Returns: %TRUE if @text is such a name
 *
 * Since: 1.0
 */
gboolean
butler_failure_from_string (const char     *text,
                            ButlerFailure  *failure,
                            GError        **error)
{
  g_return_val_if_fail (text != NULL, FALSE);
  g_return_val_if_fail (failure != NULL, FALSE);

  for (guint i = 0; i < G_N_ELEMENTS (failure_names); i++)
    if (g_str_equal (text, failure_names[i]))
      {
        *failure = (ButlerFailure) i;
        return TRUE;
      }
  g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_BAD_VALUE,
               "\"%s\" is no failure policy: continue, restart, stop or escalate is expected", text);
  return FALSE;
}

/**
 * butler_strategy_to_string:
 * @strategy: whom a supervisor restarts
 *
 * Names it as app files do: default, one-for-one, one-for-all, rest-for-one.
 *
 * Thread: any.
 *
 * Returns: (transfer none): the name
 *
 * Since: 1.0
 */
const char *
butler_strategy_to_string (ButlerStrategy strategy)
{
  g_return_val_if_fail ((guint) strategy < G_N_ELEMENTS (strategy_names), NULL);

  return strategy_names[strategy];
}

/**
 * butler_strategy_from_string:
 * @text: a name
 * @strategy: (out): what has that name
 * @error: (nullable): where to put an error
 *
 * The other way round.
 *
 * Errors: %BUTLER_ERROR_BAD_VALUE.
 *
 * Thread: any.
 *
 * Returns: %TRUE if @text is such a name
 *
 * Since: 1.0
 */
gboolean
butler_strategy_from_string (const char      *text,
                             ButlerStrategy  *strategy,
                             GError         **error)
{
  g_return_val_if_fail (text != NULL, FALSE);
  g_return_val_if_fail (strategy != NULL, FALSE);

  for (guint i = 0; i < G_N_ELEMENTS (strategy_names); i++)
    if (g_str_equal (text, strategy_names[i]))
      {
        *strategy = (ButlerStrategy) i;
        return TRUE;
      }
  g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_BAD_VALUE,
               "\"%s\" is no strategy: one-for-one, one-for-all or rest-for-one is expected", text);
  return FALSE;
}

gboolean
butler__late_asks_from_string (const char      *text,
                               ButlerLateAsks  *late_asks,
                               GError         **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (late_asks_names); i++)
    if (g_str_equal (text, late_asks_names[i]))
      {
        *late_asks = (ButlerLateAsks) i;
        return TRUE;
      }
  g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_BAD_VALUE, "\"%s\" is not what becomes of late asks: wait or fail is expected", text);
  return FALSE;
}

static gboolean
refuse (const char *what,
        GError    **error)
{
  g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_BAD_VALUE, "its failure policy %s", what);
  return FALSE;
}

gboolean
butler__policy_read (const ButlerPolicy *from,
                     ButlerPolicy       *policy,
                     GError            **error)
{
  *policy = (ButlerPolicy) { 0 };
  if (from->policy_size < sizeof from->policy_size + sizeof from->on_failure)
    return refuse ("is a table that is too small", error);
  memcpy (policy, from, MIN (from->policy_size, sizeof *policy));
  policy->policy_size = sizeof *policy;
  if ((guint) policy->on_failure >= G_N_ELEMENTS (failure_names) || (guint) policy->on_limit >= G_N_ELEMENTS (failure_names))
    return refuse ("says something unknown of what follows a failure", error);
  if ((guint) policy->strategy >= G_N_ELEMENTS (strategy_names))
    return refuse ("has an unknown strategy", error);
  if ((guint) policy->late_asks >= G_N_ELEMENTS (late_asks_names))
    return refuse ("says something unknown of late asks", error);
  return TRUE;
}

static guint
pick (guint own,
      guint other,
      guint otherwise)
{
  if (own != 0)
    return own;
  return other != 0 ? other : otherwise;
}

ButlerPolicy
butler__policy_merge (const ButlerPolicy *own,
                      const ButlerPolicy *other)
{
  static const ButlerPolicy nothing;

  if (other == NULL)
    other = &nothing;
  return (ButlerPolicy) {
    .policy_size = sizeof (ButlerPolicy),
    .on_failure = (ButlerFailure) pick (own->on_failure, other->on_failure, BUTLER_FAILURE_CONTINUE),
    .restarts = pick (own->restarts, other->restarts, DEFAULT_RESTARTS),
    .period = pick (own->period, other->period, DEFAULT_PERIOD),
    .pause = pick (own->pause, other->pause, DEFAULT_PAUSE),
    .longest_pause = pick (own->longest_pause, other->longest_pause, DEFAULT_LONGEST_PAUSE),
    .poison = pick (own->poison, other->poison, 0),
    .strategy = (ButlerStrategy) pick (own->strategy, other->strategy, BUTLER_STRATEGY_ONE_FOR_ONE),
    .handler_limit = pick (own->handler_limit, other->handler_limit, 0),
    .on_limit = (ButlerFailure) pick (own->on_limit, other->on_limit, BUTLER_FAILURE_CONTINUE),
    .late_asks = (ButlerLateAsks) pick (own->late_asks, other->late_asks, BUTLER_ASKS_WAIT),
  };
}

gint64
butler__policy_get_pause (const ButlerPolicy *policy,
                          guint               n)
{
  gint64 longest = policy->longest_pause;
  gint64 pause = policy->pause == BUTLER_NO_PAUSE ? 0 : policy->pause;

  for (guint i = 1; i < n && pause > 0 && pause < longest; i++)
    pause *= 2;
  return MIN (pause, longest) * 1000;
}

guint
butler__intensity_note (ButlerIntensity    *intensity,
                        const ButlerPolicy *policy,
                        gint64              now)
{
  gint64 since = now - (gint64) policy->period * 1000;
  guint old = 0;

  if (intensity->times == NULL)
    intensity->times = g_array_new (FALSE, FALSE, sizeof (gint64));
  while (old < intensity->times->len && g_array_index (intensity->times, gint64, old) <= since)
    old++;
  g_array_remove_range (intensity->times, 0, old);
  if (intensity->times->len >= policy->restarts)
    return 0;
  g_array_append_val (intensity->times, now);
  return intensity->times->len;
}

void
butler__intensity_clear (ButlerIntensity *intensity)
{
  g_clear_pointer (&intensity->times, g_array_unref);
}
