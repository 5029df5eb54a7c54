/* SPDX-License-Identifier: Apache-2.0 */

/* A file's names, its bytes between the serializer and the upload, and which of them are final. */

#include <string.h>

#include "base/error.h"
#include "sinks/hdfs/file.h"

/* ---- names ---- */

/* "FOLDER/IN_USE_PREFIX + PREFIX.N + SUFFIX + IN_USE_SUFFIX" behind FENCE earlier ones. */
static char *in_use_name(const struct fl_hdfs_file *file, int64_t number, unsigned fence)
{
    const struct fl_hdfs_options *options = file->host->options;
    const char *text = file->place.text;
    size_t folder = file->place.folder_size;
    struct fl_buf out;

    fl_buf_init(&out, file->host->mem);
    int rc = fl_buf_append(&out, text, folder);
    text += folder;
    while (*text == '/')
        text++;
    if (!rc && !(folder == 1 && file->place.text[0] == '/'))
        rc = fl_buf_byte(&out, '/');
    if (!rc)
        rc = fl_buf_printf(&out, "%s%s.%lld%s", options->in_use_prefix, text, (long long)number,
                           options->suffix);
    if (!rc && fence)
        rc = fl_buf_printf(&out, ".%u", fence);
    if (!rc)
        rc = fl_buf_text(&out, options->in_use_suffix);
    char *name = rc ? NULL : fl_buf_detach(&out);
    fl_buf_free(&out);
    return name;
}

char *fl_hdfs_file_fence_name(const struct fl_hdfs_file *file, unsigned fence)
{
    return in_use_name(file, file->number, fence);
}

static char *final_name(const struct fl_hdfs_file *file, int64_t number)
{
    struct fl_buf out;

    fl_buf_init(&out, file->host->mem);
    int rc = fl_buf_printf(&out, "%s.%lld%s", file->place.text, (long long)number,
                           file->host->options->suffix);
    char *name = rc ? NULL : fl_buf_detach(&out);
    fl_buf_free(&out);
    return name;
}

int fl_hdfs_file_name(struct fl_hdfs_file *file, int64_t number)
{
    const flow_allocator *mem = file->host->mem;
    char *final = final_name(file, number);
    char *in_use = file->exists ? NULL : in_use_name(file, number, 0);

    if (!final || (!in_use && !file->exists)) {
        fl_free(mem, final);
        fl_free(mem, in_use);
        return FLOW_ENOMEM;
    }
    fl_free(mem, file->final);
    file->final = final;
    if (in_use) {
        fl_free(mem, file->in_use);
        file->in_use = in_use;
    }
    file->number = number;
    return FLOW_OK;
}

/* ---- bytes ---- */

void fl_hdfs_file_trim(struct fl_hdfs_file *file)
{
    while (file->first && file->first->start + file->first->size <= file->delivered) {
        struct fl_hdfs_segment *segment = file->first;
        file->first = segment->next;
        if (!file->first)
            file->last = &file->first;
        fl_hdfs_segment_free(&file->host->segments, segment);
    }
}

static void free_segments(struct fl_hdfs_file *file)
{
    while (file->first) {
        struct fl_hdfs_segment *segment = file->first;
        file->first = segment->next;
        fl_hdfs_segment_free(&file->host->segments, segment);
    }
    file->last = &file->first;
    file->reading = NULL;
}

int fl_hdfs_file_new(struct fl_hdfs_host *host, const struct fl_hdfs_place *place, int64_t number,
                     struct fl_hdfs_file **file, flow_error **err)
{
    struct fl_hdfs_file *made = fl_zalloc(host->mem, sizeof *made);

    *file = NULL;
    if (!made)
        return fl_error_nomem(err);
    made->host = host;
    made->last = &made->first;
    made->place.text = fl_strdup(host->mem, place->text);
    made->place.folder_size = place->folder_size;
    int rc = FLOW_OK;
    if (!made->place.text || fl_hdfs_file_name(made, number))
        rc = fl_error_nomem(err);
    if (!rc)
        rc = fl_hdfs_writer_new(host->options, &made->writer, err);
    if (rc) {
        fl_hdfs_file_free(made);
        return rc;
    }
    made->opened_ms = flow_context_now(host->options->ctx);
    flow_counter_add(host->created, 1);
    *file = made;
    return FLOW_OK;
}

