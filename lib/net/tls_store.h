/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_NET_TLS_STORE_H
#define FL_NET_TLS_STORE_H

/*
 * Key stores and trust stores as files: Java's JKS, PKCS#12 and PEM.  What is in a file decides
 * which it is, since Java from 9 on writes PKCS#12 whatever a configuration calls it.
 */

#include "base/vec.h"
#include "io/file.h"
#include "net/openssl.h"

struct fl_tls_file {
    const char *path;
    const char *password; /* NULL: none */
};

struct fl_tls_store {
    const struct fl_openssl *openssl;
    EVP_PKEY *key;              /* NULL: none */
    struct fl_vec certificates; /* of X509 *; that of the key first */
};

/* What is wanted of a file. */
#define FL_TLS_KEY 1   /* a private key, with its certificate and those above it */
#define FL_TLS_TRUST 2 /* certificates */

/*
 * Reads FILE for WANTED.  Fails with FLOW_ECONFIG where the file is to blame and stores in
 * *PASSWORD whether that is its password; with what fl_file_load has, FLOW_ENOMEM.
 */
int fl_tls_store_load(struct fl_tls_store *store, const struct fl_openssl *openssl,
                      const struct fl_io *io, const struct fl_tls_file *file, int wanted,
                      int *password, flow_error **err);
void fl_tls_store_free(struct fl_tls_store *store);

X509 *fl_tls_store_certificate(const struct fl_tls_store *store, size_t index);

#endif
