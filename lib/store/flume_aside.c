/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What shows that a channel was imported.  A mark names it, so that an import which is repeated
 * knows its own positions again, wherever the folders are by then.  In the end Flume's files are
 * moved out of its sight, since a Flume that is started by mistake would deliver everything again:
 *
 *     the mark gets the number of the last log; checkpoints go, so that what is left can be read
 *     without them; logs go, the last one last; the mark goes
 *
 * As long as the last log is there, a Flume that is started in between numbers its own from there
 * on.  When it is not, but the mark is, that is of a channel which is no more; of its files only
 * what belongs to the last log may still be there, beside the logs of another channel.
 */

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/number.h"
#include "base/random.h"
#include "store/flume_inner.h"

/* Whoever removes Flume's logs by hand is likely to remove this too, and should: what comes next is
 * another channel.  For Flume only numbers follow the dash. */
#define MARK "log-import"

struct mark {
    char id[FL_FLUME_ID + 1]; /* "": there is none */
    uint32_t last;            /* log, when its files are being moved; or 0 */
    const char *folder;
};

/* ---- moving files ---- */

/* A file or folder of Flume's. */
struct item {
    const char *folder;
    char *name;
};

struct items {
    const flow_allocator *mem;
    const char *folder; /* that is being listed */
    uint32_t last;      /* log, for `wanted` */
    int (*wanted)(const struct items *items, const char *name); /* whether it is to be moved */
    struct fl_vec list;              /* of struct item */
};

static int add_item(void *arg, const char *name)
{
    struct items *items = arg;

    if (!items->wanted(items, name))
        return 0;
    const struct item item = {items->folder, fl_strdup(items->mem, name)};
    if (item.name && fl_vec_push(&items->list, &item))
        return 0;
    fl_free(items->mem, item.name);
    return -ENOMEM;
}

static void free_items(struct items *items)
{
    for (size_t i = 0; i < items->list.count; i++)
        fl_free(items->mem, ((struct item *)fl_vec_at(&items->list, i))->name);
    fl_vec_free(&items->list);
}

/* The folder in FOLDER for what is set aside, new; NULL without memory. */
static char *aside_of(const struct fl_flume_import *import, const char *folder, const char *id)
{
    char name[sizeof FL_FLUME_ASIDE + FL_FLUME_ID] = FL_FLUME_ASIDE;

    memcpy(name + sizeof FL_FLUME_ASIDE - 1, id, FL_FLUME_ID + 1);
    return fl_flume_path(import, folder, name);
}

/* The number of the log that a file is, or belongs to; 0 for another file. */
static uint32_t log_of(const char *name)
{
    return fl_flume_log_number(name, strcspn(name, "."));
}

static int move_item(struct fl_flume_import *import, const struct item *item, const char *aside,
                     flow_error **err)
{
    char *from = fl_flume_path(import, item->folder, item->name);
    char *to = fl_flume_path(import, aside, item->name);
    int rc = from && to ? fl_folder_make(import->io, aside, 0777, err) : fl_error_nomem(err);

    /* A Flume that ran after a crash in here has made another checkpoint, of which there may be an
     * older one; a log there is only once. */
    if (!rc)
        rc = log_of(item->name) ? fl_file_rename_new(import->io, from, to, err)
                                : fl_file_rename(import->io, from, to, err);
    if (!rc)
        rc = fl_folder_sync(import->io, aside, err);
    if (!rc)
        rc = fl_folder_sync(import->io, item->folder, err);
    fl_free(import->options.mem, from);
    fl_free(import->options.mem, to);
    return rc;
}

/* The oldest log first, and each before what belongs to it. */
static int by_age(const void *a, const void *b)
{
    const char *one = ((const struct item *)a)->name;
    const char *other = ((const struct item *)b)->name;
    uint32_t first = log_of(one);
    uint32_t second = log_of(other);

    return first == second ? strcmp(one, other) : (first > second) - (first < second);
}

typedef int wanted_fn(const struct items *items, const char *name);

/* Moves what is WANTED of COUNT folders. */
static int move_wanted(struct fl_flume_import *import, const char *const *folders, size_t count,
                       wanted_fn *wanted, const struct mark *mark, flow_error **err)
{
    struct items items = {.mem = import->options.mem, .last = mark->last, .wanted = wanted};
    int rc = FLOW_OK;

    fl_vec_init(&items.list, items.mem, sizeof(struct item));
    for (size_t i = 0; i < count && !rc; i++) {
        items.folder = folders[i];
        int listed = import->io->list(import->io->self, folders[i], add_item, &items);
        rc = listed < 0 ? fl_error_errno(err, -listed, "cannot list", folders[i]) : FLOW_OK;
    }
    fl_vec_sort(&items.list, by_age);
    for (size_t i = 0; i < items.list.count && !rc; i++) {
        const struct item *item = fl_vec_at(&items.list, i);
        char *aside = aside_of(import, item->folder, mark->id);
        rc = aside ? move_item(import, item, aside, err) : fl_error_nomem(err);
        fl_free(items.mem, aside);
    }
    free_items(&items);
    return rc;
}

