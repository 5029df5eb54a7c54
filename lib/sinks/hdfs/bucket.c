/* SPDX-License-Identifier: Apache-2.0 */

/* Which file gets an event, and when a file has had enough. */

#include "base/clock.h"
#include "base/error.h"
#include "sinks/hdfs/bucket.h"

struct bucket {
    struct fl_hdfs_file *file; /* open for more, or NULL */
    int64_t number;            /* of the last file */
    int64_t used_ms;
};

void fl_hdfs_buckets_init(struct fl_hdfs_buckets *buckets, struct fl_hdfs_host *host)
{
    buckets->host = host;
    buckets->files = NULL;
    fl_map_init(&buckets->map, host->mem);
}

void fl_hdfs_buckets_free(struct fl_hdfs_buckets *buckets)
{
    for (size_t i = 0; i < buckets->map.count; i++)
        fl_free(buckets->host->mem, buckets->map.entries[i].value);
    fl_map_free(&buckets->map);
    while (buckets->files) {
        struct fl_hdfs_file *file = buckets->files;
        buckets->files = file->next;
        fl_hdfs_file_free(file);
    }
}

/* The bucket of PLACE, made if need be; its numbers begin with the time, as Flume's do. */
static struct bucket *find(struct fl_hdfs_buckets *buckets, const struct fl_hdfs_place *place)
{
    struct bucket *bucket = fl_map_get(&buckets->map, place->text);

    if (bucket)
        return bucket;
    bucket = fl_zalloc(buckets->host->mem, sizeof *bucket);
    if (!bucket)
        return NULL;
    bucket->number = flow_context_time(buckets->host->options->ctx);
    if (fl_map_put(&buckets->map, place->text, bucket)) {
        fl_free(buckets->host->mem, bucket);
        return NULL;
    }
    return bucket;
}

/* Takes the file, which may have moved on to a later number, out of BUCKET. */
static struct fl_hdfs_file *leave(struct bucket *bucket)
{
    struct fl_hdfs_file *file = bucket->file;

    bucket->file = NULL;
    if (bucket->number < file->number)
        bucket->number = file->number;
    return file;
}

/* Takes the file out of BUCKET; it ends with what it has. */
static int release(struct bucket *bucket, flow_error **err)
{
    return fl_hdfs_file_finish(leave(bucket), err);
}

/* Forgets the bucket at INDEX; the next event for its place makes a new one. */
static int discard(struct fl_hdfs_buckets *buckets, size_t index, flow_error **err)
{
    struct bucket *bucket = buckets->map.entries[index].value;
    int rc = bucket->file ? release(bucket, err) : FLOW_OK;

    fl_map_remove(&buckets->map, buckets->map.entries[index].key);
    fl_free(buckets->host->mem, bucket);
    return rc;
}

/* Closes the file that was used longest ago, when there is one too many. */
static int make_room(struct fl_hdfs_buckets *buckets, const struct bucket *keep, flow_error **err)
{
    size_t oldest = SIZE_MAX;

    if (buckets->map.count <= buckets->host->options->max_open_files)
        return FLOW_OK;
    for (size_t i = 0; i < buckets->map.count; i++) {
        const struct bucket *bucket = buckets->map.entries[i].value;
        const struct bucket *best = oldest == SIZE_MAX ? NULL : buckets->map.entries[oldest].value;
        if (bucket != keep && (!best || bucket->used_ms < best->used_ms))
            oldest = i;
    }
    return oldest == SIZE_MAX ? FLOW_OK : discard(buckets, oldest, err);
}

static int open_file(struct fl_hdfs_buckets *buckets, struct bucket *bucket,
                     const struct fl_hdfs_place *place, flow_error **err)
{
    struct fl_hdfs_file *file;
    int rc = make_room(buckets, bucket, err);

    if (!rc)
        rc = fl_hdfs_file_new(buckets->host, place, ++bucket->number, &file, err);
    if (rc)
        return rc;
    file->next = buckets->files;
    buckets->files = file;
    bucket->file = file;
    return FLOW_OK;
}

static int is_full(const struct fl_hdfs_options *options, const struct fl_hdfs_file *file)
{
    return (options->roll_events && file->events >= options->roll_events) ||
           (options->roll_bytes && file->bytes >= options->roll_bytes);
}

/* How many of COUNT events go into FILE before it has its number of them. */
static size_t room_in(const struct fl_hdfs_options *options, const struct fl_hdfs_file *file,
                      size_t count)
{
    uint64_t room = options->roll_events - file->events;

    return options->roll_events && room < count ? (size_t)room : count;
}

