/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/message.h"
#include "tests/common-messages.h"
#include "tests/common.h"

#define PHOTO_FIELDS(F, R) \
  F (R, string, name)      \
  F (R, object, pixels)
BUTLER_MESSAGE (Photo, photo, PHOTO_FIELDS);

static _Atomic guint8 cleared;

static ButlerMessage *
note_message (int         number,
              const char *text)
{
  Note *note = note_new ();

  note->number = number;
  note->text = g_strdup (text);
  return butler__envelope_of (note);
}

/* The envelope */

START_TEST (record_and_message_are_one)
{
  g_autoptr (ButlerMessage) message = note_message (7, "seven");

  ck_assert_str_eq (butler_message_get_type_name (message), "Note");
  ck_assert_ptr_eq (note_get (message), butler__envelope_payload (message));
  ck_assert_ptr_eq (butler__envelope_of (note_get (message)), message);
}
END_TEST

START_TEST (payload_is_aligned_for_everything)
{
  g_autoptr (ButlerMessage) message = note_message (7, "seven");

  ck_assert_uint_eq ((guintptr) note_get (message) % _Alignof (max_align_t), 0);
}
END_TEST

START_TEST (message_is_freed_with_what_it_owns)
{
  g_autoptr (GObject) pixels = g_object_new (G_TYPE_OBJECT, NULL);
  Photo *photo = photo_new ();

  photo->pixels = g_object_ref (pixels);
  photo->name = g_strdup ("cat");
  butler_message_free (butler__envelope_of (photo));
  ck_assert_uint_eq (pixels->ref_count, 1);
  butler_message_free (NULL);
}
END_TEST

START_TEST (copy_is_deep)
{
  g_autoptr (ButlerMessage) message = note_message (7, "seven");
  g_autoptr (ButlerMessage) copy = butler_message_copy (message);

  ck_assert_ptr_ne (copy, message);
  ck_assert (note_equal (note_get (copy), note_get (message)));
  ck_assert_ptr_ne (note_get (copy)->text, note_get (message)->text);
}
END_TEST

START_TEST (copy_references_objects)
{
  g_autoptr (Photo) photo = photo_new ();
  g_autoptr (ButlerMessage) copy = NULL;

  photo->pixels = g_object_new (G_TYPE_OBJECT, NULL);
  copy = butler_message_copy (butler__envelope_of (photo));
  ck_assert_ptr_eq (photo_get (copy)->pixels, photo->pixels);
  ck_assert_uint_eq (photo->pixels->ref_count, 2);
}
END_TEST

START_TEST (message_is_a_boxed_type)
{
  g_auto (GValue) value = G_VALUE_INIT;

  g_value_init (&value, BUTLER_TYPE_MESSAGE);
  g_value_take_boxed (&value, note_message (7, "seven"));
  ck_assert_int_eq (note_get (g_value_get_boxed (&value))->number, 7);
}
END_TEST

/* By type */

START_TEST (message_of_another_type_is_not_got)
{
  g_autoptr (ButlerMessage) message = note_message (7, "seven");

  ck_assert_ptr_null (number_get (message));
  ck_assert_ptr_null (parcel_get (message));
}
END_TEST

/* A type of the same name with one field more, as another plugin may have it. */
typedef struct
{
  gint32  number;
  guint32 more;
  char   *text;
} LaterNote;

static const ButlerField later_fields[] = { BUTLER__FIELD (LaterNote, int32, number) BUTLER__FIELD (LaterNote, uint32, more)
                                              BUTLER__FIELD (LaterNote, string, text) };
static gpointer later_layout;
static const ButlerRecordInfo later_info = {
  sizeof (ButlerRecordInfo), 0, "Note", sizeof (LaterNote), _Alignof (LaterNote), G_N_ELEMENTS (later_fields),
  sizeof (ButlerField), later_fields, &later_layout, NULL, NULL
};

START_TEST (message_of_another_version_is_not_got)
{
  g_autoptr (ButlerMessage) message = note_message (7, "seven");

  ck_assert_ptr_null (butler_message_get (message, &later_info));
}
END_TEST

/* The same fields in the same order, elsewhere in memory: they look alike in a fingerprint. */
typedef struct
{
  gint32 number;
  char  *text;
  gint64 padding;
} WideNote;

static const ButlerField wide_fields[] = { BUTLER__FIELD (WideNote, int32, number) BUTLER__FIELD (WideNote, string, text) };
static ButlerField       moved_fields[2];
static gpointer          moved_layout;

