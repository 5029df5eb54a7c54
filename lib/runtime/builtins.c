/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The components the library brings along, through the same calls that plugins use.  A new one is
 * a line here.
 */

#include "runtime/builtins.h"

#include "channels/channels.h"
#include "clients/clients.h"
#include "codec/serializers.h"
#include "config/filter.h"
#include "groups/groups.h"
#include "interceptors/interceptors.h"
#include "runtime/inlet.h"
#include "runtime/outlet.h"
#include "selectors/selectors.h"
#include "sinks/sinks.h"
#include "sources/sources.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct fl_module modules[] = {
    {FLOW_KIND_SINK, "hdfs", "org.apache.flume.sink.hdfs.HDFSEventSink", "hdfs.so"},
};

/* Each list ends in NULL. */
static const flow_source_ops *const sources[] = {
    &fl_avro_legacy_source,
    &fl_avro_source,
    &fl_exec_source,
    &fl_inlet_source,
    &fl_ipc_source,
    &fl_netcat_source,
    &fl_scribe_source,
    &fl_seq_source,
    &fl_spooldir_source,
    &fl_taildir_source,
    &fl_thrift_legacy_source,
    &fl_thrift_source,
    NULL,
};

static const flow_channel_ops *const channels[] = {
    &fl_file_channel,
    &fl_memory_channel,
    &fl_spillable_channel,
    NULL,
};

static const flow_sink_ops *const sinks[] = {
    &fl_avro_sink,
    &fl_file_roll_sink,
    &fl_ipc_sink,
    &fl_logger_sink,
    &fl_null_sink,
    &fl_outlet_sink,
    &fl_thrift_sink,
    NULL,
};

static const flow_interceptor_ops *const interceptors[] = {
    &fl_host_interceptor,
    &fl_static_interceptor,
    &fl_timestamp_interceptor,
    NULL,
};

static const flow_selector_ops *const selectors[] = {
    &fl_load_balancing_selector,
    &fl_multiplexing_selector,
    &fl_replicating_selector,
    NULL,
};

static const flow_group_ops *const groups[] = {
    &fl_default_group,
    &fl_failover_group,
    &fl_load_balance_group,
    NULL,
};

static const flow_serializer_ops *const serializers[] = {
    &fl_avro_datum_serializer,
    &fl_avro_event_serializer,
    &fl_header_text_serializer,
    &fl_text_serializer,
    NULL,
};

static const struct fl_filter_ops *const filters[] = {
    &fl_env_filter,
    &fl_external_filter,
    NULL,
};

static const struct fl_client_ops *const clients[] = {
    &fl_default_client,
    &fl_failover_client,
    &fl_load_balance_client,
    &fl_thrift_client,
    NULL,
};

/* What sources and sinks are made of. */
static int register_parts(flow_registry *registry, flow_error **err)
{
    int rc = FLOW_OK;

    for (size_t i = 0; rc == FLOW_OK && interceptors[i]; i++)
        rc = flow_registry_add_interceptor(registry, interceptors[i], NULL, NULL, err);
    for (size_t i = 0; rc == FLOW_OK && selectors[i]; i++)
        rc = flow_registry_add_selector(registry, selectors[i], NULL, NULL, err);
    for (size_t i = 0; rc == FLOW_OK && groups[i]; i++)
        rc = flow_registry_add_group(registry, groups[i], NULL, NULL, err);
    for (size_t i = 0; rc == FLOW_OK && serializers[i]; i++)
        rc = flow_registry_add_serializer(registry, serializers[i], NULL, NULL, err);
    for (size_t i = 0; rc == FLOW_OK && filters[i]; i++)
        rc = fl_registry_add_filter(registry, filters[i], err);
    return rc;
}

static int register_all(flow_registry *registry, flow_error **err)
{
    int rc = register_parts(registry, err);

    for (size_t i = 0; rc == FLOW_OK && sources[i]; i++)
        rc = flow_registry_add_source(registry, sources[i], NULL, NULL, err);
    for (size_t i = 0; rc == FLOW_OK && channels[i]; i++)
        rc = flow_registry_add_channel(registry, channels[i], NULL, NULL, err);
    for (size_t i = 0; rc == FLOW_OK && sinks[i]; i++)
        rc = flow_registry_add_sink(registry, sinks[i], NULL, NULL, err);
    for (size_t i = 0; rc == FLOW_OK && clients[i]; i++)
        rc = fl_registry_add_client(registry, clients[i], err);
    return rc;
}

int fl_builtins_register(flow_registry *registry, flow_error **err)
{
    int result = fl_registry_stage(registry, "built-in", NULL, err);

    if (result != FLOW_OK)
        return result;
    result = register_all(registry, err);
    fl_registry_settle(registry, result == FLOW_OK);
    fl_registry_set_modules(registry, modules, COUNT(modules));
    return result;
}
