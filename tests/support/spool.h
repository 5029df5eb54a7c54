/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_SPOOL_H
#define TESTS_SUPPORT_SPOOL_H

/*
 * A spooldir source in a harness, with a folder of its own.  Bodies are compared as one text, each
 * followed by '|'.  Every fault fails the test.
 */

#include "stand.h"

struct spool {
    char path[64];      /* the spool folder */
    struct stand stand; /* while it is started; its batch is what spool_pull got */
    char bodies[65536];
};

/* Makes the folder. */
void spool_init(struct spool *spool);
void spool_free(struct spool *spool);

/* Puts a file into the folder as one must: complete. */
void spool_put(struct spool *spool, const char *name, const void *data, size_t size);
void spool_text(struct spool *spool, const char *name, const char *text);

/* Makes a file as old as SECONDS since 1970. */
void spool_date(struct spool *spool, const char *name, int64_t seconds);

/* Starts a source with SETTINGS, pairs of key and value that end in NULL, or NULL. */
void spool_start(struct spool *spool, const char *const *settings);
int spool_try_start(struct spool *spool, const char *const *settings, flow_error **err);
void spool_stop(struct spool *spool);

/* Waits for COUNT events and returns their bodies. */
const char *spool_pull(struct spool *spool, size_t count);

/* Returns 1 when there is no event now. */
int spool_is_empty(struct spool *spool);

/* Waits until a counter has reached VALUE, or NAME is there. */
void spool_await(struct spool *spool, const char *counter, int64_t value);
void spool_await_file(struct spool *spool, const char *name);

/* Whether a file of that name is there. */
int spool_has(struct spool *spool, const char *name);

/* Moves time by MS: 500 let the source look at the folder again. */
void spool_advance(struct spool *spool, int64_t ms);

/* For spool_start: pairs of key and value. */
#define SPOOL_SETTINGS(...)                                                                        \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

#endif
