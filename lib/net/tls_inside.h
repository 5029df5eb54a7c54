/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_NET_TLS_INSIDE_H
#define FL_NET_TLS_INSIDE_H

/* The inside of TLS settings: tls.c makes them, tls_names.c chooses by names, layer_tls.c uses
 * them. */

#include "net/openssl.h"
#include "net/tls.h"

struct fl_tls {
    struct fl_openssl *openssl;
    SSL_CTX *ctx;
    int is_server;
    int verify_host;
    unsigned handshake_ms;
};

/* tls_names.c: both store in *PROPERTY the one that cannot be honoured. */
int fl_tls_set_protocols(struct fl_tls *tls, const struct fl_tls_options *options,
                         const char **property, flow_error **err);
int fl_tls_set_suites(struct fl_tls *tls, const struct fl_tls_options *options,
                      const char **property, flow_error **err);

#endif
