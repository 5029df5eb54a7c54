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

/* Packs a request with as many of *COUNT events as it may have, and stores their number. */
static int pack(struct ipc_flights *flights, const flow_event *const *events, size_t *count,
                flow_error **err)
{
    struct fl_buf *out = &flights->out;
    uint64_t most = flights->options.request_max;
    size_t size = 0;
    int rc = FLOW_ETOOBIG;

    fl_buf_clear(out);
    while (rc == FLOW_ETOOBIG) {
        if (!fl_buf_reserve(out, FL_IPC_REQUEST_FRONT + size))
            return fl_error_nomem(err);
        size_t room = out->capacity - FL_IPC_REQUEST_FRONT;
        if (*count > 1 && room > most)
            room = (size_t)most;
        rc = flow_events_pack(events, *count, out->data + FL_IPC_REQUEST_FRONT, room, &size, NULL);
        if (rc && *count > 1 && size > most) {
            *count /= 2;
            size = 0;
        }
    }
    const struct fl_ipc_request request = {
        .number = flights->number + 1, .size = size, .events = (uint32_t)*count};
    rc = fl_ipc_request_write(out, &request);
    out->size += size;
    return rc;
}

static int send_request(struct ipc_flights *flights, const flow_event *const *events, size_t *count,
                        int64_t deadline, flow_error **err)
{
    int rc = pack(flights, events, count, err);

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
    int rc = FLOW_OK;

    while (count > 0 && !rc) {
        size_t part = count;
        deadline = fl_clock_after(fl_clock_system(), flights->options.request_timeout_ms);
        rc = send_request(flights, events, &part, deadline, &fault);
        events += part;
        count -= part;
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
