/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/tape.h"

#include <errno.h>
#include <gio/gio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <threadbutler/error.h>

#define MAGIC "butlrec" /* and a NUL */

typedef struct
{
  char    magic[8];
  guint32 version;
  guint32 zero;
} Header;

G_STATIC_ASSERT (sizeof (Header) == 16);

static const struct
{
  ButlerFrameKind kind;
  const char     *type;
} kinds[] = {
  { BUTLER__FRAME_SERVER, "(usssuma{sv})" },
  { BUTLER__FRAME_START, "(ux)" },
  { BUTLER__FRAME_MESSAGE, "(uxsma{sv}sb(txt))" },
  { BUTLER__FRAME_ANSWER, "(uxt" BUTLER__TAPE_ANSWER ")" },
  { BUTLER__FRAME_RETURN, "(uxsa" BUTLER__TAPE_DEED ")" },
  { BUTLER__FRAME_GENERATION, "(uu)" },
  { BUTLER__FRAME_STOP, "(ux)" },
};

/* Writing */

gboolean
butler__tape_begin (ButlerSink *sink)
{
  Header header = { MAGIC, GUINT32_TO_LE (BUTLER__TAPE_VERSION), 0 };

  return butler__sink_write (sink, &header, sizeof header);
}

/* As the file has it, on any machine. */
static GVariant *
to_little_endian (GVariant *frame)
{
#if G_BYTE_ORDER == G_BIG_ENDIAN
  GVariant *swapped = g_variant_byteswap (frame);

  g_variant_unref (frame);
  return swapped;
#else
  return frame;
#endif
}

gboolean
butler__tape_write (ButlerSink     *sink,
                    ButlerFrameKind kind,
                    GVariant       *body)
{
  g_autoptr (GVariant) frame = to_little_endian (g_variant_ref_sink (g_variant_new ("(yv)", (guint8) kind, body)));
  gsize size = g_variant_get_size (frame);
  guint32 head = GUINT32_TO_LE ((guint32) size);
  g_autoptr (GByteArray) bytes = NULL;

  if (size > G_MAXUINT32)
    return TRUE; /* no reader could take it */
  bytes = g_byte_array_sized_new ((guint) MIN (size + sizeof head, G_MAXUINT));
  g_byte_array_append (bytes, (const guint8 *) &head, sizeof head);
  g_byte_array_append (bytes, g_variant_get_data (frame), (guint) size);
  return butler__sink_write (sink, bytes->data, bytes->len);
}

/* Reading */

struct _ButlerTape
{
  FILE    *file;
  char    *name; /* (owned): for people */
  goffset  at;
  goffset  size;
  gboolean cut;
};

void
butler__frame_clear (ButlerFrame *frame)
{
  g_clear_pointer (&frame->body, g_variant_unref);
}

void
butler__tape_close (ButlerTape *tape)
{
  fclose (tape->file);
  g_free (tape->name);
  g_free (tape);
}

static gboolean
set_errno (GError    **error,
           const char *name,
           int         code)
{
  g_set_error (error, G_IO_ERROR, (int) g_io_error_from_errno (code), "%s: %s", name, g_strerror (code));
  return FALSE;
}

static gboolean
open_file (ButlerTape  *tape,
           const char  *path,
           GError     **error)
{
  struct stat status;

  tape->file = fopen (path, "re");
  if (tape->file == NULL || fstat (fileno (tape->file), &status) != 0)
    return set_errno (error, tape->name, errno);
  tape->size = status.st_size;
  if (S_ISREG (status.st_mode))
    return TRUE;
  g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_BAD_VALUE, "%s is not a regular file", tape->name);
  return FALSE;
}

/* FALSE without an error: there are not so many bytes. */
static gboolean
read_bytes (ButlerTape *tape,
            gpointer    bytes,
            gsize       size,
            GError    **error)
{
  gsize n = fread (bytes, 1, size, tape->file);

  tape->at += (goffset) n;
  if (n == size)
    return TRUE;
  if (ferror (tape->file))
    return set_errno (error, tape->name, errno);
  tape->cut = n > 0;
  return FALSE;
}

