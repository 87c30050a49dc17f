/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include <threadbutler/error.h>

#include "lib/ask.h"
#include "lib/entry.h"
#include "lib/late.h"
#include "lib/play.h"
#include "lib/replay-compare.h"

/* What a server does while it plays: nothing of it is done, each deed has the outcome that it had, and what differs is said. */

#define STRANGER ((gint64) 1 << 62) /* the numbers of timers that were not set when this was recorded are above it */

/* One call that goes on. */
typedef struct
{
  char      *where;    /* (owned): for people */
  GVariant  *expected; /* (owned) (nullable): what it is to do */
  GPtrArray *deeds;    /* (owned): BUTLER__TAPE_DEED: what it did */
} PlayCall;

static void
call_free (gpointer data)
{
  PlayCall *one = data;

  g_clear_pointer (&one->expected, g_variant_unref);
  g_ptr_array_unref (one->deeds);
  g_free (one->where);
  g_free (one);
}

static PlayCall *
get_call (ButlerPlay *play)
{
  return play->calls->pdata[play->calls->len - 1];
}

/* Differences */

/* The file's names may be anything. */
static void
make_one_line (char *text)
{
  for (; *text != '\0'; text++)
    if (g_ascii_iscntrl (*text))
      *text = ' ';
}

void
butler__play_differ (ButlerPlay *play,
                     const char *where,
                     const char *what)
{
  ButlerReplay *replay = play->replay;
  g_autofree char *line = g_strdup_printf ("%s: %s: %s", play->name, where, what);

  make_one_line (line);
  g_mutex_lock (&replay->lock);
  replay->report->differences++;
  if (replay->options.difference != NULL)
    replay->options.difference (line, replay->options.data);
  g_mutex_unlock (&replay->lock);
}

void
butler__play_add_difference (gpointer    play,
                             const char *what)
{
  butler__play_differ (play, get_call (play)->where, what);
}

void
butler__play_count_skipped (ButlerPlay *play,
                            guint       n)
{
  g_mutex_lock (&play->replay->lock);
  play->replay->report->skipped += n;
  g_mutex_unlock (&play->replay->lock);
}

static void
compare (ButlerPlay   *play,
         const GError *failure)
{
  PlayCall *one = get_call (play);
  g_autofree char *got = failure != NULL ? g_utf8_make_valid (failure->message, -1) : g_strdup ("");
  g_autoptr (GVariant) deeds = NULL;
  const char *recorded;

  if (one->expected == NULL || play->replay->options.no_compare)
    return;
  g_variant_get_child (one->expected, 2, "&s", &recorded);
  deeds = g_variant_get_child_value (one->expected, 3);
  butler__compare_deeds (deeds, one->deeds, butler__play_add_difference, play);
  butler__compare_failure (recorded, got, butler__play_add_difference, play);
  g_mutex_lock (&play->replay->lock);
  play->replay->report->sent += g_variant_n_children (deeds);
  g_mutex_unlock (&play->replay->lock);
}

/* What has no record at all: the file has it with the outcome. (transfer full) (nullable) */
static GVariant *
get_expected (ButlerPlay       *play,
              const ButlerDeed *deed)
{
  PlayCall *one = play->calls->len > 0 ? get_call (play) : NULL;
  g_autoptr (GVariant) all = one != NULL && one->expected != NULL ? g_variant_get_child_value (one->expected, 3) : NULL;
  g_autoptr (GVariant) it = NULL;
  const char *type;
  guint8 kind;

  if (all == NULL || one->deeds->len >= g_variant_n_children (all))
    return NULL;
  it = g_variant_get_child_value (all, one->deeds->len);
  g_variant_get_child (it, 0, "y", &kind);
  g_variant_get_child (it, 1, "&s", &type);
  if (kind != (guint8) deed->kind || !g_str_equal (type, deed->layout != NULL ? deed->layout->type->name : ""))
    return NULL;
  return g_steal_pointer (&it);
}

