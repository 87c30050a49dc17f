/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/image.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <string.h>

static void
find_bounds (ButlerImage               *image,
             const struct dl_phdr_info *info)
{
  image->low = image->high = NULL;
  image->base = info->dlpi_addr;
  for (guint i = 0; i < info->dlpi_phnum; i++)
    {
      const ElfW (Phdr) *header = &info->dlpi_phdr[i];
      const char *begin = (const char *) (info->dlpi_addr + header->p_vaddr); /* NOLINT: the linker's own arithmetic */

      if (header->p_type != PT_LOAD)
        continue;
      if (image->low == NULL || begin < image->low)
        image->low = begin;
      if (begin + header->p_memsz > image->high)
        image->high = begin + header->p_memsz;
    }
}

static char *
to_hexadecimal (const guchar *bytes,
                gsize         n)
{
  GString *text = g_string_sized_new (2 * n);

  for (gsize i = 0; i < n; i++)
    g_string_append_printf (text, "%02x", bytes[i]);
  return g_string_free (text, FALSE);
}

/* (transfer full) (nullable): the build-id among the notes of one segment, which the linker has mapped whole. */
static char *
read_notes (const char *notes,
            gsize       size)
{
  while (size >= sizeof (ElfW (Nhdr)))
    {
      ElfW (Nhdr) note;
      gsize name_size;
      gsize whole;

      memcpy (&note, notes, sizeof note);
      name_size = (note.n_namesz + 3u) & ~3u;
      whole = sizeof note + name_size + ((note.n_descsz + 3u) & ~3u);
      if (whole > size)
        return NULL;
      if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof ELF_NOTE_GNU
          && memcmp (notes + sizeof note, ELF_NOTE_GNU, sizeof ELF_NOTE_GNU) == 0)
        return to_hexadecimal ((const guchar *) notes + sizeof note + name_size, note.n_descsz);
      notes += whole;
      size -= whole;
    }
  return NULL;
}

static char *
find_build_id (const struct dl_phdr_info *info)
{
  char *build_id = NULL;

  for (guint i = 0; i < info->dlpi_phnum && build_id == NULL; i++)
    if (info->dlpi_phdr[i].p_type == PT_NOTE)
      build_id = read_notes ((const char *) (info->dlpi_addr + info->dlpi_phdr[i].p_vaddr), info->dlpi_phdr[i].p_memsz);
  return build_id;
}

/* The headers of other files are not looked at: other threads load and unload those. */
static int
look_at (struct dl_phdr_info *info,
         size_t               size G_GNUC_UNUSED,
         void                *data)
{
  ButlerImage *image = data;

  if (info->dlpi_addr != image->base)
    return 0;
  find_bounds (image, info);
  image->build_id = find_build_id (info);
  return 1;
}

gboolean
butler__image_find (ButlerImage  *image,
                    gconstpointer address)
{
  Dl_info file;

  *image = (ButlerImage) { 0 };
  if (dladdr (address, &file) == 0)
    return FALSE;
  image->base = (gsize) file.dli_fbase; /* that of a shared object, whose first segment has the address 0 */
  if (dl_iterate_phdr (look_at, image) == 1 && butler__image_has (image, address))
    return TRUE;
  butler__image_clear (image);
  *image = (ButlerImage) { 0 };
  return FALSE;
}

void
butler__image_clear (ButlerImage *image)
{
  g_clear_pointer (&image->build_id, g_free);
  image->low = image->high = NULL;
}

static int
is_at (struct dl_phdr_info *info,
       size_t               size G_GNUC_UNUSED,
       void                *data)
{
  return info->dlpi_addr == ((const ButlerImage *) data)->base;
}

gboolean
butler__image_is_mapped (const ButlerImage *image)
{
  return dl_iterate_phdr (is_at, (gpointer) image) == 1;
}

typedef struct
{
  ButlerImage image;
  const char *origin; /* (unowned): interned */
} Place;

/* A leaf lock. */
static GMutex  places_lock;
static GArray *places;

void
butler__image_announce (const ButlerImage *image,
                        const char        *origin)
{
  Place place = { { .low = image->low, .high = image->high }, g_intern_string (origin) };

  g_mutex_lock (&places_lock);
  if (places == NULL)
    places = g_array_new (FALSE, FALSE, sizeof (Place));
  g_array_append_val (places, place);
  g_mutex_unlock (&places_lock);
}

void
butler__image_withdraw (const ButlerImage *image)
{
  g_mutex_lock (&places_lock);
  for (guint i = 0; places != NULL && i < places->len; i++)
    if (g_array_index (places, Place, i).image.low == image->low)
      {
        g_array_remove_index_fast (places, i);
        break;
      }
  g_mutex_unlock (&places_lock);
}

const char *
butler__image_origin (gconstpointer address)
{
  const char *origin = NULL;

  g_mutex_lock (&places_lock);
  for (guint i = 0; places != NULL && i < places->len && origin == NULL; i++)
    if (butler__image_has (&g_array_index (places, Place, i).image, address))
      origin = g_array_index (places, Place, i).origin;
  g_mutex_unlock (&places_lock);
  return origin;
}
