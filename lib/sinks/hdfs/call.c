/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Every request goes to a NameNode first, to the one that answered last; one that is dead or on
 * stand-by passes its turn to the next.  For an upload the NameNode names a DataNode, to which the
 * bytes then go, chunked, because they are still being made while they are sent.  Until the
 * connection to the DataNode stands nothing can have happened; after that, everything but a clear
 * success is unclear.
 */

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/number.h"
#include "sinks/hdfs/answer.h"
#include "sinks/hdfs/call.h"

#define CONNECT_MS 10000L
#define ANSWER_LIMIT ((size_t)65536)
#define UPLOAD_BUFFER (256L * 1024) /* stays in a cache until the kernel has copied it */

int fl_hdfs_escape_url(struct fl_buf *url, const char *path)
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

/* ---- what libcurl calls ---- */

static void set_deadline(struct fl_hdfs_call *call)
{
    int64_t timeout = call->web->options->call_timeout_ms;

    call->deadline = timeout ? fl_clock_after(fl_clock_system(), timeout) : FL_NEVER;
}

static size_t on_read(char *data, size_t size, size_t count, void *self)
{
    struct fl_hdfs_call *call = self;

    set_deadline(call);
    size_t got = call->request->read(call->request->self, data, size * count);
    call->paused = got == FL_HDFS_READ_WAIT;
    return call->paused ? CURL_READFUNC_PAUSE : got;
}

static size_t on_write(char *data, size_t size, size_t count, void *self)
{
    struct fl_hdfs_call *call = self;
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

/* Why there is no ticket for a server, libcurl says nowhere else; it then asks without one. */
static int on_debug(CURL *easy, curl_infotype type, char *text, size_t size, void *self)
{
    static const char mark[] = "gss_init_sec_context() failed: ";
    const size_t skip = sizeof mark - 1;
    struct fl_hdfs_call *call = self;

    if (type != CURLINFO_TEXT || size <= skip || memcmp(text, mark, skip))
        return 0;
    while (size > skip && fl_is_space(text[size - 1]))
        size--;
    snprintf(call->no_ticket, sizeof call->no_ticket, "%.*s", (int)(size - skip), text + skip);
    return 0;
}

/* ---- requests ---- */

static void finish(struct fl_hdfs_call *call, enum fl_hdfs_answer answer, flow_error *error)
{
    call->request->answer = answer;
    call->request->error = error;
    call->over = 1;
}

/* Ends CALL because of a fault here. */
static void finish_own(struct fl_hdfs_call *call, flow_error *error)
{
    flow_error_set_retriable(&error, 1);
    finish(call, FL_HDFS_LATER, error);
}

static int add_operation(const struct fl_hdfs_call *call, struct fl_buf *url)
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
    return rc ? rc : fl_hdfs_escape_url(url, request->to);
}

/* The URL of CALL at its NameNode. */
static const char *make_url(struct fl_hdfs_call *call)
{
    struct fl_buf *url = &call->url;

    fl_buf_clear(url);
    int rc = fl_buf_text(url, *(char **)fl_vec_at(&call->web->address->urls, call->node));
    if (!rc)
        rc = fl_buf_text(url, "/webhdfs/v1");
    if (!rc)
        rc = fl_hdfs_escape_url(url, call->request->path);
    if (!rc)
        rc = fl_buf_text(url, "?op=");
    if (!rc)
        rc = add_operation(call, url);
    if (!rc)
        rc = fl_buf_text(url, call->web->who);
    return rc ? NULL : fl_buf_cstr(url);
}