static gboolean
check_header (ButlerTape *tape,
              GError    **error)
{
  Header header = { 0 };
  GError *failure = NULL;

  if (!read_bytes (tape, &header, sizeof header, &failure) && failure != NULL)
    {
      g_propagate_error (error, failure);
      return FALSE;
    }
  if (memcmp (header.magic, MAGIC, sizeof MAGIC) != 0 || tape->cut)
    g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_BAD_VALUE, "%s is no recording", tape->name);
  else if (GUINT32_FROM_LE (header.version) != BUTLER__TAPE_VERSION)
    g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_BAD_VALUE, "%s is a recording of version %u, and not of version %u", tape->name,
                 GUINT32_FROM_LE (header.version), BUTLER__TAPE_VERSION);
  else
    return TRUE;
  return FALSE;
}

ButlerTape *
butler__tape_open (const char  *path,
                   GError     **error)
{
  ButlerTape *tape = g_new0 (ButlerTape, 1);

  tape->name = g_filename_display_name (path);
  if (open_file (tape, path, error) && check_header (tape, error))
    return tape;
  if (tape->file != NULL)
    fclose (tape->file);
  g_free (tape->name);
  g_free (tape);
  return NULL;
}

gboolean
butler__tape_is_cut (const ButlerTape *tape)
{
  return tape->cut;
}

static gboolean
set_damaged (ButlerTape *tape,
             goffset     at,
             GError    **error)
{
  g_set_error (error, BUTLER_ERROR, BUTLER_ERROR_BAD_VALUE, "%s is damaged: the frame at byte %" G_GOFFSET_FORMAT " makes no sense",
               tape->name, at);
  return FALSE;
}

/* (transfer full) (nullable): the bytes of the next frame. */
static GVariant *
read_frame (ButlerTape *tape,
            GError    **error)
{
  guint32 size;
  gpointer bytes;
  GVariant *raw;

  if (!read_bytes (tape, &size, sizeof size, error))
    return NULL;
  size = GUINT32_FROM_LE (size);
  if (size > tape->size - tape->at) /* before anything of that size is allocated */
    {
      tape->cut = TRUE;
      return NULL;
    }
  bytes = g_try_malloc (MAX (size, 1));
  if (bytes == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s: there is no memory for a frame of %u bytes at byte %" G_GOFFSET_FORMAT,
                   tape->name, size, tape->at);
      return NULL;
    }
  if (!read_bytes (tape, bytes, size, error))
    {
      tape->cut = TRUE;
      g_free (bytes);
      return NULL;
    }
  raw = g_variant_new_from_data (G_VARIANT_TYPE ("(yv)"), bytes, size, FALSE, g_free, bytes);
  return to_little_endian (g_variant_ref_sink (raw));
}

static gboolean
is_kind (guint8    kind,
         GVariant *body)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (kind == kinds[i].kind)
      return g_variant_is_of_type (body, G_VARIANT_TYPE (kinds[i].type));
  return FALSE;
}

gboolean
butler__tape_next (ButlerTape  *tape,
                   ButlerFrame *frame,
                   GError     **error)
{
  goffset at = tape->at;
  g_autoptr (GVariant) raw = NULL;
  g_autoptr (GVariant) body = NULL;
  guint8 kind;

  butler__frame_clear (frame);
  raw = read_frame (tape, error);
  if (raw == NULL)
    return FALSE;
  if (!g_variant_is_normal_form (raw))
    return set_damaged (tape, at, error);
  g_variant_get (raw, "(yv)", &kind, &body);
  if (!is_kind (kind, body))
    return set_damaged (tape, at, error);
  frame->kind = (ButlerFrameKind) kind;
  g_variant_get_child (body, 0, "u", &frame->server);
  frame->body = g_steal_pointer (&body);
  return TRUE;
}
