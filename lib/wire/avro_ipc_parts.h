/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_WIRE_AVRO_IPC_PARTS_H
#define FL_WIRE_AVRO_IPC_PARTS_H

/* What the payload of a call consists of, for avro_ipc.c and avro_ipc_parts.c only. */

#include "wire/avro_ipc.h"

/* What comes next. */
enum fl_avro_phase {
    FL_AVRO_AT_HANDSHAKE,
    FL_AVRO_AT_METADATA,
    FL_AVRO_AT_NAME,
    FL_AVRO_AT_EVENT,  /* the only one */
    FL_AVRO_AT_EVENTS, /* of an array */
    FL_AVRO_AT_END,    /* nothing of interest */
};

/* How reading one part went. */
enum fl_avro_step {
    FL_AVRO_STEP_PART,
    FL_AVRO_STEP_EVENT,
    FL_AVRO_STEP_SHORT, /* its end has not come; nothing was read */
};

/* Bytes that begin with a part. */
struct fl_avro_scan {
    const uint8_t *begin;
    const uint8_t *at;
    const uint8_t *end;
    size_t need; /* of a part that is short: at least so many bytes */
    int sure;    /* exactly so many */
};

/* Reads one part; one that makes no sense refuses the call.  Or FLOW_ENOMEM. */
int fl_avro_step(struct fl_avro_ipc *ipc, struct fl_avro_scan *scan);

/* Stores the value that a map of bytes has for KEY; 0 when it has none. */
int fl_avro_find(struct fl_avro_in map, const char *key, const uint8_t **data, size_t *size);

/* Nothing more of the call is read; it is answered with the system error TEXT. */
int fl_avro_refuse(struct fl_avro_ipc *ipc, const char *text);

#endif
