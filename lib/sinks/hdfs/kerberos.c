/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Kerberos without the environment variables that steer it, which belong to the whole process: a
 * ticket for the principal goes from the KDC into a cache in memory of the sink's own, and that
 * cache is made the default of the one thread on which libcurl asks for it.  The library is opened
 * when first needed; it is there whenever libcurl can do SPNEGO.
 *
 * A ticket is replaced when half its life is over, so that a KDC that is down for a while is not
 * missed.
 */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/number.h"
#include "sinks/hdfs/host.h"
#include "sinks/hdfs/kerberos.h"

#define LIBRARY "libgssapi_krb5.so.2" /* of MIT; it brings libkrb5.so.3 */
#define PAUSE_MS 5000                 /* between two tries; each may block for half a minute */
#define CHECK_MS 120000               /* the same while there is a good ticket */

/* Codes of libkrb5: the first two are what comes of a key that is not the KDC's. */
#define BAD_INTEGRITY (-1765328353)
#define PREAUTH_FAILED (-1765328360)
#define EXPIRED (-1765328352)

/* The ABI of libkrb5.so.3, as far as it is used here. */
struct krb5_bytes {
    int32_t magic;
    uint32_t length;
    void *data;
};

struct krb5_ticket {
    int32_t magic;
    void *client, *server;
    struct {
        int32_t magic, type;
        uint32_t length;
        void *contents;
    } key;
    struct {
        int32_t authenticated, start, end, renewable;
    } times;
    uint32_t is_second_key;
    int32_t flags;
    void *addresses;
    struct krb5_bytes ticket, second_ticket;
    void *authorization;
};

struct functions {
    int32_t (*init)(void **context);
    void (*release)(void *context);
    const char *(*message)(void *context, int32_t code);
    void (*free_message)(void *context, const char *message);
    int32_t (*parse)(void *context, const char *name, void **principal);
    void (*free_principal)(void *context, void *principal);
    int32_t (*open_keytab)(void *context, const char *name, void **keytab);
    int32_t (*close_keytab)(void *context, void *keytab);
    int32_t (*log_in)(void *context, struct krb5_ticket *ticket, void *principal, void *keytab,
                      int32_t start, const char *service, void *options);
    void (*free_ticket)(void *context, struct krb5_ticket *ticket);
    int32_t (*open_cache)(void *context, const char *name, void **cache);
    int32_t (*empty_cache)(void *context, void *cache, void *principal);
    int32_t (*store)(void *context, void *cache, struct krb5_ticket *ticket);
    int32_t (*destroy_cache)(void *context, void *cache);
    uint32_t (*choose_cache)(uint32_t *minor, const char *name, const char **old);
};

struct fl_hdfs_kerberos {
    const flow_context *ctx;
    const flow_allocator *mem;
    struct functions krb5;
    void *context;
    void *cache;
    char *cache_name; /* "MEMORY:..." */
    char *principal;
    const char *keytab;
    int64_t since_ms;    /* when the ticket came, by the system's clock, as the next */
    int64_t next_ms;     /* when to ask for another */
    int64_t end_ms;      /* until when it is good */
    flow_error *failure; /* why the last time brought none */
    int chosen;          /* the cache, by the thread */
};

#define FUNCTION(symbol, member)                                                                   \
    {                                                                                              \
        (symbol), offsetof(struct functions, member)                                               \
    }

static const struct {
    const char *symbol;
    size_t place;
} functions[] = {
    FUNCTION("krb5_init_context", init),
    FUNCTION("krb5_free_context", release),
    FUNCTION("krb5_get_error_message", message),
    FUNCTION("krb5_free_error_message", free_message),
    FUNCTION("krb5_parse_name", parse),
    FUNCTION("krb5_free_principal", free_principal),
    FUNCTION("krb5_kt_resolve", open_keytab),
    FUNCTION("krb5_kt_close", close_keytab),
    FUNCTION("krb5_get_init_creds_keytab", log_in),
    FUNCTION("krb5_free_cred_contents", free_ticket),
    FUNCTION("krb5_cc_resolve", open_cache),
    FUNCTION("krb5_cc_initialize", empty_cache),
    FUNCTION("krb5_cc_store_cred", store),
    FUNCTION("krb5_cc_destroy", destroy_cache),
    FUNCTION("gss_krb5_ccache_name", choose_cache),
};

