/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

/* Texts of the command: they grow, and where memory runs out the command ends. */

#include <stddef.h>
#include <stdio.h>

/* Texts in a row, or names with values when taken in pairs. */
struct text_list {
    char **items;
    size_t count;
};

void text_list_add(struct text_list *list, const char *text);
void text_list_add_pair(struct text_list *list, const char *name, const char *value);

/* The value of the last pair called NAME, or NULL. */
const char *text_list_value(const struct text_list *list, const char *name);
void text_list_free(struct text_list *list);

/* A copy of SIZE bytes, or of all of TEXT. */
char *text_copy_sized(const char *text, size_t size);
char *text_copy(const char *text);

/* Room for SIZE bytes; and for COUNT things of SIZE bytes where those of PTR, or NULL, had theirs.
 */
void *text_room(size_t size);
void *text_more(void *ptr, size_t count, size_t size);

/* printf into memory of its own, which the caller frees. */
char *text_format(const char *format, ...) __attribute__((__format__(__printf__, 1, 2)));

/* Whether TEXT begins with START. */
int text_begins(const char *text, const char *start);

/* Reads all of the file PATH, of at most 1 MiB; NULL, with errno, when it cannot. */
char *text_of_file(const char *path);

/* Writes TEXT as a JSON string, quotes included. */
void text_json(FILE *out, const char *text);

/* Writes TEXT as the content of an XML element. */
void text_xml(FILE *out, const char *text);

#endif
