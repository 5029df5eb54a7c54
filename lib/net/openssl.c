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
    const size_t most = COUNT(before->list);
    const char *file, *function;
    unsigned long code;
    int line;

    before->count = 0;
    while ((code = openssl->ERR_get_error_all(&file, &line, &function, NULL, NULL))) {
        if (before->count == most)
            continue;
        before->list[before->count].code = code;
        before->list[before->count].file = file;
        before->list[before->count].line = line;
        before->list[before->count++].function = function;
    }
}

void fl_openssl_end(const struct fl_openssl *openssl, const struct fl_openssl_errors *before)
{
    openssl->ERR_clear_error();
    for (size_t i = 0; i < before->count; i++) {
        unsigned long code = before->list[i].code;
        openssl->ERR_new();
        openssl->ERR_set_debug(before->list[i].file, before->list[i].line,
                               before->list[i].function);
        openssl->ERR_set_error(ERR_GET_LIB(code), ERR_GET_REASON(code), NULL);
    }
}

const char *fl_openssl_reason(const struct fl_openssl *openssl)
{
    const char *reason = openssl->ERR_reason_error_string(openssl->ERR_peek_last_error());

    return reason ? reason : "unknown reason";
}