static void
note_deed (ButlerPlay       *play,
           const ButlerDeed *deed)
{
  const char *type = deed->layout != NULL ? deed->layout->type->name : "";
  g_autoptr (GVariant) record = deed->layout != NULL ? butler__layout_to_variant (deed->layout, deed->value, NULL) : NULL;

  if (play->calls->len == 0)
    return;
  g_ptr_array_add (get_call (play)->deeds,
                   g_variant_ref_sink (g_variant_new ("(ysm@a{sv}sxxm@" BUTLER__TAPE_ANSWER ")", (guint8) deed->kind, type, record, "",
                                                      deed->argument, (gint64) 0, NULL)));
}

/* Runs while a start or a stop waits, or after it. */
typedef struct
{
  ButlerEntry entry;  /* first */
  ButlerPlay *play;   /* (owned) */
} Prompter;

static void
prompt (ButlerEntry  *entry,
        ButlerServer *server)
{
  Prompter *prompter = (Prompter *) entry;

  if (server != NULL)
    butler__play_feed_nested (prompter->play);
  butler__tap_unref (&prompter->play->tap);
  g_free (prompter);
}

static void
send_prompter (ButlerPlay *play)
{
  Prompter *prompter = g_new0 (Prompter, 1);

  prompter->entry.run = prompt;
  prompter->play = play;
  g_atomic_ref_count_inc (&play->tap.ref_count);
  if (!butler__channel_put_internal (play->server->channel, &prompter->entry.header))
    prompt (&prompter->entry, NULL);
}

/* Outcomes. All of them happened, unless the file says otherwise. */

static void
refuse_send (ButlerDeed *deed,
             gint64      outcome)
{
  if (outcome > 0 && outcome <= G_MAXINT)
    deed->error = g_error_new (BUTLER_ERROR, (int) outcome - 1, "%s was not sent: so it was when this was recorded",
                               deed->layout->type->name);
}

ButlerMessage *
butler__play_make_answer (GVariant *answer,
                          GError  **error)
{
  g_autoptr (GVariant) record = NULL;
  const char *type;
  const char *note;
  const char *domain;
  const char *text;
  gint32 code;

  g_variant_get (answer, "(&sm@a{sv}&s(&si&s))", &type, &record, &note, &domain, &code, &text);
  if (*type != '\0' && record != NULL)
    return butler__late_new (type, record, error);
  if (*type != '\0')
    g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_NOT_SERIALIZABLE, "the recording has no answer: %s", note);
  else if (*domain != '\0')
    g_set_error_literal (error, g_quark_from_string (domain), code, text);
  else
    g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_NO_REPLY, "the recording has no answer");
  return NULL;
}

/* The question is (owned) by the table until its answer comes. */
static void
keep_question (ButlerPlay     *play,
               ButlerQuestion *question,
               gint64          number)
{
  g_autofree gint64 *key = g_memdup2 (&number, sizeof number);

  if (number > 0 && !g_hash_table_contains (play->asked, key))
    {
      g_hash_table_insert (play->asked, g_steal_pointer (&key), butler__question_ref (question));
      if (play->act != NULL)
        send_prompter (play);
    }
  else
    butler__question_fail (question, BUTLER_ERROR_NO_REPLY, "it was not asked when this was recorded");
}

static void
answer_at_once (ButlerDeed *deed,
                GVariant   *expected)
{
  g_autoptr (GVariant) answer = NULL;

  if (expected != NULL)
    g_variant_get_child (expected, 6, "m@" BUTLER__TAPE_ANSWER, &answer);
  if (answer != NULL)
    deed->reply = butler__play_make_answer (answer, &deed->error);
  else
    deed->error = g_error_new (BUTLER_ERROR, BUTLER_ERROR_NO_REPLY, "%s was not answered: it was not asked when this was recorded",
                               deed->layout->type->name);
}

