/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Frames: a serial number, a number of buffers, and these, each led by its size.  Together they are
 * the payload of a call; where they begin and end has no meaning, so a part of the payload may go
 * on in the next buffer.  Only such parts are copied.
 */

#include <string.h>

#include "base/be.h"
#include "base/error.h"
#include "wire/avro_ipc_parts.h"

#define FRAME_HEAD 8u
#define BUFFER_HEAD 4u

/* No item yet, and more to be read. */
#define GO_ON (-1000)

void fl_avro_ipc_init(struct fl_avro_ipc *ipc, const flow_allocator *mem, size_t frame_max)
{
    *ipc = (struct fl_avro_ipc){.mem = mem, .frame_max = frame_max};
    fl_vec_init(&ipc->headers, mem, sizeof(flow_header));
    fl_buf_init(&ipc->carry, mem);
    fl_buf_init(&ipc->metadata, mem);
    fl_buf_init(&ipc->fault, mem);
}

/* Between calls a connection shall hold nothing. */
static void let_go(struct fl_avro_ipc *ipc)
{
    fl_vec_free(&ipc->headers);
    fl_buf_free(&ipc->carry);
    fl_buf_free(&ipc->metadata);
    fl_buf_free(&ipc->fault);
    ipc->eaten = 0;
}

void fl_avro_ipc_free(struct fl_avro_ipc *ipc)
{
    let_go(ipc);
}

size_t fl_avro_ipc_held(const struct fl_avro_ipc *ipc)
{
    if (!ipc->in_frame)
        return ipc->number_size;
    return sizeof *ipc + ipc->headers.capacity * sizeof(flow_header) + ipc->carry.capacity +
           ipc->metadata.capacity;
}

/* Gathers the SIZE bytes of a head, however they come; 1 when all are there. */
static int gather(struct fl_avro_ipc *ipc, struct fl_avro_in *in, unsigned size)
{
    while (ipc->number_size < size && in->at < in->end)
        ipc->number[ipc->number_size++] = *in->at++;
    if (ipc->number_size < size)
        return 0;
    ipc->number_size = 0;
    return 1;
}

static int begin_frame(struct fl_avro_ipc *ipc, struct fl_avro_in *in, flow_error **err)
{
    if (!gather(ipc, in, FRAME_HEAD))
        return FL_AVRO_IPC_MORE;
    uint32_t serial = fl_be32_get(ipc->number);
    uint32_t count = fl_be32_get(ipc->number + 4);
    if (count == 0)
        return flow_error_set(err, FLOW_EPARSE, "an Avro frame without buffers");
    if (count > ipc->frame_max / BUFFER_HEAD)
        return flow_error_setf(err, FLOW_ETOOBIG,
                               "an Avro frame says it has %u buffers, more than the %zu that are "
                               "allowed; is the peer a client of Avro's Netty transport?",
                               (unsigned)count, ipc->frame_max / BUFFER_HEAD);
    ipc->call = (struct fl_avro_call){serial, FL_AVRO_REFUSED, FL_AVRO_NO_HANDSHAKE};
    ipc->phase = ipc->connected ? FL_AVRO_AT_METADATA : FL_AVRO_AT_HANDSHAKE;
    ipc->in_frame = 1;
    ipc->buffers = count;
    ipc->left = 0;
    ipc->frame = 0;
    ipc->items = 0;
    ipc->try_at = 0;
    return GO_ON;
}

static int begin_buffer(struct fl_avro_ipc *ipc, struct fl_avro_in *in, flow_error **err)
{
    if (!gather(ipc, in, BUFFER_HEAD))
        return FL_AVRO_IPC_MORE;
    uint32_t size = fl_be32_get(ipc->number);
    if (size > ipc->frame_max - ipc->frame)
        return flow_error_setf(err, FLOW_ETOOBIG,
                               "an Avro frame has %llu bytes or more, of which %zu are allowed",
                               (unsigned long long)ipc->frame + size, ipc->frame_max);
    ipc->buffers--;
    ipc->left = size;
    ipc->frame += size;
    return GO_ON;
}

static void advance(struct fl_avro_ipc *ipc, struct fl_avro_in *in, size_t size)
{
    in->at += size;
    ipc->left -= size;
}

/* Puts the next SIZE bytes behind those that are kept. */
static int carry(struct fl_avro_ipc *ipc, struct fl_avro_in *in, size_t size)
{
    int rc = fl_buf_append(&ipc->carry, in->at, size);

    if (!rc)
        advance(ipc, in, size);
    return rc;
}

/* A part that is short is looked at again when it has grown by a quarter, so that even one that
 * comes byte by byte is read a few times only. */
static void wait_for(struct fl_avro_ipc *ipc, const struct fl_avro_scan *scan)
{
    size_t size = ipc->carry.size;
    size_t later = size + size / 4 + 1;

    ipc->try_at = scan->sure || scan->need > later ? scan->need : later;
}

static void drop_eaten(struct fl_avro_ipc *ipc)
{
    fl_buf_consume(&ipc->carry, ipc->eaten);
    ipc->eaten = 0;
}

