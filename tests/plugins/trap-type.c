/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/plugins/trap.h"

#define TRAP_TYPE_THING (trap_thing_get_type ())
G_DECLARE_FINAL_TYPE (TrapThing, trap_thing, TRAP, THING, GObject)

struct _TrapThing
{
  GObject parent;
};

G_DEFINE_TYPE (TrapThing, trap_thing, G_TYPE_OBJECT)

static void
trap_thing_class_init (TrapThingClass *class)
{
  (void) class;
}

static void
trap_thing_init (TrapThing *self)
{
  (void) self;
}

static void
spring (void)
{
  g_object_unref (g_object_new (TRAP_TYPE_THING, NULL));
}

TRAP (trap_type)
