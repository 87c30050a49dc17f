/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

/* A program against the installed library: one server counts, main looks at the count when it has ended. */

#include <threadbutler/threadbutler.h>

#if !BUTLER_CHECK_VERSION(1, 0, 0)
#error "the installed version.h is wrong"
#endif

#define STEP_FIELDS(F, R) F (R, uint64, width)
BUTLER_MESSAGE (InstallStep, step, STEP_FIELDS);

#define WALKER_FIELDS(F, R) F (R, uint64, distance)
BUTLER_RECORD (InstallWalker, walker, WALKER_FIELDS);

#define WALKER_HANDLES(H, S) H (S, step)
BUTLER_HANDLERS (walker, WALKER_HANDLES);

static void
walker_on_step (InstallWalker *self, InstallStep *step, ButlerContext *context)
{
  (void) context;
  self->distance += step->width;
}

static const ButlerHandlerSet walker_set = {
  BUTLER_HANDLER_SET (walker),
};

int
main (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  InstallWalker walker = { .distance = 0 };
  ButlerServer *server =
    butler_server_new (hub, "walker", &walker_set, BUTLER_SERVER_OPTIONS (.state = &walker), &error);

  g_assert_no_error (error);
  g_assert_true (butler_check_version (BUTLER_MAJOR_VERSION, BUTLER_MINOR_VERSION, BUTLER_MICRO_VERSION));
  g_assert_true (butler_server_start (server, &error));
  for (guint64 width = 1; width <= 4; width++)
    g_assert_true (step_send (hub, &(InstallStep) { .width = width }, &error));
  g_assert_true (butler_server_stop (server));
  g_assert_cmpuint (walker.distance, ==, 10);
  return 0;
}
