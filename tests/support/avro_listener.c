/* SPDX-License-Identifier: Apache-2.0 */

#include "avro_listener.h"

void avro_listener_init(struct avro_listener *listener, const flow_allocator *mem, size_t frame_max)
{
    *listener = (struct avro_listener){.status = FL_AVRO_OK};
    fl_avro_ipc_init(&listener->ipc, mem, frame_max);
    fl_buf_init(&listener->answers, NULL);
    fl_buf_init(&listener->events, NULL);
    fl_buf_init(&listener->open, NULL);
}

void avro_listener_free(struct avro_listener *listener)
{
    fl_avro_ipc_free(&listener->ipc);
    fl_buf_free(&listener->answers);
    fl_buf_free(&listener->events);
    fl_buf_free(&listener->open);
}

static int note_event(struct avro_listener *listener)
{
    const struct fl_avro_ipc *ipc = &listener->ipc;
    const flow_header *headers = ipc->headers.items;
    struct fl_buf *open = &listener->open;
    int rc = FLOW_OK;

    for (size_t i = 0; i < ipc->headers.count && !rc; i++) {
        rc = fl_buf_append(open, headers[i].name, headers[i].name_size);
        if (!rc)
            rc = fl_buf_byte(open, '=');
        if (!rc)
            rc = fl_buf_append(open, headers[i].value, headers[i].value_size);
        if (!rc)
            rc = fl_buf_byte(open, ' ');
    }
    if (!rc)
        rc = fl_buf_byte(open, '|');
    if (!rc)
        rc = fl_buf_append(open, ipc->body, ipc->body_size);
    return rc ? rc : fl_buf_byte(open, '\n');
}

static int answer(struct avro_listener *listener)
{
    const struct fl_avro_call *call = &listener->ipc.call;
    int counts = call->kind == FL_AVRO_APPEND || call->kind == FL_AVRO_APPEND_BATCH;
    int rc = FLOW_OK;

    listener->calls++;
    if (counts)
        rc = fl_buf_append(&listener->events, listener->open.data, listener->open.size);
    fl_buf_clear(&listener->open);
    if (rc)
        return rc;
    return counts ? fl_avro_put_status(&listener->answers, call, listener->status)
                  : fl_avro_ipc_put_answer(&listener->answers, &listener->ipc);
}

void avro_listener_hear(struct avro_listener *listener, const void *data, size_t size)
{
    struct fl_avro_in in = fl_avro_in(data, size);
    int rc;

    while (!listener->fault && (rc = fl_avro_ipc_next(&listener->ipc, &in, NULL)) != 0) {
        if (rc > 0)
            rc = rc == FL_AVRO_IPC_EVENT ? note_event(listener) : answer(listener);
        listener->fault = rc;
    }
}
