/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/publish.h>

#include "lib/hub.h"

/* butler__publish_check() is FALSE if messages of @layout cannot be copied. */
gboolean butler__publish_check (const ButlerLayout *layout,
                                GError            **error);
