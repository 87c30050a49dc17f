/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#include "tests/plugins/good.h"

/* Nobody defines it; linked without -z defs. */
extern int butler_test_nowhere (void);
BUTLER_API int butler_test_somewhere (void);

int
butler_test_somewhere (void)
{
  return butler_test_nowhere ();
}

BUTLER_PLUGIN (missing_symbol, "1", &good_set)
