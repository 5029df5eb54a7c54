/* SPDX-License-Identifier: Apache-2.0 */

#include <stddef.h>

#include "base/error.h"
#include "base/mem.h"
#include "codec/dynlib.h"
#include "net/openssl.h"

#define SYMBOL(name) {#name, offsetof(struct fl_openssl, name)},

static const struct fl_dynlib_symbol of_libssl[] = {
#define FL_LIBSSL SYMBOL
#define FL_LIBCRYPTO(name)
#include "net/openssl_names.inc"
#undef FL_LIBSSL
#undef FL_LIBCRYPTO
};

static const struct fl_dynlib_symbol of_libcrypto[] = {
#define FL_LIBSSL(name)
#define FL_LIBCRYPTO SYMBOL
#include "net/openssl_names.inc"
#undef FL_LIBSSL
#undef FL_LIBCRYPTO
};

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static int load(struct fl_openssl *openssl, flow_error **err)
{
    int rc = fl_dynlib_load("libcrypto.so.3", "TLS", of_libcrypto, COUNT(of_libcrypto), openssl,
                            &openssl->libcrypto, err);

    return rc ? rc
              : fl_dynlib_load("libssl.so.3", "TLS", of_libssl, COUNT(of_libssl), openssl,
                               &openssl->libssl, err);
}

int fl_openssl_open(const flow_allocator *mem, struct fl_openssl **openssl, flow_error **err)
{
    struct fl_openssl *made = fl_zalloc(mem, sizeof *made);

    if (!made)
        return fl_error_nomem(err);
    made->mem = mem;
    int rc = load(made, err);
    if (rc) {
        fl_openssl_close(made);
        return rc;
    }
    *openssl = made;
    return FLOW_OK;
}

void fl_openssl_close(struct fl_openssl *openssl)
{
    if (!openssl)
        return;
    fl_dynlib_unload(openssl->libssl);
    fl_dynlib_unload(openssl->libcrypto);
    fl_free(openssl->mem, openssl);
}

void fl_openssl_begin(const struct fl_openssl *openssl, struct fl_openssl_errors *before)
{
    unsigned long code;

    before->count = 0;
    while ((code = openssl->ERR_get_error()) && before->count < COUNT(before->codes))
        before->codes[before->count++] = code;
}

void fl_openssl_end(const struct fl_openssl *openssl, const struct fl_openssl_errors *before)
{
    openssl->ERR_clear_error();
    for (size_t i = 0; i < before->count; i++) {
        openssl->ERR_new();
        openssl->ERR_set_error(ERR_GET_LIB(before->codes[i]), ERR_GET_REASON(before->codes[i]),
                               NULL);
    }
}

const char *fl_openssl_reason(const struct fl_openssl *openssl)
{
    const char *reason = openssl->ERR_reason_error_string(openssl->ERR_peek_last_error());

    return reason ? reason : "unknown reason";
}
