/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "sinks/ipc/flights.h"
#include "wire/ipc.h"

/* How long answers are still awaited when the sink is to stop. */
#define STOP_MS 5000

/* Larger buffers are not kept. */
#define KEPT_MAX ((size_t)4 * 1024 * 1024)

static int find_counters(struct ipc_flights *flights, flow_context *ctx)
{
    flights->made = flow_context_counter(ctx, "ConnectionCreatedCount");
    flights->closed = flow_context_counter(ctx, "ConnectionClosedCount");
    flights->failed = flow_context_counter(ctx, "ConnectionFailedCount");
    return flights->made && flights->closed && flights->failed ? FLOW_OK : FLOW_ENOMEM;
}

int ipc_flights_init(struct ipc_flights *flights, const struct ipc_options *options,
                     flow_error **err)
{
    const struct fl_link_options link = {
        .mem = options->mem, .ctx = options->ctx, .grace_ms = STOP_MS};

    *flights = (struct ipc_flights){.options = *options};
    fl_buf_init(&flights->out, options->mem);
    fl_buf_init(&flights->in, options->mem);
    fl_buf_init(&flights->told, options->mem);
    fl_stamp_list_init(&flights->spans, options->mem);
    flights->ring = fl_calloc(options->mem, options->most, sizeof *flights->ring);
    if (!flights->ring || find_counters(flights, options->ctx))
        return fl_error_nomem(err);
    return fl_link_new(&link, &flights->link, err);
}

void ipc_flights_free(struct ipc_flights *flights)
{
    fl_link_free(flights->link);
    fl_buf_free(&flights->out);
    fl_buf_free(&flights->in);
    fl_buf_free(&flights->told);
    fl_stamp_list_free(&flights->spans);
    fl_free(flights->options.mem, flights->ring);
}

/* ---- the end of a transaction ---- */

static struct ipc_flight *oldest(struct ipc_flights *flights)
{
    return &flights->ring[flights->first];
}

static void land(struct ipc_flights *flights)
{
    struct ipc_flight *flight = oldest(flights);

    flights->first = (flights->first + 1) % flights->options.most;
    flights->count--;
    flow_txn_done(flight->txn, flight->result, flight->cause, NULL);
    flow_error_free(flight->cause);
}

static void disconnect(struct ipc_flights *flights)
{
    if (!flights->connected)
        return;
    fl_link_close(flights->link, 0);
    fl_buf_clear(&flights->in);
    flights->connected = 0;
    flights->answered = flights->number;
    flow_counter_add(flights->closed, 1);
}

/* The connection is of no use any more: RC and CAUSE are the fate of all that is in flight. */
static void crash(struct ipc_flights *flights, int rc, const flow_error *cause)
{
    disconnect(flights);
    while (flights->count > 0) {
        struct ipc_flight *flight = oldest(flights);
        if (!flight->result) {
            flight->result = rc;
            flight->cause = fl_error_copy(cause);
        }
        land(flights);
    }
}

void ipc_flights_close(struct ipc_flights *flights)
{
    crash(flights, FLOW_ECLOSED, NULL);
}

/* ---- answers ---- */

static int refused(const struct ipc_flights *flights, const struct fl_ipc_answer *answer,
                   struct ipc_flight *flight)
{
    flow_error_setf(&flight->cause, FLOW_EDELIVERY, "%s %s: %.*s", flights->options.path,
                    answer->status == FL_IPC_REFUSED ? "refuses the events"
                                                     : "did not take the events",
                    (int)answer->text_size, answer->text);
    flow_error_set_retriable(&flight->cause, answer->status != FL_IPC_REFUSED);
    return FLOW_EDELIVERY;
}

static int take_answer(struct ipc_flights *flights, const struct fl_ipc_answer *answer,
                       flow_error **err)
{
    if (answer->number != flights->answered + 1 || !flights->count)
        return flow_error_setf(err, FLOW_EPARSE, "%s answered request %llu instead of %llu: %.*s",
                               flights->options.path, (unsigned long long)answer->number,
                               (unsigned long long)flights->answered + 1, (int)answer->text_size,
                               answer->text);
    flights->answered++;
    struct ipc_flight *flight = oldest(flights);
    if (answer->status != FL_IPC_OK && !flight->result)
        flight->result = refused(flights, answer, flight);
    if (answer->number == flight->last)
        land(flights);
    return FLOW_OK;
}

static int take_answers(struct ipc_flights *flights, flow_error **err)
{
    struct fl_ipc_answer answer;
    size_t at = 0;
    size_t used;
    int rc;

    while ((rc = fl_ipc_answer_read(flights->in.data + at, flights->in.size - at, &answer, &used,
                                    err)) > 0) {
        rc = take_answer(flights, &answer, err);
        if (rc)
            return rc;
        at += used;
    }
    fl_buf_consume(&flights->in, at);
    return rc;
}

/* Waits for answers to what was sent. */
static int receive(struct ipc_flights *flights, flow_error **err)
{
    int rc = fl_link_receive(flights->link, &flights->in, oldest(flights)->deadline, err);

    if (rc > 0)
        return take_answers(flights, err);
    if (rc < 0)
        return rc;
    flow_error_setf(err, FLOW_EIO, "%s closed the connection before it answered",
                    flights->options.path);
    flow_error_set_retriable(err, 1);
    return FLOW_EIO;
}

