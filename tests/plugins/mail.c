/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/swap-mail.h"

/* By -D: MAIL_WRITER sends letters, in its own layout of them; MAIL_READER says what it reads in its own. */

#define POST_FIELDS(F, R) F (R, uint64, count)

#ifdef MAIL_WRITER
BUTLER_RECORD (WriterState, writer, POST_FIELDS);
#define WRITER_HANDLES(H, S) H (S, write_mail)
BUTLER_HANDLERS (writer, WRITER_HANDLES);

static void
writer_on_write_mail (WriterState *self, WriteMail *order, ButlerContext *context)
{
#if MAIL_LAYOUT == 3
  guint64 count = 7;
#else
  guint16 count = 7;
#endif

  for (guint32 i = 0; i < order->n; i++)
    {
      Mail mail = { .number = order->from + i, .text = g_strdup_printf ("letter %u", order->from + i) };

      mail.counts = g_array_new (FALSE, FALSE, sizeof count);
      g_array_append_val (mail.counts, count);
#if MAIL_LAYOUT != 3
      mail.gone = g_strdup ("gone");
#endif
#if MAIL_LAYOUT != 1
      mail.added = g_strdup ("added");
#endif
      mail_send (butler_context_get_hub (context), &mail, NULL);
      self->count++;
    }
}

static const ButlerHandlerSet writer_set = { BUTLER_HANDLER_SET (writer) };
BUTLER_PLUGIN (writer, "1.0", &writer_set)
#endif

#ifdef MAIL_READER
BUTLER_RECORD (ReaderState, reader, POST_FIELDS);
#define READER_HANDLES(H, S) H (S, mail)
BUTLER_HANDLERS (reader, READER_HANDLES);

static void
reader_on_mail (ReaderState *self, Mail *mail, ButlerContext *context)
{
  MailRead seen = { .layout = MAIL_LAYOUT, .number = mail->number, .text = g_steal_pointer (&mail->text) };

#if MAIL_LAYOUT == 3
  seen.count = g_array_index (mail->counts, guint64, 0);
#else
  seen.count = g_array_index (mail->counts, guint16, 0);
  seen.gone = g_steal_pointer (&mail->gone);
#endif
#if MAIL_LAYOUT != 1
  seen.added = g_steal_pointer (&mail->added);
#endif
  self->count++;
  mail_read_send (butler_context_get_hub (context), &seen, NULL);
}

static const ButlerHandlerSet reader_set = { BUTLER_HANDLER_SET (reader) };
BUTLER_PLUGIN (reader, "1.0", &reader_set)
#endif
