/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_JAVA_FILE_H
#define CLI_JAVA_FILE_H

/* Files of Java properties that are no configuration of an agent. */

#include "text.h"

/* What java_file_read returns, besides exit statuses, when there is no such file. */
#define EXIT_NO_FILE (-1)

/*
 * Adds the keys and values of the file PATH to PAIRS, in their order.  Values may refer to one
 * another and to the pairs of DEFINES, NULL for none, which also win over keys of the file.
 * Returns EXIT_OK, EXIT_NO_FILE, or EXIT_FAILURE_RUN after it has said what is wrong.
 */
int java_file_read(const char *path, const struct text_list *defines, struct text_list *pairs);

#endif