void fl_hdfs_file_free(struct fl_hdfs_file *file)
{
    const flow_allocator *mem = file->host->mem;

    free_segments(file);
    fl_hdfs_segment_free(&file->host->segments, file->open);
    fl_hdfs_writer_free(file->writer);
    flow_error_free(file->doubt_error);
    flow_error_free(file->request.error);
    fl_free(mem, file->place.text);
    fl_free(mem, file->in_use);
    fl_free(mem, file->fence);
    fl_free(mem, file->final);
    fl_free(mem, file);
}

static int open_segment(struct fl_hdfs_file *file, flow_error **err)
{
    if (!file->open)
        file->open = fl_hdfs_segment_new(&file->host->segments);
    return file->open ? FLOW_OK : fl_error_nomem(err);
}

/* Buffers are filled about as far as the one before; grown step by step, they would be copied and
 * their pages be touched twice.  It works without. */
static flow_buffer *open_buffer(struct fl_hdfs_file *file)
{
    flow_buffer *buffer = file->open->buffer;
    size_t size = 0;

    flow_buffer_data(buffer, &size);
    if (!size && file->usual)
        flow_buffer_reserve(buffer, (size_t)(file->usual + file->usual / 16));
    return buffer;
}

int fl_hdfs_file_add(struct fl_hdfs_file *file, const flow_event *const *events, size_t count,
                     flow_error **err)
{
    size_t tail_size = 0;
    const void *tail = fl_hdfs_writer_tail(file->writer, &tail_size);
    int rc = open_segment(file, err);

    if (rc)
        return rc;
    if (!tail)
        return fl_hdfs_writer_add(file->writer, events, count, open_buffer(file), err);
    rc = fl_hdfs_segment_lay(file->open, events, count, tail, tail_size);
    return rc ? fl_error_nomem(err) : FLOW_OK;
}

/* Makes the open segment the last one. */
static void push_segment(struct fl_hdfs_file *file)
{
    struct fl_hdfs_segment *segment = file->open;

    fl_hdfs_segment_close(segment);
    if (!segment->size)
        return;
    segment->start = file->appended;
    *file->last = segment;
    file->last = &segment->next;
    file->appended += segment->size;
    file->usual = segment->size;
    file->open = NULL;
}

int fl_hdfs_file_seal(struct fl_hdfs_file *file, flow_error **err)
{
    if (!file->open)
        return FLOW_OK;
    int rc = fl_hdfs_writer_seal(file->writer, file->open->buffer, err);
    if (!rc)
        push_segment(file);
    return rc;
}

int fl_hdfs_file_finish(struct fl_hdfs_file *file, flow_error **err)
{
    if (file->finishing)
        return FLOW_OK;
    file->finishing = 1;
    int rc = open_segment(file, err);
    if (!rc)
        rc = fl_hdfs_writer_end(file->writer, file->open->buffer, err);
    if (!rc)
        push_segment(file);
    return rc;
}

/* ---- what is never to be cut ---- */

void fl_hdfs_file_raise_floor(struct fl_hdfs_file *file)
{
    if (!file->parts && file->floor < file->delivered)
        file->floor = file->delivered;
}
void fl_hdfs_file_commit(struct fl_hdfs_file *file, uint64_t end)
{
    file->floor = end;
    file->parts--;
    fl_hdfs_file_raise_floor(file);
}

void fl_hdfs_file_drop(struct fl_hdfs_file *file)
{
    file->parts = 0;
    if (file->appended == file->floor && !file->open)
        return;
    free_segments(file);
    fl_hdfs_segment_free(&file->host->segments, file->open);
    file->open = NULL;
    file->appended = file->sent = file->delivered = file->floor;
    file->finishing = 1;
    fl_hdfs_file_succeed(file);
}
