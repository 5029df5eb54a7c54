/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_NET_TLS_H
#define FL_NET_TLS_H

/*
 * The TLS settings of a source, sink or client: keys, certificates, protocols and cipher suites,
 * read and checked once, for all its connections.  OpenSSL is loaded with the first of them.
 */

#include <flow/component.h>
#include <flow/schema.h>

#include "io/file.h"

#define FL_TLS_CLIENT_AUTH_NONE 0
#define FL_TLS_CLIENT_AUTH_WANT 1 /* a client's certificate is checked when it has one */
#define FL_TLS_CLIENT_AUTH_NEED 2

/*
 * As the properties of the same names; see tls_schema.c.  Lists are words between blanks or commas,
 * NULL for none.  Nothing of it is needed after fl_tls_new.
 */
struct fl_tls_options {
    int is_server;
    const char *keystore; /* a server has one */
    const char *keystore_password;
    const char *truststore; /* NULL at a client: the system's certificates */
    const char *truststore_password;
    const char *include_protocols;
    const char *exclude_protocols;
    const char *include_cipher_suites; /* by the names of Java and IANA */
    const char *exclude_cipher_suites;
    int trust_all;         /* of a client: whoever answers is the peer */
    int verify_host;       /* of a client: the certificate has to be for the host */
    int client_auth;       /* of a server */
    unsigned handshake_ms; /* of a server: how long a handshake may take */
};

/* Shared by the connections of a component, on any threads. */
struct fl_tls;

/*
 * Makes the settings.  FLOW_ECONFIG for what cannot be honoured, and in *PROPERTY which it is, as
 * in a configuration: "keystore-password".  FLOW_ENOENT when OpenSSL is not installed.  *PROPERTY
 * is NULL where none is to blame.
 *
 * Blocks: it reads the stores.
 */
int fl_tls_new(const flow_allocator *mem, const struct fl_io *io,
               const struct fl_tls_options *options, struct fl_tls **tls, const char **property,
               flow_error **err);

/* How long a handshake may take; whoever has the connections sees to it. */
unsigned fl_tls_handshake_ms(const struct fl_tls *tls);

/* After all connections that use it.  NULL is allowed. */
void fl_tls_free(struct fl_tls *tls);

/*
 * The same from the properties of a component, whose schema has the part fl_tls_server_schema or
 * fl_tls_client_schema.  *TLS is NULL when its `ssl` is off.  Errors have the place of the
 * property.
 */
int fl_tls_open_server(flow_context *ctx, struct fl_tls **tls, flow_error **err);
int fl_tls_open_client(flow_context *ctx, struct fl_tls **tls, flow_error **err);

extern const flow_schema fl_tls_server_schema;
extern const flow_schema fl_tls_client_schema;

#endif
