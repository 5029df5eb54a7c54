/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOW_CLIENT_H
#define FLOW_CLIENT_H

#include <flow/api.h>
#include <flow/batch.h>
#include <flow/config.h>
#include <flow/error.h>
#include <flow/event.h>
#include <flow/library.h>

FLOW_BEGIN_DECLS

/*
 * What an application sends events to an agent with, libflow's or Flume's, from its own threads and
 * without a pipeline.  There are four types, named as in Flume:
 *
 *     default              one host, Avro
 *     thrift               one host, Thrift
 *     default_failover     several hosts: one until it fails, then the next (also `failover`)
 *     default_loadbalance  several hosts in turn or at random (also `load_balance`)
 *
 *     new -> append... -> close -> free
 *
 * A client connects when it is first used, and anew at the first use after a failure.  Its calls
 * may come from any number of threads at once; a client of type `thrift` has up to
 * `maxConnections` of them under way together, the others one after the other.
 *
 * A call returns FLOW_OK when the agent has every event.  Otherwise it says how many events, from
 * the first on, the agent has for certain.  Those behind them are the caller's to send again;
 * whether the agent has got some of them all the same the error says, and where that can be, they
 * may come twice.
 */
typedef struct flow_client flow_client;

/*
 * Makes a client as the keys of CONFIG say, which are those of Flume's: `client.type`, `hosts`,
 * `hosts.ALIAS`, `batch-size` and so on; flow-client-default(5) and the pages of the other types
 * have them all.  What of TLS is not set comes from what flow_config_define has defined
 * (javax.net.ssl.trustStore and so on), or else from the environment (FLUME_SSL_TRUSTSTORE_PATH and
 * so on).  Unknown keys are warned of in the log.  Connects to nothing.  The caller frees
 * *CLIENT with flow_client_free; CONFIG may be freed before.
 *
 * Errors: FLOW_ECONFIG with all that is wrong, each with its key and place.
 * Since: 1.0
 */
FLOW_API int flow_client_new(flow_library *lib, flow_config *config, flow_client **client,
                             flow_error **err);

/*
 * The same from the file PATH, read as flow_config_load does.
 *
 * Blocks: on the file system.
 * Errors: FLOW_ENOENT, FLOW_EIO, FLOW_EPARSE, FLOW_ECONFIG.
 * Since: 1.0
 */
FLOW_API int flow_client_load(flow_library *lib, const char *path, flow_client **client,
                              flow_error **err);

/*
 * Ends all calls, those under way in other threads included, with FLOW_ECLOSED; flow_client_free
 * closes the connections.  NULL is allowed.
 *
 * Thread: any.
 * Since: 1.0
 */
FLOW_API void flow_client_close(flow_client *client);

/*
 * Closes the connections and frees a client.  No call may be under way any more.  NULL is allowed.
 * In a forked child it does nothing: the connections are its parent's.
 *
 * Blocks: up to a second a connection, where TLS or compression has to be ended.
 * Since: 1.0
 */
FLOW_API void flow_client_free(flow_client *client);

/*
 * Connects, unless it is connected, so that a fault shows before there is anything to send; of
 * several hosts to the first that can be reached.  Nothing needs this call.
 *
 * Thread: any.  Blocks: up to `connect-timeout` for each host, and as long as the system's resolver
 * does.
 * Errors: FLOW_EIO, FLOW_ETIMEDOUT, FLOW_ECLOSED.
 * Since: 1.0
 */
FLOW_API int flow_client_connect(flow_client *client, flow_error **err);

/*
 * Sends one event: COUNT headers, HEADER_SIZE bytes apart (sizeof(flow_header)), and SIZE bytes of
 * body.
 *
 * Thread: any.  Blocks: up to `connect-timeout` where it has to connect, and `request-timeout`,
 * for each host that is tried; and for other calls of the client.
 * Errors: FLOW_EDELIVERY when the agent refused it; FLOW_ETIMEDOUT and FLOW_EIO when it may have
 * got it or not, as the text says; FLOW_ECLOSED, FLOW_ETOOBIG.
 * Since: 1.0
 */
FLOW_API int flow_client_append(flow_client *client, const void *body, size_t size,
                                const flow_header *headers, size_t count, size_t header_size,
                                flow_error **err);

/*
 * Sends a batch, in calls of up to `batch-size` events, one after the other.  *ACKNOWLEDGED, unless
 * NULL, becomes the number of events, from the first on, that the agent has for certain.
 *
 * Thread: any.  Blocks: as flow_client_append, for each of the calls.
 * Errors: as flow_client_append.
 * Since: 1.0
 */
FLOW_API int flow_client_append_batch(flow_client *client, const flow_batch *batch,
                                      size_t *acknowledged, flow_error **err);

/*
 * The same with COUNT events, which may be anywhere.
 *
 * Thread: any.  Blocks: as flow_client_append, for each of the calls.
 * Errors: as flow_client_append.
 * Since: 1.0
 */
FLOW_API int flow_client_append_events(flow_client *client, const flow_event *const *events,
                                       size_t count, size_t *acknowledged, flow_error **err);

/*
 * Returns `batch-size`: the number of events in one call to the agent.
 *
 * Since: 1.0
 */
FLOW_API size_t flow_client_batch_size(const flow_client *client);

FLOW_END_DECLS

#endif
