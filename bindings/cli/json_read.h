/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_JSON_READ_H
#define CLI_JSON_READ_H

/* Reads JSON, as RFC 8259 has it, from whoever it may come. */

#include <stddef.h>
#include <stdint.h>

#include "json.h"

#define JSON_READ_DEPTH 16    /* of values in values */
#define JSON_READ_MEMBERS 64u /* of an object */

enum json_kind { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_TEXT, JSON_LIST, JSON_OBJECT };

struct json_value {
    enum json_kind kind;
    char *name;               /* in an object; else NULL */
    char *text;               /* of a text, which has no NUL, or of a number, as it was written */
    struct json_value *items; /* of a list or an object */
    size_t count;
};

/*
 * Reads all of the SIZE bytes at TEXT.  Returns 1, or 0 and in *WHY, which the caller frees, what
 * is wrong with which byte, from 1.
 */
int json_read(const char *text, size_t size, struct json_value *value, char **why);
void json_free(struct json_value *value);

/* The member NAME of an object; NULL when there is none, or VALUE is no object or NULL. */
const struct json_value *json_member(const struct json_value *value, const char *name);

/* The text of the member NAME; NULL when it has none. */
const char *json_member_text(const struct json_value *value, const char *name);

/* The number that a value is, if it is a whole one from 0 to INT64_MAX; returns whether it is. */
int json_value_unsigned(const struct json_value *value, uint64_t *number);

/* Writes VALUE as the value of NAME in an object, or NULL. */
void json_copy(struct json *json, const char *name, const struct json_value *value);

#endif
