/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tools/traps.h"

#include <fcntl.h>
#include <gelf.h>
#include <string.h>
#include <unistd.h>

#define STATIC_MAX (64 * 1024) /* bytes */

typedef struct
{
  const char *patterns; /* blanks between them */
  gboolean    resident; /* what is left behind points into the file, and nobody can take it back */
  const char *consequence;
} Trap;

/* By the functions that the file imports. What GLib's everyday macros call is not among them: a warning that each
 * plugin gets is read by nobody. */
static const Trap traps[] = {
  { "g_quark_from_static_string g_intern_static_string", TRUE,
    "GLib keeps the string for good and would read it after it was unloaded" },
  { "g_type_register_static* g_type_register_fundamental g_type_add_interface_static g_boxed_type_register_static "
    "g_enum_register_static g_flags_register_static g_pointer_type_register_static",
    TRUE, "a type is for good, and its functions would be called after they were unloaded" },
  { "g_timeout_add* g_idle_add* g_unix_fd_add* g_unix_signal_add* g_child_watch_add* g_io_add_watch*", TRUE,
    "the callback comes from the main context, perhaps after it was unloaded" },
  { "g_private_set g_private_replace pthread_key_create tss_create", TRUE,
    "the destructor is called when a thread ends, perhaps after it was unloaded" },
  { "g_bytes_new_static g_bytes_new_with_free_func g_variant_new_from_data g_memory_input_stream_new_from_data", TRUE,
    "what points to static memory or functions must not be sent: a message can outlive the file that made it" },
  { "on_exit", TRUE, "the function is called when the program ends, perhaps after it was unloaded" },
  { "__cxa_atexit", FALSE, "what was given to atexit() runs when this file is unloaded, not when the program ends" },
  { "__cxa_thread_atexit __cxa_thread_atexit_impl", TRUE,
    "the destructor of a thread-local variable keeps the file mapped until that thread ends" },
  { "g_thread_new g_thread_try_new g_thread_pool_new* pthread_create thrd_create", FALSE,
    "the stop function has to join each thread: its code is unloaded" },
};

/* What one file turned out to be. */
typedef struct
{
  Elf                *elf;      /* (unowned) */
  ButlerProbeVerdict *verdict;  /* (unowned) */
  GStrvBuilder       *warnings; /* (unowned) */
  GPtrArray          *imports;  /* (owned) (element-type utf8): the file's */
  const char         *export;   /* (nullable): the file's; one that is no butler_plugin */
  const char         *unique;   /* (nullable): the file's; of a STB_GNU_UNIQUE symbol */
  guint64             flags;    /* DT_FLAGS */
  guint64             flags_1;  /* DT_FLAGS_1 */
  guint64             locals;   /* bytes of thread-local variables */
  gint64              statics;  /* bytes that can be written while it runs */
} File;

static void G_GNUC_PRINTF (3, 4)
warn (File       *self,
      gboolean    resident,
      const char *format,
      ...)
{
  g_autofree char *warning = NULL;
  va_list          args;

  va_start (args, format);
  warning = g_strdup_vprintf (format, args);
  va_end (args);
  g_strv_builder_add (self->warnings, warning);
  if (resident && self->verdict->resident == NULL)
    self->verdict->resident = g_steal_pointer (&warning);
}

static gboolean
is_listed (const Trap *trap,
           const char *symbol)
{
  g_auto (GStrv) patterns = g_strsplit (trap->patterns, " ", -1);

  for (guint i = 0; patterns[i] != NULL; i++)
    if (g_pattern_match_simple (patterns[i], symbol))
      return TRUE;
  return FALSE;
}

static void
look_for_calls (File       *self,
                const Trap *trap)
{
  g_autoptr (GString) found = g_string_new (NULL);

  for (guint i = 0; i < self->imports->len; i++)
    {
      const char *symbol = g_ptr_array_index (self->imports, i);

      if (is_listed (trap, symbol))
        g_string_append_printf (found, "%s%s", found->len > 0 ? ", " : "", symbol);
    }
  if (found->len > 0)
    warn (self, trap->resident, "%s: %s", found->str, trap->consequence);
}

/* Linkers and sanitizers export names that begin with an underscore on their own account. */
static gboolean
is_export (const char      *name,
           const GElf_Sym  *symbol)
{
  return GELF_ST_BIND (symbol->st_info) == STB_GLOBAL && GELF_ST_VISIBILITY (symbol->st_other) == STV_DEFAULT
         && *name != '_' && !g_str_has_prefix (name, "butler_plugin");
}

static void
read_symbol (File            *self,
             const char      *name,
             const GElf_Sym  *symbol)
{
  if (name == NULL || *name == '\0')
    return;
  if (symbol->st_shndx == SHN_UNDEF)
    g_ptr_array_add (self->imports, (gpointer) name);
  else if (GELF_ST_BIND (symbol->st_info) == STB_GNU_UNIQUE)
    self->unique = name;
  else if (is_export (name, symbol))
    self->export = name;
}

static void
read_symbols (File     *self,
              Elf_Scn  *section,
              GElf_Shdr *header)
{
  Elf_Data *data = elf_getdata (section, NULL);
  gsize     n = header->sh_entsize > 0 ? header->sh_size / header->sh_entsize : 0;
  GElf_Sym  symbol;

  for (gsize i = 0; data != NULL && i < MIN (n, G_MAXINT) && gelf_getsym (data, (int) i, &symbol) != NULL; i++)
    read_symbol (self, elf_strptr (self->elf, header->sh_link, symbol.st_name), &symbol);
}

