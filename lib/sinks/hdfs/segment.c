/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "sinks/hdfs/segment.h"

struct piece {
    const uint8_t *body;
    uint64_t end; /* in the segment, the tail included */
};

static const struct piece *piece_at(const struct fl_hdfs_segment *segment, size_t index)
{
    return (const struct piece *)segment->pieces.items + index;
}

static void release(struct fl_hdfs_segments *segments, struct fl_hdfs_segment *segment)
{
    flow_buffer_free(segment->buffer);
    fl_vec_free(&segment->pieces);
    fl_free(flow_library_allocator(segments->lib), segment);
}

struct fl_hdfs_segment *fl_hdfs_segment_new(struct fl_hdfs_segments *segments)
{
    const flow_allocator *mem = flow_library_allocator(segments->lib);
    struct fl_hdfs_segment *segment = segments->spare;

    if (segment) {
        segments->spare = segment->next;
        segments->count--;
        segment->next = NULL;
        return segment;
    }
    segment = fl_zalloc(mem, sizeof *segment);
    if (!segment)
        return NULL;
    fl_vec_init(&segment->pieces, mem, sizeof(struct piece));
    if (flow_buffer_new(segments->lib, &segment->buffer, NULL)) {
        release(segments, segment);
        return NULL;
    }
    return segment;
}

void fl_hdfs_segment_free(struct fl_hdfs_segments *segments, struct fl_hdfs_segment *segment)
{
    if (!segment)
        return;
    if (segments->count == FL_HDFS_SPARE_SEGMENTS) {
        release(segments, segment);
        return;
    }
    flow_buffer_clear(segment->buffer);
    segment->pieces.count = 0;
    segment->reading = 0;
    segment->start = segment->size = 0;
    segment->next = segments->spare;
    segments->spare = segment;
    segments->count++;
}

void fl_hdfs_segments_trim(struct fl_hdfs_segments *segments)
{
    while (segments->spare) {
        struct fl_hdfs_segment *segment = segments->spare;
        segments->spare = segment->next;
        release(segments, segment);
    }
    segments->count = 0;
}

int fl_hdfs_segment_lay(struct fl_hdfs_segment *segment, const flow_event *const *events,
                        size_t count, const void *tail, size_t tail_size)
{
    struct fl_vec *pieces = &segment->pieces;
    uint64_t end = pieces->count ? piece_at(segment, pieces->count - 1)->end : 0;
    size_t wanted = pieces->count + count;

    if (wanted > pieces->capacity && wanted < 2 * pieces->capacity)
        wanted = 2 * pieces->capacity;
    if (fl_vec_reserve(pieces, wanted))
        return FLOW_ENOMEM;
    struct piece *piece = (struct piece *)pieces->items + pieces->count;
    for (size_t i = 0; i < count; i++, piece++) {
        size_t size = 0;
        piece->body = flow_event_body(events[i], &size);
        end += size + tail_size;
        piece->end = end;
    }
    pieces->count += count;
    segment->tail = tail;
    segment->tail_size = tail_size;
    return FLOW_OK;
}

uint64_t fl_hdfs_segment_end(const struct fl_hdfs_segment *segment)
{
    size_t count = segment->pieces.count, size = 0;

    flow_buffer_data(segment->buffer, &size);
    return count ? piece_at(segment, count - 1)->end : size;
}

void fl_hdfs_segment_close(struct fl_hdfs_segment *segment)
{
    segment->size = fl_hdfs_segment_end(segment);
}

/* The piece that OFFSET lies in: mostly the one that was read last, or the next. */
static size_t find_piece(const struct fl_hdfs_segment *segment, uint64_t offset)
{
    size_t low = segment->reading, high = segment->pieces.count;

    if (low && piece_at(segment, low - 1)->end > offset)
        low = 0;
    for (size_t step = 1; low + step < high; step *= 2) {
        if (piece_at(segment, low + step - 1)->end > offset)
            high = low + step;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (piece_at(segment, middle)->end > offset)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Copies up to SIZE bytes of the SOURCE_SIZE at SOURCE, without the first *SKIP, which is then
 * lowered by how many these were. */
static size_t copy_part(uint8_t *out, size_t size, const void *source, size_t source_size,
                        uint64_t *skip)
{
    if (*skip >= source_size) {
        *skip -= source_size;
        return 0;
    }
    size_t part = source_size - (size_t)*skip;
    if (part > size)
        part = size;
    memcpy(out, (const uint8_t *)source + *skip, part);
    *skip = 0;
    return part;
}

static size_t read_pieces(struct fl_hdfs_segment *segment, uint64_t offset, uint8_t *out,
                          size_t size)
{
    size_t index = find_piece(segment, offset), done = 0;
    uint64_t start = index ? piece_at(segment, index - 1)->end : 0;
    uint64_t skip = offset - start;

    for (; index < segment->pieces.count && done < size; index++) {
        const struct piece *piece = piece_at(segment, index);
        size_t body = (size_t)(piece->end - start) - segment->tail_size;
        done += copy_part(out + done, size - done, piece->body, body, &skip);
        done += copy_part(out + done, size - done, segment->tail, segment->tail_size, &skip);
        start = piece->end;
        segment->reading = index;
    }
    return done;
}

size_t fl_hdfs_segment_read(struct fl_hdfs_segment *segment, uint64_t offset, void *out,
                            size_t size)
{
    size_t buffered = 0;

    if (segment->pieces.count)
        return read_pieces(segment, offset, out, size);
    const void *data = flow_buffer_data(segment->buffer, &buffered);
    return copy_part(out, size, data, buffered, &offset);
}
