/* SPDX-License-Identifier: Apache-2.0 */

#include "http.h"

#include <stdlib.h>
#include <string.h>

int http_is_url(const char *path)
{
    return strncasecmp(path, "http://", 7) == 0 || strncasecmp(path, "https://", 8) == 0;
}

void http_copy_free(struct http_copy *copy)
{
    free(copy->text);
    free(copy->etag);
    free(copy->modified);
    *copy = (struct http_copy){0};
}

#ifndef WITH_CURL

enum http_result http_get(const char *url, const struct options *options, int stop,
                          struct http_copy *copy, char **why)
{
    *why = text_copy("this command was built without libcurl");
    return HTTP_FAILED;
}

#else

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#include <dlfcn.h>
#include <poll.h>

/* Flume's timeout, in seconds, and more than any configuration has. */
#define TIMEOUT 60L
#define SIZE_LIMIT ((size_t)64 << 20)

/* The functions of libcurl that are used. */
struct curl {
    __typeof__(curl_global_init) *global_init;
    __typeof__(curl_easy_init) *init;
    __typeof__(curl_easy_setopt) *set;
    __typeof__(curl_easy_perform) *perform;
    __typeof__(curl_easy_getinfo) *get;
    __typeof__(curl_easy_strerror) *describe;
    __typeof__(curl_easy_cleanup) *cleanup;
    __typeof__(curl_slist_append) *append;
    __typeof__(curl_slist_free_all) *free_all;
};

/* A request under way. */
struct request {
    struct curl curl;
    CURL *handle;
    struct curl_slist *headers;
    struct http_copy answer;
    FILE *out;
    size_t taken;
    int stop;
};

/* ---- libcurl ---- */

/* It stays loaded: its threads and callbacks would outlive it. */
static int load(struct curl *curl)
{
    void *lib = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (!lib)
        lib = dlopen("libcurl-gnutls.so.4", RTLD_NOW | RTLD_LOCAL);
    const struct {
        const char *name;
        void *place;
    } symbols[] = {
        {"curl_global_init", &curl->global_init}, {"curl_easy_init", &curl->init},
        {"curl_easy_setopt", &curl->set},         {"curl_easy_perform", &curl->perform},
        {"curl_easy_getinfo", &curl->get},        {"curl_easy_strerror", &curl->describe},
        {"curl_easy_cleanup", &curl->cleanup},    {"curl_slist_append", &curl->append},
        {"curl_slist_free_all", &curl->free_all},
    };

    for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++) {
        void *symbol = lib ? dlsym(lib, symbols[i].name) : NULL;
        if (!symbol)
            return 0;
        memcpy(symbols[i].place, &symbol, sizeof symbol);
    }
    return curl->global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

/* ---- what comes back ---- */

static size_t take_body(char *data, size_t size, size_t count, void *self)
{
    struct request *request = self;
    size_t bytes = size * count;

    request->taken += bytes;
    return request->taken <= SIZE_LIMIT ? fwrite(data, 1, bytes, request->out) : 0;
}

/* Keeps the value of a header called NAME, which ends in ':'. */
static void keep_header(const char *line, size_t size, const char *name, char **value)
{
    size_t name_size = strlen(name);

    if (size < name_size || strncasecmp(line, name, name_size) != 0)
        return;
    while (size > name_size && strchr(" \t\r\n", line[size - 1]))
        size--;
    while (name_size < size && (line[name_size] == ' ' || line[name_size] == '\t'))
        name_size++;
    free(*value);
    *value = text_copy_sized(line + name_size, size - name_size);
}

static size_t take_header(char *line, size_t size, size_t count, void *self)
{
    struct request *request = self;

    keep_header(line, size * count, "ETag:", &request->answer.etag);
    keep_header(line, size * count, "Last-Modified:", &request->answer.modified);
    return size * count;
}

/* Whoever waits for an answer does not see signals. */
static int should_stop(void *self, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const struct request *request = self;
    struct pollfd one = {.fd = request->stop, .events = POLLIN};

    return request->stop >= 0 && poll(&one, 1, 0) > 0;
}

/* ---- what is asked ---- */

