/* SPDX-License-Identifier: Apache-2.0 */

/*
 * WebHDFS over libcurl's multi interface, so that any number of requests share one thread.
 *
 * Every request goes to a NameNode first, to the one that answered last; one that is dead or on
 * stand-by passes its turn to the next.  For an upload the NameNode names a DataNode, to which the
 * bytes then go, chunked, because they are still being made while they are sent.  Until the
 * connection to the DataNode stands nothing can have happened; after that, everything but a clear
 * success is unclear.
 */

#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <curl/curl.h>

#include "base/clock.h"
#include "base/error.h"
#include "sinks/hdfs/answer.h"
#include "sinks/hdfs/kerberos.h"
#include "sinks/hdfs/webhdfs.h"

#define CONNECT_MS 10000L
#define ANSWER_LIMIT ((size_t)65536)
#define UPLOAD_BUFFER (512L * 1024)
#define CONNECTIONS 64L

struct webhdfs {
    struct fl_hdfs_target target;
    const struct fl_hdfs_options *options;
    const flow_allocator *mem;
    const struct fl_hdfs_address *address;
    CURLM *multi;
    CURLSH *share;                     /* cookies, by which a NameNode knows who authenticated */
    struct curl_slist *plain;          /* headers of requests to NameNodes */
    struct curl_slist *chunked;        /* and of uploads */
    char *who;                         /* "&user.name=..." and "&doas=..." */
    char *create;                      /* parameters of a creation */
    const char *ca_file;               /* or NULL */
    struct fl_hdfs_kerberos *kerberos; /* or NULL */
    size_t active;                     /* the NameNode that answered last */
    struct call *calls;
    struct fl_hdfs_request *refused; /* could not be started */
};

/* A request under way. */
struct call {
    struct webhdfs *web;
    struct fl_hdfs_request *request;
    CURL *easy;
    size_t node;  /* the NameNode it was sent to */
    size_t tries; /* NameNodes asked */
    int at_data;  /* the DataNode's turn */
    int added;    /* to the multi handle */
    int over;
    int64_t deadline;
    struct fl_buf url;
    struct fl_buf answer;
    char why[CURL_ERROR_SIZE];
    struct call *next;
};

int fl_hdfs_webhdfs_init(flow_error **err)
{
    CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);

    return code ? flow_error_setf(err, FLOW_EPLUGIN, "cannot start libcurl: %s",
                                  curl_easy_strerror(code))
                : FLOW_OK;
}

/* ---- what libcurl calls ---- */

static void set_deadline(struct call *call)
{
    int64_t timeout = call->web->options->call_timeout_ms;

    call->deadline = timeout ? fl_clock_after(fl_clock_system(), timeout) : FL_NEVER;
}

static size_t on_read(char *data, size_t size, size_t count, void *self)
{
    struct call *call = self;

    set_deadline(call);
    return call->request->read(call->request->self, data, size * count);
}

static size_t on_write(char *data, size_t size, size_t count, void *self)
{
    struct call *call = self;
    size_t room = ANSWER_LIMIT - call->answer.size;
    size_t part = size * count < room ? size * count : room;

    return fl_buf_append(&call->answer, data, part) ? 0 : size * count;
}

/* The bytes of an upload cannot be had twice; the file sends them again where it must. */
static int on_seek(void *self, curl_off_t offset, int origin)
{
    return CURL_SEEKFUNC_FAIL;
}

static curl_socket_t on_socket(void *self, curlsocktype purpose, struct curl_sockaddr *address)
{
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* ---- requests ---- */

static void finish(struct call *call, enum fl_hdfs_answer answer, flow_error *error)
{
    call->request->answer = answer;
    call->request->error = error;
    call->over = 1;
}

/* Ends CALL because of a fault here. */
static void finish_own(struct call *call, flow_error *error)
{
    flow_error_set_retriable(&error, 1);
    finish(call, FL_HDFS_LATER, error);
}

/* Adds PATH with everything but letters, digits, "/" and a few marks escaped. */
static int add_escaped(struct fl_buf *url, const char *path)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
    int rc = FLOW_OK;

    for (; *path && !rc; path++) {
        if (strchr(plain, *path))
            rc = fl_buf_byte(url, (uint8_t)*path);
        else
            rc = fl_buf_printf(url, "%%%02X", (unsigned)(uint8_t)*path);
    }
    return rc;
}

