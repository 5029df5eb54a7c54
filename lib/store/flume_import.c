/* SPDX-License-Identifier: Apache-2.0 */
/* Opens a channel of Flume's, and hands out its events. */

#include "base/error.h"
#include "codec/crc32.h"
#include "store/flume_inner.h"

static void init(struct fl_flume_import *import, const struct fl_io *io,
                 const struct fl_flume_options *options)
{
    const flow_allocator *mem = options->mem;

    import->io = io;
    import->options = *options;
    fl_buf_init(&import->fault, mem);
    fl_vec_init(&import->folders, mem, sizeof(struct fl_flume_folder));
    fl_vec_init(&import->logs, mem, sizeof(struct fl_flume_log));
    fl_vec_init(&import->returned, mem, sizeof(struct fl_flume_returned));
    fl_vec_init(&import->places, mem, sizeof(struct fl_flume_place));
    fl_flume_queue_init(&import->queue, mem);
    for (size_t i = 0; i < FL_FLUME_WINDOWS; i++)
        fl_flume_window_init(&import->windows[i], mem);
    fl_buf_init(&import->record, mem);
    fl_buf_init(&import->texts, mem);
    fl_vec_init(&import->headers, mem, sizeof(flow_header));
}

int fl_flume_open(const struct fl_io *io, const struct fl_flume_options *options,
                  struct fl_flume_import **import, flow_error **err)
{
    struct fl_flume_import *opened = fl_zalloc(options->mem, sizeof *opened);

    *import = NULL;
    if (!opened)
        return fl_error_nomem(err);
    init(opened, io, options);
    int rc = fl_flume_lock_folders(opened, err);
    if (!rc)
        rc = fl_flume_find_logs(opened, err);
    if (!rc)
        rc = fl_flume_replay(opened, err);
    if (rc) {
        fl_flume_close(opened);
        return rc;
    }
    *import = opened;
    return FLOW_OK;
}

static void free_logs(struct fl_flume_import *import)
{
    for (size_t i = 0; i < import->logs.count; i++) {
        struct fl_flume_log *log = fl_vec_at(&import->logs, i);
        fl_free(import->options.mem, log->path);
        fl_buf_free(&log->meta_bytes);
    }
    fl_vec_free(&import->logs);
}

void fl_flume_close(struct fl_flume_import *import)
{
    if (!import)
        return;
    fl_flume_unlock_folders(import);
    fl_vec_free(&import->folders);
    free_logs(import);
    for (size_t i = 0; i < FL_FLUME_WINDOWS; i++)
        fl_buf_free(&import->windows[i].bytes);
    fl_flume_queue_free(&import->queue);
    fl_vec_free(&import->returned);
    fl_vec_free(&import->places);
    fl_buf_free(&import->fault);
    fl_buf_free(&import->record);
    fl_buf_free(&import->texts);
    fl_vec_free(&import->headers);
    fl_free(import->options.mem, import);
}

const struct fl_flume_counts *fl_flume_counts(const struct fl_flume_import *import)
{
    return &import->counts;
}

const char *fl_flume_checkpoint_fault(const struct fl_flume_import *import)
{
    return import->counts.has_used_checkpoint ? NULL : (const char *)import->fault.data;
}

static int add_text(struct fl_buf *texts, const struct fl_proto *text)
{
    return fl_buf_append(texts, text->at, fl_proto_left(text)) || fl_buf_byte(texts, 0);
}

/* Copies the headers, with a NUL behind each text.  FLOW_EPARSE, without an error object, when they
 * are damaged. */
static int copy_headers(struct fl_flume_import *import, struct fl_flume_put *put)
{
    struct fl_flume_header header;
    int rc;

    fl_buf_clear(&import->texts);
    import->headers.count = 0;
    while ((rc = fl_flume_header_next(put, &header)) > 0) {
        flow_header copy = {.name_size = (uint32_t)fl_proto_left(&header.name),
                            .value_size = (uint32_t)fl_proto_left(&header.value)};
        if (add_text(&import->texts, &header.name) || add_text(&import->texts, &header.value) ||
            !fl_vec_push(&import->headers, &copy))
            return FLOW_ENOMEM;
    }
    /* Only now do the texts stay where they are. */
    const char *text = (const char *)import->texts.data;
    for (size_t i = 0; i < import->headers.count; i++) {
        flow_header *copy = fl_vec_at(&import->headers, i);
        copy->name = text;
        copy->value = copy->name + copy->name_size + 1;
        text = copy->value + copy->value_size + 1;
    }
    return rc;
}