static int item_of(int step)
{
    return step == FL_AVRO_STEP_EVENT ? FL_AVRO_IPC_EVENT : GO_ON;
}

/* Reads from the next RUN bytes themselves. */
static int read_run(struct fl_avro_ipc *ipc, struct fl_avro_in *in, size_t run)
{
    struct fl_avro_scan scan = {.begin = in->at, .at = in->at, .end = in->at + run};
    int step = fl_avro_step(ipc, &scan);

    if (step == FL_AVRO_STEP_SHORT) {
        int rc = carry(ipc, in, run);
        wait_for(ipc, &scan);
        return rc ? rc : GO_ON;
    }
    if (step < 0)
        return step;
    advance(ipc, in, (size_t)(scan.at - scan.begin));
    return item_of(step);
}

/* Reads from what is kept.  Only where that needs more is what was handed out of it dropped: it may
 * hold many events, and to move the rest for each would cost the square of them. */
static int read_carry(struct fl_avro_ipc *ipc, struct fl_avro_scan *scan)
{
    struct fl_buf *kept = &ipc->carry;
    const uint8_t *begin = kept->data + ipc->eaten;

    *scan = (struct fl_avro_scan){.begin = begin, .at = begin, .end = kept->data + kept->size};
    int step = fl_avro_step(ipc, scan);
    if (step == FL_AVRO_STEP_SHORT) {
        drop_eaten(ipc);
        wait_for(ipc, scan);
    } else if (step >= 0) {
        ipc->eaten = (size_t)(scan->at - kept->data);
    }
    return step;
}

/* Completes what is kept by as much of the next RUN bytes as it may take.  What was too much stays
 * where it came from. */
static int read_joined(struct fl_avro_ipc *ipc, struct fl_avro_in *in, size_t run)
{
    struct fl_buf *kept = &ipc->carry;
    struct fl_avro_scan scan;
    size_t more = ipc->try_at > kept->size ? ipc->try_at - kept->size : 0;

    if (more > run)
        more = run;
    if (carry(ipc, in, more))
        return FLOW_ENOMEM;
    if (kept->size < ipc->try_at)
        return ipc->left > 0 ? FL_AVRO_IPC_MORE : GO_ON;
    int step = read_carry(ipc, &scan);
    if (step == FL_AVRO_STEP_SHORT)
        return GO_ON;
    if (step < 0)
        return step;
    size_t rest = kept->size - ipc->eaten;
    size_t back = rest < more ? rest : more;
    kept->size -= back;
    in->at -= back;
    ipc->left += back;
    ipc->try_at = 0;
    return item_of(step);
}

static int read_payload(struct fl_avro_ipc *ipc, struct fl_avro_in *in)
{
    size_t run = (size_t)(in->end - in->at);

    if (run > ipc->left)
        run = ipc->left;
    if (ipc->phase == FL_AVRO_AT_END) {
        advance(ipc, in, run);
        return ipc->left > 0 ? FL_AVRO_IPC_MORE : GO_ON;
    }
    if (ipc->carry.size > 0)
        return read_joined(ipc, in, run);
    return run > 0 ? read_run(ipc, in, run) : FL_AVRO_IPC_MORE;
}

/* All of the frame is there: what is kept is all that there is. */
static int end_frame(struct fl_avro_ipc *ipc)
{
    struct fl_avro_scan scan;
    int step = FL_AVRO_STEP_SHORT;

    if (ipc->phase == FL_AVRO_AT_END) {
        ipc->in_frame = 0;
        return FL_AVRO_IPC_CALL;
    }
    if (ipc->carry.size > 0)
        step = read_carry(ipc, &scan);
    if (step == FL_AVRO_STEP_SHORT)
        return fl_avro_refuse(ipc, "java.io.EOFException") ? FLOW_ENOMEM : GO_ON;
    return step < 0 ? step : item_of(step);
}

static int next(struct fl_avro_ipc *ipc, struct fl_avro_in *in, flow_error **err)
{
    if (ipc->eaten > 0 && ipc->eaten == ipc->carry.size)
        drop_eaten(ipc);
    if (!ipc->in_frame)
        return begin_frame(ipc, in, err);
    if (ipc->left > 0)
        return read_payload(ipc, in);
    if (ipc->buffers > 0)
        return begin_buffer(ipc, in, err);
    return end_frame(ipc);
}

int fl_avro_ipc_next(struct fl_avro_ipc *ipc, struct fl_avro_in *in, flow_error **err)
{
    int rc;

    if (!ipc->in_frame)
        let_go(ipc);
    do
        rc = next(ipc, in, err);
    while (rc == GO_ON);
    return rc == FLOW_ENOMEM ? fl_error_nomem(err) : rc;
}

int fl_avro_ipc_metadata(const struct fl_avro_ipc *ipc, const char *key, const uint8_t **data,
                         size_t *size)
{
    struct fl_avro_in map = fl_avro_in(ipc->metadata.data, ipc->metadata.size);

    return ipc->metadata.size > 0 && fl_avro_find(map, key, data, size);
}
