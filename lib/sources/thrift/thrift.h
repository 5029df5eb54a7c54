/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_SOURCES_THRIFT_THRIFT_H
#define FL_SOURCES_THRIFT_THRIFT_H

/* What the sources that are Thrift services have in common: between requests.h and the wire. */

#include "sources/requests.h"
#include "wire/thrift_server.h"

struct fl_service {
    flow_context *ctx;
    const flow_allocator *mem;
    const struct fl_thrift_service *service;
    enum fl_thrift_protocol protocol;
    uint32_t limit;   /* bytes of a call */
    int32_t refused;  /* the status of a call whose events were not taken; 0 is that of others */
    int is_lenient;   /* a call without events gets that status too, rather than an exception */
    int patient;      /* peers are not told of a refusal: what may pass is tried until it works */
    unsigned threads; /* 0 chooses by the machine */
    const char *host;
    uint16_t port;
    struct fl_tls *tls; /* the source's from now on; NULL: none */

    struct fl_stack_plan plan;
    flow_counter *bad_calls;
    struct fl_requests *requests;
};

/* Makes a source by SETTINGS, of which everything above `plan` is set but `mem`. */
int fl_service_create(const struct fl_service *settings, void **self, flow_error **err);

/* The rest of a flow_source_ops. */
void fl_service_destroy(void *self);
int fl_service_start(void *self, flow_emitter *emitter, flow_error **err);
int fl_service_stop(void *self, flow_error **err);

#endif
