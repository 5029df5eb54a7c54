/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_WATCH_H
#define CLI_WATCH_H

/* Notices that one of the configuration's files is another than before. */

#include <sys/stat.h>

#include "options.h"

struct watch {
    struct stat *seen; /* as the files were; zero for one that was not there */
    size_t count;
};

/* Notes how the files are now. */
void watch_begin(struct watch *watch, const struct options *options);
void watch_end(struct watch *watch);

/* Whether one has changed since; notes how they are now. */
int watch_changed(struct watch *watch, const struct options *options);

#endif
