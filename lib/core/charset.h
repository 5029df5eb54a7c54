/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_CORE_CHARSET_H
#define FL_CORE_CHARSET_H

/* Character sets by the names Java has for them. */

/* 1 when text in the character set NAME can be converted here. */
int fl_charset_known(const char *name);

#endif