static void
read_sections (File *self)
{
  Elf_Scn *section = NULL;

  while ((section = elf_nextscn (self->elf, section)) != NULL)
    {
      GElf_Shdr header;

      if (gelf_getshdr (section, &header) != NULL && header.sh_type == SHT_DYNSYM)
        read_symbols (self, section, &header);
    }
}

static void
read_dynamic (File             *self,
              const GElf_Phdr  *segment)
{
  Elf_Data *data = elf_getdata_rawchunk (self->elf, (gint64) segment->p_offset, segment->p_filesz, ELF_T_DYN);
  GElf_Dyn  entry;

  for (int i = 0; data != NULL && gelf_getdyn (data, i, &entry) != NULL && entry.d_tag != DT_NULL; i++)
    if (entry.d_tag == DT_FLAGS)
      self->flags |= entry.d_un.d_val;
    else if (entry.d_tag == DT_FLAGS_1)
      self->flags_1 |= entry.d_un.d_val;
    else if (entry.d_tag == DT_SYMBOLIC)
      self->flags |= DF_SYMBOLIC;
}

static char *
to_digits (const guint8 *bytes,
           gsize         count)
{
  GString *digits = g_string_new (NULL);

  for (gsize i = 0; i < count; i++)
    g_string_append_printf (digits, "%02x", bytes[i]);
  return g_string_free (digits, FALSE);
}

static void
read_notes (File             *self,
            const GElf_Phdr  *segment)
{
  Elf_Data *data = elf_getdata_rawchunk (self->elf, (gint64) segment->p_offset, segment->p_filesz,
                                         segment->p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
  gsize     next = 0;
  gsize     name;
  gsize     bytes;
  GElf_Nhdr note;

  while (data != NULL && (next = gelf_getnote (data, next, &note, &name, &bytes)) > 0)
    if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof ELF_NOTE_GNU
        && memcmp ((const char *) data->d_buf + name, ELF_NOTE_GNU, sizeof ELF_NOTE_GNU) == 0
        && self->verdict->build_id == NULL)
      self->verdict->build_id = to_digits ((const guint8 *) data->d_buf + bytes, note.n_descsz);
}

static void
read_segment (File             *self,
              const GElf_Phdr  *segment)
{
  if (segment->p_type == PT_LOAD && (segment->p_flags & PF_W) != 0)
    self->statics += (gint64) segment->p_memsz;
  else if (segment->p_type == PT_GNU_RELRO) /* constant once it was relocated */
    self->statics -= (gint64) segment->p_memsz;
  else if (segment->p_type == PT_TLS)
    self->locals = segment->p_memsz;
  else if (segment->p_type == PT_DYNAMIC)
    read_dynamic (self, segment);
  else if (segment->p_type == PT_NOTE)
    read_notes (self, segment);
}

static void
read_segments (File *self)
{
  gsize     n = 0;
  GElf_Phdr segment;

  if (elf_getphdrnum (self->elf, &n) != 0)
    return;
  for (gsize i = 0; i < MIN (n, G_MAXINT); i++)
    if (gelf_getphdr (self->elf, (int) i, &segment) != NULL)
      read_segment (self, &segment);
}

static void
look_at_variables (File *self)
{
  if (self->locals > 0 && (self->flags & DF_STATIC_TLS) != 0)
    warn (self, FALSE,
          "thread-local variables, %" G_GUINT64_FORMAT " bytes by the initial-exec model: they are taken from a small "
          "reserve of the process, and after some swaps this file cannot be loaded any more",
          self->locals);
  else if (self->locals > 0)
    warn (self, FALSE,
          "thread-local variables, %" G_GUINT64_FORMAT " bytes: they are new in each generation, and a server is not "
          "bound to a thread",
          self->locals);
  if (self->statics > STATIC_MAX)
    warn (self, FALSE, "static variables, %" G_GINT64_FORMAT " KiB: they are new in each generation; what has to last "
          "belongs into the state", self->statics / 1024);
}

static void
look_at_linking (File *self)
{
  if (self->unique != NULL)
    warn (self, TRUE, "%s: a unique symbol (STB_GNU_UNIQUE), for which the file is never unloaded", self->unique);
  if ((self->flags_1 & DF_1_NODELETE) != 0)
    warn (self, TRUE, "-z nodelete: it was linked so that it is never unloaded");
  if (self->export != NULL && (self->flags & DF_SYMBOLIC) == 0)
    warn (self, FALSE,
          "%s: it is exported, and without -Bsymbolic the program's own %s would be used in its place", self->export,
          self->export);
}

static void
read_file (File *self)
{
  read_segments (self);
  read_sections (self);
  for (guint i = 0; i < G_N_ELEMENTS (traps); i++)
    look_for_calls (self, &traps[i]);
  look_at_variables (self);
  look_at_linking (self);
}

void
traps_find (const char         *path,
            ButlerProbeVerdict *verdict)
{
  g_autoptr (GStrvBuilder) warnings = g_strv_builder_new ();
  g_autoptr (GPtrArray)    imports = g_ptr_array_new ();
  File                     file = { .verdict = verdict, .warnings = warnings, .imports = imports };
  int                      fd = open (path, O_RDONLY | O_CLOEXEC);

  elf_version (EV_CURRENT);
  file.elf = fd >= 0 ? elf_begin (fd, ELF_C_READ, NULL) : NULL; /* reads, for a mapped file that is cut off kills */
  if (file.elf != NULL && elf_kind (file.elf) == ELF_K_ELF)
    read_file (&file);
  verdict->warnings = g_strv_builder_end (warnings);
  if (file.elf != NULL)
    elf_end (file.elf);
  if (fd >= 0)
    close (fd);
}