static int add_operation(const struct call *call, struct fl_buf *url)
{
    const struct fl_hdfs_request *request = call->request;

    switch (request->op) {
    case FL_HDFS_CREATE: return fl_buf_printf(url, "CREATE%s", call->web->create);
    case FL_HDFS_APPEND: return fl_buf_text(url, "APPEND");
    case FL_HDFS_LENGTH: return fl_buf_text(url, "GETFILESTATUS");
    case FL_HDFS_TRUNCATE:
        return fl_buf_printf(url, "TRUNCATE&newlength=%llu", (unsigned long long)request->length);
    case FL_HDFS_REMOVE: return fl_buf_text(url, "DELETE&recursive=false");
    default: break;
    }
    int rc = fl_buf_text(url, "RENAME&destination=");
    return rc ? rc : add_escaped(url, request->to);
}

/* The URL of CALL at its NameNode. */
static const char *make_url(struct call *call)
{
    struct fl_buf *url = &call->url;

    fl_buf_clear(url);
    int rc = fl_buf_text(url, *(char **)fl_vec_at(&call->web->address->urls, call->node));
    if (!rc)
        rc = fl_buf_text(url, "/webhdfs/v1");
    if (!rc)
        rc = add_escaped(url, call->request->path);
    if (!rc)
        rc = fl_buf_text(url, "?op=");
    if (!rc)
        rc = add_operation(call, url);
    if (!rc)
        rc = fl_buf_text(url, call->web->who);
    return rc ? NULL : fl_buf_cstr(url);
}

static void set_common(struct call *call)
{
    const struct webhdfs *web = call->web;
    CURL *easy = call->easy;

    curl_easy_reset(easy);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->why);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_write);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
    if (web->ca_file)
        curl_easy_setopt(easy, CURLOPT_CAINFO, web->ca_file);
    call->why[0] = '\0';
    fl_buf_clear(&call->answer);
    set_deadline(call);
}

static void set_authentication(struct call *call)
{
    if (!call->web->kerberos)
        return;
    curl_easy_setopt(call->easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_GSSNEGOTIATE);
    curl_easy_setopt(call->easy, CURLOPT_USERPWD, ":");
    curl_easy_setopt(call->easy, CURLOPT_COOKIEFILE, "");
    curl_easy_setopt(call->easy, CURLOPT_SHARE, call->web->share);
}

/* Requests to a NameNode have no body; an empty one makes libcurl send its length. */
static void set_method(struct call *call)
{
    CURL *easy = call->easy;

    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->web->plain);
    if (call->request->op == FL_HDFS_LENGTH)
        return;
    if (call->request->op == FL_HDFS_REMOVE) {
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "DELETE");
        return;
    }
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "");
    if (call->request->op != FL_HDFS_APPEND && call->request->op != FL_HDFS_TRUNCATE)
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "PUT");
}

static void add_to_multi(struct call *call)
{
    flow_error *error = NULL;
    CURLMcode code = curl_multi_add_handle(call->web->multi, call->easy);

    call->added = !code;
    if (!call->added) {
        flow_error_setf(&error, FLOW_EIO, "cannot send: %s", curl_multi_strerror(code));
        finish_own(call, error);
    }
}

static void ask_name_node(struct call *call)
{
    const char *url = make_url(call);
    flow_error *error = NULL;

    if (call->web->kerberos &&
        fl_hdfs_kerberos_enter(call->web->kerberos, fl_clock_now(fl_clock_system()), &error)) {
        finish_own(call, error);
        return;
    }
    set_common(call);
    set_method(call);
    set_authentication(call);
    if (!url || curl_easy_setopt(call->easy, CURLOPT_URL, url)) {
        fl_error_nomem(&error);
        finish_own(call, error);
        return;
    }
    add_to_multi(call);
}

