/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The hdfs sink: takes transactions from its channel, finds out where their events go, and hands
 * them to the uploader, many at a time.  A file of its own beside the library, because of libcurl.
 */

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "sinks/hdfs/host.h"
#include "sinks/hdfs/resolve.h"
#include "sinks/hdfs/schema.h"
#include "sinks/hdfs/sink.h"
#include "sinks/hdfs/uploader.h"
#include "sinks/hdfs/webhdfs.h"

#define MAX_PENDING 4096
#define ROOM_WAIT_MS 100    /* so that a stop is noticed while there is no room */
#define STOP_LIMIT_MS 30000 /* where hdfs.callTimeout does not say */
#define STOP_LEAST_MS 10000 /* files want their names even where calls are to be quick */

struct hdfs_sink {
    struct fl_hdfs_options options;
    struct fl_hdfs_site site;
    struct fl_hdfs_address address;
    struct fl_hdfs_router *router;
    struct fl_hdfs_uploader *uploader; /* while it runs */
    char *user;
};

static const char *conf_folder(flow_context *ctx)
{
    const char *folder = flow_context_string(ctx, "hdfs.confDir");

    return folder ? folder : getenv("HADOOP_CONF_DIR");
}

static int find_address(flow_context *ctx, struct hdfs_sink *sink, flow_error **err)
{
    flow_error *why = NULL;
    int rc =
        fl_hdfs_site_load(&sink->site, sink->options.mem, conf_folder(ctx), fl_io_of(ctx), err);

    if (!rc)
        rc = fl_hdfs_user_name(sink->options.mem, &sink->user, err);
    if (!rc && fl_hdfs_resolve(&sink->site, sink->options.path, sink->user, &sink->address, &why))
        rc = flow_context_refuse(ctx, "hdfs.path", flow_error_message(why), err);
    if (!rc && sink->options.sync && !sink->address.local)
        rc = flow_context_refuse(ctx, "hdfs.fsyncPerTransaction",
                                 "only folders of this machine, file:///, can be synced", err);
    flow_error_free(why);
    return rc;
}

static void hdfs_destroy(void *self)
{
    struct hdfs_sink *sink = self;
    const flow_allocator *mem = sink->options.mem;

    fl_hdfs_uploader_free(sink->uploader);
    fl_hdfs_router_free(sink->router);
    fl_hdfs_address_free(&sink->address);
    fl_hdfs_site_free(&sink->site);
    fl_hdfs_options_free(&sink->options);
    fl_free(mem, sink->user);
    fl_free(mem, sink);
}

static int hdfs_create(flow_context *ctx, void **self, flow_error **err)
{
    const flow_allocator *mem = flow_library_allocator(flow_context_library(ctx));
    struct hdfs_sink *sink = fl_zalloc(mem, sizeof *sink);

    if (!sink)
        return fl_error_nomem(err);
    int rc = fl_hdfs_options_read(ctx, &sink->options, err);
    if (!rc)
        rc = find_address(ctx, sink, err);
    if (!rc)
        rc = fl_hdfs_router_new(&sink->options, sink->address.path, &sink->router, err);
    if (rc) {
        hdfs_destroy(sink);
        return rc;
    }
    *self = sink;
    return FLOW_OK;
}

static int make_target(struct hdfs_sink *sink, struct fl_hdfs_target **target, flow_error **err)
{
    if (sink->address.local)
        return fl_hdfs_local_new(&sink->options, fl_io_of(sink->options.ctx), target, err);
    return fl_hdfs_webhdfs_new(&sink->options, &sink->site, &sink->address, target, err);
}

static int hdfs_start(void *self, flow_error **err)
{
    struct hdfs_sink *sink = self;
    struct fl_hdfs_target *target;
    int rc = make_target(sink, &target, err);

    return rc ? rc : fl_hdfs_uploader_new(&sink->options, target, &sink->uploader, err);
}

static int hdfs_stop(void *self, flow_error **err)
{
    struct hdfs_sink *sink = self;
    int64_t limit = sink->options.call_timeout_ms ? sink->options.call_timeout_ms : STOP_LIMIT_MS;

    if (limit < STOP_LEAST_MS)
        limit = STOP_LEAST_MS;
    if (!fl_hdfs_uploader_stop(sink->uploader, limit))
        return FLOW_PENDING;
    fl_hdfs_uploader_free(sink->uploader);
    sink->uploader = NULL;
    return FLOW_OK;
}

static int hdfs_process(void *self, flow_txn *txn, flow_error **err)
{
    struct hdfs_sink *sink = self;
    const flow_event *const *events;
    uint64_t bytes = 0;
    size_t count = 0;

    if (!fl_hdfs_uploader_room(sink->uploader, ROOM_WAIT_MS))
        return FLOW_READY;
    int rc = flow_txn_take(txn, sink->options.batch_size, 0, &events, &count, err);
    if (rc || !count)
        return rc ? rc : FLOW_BACKOFF;
    struct fl_hdfs_job *job = fl_hdfs_job_new(sink->options.mem);
    if (!job)
        return fl_error_nomem(err);
    rc = fl_hdfs_router_route(sink->router, events, count, &job->routes, err);
    if (rc) {
        fl_hdfs_job_free(job);
        return rc;
    }
    job->txn = txn;
    job->events = events;
    job->count = count;
    flow_events_weight(events, count, &bytes);
    job->bytes = (int64_t)bytes;
    fl_hdfs_uploader_submit(sink->uploader, job);
    return FLOW_PENDING;
}

static void hdfs_ended(void *self, const flow_txn *txn, int result)
{
    struct hdfs_sink *sink = self;

    if (sink->uploader)
        fl_hdfs_uploader_ended(sink->uploader, txn, result);
}

static int64_t hdfs_deadline(void *self)
{
    struct hdfs_sink *sink = self;

    return sink->uploader ? fl_hdfs_uploader_deadline(sink->uploader) : INT64_MAX;
}

/* The uploader keeps time itself; this serves a clock that does not pass by itself. */
static int hdfs_timer(void *self, flow_error **err)
{
    struct hdfs_sink *sink = self;

    if (sink->uploader)
        fl_hdfs_uploader_wake(sink->uploader);
    return FLOW_OK;
}

static void hdfs_flush(void *self)
{
    struct hdfs_sink *sink = self;

    if (sink->uploader)
        fl_hdfs_uploader_flush(sink->uploader);
}

static uint32_t hdfs_max_pending(void *self)
{
    return MAX_PENDING;
}

const flow_sink_ops fl_hdfs_sink_ops = {
    .struct_size = sizeof(flow_sink_ops),
    .type = "hdfs",
    .aliases = "org.apache.flume.sink.hdfs.HDFSEventSink",
    .schema = &fl_hdfs_schema,
    .create = hdfs_create,
    .destroy = hdfs_destroy,
    .start = hdfs_start,
    .stop = hdfs_stop,
    .process = hdfs_process,
    .deadline = hdfs_deadline,
    .timer = hdfs_timer,
    .max_pending = hdfs_max_pending,
    .flush = hdfs_flush,
    .ended = hdfs_ended,
};
