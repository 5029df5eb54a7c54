/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How far each file was read, on disk.  The position file is Flume's to the byte.  Flume fails
 * over any further member in it, so what tells a file from another one with its inode goes into a
 * file beside it.  That one alone never says how far a file was read, unless the file is not found
 * at present: whoever removes an entry from the position file, or all of it, has that file read
 * anew.
 */

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "sources/taildir/taildir.h"

#define LIST_MAX ((size_t)256 << 20)

/* ---- reading ---- */

/* A list being read. */
struct loading {
    struct taildir *t;
    int64_t written_at; /* ns: the position file */
};

static int64_t number_of(const struct tail_entry *entry, enum tail_number which, int64_t least)
{
    int64_t value = entry->numbers[which];

    return value < least ? least : value;
}

static int load_identity(void *arg, const struct tail_entry *entry)
{
    struct taildir *t = ((struct loading *)arg)->t;

    if ((entry->has & 1u << TAIL_INODE) == 0 || !entry->path ||
        tail_table_find(&t->table, (uint64_t)entry->numbers[TAIL_DEV],
                        (uint64_t)entry->numbers[TAIL_INODE]) != NULL)
        return FLOW_OK;
    struct tail_file *file = tail_table_add(&t->table, (uint64_t)entry->numbers[TAIL_DEV],
                                            (uint64_t)entry->numbers[TAIL_INODE], entry->path);
    if (!file)
        return FLOW_ENOMEM;
    file->birth = entry->numbers[TAIL_BIRTH];
    if (entry->numbers[TAIL_HEAD] > 0 && entry->numbers[TAIL_HEAD] <= TAIL_HEAD_MAX) {
        file->head.size = (uint32_t)entry->numbers[TAIL_HEAD];
        file->head.sum = (uint32_t)entry->numbers[TAIL_SUM];
    }
    /* Without a position, here or there, it is to be read anew. */
    file->pos = (entry->has & 1u << TAIL_POS) != 0 ? number_of(entry, TAIL_POS, 0) : -1;
    file->is_listed = 1;
    return FLOW_OK;
}

static int load_position(void *arg, const struct tail_entry *entry)
{
    const struct loading *loading = arg;
    struct taildir *t = loading->t;
    const unsigned needed = 1u << TAIL_INODE | 1u << TAIL_POS;

    if ((entry->has & needed) != needed || !entry->path)
        return FLOW_EPARSE;
    uint64_t inode = (uint64_t)entry->numbers[TAIL_INODE];
    struct tail_file *file = tail_table_find(&t->table, 0, inode);
    /* Of several on different devices the one of that name. */
    struct tail_file *other = file;
    while (other && strcmp(other->path, entry->path) != 0)
        other = other->same_inode;
    file = other ? other : file;
    if (!file) {
        file = tail_table_add(&t->table, 0, inode, entry->path);
        if (!file)
            return FLOW_ENOMEM;
        file->noted = loading->written_at;
        file->is_listed = 1;
    }
    file->pos = number_of(entry, TAIL_POS, 0);
    return FLOW_OK;
}

/* Reads the list at PATH when there is one; a damaged one as far as it goes. */
static int load_list(struct taildir *t, const char *path,
                     int (*each)(void *arg, const struct tail_entry *entry),
                     struct loading *loading, flow_error **err)
{
    struct fl_buf text;
    flow_error *fault = NULL;

    fl_buf_init(&text, t->mem);
    int rc = fl_file_load(t->io, path, LIST_MAX, &text, err);
    if (rc == FLOW_OK)
        rc = tail_list_read(t->mem, &text, each, loading, &fault);
    if (rc == FLOW_EPARSE) {
        flow_context_logf(t->ctx, FLOW_LOG_ERROR,
                          "%s is damaged; files behind that place are new ones: %s", path,
                          flow_error_message(fault));
        rc = FLOW_OK;
    } else if (fault) {
        rc = fl_error_nomem(err);
    }
    flow_error_free(fault);
    fl_buf_free(&text);
    return rc;
}

/* Drops what has no position. */
static void drop_unplaced(struct taildir *t)
{
    for (size_t i = t->table.files.count; i > 0; i--) {
        struct tail_file *file = *(struct tail_file **)fl_vec_at(&t->table.files, i - 1);
        if (file->pos < 0)
            tail_table_drop(&t->table, t->io, file);
    }
}

