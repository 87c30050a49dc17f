/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/handlers.h"

#include <string.h>
#include <threadbutler/error.h>

#include "lib/policy.h"
#include "lib/settings.h"

/* What a set of the first version has at least; later members may be missing in a plugin that was built with it. */
#define LEAST_SET_SIZE     G_STRUCT_OFFSET (ButlerHandlerSet, doc)
#define LEAST_HANDLER_SIZE (sizeof (ButlerHandler))
#define MOST_HANDLERS      4096

#define REFUSE(...)                                                                                                    \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_BAD_HANDLERS, __VA_ARGS__);                                         \
    return FALSE;                                                                                                      \
  }                                                                                                                    \
  G_STMT_END

static gboolean
check_set (const ButlerHandlerSet *set,
           const char             *origin,
           GError                **error)
{
  if (set->set_size < LEAST_SET_SIZE)
    REFUSE ("%s: a handler set's table is too small: %u bytes, at least %u are expected", origin, set->set_size,
            (guint) LEAST_SET_SIZE);
  if (set->set_size % _Alignof (ButlerHandlerSet) != 0)
    REFUSE ("%s: a handler set's table has %u bytes, which is no multiple of %u", origin, set->set_size,
            (guint) _Alignof (ButlerHandlerSet));
  if (set->name == NULL || *set->name == '\0')
    REFUSE ("%s: a handler set has no name", origin);
  if (set->flags != 0)
    REFUSE ("%s: handler set %s has the flags 0x%x, which this version does not know", origin, set->name, set->flags);
  if (set->state == NULL)
    REFUSE ("%s: handler set %s has no state record", origin, set->name);
  if (set->n_handlers == 0 || set->handlers == NULL)
    REFUSE ("%s: handler set %s has no handlers", origin, set->name);
  if (set->n_handlers > MOST_HANDLERS)
    REFUSE ("%s: handler set %s claims %u handlers; %u is the limit", origin, set->name, set->n_handlers, MOST_HANDLERS);
  if (set->handler_size < LEAST_HANDLER_SIZE)
    REFUSE ("%s: handler set %s: an entry of its handler table is too small: %u bytes, at least %u are expected", origin,
            set->name, set->handler_size, (guint) LEAST_HANDLER_SIZE);
  if (set->handler_size % _Alignof (ButlerHandler) != 0)
    REFUSE ("%s: handler set %s: an entry of its handler table has %u bytes, which is no multiple of %u", origin, set->name,
            set->handler_size, (guint) _Alignof (ButlerHandler));
  return TRUE;
}

static const ButlerHandler *
nth_handler (const ButlerHandlerSet *set,
             guint                   n)
{
  return (const ButlerHandler *) (gconstpointer) ((const char *) set->handlers + (gsize) n * set->handler_size);
}

static const ButlerLayout *
register_record (const ButlerHandlerSet *set,
                 const ButlerRecordInfo *info,
                 const char             *what,
                 const char             *origin,
                 GError                **error)
{
  const ButlerLayout *layout = butler__layout_register (info, origin, error);

  if (layout == NULL)
    g_prefix_error (error, "%s: handler set %s: %s: ", origin, set->name, what);
  return layout;
}

static gboolean
add_handler (ButlerHandlers *self,
             guint           n,
             const char     *origin,
             GError        **error)
{
  const ButlerHandler *handler = nth_handler (&self->set, n);
  const ButlerLayout *layout;

  if (handler->message == NULL)
    REFUSE ("%s: handler set %s: handler %u names no message", origin, self->set.name, n);
  layout = register_record (&self->set, handler->message, "message", origin, error);
  if (layout == NULL)
    return FALSE;
  if (handler->func == NULL)
    REFUSE ("%s: handler set %s: the handler of %s is NULL", origin, self->set.name, layout->type->name);
  if (butler__handlers_find (self, layout->type) != NULL)
    REFUSE ("%s: handler set %s has two handlers of %s", origin, self->set.name, layout->type->name);

  if (layout->type->index >= self->n_types)
    {
      guint n_types = layout->type->index + 1;

      self->by_type = g_renew (guint16, self->by_type, n_types);
      memset (self->by_type + self->n_types, 0, (n_types - self->n_types) * sizeof self->by_type[0]);
      self->n_types = n_types;
    }
  self->entries[n] = (ButlerHandlerEntry) { layout, handler->func };
  self->by_type[layout->type->index] = (guint16) (n + 1);
  return TRUE;
}

static gboolean
add_records (ButlerHandlers *self,
             const char     *origin,
             GError        **error)
{
  self->state = register_record (&self->set, self->set.state, "state", origin, error);
  if (self->state == NULL)
    return FALSE;
  if (self->set.settings == NULL)
    return TRUE;
  self->settings = register_record (&self->set, self->set.settings, "settings", origin, error);
  if (self->settings == NULL)
    return FALSE;
  if (!butler__settings_check (self->set.settings, error))
    {
      g_prefix_error (error, "%s: handler set %s: ", origin, self->set.name);
      return FALSE;
    }
  return TRUE;
}

static gboolean
take_policy (ButlerHandlers *self,
             const char     *origin,
             GError        **error)
{
  g_autoptr (GError) reason = NULL;

  if (self->set.policy == NULL)
    return TRUE;
  if (!butler__policy_read (self->set.policy, &self->policy, &reason))
    REFUSE ("%s: handler set %s: %s", origin, self->set.name, reason->message);
  self->set.policy = &self->policy;
  return TRUE;
}

ButlerHandlers *
butler__handlers_new (const ButlerHandlerSet *set,
                      const char             *origin,
                      GError                **error)
{
  g_autoptr (ButlerHandlers) self = NULL;

  if (!check_set (set, origin, error))
    return NULL;
  self = g_new0 (ButlerHandlers, 1);
  g_atomic_ref_count_init (&self->ref_count);
  memcpy (&self->set, set, MIN (set->set_size, sizeof self->set));
  self->set.set_size = sizeof self->set;
  self->set.name = g_strdup (self->set.name);
  self->set.doc = g_strdup (self->set.doc);
  self->entries = g_new0 (ButlerHandlerEntry, self->set.n_handlers);

  if (!take_policy (self, origin, error) || !add_records (self, origin, error))
    return NULL;
  for (guint n = 0; n < self->set.n_handlers; n++)
    if (!add_handler (self, n, origin, error))
      return NULL;
  return g_steal_pointer (&self);
}

ButlerHandlers *
butler__handlers_ref (ButlerHandlers *handlers)
{
  g_atomic_ref_count_inc (&handlers->ref_count);
  return handlers;
}

void
butler__handlers_unref (ButlerHandlers *handlers)
{
  if (!g_atomic_ref_count_dec (&handlers->ref_count))
    return;
  g_free ((char *) handlers->set.name);
  g_free ((char *) handlers->set.doc);
  g_free (handlers->entries);
  g_free (handlers->by_type);
  g_free (handlers);
}