/* What is wrong with an event whose record could be read, or NULL. */
static const char *fault_of(const struct fl_flume_put *put, int headers)
{
    if (headers)
        return "the headers of the event there are damaged";
    if (put->has_checksum && fl_crc32(put->body.at, fl_proto_left(&put->body)) != put->checksum)
        return "the body of the event there does not have its checksum";
    return NULL;
}

int fl_flume_event_at(struct fl_flume_import *import, uint64_t pointer,
                      struct fl_flume_event *event, flow_error **err)
{
    const struct fl_flume_log *log = fl_flume_log_at(import, (uint32_t)(pointer >> 32));
    struct fl_flume_record record;
    int rc = fl_flume_put_at(import, pointer, &record, err);

    if (rc <= 0)
        return rc;
    *event = (struct fl_flume_event){.path = log->path, .offset = (uint32_t)pointer};
    rc = copy_headers(import, &record.put);
    if (rc == FLOW_ENOMEM)
        return fl_error_nomem(err);
    const char *fault = fault_of(&record.put, rc);
    if (fault)
        return fl_flume_damaged(import, log, event->offset, fault, err);
    event->headers = import->headers.items;
    event->header_count = import->headers.count;
    event->body = record.put.body.at;
    event->body_size = fl_proto_left(&record.put.body);
    event->transaction = record.transaction;
    event->order = record.order;
    return 1;
}

struct receiver {
    int (*each)(void *arg, const struct fl_flume_event *event, flow_error **err);
    void *arg;
};

static int deliver(struct fl_flume_import *import, uint64_t pointer,
                   const struct receiver *receiver, flow_error **err)
{
    struct fl_flume_event event;
    int rc = fl_flume_event_at(import, pointer, &event, err);

    return rc <= 0 ? rc : receiver->each(receiver->arg, &event, err);
}

/* Hands the pointers to all events to EACH, in the order of the channel. */
static int each_pointer(struct fl_flume_import *import,
                        int (*each)(struct fl_flume_import *import, uint64_t pointer,
                                    const struct receiver *receiver, flow_error **err),
                        const struct receiver *receiver, flow_error **err)
{
    int rc = FLOW_OK;

    for (size_t i = 0; i < import->returned.count && !rc; i++) {
        const struct fl_flume_returned *returned = fl_vec_at(&import->returned, i);
        rc = each(import, returned->pointer, receiver, err);
    }
    for (uint32_t i = 0; i < import->queue.used && !rc; i++) {
        if (import->queue.items[i])
            rc = each(import, import->queue.items[i], receiver, err);
    }
    return rc;
}

int fl_flume_each(struct fl_flume_import *import,
                  int (*each)(void *arg, const struct fl_flume_event *event, flow_error **err),
                  void *arg, flow_error **err)
{
    const struct receiver receiver = {.each = each, .arg = arg};

    return each_pointer(import, deliver, &receiver, err);
}

/* ---- in the order in which they were put ---- */

static int gather_one(struct fl_flume_import *import, uint64_t pointer,
                      const struct receiver *unused, flow_error **err)
{
    struct fl_flume_event event;
    int rc = fl_flume_event_at(import, pointer, &event, err);

    if (rc <= 0)
        return rc;
    const struct fl_flume_place place = {.order = event.order, .pointer = pointer};
    import->counts.bytes += event.body_size;
    return fl_vec_push(&import->places, &place) ? FLOW_OK : fl_error_nomem(err);
}

int fl_flume_place_compare(const struct fl_flume_place *one, const struct fl_flume_place *other)
{
    if (one->order != other->order)
        return one->order < other->order ? -1 : 1;
    return (one->pointer > other->pointer) - (one->pointer < other->pointer);
}

static int by_place(const void *a, const void *b)
{
    return fl_flume_place_compare(a, b);
}

int fl_flume_gather(struct fl_flume_import *import, flow_error **err)
{
    int rc = each_pointer(import, gather_one, NULL, err);

    if (rc)
        return rc;
    fl_flume_queue_free(&import->queue);
    fl_vec_free(&import->returned);
    fl_vec_sort(&import->places, by_place);
    import->counts.events = import->places.count;
    return FLOW_OK;
}

size_t fl_flume_count(const struct fl_flume_import *import)
{
    return import->places.count;
}

const struct fl_flume_place *fl_flume_place_at(const struct fl_flume_import *import, size_t index)
{
    return fl_vec_at(&import->places, index);
}

int fl_flume_read(struct fl_flume_import *import, size_t index, struct fl_flume_event *event,
                  flow_error **err)
{
    return fl_flume_event_at(import, fl_flume_place_at(import, index)->pointer, event, err);
}

uint32_t fl_flume_last_log(const struct fl_flume_import *import)
{
    size_t count = import->logs.count;

    return count ? ((const struct fl_flume_log *)fl_vec_at(&import->logs, count - 1))->number : 0;
}