int tail_positions_load(struct taildir *t, flow_error **err)
{
    struct stat info;
    struct loading loading = {.t = t};
    int number = t->io->stat(t->io->self, t->position_path, &info);
    int there = t->io->stat(t->io->self, t->identity_path, &(struct stat){0}) == 0;
    int rc = FLOW_OK;

    if (number == -ENOENT)
        return FLOW_OK;
    if (number < 0)
        return fl_error_errno(err, -number, "cannot look at", t->position_path);
    loading.written_at = info.st_mtim.tv_sec * INT64_C(1000000000) + info.st_mtim.tv_nsec;
    if (there)
        rc = load_list(t, t->identity_path, load_identity, &loading, err);
    rc = rc == FLOW_OK ? load_list(t, t->position_path, load_position, &loading, err) : rc;
    drop_unplaced(t);
    return rc;
}

/* ---- writing ---- */

/* Flume's list: what is found at present, and what is still open. */
static int add_position(const struct taildir *t, const struct tail_file *file, struct fl_buf *text)
{
    const struct tail_entry entry = {
        .numbers = {[TAIL_INODE] = (int64_t)file->inode, [TAIL_POS] = file->pos},
        .has = 1u << TAIL_INODE | 1u << TAIL_POS,
        .path = file->path,
    };

    return tail_is_gone(t, file) && file->fd < 0 ? FLOW_OK : tail_list_add(text, &entry);
}

static int add_identity(const struct taildir *t, const struct tail_file *file, struct fl_buf *text)
{
    struct tail_entry entry = {
        .numbers = {[TAIL_INODE] = (int64_t)file->inode,
                    [TAIL_POS] = file->pos,
                    [TAIL_DEV] = (int64_t)file->dev,
                    [TAIL_BIRTH] = file->birth,
                    [TAIL_HEAD] = file->head.size,
                    [TAIL_SUM] = file->head.sum},
        .has =
            1u << TAIL_INODE | 1u << TAIL_DEV | 1u << TAIL_BIRTH | 1u << TAIL_HEAD | 1u << TAIL_SUM,
        .path = file->path,
    };

    if (file->noted != 0) {
        return FLOW_OK; /* it would pass for one that was checked */
    }
    if (tail_is_gone(t, file) && file->fd < 0)
        entry.has |= 1u << TAIL_POS;
    return tail_list_add(text, &entry);
}

static int write_list(const struct taildir *t, const char *path,
                      int (*add)(const struct taildir *t, const struct tail_file *file,
                                 struct fl_buf *text),
                      flow_error **err)
{
    struct fl_buf text;

    fl_buf_init(&text, t->mem);
    int rc = fl_buf_byte(&text, '[');
    for (size_t i = 0; rc == FLOW_OK && i < t->table.files.count; i++)
        rc = add(t, *(struct tail_file **)fl_vec_at(&t->table.files, i), &text);
    rc = rc == FLOW_OK ? fl_buf_byte(&text, ']') : rc;
    rc = rc == FLOW_OK ? fl_file_replace(t->io, path, text.data, text.size, err)
                       : fl_error_nomem(err);
    fl_buf_free(&text);
    return rc;
}

/* The positions first: a crash in between leaves at worst an identity that no longer fits, for
 * which a file is read again, and never one that fits a position of another file. */
static int write_both(struct taildir *t, flow_error **err)
{
    int rc = FLOW_OK;

    if (t->positions_changed) {
        rc = write_list(t, t->position_path, add_position, err);
        t->positions_changed = rc != FLOW_OK;
    }
    if (rc == FLOW_OK && t->identities_changed) {
        rc = write_list(t, t->identity_path, add_identity, err);
        t->identities_changed = rc != FLOW_OK;
    }
    return rc;
}

void tail_positions_write(struct taildir *t, int forced)
{
    flow_error *fault = NULL;
    int64_t now = flow_context_now(t->ctx);

    if (!forced && now < t->write_due)
        return;
    t->write_due = now + t->options.write_interval;
    int rc = write_both(t, &fault);
    if (rc != FLOW_OK) {
        flow_counter_add(t->write_fails, 1);
        if (rc != t->write_fault)
            flow_context_logf(t->ctx, FLOW_LOG_ERROR,
                              "positions are not kept, so a restart would repeat events: %s",
                              flow_error_message(fault));
    }
    t->write_fault = rc;
    flow_error_free(fault);
}
