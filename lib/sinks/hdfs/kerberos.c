/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Kerberos without the environment variables that steer it, which belong to the whole process:
 * tickets for the principal go from its keytab into a cache in memory of the sink's own, and that
 * cache is made the default of the one thread on which libcurl asks for it.  The library is opened
 * when first needed; it is there whenever libcurl can do SPNEGO.
 */

#include <dlfcn.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "sinks/hdfs/host.h"
#include "sinks/hdfs/kerberos.h"

#define LIBRARY "libgssapi_krb5.so.2"
#define CHECK_MS 120000 /* as Flume's ticket check */
#define GSS_INITIATE 1

/* The ABI of RFC 2744 and MIT's extension, as far as it is used here. */
struct gss_buffer {
    size_t length;
    const void *value;
};

struct gss_oid {
    uint32_t length;
    const void *elements;
};

struct gss_key_value {
    const char *key;
    const char *value;
};

struct gss_key_value_set {
    uint32_t count;
    const struct gss_key_value *elements;
};

struct functions {
    uint32_t (*import_name)(uint32_t *minor, const struct gss_buffer *text,
                            const struct gss_oid *type, void **name);
    uint32_t (*release_name)(uint32_t *minor, void **name);
    uint32_t (*acquire)(uint32_t *minor, void *name, uint32_t time, void *mechanisms, int usage,
                        const struct gss_key_value_set *store, void **credential, void **actual,
                        uint32_t *lifetime);
    uint32_t (*release)(uint32_t *minor, void **credential);
    uint32_t (*set_cache)(uint32_t *minor, const char *name, const char **old);
};

struct fl_hdfs_kerberos {
    const flow_allocator *mem;
    void *library;
    struct functions gss;
    char *principal;
    char *keytab;
    char *cache; /* "MEMORY:..." */
    int64_t next_check;
    int entered;
};

static const struct gss_oid principal_name = {10, "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x01"};

/* POSIX lets a pointer to data hold one to a function; C does not convert between them. */
static int find(void *library, const char *name, void *function)
{
    void *symbol = dlsym(library, name);

    memcpy(function, &symbol, sizeof symbol);
    return symbol != NULL;
}

static int open_library(struct fl_hdfs_kerberos *kerberos, flow_error **err)
{
    struct functions *gss = &kerberos->gss;

    kerberos->library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    void *library = kerberos->library;
    if (library && find(library, "gss_import_name", &gss->import_name) &&
        find(library, "gss_release_name", &gss->release_name) &&
        find(library, "gss_acquire_cred_from", &gss->acquire) &&
        find(library, "gss_release_cred", &gss->release) &&
        find(library, "gss_krb5_ccache_name", &gss->set_cache))
        return FLOW_OK;
    return flow_error_set(err, FLOW_ENOENT,
                          "hdfs.kerberosPrincipal needs " LIBRARY " of MIT Kerberos, which cannot "
                          "be loaded");
}

/* PRINCIPAL with _HOST replaced by this machine's full name. */
static int expand_principal(struct fl_hdfs_kerberos *kerberos, const char *principal,
                            flow_error **err)
{
    const char *mark = strstr(principal, "_HOST");
    char *host = NULL;
    struct fl_buf out;
    int rc = mark ? fl_hdfs_host_name(kerberos->mem, "fqdn", 4, &host, err) : FLOW_OK;

    if (rc)
        return rc;
    fl_buf_init(&out, kerberos->mem);
    if (!mark)
        rc = fl_buf_text(&out, principal);
    else
        rc = fl_buf_printf(&out, "%.*s%s%s", (int)(mark - principal), principal, host, mark + 5);
    kerberos->principal = rc ? NULL : fl_buf_detach(&out);
    fl_buf_free(&out);
    fl_free(kerberos->mem, host);
    return kerberos->principal ? FLOW_OK : fl_error_nomem(err);
}

static int name_cache(struct fl_hdfs_kerberos *kerberos, flow_error **err)
{
    struct fl_buf out;

    fl_buf_init(&out, kerberos->mem);
    int rc = fl_buf_printf(&out, "MEMORY:libflow-hdfs-%p", (void *)kerberos);
    kerberos->cache = rc ? NULL : fl_buf_detach(&out);
    fl_buf_free(&out);
    return kerberos->cache ? FLOW_OK : fl_error_nomem(err);
}

int fl_hdfs_kerberos_new(const flow_allocator *mem, const char *principal, const char *keytab,
                         struct fl_hdfs_kerberos **kerberos, flow_error **err)
{
    struct fl_hdfs_kerberos *made = fl_zalloc(mem, sizeof *made);

    *kerberos = NULL;
    if (!made)
        return fl_error_nomem(err);
    made->mem = mem;
    made->keytab = fl_strdup(mem, keytab);
    int rc = made->keytab ? open_library(made, err) : fl_error_nomem(err);
    if (!rc)
        rc = expand_principal(made, principal, err);
    if (!rc)
        rc = name_cache(made, err);
    if (rc) {
        fl_hdfs_kerberos_free(made);
        return rc;
    }
    *kerberos = made;
    return FLOW_OK;
}

void fl_hdfs_kerberos_free(struct fl_hdfs_kerberos *kerberos)
{
    if (!kerberos)
        return;
    /* The library stays open: libcurl may have opened it as well, and it keeps state by thread. */
    fl_free(kerberos->mem, kerberos->principal);
    fl_free(kerberos->mem, kerberos->keytab);
    fl_free(kerberos->mem, kerberos->cache);
    fl_free(kerberos->mem, kerberos);
}

static int acquire(struct fl_hdfs_kerberos *kerberos, flow_error **err)
{
    const struct gss_key_value pairs[] = {{"client_keytab", kerberos->keytab},
                                          {"ccache", kerberos->cache}};
    const struct gss_key_value_set store = {2, pairs};
    struct gss_buffer text = {strlen(kerberos->principal), kerberos->principal};
    void *name = NULL, *credential = NULL;
    uint32_t minor = 0, ignored = 0;

    uint32_t major = kerberos->gss.import_name(&minor, &text, &principal_name, &name);
    if (!major)
        major = kerberos->gss.acquire(&minor, name, 0, NULL, GSS_INITIATE, &store, &credential,
                                      NULL, NULL);
    if (credential)
        kerberos->gss.release(&ignored, &credential);
    if (name)
        kerberos->gss.release_name(&ignored, &name);
    if (!major)
        return FLOW_OK;
    flow_error_setf(err, FLOW_EIO,
                    "cannot get a Kerberos ticket for %s with %s (GSS status %x, minor %u); look "
                    "at the keytab, krb5.conf and the KDC",
                    kerberos->principal, kerberos->keytab, (unsigned)major, (unsigned)minor);
    flow_error_set_retriable(err, 1);
    return FLOW_EIO;
}

int fl_hdfs_kerberos_enter(struct fl_hdfs_kerberos *kerberos, int64_t now, flow_error **err)
{
    uint32_t minor = 0;

    if (!kerberos->entered)
        kerberos->gss.set_cache(&minor, kerberos->cache, NULL);
    kerberos->entered = 1;
    if (now < kerberos->next_check)
        return FLOW_OK;
    int rc = acquire(kerberos, err);
    if (!rc)
        kerberos->next_check = now + CHECK_MS;
    return rc;
}