/* Sends the bytes to the DataNode that the NameNode's answer names. */
static void send_to_data_node(struct call *call)
{
    CURL *easy = call->easy;
    flow_error *error = NULL;
    char *location = NULL;

    curl_easy_getinfo(easy, CURLINFO_REDIRECT_URL, &location);
    fl_buf_clear(&call->url);
    if (!location || fl_buf_text(&call->url, location) || !fl_buf_cstr(&call->url)) {
        flow_error_set(&error, FLOW_EIO, "the NameNode names no DataNode");
        finish_own(call, error);
        return;
    }
    set_common(call);
    call->at_data = 1;
    curl_easy_setopt(easy, CURLOPT_URL, fl_buf_cstr(&call->url));
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    if (call->request->op == FL_HDFS_APPEND)
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "POST");
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->web->chunked);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(easy, CURLOPT_READDATA, call);
    curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BUFFER);
    /* A connection that died while it waited would be tried again behind our back. */
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    add_to_multi(call);
}

/* ---- answers ---- */

/* Asks the next NameNode, unless all have been asked; 0 then. */
static int ask_next(struct call *call)
{
    struct webhdfs *web = call->web;
    size_t count = web->address->urls.count;

    if (web->active == call->node)
        web->active = (call->node + 1) % count;
    if (++call->tries >= count)
        return 0;
    call->node = (call->node + 1) % count;
    ask_name_node(call);
    return 1;
}

static int changes_something(enum fl_hdfs_op op)
{
    return op == FL_HDFS_TRUNCATE || op == FL_HDFS_RENAME || op == FL_HDFS_REMOVE;
}

/* Whether a connection was made at all. */
static int was_connected(struct call *call)
{
    curl_off_t time = 0;

    curl_easy_getinfo(call->easy, CURLINFO_CONNECT_TIME_T, &time);
    return time > 0;
}

/* No answer, or only a part of one. */
static void on_failure(struct call *call, CURLcode code)
{
    const char *why = call->why[0] ? call->why : curl_easy_strerror(code);
    enum fl_hdfs_op op = call->request->op;
    flow_error *error = NULL;

    if (!call->at_data && ask_next(call))
        return;
    call->request->unclear = call->at_data ? was_connected(call) : changes_something(op);
    flow_error_setf(&error, FLOW_EIO, "%s at %.200s: %s", call->at_data ? "DataNode" : "NameNode",
                    fl_buf_cstr(&call->url), why);
    finish_own(call, error);
}

static void on_answer(struct call *call)
{
    enum fl_hdfs_op op = call->request->op;
    int upload = op == FL_HDFS_CREATE || op == FL_HDFS_APPEND;
    struct fl_hdfs_reply reply;
    long status = 0;

    curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    fl_hdfs_reply_read(call->web->mem, op, status, (const char *)call->answer.data,
                       call->answer.size, &reply);
    call->request->length = op == FL_HDFS_LENGTH ? reply.length : call->request->length;
    if (!call->at_data && reply.standby && ask_next(call)) {
        flow_error_free(reply.error);
        return;
    }
    if (!call->at_data && upload && reply.redirected) {
        call->web->active = call->node;
        send_to_data_node(call);
        return;
    }
    if (reply.redirected || (upload && !call->at_data && !reply.answer)) {
        reply.answer = FL_HDFS_LATER;
        flow_error_setf(&reply.error, FLOW_EIO, "unexpected answer, status %ld, from %.200s",
                        status, fl_buf_cstr(&call->url));
    }
    if (!reply.standby && !call->at_data)
        call->web->active = call->node;
    call->request->unclear = call->at_data && reply.answer != FL_HDFS_DONE;
    finish(call, reply.answer, reply.error);
}

static void on_end(struct call *call, CURLcode code)
{
    curl_multi_remove_handle(call->web->multi, call->easy);
    call->added = 0;
    if (code)
        on_failure(call, code);
    else
        on_answer(call);
}

/* ---- the target ---- */

static void free_call(struct call *call)
{
    if (call->added)
        curl_multi_remove_handle(call->web->multi, call->easy);
    curl_easy_cleanup(call->easy);
    fl_buf_free(&call->url);
    fl_buf_free(&call->answer);
    fl_free(call->web->mem, call);
}

