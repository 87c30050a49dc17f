/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <glib.h>

/* butler__log() writes one structured line in the domain ThreadButler, with the fields SERVER and MESSAGE_TYPE where they are known. */
void butler__log (GLogLevelFlags level,
                  const char    *server,
                  const char    *message_type,
                  const char    *format,
                  ...) G_GNUC_PRINTF (4, 5);
