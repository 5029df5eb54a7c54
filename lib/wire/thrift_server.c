/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads calls step by step.  A step reads one thing that has to lie in one place: a head, an event.
 * Where a piece ends within it, the beginning is carried over, and the step tries again with some
 * of the next piece behind it.  An event is only tried again when it is all there, which a look at
 * each byte once tells; so no sender can make us read the same bytes again and again.
 */

#include <string.h>

#include "base/error.h"
#include "wire/thrift_server.h"

/* What goes behind a carried beginning at a time; more is known to be needed only of long texts. */
#define CARRY_STEP 256u

enum { AT_START, IN_FRAME, IN_HEAD, IN_FIELD, IN_LIST, IN_EVENT, IN_STAMP, IN_SKIP, IN_REST };

void fl_thrift_server_init(struct fl_thrift_server *server, const flow_allocator *mem,
                           const struct fl_thrift_service *service,
                           enum fl_thrift_protocol protocol, uint32_t limit)
{
    *server = (struct fl_thrift_server){
        .service = service, .protocol = protocol, .limit = limit, .state = AT_START};
    fl_buf_init(&server->carry, mem);
    fl_buf_init(&server->text, mem);
}

void fl_thrift_server_free(struct fl_thrift_server *server)
{
    fl_buf_free(&server->carry);
    fl_buf_free(&server->text);
}

size_t fl_thrift_server_held(const struct fl_thrift_server *server)
{
    return server->carry.capacity + server->text.capacity + (server->state != AT_START);
}

/* ---- steps: each reads from IN what it needs, or nothing ---- */

/* The size, behind which `left` counts anew: the four bytes are still to be taken off. */
static int read_frame(struct fl_thrift_server *server, struct fl_thrift_in *in,
                      struct fl_draft *draft, flow_error **err)
{
    if (in->end - in->at < FL_THRIFT_FRAME_HEAD)
        return FL_THRIFT_MORE;
    int rc = fl_thrift_get_frame(in->at, server->limit, &server->size, err);
    if (rc)
        return rc;
    in->at += FL_THRIFT_FRAME_HEAD;
    server->left = server->size + FL_THRIFT_FRAME_HEAD;
    server->state = IN_HEAD;
    return FLOW_OK;
}

static const struct fl_thrift_method *find_method(const struct fl_thrift_service *service,
                                                  const struct fl_thrift_head *head)
{
    for (size_t i = 0; i < service->count; i++) {
        const char *name = service->methods[i].name;
        if (strlen(name) == head->name_size && memcmp(name, head->name, head->name_size) == 0)
            return &service->methods[i];
    }
    return NULL;
}

/* Why the front of a message was not understood: most often the peer was set up otherwise. */
static int bad_head(const struct fl_thrift_server *server, const struct fl_thrift_in *in,
                    flow_error **err)
{
    int compact = server->protocol == FL_THRIFT_COMPACT;
    uint8_t first = in->at < in->end ? *in->at : 1;

    if (compact && (first == 0x80 || first == 0))
        return flow_error_set(err, FLOW_EPARSE,
                              "the peer speaks Thrift's binary protocol, not the compact one");
    if (!compact && first == 0x82)
        return flow_error_set(err, FLOW_EPARSE,
                              "the peer speaks Thrift's compact protocol, not the binary one");
    return flow_error_setf(err, FLOW_EPARSE,
                           "what the peer sends is no call of Thrift's %s protocol",
                           compact ? "compact" : "binary");
}

static int read_head(struct fl_thrift_server *server, struct fl_thrift_in *in,
                     struct fl_draft *draft, flow_error **err)
{
    struct fl_thrift_head head;
    struct fl_thrift_in ahead = *in;
    int rc = fl_thrift_get_head(&ahead, &head);

    if (rc == FL_THRIFT_MORE)
        return rc;
    if (rc || (head.type != FL_THRIFT_CALL && head.type != FL_THRIFT_ONEWAY))
        return bad_head(server, in, err);
    server->method = find_method(server->service, &head);
    server->seq = head.seq;
    server->given = 0;
    server->broken = 0;
    server->field = (struct fl_thrift_field){0};
    if (!server->method && fl_buf_append(&server->text, head.name, head.name_size))
        return FLOW_ENOMEM;
    server->state = IN_FIELD;
    in->at = ahead.at;
    return FLOW_OK;
}

static void finish(struct fl_thrift_server *server)
{
    server->item = FL_THRIFT_THE_END;
    server->state = AT_START;
}

/* What of the message is behind its arguments means nothing. */
static int read_rest(struct fl_thrift_server *server, struct fl_thrift_in *in,
                     struct fl_draft *draft, flow_error **err)
{
    in->at = in->end;
    if (in->beyond > 0)
        return FL_THRIFT_MORE;
    finish(server);
    return FLOW_OK;
}

static void skip(struct fl_thrift_server *server, uint8_t type)
{
    fl_thrift_skip_begin(&server->skip, type);
    server->state = IN_SKIP;
}