START_TEST (message_with_its_fields_elsewhere_is_not_got)
{
  ButlerRecordInfo info = later_info;
  g_autoptr (ButlerMessage) message = note_message (7, "seven");

  memcpy (moved_fields, wide_fields, sizeof moved_fields);
  moved_fields[1].offset = G_STRUCT_OFFSET (WideNote, padding);
  info.size = sizeof (WideNote);
  info.n_fields = 2;
  info.fields = moved_fields;
  info.layout = &moved_layout;
  ck_assert_str_eq (butler_record_get_fingerprint (&info, NULL), butler_record_get_fingerprint (&note_info, NULL));
  ck_assert_ptr_null (butler_message_get (message, &info));
}
END_TEST

START_TEST (convert_keeps_what_fits)
{
  g_autoptr (GError) error = NULL;
  ButlerMessage *message = note_message (7, "seven");

  ck_assert_ptr_eq (butler__message_convert (message, butler__layout_of (&note_info), &error), message);
  butler_message_free (message);
}
END_TEST

START_TEST (convert_moves_the_fields_by_name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ButlerMessage) converted = NULL;
  ButlerMessage *message = note_message (7, "seven");
  const char *text = note_get (message)->text;
  LaterNote *later;

  message->run = 3;
  converted = butler__message_convert (message, butler__layout_of (&later_info), &error);
  butler_assert_no_error (error);
  later = butler_message_get (converted, &later_info);
  ck_assert_int_eq (later->number, 7);
  ck_assert_uint_eq (later->more, 0);
  ck_assert_ptr_eq (later->text, text);
  ck_assert_uint_eq (converted->run, 3);
}
END_TEST

START_TEST (what_cannot_be_converted_stays)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ButlerMessage) message = note_message (7, "seven");

  ck_assert_ptr_null (butler__message_convert (message, butler__layout_of (&parcel_info), &error));
  butler_assert_error (&error, BUTLER_ERROR_BAD_LAYOUT, "Note", "Parcel", NULL);
  ck_assert_str_eq (note_get (message)->text, "seven");
}
END_TEST

/* As text and as variant */

START_TEST (message_is_printed_on_one_line)
{
  g_autoptr (ButlerMessage) message = note_message (7, "a\nb");
  g_autofree char *text = butler_message_print (message);
  g_autofree char *same = note_print (note_get (message));

  ck_assert_str_eq (text, same);
  ck_assert_ptr_nonnull (strstr (text, "7"));
  ck_assert_ptr_null (strchr (text, '\n'));
}
END_TEST

START_TEST (variant_holds_the_record)
{
  g_autoptr (ButlerMessage) message = note_message (7, "seven");
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) variant = butler_message_to_variant (message, &error);
  g_autoptr (Note) note = NULL;

  butler_assert_no_error (error);
  ck_assert (!g_variant_is_floating (variant));
  ck_assert_str_eq (g_variant_get_type_string (variant), "a{sv}");
  note = note_from_variant (variant, &error);
  butler_assert_no_error (error);
  ck_assert (note_equal (note, note_get (message)));
}
END_TEST

START_TEST (object_does_not_leave_the_process)
{
  g_autoptr (Photo) photo = photo_new ();
  g_autoptr (GError) error = NULL;

  photo->pixels = g_object_new (G_TYPE_OBJECT, NULL);
  ck_assert_ptr_null (butler_message_to_variant (butler__envelope_of (photo), &error));
  butler_assert_error (&error, BUTLER_ERROR_NOT_SERIALIZABLE, "Photo", "pixels", NULL);
}
END_TEST

/* Opaque messages */

static Parcel *
parcel_made (guint number)
{
  Parcel *parcel = parcel_new ();

  parcel->cleared = &cleared;
  parcel->number = number;
  atomic_store (&cleared, 0);
  return parcel;
}

START_TEST (opaque_message_is_cleared_once)
{
  butler_message_free (butler__envelope_of (parcel_made (1)));
  ck_assert_uint_eq (cleared, 1);
}
END_TEST

START_TEST (opaque_message_is_copied_by_its_function)
{
  Parcel *parcel = parcel_made (1);
  ButlerMessage *copy = butler_message_copy (butler__envelope_of (parcel));

  ck_assert_uint_eq (parcel_get (copy)->number, 1);
  parcel_free (parcel);
  ck_assert_uint_eq (cleared, 1);
  butler_message_free (copy);
  ck_assert_uint_eq (cleared, 2);
}
END_TEST

