/* SPDX-License-Identifier: Apache-2.0 */

#include "tail.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* How many files are made at most to get an inode again. */
#define REUSE_TRIES 200

void tail_init(struct tail *tail)
{
    const char *base = getenv("TMPDIR");
    char path[256];

    memset(tail, 0, sizeof *tail);
    snprintf(tail->path, sizeof tail->path, "%s/flow-tail-XXXXXX", base ? base : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(tail->path));
    tail_path(path, tail, "");
    ck_assert_int_eq(mkdir(path, 0700), 0);
}

void tail_free(struct tail *tail)
{
    char command[128];

    tail_stop(tail);
    snprintf(command, sizeof command, "rm -r %s", tail->path);
    ck_assert_int_eq(system(command), 0);
}

void tail_path(char path[256], const struct tail *tail, const char *name)
{
    snprintf(path, 256, "%s/log/%s", tail->path, name);
}

static void write_file(struct tail *tail, const char *name, const char *text, const char *mode)
{
    char path[256];

    tail_path(path, tail, name);
    FILE *file = fopen(path, mode);
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, strlen(text), file), strlen(text));
    fclose(file);
}

void tail_append(struct tail *tail, const char *name, const char *text)
{
    write_file(tail, name, text, "a");
}

void tail_rewrite(struct tail *tail, const char *name, const char *text)
{
    write_file(tail, name, text, "w");
}

void tail_rename(struct tail *tail, const char *from, const char *to)
{
    char old_path[256];
    char new_path[256];

    tail_path(old_path, tail, from);
    tail_path(new_path, tail, to);
    ck_assert_int_eq(rename(old_path, new_path), 0);
}

void tail_remove(struct tail *tail, const char *name)
{
    char path[256];

    tail_path(path, tail, name);
    ck_assert_int_eq(unlink(path), 0);
}

unsigned long tail_inode(struct tail *tail, const char *name)
{
    char path[256];
    struct stat info;

    tail_path(path, tail, name);
    ck_assert_int_eq(stat(path, &info), 0);
    return info.st_ino;
}

int tail_reuse(struct tail *tail, const char *name, unsigned long inode, const char *text)
{
    char other[32];
    int got = 0;

    for (int i = 0; i < REUSE_TRIES && !got; i++) {
        snprintf(other, sizeof other, "%d.tmp", i);
        tail_append(tail, other, text);
        got = tail_inode(tail, other) == inode;
        if (got)
            tail_rename(tail, other, name);
    }
    return got;
}

/* Whether SETTINGS have KEY. */
static int has_setting(const char *const *settings, const char *key)
{
    while (settings && *settings && strcmp(*settings, key) != 0)
        settings += 2;
    return settings && *settings != NULL;
}

int tail_try_start(struct tail *tail, const char *const *settings, flow_error **err)
{
    char group[256];
    char positions[128];

    tail_path(group, tail, ".*\\.log");
    snprintf(positions, sizeof positions, "%s/state/p.json", tail->path);
    stand_init(&tail->stand, FLOW_KIND_SOURCE, "taildir", FLOW_LOG_WARN,
               TAIL_SETTINGS("filegroups", "g", "positionFile", positions));
    if (!has_setting(settings, "filegroups.g"))
        stand_set(&tail->stand, TAIL_SETTINGS("filegroups.g", group));
    stand_set(&tail->stand, settings);
    return flow_harness_start(tail->stand.harness, err);
}

void tail_start(struct tail *tail, const char *const *settings)
{
    flow_error *err = NULL;
    int rc = tail_try_start(tail, settings, &err);

    ck_assert_msg(rc == FLOW_OK, "%s", flow_error_message(err));
}

void tail_stop(struct tail *tail)
{
    if (tail->stand.lib)
        stand_free(&tail->stand);
    tail->stand.lib = NULL;
}

static void run_there(const struct tail *tail, const char *what)
{
    char command[256];

    snprintf(command, sizeof command, "cd %s && %s", tail->path, what);
    ck_assert_int_eq(system(command), 0);
}

void tail_crash(struct tail *tail)
{
    run_there(tail, "rm -rf kept && mkdir -p state && cp -a state kept");
    tail_stop(tail);
    run_there(tail, "rm -r state && mv kept state");
}

int tail_look(struct tail *tail)
{
    flow_error *err = NULL;
    int rc = flow_harness_run(tail->stand.harness, &err);

    ck_assert_msg(rc >= 0, "%s", flow_error_message(err));
    return rc;
}

const char *tail_read(struct tail *tail)
{
    size_t at = 0;

    tail_look(tail);
    flow_batch_clear(tail->stand.batch);
    (void)flow_harness_pull(tail->stand.harness, 10000, 0, tail->stand.batch, NULL);
    tail->bodies[0] = '\0';
    for (size_t i = 0; i < flow_batch_count(tail->stand.batch); i++) {
        size_t size;
        const void *body = flow_event_body(flow_batch_event(tail->stand.batch, i), &size);
        if (at + size + 2 > sizeof tail->bodies)
            break; /* too many to be compared as a text */
        memcpy(tail->bodies + at, body, size);
        at += size;
        strcpy(tail->bodies + at++, "|");
    }
    return tail->bodies;
}

void tail_advance(struct tail *tail, int64_t ms)
{
    ck_assert_int_eq(flow_harness_advance(tail->stand.harness, ms, NULL), FLOW_OK);
}

int64_t tail_count(struct tail *tail, const char *counter)
{
    return flow_harness_counter(tail->stand.harness, counter);
}

unsigned long tail_number(struct tail *tail, size_t index)
{
    char digits[16];
    size_t size;
    const char *body = flow_event_body(flow_batch_event(tail->stand.batch, index), &size);

    snprintf(digits, sizeof digits, "%.*s", (int)size, body);
    return strtoul(digits, NULL, 10);
}

const char *tail_header(struct tail *tail, size_t index, const char *name)
{
    const flow_event *event = flow_batch_event(tail->stand.batch, index);

    ck_assert_ptr_nonnull(event);
    const char *value = flow_event_header(event, name, NULL);
    return value ? value : "";
}

size_t tail_logged(struct tail *tail, const char *text)
{
    size_t count = 0;

    for (size_t i = 0; i < tail->stand.count && i < STAND_MESSAGES; i++)
        count += strstr(tail->stand.messages[i], text) != NULL;
    return count;
}

static void position_path(char path[256], const struct tail *tail)
{
    snprintf(path, 256, "%s/state/p.json", tail->path);
}

const char *tail_positions(struct tail *tail)
{
    char path[256];

    position_path(path, tail);
    FILE *file = fopen(path, "r");
    if (!file)
        return "";
    size_t size = fread(tail->bodies, 1, sizeof tail->bodies - 1, file);
    tail->bodies[size] = '\0';
    fclose(file);
    return tail->bodies;
}

void tail_set_positions(struct tail *tail, const char *text)
{
    char path[256];

    snprintf(path, sizeof path, "%s/state", tail->path);
    (void)mkdir(path, 0700);
    position_path(path, tail);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    fclose(file);
}