/* Goes to the argument that begins here. */
static void enter_argument(struct fl_thrift_server *server)
{
    const struct fl_thrift_field *field = &server->field;
    uint8_t events = server->method ? server->method->events : FL_THRIFT_STOP;

    if (field->id == 1 && field->type == events && !server->given) {
        server->given = 1;
        server->events = 1;
        server->state = events == FL_THRIFT_LIST ? IN_LIST : IN_EVENT;
    } else if (field->id == FL_THRIFT_STAMP && field->type == FL_THRIFT_BYTES) {
        server->state = IN_STAMP;
    } else {
        skip(server, field->type);
    }
}

static int read_field(struct fl_thrift_server *server, struct fl_thrift_in *in,
                      struct fl_draft *draft, flow_error **err)
{
    int rc = fl_thrift_get_field(in, &server->field);

    if (rc)
        return rc;
    if (server->field.type != FL_THRIFT_STOP)
        enter_argument(server);
    else if (server->service->unframed)
        finish(server);
    else
        server->state = IN_REST;
    return FLOW_OK;
}

static int read_list(struct fl_thrift_server *server, struct fl_thrift_in *in,
                     struct fl_draft *draft, flow_error **err)
{
    struct fl_thrift_items items;
    int rc = fl_thrift_get_list(in, &items);

    if (rc)
        return rc;
    if (items.count > 0 && items.value != FL_THRIFT_STRUCT)
        return FLOW_EPARSE;
    server->events = items.count;
    server->state = items.count > 0 ? IN_EVENT : IN_FIELD;
    return FLOW_OK;
}

/* Looks whether an event that was cut is complete by now, or where it is broken, *FAULT. */
static int scan(struct fl_thrift_server *server, const struct fl_thrift_in *in,
                const uint8_t **fault)
{
    struct fl_thrift_in rest = *in;

    rest.at += server->scanned;
    int rc = fl_thrift_skip(&server->skip, &rest);
    server->scanned = (size_t)(rest.at - in->at);
    *fault = rest.at;
    return rc;
}

/* The event that begins here goes on in another piece. */
static void begin_scan(struct fl_thrift_server *server)
{
    fl_thrift_skip_begin(&server->skip, FL_THRIFT_STRUCT);
    server->skip.most++; /* the event itself is not skipped in the end, but its fields */
    server->scanned = 0;
    server->cut = 1;
}

static int read_event(struct fl_thrift_server *server, struct fl_thrift_in *in,
                      struct fl_draft *draft, flow_error **err)
{
    const uint8_t *start = in->at;
    const uint8_t *fault = start;
    int known = server->cut ? scan(server, in, &fault) : FLOW_OK;

    if (known == FL_THRIFT_MORE)
        return known;
    int rc = server->service->get_event(in, draft);
    if (known && rc != FLOW_EPARSE) { /* The event has no fault before that one. */
        in->at = fault;
        return known;
    }
    if (rc == FL_THRIFT_MORE) {
        fl_draft_clear(draft);
        in->at = start;
        begin_scan(server);
    }
    if (rc)
        return rc;
    server->cut = 0;
    server->events--;
    server->state = server->events > 0 ? IN_EVENT : IN_FIELD;
    server->item = FL_THRIFT_AN_EVENT;
    return FLOW_OK;
}

static int read_stamp(struct fl_thrift_server *server, struct fl_thrift_in *in,
                      struct fl_draft *draft, flow_error **err)
{
    struct fl_thrift_in ahead = *in;
    const uint8_t *data;
    uint32_t size;
    int rc = fl_thrift_get_size(&ahead, &size);

    if (!rc && size > FL_THRIFT_STAMP_MAX)
        return FLOW_EPARSE;
    if (!rc)
        rc = fl_thrift_get_bytes(in, &data, &draft->size);
    if (rc)
        return rc;
    draft->body = data;
    server->state = IN_FIELD;
    server->item = FL_THRIFT_A_STAMP;
    return FLOW_OK;
}

static int read_skipped(struct fl_thrift_server *server, struct fl_thrift_in *in,
                        struct fl_draft *draft, flow_error **err)
{
    int rc = fl_thrift_skip(&server->skip, in);

    if (!rc)
        server->state = IN_FIELD;
    return rc;
}

static int (*const steps[])(struct fl_thrift_server *server, struct fl_thrift_in *in,
                            struct fl_draft *draft, flow_error **err) = {
    [IN_FRAME] = read_frame,  [IN_HEAD] = read_head,   [IN_FIELD] = read_field,
    [IN_LIST] = read_list,    [IN_EVENT] = read_event, [IN_STAMP] = read_stamp,
    [IN_SKIP] = read_skipped, [IN_REST] = read_rest,
};

/* ---- from pieces to steps ---- */

static const char *name_of(enum fl_thrift_protocol protocol)
{
    return protocol == FL_THRIFT_COMPACT ? "compact" : "binary";
}

/* The arguments are broken at IN: the rest of a framed call is left unread, and at its end the
 * caller hears of it; another call has no end. */