static int is_checkpoint(const struct items *items, const char *name)
{
    static const char *const others[] = {"backupComplete", "inflightputs", "inflighttakes"};
    static const char begin[] = "checkpoint";
    size_t size = sizeof begin - 1;

    if (strncmp(name, begin, size) == 0 && (!name[size] || name[size] == '.'))
        return 1;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (strcmp(name, others[i]) == 0)
            return 1;
    }
    return 0;
}

static int is_log(const struct items *items, const char *name)
{
    return log_of(name) != 0;
}

static int is_of_last_log(const struct items *items, const char *name)
{
    return log_of(name) == items->last;
}

static int is_mark(const struct items *items, const char *name)
{
    return strcmp(name, MARK) == 0;
}

/* ---- the mark ---- */

/* Reads "ID" or "ID LOG", a line. */
static int parse_mark(const struct fl_buf *text, struct mark *mark)
{
    const char *data = (const char *)text->data;
    size_t size = text->size;
    int64_t last = 0;

    if (size <= FL_FLUME_ID || data[size - 1] != '\n' ||
        strspn(data, "0123456789abcdef") != FL_FLUME_ID)
        return FLOW_EPARSE;
    const char *rest = data + FL_FLUME_ID;
    size_t left = size - 1 - FL_FLUME_ID;
    if (left &&
        (*rest != ' ' || fl_parse_int(rest + 1, left - 1, &last) || last < 1 || last > INT32_MAX))
        return FLOW_EPARSE;
    memcpy(mark->id, data, FL_FLUME_ID);
    mark->id[FL_FLUME_ID] = '\0';
    mark->last = (uint32_t)last;
    return FLOW_OK;
}

/* Reads the mark at PATH, when there is one. */
static int load_mark(struct fl_flume_import *import, const char *path, struct mark *mark,
                     flow_error **err)
{
    struct stat info;
    struct fl_buf text;
    int rc = import->io->stat(import->io->self, path, &info);

    *mark = (struct mark){.last = 0};
    if (rc)
        return rc == -ENOENT ? FLOW_OK : fl_error_errno(err, -rc, "cannot look into", path);
    fl_buf_init(&text, import->options.mem);
    rc = fl_file_load(import->io, path, 4096, &text, err);
    if (!rc && parse_mark(&text, mark))
        rc = flow_error_setf(err, FLOW_EPARSE, "%s is damaged: an import wrote something else",
                             path);
    fl_buf_free(&text);
    return rc;
}

/* Finds the mark of the channel among its data directories. */
static int find_mark(struct fl_flume_import *import, struct mark *found, flow_error **err)
{
    int rc = FLOW_OK;

    *found = (struct mark){.last = 0};
    for (size_t i = 0; i < import->options.data_dir_count && !rc; i++) {
        const char *folder = import->options.data_dirs[i];
        char *path = fl_flume_path(import, folder, MARK);
        struct mark mark;
        rc = path ? load_mark(import, path, &mark, err) : fl_error_nomem(err);
        if (!rc && mark.id[0] && found->id[0])
            rc = flow_error_setf(err, FLOW_ECONFIG,
                                 "%s and %s cannot be of one channel: each has a file " MARK,
                                 found->folder, folder);
        if (!rc && mark.id[0]) {
            *found = mark;
            found->folder = folder;
        }
        fl_free(import->options.mem, path);
    }
    return rc;
}

static int write_mark(struct fl_flume_import *import, const struct mark *mark, flow_error **err)
{
    struct fl_buf text;
    char *path = fl_flume_path(import, mark->folder, MARK);

    fl_buf_init(&text, import->options.mem);
    int rc = fl_buf_text(&text, mark->id);
    if (!rc && mark->last)
        rc = fl_buf_printf(&text, " %" PRIu32, mark->last);
    if (!rc)
        rc = fl_buf_byte(&text, '\n');
    if (rc || !path)
        rc = fl_error_nomem(err);
    else
        rc = fl_file_replace(import->io, path, text.data, text.size, err);
    fl_buf_free(&text);
    fl_free(import->options.mem, path);
    return rc;
}

static int make_mark(struct fl_flume_import *import, struct mark *mark, flow_error **err)
{
    static const char digits[] = "0123456789abcdef";
    uint64_t number;
    int rc = fl_random(&number, sizeof number, err);

    if (rc)
        return rc;
    *mark = (struct mark){.folder = import->options.data_dirs[0]};
    for (size_t i = 0; i < FL_FLUME_ID; i++)
        mark->id[i] = digits[number >> 4 * i & 15];
    return write_mark(import, mark, err);
}

