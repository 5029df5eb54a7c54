/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_JSON_H
#define CLI_JSON_H

/* Writes JSON: whoever opens and closes values in turn need not think of commas. */

#include <stdint.h>
#include <stdio.h>

#define JSON_DEPTH 64

struct json {
    FILE *out;
    unsigned depth;
    char close[JSON_DEPTH]; /* the brackets that are open */
    int has_some;           /* there is a value before, in the innermost bracket */
    int is_line;            /* all goes on one line; set by the caller */
    const char *waiting;    /* the name of an object or list that may turn out to be empty */
    const char *brackets;   /* of that one */
};

/* Begins an object or a list, as the value of NAME in an object, or NULL in a list. */
void json_object(struct json *json, const char *name);
void json_list(struct json *json, const char *name);

/* The same, but nothing is written when it stays empty. */
void json_optional_object(struct json *json, const char *name);
void json_optional_list(struct json *json, const char *name);

/* Ends the innermost one. */
void json_end(struct json *json);

/* Values; NAME as above. */
void json_text(struct json *json, const char *name, const char *text);
void json_number(struct json *json, const char *name, int64_t number);
void json_unsigned(struct json *json, const char *name, uint64_t number);
void json_word(struct json *json, const char *name, const char *word); /* true, false, null */

/* Begins a text value that is written to `out` by the caller, without need of escapes. */
void json_begin_text(struct json *json, const char *name);
void json_end_text(struct json *json);

#endif
