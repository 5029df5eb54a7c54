/* SPDX-License-Identifier: Apache-2.0 */

#include "shell.h"

#include <stdlib.h>
#include <string.h>

#include "options.h"

/* A text in the making. */
struct writer {
    char *text;
    size_t size;
    FILE *out;
    int has_command; /* a part of it would have to be executed */
};

static void begin(struct writer *writer)
{
    *writer = (struct writer){.text = NULL};
    writer->out = open_memstream(&writer->text, &writer->size);
    if (!writer->out) {
        fputs("Error: out of memory\n", stderr);
        exit(EXIT_FAILURE_RUN);
    }
}

static char *end(struct writer *writer)
{
    fclose(writer->out);
    return writer->text;
}

/* ---- variables ---- */

const char *shell_get(const struct shell *shell, const char *name)
{
    const char *value = text_list_value(&shell->variables, name);

    return value ? value : getenv(name);
}

/* A variable that the environment has stays a part of it. */
static void set(struct shell *shell, const char *name, const char *value, int is_exported)
{
    text_list_add_pair(&shell->variables, name, value);
    if (is_exported || getenv(name))
        setenv(name, value, 1);
}

/* These are made of several words, of which those that can be read are worth having. */
static int is_java_opts(const char *name)
{
    return strcmp(name, "JAVA_OPTS") == 0 || strcmp(name, "FLUME_JAVA_OPTS") == 0;
}

static size_t name_size(const char *text)
{
    return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz0123456789");
}

/* ---- values ---- */

/* The size of the default in "${NAME:-DEFAULT}" at TEXT, behind the name; -1 when it is none. */
static long default_size(const char *text)
{
    const char *close = strchr(text, '}');

    return text_begins(text, ":-") && close ? close - text - 2 : -1;
}

/* Writes what the reference at TEXT, "$NAME", "${NAME}" or "${NAME:-DEFAULT}", stands for; returns
 * its size. */
static size_t write_reference(struct writer *to, const char *text, const struct shell *shell)
{
    size_t braces = text[1] == '{';
    const char *name = text + 1 + braces;
    size_t size = name_size(name);
    long other = braces ? default_size(name + size) : -1;

    if (size == 0 || (braces && name[size] != '}' && other < 0)) {
        putc('$', to->out);
        return 1;
    }
    char *copy = text_copy_sized(name, size);
    const char *value = shell_get(shell, copy);
    free(copy);
    if (other >= 0 && (!value || !*value))
        fwrite(name + size + 2, 1, (size_t)other, to->out);
    else
        fputs(value ? value : "", to->out);
    return 1 + braces + size + (other >= 0 ? (size_t)other + 2 : 0) + braces;
}

static int ends_value(const char *text, char quote)
{
    return !*text || (!quote && strchr(" \t\r\n;", *text));
}

static int begins_command(const char *text)
{
    return *text == '`' || text_begins(text, "$(");
}

/* Writes what the backslash at TEXT and the character behind it stand for; returns their size.
 * Between double quotes it is taken back from few characters only. */
static size_t write_escaped(struct writer *to, const char *text, char quote)
{
    if (quote && !strchr("$`\"\\\n", text[1]))
        putc('\\', to->out);
    if (text[1] != '\n')
        putc(text[1], to->out);
    return 2;
}

/* Writes the value of an assignment, which begins at TEXT, without its own quotes; returns where
 * it ends. */
static const char *write_value(struct writer *to, const char *text, const struct shell *shell)
{
    char quote = '\0';

    while (!ends_value(text, quote)) {
        to->has_command |= quote != '\'' && begins_command(text);
        if (*text == '\\' && quote != '\'' && text[1]) {
            text += write_escaped(to, text, quote);
        } else if (*text == quote || (!quote && strchr("\"'", *text))) {
            quote = quote ? '\0' : *text;
            text++;
        } else if (*text == '$' && quote != '\'') {
            text += write_reference(to, text, shell);
        } else {
            putc(*text++, to->out);
        }
    }
    return text;
}

/* ---- lines ---- */

/* Whether a command ends at TEXT; what follows an assignment otherwise is a command that has it
 * for itself. */
static int is_end(const char *text)
{
    return !*text || strchr("\r\n;#&|", *text) != NULL;
}

static const char *skip_blanks(const char *text)
{
    return text + strspn(text, " \t");
}

/* Takes "NAME=VALUE" or "NAME+=VALUE", of which NAME has SIZE bytes, at TEXT; returns where it
 * ends. */
static const char *take_assignment(struct shell *shell, const char *text, size_t size,
                                   int is_exported)
{
    char *name = text_copy_sized(text, size);
    int is_added = text[size] == '+';
    const char *old = is_added ? shell_get(shell, name) : NULL;
    struct writer value;

    begin(&value);
    fputs(old ? old : "", value.out);
    text = skip_blanks(write_value(&value, text + size + 1 + is_added, shell));
    char *made = end(&value);
    if (value.has_command)
        fprintf(stderr, "Warning: %s: %s is set by a command, which is not run\n", shell->path,
                name);
    if ((is_exported || is_end(text)) && (!value.has_command || is_java_opts(name)))
        set(shell, name, made, is_exported);
    free(made);
    free(name);
    return text;
}

/* Takes "NAME" behind `export`. */
static const char *take_name(struct shell *shell, const char *text, size_t size)
{
    char *name = text_copy_sized(text, size);
    const char *value = text_list_value(&shell->variables, name);

    if (value)
        setenv(name, value, 1);
    free(name);
    return skip_blanks(text + size);
}

/* Reads the command at TEXT as far as it is assignments; returns where it stopped. */
static const char *read_command(struct shell *shell, const char *text)
{
    int is_exported;

    text = skip_blanks(text);
    is_exported = text_begins(text, "export ") || text_begins(text, "export\t");
    if (is_exported)
        text = skip_blanks(text + 6);
    while (!is_end(text)) {
        size_t size = name_size(text);
        if (size > 0 && (text[size] == '=' || text_begins(text + size, "+=")))
            text = take_assignment(shell, text, size, is_exported);
        else if (size > 0 && is_exported)
            text = take_name(shell, text, size);
        else
            break;
    }
    return text;
}

void shell_read(struct shell *shell, const char *text)
{
    while (*text) {
        text = read_command(shell, text);
        if (*text != ';')
            text += strcspn(text, "\n");
        text += *text != '\0';
    }
}

void shell_free(struct shell *shell)
{
    text_list_free(&shell->variables);
}