/* Hands back what is over. */
static int deliver(struct webhdfs *web)
{
    struct call **link = &web->calls;
    int delivered = web->refused != NULL;

    while (web->refused) {
        struct fl_hdfs_request *request = web->refused;
        web->refused = request->next;
        request->done(request->self);
    }
    while (*link) {
        struct call *call = *link;
        if (!call->over) {
            link = &call->next;
            continue;
        }
        struct fl_hdfs_request *request = call->request;
        *link = call->next;
        free_call(call);
        request->done(request->self);
        delivered = 1;
    }
    return delivered;
}

static void give_up_late(struct webhdfs *web)
{
    static const char no_answer[] = "no answer within hdfs.callTimeout";
    int64_t now = fl_clock_now(fl_clock_system());

    for (struct call *call = web->calls; call; call = call->next) {
        if (call->over || now < call->deadline)
            continue;
        memcpy(call->why, no_answer, sizeof no_answer);
        on_end(call, CURLE_OPERATION_TIMEDOUT);
    }
}

/* TIMEOUT, or less when a call is to be given up before. */
static int cap_timeout(const struct webhdfs *web, int64_t timeout)
{
    int64_t now = fl_clock_now(fl_clock_system());

    for (const struct call *call = web->calls; call; call = call->next) {
        int64_t left = call->over ? 0 : call->deadline - now;
        if (call->deadline != FL_NEVER && left < timeout)
            timeout = left < 0 ? 0 : left;
    }
    return timeout > INT_MAX ? INT_MAX : (int)timeout;
}

static void web_poll(struct fl_hdfs_target *target, int64_t timeout_ms)
{
    struct webhdfs *web = (struct webhdfs *)target;
    int running = 0, left = 0;
    CURLMsg *message;

    if (deliver(web))
        timeout_ms = 0;
    curl_multi_poll(web->multi, NULL, 0, cap_timeout(web, timeout_ms), NULL);
    curl_multi_perform(web->multi, &running);
    while ((message = curl_multi_info_read(web->multi, &left))) {
        struct call *call = NULL;
        CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&call);
        on_end(call, code);
    }
    give_up_late(web);
    deliver(web);
}

/* There is no memory to start REQUEST. */
static void refuse(struct webhdfs *web, struct fl_hdfs_request *request)
{
    request->answer = FL_HDFS_LATER;
    fl_error_nomem(&request->error);
    request->next = web->refused;
    web->refused = request;
}

static void web_start(struct fl_hdfs_target *target, struct fl_hdfs_request *request)
{
    struct webhdfs *web = (struct webhdfs *)target;
    struct call *call = fl_zalloc(web->mem, sizeof *call);
    CURL *easy = curl_easy_init();

    if (!call || !easy) {
        fl_free(web->mem, call);
        curl_easy_cleanup(easy);
        refuse(web, request);
        return;
    }
    call->web = web;
    call->request = request;
    call->node = web->active;
    fl_buf_init(&call->url, web->mem);
    fl_buf_init(&call->answer, web->mem);
    call->easy = easy;
    call->next = web->calls;
    web->calls = call;
    ask_name_node(call);
}

static void web_wake(struct fl_hdfs_target *target)
{
    curl_multi_wakeup(((struct webhdfs *)target)->multi);
}

static void web_free(struct fl_hdfs_target *target)
{
    struct webhdfs *web = (struct webhdfs *)target;

    while (web->calls) {
        struct call *call = web->calls;
        web->calls = call->next;
        free_call(call);
    }
    curl_multi_cleanup(web->multi);
    curl_share_cleanup(web->share);
    curl_slist_free_all(web->plain);
    curl_slist_free_all(web->chunked);
    fl_hdfs_kerberos_free(web->kerberos);
    fl_free(web->mem, web->who);
    fl_free(web->mem, web->create);
    fl_free(web->mem, web);
}

static const struct fl_hdfs_target_ops web_ops = {
    .start = web_start,
    .poll = web_poll,
    .wake = web_wake,
    .free = web_free,
};

