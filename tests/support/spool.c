/* SPDX-License-Identifier: Apache-2.0 */

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "await.h"
#include "spool.h"

#define PATH_ROOM 320

void spool_init(struct spool *spool)
{
    const char *base = getenv("TMPDIR");

    memset(spool, 0, sizeof *spool);
    snprintf(spool->path, sizeof spool->path, "%s/flow-spool-XXXXXX", base ? base : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(spool->path));
}

void spool_free(struct spool *spool)
{
    char command[128];

    spool_stop(spool);
    snprintf(command, sizeof command, "rm -r %s", spool->path);
    ck_assert_int_eq(system(command), 0);
}

static void join(char path[PATH_ROOM], const struct spool *spool, const char *name)
{
    snprintf(path, PATH_ROOM, "%s/%s", spool->path, name);
}

void spool_put(struct spool *spool, const char *name, const void *data, size_t size)
{
    char path[PATH_ROOM];
    char hidden[PATH_ROOM];

    join(path, spool, name);
    join(hidden, spool, ".being-written");
    FILE *file = fopen(hidden, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(data, 1, size, file), size);
    fclose(file);
    ck_assert_int_eq(rename(hidden, path), 0);
}

void spool_text(struct spool *spool, const char *name, const char *text)
{
    spool_put(spool, name, text, strlen(text));
}

void spool_date(struct spool *spool, const char *name, int64_t seconds)
{
    char path[PATH_ROOM];
    struct timespec times[2] = {{.tv_sec = (time_t)seconds}, {.tv_sec = (time_t)seconds}};

    join(path, spool, name);
    ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

int spool_try_start(struct spool *spool, const char *const *settings, flow_error **err)
{
    stand_init(&spool->stand, FLOW_KIND_SOURCE, "spooldir", FLOW_LOG_WARN,
               SPOOL_SETTINGS("spoolDir", spool->path));
    stand_set(&spool->stand, settings);
    return flow_harness_start(spool->stand.harness, err);
}

void spool_start(struct spool *spool, const char *const *settings)
{
    flow_error *err = NULL;
    int rc = spool_try_start(spool, settings, &err);

    ck_assert_msg(rc == FLOW_OK, "%s", flow_error_message(err));
}

void spool_stop(struct spool *spool)
{
    if (spool->stand.lib)
        stand_free(&spool->stand);
    spool->stand.lib = NULL;
}

const char *spool_pull(struct spool *spool, size_t count)
{
    size_t at = 0;

    flow_batch_clear(spool->stand.batch);
    stand_pull(&spool->stand, count);
    spool->bodies[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        size_t size;
        const void *body = flow_event_body(flow_batch_event(spool->stand.batch, i), &size);
        if (at + size + 2 > sizeof spool->bodies)
            break; /* too many to be compared as a text */
        memcpy(spool->bodies + at, body, size);
        at += size;
        strcpy(spool->bodies + at++, "|");
    }
    return spool->bodies;
}

int spool_is_empty(struct spool *spool)
{
    flow_batch_clear(spool->stand.batch);
    (void)flow_harness_pull(spool->stand.harness, 1, 0, spool->stand.batch, NULL);
    return flow_batch_count(spool->stand.batch) == 0;
}

void spool_await(struct spool *spool, const char *counter, int64_t value)
{
    AWAIT(flow_harness_counter(spool->stand.harness, counter) >= value);
}

int spool_has(struct spool *spool, const char *name)
{
    char path[PATH_ROOM];

    join(path, spool, name);
    return access(path, F_OK) == 0;
}

void spool_await_file(struct spool *spool, const char *name)
{
    AWAIT(spool_has(spool, name));
}

void spool_advance(struct spool *spool, int64_t ms)
{
    ck_assert_int_eq(flow_harness_advance(spool->stand.harness, ms, NULL), FLOW_OK);
}
