/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/handlers.h>

#include "lib/handlers.h"
#include "lib/image.h"
#include "lib/opaque.h"

typedef struct _ButlerGeneration ButlerGeneration;
typedef struct _ButlerHalt       ButlerHalt;

/* What one thing that needs a generation adds to its list; it is part of that thing. */
typedef struct _ButlerPin ButlerPin;
struct _ButlerPin
{
  ButlerGeneration *generation; /* (unowned) (nullable): NULL: nothing is pinned */
  ButlerPin        *next;       /* under the lock of the module's pins */
  ButlerPin        *previous;
  const char       *kind;       /* (unowned), as the next two: "server", "handler of", "task" */
  const char       *name;
  const char       *server;     /* (nullable) */
};

/* One loaded file of a plugin. Made and freed by the module's room, which also knows how it was loaded. */
struct _ButlerGeneration
{
  /* Set before it is published, read-only afterwards. */
  ButlerModule *module;   /* (unowned) */
  guint         number;   /* from 1 on */
  GPtrArray    *handlers; /* (unowned): ButlerHandlers, its sets */
  ButlerImage   image;    /* low is NULL if it is linked into the program */
  gint64        since;    /* monotonic, µs */

  /* Under the lock of the module's pins. */
  ButlerPin    *pins;
  gboolean      retired;  /* not current any more: it goes when nothing needs it */
  char         *resident; /* (owned) (nullable): why it stays mapped */
};

struct _ButlerModule
{
  /* Set when made, read-only afterwards. */
  ButlerHub         *hub;        /* (unowned) */
  const char        *name;       /* (unowned): interned, as a plugin has one name in all its generations */
  char              *path;       /* (owned) (nullable): the user's file, not the copy; NULL: linked in */
  guint              flags;      /* ButlerModuleFlags */

  /* Under the hub's mutex. */
  ButlerGeneration  *current;
  GPtrArray         *generations; /* (owned): all that are loaded, the oldest first */
  guint              last_number;
  GPtrArray         *given;       /* (owned): ButlerHandlers whose sets programs have pointers to */
  ButlerHalt        *halt;        /* (unowned) (nullable): its servers stand still, or are about to */

  GMutex             pins;        /* a leaf lock */
  void             (*idle) (ButlerModule *module); /* (nullable): a retired generation has lost its last pin. Under the lock: it
                                                    * must only wake */
};

/* butler__pin() says that @pin's owner needs @generation, which may be NULL and is pinned already, or current under the hub's mutex. */
void butler__pin   (ButlerPin        *pin,
                    ButlerGeneration *generation,
                    const char       *kind,
                    const char       *name,
                    const char       *server);
void butler__unpin (ButlerPin        *pin);

/* butler__pin_move() lets @to pin what @from pinned, as the thing that @from is part of is freed by code that is pinned. */
void butler__pin_move (ButlerPin *to,
                       ButlerPin *from);

/* butler__generation_retire() lets it go, when nothing needs it any more. */
void butler__generation_retire (ButlerGeneration *generation);

/* butler__generation_is_idle() is TRUE if it is retired, and nothing needs it. */
gboolean butler__generation_is_idle (ButlerGeneration *generation);

/* butler__generation_describe_pins() adds a line for each thing that needs it: (transfer full) strings. */
void butler__generation_describe_pins (ButlerGeneration *generation,
                                       GPtrArray        *lines);

/* butler__generation_stay() keeps it mapped, for good, for @reason (transfer full); the first reason counts. */
void butler__generation_stay (ButlerGeneration *generation,
                              char             *reason);

/* butler__generation_find() is its set @name, or NULL. */
ButlerHandlers *butler__generation_find (const ButlerGeneration *generation,
                                         const char             *name);

/* butler__module_of_set() is whose set that is, or NULL: a set of the program. It may be the plugin's own table too, which its code
 * knows. *@known is what was loaded as that set, maybe by an older generation. The hub's mutex is held. */
ButlerModule *butler__module_of_set (ButlerHub              *hub,
                                     const ButlerHandlerSet *set,
                                     ButlerHandlers        **known);

/* butler__generation_of_code() is the generation of @hub in whose file @function lies, or NULL. The hub's mutex is held. */
ButlerGeneration *butler__generation_of_code (ButlerHub    *hub,
                                              gconstpointer function);