static void
set_outcome (ButlerPlay *play,
             ButlerDeed *deed,
             GVariant   *expected)
{
  gint64 outcome = 0;

  if (expected != NULL)
    g_variant_get_child (expected, 5, "x", &outcome);
  switch (deed->kind)
    {
    case BUTLER__DEED_SEND:
    case BUTLER__DEED_URGENT:
      refuse_send (deed, outcome);
      break;
    case BUTLER__DEED_ASK:
      keep_question (play, deed->question, outcome);
      break;
    case BUTLER__DEED_WAIT:
      answer_at_once (deed, expected);
      break;
    case BUTLER__DEED_LATER:
    case BUTLER__DEED_EVERY:
      deed->outcome = expected != NULL ? outcome : STRANGER + (gint64) ++play->strangers;
      break;
    case BUTLER__DEED_CANCEL:
      deed->outcome = expected != NULL ? outcome : deed->argument > STRANGER;
      break;
    case BUTLER__DEED_PUBLISH:
    case BUTLER__DEED_REPLY:
    default:
      deed->outcome = expected != NULL ? outcome : deed->outcome;
    }
}

/* The ears */

static gboolean
take_deed (ButlerPlay *play,
           ButlerDeed *deed)
{
  g_autoptr (GVariant) expected = get_expected (play, deed);

  note_deed (play, deed);
  set_outcome (play, deed, expected);
  return TRUE;
}

static gboolean
hear (ButlerTap  *tap,
      ButlerCall *call G_GNUC_UNUSED,
      ButlerDeed *deed)
{
  return take_deed ((ButlerPlay *) tap, deed);
}

static gboolean
hear_outside (ButlerEar  *ear,
              ButlerDeed *deed)
{
  return take_deed ((ButlerPlay *) (gpointer) ((char *) ear - G_STRUCT_OFFSET (ButlerPlay, ear)), deed);
}

/* What tasks and timers bring is in the file, too: it comes from there. */
static gboolean
begin_call (ButlerTap  *tap,
            ButlerCall *call)
{
  ButlerPlay *play = (ButlerPlay *) tap;
  PlayCall *one = g_new0 (PlayCall, 1);
  gboolean wanted = TRUE;

  one->deeds = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  if (call->question != NULL ? call->question == play->answered : play->feeding)
    {
      one->where = g_steal_pointer (&play->where);
      one->expected = g_steal_pointer (&play->expected);
    }
  else if (call->question == NULL && call->message == NULL)
    {
      one->expected = play->act != NULL && play->act->result != NULL ? g_variant_ref (play->act->result) : NULL;
      send_prompter (play);
    }
  else
    wanted = call->question != NULL;
  if (one->where == NULL)
    one->where = g_strdup (call->what);
  play->feeding = FALSE;
  play->answered = NULL;
  g_ptr_array_add (play->calls, one);
  return wanted;
}

static void
end_call (ButlerTap    *tap,
          ButlerCall   *call,
          const GError *failure)
{
  ButlerPlay *play = (ButlerPlay *) tap;

  compare (play, failure);
  call_free (g_ptr_array_steal_index (play->calls, play->calls->len - 1));
  if (call->question == NULL && (call->what == BUTLER__CALL_START || call->what == BUTLER__CALL_STOP))
    butler__play_end_act (play);
}

static void
play_free (ButlerTap *tap)
{
  ButlerPlay *play = (ButlerPlay *) tap;

  butler__play_clear (play);
  g_hash_table_unref (play->asked);
  g_hash_table_unref (play->strange);
  g_ptr_array_unref (play->calls);
  g_clear_pointer (&play->expected, g_variant_unref);
  g_free (play->where);
  g_free (play);
}

static const ButlerTapKind play_kind = {
  .begin = begin_call,
  .hear = hear,
  .end = end_call,
  .free = play_free,
};

void
butler__play_init (ButlerPlay *play)
{
  butler__tap_init (&play->tap, &play_kind, NULL);
  play->ear.hear = hear_outside;
  play->calls = g_ptr_array_new_with_free_func (call_free);
  play->strange = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  play->asked = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, (GDestroyNotify) butler__question_unref);
}

/* One after the other, as what ends may ask again. */
void
butler__play_end_questions (ButlerPlay *play)
{
  GHashTableIter iter;
  gpointer question;

  g_hash_table_iter_init (&iter, play->asked);
  while (g_hash_table_iter_next (&iter, NULL, &question))
    {
      butler__question_ref (question);
      g_hash_table_iter_remove (&iter);
      butler__question_fail (question, BUTLER_ERROR_CANCELLED, "the recording has no answer");
      butler__question_unref (question);
      g_hash_table_iter_init (&iter, play->asked);
    }
}
