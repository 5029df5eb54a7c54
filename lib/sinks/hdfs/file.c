/* SPDX-License-Identifier: Apache-2.0 */

/* A file's names, its bytes between the serializer and the upload, and which of them are final. */

#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/random.h"
#include "sinks/hdfs/mark.h"

/* ---- names ---- */

/* "FOLDER/IN_USE_PREFIX + PREFIX.N + SUFFIX", and what tells it from all other files. */
static char *stem_of(const struct fl_hdfs_file *file, int64_t number)
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
                           file->ending);
    if (!rc && file->chance)
        rc = fl_buf_printf(&out, ".%016" PRIx64, file->chance);
    char *name = rc ? NULL : fl_buf_detach(&out);
    fl_buf_free(&out);
    return name;
}

static char *in_use_name(const struct fl_hdfs_file *file, const char *stem, unsigned fence)
{
    struct fl_buf out;

    fl_buf_init(&out, file->host->mem);
    int rc = fl_buf_text(&out, stem);
    if (!rc && fence)
        rc = fl_buf_printf(&out, ".%u", fence);
    if (!rc)
        rc = fl_buf_text(&out, file->tail);
    char *name = rc ? NULL : fl_buf_detach(&out);
    fl_buf_free(&out);
    return name;
}

char *fl_hdfs_file_fence_name(const struct fl_hdfs_file *file, unsigned fence)
{
    return in_use_name(file, file->stem, fence);
}

static char *final_name(const struct fl_hdfs_file *file, int64_t number)
{
    struct fl_buf out;

    fl_buf_init(&out, file->host->mem);
    int rc = fl_buf_printf(&out, "%s.%lld%s", file->place.text, (long long)number, file->ending);
    char *name = rc ? NULL : fl_buf_detach(&out);
    fl_buf_free(&out);
    return name;
}

/* A file that is nowhere yet gets another name in use, too. */
static int name_in_use(struct fl_hdfs_file *file, int64_t number)
{
    const flow_allocator *mem = file->host->mem;
    char *stem = stem_of(file, number);
    char *in_use = stem ? in_use_name(file, stem, 0) : NULL;

    if (!in_use) {
        fl_free(mem, stem);
        return FLOW_ENOMEM;
    }
    fl_hdfs_mark_forget(file);
    fl_free(mem, file->stem);
    fl_free(mem, file->in_use);
    file->stem = stem;
    file->in_use = in_use;
    return FLOW_OK;
}

int fl_hdfs_file_name(struct fl_hdfs_file *file, int64_t number)
{
    char *final = final_name(file, number);

    if (!final || (!file->exists && name_in_use(file, number))) {
        fl_free(file->host->mem, final);
        return FLOW_ENOMEM;
    }
    fl_free(file->host->mem, file->final);
    file->final = final;
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

static struct fl_hdfs_file *new_file(struct fl_hdfs_host *host)
{
    struct fl_hdfs_file *made = fl_zalloc(host->mem, sizeof *made);

    if (!made)
        return NULL;
    made->host = host;
    made->last = &made->first;
    made->tail = host->options->in_use_suffix;
    made->ending = host->options->suffix;
    return made;
}

static int choose_name(struct fl_hdfs_file *file, int64_t number, flow_error **err)
{
    int rc = FLOW_OK;

    while (!rc && file->host->keeps_marks && !file->chance)
        rc = fl_random(&file->chance, sizeof file->chance, err);
    if (rc)
        return rc;
    return fl_hdfs_file_name(file, number) ? fl_error_nomem(err) : FLOW_OK;
}

int fl_hdfs_file_new(struct fl_hdfs_host *host, const struct fl_hdfs_place *place, int64_t number,
                     struct fl_hdfs_file **file, flow_error **err)
{
    struct fl_hdfs_file *made = new_file(host);

    *file = NULL;
    if (!made)
        return fl_error_nomem(err);
    made->place.text = fl_strdup(host->mem, place->text);
    made->place.folder_size = place->folder_size;
    int rc = made->place.text ? choose_name(made, number, err) : fl_error_nomem(err);
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

/* Texts that the mark has and the present options may not. */
static int keep_texts(struct fl_hdfs_file *file, const struct fl_hdfs_leftover *left)
{
    const flow_allocator *mem = file->host->mem;

    file->stem = fl_strndup(mem, left->stem, left->stem_size);
    file->place.text = fl_strndup(mem, left->place, left->place_size);
    file->kept = fl_zalloc(mem, left->tail_size + left->ending_size + 2);
    if (!file->stem || !file->place.text || !file->kept)
        return FLOW_ENOMEM;
    memcpy(file->kept, left->tail, left->tail_size);
    memcpy(file->kept + left->tail_size + 1, left->ending, left->ending_size);
    file->tail = file->kept;
    file->ending = file->kept + left->tail_size + 1;
    file->in_use = fl_hdfs_file_fence_name(file, left->fences);
    file->final = final_name(file, left->number);
    return file->in_use && file->final ? FLOW_OK : FLOW_ENOMEM;
}

int fl_hdfs_file_find(struct fl_hdfs_host *host, const struct fl_hdfs_leftover *left,
                      struct fl_hdfs_file **file, flow_error **err)
{
    struct fl_hdfs_file *made = new_file(host);

    *file = NULL;
    if (!made)
        return fl_error_nomem(err);
    if (keep_texts(made, left)) {
        fl_hdfs_file_free(made);
        return fl_error_nomem(err);
    }
    made->number = left->number;
    made->fences = made->fences_noted = made->behind = left->fences;
    made->floor = made->delivered = made->sent = made->appended = left->length;
    made->noted = made->earlier = made->exists = made->finishing = 1;
    made->recovery = host->target->late ? FL_STEP_FENCE : FL_STEP_MEASURE;
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
    fl_free(mem, file->stem);
    fl_free(mem, file->kept);
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

void fl_hdfs_file_push(struct fl_hdfs_file *file)
{
    struct fl_hdfs_segment *segment = file->open;

    if (!segment)
        return;
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
    return file->open ? fl_hdfs_writer_seal(file->writer, file->open->buffer, err) : FLOW_OK;
}

uint64_t fl_hdfs_file_end(const struct fl_hdfs_file *file)
{
    return file->appended + (file->open ? fl_hdfs_segment_end(file->open) : 0);
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
        fl_hdfs_file_push(file);
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
