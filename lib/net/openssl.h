/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_NET_OPENSSL_H
#define FL_NET_OPENSSL_H

/*
 * OpenSSL, loaded when a component first speaks TLS.  Its functions have the names that they have
 * there, so that its manual says all about them.
 *
 * OpenSSL keeps errors with the thread, which may be the host's own: some functions leave errors
 * there, some take those of others for their own, and a handshake forgets them all.  So what may
 * fail is between fl_openssl_begin, which puts aside what the host has, and fl_openssl_end.
 */

#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <openssl/ssl.h>

#include <flow/error.h>
#include <flow/library.h>

struct fl_openssl {
    const flow_allocator *mem;
    void *libssl;
    void *libcrypto;
#define FL_LIBSSL(name) typeof(name) *name;
#define FL_LIBCRYPTO(name) typeof(name) *name;
#include "net/openssl_names.inc"
#undef FL_LIBSSL
#undef FL_LIBCRYPTO
};

/* FLOW_ENOENT when it is not installed, FLOW_EABI when it lacks something. */
int fl_openssl_open(const flow_allocator *mem, struct fl_openssl **openssl, flow_error **err);
void fl_openssl_close(struct fl_openssl *openssl); /* NULL is allowed */

/* The errors that a thread had: as many as OpenSSL keeps, and of each what failed and why, but not
 * the place in OpenSSL's source. */
struct fl_openssl_errors {
    size_t count;
    unsigned long codes[16];
};

void fl_openssl_begin(const struct fl_openssl *openssl, struct fl_openssl_errors *before);
void fl_openssl_end(const struct fl_openssl *openssl, const struct fl_openssl_errors *before);

/* Why the last call failed, in OpenSSL's words. */
const char *fl_openssl_reason(const struct fl_openssl *openssl);

#endif