START_TEST (opaque_message_has_no_variant)
{
  g_autoptr (Parcel) parcel = parcel_made (1);
  g_autoptr (GError) error = NULL;

  ck_assert_ptr_null (butler_message_to_variant (butler__envelope_of (parcel), &error));
  butler_assert_error (&error, BUTLER_ERROR_NOT_SERIALIZABLE, "Parcel", NULL);
}
END_TEST

START_TEST (opaque_message_is_printed_by_its_name)
{
  g_autoptr (Parcel) parcel = parcel_made (1);
  g_autofree char *text = butler_message_print (butler__envelope_of (parcel));

  ck_assert_ptr_nonnull (strstr (text, "Parcel"));
}
END_TEST

static void
copy_in_another_file (gconstpointer value,
                      gpointer      copy)
{
  memcpy (copy, value, sizeof (Parcel));
}

START_TEST (opaque_message_is_got_by_any_file_that_names_it)
{
  static gpointer slot;
  ButlerRecordInfo info = parcel_info;
  g_autoptr (Parcel) parcel = parcel_made (1);

  info.layout = &slot;
  info.copy = copy_in_another_file;
  ck_assert_ptr_eq (butler_message_get (butler__envelope_of (parcel), &info), parcel);
  ck_assert_ptr_eq (butler__message_convert (butler__envelope_of (parcel), butler__layout_of (&info), NULL),
                    butler__envelope_of (parcel));
}
END_TEST

/* The typed functions; those that need a context are shown by test-server. */

static ButlerChannel *
add_channel (ButlerHub  *hub,
             const char *name)
{
  g_autoptr (GError) error = NULL;
  ButlerChannel *channel = butler_hub_add_channel (hub, name, 0, BUTLER_OVERFLOW_FAIL, &error);

  butler_assert_no_error (error);
  return channel;
}

static void
assert_note (ButlerChannel *channel,
             int            number)
{
  g_autoptr (ButlerMessage) message = butler_channel_receive (channel, 0, NULL);

  ck_assert_ptr_nonnull (message);
  ck_assert_int_eq (note_get (message)->number, number);
}

START_TEST (each_way_to_send_reaches_its_channel)
{
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  ButlerChannel *routed = add_channel (hub, "routed"), *other = add_channel (hub, "other");
  Note note = { .number = 1 };

  ck_assert (note_route (hub, routed, NULL));
  ck_assert (note_send (hub, &note, NULL));
  assert_note (routed, 1);
  note.number = 2;
  ck_assert (note_try_send (hub, &note, NULL));
  assert_note (routed, 2);
  note.number = 3;
  ck_assert (note_send_to (other, &note, NULL));
  assert_note (other, 3);
  note.number = 4;
  ck_assert (note_try_send_to (other, &note, NULL));
  assert_note (other, 4);
}
END_TEST

START_TEST (each_way_to_post_reaches_its_channel)
{
  g_autoptr (ButlerHub) hub = butler_hub_new ();
  ButlerChannel *routed = add_channel (hub, "routed"), *other = add_channel (hub, "other");
  Note *note = note_new (), *second = note_new ();

  note->number = 1;
  second->number = 2;
  ck_assert (note_route (hub, routed, NULL));
  ck_assert (note_post (hub, note, NULL));
  assert_note (routed, 1);
  ck_assert (note_post_to (other, second, NULL));
  assert_note (other, 2);
}
END_TEST

int
main (void)
{
  const TTest *tests[] = {
    record_and_message_are_one,
    payload_is_aligned_for_everything,
    message_is_freed_with_what_it_owns,
    copy_is_deep,
    copy_references_objects,
    message_is_a_boxed_type,
    message_of_another_type_is_not_got,
    message_of_another_version_is_not_got,
    message_with_its_fields_elsewhere_is_not_got,
    convert_keeps_what_fits,
    convert_moves_the_fields_by_name,
    what_cannot_be_converted_stays,
    message_is_printed_on_one_line,
    variant_holds_the_record,
    object_does_not_leave_the_process,
    opaque_message_is_cleared_once,
    opaque_message_is_copied_by_its_function,
    opaque_message_has_no_variant,
    opaque_message_is_printed_by_its_name,
    opaque_message_is_got_by_any_file_that_names_it,
    each_way_to_send_reaches_its_channel,
    each_way_to_post_reaches_its_channel,
  };
  Suite *suite = suite_create ("message");
  TCase *all = tcase_create ("message");

  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    tcase_add_test (all, tests[i]);
  suite_add_tcase (suite, all);
  return butler_test_main (suite);
}