/* POSIX lets a pointer to data hold one to a function; C does not convert between them. */
static int find_functions(void *library, struct functions *found)
{
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        void *symbol = dlsym(library, functions[i].symbol);
        if (!symbol)
            return 0;
        memcpy((char *)found + functions[i].place, &symbol, sizeof symbol);
    }
    return 1;
}

static int open_library(struct fl_hdfs_kerberos *kerberos, flow_error **err)
{
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

    if (library && find_functions(library, &kerberos->krb5))
        return FLOW_OK;
    return flow_error_set(err, FLOW_ENOENT,
                          "hdfs.kerberosPrincipal needs " LIBRARY " of MIT Kerberos, which cannot "
                          "be loaded");
}

/* A keytab that is not there is more likely a wrong name than one that is still to come. */
static int check_keytab(const struct fl_hdfs_kerberos *kerberos, flow_error **err)
{
    char why[160];

    if (!faccessat(AT_FDCWD, kerberos->keytab, R_OK, AT_EACCESS))
        return FLOW_OK;
    snprintf(why, sizeof why, "cannot be read: %s", fl_errno_text(errno));
    return flow_context_refuse(kerberos->ctx, "hdfs.kerberosKeytab", why, err);
}

/* PRINCIPAL with _HOST replaced by this machine's full name, in small letters as Hadoop has it. */
static int expand_principal(struct fl_hdfs_kerberos *kerberos, const char *principal,
                            flow_error **err)
{
    const char *mark = strstr(principal, "_HOST");
    char *host = NULL;
    struct fl_buf out;
    int rc = mark ? fl_hdfs_host_name(kerberos->mem, "fqdn", 4, &host, err) : FLOW_OK;

    if (rc)
        return rc;
    for (char *c = host; c && *c; c++)
        *c = fl_lower(*c);
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
    kerberos->cache_name = rc ? NULL : fl_buf_detach(&out);
    fl_buf_free(&out);
    return kerberos->cache_name ? FLOW_OK : fl_error_nomem(err);
}

/* Fills *ERR with what libkrb5 says of CODE. */
static int explain(const struct fl_hdfs_kerberos *kerberos, int32_t code, flow_error **err)
{
    const struct functions *krb5 = &kerberos->krb5;
    const char *text = krb5->message(kerberos->context, code);
    int other_key = code == BAD_INTEGRITY || code == PREAUTH_FAILED;

    flow_error_setf(err, FLOW_EIO, "cannot get a Kerberos ticket for %s with %s: %s%s",
                    kerberos->principal, kerberos->keytab, text,
                    other_key ? "; the KDC knows another key than this keytab" : "");
    flow_error_set_retriable(err, 1);
    krb5->free_message(kerberos->context, text);
    return FLOW_EIO;
}

static int open_cache(struct fl_hdfs_kerberos *kerberos, flow_error **err)
{
    int32_t code = kerberos->krb5.init(&kerberos->context);

    if (!code)
        code = kerberos->krb5.open_cache(kerberos->context, kerberos->cache_name, &kerberos->cache);
    return code ? explain(kerberos, code, err) : FLOW_OK;
}

int fl_hdfs_kerberos_new(const flow_context *ctx, struct fl_hdfs_kerberos **kerberos,
                         flow_error **err)
{
    const flow_allocator *mem = flow_library_allocator(flow_context_library(ctx));
    struct fl_hdfs_kerberos *made = fl_zalloc(mem, sizeof *made);

    *kerberos = NULL;
    if (!made)
        return fl_error_nomem(err);
    made->ctx = ctx;
    made->mem = mem;
    made->keytab = flow_context_string(ctx, "hdfs.kerberosKeytab");
    int rc = open_library(made, err);
    if (!rc)
        rc = check_keytab(made, err);
    if (!rc)
        rc = expand_principal(made, flow_context_string(ctx, "hdfs.kerberosPrincipal"), err);
    if (!rc)
        rc = name_cache(made, err);
    if (!rc)
        rc = open_cache(made, err);
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
    /* A cache in memory belongs to the process and lives until someone destroys it. */
    if (kerberos->cache)
        kerberos->krb5.destroy_cache(kerberos->context, kerberos->cache);
    if (kerberos->context)
        kerberos->krb5.release(kerberos->context);
    /* The library stays open: libcurl may have opened it as well, and it keeps state by thread. */
    flow_error_free(kerberos->failure);
    fl_free(kerberos->mem, kerberos->principal);
    fl_free(kerberos->mem, kerberos->cache_name);
    fl_free(kerberos->mem, kerberos);
}

