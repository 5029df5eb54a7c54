/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "base/be.h"
#include "base/error.h"
#include "base/vec.h"
#include "sinks/hdfs/mark.h"

#define VALUE_FRONT 24u

/* Two numbers of 32 bits. */
static uint64_t two(uint32_t high, uint32_t low)
{
    return (uint64_t)high << 32 | low;
}

static int put_key(const struct fl_hdfs_file *file, struct fl_buf *out)
{
    int rc = fl_buf_append(out, file->stem, strlen(file->stem) + 1);

    return rc ? rc : fl_buf_append(out, file->tail, strlen(file->tail));
}

static int put_value(const struct fl_hdfs_file *file, uint64_t length, unsigned fences,
                     struct fl_buf *out)
{
    size_t place = strlen(file->place.text), ending = strlen(file->ending);
    uint8_t *at = fl_buf_reserve(out, VALUE_FRONT + place + ending);

    if (!at)
        return FLOW_ENOMEM;
    at = fl_be64_put(at, length);
    at = fl_be64_put(at, two(fences, (uint32_t)((uint64_t)file->number >> 32)));
    at = fl_be64_put(at, two((uint32_t)file->number, (uint32_t)place));
    memcpy(at, file->place.text, place);
    memcpy(at + place, file->ending, ending);
    out->size += VALUE_FRONT + place + ending;
    return FLOW_OK;
}

/* With TXN NULL at once. */
static int set(struct fl_hdfs_file *file, flow_txn *txn, uint64_t length, unsigned fences,
               flow_error **err)
{
    const flow_context *ctx = file->host->options->ctx;
    struct fl_buf key, value;

    fl_buf_init(&key, file->host->mem);
    fl_buf_init(&value, file->host->mem);
    int rc = put_key(file, &key);
    if (!rc)
        rc = put_value(file, length, fences, &value);
    if (rc)
        fl_error_nomem(err);
    else if (txn)
        rc = flow_txn_set_mark(txn, key.data, key.size, value.data, value.size, err);
    else
        rc = flow_sink_set_mark(ctx, key.data, key.size, value.data, value.size, err);
    fl_buf_free(&key);
    fl_buf_free(&value);
    return rc;
}

int fl_hdfs_mark_note(struct fl_hdfs_file *file, unsigned fences, flow_error **err)
{
    if (!file->host->keeps_marks || (file->noted && file->fences_noted >= fences))
        return FLOW_OK;
    int rc = set(file, NULL, file->floor, fences, err);
    if (rc)
        return rc;
    file->noted = 1;
    file->fences_noted = fences;
    return FLOW_OK;
}

int fl_hdfs_mark_set(struct fl_hdfs_file *file, flow_txn *txn, uint64_t end, flow_error **err)
{
    return file->host->keeps_marks ? set(file, txn, end, file->fences_noted, err) : FLOW_OK;
}

/* A mark that stays costs no more than a look at the next start. */
void fl_hdfs_mark_forget(struct fl_hdfs_file *file)
{
    const flow_context *ctx = file->host->options->ctx;
    flow_error *err = NULL;
    struct fl_buf key;

    if (!file->noted)
        return;
    file->noted = 0;
    file->fences_noted = 0;
    fl_buf_init(&key, file->host->mem);
    int rc = put_key(file, &key) ? fl_error_nomem(&err) : FLOW_OK;
    if (!rc)
        rc = flow_sink_set_mark(ctx, key.data, key.size, NULL, 0, &err);
    if (rc)
        flow_context_logf(ctx, FLOW_LOG_WARN, "cannot forget the mark of %s: %s", file->in_use,
                          flow_error_message(err));
    flow_error_free(err);
    fl_buf_free(&key);
}

/* ---- what an earlier run has left ---- */

struct listing {
    struct fl_hdfs_host *host;
    struct fl_hdfs_file **files;
    flow_error *error;
};

/* 0 when they are not what put_key and put_value make. */
static int read_mark(const flow_position *mark, struct fl_hdfs_leftover *left)
{
    const uint8_t *value = mark->value;
    const char *key = mark->key;
    const char *end = memchr(key, '\0', mark->key_size);

    if (!end || end == key || mark->value_size < VALUE_FRONT)
        return 0;
    left->stem = key;
    left->stem_size = (size_t)(end - key);
    left->tail = end + 1;
    left->tail_size = mark->key_size - left->stem_size - 1;
    uint64_t middle = fl_be64_get(value + 8), last = fl_be64_get(value + 16);
    left->length = fl_be64_get(value);
    left->fences = (unsigned)(middle >> 32);
    left->number = (int64_t)(middle << 32 | last >> 32);
    left->place = (const char *)value + VALUE_FRONT;
    left->place_size = (size_t)(uint32_t)last;
    if (left->place_size > mark->value_size - VALUE_FRONT)
        return 0;
    left->ending = left->place + left->place_size;
    left->ending_size = mark->value_size - VALUE_FRONT - left->place_size;
    return 1;
}

static int add(void *arg, const flow_position *mark)
{
    struct listing *listing = arg;
    struct fl_hdfs_leftover left;
    struct fl_hdfs_file *file;

    if (!read_mark(mark, &left))
        return FLOW_OK; /* of another version, whose file cannot be told */
    int rc = fl_hdfs_file_find(listing->host, &left, &file, &listing->error);
    if (rc)
        return rc;
    file->next = *listing->files;
    *listing->files = file;
    return FLOW_OK;
}

int fl_hdfs_marks_recover(struct fl_hdfs_host *host, struct fl_hdfs_file **files, flow_error **err)
{
    struct listing listing = {.host = host, .files = files};
    int rc = flow_sink_marks(host->options->ctx, add, &listing, err);

    if (listing.error)
        fl_error_pass(err, listing.error);
    return rc;
}
