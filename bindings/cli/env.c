/* SPDX-License-Identifier: Apache-2.0 */

/*
 * flume-env.sh, read as text: of all its lines only assignments to JAVA_OPTS and FLUME_JAVA_OPTS
 * count.  Words are taken apart as a shell does it, quotes and backslashes and references to the
 * two variables included; whatever would have to be executed stays as it stands.
 */

#include "env.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The two variables. */
struct java_opts {
    char *java;
    char *flume;
};

static char **variable(struct java_opts *opts, const char *name, size_t size)
{
    if (size == 9 && strncmp(name, "JAVA_OPTS", size) == 0)
        return &opts->java;
    if (size == 15 && strncmp(name, "FLUME_JAVA_OPTS", size) == 0)
        return &opts->flume;
    return NULL;
}

static size_t name_size(const char *text)
{
    return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz0123456789");
}

/* A text in the making. */
struct writer {
    char *text;
    size_t size;
    FILE *out;
};

static void begin(struct writer *writer)
{
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

/* Writes what the reference at TEXT, "$NAME" or "${NAME}", stands for; returns its size. */
static size_t write_reference(struct writer *to, const char *text, struct java_opts *opts)
{
    size_t braces = text[1] == '{';
    const char *name = text + 1 + braces;
    size_t size = name_size(name);
    char **known = variable(opts, name, size);
    char *copy;

    if (size == 0 || (braces && name[size] != '}')) {
        putc('$', to->out);
        return 1;
    }
    copy = text_copy_sized(name, size);
    const char *value = known ? *known : getenv(copy);
    fputs(value ? value : "", to->out);
    free(copy);
    return 1 + braces + size + braces;
}

/*
 * Writes the value of an assignment, which begins at TEXT, without its own quotes; returns where
 * it ends.
 */
static const char *write_value(struct writer *to, const char *text, struct java_opts *opts)
{
    char quote = '\0';

    while (*text && (quote || !strchr(" \t\r\n;#", *text))) {
        if (*text == '\\' && quote != '\'' && text[1]) {
            if (text[1] != '\n')
                putc(text[1], to->out);
            text += 2;
        } else if (*text == quote || (!quote && (*text == '"' || *text == '\''))) {
            quote = quote ? '\0' : *text;
            text++;
        } else if (*text == '$' && quote != '\'') {
            text += write_reference(to, text, opts);
        } else {
            putc(*text++, to->out);
        }
    }
    return text;
}

/* Reads the assignment, if it is one of ours, that begins at LINE; returns where it ends. */
static const char *read_assignment(const char *line, struct java_opts *opts)
{
    line += strspn(line, " \t");
    if (text_begins(line, "export ") || text_begins(line, "export\t"))
        line += 7 + strspn(line + 7, " \t");

    size_t size = name_size(line);
    char **place =
        line[size] == '=' || text_begins(line + size, "+=") ? variable(opts, line, size) : NULL;
    if (!place)
        return line;
    struct writer value;
    int is_added = line[size] == '+';
    begin(&value);
    if (is_added && *place)
        fputs(*place, value.out);
    line = write_value(&value, line + size + 1 + is_added, opts);
    free(*place);
    *place = end(&value);
    return line;
}

static void read_script(const char *text, struct java_opts *opts)
{
    while (*text) {
        text = read_assignment(text, opts);
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
}

/* Reads CONF/flume-env.sh; that there is none is fine, as it is for Flume. */
static void read_file(const char *conf, struct java_opts *opts)
{
    char *path = text_format("%s/flume-env.sh", conf);
    char *text = text_of_file(path);

    if (text)
        read_script(text, opts);
    else if (errno != ENOENT)
        fprintf(stderr, "Warning: %s: %s\n", path, strerror(errno));
    free(text);
    free(path);
}

/* Takes over the words of OPTS, which blanks divide. */
static int take_words(struct options *options, char *opts)
{
    char *rest = NULL;

    for (char *word = strtok_r(opts, " \t\r\n", &rest); word;
         word = strtok_r(NULL, " \t\r\n", &rest)) {
        int status = options_take_java(options, word);
        if (status != EXIT_OK)
            return status;
    }
    return EXIT_OK;
}

int env_read(struct options *options)
{
    struct text_list given = options->defines;
    const char *java = getenv("JAVA_OPTS");
    const char *flume = getenv("FLUME_JAVA_OPTS");
    struct java_opts opts = {text_copy(java ? java : ""), text_copy(flume ? flume : "")};

    if (options->conf)
        read_file(options->conf, &opts);
    options->defines = (struct text_list){0};
    int status = take_words(options, opts.java);
    if (status == EXIT_OK)
        status = take_words(options, opts.flume);
    for (size_t i = 0; i < given.count; i++)
        text_list_add(&options->defines, given.items[i]);
    text_list_free(&given);
    free(opts.java);
    free(opts.flume);
    return status;
}
