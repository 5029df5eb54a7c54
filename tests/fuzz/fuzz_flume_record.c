/* SPDX-License-Identifier: Apache-2.0 */

/* Any bytes as a record of Flume's file channel, of both versions; what is read must lie in them.
 */

#include <stdlib.h>

#include "fuzz.h"
#include "wire/flume_log.h"

static void check_within(const struct fl_proto *part, const uint8_t *data, size_t size)
{
    if (fl_proto_left(part) > 0 && (part->at < data || part->end > data + size))
        abort();
}

static void walk_headers(struct fl_flume_put put, const uint8_t *data, size_t size)
{
    struct fl_flume_header header;

    check_within(&put.body, data, size);
    while (fl_flume_header_next(&put, &header) > 0) {
        check_within(&header.name, data, size);
        check_within(&header.value, data, size);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fl_flume_record record;
    struct fl_flume_record head;
    size_t used;

    if (!fl_flume_record_read(data, size, &record)) {
        if (fl_flume_record_head(data, size, &head) || head.order != record.order)
            abort();
        if (record.kind == FL_FLUME_PUT)
            walk_headers(record.put, data, size);
    }
    if (!fl_flume_record2_read(data, size, &record, &used)) {
        if (used > size)
            abort();
        if (record.kind == FL_FLUME_PUT)
            walk_headers(record.put, data, used);
    }
    return 0;
}
