/* SPDX-License-Identifier: Apache-2.0 */

/* The life of a request source: its server, its workers, and what they need. */

#include <unistd.h>

#include "base/error.h"
#include "net/tls.h"
#include "sources/requests/inside.h"

/* Each worker is a thread; more than there are processors only wait for one another. */
#define WORKERS_MAX 64
#define WORKERS_CHOSEN_MAX 4

/* What the incomplete requests of all connections may hold. */
#define HELD_MAX ((size_t)512 * 1024 * 1024)

static int find_counters(struct fl_requests *requests)
{
    const struct {
        flow_counter **counter;
        const char *name;
    } names[] = {
        {&requests->refused, "EventRefusedCount"},
        {&requests->unfinished, "RequestUnfinishedCount"},
        {&requests->broken, "ConnectionBrokenCount"},
        {&requests->open, "OpenConnectionCount"},
        {&requests->denied, "ConnectionRefusedCount"},
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        *names[i].counter = flow_context_counter(requests->ctx, names[i].name);
        if (!*names[i].counter)
            return FLOW_ENOMEM;
    }
    return FLOW_OK;
}

/* The loop's thread and the sinks need processors too. */
static unsigned choose_workers(unsigned wanted)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);

    if (wanted > 0)
        return wanted < WORKERS_MAX ? wanted : WORKERS_MAX;
    if (processors >= 2 * WORKERS_CHOSEN_MAX)
        return WORKERS_CHOSEN_MAX;
    return processors > 3 ? (unsigned)processors / 2 : 1;
}

int fl_requests_new(const struct fl_requests_options *options, struct fl_requests **requests,
                    flow_error **err)
{
    const flow_allocator *mem = flow_library_allocator(flow_context_library(options->ctx));
    struct fl_requests *made = fl_zalloc(mem, sizeof *made);

    if (!made)
        return fl_error_nomem(err);
    made->ctx = options->ctx;
    made->mem = mem;
    made->protocol = options->protocol;
    made->self = options->self;
    made->plan = options->plan;
    made->filter = options->filter;
    made->patient = options->patient;
    made->held_max = options->held_max ? options->held_max : HELD_MAX;
    made->worker_count = choose_workers(options->threads);
    if (find_counters(made)) {
        fl_free(mem, made);
        return fl_error_nomem(err);
    }
    *requests = made;
    return FLOW_OK;
}

void fl_requests_free(struct fl_requests *requests)
{
    if (requests)
        fl_free(requests->mem, requests);
}

static int start_worker(struct fl_requests *requests, unsigned index)
{
    struct fl_request_worker *worker = &requests->workers[index];

    worker->requests = requests;
    worker->index = index;
    worker->last_ready = &worker->ready;
    fl_buf_init(&worker->out, requests->mem);
    fl_buf_init(&worker->wire, requests->mem);
    fl_buf_init(&worker->sealed, requests->mem);
    worker->turns = fl_calloc(requests->mem, FL_REQUEST_TURNS, sizeof *worker->turns);
    if (!worker->turns)
        return FLOW_ENOMEM;
    return fl_thread_start(&worker->thread, flow_context_name(requests->ctx), fl_requests_work,
                           worker);
}

static int start_workers(struct fl_requests *requests)
{
    requests->workers = fl_calloc(requests->mem, requests->worker_count, sizeof *requests->workers);
    if (!requests->workers)
        return FLOW_ENOMEM;
    for (unsigned i = 0; i < requests->worker_count; i++) {
        if (start_worker(requests, i))
            return FLOW_ENOMEM;
    }
    return FLOW_OK;
}

int fl_requests_start(struct fl_requests *requests, flow_emitter *emitter, flow_error **err)
{
    size_t most = flow_emitter_max_batch(emitter);
    size_t state = sizeof(struct fl_request_peer) + requests->protocol->state_size;

    requests->emitter = emitter;
    requests->batch_max = most ? most : 1;
    int rc =
        fl_server_new_for(requests->ctx, state, requests->worker_count, &requests->server, err);
    if (rc)
        return rc;
    fl_server_count_open(requests->server, requests->open);
    fl_server_count_refused(requests->server, requests->denied);
    if (requests->plan && requests->plan->tls)
        fl_server_meet_within(requests->server, fl_tls_handshake_ms(requests->plan->tls));
    if (requests->filter)
        rc = fl_server_filter(requests->server, requests->filter, err);
    if (!rc && start_workers(requests))
        rc = fl_error_nomem(err);
    if (rc)
        fl_requests_stop(requests);
    return rc;
}

int fl_requests_listen(struct fl_requests *requests, const char *host, uint16_t port,
                       flow_error **err)
{
    uint16_t actual;
    int rc = fl_server_listen(requests->server, host, port, &actual, err);

    if (!rc)
        flow_context_logf(requests->ctx, FLOW_LOG_INFO, "listening on %s:%u", host,
                          (unsigned)actual);
    return rc;
}

int fl_requests_serve(struct fl_requests *requests, flow_emitter *emitter, const char *host,
                      uint16_t port, flow_error **err)
{
    int rc = fl_requests_start(requests, emitter, err);

    if (rc)
        return rc;
    rc = fl_requests_listen(requests, host, port, err);
    if (rc)
        fl_requests_stop(requests);
    return rc;
}

struct fl_server *fl_requests_server(struct fl_requests *requests)
{
    return requests->server;
}

static void free_worker(struct fl_request_worker *worker)
{
    fl_gather_trim(worker, 0);
    fl_buf_free(&worker->out);
    fl_buf_free(&worker->wire);
    fl_buf_free(&worker->sealed);
    fl_free(worker->requests->mem, worker->turns);
}

void fl_requests_stop(struct fl_requests *requests)
{
    if (!requests->server)
        return;
    fl_server_close(requests->server);
    for (unsigned i = 0; requests->workers && i < requests->worker_count; i++) {
        fl_thread_join(&requests->workers[i].thread);
        if (requests->workers[i].requests)
            free_worker(&requests->workers[i]);
    }
    fl_free(requests->mem, requests->workers);
    fl_server_free(requests->server);
    requests->workers = NULL;
    requests->server = NULL;
}