static void set_common(struct fl_hdfs_call *call)
{
    const struct fl_hdfs_web *web = call->web;
    CURL *easy = call->easy;

    fl_hdfs_call_forget_cookie_file(call);
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

void fl_hdfs_call_forget_cookie_file(struct fl_hdfs_call *call)
{
    curl_easy_setopt(call->easy, CURLOPT_COOKIEFILE, NULL);
}

static void set_authentication(struct fl_hdfs_call *call)
{
    if (!call->web->kerberos)
        return;
    curl_easy_setopt(call->easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_GSSNEGOTIATE);
    curl_easy_setopt(call->easy, CURLOPT_USERPWD, ":");
    /* The share keeps cookies; only this makes the handle send them. */
    curl_easy_setopt(call->easy, CURLOPT_COOKIEFILE, "");
    curl_easy_setopt(call->easy, CURLOPT_SHARE, call->web->share);
    curl_easy_setopt(call->easy, CURLOPT_DEBUGFUNCTION, on_debug);
    curl_easy_setopt(call->easy, CURLOPT_DEBUGDATA, call);
    curl_easy_setopt(call->easy, CURLOPT_VERBOSE, 1L);
    call->no_ticket[0] = '\0';
}

/* Requests to a NameNode have no body; an empty one makes libcurl send its length. */
static void set_method(struct fl_hdfs_call *call)
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

static void add_to_multi(struct fl_hdfs_call *call)
{
    flow_error *error = NULL;
    CURLMcode code = curl_multi_add_handle(call->web->multi, call->easy);

    call->added = !code;
    if (!call->added) {
        flow_error_setf(&error, FLOW_EIO, "cannot send: %s", curl_multi_strerror(code));
        finish_own(call, error);
    }
}

static void ask_name_node(struct fl_hdfs_call *call)
{
    const char *url = make_url(call);
    flow_error *error = NULL;

    if (call->web->kerberos && fl_hdfs_kerberos_enter(call->web->kerberos, &error)) {
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
static void send_to_data_node(struct fl_hdfs_call *call)
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
static int ask_next(struct fl_hdfs_call *call)
{
    struct fl_hdfs_web *web = call->web;
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
static int was_connected(struct fl_hdfs_call *call)
{
    curl_off_t time = 0;

    curl_easy_getinfo(call->easy, CURLINFO_CONNECT_TIME_T, &time);
    return time > 0;
}

/* How much of the URL may be told: behind the "?" a DataNode's has a token to act with. */
static int public_size(struct fl_hdfs_call *call)
{
    size_t size = strcspn(fl_buf_cstr(&call->url), "?");

    return size < 200 ? (int)size : 200;
}

/* No answer, or only a part of one. */
static void on_failure(struct fl_hdfs_call *call, CURLcode code)
{
    const char *why = call->why[0] ? call->why : curl_easy_strerror(code);
    enum fl_hdfs_op op = call->request->op;
    flow_error *error = NULL;

    if (!call->at_data && ask_next(call))
        return;
    call->request->unclear = call->at_data ? was_connected(call) : changes_something(op);
    flow_error_setf(&error, FLOW_EIO, "%s at %.*s: %s", call->at_data ? "DataNode" : "NameNode",
                    public_size(call), fl_buf_cstr(&call->url), why);
    finish_own(call, error);
}

/* Notes that the NameNode of CALL is the one to ask, unless it says otherwise. */
static void prefer(struct fl_hdfs_call *call, const struct fl_hdfs_reply *reply)
{
    if (!reply->standby)
        call->web->active = call->node;
}

/* The NameNode does not know who asks: says what is missing. */
static void on_stranger(struct fl_hdfs_call *call, struct fl_hdfs_reply *reply)
{
    const char *why = "the NameNode wants a Kerberos ticket; set hdfs.kerberosPrincipal and "
                      "hdfs.kerberosKeytab";

    if (call->web->kerberos) {
        fl_hdfs_kerberos_doubt(call->web->kerberos);
        why = call->no_ticket[0] ? call->no_ticket : "the NameNode does not accept the ticket";
    }
    flow_error_free(reply->error);
    reply->error = NULL;
    flow_error_setf(&reply->error, FLOW_EIO, "not authenticated: %s (status 401)", why);
    flow_error_set_retriable(&reply->error, 1);
}

/* Takes what a NameNode says, which may not be the end of it. */
static void on_name_answer(struct fl_hdfs_call *call, struct fl_hdfs_reply *reply, long status)
{
    enum fl_hdfs_op op = call->request->op;
    int upload = op == FL_HDFS_CREATE || op == FL_HDFS_APPEND;

    if (status == 401)
        on_stranger(call, reply);
    prefer(call, reply);
    if (reply->standby && ask_next(call)) {
        flow_error_free(reply->error);
        return;
    }
    if (upload && reply->redirected) {
        send_to_data_node(call);
        return;
    }
    if (reply->redirected || (upload && !reply->answer)) {
        reply->answer = FL_HDFS_LATER;
        flow_error_setf(&reply->error, FLOW_EIO, "unexpected answer, status %ld, from %.*s", status,
                        public_size(call), fl_buf_cstr(&call->url));
    }
    if (op == FL_HDFS_LENGTH)
        call->request->length = reply->length;
    finish(call, reply->answer, reply->error);
}

static void on_answer(struct fl_hdfs_call *call)
{
    struct fl_hdfs_reply reply;
    long status = 0;

    curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    fl_hdfs_reply_read(call->request->op, status, &call->answer, &reply);
    if (!call->at_data) {
        on_name_answer(call, &reply, status);
        return;
    }
    if (reply.redirected) {
        reply.answer = FL_HDFS_LATER;
        flow_error_set(&reply.error, FLOW_EIO, "the DataNode sends its requests elsewhere");
    }
    call->request->unclear = reply.answer != FL_HDFS_DONE;
    finish(call, reply.answer, reply.error);
}

void fl_hdfs_call_end(struct fl_hdfs_call *call, CURLcode code)
{
    curl_multi_remove_handle(call->web->multi, call->easy);
    call->added = 0;
    if (code)
        on_failure(call, code);
    else
        on_answer(call);
}

void fl_hdfs_call_start(struct fl_hdfs_call *call)
{
    call->node = call->web->active;
    ask_name_node(call);
}
