/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include "lib/layout.h"

/* butler__settings_holds() tells whether a key file can hold a value of @field. */
gboolean butler__settings_holds (const ButlerLayoutField *field);

/* butler__settings_parse() fills @value, which is zero, with what @key of @group says; FALSE if that is no value of
 * @field. What was filled in until then is the record's. */
gboolean butler__settings_parse (const ButlerLayoutField *field,
                                 GKeyFile                *file,
                                 const char              *group,
                                 const char              *key,
                                 gpointer                 value);

/* butler__settings_quote() makes @text what a key file would hold to give @field that value. */
void butler__settings_quote (const ButlerLayoutField *field,
                             GKeyFile                *file,
                             const char              *group,
                             const char              *key,
                             const char              *text);

/* butler__settings_expectation() says for people what a value of @field looks like: "a whole number from 0 to 255". */
char *butler__settings_expectation (const ButlerLayoutField *field);
