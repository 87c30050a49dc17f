/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: The ThreadButler authors */

#pragma once

#include <threadbutler/threadbutler.h>

/* What two plugins write to each other, each compiled with one of three layouts of it: MAIL_LAYOUT. */

#define MAIL_1_FIELDS(F, R) \
  F (R, uint32, number)     \
  F (R, string, text)       \
  F (R, string, gone)       \
  F (R, array (uint16), counts)
/* One more, and in another order. */
#define MAIL_2_FIELDS(F, R) \
  F (R, string, added)      \
  F (R, array (uint16), counts) \
  F (R, string, gone)       \
  F (R, string, text)       \
  F (R, uint32, number)
/* Wider, and one less. */
#define MAIL_3_FIELDS(F, R) \
  F (R, string, text)       \
  F (R, array (uint64), counts) \
  F (R, uint64, number)     \
  F (R, string, added)
#ifdef MAIL_LAYOUT
#define MAIL_FIELDS_OF(n) MAIL_##n##_FIELDS
#define MAIL_FIELDS(n)    MAIL_FIELDS_OF (n)
BUTLER_MESSAGE (Mail, mail, MAIL_FIELDS (MAIL_LAYOUT));
#endif

/* Has the one send so many, from a number on. */
#define WRITE_MAIL_FIELDS(F, R) \
  F (R, uint32, from)           \
  F (R, uint32, n)
BUTLER_MESSAGE (WriteMail, write_mail, WRITE_MAIL_FIELDS);

/* What the other one read. */
#define MAIL_READ_FIELDS(F, R)       \
  F (R, uint32, layout) /* its own */ \
  F (R, uint64, number)              \
  F (R, uint64, count)               \
  F (R, string, text)                \
  F (R, string, gone)                \
  F (R, string, added)
BUTLER_MESSAGE (MailRead, mail_read, MAIL_READ_FIELDS);
