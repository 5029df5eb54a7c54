/* SPDX-License-Identifier: Apache-2.0 */

#include "env.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shell.h"

/* Reads CONF/flume-env.sh; that there is none is fine, as it is for Flume. */
static void read_file(struct shell *shell)
{
    char *text = text_of_file(shell->path);

    if (text)
        shell_read(shell, text);
    else if (errno != ENOENT)
        fprintf(stderr, "Warning: %s: %s\n", shell->path, strerror(errno));
    free(text);
}

/* Takes over the words of a variable, which blanks divide. */
static int take_words(struct options *options, const struct shell *shell, const char *name)
{
    const char *value = shell_get(shell, name);
    char *words = text_copy(value ? value : "");
    char *rest = NULL;
    int status = EXIT_OK;

    for (char *word = strtok_r(words, " \t\r\n", &rest); word && status == EXIT_OK;
         word = strtok_r(NULL, " \t\r\n", &rest))
        status = options_take_java(options, word);
    free(words);
    return status;
}

static void note_java_name(const char *name, int size)
{
    fprintf(stderr, "Info: %.*s has no effect, as there is no Java here\n", size, name);
}

/* Says which variables of Flume's mean something to its Java code only. */
static void note_java_names(const struct shell *shell)
{
    const char *class_path = shell_get(shell, "FLUME_CLASSPATH");

    if (class_path && *class_path)
        note_java_name("FLUME_CLASSPATH", -1);
    for (char **pair = environ; *pair; pair++)
        if (text_begins(*pair, "FLUME_SSL_"))
            note_java_name(*pair, (int)strcspn(*pair, "="));
}

int env_read(struct options *options)
{
    struct text_list given = options->defines;
    char *path = options->conf ? text_format("%s/flume-env.sh", options->conf) : NULL;
    struct shell shell = {.path = path};

    if (path)
        read_file(&shell);
    note_java_names(&shell);
    options->defines = (struct text_list){0};
    int status = take_words(options, &shell, "JAVA_OPTS");
    if (status == EXIT_OK)
        status = take_words(options, &shell, "FLUME_JAVA_OPTS");
    for (size_t i = 0; i < given.count; i++)
        text_list_add(&options->defines, given.items[i]);
    text_list_free(&given);
    shell_free(&shell);
    free(path);
    return status;
}
