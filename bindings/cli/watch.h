/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_WATCH_H
#define CLI_WATCH_H

/* Notices that one of the configuration's files is another than before. */

#include <sys/stat.h>

#include "http.h"

/* What is known of a file or page; zero for one that was not there. */
struct watched {
    struct stat file;
    struct http_copy page;
};

struct watch {
    struct watched *seen;
    size_t count;
};

/* Notes how the files are now. */
void watch_begin(struct watch *watch, const struct options *options);
void watch_end(struct watch *watch);

/*
 * Whether one has changed since; notes how they are now.  When a server cannot be asked, *WHY,
 * which the caller frees, tells the reason.  STOP is as in http_get.
 */
int watch_changed(struct watch *watch, const struct options *options, int stop, char **why);

#endif
