/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_CONSUMER_TABLE_H
#define CLI_CONSUMER_TABLE_H

/* What `flow consumer` prints. */

#include "json_read.h"

/* Print lists as tables, a row each; nothing when they are empty or NULL. */
void consumer_print_table(const struct json_value *consumers);
void consumer_print_letters(const struct json_value *letters);

/* Prints what an agent answered, as it is. */
void consumer_print_json(const struct json_value *result);

#endif
