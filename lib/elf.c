/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "lib/elf.h"

#include <elf.h>
#include <link.h>
#include <string.h>
#include <threadbutler/error.h>
#include <unistd.h>

#define NATIVE_CLASS (sizeof (gpointer) == 8 ? ELFCLASS64 : ELFCLASS32)
#define SEGMENTS_MAX 256u

static gboolean
refuse (GError    **error,
        const char *reason)
{
  g_set_error_literal (error, BUTLER_ERROR, BUTLER_ERROR_BAD_PLUGIN, reason);
  return FALSE;
}

static gboolean
read_at (int      fd,
         gpointer bytes,
         gsize    count,
         guint64  offset)
{
  return pread (fd, bytes, count, (off_t) offset) == (gssize) count;
}

static gboolean
within (guint64 offset,
        guint64 length,
        guint64 size)
{
  return offset <= size && length <= size - offset;
}

static gboolean
segments_within (int               fd,
                 const ElfW(Ehdr) *header,
                 guint64           size)
{
  for (guint i = 0; i < header->e_phnum; i++)
    {
      ElfW(Phdr) segment;

      if (!read_at (fd, &segment, sizeof segment, header->e_phoff + i * sizeof segment))
        return FALSE;
      if (segment.p_type == PT_LOAD && !within (segment.p_offset, segment.p_filesz, size))
        return FALSE;
    }
  return TRUE;
}

gboolean
butler__elf_check (int      fd,
                   guint64  size,
                   GError **error)
{
  ElfW(Ehdr) header;

  if (!read_at (fd, &header, MIN (size, sizeof header), 0) || size < SELFMAG
      || memcmp (header.e_ident, ELFMAG, SELFMAG) != 0)
    return refuse (error, "it is no ELF file, hence no plugin");
  if (size < sizeof header)
    return refuse (error, "it is incomplete: the ELF header is cut off");
  if (header.e_ident[EI_CLASS] != NATIVE_CLASS || header.e_type != ET_DYN || header.e_phentsize != sizeof (ElfW(Phdr))
      || header.e_phnum > SEGMENTS_MAX)
    return refuse (error, "it is no shared object for this machine, hence no plugin");
  if (!within (header.e_phoff, 0, size) || !segments_within (fd, &header, size))
    return refuse (error, "it is incomplete: a part that has to be loaded is cut off");
  if (!within (header.e_shoff, (guint64) header.e_shnum * header.e_shentsize, size))
    return refuse (error, "it is incomplete: the section table at its end is cut off");
  return TRUE;
}
