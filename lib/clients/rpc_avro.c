/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Avro's RPC.  The first call of a connection carries the handshake.  A server that does not know
 * the hash of the protocol gets the call again, with the protocol's text.
 */

#include <string.h>

#include "base/error.h"
#include "clients/rpc.h"
#include "wire/avro_request.h"

#define TEXT_SHOWN 500 /* bytes of what a server has to say; Java adds its whole protocol */

struct avro {
    const flow_allocator *mem;
    struct fl_avro_sending call;
    struct fl_avro_reply reply;
    uint32_t sent;     /* serial of the last call */
    uint32_t answered; /* and of the last answer */
    int greeted;       /* the handshake is over */
    int tells_text;    /* the server is known to need it */
    int is_libflow;
    uint8_t server_hash[FL_AVRO_HASH];
};

static int avro_create(const flow_allocator *mem, int option, void **self, flow_error **err)
{
    struct avro *avro = fl_zalloc(mem, sizeof *avro);

    if (!avro)
        return fl_error_nomem(err);
    avro->mem = mem;
    fl_avro_sending_init(&avro->call, mem);
    fl_avro_reply_init(&avro->reply, mem);
    memcpy(avro->server_hash, fl_avro_protocol_hash, FL_AVRO_HASH);
    *self = avro;
    return FLOW_OK;
}

static void avro_destroy(void *self)
{
    struct avro *avro = self;

    fl_avro_sending_free(&avro->call);
    fl_avro_reply_free(&avro->reply);
    fl_free(avro->mem, avro);
}

static void avro_restart(void *self)
{
    struct avro *avro = self;

    fl_avro_reply_clear(&avro->reply);
    avro->sent = 0;
    avro->answered = 0;
    avro->greeted = 0;
    avro->is_libflow = 0;
}

static int avro_begin(void *self, const struct fl_call *call, flow_error **err)
{
    struct avro *avro = self;
    const struct fl_avro_hello hello = {
        .client_hash = fl_avro_protocol_hash,
        .client_text = avro->tells_text ? fl_avro_protocol : NULL,
        .server_hash = avro->server_hash,
    };
    const struct fl_avro_meta stamp = {FL_AVRO_STAMP_KEY, call->stamp, call->stamp_size};
    const struct fl_avro_request request = {
        .serial = avro->sent + 1,
        .batch = !call->single,
        .hello = avro->greeted ? NULL : &hello,
        .meta = &stamp,
        .meta_count = call->stamp != NULL,
        .events = call->events,
        .count = call->count,
    };
    int rc = fl_avro_sending_begin(&avro->call, &request, err);

    avro->sent += !rc;
    return rc;
}

static int avro_next(void *self, size_t room, struct fl_buf *out, flow_error **err)
{
    struct avro *avro = self;
    int rc = fl_avro_sending_next(&avro->call, room, out);

    return rc < 0 ? fl_error_nomem(err) : rc;
}

static int avro_feed(void *self, const void *data, size_t size, size_t *used, flow_error **err)
{
    struct avro *avro = self;

    return fl_avro_reply_feed(&avro->reply, data, size, used, err);
}

/* What the handshake has told.  FLOW_PENDING: the call was not executed. */
static int greet(struct avro *avro, const struct fl_avro_answer *answer, flow_error **err)
{
    if (answer->server_hash)
        memcpy(avro->server_hash, answer->server_hash, FL_AVRO_HASH);
    if (answer->match != FL_AVRO_NONE) {
        avro->greeted = 1;
        avro->is_libflow = answer->is_libflow;
        return FLOW_OK;
    }
    if (avro->tells_text)
        return flow_error_set(err, FLOW_EDELIVERY,
                              "the server does not take Flume's protocol, though it was told");
    avro->tells_text = 1;
    return FLOW_PENDING;
}

static int judge(const struct fl_avro_answer *answer, flow_error **err)
{
    int size = answer->text_size < TEXT_SHOWN ? (int)answer->text_size : TEXT_SHOWN;

    if (answer->is_error)
        return flow_error_setf(err, FLOW_EDELIVERY, "the server failed: %.*s", size, answer->text);
    if (answer->status == FL_AVRO_OK)
        return FLOW_OK;
    return flow_error_setf(err, FLOW_EDELIVERY, "the server refused the events: status %s",
                           fl_avro_status_name(answer->status));
}

static int avro_result(void *self, flow_error **err)
{
    struct avro *avro = self;
    struct fl_avro_answer answer;
    int rc = FLOW_OK;

    if (avro->reply.serial != avro->answered + 1)
        return flow_error_setf(err, FLOW_EPARSE, "an answer to call %u, where that to %u is due",
                               avro->reply.serial, avro->answered + 1);
    avro->answered++;
    rc = fl_avro_reply_read(&avro->reply, !avro->greeted, &answer, err);
    if (!rc && !avro->greeted)
        rc = greet(avro, &answer, err);
    if (!rc)
        rc = judge(&answer, err);
    fl_avro_reply_clear(&avro->reply);
    return rc;
}

static int avro_is_ordered(const void *self)
{
    return ((const struct avro *)self)->is_libflow;
}

const struct fl_rpc fl_avro_rpc = {
    .create = avro_create,
    .destroy = avro_destroy,
    .restart = avro_restart,
    .begin = avro_begin,
    .next = avro_next,
    .feed = avro_feed,
    .result = avro_result,
    .is_ordered = avro_is_ordered,
};