void ipc_flights_await(struct ipc_flights *flights, size_t count)
{
    while (flights->count > count) {
        flow_error *fault = NULL;
        int rc = receive(flights, &fault);
        if (rc)
            crash(flights, rc, fault);
        flow_error_free(fault);
    }
}

/* ---- requests ---- */

int ipc_flights_connect(struct ipc_flights *flights, flow_error **err)
{
    const struct fl_link_target target = {.path = flights->options.path};

    /* A peer that was started anew while nothing was sent. */
    if (flights->connected && !flights->count && !fl_link_alive(flights->link))
        disconnect(flights);
    if (flights->connected)
        return FLOW_OK;
    int rc = fl_link_connect(flights->link, &target, flights->options.connect_timeout_ms, err);
    if (rc) {
        flow_counter_add(flights->failed, 1);
        return rc;
    }
    flights->connected = 1;
    flow_counter_add(flights->made, 1);
    return FLOW_OK;
}

/* Writes what is told of the numbers of the COUNT events from FIRST on; *SOME: there are any. */
static int write_spans(struct ipc_flights *flights, size_t first, size_t count,
                       struct fl_ipc_request *request, int *some)
{
    size_t at = 0;
    flow_span span;
    int rc = FLOW_OK;

    for (size_t i = 0; i < flights->spans.spans.count && !rc; i++) {
        if (fl_stamp_list_cut(&flights->spans, i, at, first, count, &span)) {
            const struct fl_ipc_span told = {span.key, span.key_size, span.count, span.first,
                                             span.horizon};
            rc = fl_ipc_span_write(&flights->told, &told);
            request->spans++;
            *some |= span.key_size && span.count;
        }
        at += ((const flow_span *)fl_vec_at(&flights->spans.spans, i))->count;
    }
    return rc;
}

/* The same, or nothing where there is nothing to tell or too much. */
static int pack_spans(struct ipc_flights *flights, size_t first, size_t count,
                      struct fl_ipc_request *request)
{
    int some = 0;

    fl_buf_clear(&flights->told);
    request->spans = 0;
    int rc = write_spans(flights, first, count, request, &some);
    if (!rc && some && flights->told.size > FL_IPC_SPANS_SIZE_MAX)
        flow_context_log(flights->options.ctx, FLOW_LOG_WARN,
                         "the numbers of the events of a request are too many to be told; if it is "
                         "repeated they come twice");
    if (!some || flights->told.size > FL_IPC_SPANS_SIZE_MAX) {
        fl_buf_clear(&flights->told);
        request->spans = 0;
    }
    request->spans_size = (uint32_t)flights->told.size;
    return rc;
}

/* Packs a request with as many of *COUNT events from FIRST on as it may have, and stores their
 * number. */
static int pack(struct ipc_flights *flights, const flow_event *const *events, size_t first,
                size_t *count, flow_error **err)
{
    struct fl_ipc_request request = {.number = flights->number + 1};
    struct fl_buf *out = &flights->out;
    uint64_t most = flights->options.request_max;
    size_t size = 0;
    int rc = FLOW_ETOOBIG;

    fl_buf_clear(out);
    while (rc == FLOW_ETOOBIG) {
        if (pack_spans(flights, first, *count, &request))
            return fl_error_nomem(err);
        size_t front = FL_IPC_REQUEST_FRONT + flights->told.size;
        if (!fl_buf_reserve(out, front + size))
            return fl_error_nomem(err);
        size_t room = out->capacity - front;
        if (*count > 1 && room > most)
            room = (size_t)most;
        rc = flow_events_pack(events + first, *count, out->data + front, room, &size, NULL);
        if (rc && *count > 1 && size > most) {
            *count /= 2;
            size = 0;
        }
    }
    request.size = size;
    request.events = (uint32_t)*count;
    rc = fl_ipc_request_write(out, &request);
    if (!rc && flights->told.size)
        rc = fl_buf_append(out, flights->told.data, flights->told.size);
    out->size += size;
    return rc;
}

static int send_request(struct ipc_flights *flights, const flow_event *const *events, size_t first,
                        size_t *count, int64_t deadline, flow_error **err)
{
    int rc = pack(flights, events, first, count, err);

    if (!rc)
        rc = fl_link_send(flights->link, flights->out.data, flights->out.size, deadline, err);
    if (!rc)
        flights->number++;
    if (flights->out.capacity > KEPT_MAX)
        fl_buf_free(&flights->out);
    return rc;
}

int ipc_flights_send(struct ipc_flights *flights, flow_txn *txn, const flow_event *const *events,
                     size_t count, flow_error **err)
{
    flow_error *fault = NULL;
    int64_t deadline = 0;

    fl_stamp_list_clear(&flights->spans);
    int rc = flow_txn_spans(txn, fl_stamp_list_add, &flights->spans, &fault);
    for (size_t first = 0, part; first < count && !rc; first += part) {
        part = count - first;
        deadline = fl_clock_after(fl_clock_system(), flights->options.request_timeout_ms);
        rc = send_request(flights, events, first, &part, deadline, &fault);
    }
    if (rc) {
        crash(flights, rc, fault);
        fl_error_pass(err, fault);
        return rc;
    }
    flights->ring[(flights->first + flights->count) % flights->options.most] =
        (struct ipc_flight){.txn = txn, .last = flights->number, .deadline = deadline};
    flights->count++;
    return FLOW_OK;
}
