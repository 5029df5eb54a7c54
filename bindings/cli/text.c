/* SPDX-License-Identifier: Apache-2.0 */

#include "text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define FILE_LIMIT ((size_t)1 << 20)

static void *must(void *ptr)
{
    if (!ptr) {
        fputs("Error: out of memory\n", stderr);
        exit(3);
    }
    return ptr;
}

void *text_room(size_t size)
{
    return must(malloc(size));
}

void *text_more(void *ptr, size_t count, size_t size)
{
    return must(reallocarray(ptr, count, size));
}

char *text_copy_sized(const char *text, size_t size)
{
    return must(strndup(text, size));
}

char *text_copy(const char *text)
{
    return must(strdup(text));
}

char *text_format(const char *format, ...)
{
    char *text = NULL;
    va_list args;

    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    va_end(args);
    return must(text);
}

void text_list_add(struct text_list *list, const char *text)
{
    list->items = must(reallocarray(list->items, list->count + 1, sizeof *list->items));
    list->items[list->count++] = text_copy(text);
}

void text_list_add_pair(struct text_list *list, const char *name, const char *value)
{
    text_list_add(list, name);
    text_list_add(list, value);
}

const char *text_list_value(const struct text_list *list, const char *name)
{
    for (size_t i = list->count; i >= 2; i -= 2)
        if (strcmp(list->items[i - 2], name) == 0)
            return list->items[i - 1];
    return NULL;
}

void text_list_free(struct text_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct text_list){0};
}

int text_begins(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

char *text_of_file(const char *path)
{
    FILE *file = fopen(path, "re");
    char *text;

    if (!file)
        return NULL;
    text = must(malloc(FILE_LIMIT + 1));
    size_t size = fread(text, 1, FILE_LIMIT + 1, file);
    int number = ferror(file) ? EIO : size > FILE_LIMIT ? EFBIG : 0;
    fclose(file);
    if (number) {
        free(text);
        errno = number;
        return NULL;
    }
    text[size] = '\0';
    return must(realloc(text, size + 1));
}

void text_json(FILE *out, const char *text)
{
    putc('"', out);
    for (const char *at = text; *at; at++)
        if (*at == '"' || *at == '\\')
            fprintf(out, "\\%c", *at);
        else if (*at == '\n')
            fputs("\\n", out);
        else if ((unsigned char)*at < ' ')
            fprintf(out, "\\u%04x", (unsigned)*at);
        else
            putc(*at, out);
    putc('"', out);
}

void text_xml(FILE *out, const char *text)
{
    for (const char *at = text; *at; at++) {
        switch (*at) {
        case '&': fputs("&amp;", out); break;
        case '<': fputs("&lt;", out); break;
        case '>': fputs("&gt;", out); break;
        case '"': fputs("&quot;", out); break;
        default:
            /* XML has no place for control characters, not even as numbers. */
            putc((unsigned char)*at < ' ' ? ' ' : *at, out);
        }
    }
}
