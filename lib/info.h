/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include "lib/layout.h"

/* A record's variant takes four containers a level, and GVariant ends at 128: half is left for variant fields. */
#define BUTLER__DEPTH_MAX  16
#define BUTLER__FIELDS_MAX 1024

/* butler__info_check() checks everything about @info but its fields, before any other byte of it is believed. */
gboolean butler__info_check (const ButlerRecordInfo *info,
                             GError                **error);

/* butler__info_is_opaque(): it has functions instead of fields. */
gboolean butler__info_is_opaque (const ButlerRecordInfo *info);

/* butler__info_get_field() is a copy of field @index, walked to by the info's own stride; what is absent is zero. */
ButlerField butler__info_get_field (const ButlerRecordInfo *info,
                                    guint                   index);

/* butler__info_needs_nested() tells whether @field has to name another record. */
gboolean butler__info_needs_nested (const ButlerField *field);

/* butler__info_check_field() checks what @field says of itself. */
gboolean butler__info_check_field (const ButlerRecordInfo *info,
                                   const ButlerField      *field,
                                   GError                **error);

/* butler__info_check_place() checks size and offset of a @field that passed butler__info_check_field(); @nested is the
 * layout of its record or its elements, NULL if they are none. */
gboolean butler__info_check_place (const ButlerRecordInfo *info,
                                   const ButlerField      *field,
                                   const ButlerLayout     *nested,
                                   GError                **error);

/* butler__info_check_pair() checks that two fields have two names and two places. */
gboolean butler__info_check_pair (const ButlerRecordInfo  *info,
                                  const ButlerLayoutField *a,
                                  const ButlerLayoutField *b,
                                  GError                 **error);

/* butler__info_refuse() sets BUTLER_ERROR_BAD_LAYOUT, naming record, field (nullable) and reason; FALSE, always. */
gboolean butler__info_refuse (const char *record,
                              const char *field,
                              GError    **error,
                              const char *format,
                              ...) G_GNUC_PRINTF (4, 5);
