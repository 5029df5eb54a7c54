/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_WIRE_AVRO_LEGACY_H
#define FL_WIRE_AVRO_LEGACY_H

/*
 * The Avro RPC of Flume 0.9, FlumeOGEventAvroServer, as its server sees it: what the bodies of HTTP
 * requests and their answers hold.  Each request brings one call with one event, and, since HTTP
 * knows no connections, a handshake.
 */

#include "wire/draft.h"
#include "wire/flume_og.h"

#include "base/buf.h"

enum fl_avro_legacy_kind {
    FL_AVRO_LEGACY_APPEND,  /* its event is in the draft */
    FL_AVRO_LEGACY_PING,    /* nothing but a handshake */
    FL_AVRO_LEGACY_REFUSED, /* it makes no sense; see the draft's `fault` */
};

struct fl_avro_legacy_call {
    enum fl_avro_legacy_kind kind;
    int knows_us; /* the client has the server's protocol; else the answer shows it */
};

/*
 * Reads a request's body, SIZE bytes at DATA, in which its parts are moved together; the draft's
 * texts point there.  FLOW_EPARSE: there is not even a handshake; FLOW_ENOMEM.
 */
int fl_avro_legacy_read(uint8_t *data, size_t size, struct fl_avro_legacy_call *call,
                        struct fl_draft *draft);

/* The body of the answer to an append or a ping, or with ERROR to a call that failed. */
int fl_avro_legacy_put_answer(struct fl_buf *out, const struct fl_avro_legacy_call *call,
                              const char *error);

#endif