/* How many of the COUNT at EVENTS go into FILE before it has its bytes; only then these count. */
static size_t fill(const struct fl_hdfs_options *options, struct fl_hdfs_file *file,
                   const flow_event *const *events, size_t count)
{
    size_t n = 0;

    if (!options->roll_bytes)
        return count;
    while (n < count && file->bytes < options->roll_bytes) {
        size_t size = 0;
        flow_event_body(events[n++], &size);
        file->bytes += size;
    }
    return n;
}

int fl_hdfs_buckets_add(struct fl_hdfs_buckets *buckets, const struct fl_hdfs_place *place,
                        struct fl_hdfs_slice *slice, struct fl_hdfs_file **file, flow_error **err)
{
    const struct fl_hdfs_options *options = buckets->host->options;
    struct bucket *bucket = find(buckets, place);
    int rc = bucket ? FLOW_OK : fl_error_nomem(err);

    if (!rc && !bucket->file)
        rc = open_file(buckets, bucket, place, err);
    if (rc)
        return rc;
    *file = bucket->file;
    bucket->used_ms = flow_context_now(options->ctx);
    size_t taken = room_in(options, *file, slice->count);
    taken = fill(options, *file, slice->events, taken);
    (*file)->events += taken;
    rc = fl_hdfs_file_add(*file, slice->events, taken, err);
    slice->events += taken;
    slice->count -= taken;
    if (!rc && is_full(options, *file))
        rc = release(bucket, err);
    return rc;
}

/* When BUCKET's file has had enough time. */
static int64_t expiry(const struct fl_hdfs_options *options, const struct bucket *bucket)
{
    int64_t at = FL_NEVER;

    if (options->roll_ms)
        at = (bucket->file ? bucket->file->opened_ms : bucket->used_ms) + options->roll_ms;
    if (options->idle_ms && bucket->used_ms + options->idle_ms < at)
        at = bucket->used_ms + options->idle_ms;
    return at;
}

int fl_hdfs_buckets_expire(struct fl_hdfs_buckets *buckets, int64_t now, int all, flow_error **err)
{
    int rc = FLOW_OK;

    for (size_t i = buckets->map.count; i-- > 0 && !rc;) {
        const struct bucket *bucket = buckets->map.entries[i].value;
        if (all || expiry(buckets->host->options, bucket) <= now)
            rc = discard(buckets, i, err);
    }
    return rc;
}

/* When FILE wants to go on after a failure. */
static int64_t retry_time(const struct fl_hdfs_file *file)
{
    return file->gone || file->step || !file->retry_at ? FL_NEVER : file->retry_at;
}

int64_t fl_hdfs_buckets_deadline(const struct fl_hdfs_buckets *buckets)
{
    int64_t at = FL_NEVER;

    for (size_t i = 0; i < buckets->map.count; i++) {
        int64_t one = expiry(buckets->host->options, buckets->map.entries[i].value);
        at = one < at ? one : at;
    }
    for (const struct fl_hdfs_file *file = buckets->files; file; file = file->next)
        at = retry_time(file) < at ? retry_time(file) : at;
    return at;
}

void fl_hdfs_buckets_step(struct fl_hdfs_buckets *buckets, int64_t now)
{
    for (struct fl_hdfs_file *file = buckets->files; file; file = file->next)
        fl_hdfs_file_step(file, now);
}

/* A file may still be needed for a rollback as long as a transaction has a part in it. */
void fl_hdfs_buckets_sweep(struct fl_hdfs_buckets *buckets)
{
    struct fl_hdfs_file **link = &buckets->files;

    while (*link) {
        struct fl_hdfs_file *file = *link;
        if (file->gone && !file->parts && !file->step) {
            *link = file->next;
            fl_hdfs_file_free(file);
        } else {
            link = &file->next;
        }
    }
}

int fl_hdfs_buckets_are_done(const struct fl_hdfs_buckets *buckets)
{
    for (const struct fl_hdfs_file *file = buckets->files; file; file = file->next)
        if (!file->earlier || !file->failing_since || file->step)
            return 0;
    return 1;
}

/* Files of earlier runs hold nothing of a transaction. */
int fl_hdfs_buckets_clean(const struct fl_hdfs_buckets *buckets)
{
    for (const struct fl_hdfs_file *file = buckets->files; file; file = file->next)
        if (!file->gone && !file->earlier && !fl_hdfs_file_clean(file))
            return 0;
    return 1;
}

/* A file that lost something gets nothing more: its writer's state is ahead of it. */
void fl_hdfs_buckets_drop(struct fl_hdfs_buckets *buckets)
{
    for (struct fl_hdfs_file *file = buckets->files; file; file = file->next)
        fl_hdfs_file_drop(file);
    for (size_t i = 0; i < buckets->map.count; i++) {
        struct bucket *bucket = buckets->map.entries[i].value;
        if (bucket->file && bucket->file->finishing)
            leave(bucket);
    }
}
