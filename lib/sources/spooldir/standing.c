/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How far a file was committed, as durable channels keep it with the events.  Where there is one,
 * that counts and the tracker does not: it is written after the commit, and a crash may come
 * between.  The key is the relative path, a NUL, the format that the file is read as, in which
 * alone a place means something, and the number of the inode and the time of the last change, which
 * tell the file from others that have its name some day.  The value is the offset and the number of
 * records, which grow together as the file is read, and so do their bytes.
 *
 * A key is forgotten when its file is done.  That goes with the next batch, since a transaction of
 * its own would cost as much as the file; what a crash leaves of it is found at the next start.
 */

#include "sources/spooldir/spooldir.h"

#include <string.h>

#include "base/be.h"
#include "base/error.h"

#define NUMBER 8u
#define IDENTITY (2 + 2 * NUMBER)
#define PLACE (2 * NUMBER)

static void put_identity(const struct spooldir *s, uint8_t identity[IDENTITY],
                         const struct stat *info)
{
    identity[0] = '\0';
    identity[1] = (uint8_t)s->options.format;
    uint8_t *mtime = fl_be64_put(identity + 2, (uint64_t)info->st_ino);
    fl_be64_put(mtime,
                (uint64_t)info->st_mtim.tv_sec * 1000000000u + (uint64_t)info->st_mtim.tv_nsec);
}

static const char *relative(const struct spooldir *s, const char *path)
{
    return path + s->paths.spool_size + 1;
}

static int make_key(struct spooldir *s, flow_error **err)
{
    uint8_t identity[IDENTITY];
    const char *path = relative(s, s->file.path);

    put_identity(s, identity, &s->file.opened);
    fl_buf_clear(&s->standing.key);
    int rc = fl_buf_append(&s->standing.key, path, strlen(path));
    rc = rc == FLOW_OK ? fl_buf_append(&s->standing.key, identity, sizeof identity) : rc;
    return rc == FLOW_OK ? rc : fl_error_nomem(err);
}

/* Of flow_emitter_position and flow_emitter_position_latest. */
typedef int ask_fn(flow_emitter *emitter, const void *key, size_t key_size, void *data, size_t room,
                   size_t *size, flow_error **err);

static int find(struct spooldir *s, ask_fn *ask, struct spool_place *place, flow_error **err)
{
    const struct fl_buf *key = &s->standing.key;
    uint8_t value[PLACE];
    size_t size = 0;
    int rc = ask(s->emitter, key->data, key->size, value, sizeof value, &size, err);

    *place = (struct spool_place){.offset = -1};
    if (rc == FLOW_OK && size == sizeof value) {
        place->offset = (int64_t)fl_be64_get(value);
        place->records = (int64_t)fl_be64_get(value + NUMBER);
    }
    return rc;
}

int spool_standing_find(struct spooldir *s, struct spool_place *place, flow_error **err)
{
    int rc = make_key(s, err);

    *place = (struct spool_place){.offset = -1};
    rc = rc == FLOW_OK ? find(s, flow_emitter_position_latest, &s->standing.furthest, err) : rc;
    return rc == FLOW_OK ? find(s, flow_emitter_position, place, err) : rc;
}

int spool_standing_differs(const struct spooldir *s)
{
    const struct spool_place *furthest = &s->standing.furthest;
    const struct spool_place place = spool_place_of(s);

    return place.offset < furthest->offset ||
           (place.offset == furthest->offset && place.records < furthest->records);
}

int spool_standing_note(struct spooldir *s, flow_error **err)
{
    const struct fl_buf *key = &s->standing.key;
    const struct spool_place place = spool_place_of(s);
    uint8_t value[PLACE];

    fl_be64_put(value, (uint64_t)place.offset);
    fl_be64_put(value + NUMBER, (uint64_t)place.records);
    return flow_batch_set_position(s->batch, key->data, key->size, value, sizeof value, err);
}

void spool_standing_forget(struct spooldir *s)
{
    fl_forgetting_add(&s->standing.done, s->standing.key.data, s->standing.key.size);
}

/* ---- what an earlier run has left ---- */

/* Whether the file is there as it was, and is read as it was. */
static int is_there(const struct spooldir *s, const char *path, const uint8_t *identity)
{
    uint8_t now[IDENTITY];
    struct fl_buf full;
    struct stat info;

    fl_buf_init(&full, s->mem);
    int there = fl_buf_printf(&full, "%s/%s", s->paths.spool, path) == FLOW_OK &&
                s->io->stat(s->io->self, fl_buf_cstr(&full), &info) == 0;
    fl_buf_free(&full);
    if (there) {
        put_identity(s, now, &info);
        there = memcmp(now, identity, sizeof now) == 0;
    }
    return there;
}

static int sort_out(void *self, const flow_position *position)
{
    struct spooldir *s = self;
    const char *path = position->key;

    if (position->key_size <= IDENTITY)
        return FLOW_OK;
    const uint8_t *identity = (const uint8_t *)path + position->key_size - IDENTITY;
    if (memchr(path, '\0', position->key_size) != identity) {
        return FLOW_OK; /* a key of another type of source that had the name */
    }
    if (!is_there(s, path, identity))
        fl_forgetting_add(&s->standing.done, position->key, position->key_size);
    return FLOW_OK;
}

void spool_standing_look(struct spooldir *s)
{
    flow_error *fault = NULL;

    int rc = flow_emitter_positions(s->emitter, sort_out, s, &fault);

    if (rc != FLOW_OK)
        flow_context_logf(s->ctx, FLOW_LOG_WARN,
                          "cannot see which files channels know (%s): they go on to remember those "
                          "that are done",
                          fault ? flow_error_message(fault) : flow_error_name(rc));
    flow_error_free(fault);
}

void spool_standing_init(struct spooldir *s)
{
    fl_buf_init(&s->standing.key, s->mem);
    fl_forgetting_init(&s->standing.done, s->mem);
}

void spool_standing_free(struct spooldir *s)
{
    fl_forgetting_free(&s->standing.done);
    fl_buf_free(&s->standing.key);
}