static void add_header(struct request *request, const char *name, const char *value)
{
    char *line = text_format("%s: %s", name, value);

    request->headers = request->curl.append(request->headers, line);
    free(line);
}

static void set_login(struct request *request, const struct options *options)
{
    if (!options->user || !options->password)
        return;
    request->curl.set(request->handle, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
    request->curl.set(request->handle, CURLOPT_USERNAME, options->user);
    request->curl.set(request->handle, CURLOPT_PASSWORD, options->password);
}

static void prepare(struct request *request, const char *url, const struct options *options,
                    const struct http_copy *copy)
{
    CURL *handle = request->handle;
    __typeof__(curl_easy_setopt) *set = request->curl.set;

    if (copy->etag)
        add_header(request, "If-None-Match", copy->etag);
    if (copy->modified)
        add_header(request, "If-Modified-Since", copy->modified);
    set(handle, CURLOPT_URL, url);
    set(handle, CURLOPT_HTTPHEADER, request->headers);
    set(handle, CURLOPT_FOLLOWLOCATION, 1L);
    set(handle, CURLOPT_MAXREDIRS, 5L);
    set(handle, CURLOPT_NOSIGNAL, 1L);
    set(handle, CURLOPT_CONNECTTIMEOUT, TIMEOUT);
    set(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
    set(handle, CURLOPT_LOW_SPEED_TIME, TIMEOUT);
    set(handle, CURLOPT_WRITEFUNCTION, take_body);
    set(handle, CURLOPT_WRITEDATA, request);
    set(handle, CURLOPT_HEADERFUNCTION, take_header);
    set(handle, CURLOPT_HEADERDATA, request);
    set(handle, CURLOPT_NOPROGRESS, 0L);
    set(handle, CURLOPT_XFERINFOFUNCTION, should_stop);
    set(handle, CURLOPT_XFERINFODATA, request);
    set_login(request, options);
}

/* ---- a request ---- */

/* Ends what was written of the answer. */
static void finish(struct request *request)
{
    if (request->handle)
        request->curl.cleanup(request->handle);
    if (request->headers)
        request->curl.free_all(request->headers);
    if (request->out)
        fclose(request->out);
}

/* What the number of an answer means. */
static enum http_result judge(long status, char **why)
{
    if (status == 200)
        return HTTP_NEW;
    if (status == 304)
        return HTTP_SAME;
    *why = status == 401 ? text_copy("the server wants another --conf-user and --conf-password")
                         : text_format("the server answers %ld", status);
    return status == 404 ? HTTP_MISSING : HTTP_FAILED;
}

static enum http_result perform(struct request *request, char **why)
{
    CURLcode code = request->curl.perform(request->handle);
    long status = 0;

    if (code == CURLE_OK) {
        request->curl.get(request->handle, CURLINFO_RESPONSE_CODE, &status);
        return judge(status, why);
    }
    if (code == CURLE_ABORTED_BY_CALLBACK)
        return HTTP_FAILED;
    *why = request->taken > SIZE_LIMIT ? text_copy("the answer is larger than 64 MiB")
                                       : text_copy(request->curl.describe(code));
    return HTTP_FAILED;
}

enum http_result http_get(const char *url, const struct options *options, int stop,
                          struct http_copy *copy, char **why)
{
    struct request request = {.stop = stop};
    enum http_result result = HTTP_FAILED;

    *why = NULL;
    if (load(&request.curl)) {
        request.handle = request.curl.init();
        request.out = open_memstream(&request.answer.text, &request.answer.size);
    }
    if (request.handle && request.out) {
        prepare(&request, url, options, copy);
        result = perform(&request, why);
    } else {
        *why = text_copy("libcurl cannot be loaded");
    }
    finish(&request);
    if (result == HTTP_SAME && !copy->etag && !copy->modified) {
        *why = text_copy("the server answers 304 though there was nothing before");
        result = HTTP_FAILED;
    }
    if (result == HTTP_NEW) {
        http_copy_free(copy);
        *copy = request.answer;
    } else {
        http_copy_free(&request.answer);
    }
    return result;
}

#endif
