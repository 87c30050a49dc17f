/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors
 *
 * ask: three threads. The main thread asks the waiter for dishes, and waits for each; the waiter asks the kitchen, and does not wait:
 * it holds what it was asked, and answers when the kitchen has. */

#include <threadbutler/threadbutler.h>

#define ORDER_FIELDS(F, R) \
  F (R, string, dish)
BUTLER_MESSAGE (Order, order, ORDER_FIELDS);

#define COOK_FIELDS(F, R) \
  F (R, string, dish)
BUTLER_MESSAGE (Cook, cook, COOK_FIELDS);

#define MEAL_FIELDS(F, R) \
  F (R, string, text)
BUTLER_MESSAGE (Meal, meal, MEAL_FIELDS);

/* The kitchen */

#define KITCHEN_FIELDS(F, R) \
  F (R, uint64, meals)
BUTLER_RECORD (Kitchen, kitchen, KITCHEN_FIELDS);

#define KITCHEN_HANDLES(H, S) \
  H (S, cook)
BUTLER_HANDLERS (kitchen, KITCHEN_HANDLES);

static void
kitchen_on_cook (Kitchen *self, Cook *cook, ButlerContext *context)
{
  if (g_str_equal (cook->dish, "soup"))
    butler_context_fail (context, "the %s is out", cook->dish); /* logged, and the answer */
  else
    meal_reply (context, &(Meal) { .text = g_strdup_printf ("%s, number %" G_GUINT64_FORMAT, cook->dish, ++self->meals) });
}

/* The waiter */

#define WAITER_FIELDS(F, R) \
  F (R, uint64, served)
BUTLER_RECORD (Waiter, waiter, WAITER_FIELDS);

#define WAITER_HANDLES(H, S) \
  H (S, order)
BUTLER_HANDLERS (waiter, WAITER_HANDLES);

/* On the waiter's thread, between two messages. */
static void
on_meal (GObject *nothing, GAsyncResult *result, gpointer data)
{
  ButlerContext *held = data;
  Waiter *self = butler_context_state (held);
  g_autoptr (GError) error = NULL;
  g_autoptr (Meal) meal = meal_from_message (cook_ask_finish (result, &error), &error);

  (void) nothing;
  if (meal != NULL)
    {
      self->served++;
      meal_reply (held, meal);
    }
  else
    meal_reply (held, &(Meal) { .text = g_strdup_printf ("nothing, as %s", error->message) });
  butler_context_release (held);
}

static void
waiter_on_order (Waiter *self, Order *order, ButlerContext *context)
{
  Cook cook = { .dish = g_steal_pointer (&order->dish) };

  (void) self;
  cook_ask_async (butler_context_get_hub (context), &cook, 1000, NULL, on_meal, butler_context_hold (context));
}

static const ButlerHandlerSet kitchen_set = { BUTLER_HANDLER_SET (kitchen) };
static const ButlerHandlerSet waiter_set = { BUTLER_HANDLER_SET (waiter) };

/* The guest */

static gboolean
eat (ButlerHub *hub, const char *dish, GError **error)
{
  Order order = { .dish = g_strdup (dish) };
  g_autoptr (Meal) meal = meal_from_message (order_ask_sync (hub, &order, 2000, NULL, error), error);

  if (meal != NULL)
    g_print ("%s\n", meal->text);
  return meal != NULL;
}

int
main (void)
{
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  g_autoptr (GError) error = NULL;

  if (butler_server_new (hub, "waiter", &waiter_set, NULL, &error) != NULL
      && butler_server_new (hub, "kitchen", &kitchen_set, NULL, &error) != NULL && butler_hub_start (hub, &error)
      && eat (hub, "rice", &error) && eat (hub, "soup", &error) && eat (hub, "cake", &error))
    return 0;
  g_printerr ("ask: %s\n", error->message);
  return 1;
}
