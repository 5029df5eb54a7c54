/* SPDX-License-Identifier: Apache-2.0 */

/* From settings to options: units, defaults that depend on others, and combinations. */

#include <string.h>

#include <flow/sink.h>

#include "base/error.h"
#include "base/number.h"
#include "sinks/hdfs/options.h"

#define PENDING_BYTES ((int64_t)160 << 20)

static const char *text_or_empty(flow_context *ctx, const char *name)
{
    const char *text = flow_context_string(ctx, name);

    return text ? text : "";
}

static int64_t seconds(flow_context *ctx, const char *name)
{
    return flow_context_int(ctx, name) * 1000;
}

static void read_names(flow_context *ctx, struct fl_hdfs_options *options)
{
    options->path = text_or_empty(ctx, "hdfs.path");
    options->prefix = text_or_empty(ctx, "hdfs.filePrefix");
    options->in_use_prefix = text_or_empty(ctx, "hdfs.inUsePrefix");
    options->in_use_suffix = text_or_empty(ctx, "hdfs.inUseSuffix");
    if (flow_context_bool(ctx, "hdfs.emptyInUseSuffix"))
        options->in_use_suffix = "";
    options->suffix = text_or_empty(ctx, "hdfs.fileSuffix");
    if (!*options->suffix && options->codec)
        options->suffix = options->codec->extension;
}

/* What a sink takes out of a file channel is in memory only for the sink's sake.  A channel that
 * spills keeps no marks either, and most of its events in memory. */
static int64_t pending_bytes(flow_context *ctx)
{
    if (flow_context_is_set(ctx, "hdfs.maxPendingBytes"))
        return flow_context_int(ctx, "hdfs.maxPendingBytes");
    return flow_sink_keeps_marks(ctx) ? PENDING_BYTES : 2 * PENDING_BYTES;
}

static void read_limits(flow_context *ctx, struct fl_hdfs_options *options)
{
    options->roll_bytes = (uint64_t)flow_context_int(ctx, "hdfs.rollSize");
    options->roll_events = (uint64_t)flow_context_int(ctx, "hdfs.rollCount");
    options->roll_ms = seconds(ctx, "hdfs.rollInterval");
    options->idle_ms = seconds(ctx, "hdfs.idleTimeout");
    options->batch_size = (size_t)flow_context_int(ctx, "hdfs.batchSize");
    options->max_open_files = (size_t)flow_context_int(ctx, "hdfs.maxOpenFiles");
    options->max_requests = (size_t)flow_context_int(ctx, "hdfs.threadsPoolSize");
    options->max_pending_bytes = pending_bytes(ctx);
    options->call_timeout_ms = flow_context_int(ctx, "hdfs.callTimeout");
    options->retry_ms = seconds(ctx, "hdfs.retryInterval");
    options->close_tries = flow_context_int(ctx, "hdfs.closeTries");
    if (options->close_tries <= 0)
        options->close_tries = INT64_MAX;
    if (options->retry_ms <= 0)
        options->close_tries = 1;
}

static int read_format(flow_context *ctx, struct fl_hdfs_options *options, flow_error **err)
{
    const char *codec = flow_context_string(ctx, "hdfs.codeC");
    flow_error *why = NULL;

    options->file_type = flow_context_choice(ctx, "hdfs.fileType");
    options->sync = flow_context_bool(ctx, "hdfs.fsyncPerTransaction");
    options->text_values = flow_context_choice(ctx, "hdfs.writeFormat") % 2 == 1;
    if (codec && fl_equal_ignore_case(codec, "none"))
        codec = NULL;
    if (codec && options->file_type == FL_FILE_DATA)
        return flow_context_refuse(
            ctx, "hdfs.codeC", "fileType: DataStream is not compressed; use CompressedStream", err);
    if (!codec && options->file_type == FL_FILE_COMPRESSED)
        return flow_context_refuse(ctx, "hdfs.fileType",
                                   "CompressedStream needs a codec: set hdfs.codeC", err);
    if (!codec || !fl_codec_find(codec, &options->codec, &why))
        return FLOW_OK;
    int rc = flow_context_refuse(ctx, "hdfs.codeC", flow_error_message(why), err);
    flow_error_free(why);
    return rc;
}

/* As Java does, an unknown zone means GMT; unlike there, not in silence. */
static int read_zone(flow_context *ctx, struct fl_hdfs_options *options, flow_error **err)
{
    const char *name = flow_context_string(ctx, "hdfs.timeZone");
    int rc = fl_zone_load(options->mem, name, &options->zone);

    if (rc == FLOW_ENOENT) {
        flow_context_logf(ctx, FLOW_LOG_WARN, "hdfs.timeZone: there is no zone '%.100s'; using GMT",
                          name ? name : "");
        rc = fl_zone_load(options->mem, "UTC", &options->zone);
    }
    options->time.zone = options->zone;
    return rc ? flow_error_set(err, rc, "cannot load the time zone") : FLOW_OK;
}

static int read_time(flow_context *ctx, struct fl_hdfs_options *options, flow_error **err)
{
    struct fl_hdfs_time_rule *rule = &options->time;

    rule->use_local_time = flow_context_bool(ctx, "hdfs.useLocalTimeStamp");
    rule->round_value = (int32_t)flow_context_int(ctx, "hdfs.roundValue");
    if (flow_context_bool(ctx, "hdfs.round"))
        rule->round_unit = FL_ROUND_SECOND + flow_context_choice(ctx, "hdfs.roundUnit");
    if (rule->round_unit == FL_ROUND_HOUR && rule->round_value > 24)
        return flow_context_refuse(ctx, "hdfs.roundValue", "hours are rounded to 1 to 24", err);
    return read_zone(ctx, options, err);
}

static int check_kerberos(flow_context *ctx, flow_error **err)
{
    const char *principal = flow_context_string(ctx, "hdfs.kerberosPrincipal");
    const char *keytab = flow_context_string(ctx, "hdfs.kerberosKeytab");

    if (principal && !keytab)
        return flow_context_refuse(ctx, "hdfs.kerberosPrincipal",
                                   "needs hdfs.kerberosKeytab as well", err);
    if (keytab && !principal)
        return flow_context_refuse(ctx, "hdfs.kerberosKeytab",
                                   "needs hdfs.kerberosPrincipal as well", err);
    return FLOW_OK;
}

int fl_hdfs_options_read(flow_context *ctx, struct fl_hdfs_options *options, flow_error **err)
{
    memset(options, 0, sizeof *options);
    options->ctx = ctx;
    options->mem = flow_library_allocator(flow_context_library(ctx));
    int rc = read_format(ctx, options, err);
    if (!rc)
        rc = check_kerberos(ctx, err);
    if (!rc)
        rc = read_time(ctx, options, err);
    read_names(ctx, options);
    read_limits(ctx, options);
    return rc;
}

void fl_hdfs_options_free(struct fl_hdfs_options *options)
{
    fl_zone_free(options->zone);
    options->zone = NULL;
}
