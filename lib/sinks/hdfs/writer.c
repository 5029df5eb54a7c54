/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The three types of file.  DataStream is what the serializer writes, straight into the buffer of
 * the upload; CompressedStream sends the same through a compressor; SequenceFile does without a
 * serializer.  A seal ends the member or block that was begun, so that a file can be cut there.
 */

#include "base/error.h"
#include "base/number.h"
#include "codec/seqfile.h"
#include "sinks/hdfs/writer.h"

struct fl_hdfs_writer {
    const struct fl_hdfs_options *options;
    flow_serializer *serializer;
    struct fl_compressor *compressor;
    struct fl_seqfile *seqfile;
    flow_buffer *plain;   /* what goes into the compressor */
    struct fl_buf packed; /* what came from compressor or seqfile, on its way to the upload */
    int begun;
};

static int open_stream(struct fl_hdfs_writer *writer, flow_error **err)
{
    const struct fl_hdfs_options *options = writer->options;
    int rc = flow_serializer_new(options->ctx, "serializer", &writer->serializer, err);

    if (rc || options->file_type == FL_FILE_DATA)
        return rc;
    rc = flow_buffer_new(flow_context_library(options->ctx), &writer->plain, err);
    if (!rc)
        rc = fl_compressor_new(options->mem, options->codec, &writer->compressor, err);
    return rc;
}

static int open_seqfile(struct fl_hdfs_writer *writer, flow_error **err)
{
    struct fl_seqfile_options options = {
        .as_text = writer->options->text_values,
        .codec = writer->options->codec,
    };

    return fl_seqfile_new(writer->options->mem, &options, &writer->seqfile, err);
}

int fl_hdfs_writer_new(const struct fl_hdfs_options *options, struct fl_hdfs_writer **writer,
                       flow_error **err)
{
    struct fl_hdfs_writer *made = fl_zalloc(options->mem, sizeof *made);

    *writer = NULL;
    if (!made)
        return fl_error_nomem(err);
    made->options = options;
    fl_buf_init(&made->packed, options->mem);
    int rc =
        options->file_type == FL_FILE_SEQUENCE ? open_seqfile(made, err) : open_stream(made, err);
    if (rc) {
        fl_hdfs_writer_free(made);
        return rc;
    }
    *writer = made;
    return FLOW_OK;
}

void fl_hdfs_writer_free(struct fl_hdfs_writer *writer)
{
    if (!writer)
        return;
    flow_serializer_free(writer->serializer);
    fl_compressor_free(writer->compressor);
    fl_seqfile_free(writer->seqfile);
    flow_buffer_free(writer->plain);
    fl_buf_free(&writer->packed);
    fl_free(writer->options->mem, writer);
}

/* Moves `packed` to OUT. */
static int move_packed(struct fl_hdfs_writer *writer, flow_buffer *out, flow_error **err)
{
    int rc = FLOW_OK;

    if (writer->packed.size)
        rc = flow_buffer_append(out, writer->packed.data, writer->packed.size);
    fl_buf_clear(&writer->packed);
    return rc ? fl_error_nomem(err) : FLOW_OK;
}

/* Sends `plain` through the compressor. */
static int compress_plain(struct fl_hdfs_writer *writer, flow_error **err)
{
    size_t size = 0;
    const void *data = flow_buffer_data(writer->plain, &size);
    int rc = FLOW_OK;

    if (size)
        rc = fl_compressor_write(writer->compressor, data, size, &writer->packed, err);
    flow_buffer_clear(writer->plain);
    return rc;
}

/* The key of a record: the time of the event. */
static int64_t key_of(const struct fl_hdfs_writer *writer, const flow_event *event)
{
    size_t size = 0;
    const char *value = flow_event_header(event, "timestamp", &size);
    int64_t key = 0;

    if (value && !fl_parse_int(value, size, &key))
        return key;
    return flow_context_time(writer->options->ctx);
}

static int add_records(struct fl_hdfs_writer *writer, const flow_event *const *events, size_t count,
                       flow_error **err)
{
    int rc = writer->begun ? FLOW_OK : fl_seqfile_begin(writer->seqfile, &writer->packed, err);

    writer->begun = 1;
    for (size_t i = 0; i < count && !rc; i++) {
        size_t size = 0;
        const void *body = flow_event_body(events[i], &size);
        rc = fl_seqfile_write(writer->seqfile, key_of(writer, events[i]), body, size,
                              &writer->packed, err);
    }
    return rc;
}

static int add_stream(struct fl_hdfs_writer *writer, const flow_event *const *events, size_t count,
                      flow_buffer *out, flow_error **err)
{
    int rc = writer->begun ? FLOW_OK : flow_serializer_begin(writer->serializer, out, err);

    writer->begun = 1;
    return rc ? rc : flow_serializer_write(writer->serializer, events, count, out, err);
}

int fl_hdfs_writer_add(struct fl_hdfs_writer *writer, const flow_event *const *events, size_t count,
                       flow_buffer *out, flow_error **err)
{
    int rc;

    if (writer->seqfile) {
        rc = add_records(writer, events, count, err);
        return rc ? rc : move_packed(writer, out, err);
    }
    if (!writer->compressor)
        return add_stream(writer, events, count, out, err);
    rc = add_stream(writer, events, count, writer->plain, err);
    if (!rc)
        rc = compress_plain(writer, err);
    return rc ? rc : move_packed(writer, out, err);
}

const void *fl_hdfs_writer_tail(const struct fl_hdfs_writer *writer, size_t *size)
{
    if (writer->seqfile || writer->compressor)
        return NULL;
    return flow_serializer_tail(writer->serializer, size);
}

int fl_hdfs_writer_seal(struct fl_hdfs_writer *writer, flow_buffer *out, flow_error **err)
{
    int rc;

    if (writer->seqfile) {
        rc = fl_seqfile_flush(writer->seqfile, &writer->packed, err);
        return rc ? rc : move_packed(writer, out, err);
    }
    if (!writer->compressor)
        return flow_serializer_flush(writer->serializer, out, err);
    rc = flow_serializer_flush(writer->serializer, writer->plain, err);
    if (!rc)
        rc = compress_plain(writer, err);
    if (!rc)
        rc = fl_compressor_flush(writer->compressor, &writer->packed, err);
    return rc ? rc : move_packed(writer, out, err);
}

int fl_hdfs_writer_end(struct fl_hdfs_writer *writer, flow_buffer *out, flow_error **err)
{
    int rc;

    if (!writer->begun)
        return FLOW_OK;
    if (writer->seqfile)
        return fl_hdfs_writer_seal(writer, out, err);
    if (!writer->compressor)
        return flow_serializer_end(writer->serializer, out, err);
    rc = flow_serializer_end(writer->serializer, writer->plain, err);
    if (!rc)
        rc = compress_plain(writer, err);
    if (!rc)
        rc = fl_compressor_finish(writer->compressor, &writer->packed, err);
    return rc ? rc : move_packed(writer, out, err);
}
