/* SPDX-License-Identifier: Apache-2.0 */

#include "defaults.h"

#include <stdlib.h>

#include "java_file.h"

static int take_all(struct options *options, const char *path, const struct text_list *pairs)
{
    int status = EXIT_OK;

    for (size_t i = 0; i < pairs->count && status == EXIT_OK; i += 2)
        status = options_take_default(options, path, pairs->items[i], pairs->items[i + 1]);
    return status;
}

/* Returns EXIT_NO_FILE when there is no such file. */
static int read_file(struct options *options, const char *path)
{
    struct text_list pairs = {0};
    int status = java_file_read(path, NULL, &pairs);

    if (status == EXIT_OK)
        status = take_all(options, path, &pairs);
    text_list_free(&pairs);
    return status;
}

int defaults_read(struct options *options)
{
    int status = read_file(options, "/etc/flume/flume.opts");

    if (status == EXIT_NO_FILE && options->conf) {
        char *path = text_format("%s/flume.opts", options->conf);
        status = read_file(options, path);
        free(path);
    }
    return status == EXIT_NO_FILE ? EXIT_OK : status;
}
