/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_AVRO_CLIENT_H
#define CLI_AVRO_CLIENT_H

#include <stdio.h>

#include "options.h"

/* `flow avro-client` with the COUNT ARGUMENTS, the first of which is its name; the exit status. */
int command_avro_client(int count, char **arguments);

/* Prints the text of `flow help avro-client`. */
void avro_client_help(FILE *out);

#endif
