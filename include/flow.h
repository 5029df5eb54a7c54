/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLOW_H
#define FLOW_H

/* libflow: events from sources through transactional channels to sinks, inside any process. */

#include <flow/api.h>
#include <flow/batch.h>
#include <flow/channel.h>
#include <flow/client.h>
#include <flow/component.h>
#include <flow/config.h>
#include <flow/consumer.h>
#include <flow/error.h>
#include <flow/event.h>
#include <flow/flume.h>
#include <flow/group.h>
#include <flow/harness.h>
#include <flow/inlet.h>
#include <flow/interceptor.h>
#include <flow/library.h>
#include <flow/log.h>
#include <flow/logdir.h>
#include <flow/metrics.h>
#include <flow/outlet.h>
#include <flow/pipeline.h>
#include <flow/plugin.h>
#include <flow/position.h>
#include <flow/registry.h>
#include <flow/schema.h>
#include <flow/selector.h>
#include <flow/serializer.h>
#include <flow/sink.h>
#include <flow/source.h>
#include <flow/span.h>
#include <flow/transaction.h>
#include <flow/version.h>

#endif