static int add_parameter(struct fl_buf *out, const char *name, const char *value)
{
    int rc = fl_buf_printf(out, "&%s=", name);

    return rc ? rc : add_escaped(out, value);
}

/* Who the requests are made as: with Kerberos the ticket says it. */
static char *make_who(const struct fl_hdfs_options *options, const char *user)
{
    const char *proxy = flow_context_string(options->ctx, "hdfs.proxyUser");
    int kerberos = flow_context_string(options->ctx, "hdfs.kerberosPrincipal") != NULL;
    struct fl_buf out;

    fl_buf_init(&out, options->mem);
    int rc = kerberos ? FLOW_OK : add_parameter(&out, "user.name", user);
    if (!rc && proxy)
        rc = add_parameter(&out, "doas", proxy);
    char *who = rc ? NULL : fl_buf_detach(&out);
    fl_buf_free(&out);
    return who;
}

/* What the configuration folder says of new files goes with each creation, as Hadoop's clients do
 * it; a DataNode would otherwise apply its own. */
static char *make_create(const struct fl_hdfs_options *options, const struct fl_hdfs_site *site)
{
    char *replication = NULL, *block = NULL;
    struct fl_buf out;

    fl_buf_init(&out, options->mem);
    int rc = fl_buf_text(&out, "&overwrite=false&createparent=true");
    if (!rc)
        rc = fl_hdfs_site_get(site, "dfs.replication", &replication);
    if (!rc && replication)
        rc = add_parameter(&out, "replication", replication);
    if (!rc)
        rc = fl_hdfs_site_get(site, "dfs.blocksize", &block);
    if (!rc && block && block[strspn(block, "0123456789")] == '\0')
        rc = add_parameter(&out, "blocksize", block);
    char *create = rc ? NULL : fl_buf_detach(&out);
    fl_buf_free(&out);
    fl_free(site->mem, replication);
    fl_free(site->mem, block);
    return create;
}

/* Headers: an upload's answer "100 Continue" is not waited for. */
static int make_headers(struct webhdfs *web)
{
    static const char *const common = "Content-Type: application/octet-stream";

    web->plain = curl_slist_append(NULL, common);
    struct curl_slist *first = curl_slist_append(NULL, common);
    struct curl_slist *second = first ? curl_slist_append(first, "Expect:") : NULL;
    struct curl_slist *third =
        second ? curl_slist_append(second, "Transfer-Encoding: chunked") : NULL;
    web->chunked = first;
    return web->plain && third ? FLOW_OK : FLOW_ENOMEM;
}

static int make_kerberos(struct webhdfs *web, flow_error **err)
{
    const char *principal = flow_context_string(web->options->ctx, "hdfs.kerberosPrincipal");
    const char *keytab = flow_context_string(web->options->ctx, "hdfs.kerberosKeytab");

    return principal && keytab
               ? fl_hdfs_kerberos_new(web->mem, principal, keytab, &web->kerberos, err)
               : FLOW_OK;
}

int fl_hdfs_webhdfs_new(const struct fl_hdfs_options *options, const struct fl_hdfs_site *site,
                        const struct fl_hdfs_address *address, const char *user,
                        struct fl_hdfs_target **target, flow_error **err)
{
    struct webhdfs *web = fl_zalloc(options->mem, sizeof *web);

    *target = NULL;
    if (!web)
        return fl_error_nomem(err);
    web->target = (struct fl_hdfs_target){.ops = &web_ops, .late = 1};
    web->options = options;
    web->mem = options->mem;
    web->address = address;
    web->ca_file = flow_context_string(options->ctx, "hdfs.caFile");
    web->multi = curl_multi_init();
    web->share = curl_share_init();
    web->who = make_who(options, user);
    web->create = make_create(options, site);
    int rc = FLOW_OK;
    if (!web->multi || !web->share || !web->who || !web->create || make_headers(web))
        rc = fl_error_nomem(err);
    if (!rc)
        rc = make_kerberos(web, err);
    if (rc) {
        web_free(&web->target);
        return rc;
    }
    curl_share_setopt(web->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_COOKIE);
    curl_multi_setopt(web->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS);
    *target = &web->target;
    return FLOW_OK;
}
