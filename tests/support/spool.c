/* SPDX-License-Identifier: Apache-2.0 */

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "spool.h"

#define PATH_ROOM 320
#define PATIENCE_MS 30000

static void write_log(void *self, const flow_log_record *record)
{
    struct spool *spool = self;

    pthread_mutex_lock(&spool->lock);
    size_t room = sizeof spool->log - spool->log_size;
    int size = snprintf(spool->log + spool->log_size, room, "%s\n", record->message);
    spool->log_size += (size_t)size < room ? (size_t)size : 0;
    pthread_mutex_unlock(&spool->lock);
}

void spool_init(struct spool *spool)
{
    const char *base = getenv("TMPDIR");

    memset(spool, 0, sizeof *spool);
    pthread_mutex_init(&spool->lock, NULL);
    snprintf(spool->path, sizeof spool->path, "%s/flow-spool-XXXXXX", base ? base : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(spool->path));
}

void spool_free(struct spool *spool)
{
    char command[128];

    spool_stop(spool);
    snprintf(command, sizeof command, "rm -r %s", spool->path);
    ck_assert_int_eq(system(command), 0);
    pthread_mutex_destroy(&spool->lock);
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
    const flow_library_options options = {.struct_size = sizeof options,
                                          .log_level = FLOW_LOG_WARN,
                                          .log = write_log,
                                          .log_self = spool};

    ck_assert_int_eq(flow_library_new(&options, &spool->lib, NULL), FLOW_OK);
    ck_assert_int_eq(
        flow_harness_new(spool->lib, FLOW_KIND_SOURCE, "spooldir", &spool->harness, NULL), FLOW_OK);
    ck_assert_int_eq(flow_batch_new(spool->lib, &spool->batch, NULL), FLOW_OK);
    ck_assert_int_eq(flow_harness_set(spool->harness, "spoolDir", spool->path, NULL), FLOW_OK);
    for (; settings != NULL && *settings != NULL; settings += 2)
        ck_assert_int_eq(flow_harness_set(spool->harness, settings[0], settings[1], NULL), FLOW_OK);
    return flow_harness_start(spool->harness, err);
}

void spool_start(struct spool *spool, const char *const *settings)
{
    flow_error *err = NULL;
    int rc = spool_try_start(spool, settings, &err);

    ck_assert_msg(rc == FLOW_OK, "%s", flow_error_message(err));
}

void spool_stop(struct spool *spool)
{
    flow_batch_free(spool->batch);
    flow_harness_free(spool->harness);
    if (spool->lib != NULL)
        ck_assert_int_eq(flow_library_free(spool->lib, NULL), FLOW_OK);
    spool->batch = NULL;
    spool->harness = NULL;
    spool->lib = NULL;
}

/* Waits a little, for as long as it makes sense. */
static void pause_a_little(int *waited, const char *what)
{
    const struct timespec little = {.tv_nsec = 1000000};

    ck_assert_msg((*waited)++ < PATIENCE_MS, "%s", what);
    nanosleep(&little, NULL);
}

const char *spool_pull(struct spool *spool, size_t count)
{
    size_t at = 0;

    flow_batch_clear(spool->batch);
    while (flow_batch_count(spool->batch) < count) {
        size_t before = flow_batch_count(spool->batch);
        ck_assert_int_eq(
            flow_harness_pull(spool->harness, count - before, PATIENCE_MS, spool->batch, NULL),
            FLOW_OK);
        ck_assert_msg(flow_batch_count(spool->batch) > before, "only %zu events", before);
    }
    spool->bodies[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        size_t size;
        const void *body = flow_event_body(flow_batch_event(spool->batch, i), &size);
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
    flow_batch_clear(spool->batch);
    (void)flow_harness_pull(spool->harness, 1, 0, spool->batch, NULL);
    return flow_batch_count(spool->batch) == 0;
}

void spool_await(struct spool *spool, const char *counter, int64_t value)
{
    for (int waited = 0; flow_harness_counter(spool->harness, counter) < value;)
        pause_a_little(&waited, counter);
}

int spool_has(struct spool *spool, const char *name)
{
    char path[PATH_ROOM];

    join(path, spool, name);
    return access(path, F_OK) == 0;
}

void spool_await_file(struct spool *spool, const char *name)
{
    for (int waited = 0; !spool_has(spool, name);)
        pause_a_little(&waited, name);
}

void spool_await_log(struct spool *spool, const char *text)
{
    for (int waited = 0;;) {
        pthread_mutex_lock(&spool->lock);
        int found = strstr(spool->log, text) != NULL;
        pthread_mutex_unlock(&spool->lock);
        if (found)
            return;
        pause_a_little(&waited, text);
    }
}

void spool_advance(struct spool *spool, int64_t ms)
{
    ck_assert_int_eq(flow_harness_advance(spool->harness, ms, NULL), FLOW_OK);
}
