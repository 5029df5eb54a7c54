/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_HTTP_H
#define CLI_HTTP_H

/* Configurations from web servers, as Flume 1.10 reads them.  libcurl is loaded when first needed,
 * so that an agent whose files are on its disk starts without it. */

#include <stddef.h>

#include "options.h"

/* What a server gave, and how to ask whether it is still the same. */
struct http_copy {
    char *text;
    size_t size;
    char *etag;     /* or NULL */
    char *modified; /* its Last-Modified, or NULL */
};

enum http_result {
    HTTP_NEW,     /* the copy was replaced */
    HTTP_SAME,    /* the server says that the copy is still right */
    HTTP_MISSING, /* there is no such page */
    HTTP_FAILED,
};

/* Whether PATH is a URL for http_get. */
int http_is_url(const char *path);

/*
 * Asks for URL, or, with the etag or time of a copy, only for what is other than it.  What goes
 * wrong is told in *WHY, which the caller frees.  Ends early, with nothing to tell, when STOP,
 * unless it is -1, becomes readable.
 */
enum http_result http_get(const char *url, const struct options *options, int stop,
                          struct http_copy *copy, char **why);
void http_copy_free(struct http_copy *copy);

#endif
