/* SPDX-License-Identifier: Apache-2.0 */

/* Thrift, compact or binary, each message in a frame. */

#include "base/error.h"
#include "clients/rpc.h"
#include "wire/thrift_call.h"

#define TEXT_SHOWN 500 /* bytes of what a server has to say */

struct thrift {
    const flow_allocator *mem;
    enum fl_thrift_protocol protocol;
    struct fl_thrift_call call;
    struct fl_thrift_reply reply;
    int32_t sent;     /* number of the last call */
    int32_t answered; /* and of the last answer */
};

static int thrift_create(const flow_allocator *mem, int option, void **self, flow_error **err)
{
    struct thrift *thrift = fl_zalloc(mem, sizeof *thrift);

    if (!thrift)
        return fl_error_nomem(err);
    thrift->mem = mem;
    thrift->protocol = (enum fl_thrift_protocol)option;
    fl_thrift_call_init(&thrift->call, mem);
    fl_thrift_reply_init(&thrift->reply, mem);
    *self = thrift;
    return FLOW_OK;
}

static void thrift_destroy(void *self)
{
    struct thrift *thrift = self;

    fl_thrift_call_free(&thrift->call);
    fl_thrift_reply_free(&thrift->reply);
    fl_free(thrift->mem, thrift);
}

static void thrift_restart(void *self)
{
    struct thrift *thrift = self;

    fl_thrift_reply_clear(&thrift->reply);
    thrift->sent = 0;
    thrift->answered = 0;
}

/* Numbers of calls are positive, as some peers have it. */
static int32_t behind(int32_t number)
{
    return number == INT32_MAX ? 1 : number + 1;
}

static int thrift_begin(void *self, const struct fl_call *call, flow_error **err)
{
    struct thrift *thrift = self;
    const struct fl_thrift_request request = {
        .protocol = thrift->protocol,
        .seq = behind(thrift->sent),
        .batch = !call->single,
        .stamp = call->stamp,
        .stamp_size = call->stamp_size,
        .events = call->events,
        .count = call->count,
    };
    int rc = fl_thrift_call_begin(&thrift->call, &request, err);

    if (!rc)
        thrift->sent = request.seq;
    return rc;
}

static int thrift_next(void *self, size_t room, struct fl_buf *out, flow_error **err)
{
    struct thrift *thrift = self;
    int rc = fl_thrift_call_next(&thrift->call, room, out);

    return rc < 0 ? fl_error_nomem(err) : rc;
}

static int thrift_feed(void *self, const void *data, size_t size, size_t *used, flow_error **err)
{
    struct thrift *thrift = self;

    return fl_thrift_reply_feed(&thrift->reply, data, size, used, err);
}

static int judge(const struct fl_thrift_answer *answer, flow_error **err)
{
    int size = answer->text_size < TEXT_SHOWN ? (int)answer->text_size : TEXT_SHOWN;

    if (answer->is_error)
        return flow_error_setf(err, FLOW_EDELIVERY, "the server failed, for the reason %d: %.*s",
                               answer->reason, size, answer->text ? answer->text : "");
    if (answer->status == FL_THRIFT_STATUS_OK)
        return FLOW_OK;
    return flow_error_setf(err, FLOW_EDELIVERY, "the server refused the events: status %s",
                           fl_thrift_status_name(answer->status));
}

static int thrift_result(void *self, flow_error **err)
{
    struct thrift *thrift = self;
    struct fl_thrift_answer answer;
    int rc = fl_thrift_reply_read(&thrift->reply, thrift->protocol, &answer, err);

    thrift->answered = behind(thrift->answered);
    if (!rc && answer.seq != thrift->answered)
        rc = flow_error_setf(err, FLOW_EPARSE, "an answer to call %d, where that to %d is due",
                             answer.seq, thrift->answered);
    if (!rc)
        rc = judge(&answer, err);
    fl_thrift_reply_clear(&thrift->reply);
    return rc;
}

/* Nothing in the protocol tells who the peer is. */
static int thrift_is_ordered(const void *self)
{
    return 0;
}

const struct fl_rpc fl_thrift_rpc = {
    .create = thrift_create,
    .destroy = thrift_destroy,
    .restart = thrift_restart,
    .begin = thrift_begin,
    .next = thrift_next,
    .feed = thrift_feed,
    .result = thrift_result,
    .is_ordered = thrift_is_ordered,
};
