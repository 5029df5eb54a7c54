/* SPDX-License-Identifier: Apache-2.0 */
/* What Flume's file channel writes down of its queue from time to time: the files of a checkpoint.
 */

#include <string.h>

#include "wire/flume_log.h"
#include "wire/md5.h"

/* The places of 8 bytes at the front of `checkpoint`. */
enum { PLACE_VERSION, PLACE_ORDER, PLACE_SIZE, PLACE_HEAD, PLACE_MARK, PLACES };

int fl_flume_checkpoint_read(const void *data, size_t size, struct fl_flume_checkpoint *checkpoint)
{
    int64_t places[PLACES];

    *checkpoint = (struct fl_flume_checkpoint){0};
    if (size < FL_FLUME_CHECKPOINT_MARKS)
        return FLOW_EPARSE;
    for (size_t i = 0; i < PLACES; i++)
        places[i] = fl_flume_be64((const uint8_t *)data + 8 * i);
    checkpoint->version = places[PLACE_VERSION];
    checkpoint->order = places[PLACE_ORDER];
    checkpoint->size = places[PLACE_SIZE];
    checkpoint->head = places[PLACE_HEAD];
    checkpoint->is_complete = places[PLACE_MARK] == 0;
    return FLOW_OK;
}

/* Which log has how many events in the queue; only that it is whole matters here. */
static int check_active_log(struct fl_proto in)
{
    struct fl_proto_field field;
    unsigned seen = 0;
    int rc;

    while ((rc = fl_proto_next(&in, &field)) > 0) {
        if (field.tag == FL_PROTO_FIXED32(1))
            seen |= 1;
        else if (field.tag == FL_PROTO_FIXED32(2))
            seen |= 2;
    }
    return rc == 0 && seen == 3 ? FLOW_OK : FLOW_EPARSE;
}

static int read_field(const struct fl_proto_field *field, struct fl_flume_checkpoint *checkpoint,
                      unsigned *seen)
{
    switch (field->tag) {
    case FL_PROTO_FIXED32(1):
        checkpoint->version = (int32_t)(uint32_t)field->number;
        *seen |= 1;
        break;
    case FL_PROTO_FIXED64(2):
        checkpoint->order = (int64_t)field->number;
        *seen |= 2;
        break;
    case FL_PROTO_FIXED32(3):
        checkpoint->size = (int32_t)(uint32_t)field->number;
        *seen |= 4;
        break;
    case FL_PROTO_FIXED32(4):
        checkpoint->head = (int32_t)(uint32_t)field->number;
        *seen |= 8;
        break;
    case FL_PROTO_BYTES(5): return check_active_log(field->bytes);
    default: break;
    }
    return FLOW_OK;
}

int fl_flume_checkpoint_meta_read(const void *data, size_t size,
                                  struct fl_flume_checkpoint *checkpoint)
{
    struct fl_proto in = fl_proto(data, size);
    struct fl_proto message;
    struct fl_proto_field field;
    unsigned seen = 0;
    int rc;

    *checkpoint = (struct fl_flume_checkpoint){.is_complete = 1};
    if (fl_proto_delimited(&in, &message))
        return FLOW_EPARSE;
    while ((rc = fl_proto_next(&message, &field)) > 0) {
        if (read_field(&field, checkpoint, &seen))
            return FLOW_EPARSE;
    }
    return rc == 0 && seen == 15 ? FLOW_OK : FLOW_EPARSE;
}

int fl_flume_inflight_open(const void *data, size_t size, struct fl_flume_inflight *inflight)
{
    const uint8_t *at = data;
    uint8_t digest[FL_MD5_SIZE];

    *inflight = (struct fl_flume_inflight){0};
    if (size == 0)
        return FLOW_OK;
    if (size < FL_MD5_SIZE)
        return FLOW_EPARSE;
    fl_md5(at + FL_MD5_SIZE, size - FL_MD5_SIZE, digest);
    if (memcmp(at, digest, FL_MD5_SIZE) != 0)
        return FLOW_EPARSE;
    inflight->at = at + FL_MD5_SIZE;
    inflight->end = at + size;
    return FLOW_OK;
}

static int take_long(struct fl_flume_inflight *inflight, int64_t *value)
{
    if (inflight->end - inflight->at < 8)
        return 0;
    *value = fl_flume_be64(inflight->at);
    inflight->at += 8;
    return 1;
}

int fl_flume_inflight_next(struct fl_flume_inflight *inflight, int64_t *transaction,
                           uint64_t *pointer)
{
    int64_t value;

    /* A transaction without pointers may stand there. */
    while (inflight->left <= 0) {
        if (!take_long(inflight, &inflight->transaction) || !take_long(inflight, &inflight->left))
            return 0;
    }
    if (!take_long(inflight, &value))
        return 0;
    inflight->left--;
    *transaction = inflight->transaction;
    *pointer = (uint64_t)value;
    return 1;
}