/* ---- tickets ---- */

static int32_t ask_kdc(const struct fl_hdfs_kerberos *kerberos, struct krb5_ticket *ticket)
{
    const struct functions *krb5 = &kerberos->krb5;
    void *context = kerberos->context, *principal = NULL, *keytab = NULL;
    int32_t code = krb5->parse(context, kerberos->principal, &principal);

    if (!code)
        code = krb5->open_keytab(context, kerberos->keytab, &keytab);
    if (!code)
        code = krb5->log_in(context, ticket, principal, keytab, 0, NULL, NULL);
    if (keytab)
        krb5->close_keytab(context, keytab);
    if (principal)
        krb5->free_principal(context, principal);
    return code;
}

/* Puts a new ticket in the place of all that are there; *LIFE_MS is how long it is good for. */
static int32_t replace_ticket(const struct fl_hdfs_kerberos *kerberos, int64_t *life_ms)
{
    const struct functions *krb5 = &kerberos->krb5;
    struct krb5_ticket ticket;

    memset(&ticket, 0, sizeof ticket);
    int32_t code = ask_kdc(kerberos, &ticket);
    if (!code)
        code = krb5->empty_cache(kerberos->context, kerberos->cache, ticket.client);
    if (!code)
        code = krb5->store(kerberos->context, kerberos->cache, &ticket);
    /* Times count in 32 bits without a sign; their difference needs no clock to agree on. */
    uint32_t start =
        (uint32_t)(ticket.times.start ? ticket.times.start : ticket.times.authenticated);
    *life_ms = (int64_t)((uint32_t)ticket.times.end - start) * 1000;
    krb5->free_ticket(kerberos->context, &ticket);
    return code || *life_ms ? code : EXPIRED;
}

/* The KDC gives none: what is left of the present one is for trying again. */
static void postpone(struct fl_hdfs_kerberos *kerberos, int32_t code, int64_t now)
{
    int64_t left = kerberos->end_ms - now;
    int64_t pause = left / 4 < CHECK_MS ? left / 4 : CHECK_MS;

    kerberos->next_ms = now + (pause > PAUSE_MS ? pause : PAUSE_MS);
    explain(kerberos, code, &kerberos->failure);
    if (left > 0)
        flow_context_logf(kerberos->ctx, FLOW_LOG_WARN, "%s; the present one is good for %lld s",
                          flow_error_message(kerberos->failure), (long long)(left / 1000));
}

static void renew(struct fl_hdfs_kerberos *kerberos)
{
    int64_t life = 0;
    int32_t code = replace_ticket(kerberos, &life);
    int64_t now = fl_clock_now(fl_clock_system());

    flow_error_free(kerberos->failure);
    kerberos->failure = NULL;
    if (code) {
        postpone(kerberos, code, now);
        return;
    }
    kerberos->since_ms = now;
    kerberos->next_ms = now + life / 2;
    kerberos->end_ms = now + life;
}

int fl_hdfs_kerberos_enter(struct fl_hdfs_kerberos *kerberos, flow_error **err)
{
    const struct fl_clock *clock = fl_clock_system();
    uint32_t minor = 0;

    if (!kerberos->chosen && kerberos->krb5.choose_cache(&minor, kerberos->cache_name, NULL))
        return flow_error_set(err, FLOW_EIO, "cannot give a thread Kerberos tickets of its own");
    kerberos->chosen = 1;
    if (fl_clock_now(clock) >= kerberos->next_ms)
        renew(kerberos);
    if (fl_clock_now(clock) < kerberos->end_ms)
        return FLOW_OK;
    flow_error_set(err, FLOW_EIO, flow_error_message(kerberos->failure));
    flow_error_set_retriable(err, 1);
    return FLOW_EIO;
}

void fl_hdfs_kerberos_doubt(struct fl_hdfs_kerberos *kerberos)
{
    int64_t now = fl_clock_now(fl_clock_system());

    if (!kerberos->failure && now - kerberos->since_ms >= PAUSE_MS)
        kerberos->next_ms = now;
}
