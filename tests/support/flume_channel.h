/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_FLUME_CHANNEL_H
#define TESTS_SUPPORT_FLUME_CHANNEL_H

/* The channels of tests/data/flume-log, and copies of them that can be damaged.  Every fault of a
 * helper fails the test. */

#include "store/flume_import.h"

#define FLUME_DIRS 4

struct flume_channel {
    char root[256];
    char paths[FLUME_DIRS + 2][320];
    const char *dirs[FLUME_DIRS];
    struct fl_flume_options options; /* with the checkpoint, without the backup */
};

/* The channel NAME below DATA, with DIRS data directories, as it lies there. */
void flume_channel_use(struct flume_channel *channel, const char *data, const char *name,
                       size_t dirs);

/* A copy in a temporary folder, for flume_channel_free. */
void flume_channel_copy(struct flume_channel *channel, const char *data, const char *name,
                        size_t dirs);

/* An empty one. */
void flume_channel_make(struct flume_channel *channel, size_t dirs);
void flume_channel_free(struct flume_channel *channel);

/* Its backup directory. */
const char *flume_channel_backup(const struct flume_channel *channel);

/* Files by their names below the root. */
const char *flume_channel_path(const struct flume_channel *channel, const char *name);
struct fl_buf flume_channel_load(const struct flume_channel *channel, const char *name);
void flume_channel_store(const struct flume_channel *channel, const char *name, const void *data,
                         size_t size);
void flume_channel_patch(const struct flume_channel *channel, const char *name, size_t offset,
                         const void *data, size_t size);
void flume_channel_flip(const struct flume_channel *channel, const char *name, size_t offset);
void flume_channel_cut(const struct flume_channel *channel, const char *name, size_t size);

/* Opens and hands out all; returns the code.  TEXT gets the headers "n", each with a blank behind.
 */
int flume_channel_numbers(const struct fl_io *io, const struct flume_channel *channel,
                          struct fl_buf *text, struct fl_flume_counts *counts, flow_error **err);

/* What a receiver does for that, with the text as its argument. */
int flume_channel_add_number(void *arg, const struct fl_flume_event *event, flow_error **err);

/* The numbers are these; COUNTS may be NULL. */
void flume_channel_expect(const struct flume_channel *channel, const char *numbers,
                          struct fl_flume_counts *counts);

/* It fails with CODE and a message that holds PART. */
void flume_channel_refuse(const struct flume_channel *channel, int code, const char *part);

#endif
