/* SPDX-License-Identifier: Apache-2.0 */

/*
 * WebHDFS over libcurl's multi interface, so that any number of requests share one thread: starts
 * calls, waits for all of them at once, and gives up those that make no progress.
 */

#include <limits.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "sinks/hdfs/call.h"
#include "sinks/hdfs/multi.h"
#include "sinks/hdfs/webhdfs.h"

#define CONNECTIONS 64L
#define RESUME_MS 2

int fl_hdfs_webhdfs_init(flow_error **err)
{
    CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);

    return code ? flow_error_setf(err, FLOW_EPLUGIN, "cannot start libcurl: %s",
                                  curl_easy_strerror(code))
                : FLOW_OK;
}

static void free_call(struct fl_hdfs_call *call)
{
    if (call->added)
        curl_multi_remove_handle(call->web->multi, call->easy);
    fl_hdfs_call_forget_cookie_file(call);
    curl_easy_cleanup(call->easy);
    fl_buf_free(&call->url);
    fl_buf_free(&call->answer);
    fl_free(call->web->mem, call);
}

/* Hands back what is over. */
static int deliver(struct fl_hdfs_web *web)
{
    struct fl_hdfs_call **link = &web->calls;
    int delivered = web->refused != NULL;

    while (web->refused) {
        struct fl_hdfs_request *request = web->refused;
        web->refused = request->next;
        request->done(request->self);
    }
    while (*link) {
        struct fl_hdfs_call *call = *link;
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

static void give_up_late(struct fl_hdfs_web *web)
{
    static const char no_answer[] = "no answer within hdfs.callTimeout";
    int64_t now = fl_clock_now(fl_clock_system());

    for (struct fl_hdfs_call *call = web->calls; call; call = call->next) {
        if (call->over || now < call->deadline)
            continue;
        memcpy(call->why, no_answer, sizeof no_answer);
        fl_hdfs_call_end(call, CURLE_OPERATION_TIMEDOUT);
    }
}

/* TIMEOUT, or less when a call is to be given up before. */
static int cap_timeout(const struct fl_hdfs_web *web, int64_t timeout)
{
    int64_t now = fl_clock_now(fl_clock_system());

    for (const struct fl_hdfs_call *call = web->calls; call; call = call->next) {
        int64_t left = call->over ? 0 : call->deadline - now;
        if (call->paused && left > RESUME_MS)
            left = RESUME_MS;
        if (left < timeout)
            timeout = left < 0 ? 0 : left;
    }
    return timeout > INT_MAX ? INT_MAX : (int)timeout;
}

/* Lets uploads that wait look for something to send again. */
static void resume(struct fl_hdfs_web *web)
{
    for (struct fl_hdfs_call *call = web->calls; call; call = call->next) {
        if (!call->paused || call->over)
            continue;
        call->paused = 0;
        curl_easy_pause(call->easy, CURLPAUSE_CONT);
    }
}

static void web_poll(struct fl_hdfs_target *target, int64_t timeout_ms)
{
    struct fl_hdfs_web *web = (struct fl_hdfs_web *)target;
    int running = 0, left = 0;
    CURLMsg *message;

    if (deliver(web))
        timeout_ms = 0;
    curl_multi_poll(web->multi, NULL, 0, cap_timeout(web, timeout_ms), NULL);
    resume(web);
    curl_multi_perform(web->multi, &running);
    while ((message = curl_multi_info_read(web->multi, &left))) {
        struct fl_hdfs_call *call = NULL;
        CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&call);
        fl_hdfs_call_end(call, code);
    }
    give_up_late(web);
    deliver(web);
}

/* There is no memory to start REQUEST. */
static void refuse(struct fl_hdfs_web *web, struct fl_hdfs_request *request)
{
    request->answer = FL_HDFS_LATER;
    fl_error_nomem(&request->error);
    request->next = web->refused;
    web->refused = request;
}

static void web_start(struct fl_hdfs_target *target, struct fl_hdfs_request *request)
{
    struct fl_hdfs_web *web = (struct fl_hdfs_web *)target;
    struct fl_hdfs_call *call = fl_zalloc(web->mem, sizeof *call);
    CURL *easy = curl_easy_init();

    if (!call || !easy) {
        fl_free(web->mem, call);
        curl_easy_cleanup(easy);
        refuse(web, request);
        return;
    }
    call->web = web;
    call->request = request;
    fl_buf_init(&call->url, web->mem);
    fl_buf_init(&call->answer, web->mem);
    call->easy = easy;
    call->next = web->calls;
    web->calls = call;
    fl_hdfs_call_start(call);
}

static void web_wake(struct fl_hdfs_target *target)
{
    curl_multi_wakeup(((struct fl_hdfs_web *)target)->multi);
}

static void web_free(struct fl_hdfs_target *target)
{
    struct fl_hdfs_web *web = (struct fl_hdfs_web *)target;

    while (web->calls) {
        struct fl_hdfs_call *call = web->calls;
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

    return rc ? rc : fl_hdfs_escape_url(out, value);
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
static int make_headers(struct fl_hdfs_web *web)
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

int fl_hdfs_webhdfs_new(const struct fl_hdfs_options *options, const struct fl_hdfs_site *site,
                        const struct fl_hdfs_address *address, struct fl_hdfs_target **target,
                        flow_error **err)
{
    struct fl_hdfs_web *web = fl_zalloc(options->mem, sizeof *web);

    *target = NULL;
    if (!web)
        return fl_error_nomem(err);
    web->target = (struct fl_hdfs_target){.ops = &web_ops, .late = 1};
    web->options = options;
    web->mem = options->mem;
    web->address = address;
    web->ca_file = flow_context_string(options->ctx, "hdfs.caFile");
    web->multi = fl_hdfs_multi_new(web->mem);
    web->share = curl_share_init();
    web->who = make_who(options, address->user);
    web->create = make_create(options, site);
    int rc = FLOW_OK;
    if (!web->multi || !web->share || !web->who || !web->create || make_headers(web))
        rc = fl_error_nomem(err);
    if (!rc && flow_context_string(options->ctx, "hdfs.kerberosPrincipal"))
        rc = fl_hdfs_kerberos_new(options->ctx, &web->kerberos, err);
    if (rc) {
        web_free(&web->target);
        return rc;
    }
    curl_share_setopt(web->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_COOKIE);
    curl_multi_setopt(web->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS);
    *target = &web->target;
    return FLOW_OK;
}