static int break_call(struct fl_thrift_server *server, struct fl_thrift_in *in,
                      const struct fl_draft *draft, flow_error **err)
{
    const char *method = server->method ? server->method->name : "a call";
    unsigned long at = server->size - (unsigned long)(in->end - in->at) - in->beyond;

    if (server->service->unframed)
        return draft->fault
                   ? flow_error_setf(err, FLOW_EPARSE, "%s: %s", method, draft->fault)
                   : flow_error_setf(err, FLOW_EPARSE,
                                     "%s breaks Thrift's binary protocol at byte %lu", method, at);
    fl_buf_clear(&server->text);
    int rc = draft->fault
                 ? fl_buf_printf(&server->text, "%s: %s", method, draft->fault)
                 : fl_buf_printf(&server->text, "%s breaks Thrift's %s protocol at byte %lu",
                                 method, name_of(server->protocol), at);
    if (rc)
        return fl_error_nomem(err);
    server->broken = 1;
    server->cut = 0;
    server->state = IN_REST;
    in->at = in->end;
    return FLOW_OK;
}

/* Lets the present step read what of the message is in the SIZE bytes at DATA. */
static int step(struct fl_thrift_server *server, const uint8_t *data, size_t size, size_t *used,
                struct fl_draft *draft, flow_error **err)
{
    size_t here = size < server->left ? size : server->left;
    struct fl_thrift_in in = {server->protocol, data, data + here, server->left - here};
    int in_call = server->state > IN_HEAD;
    int rc = steps[server->state](server, &in, draft, err);

    if (rc == FLOW_ENOMEM)
        return fl_error_nomem(err);
    if (rc == FLOW_EPARSE && in_call)
        rc = break_call(server, &in, draft, err);
    *used = (size_t)(in.at - data);
    server->left -= (uint32_t)*used;
    return rc;
}

static int carry(struct fl_thrift_server *server, const uint8_t **data, size_t *size, size_t count,
                 flow_error **err)
{
    if (fl_buf_append(&server->carry, *data, count))
        return fl_error_nomem(err);
    *data += count;
    *size -= count;
    return FLOW_OK;
}

/* A step in the piece itself; what of it is cut is carried over. */
static int step_in_piece(struct fl_thrift_server *server, const uint8_t **data, size_t *size,
                         struct fl_draft *draft, flow_error **err)
{
    size_t used = 0;
    int rc = step(server, *data, *size, &used, draft, err);

    *data += used;
    *size -= used;
    if (rc != FL_THRIFT_MORE)
        return rc;
    rc = carry(server, data, size, *size, err);
    return rc ? rc : FL_THRIFT_MORE;
}

/* How much of the next piece to put behind what was carried over. */
static size_t carry_more(const struct fl_thrift_server *server, size_t size)
{
    size_t known = server->cut || server->state == IN_SKIP ? server->skip.bytes : 0;
    size_t most = server->left - server->carry.size;
    size_t wanted = known > CARRY_STEP ? known : CARRY_STEP;

    if (wanted > most)
        wanted = most;
    return wanted < size ? wanted : size;
}

/* A step in what was carried over, with as much of the piece behind it as it takes. */
static int step_in_carry(struct fl_thrift_server *server, const uint8_t **data, size_t *size,
                         struct fl_draft *draft, flow_error **err)
{
    struct fl_buf *buf = &server->carry;
    size_t used = 0;
    int rc;

    do {
        rc = carry(server, data, size, carry_more(server, *size), err);
        if (!rc)
            rc = step(server, buf->data, buf->size, &used, draft, err);
        if (rc == FL_THRIFT_MORE)
            fl_buf_consume(buf, used);
    } while (rc == FL_THRIFT_MORE && *size > 0);
    if (rc)
        return rc;
    /* The step took all that was carried over; what it left is the piece's, and read there. */
    *data -= buf->size - used;
    *size += buf->size - used;
    fl_buf_clear(buf);
    return FLOW_OK;
}

static void begin_message(struct fl_thrift_server *server)
{
    int unframed = server->service->unframed;

    fl_buf_free(&server->text);
    server->size = unframed ? server->limit : FL_THRIFT_FRAME_HEAD;
    server->left = server->size;
    server->state = unframed ? IN_HEAD : IN_FRAME;
}

int fl_thrift_server_next(struct fl_thrift_server *server, const uint8_t **data, size_t *size,
                          struct fl_draft *draft, flow_error **err)
{
    int rc = FLOW_OK;

    fl_draft_clear(draft);
    server->item = FL_THRIFT_NOTHING;
    while (!rc && server->item == FL_THRIFT_NOTHING) {
        if (server->state == AT_START && *size == 0)
            return FL_THRIFT_NOTHING;
        if (server->state == AT_START)
            begin_message(server);
        rc = server->carry.size > 0 ? step_in_carry(server, data, size, draft, err)
                                    : step_in_piece(server, data, size, draft, err);
    }
    if (server->item == FL_THRIFT_THE_END)
        fl_buf_free(&server->carry);
    return rc < 0 ? rc : server->item;
}
