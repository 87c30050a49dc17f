/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "gtk-window.h"

#include <gtk/gtk.h>

#define QUESTION_FIELDS(F, R) \
  F (R, string, text)
BUTLER_MESSAGE (GtkExampleQuestion, question, QUESTION_FIELDS);

#define ANSWER_FIELDS(F, R) \
  F (R, string, text)
BUTLER_MESSAGE (GtkExampleAnswer, answer, ANSWER_FIELDS);

/* The worker */

#define WORKER_FIELDS(F, R) \
  F (R, uint64, questions)
BUTLER_RECORD (GtkExampleWorker, worker, WORKER_FIELDS);

#define WORKER_HANDLES(H, S) \
  H (S, question)
BUTLER_HANDLERS (worker, WORKER_HANDLES);

static void
worker_on_question (GtkExampleWorker *self, GtkExampleQuestion *message, ButlerContext *context)
{
  GtkExampleAnswer reply = { .text = g_utf8_strreverse (message->text, -1) };

  self->questions++;
  answer_send (butler_context_get_hub (context), &reply, NULL); /* refused once the window is closed: nobody wants it */
}

const ButlerHandlerSet worker_set = { BUTLER_HANDLER_SET (worker) };

/* The client: signals of its widgets send messages, and messages change its widgets */

#define CLIENT_HANDLES(H, S) \
  H (S, answer)
BUTLER_HANDLERS (client, CLIENT_HANDLES);

static void
send_question (GtkExampleClient *self)
{
  GtkExampleQuestion question = { .text = g_strdup (gtk_editable_get_text (self->entry)) };
  g_autoptr (GError) error = NULL;

  if (!question_send (self->hub, &question, &error))
    gtk_label_set_text (self->label, error->message);
}

/* Only asks for the end: the client's stop function destroys the window when the last message has been handled. */
static gboolean
close_window (GtkExampleClient *self)
{
  butler_hub_fail (self->hub, NULL);
  return TRUE;
}

/* For whoever drives the program by a pipe: this is on the screen now. */
static void
print_what_is_shown (GdkFrameClock *clock, GtkExampleClient *self)
{
  g_signal_handlers_disconnect_by_data (clock, self);
  gdk_display_sync (gtk_widget_get_display (self->label));
  g_print ("%s\n", gtk_label_get_text (self->label));
}

static void
show (GtkExampleClient *self, const char *text)
{
  GdkFrameClock *clock = gtk_widget_get_frame_clock (self->label);

  gtk_label_set_text (self->label, text);
  g_signal_connect (clock, "after-paint", G_CALLBACK (print_what_is_shown), self);
}

static void
client_on_answer (GtkExampleClient *self, GtkExampleAnswer *message, ButlerContext *context G_GNUC_UNUSED)
{
  self->answers++;
  show (self, message->text);
}

/* The rows are equally high, so that a test finds them. */
static void
fill_window (GtkExampleClient *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 12);
  GtkWidget *button = gtk_button_new_with_label ("Send");

  self->entry = gtk_entry_new ();
  self->label = gtk_label_new (NULL);
  gtk_box_set_homogeneous (GTK_BOX (box), TRUE);
  g_object_set (box, "margin-top", 12, "margin-bottom", 12, "margin-start", 12, "margin-end", 12, NULL);
  gtk_box_append (GTK_BOX (box), self->entry);
  gtk_box_append (GTK_BOX (box), button);
  gtk_box_append (GTK_BOX (box), self->label);
  gtk_window_set_child (self->window, box);
  g_signal_connect_swapped (self->entry, "activate", G_CALLBACK (send_question), self);
  g_signal_connect_swapped (button, "clicked", G_CALLBACK (send_question), self);
}

static void
close_by_key (GtkWidget *window)
{
  GtkEventController *keys = gtk_shortcut_controller_new ();
  GtkShortcutTrigger *trigger = gtk_keyval_trigger_new (GDK_KEY_w, GDK_CONTROL_MASK);
  GtkShortcut *shortcut = gtk_shortcut_new (trigger, gtk_named_action_new ("window.close"));

  gtk_shortcut_controller_add_shortcut (GTK_SHORTCUT_CONTROLLER (keys), shortcut);
  gtk_event_controller_set_propagation_phase (keys, GTK_PHASE_CAPTURE); /* before the entry, which knows Ctrl+W too */
  gtk_widget_add_controller (window, keys);
}

static void
make_window (GtkExampleClient *self, const char *title)
{
  self->window = gtk_window_new ();
  gtk_window_set_title (self->window, title);
  gtk_window_set_default_size (self->window, 320, 180);
  fill_window (self);
  close_by_key (self->window);
  g_signal_connect_swapped (self->window, "close-request", G_CALLBACK (close_window), self);
  gtk_window_present (self->window);
  show (self, "Type something, and press the button.");
}

static gboolean
client_start (GtkExampleClient *self, gconstpointer none G_GNUC_UNUSED, ButlerContext *context, GError **error)
{
  if (!gtk_init_check ())
    {
      g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_FAILED, "GTK finds no display");
      return FALSE;
    }
  self->hub = butler_context_get_hub (context);
  make_window (self, butler_server_get_name (butler_context_get_server (context)));
  return TRUE;
}

static void
client_stop (GtkExampleClient *self, ButlerContext *context G_GNUC_UNUSED)
{
  gtk_window_destroy (self->window);
}

const ButlerHandlerSet client_set = {
  BUTLER_HANDLER_SET (client),
  BUTLER_START_PLAIN (client, client_start),
  BUTLER_STOP (client, client_stop),
};
