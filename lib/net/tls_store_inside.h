/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_NET_TLS_STORE_INSIDE_H
#define FL_NET_TLS_STORE_INSIDE_H

/* The reading of a store: tls_store.c knows PEM, tls_store_jks.c and tls_store_pkcs12.c the rest.
 */

#include "base/buf.h"
#include "net/tls_store.h"

struct fl_tls_reading {
    const struct fl_openssl *openssl;
    const struct fl_tls_file *file;
    struct fl_tls_store *store;
    struct fl_buf bytes; /* of the file */
    int wanted;
    int password; /* it is to blame */
};

/* FLOW_ECONFIG, with the path. */
int fl_tls_store_refuse(struct fl_tls_reading *r, const char *why, flow_error **err);
int fl_tls_store_refuse_password(struct fl_tls_reading *r, const char *why, flow_error **err);

/* Adds a certificate, which is the store's from now on even when that fails. */
int fl_tls_store_add(struct fl_tls_reading *r, X509 *certificate, flow_error **err);
int fl_tls_store_add_der(struct fl_tls_reading *r, const uint8_t *der, size_t size,
                         flow_error **err);

/* Sets the key. */
int fl_tls_store_key_der(struct fl_tls_reading *r, const uint8_t *der, size_t size,
                         flow_error **err);

/* Frees a buffer and leaves nothing of it in memory. */
void fl_tls_store_wipe(struct fl_buf *secret);

int fl_tls_store_is_jks(const void *data, size_t size);
int fl_tls_store_read_jks(struct fl_tls_reading *r, flow_error **err);
int fl_tls_store_read_pkcs12(struct fl_tls_reading *r, flow_error **err);

#endif