/* ---- the end of a channel ---- */

/* Whether the last log is in FOLDER, or, with an ASIDE, in that folder of it. */
static int has_last(struct fl_flume_import *import, const struct mark *mark, const char *folder,
                    const char *aside, int *has, flow_error **err)
{
    struct stat info;
    struct fl_buf path;

    fl_buf_init(&path, import->options.mem);
    int rc = fl_buf_printf(&path, "%s/%s%s%slog-%" PRIu32, folder, aside, *aside ? mark->id : "",
                           *aside ? "/" : "", mark->last);
    const char *text = rc ? NULL : fl_buf_cstr(&path);
    rc = text ? import->io->stat(import->io->self, text, &info) : -ENOMEM;
    *has = rc == 0;
    if (rc && rc != -ENOENT)
        rc = fl_error_errno(err, -rc, "cannot look into", text ? text : folder);
    else
        rc = FLOW_OK;
    fl_buf_free(&path);
    return rc;
}

/* Ends what was interrupted in FOLDER, if the last log was moved away there: what belongs to it,
 * unless another channel has such a log now, and the mark. */
static int end_in_folder(struct fl_flume_import *import, struct mark *mark, const char *folder,
                         flow_error **err)
{
    int is_moved = 0;
    int is_there = 0;
    int rc = has_last(import, mark, folder, FL_FLUME_ASIDE, &is_moved, err);

    if (!rc && is_moved)
        rc = has_last(import, mark, folder, "", &is_there, err);
    if (!rc && is_moved && !is_there)
        rc = move_wanted(import, &folder, 1, is_of_last_log, mark, err);
    if (!rc && is_moved)
        rc = move_wanted(import, &mark->folder, 1, is_mark, mark, err);
    if (!rc && is_moved)
        *mark = (struct mark){.last = 0};
    return rc;
}

static int end_channel(struct fl_flume_import *import, struct mark *mark, flow_error **err)
{
    int rc = FLOW_OK;

    for (size_t i = 0; i < import->options.data_dir_count && !rc && mark->last; i++)
        rc = end_in_folder(import, mark, import->options.data_dirs[i], err);
    return rc;
}

int fl_flume_mark(struct fl_flume_import *import, char id[FL_FLUME_ID + 1], flow_error **err)
{
    struct mark mark;
    int rc = find_mark(import, &mark, err);

    if (!rc && mark.last)
        rc = end_channel(import, &mark, err);
    if (!rc && !mark.id[0] && import->logs.count)
        rc = make_mark(import, &mark, err);
    memcpy(id, mark.id, sizeof mark.id);
    return rc;
}

static int move_checkpoints(struct fl_flume_import *import, const struct mark *mark,
                            flow_error **err)
{
    const char *folders[] = {import->options.checkpoint_dir, import->options.backup_checkpoint_dir};
    int rc = FLOW_OK;

    for (size_t i = 0; i < 2 && !rc; i++) {
        if (folders[i])
            rc = move_wanted(import, &folders[i], 1, is_checkpoint, mark, err);
    }
    return rc;
}

int fl_flume_set_aside(struct fl_flume_import *import, const char *id, flow_error **err)
{
    const struct fl_flume_options *options = &import->options;
    struct mark mark;

    fl_flume_unlock_folders(import);
    int rc = fl_flume_lock_folders(import, err);
    if (!rc)
        rc = find_mark(import, &mark, err);
    if (!rc && strcmp(mark.id, id) != 0)
        rc = flow_error_setf(err, FLOW_ESTATE, "somebody has changed the file " MARK);
    if (rc)
        return rc;
    mark.last = fl_flume_last_log(import);
    rc = write_mark(import, &mark, err);
    if (!rc)
        rc = move_checkpoints(import, &mark, err);
    if (!rc)
        rc = move_wanted(import, options->data_dirs, options->data_dir_count, is_log, &mark, err);
    return rc ? rc : move_wanted(import, &mark.folder, 1, is_mark, &mark, err);
}

/* ---- for others ---- */

struct look {
    int logs;
    int marks;
};

static int look_at(void *arg, const char *name)
{
    struct look *look = arg;

    look->logs += is_log(NULL, name);
    look->marks += is_mark(NULL, name);
    return 0;
}

int fl_flume_is_left(const struct fl_io *io, const char *const *folders, size_t count)
{
    struct look look = {0};

    for (size_t i = 0; i < count; i++)
        (void)io->list(io->self, folders[i], look_at, &look);
    return look.logs > 0 && look.marks == 0;
}
