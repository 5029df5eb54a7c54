/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Resolving: hdfs.path names a file system as Hadoop's clients do, by a name service or by the
 * NameNode's RPC address, but WebHDFS is spoken at the NameNode's HTTP address.  hdfs-site.xml
 * knows which belong together; without it, the ports are those of Hadoop 3 and 2.
 */

#include <string.h>

#include "base/error.h"
#include "base/number.h"
#include "sinks/hdfs/resolve.h"

#define NAME_MAX_SIZE 256

/* A URL in pieces. */
struct url {
    char scheme[16]; /* "" for none */
    char authority[NAME_MAX_SIZE];
    const char *path;
};

struct resolver {
    const struct fl_hdfs_site *site;
    struct fl_hdfs_address *address;
    int secure; /* https */
    flow_error **err;
};

static int copy_part(char *to, size_t room, const char *from, size_t size)
{
    if (size >= room)
        return FLOW_EINVAL;
    memcpy(to, from, size);
    to[size] = '\0';
    return FLOW_OK;
}

static int split(const char *text, struct url *url, flow_error **err)
{
    const char *colon = strchr(text, ':');
    const char *slash = strchr(text, '/');
    int rc = FLOW_OK;

    memset(url, 0, sizeof *url);
    url->path = text;
    if (colon && (!slash || colon < slash) && slash == colon + 1) {
        rc = copy_part(url->scheme, sizeof url->scheme, text, (size_t)(colon - text));
        url->path = colon + 1;
    }
    if (!rc && url->path[0] == '/' && url->path[1] == '/' && url->path != text) {
        const char *authority = url->path + 2;
        size_t size = strcspn(authority, "/");
        rc = copy_part(url->authority, sizeof url->authority, authority, size);
        url->path = authority + size;
    }
    if (!rc && strchr(url->authority, '%'))
        return flow_error_setf(err, FLOW_EINVAL, "escapes belong behind the name of the server: %s",
                               text);
    return rc ? flow_error_setf(err, FLOW_EINVAL, "cannot understand %s", text) : FLOW_OK;
}

/* The value of "NAME[.A[.B]]", which the caller frees, or NULL. */
static int lookup(const struct resolver *resolver, const char *name, const char *a, const char *b,
                  char **value)
{
    struct fl_buf key;

    *value = NULL;
    fl_buf_init(&key, resolver->site->mem);
    int rc = fl_buf_text(&key, name);
    if (!rc && a)
        rc = fl_buf_printf(&key, ".%s", a);
    if (!rc && b)
        rc = fl_buf_printf(&key, ".%s", b);
    const char *text = rc ? NULL : fl_buf_cstr(&key);
    rc = text ? fl_hdfs_site_get(resolver->site, text, value) : FLOW_ENOMEM;
    fl_buf_free(&key);
    return rc;
}

/* Adds "http://HOST:PORT"; ADDRESS is HOST:PORT, or only its host counts when PORT is given. */
static int add_url(const struct resolver *resolver, const char *address, size_t host_size,
                   const char *port)
{
    struct fl_buf url;

    fl_buf_init(&url, resolver->address->mem);
    int rc = fl_buf_printf(&url, "%s://%.*s%s%s", resolver->secure ? "https" : "http",
                           (int)host_size, address, port ? ":" : "", port ? port : "");
    char *text = rc ? NULL : fl_buf_detach(&url);
    fl_buf_free(&url);
    if (text && fl_vec_push(&resolver->address->urls, &text))
        return FLOW_OK;
    fl_free(resolver->address->mem, text);
    return FLOW_ENOMEM;
}

/* The size of the host in "HOST:PORT", where an IPv6 address stands in brackets. */
static size_t host_size(const char *address)
{
    const char *bracket = address[0] == '[' ? strchr(address, ']') : NULL;
    const char *from = bracket ? bracket : address;

    return (size_t)(from - address) + strcspn(from, ":");
}

/* Adds the ports that a NameNode's HTTP server has by default. */
static int add_default_ports(const struct resolver *resolver, const char *host)
{
    size_t size = host_size(host);
    int rc = add_url(resolver, host, size, resolver->secure ? "9871" : "9870");

    return rc ? rc : add_url(resolver, host, size, resolver->secure ? "50470" : "50070");
}

/* A server that listens everywhere is reached at the host of its RPC address. */
static int add_http_address(const struct resolver *resolver, const char *http, const char *rpc)
{
    const char *port = strrchr(http, ':');

    if (!strncmp(http, "0.0.0.0:", 8) && rpc)
        return add_url(resolver, rpc, host_size(rpc), port + 1);
    return add_url(resolver, http, strlen(http), NULL);
}

/* Adds the NameNode NODE (or the only one) of SERVICE (or of the only one). */
static int add_node(const struct resolver *resolver, const char *service, const char *node)
{
    const char *name =
        resolver->secure ? "dfs.namenode.https-address" : "dfs.namenode.http-address";
    char *http = NULL, *rpc = NULL;
    int rc = lookup(resolver, name, service, node, &http);

    if (!rc)
        rc = lookup(resolver, "dfs.namenode.rpc-address", service, node, &rpc);
    if (!rc && http)
        rc = add_http_address(resolver, http, rpc);
    else if (!rc && rpc)
        rc = add_default_ports(resolver, rpc);
    fl_free(resolver->site->mem, http);
    fl_free(resolver->site->mem, rpc);
    return rc;
}

/* Calls FN for each word of a list divided by commas and blanks. */
static int each_word(const struct resolver *resolver, const char *list,
                     int (*fn)(const struct resolver *, const char *, void *), void *arg)
{
    char word[NAME_MAX_SIZE];
    int rc = FLOW_OK;

    while (*list && !rc) {
        list += strspn(list, ", \t\r\n");
        size_t size = strcspn(list, ", \t\r\n");
        if (size && !copy_part(word, sizeof word, list, size))
            rc = fn(resolver, word, arg);
        list += size;
    }
    return rc;
}

static int add_service_node(const struct resolver *resolver, const char *node, void *service)
{
    return add_node(resolver, service, node);
}

/* Adds the NameNodes of the name service NAME, if there is one. */
static int add_service(const struct resolver *resolver, char *name)
{
    char *nodes = NULL;
    int rc = lookup(resolver, "dfs.ha.namenodes", name, NULL, &nodes);

    if (!rc && nodes)
        rc = each_word(resolver, nodes, add_service_node, name);
    else if (!rc)
        rc = add_node(resolver, name, NULL);
    fl_free(resolver->site->mem, nodes);
    return rc;
}

struct wanted {
    const char *address; /* HOST:PORT of the RPC server */
    const char *service;
};

/* Adds the HTTP address of the node whose RPC address is the one that is wanted. */
static int add_if_same(const struct resolver *resolver, const char *node, void *arg)
{
    const struct wanted *wanted = arg;
    char *rpc = NULL;
    int rc = lookup(resolver, "dfs.namenode.rpc-address", wanted->service, node, &rpc);

    if (!rc && rpc && fl_equal_ignore_case(rpc, wanted->address))
        rc = add_node(resolver, wanted->service, node);
    fl_free(resolver->site->mem, rpc);
    return rc;
}

static int search_service(const struct resolver *resolver, const char *service, void *arg)
{
    struct wanted wanted = {arg, service};
    char *nodes = NULL;
    int rc = lookup(resolver, "dfs.ha.namenodes", service, NULL, &nodes);

    if (!rc && nodes)
        rc = each_word(resolver, nodes, add_if_same, &wanted);
    else if (!rc)
        rc = add_if_same(resolver, NULL, &wanted);
    fl_free(resolver->site->mem, nodes);
    return rc;
}

/* The only NameNode's HTTP address, when its RPC address is fs.defaultFS and stands nowhere else.
 */
static int add_default_node(const struct resolver *resolver, const char *address)
{
    char *fs = NULL, *rpc = NULL;
    int rc = lookup(resolver, "fs.defaultFS", NULL, NULL, &fs);

    if (!rc)
        rc = lookup(resolver, "dfs.namenode.rpc-address", NULL, NULL, &rpc);
    if (!rc && !rpc && fs && !strncmp(fs, "hdfs://", 7) &&
        !strncmp(fs + 7, address, strlen(address)) && strcspn(fs + 7, "/") == strlen(address))
        rc = add_node(resolver, NULL, NULL);
    fl_free(resolver->site->mem, fs);
    fl_free(resolver->site->mem, rpc);
    return rc;
}

/* Adds the NameNode whose RPC server is at ADDRESS. */
static int add_by_rpc(const struct resolver *resolver, char *address)
{
    char *services = NULL;
    int rc = lookup(resolver, "dfs.nameservices", NULL, NULL, &services);

    if (!rc && services)
        rc = each_word(resolver, services, search_service, address);
    fl_free(resolver->site->mem, services);
    if (!rc && !resolver->address->urls.count)
        rc = search_service(resolver, NULL, address);
    if (!rc && !resolver->address->urls.count)
        rc = add_default_node(resolver, address);
    if (!rc && !resolver->address->urls.count)
        rc = add_default_ports(resolver, address);
    return rc;
}

/* Finds the servers of AUTHORITY; HTTP tells that a port in it is that of the HTTP server. */
static int find_servers(const struct resolver *resolver, char *authority, int http)
{
    size_t host = host_size(authority);
    int rc = FLOW_OK;

    if (!authority[host])
        rc = add_service(resolver, authority);
    if (rc || resolver->address->urls.count)
        return rc;
    if (http && authority[host])
        return add_url(resolver, authority, strlen(authority), NULL);
    return http ? add_default_ports(resolver, authority) : add_by_rpc(resolver, authority);
}

/* Relative paths begin in the user's folder. */
static int set_path(struct fl_hdfs_address *address, const char *path, const char *user)
{
    struct fl_buf out;

    fl_buf_init(&out, address->mem);
    int rc = !address->local && *path != '/' ? fl_buf_printf(&out, "/user/%s/", user) : FLOW_OK;
    if (!rc)
        rc = fl_buf_text(&out, *path ? path : "/");
    address->path = rc ? NULL : fl_buf_detach(&out);
    fl_buf_free(&out);
    return address->path ? FLOW_OK : FLOW_ENOMEM;
}

/* Whether a cluster without a plain HTTP server says so. */
static int https_only(const struct resolver *resolver)
{
    char *policy = NULL;
    int only = !lookup(resolver, "dfs.http.policy", NULL, NULL, &policy) && policy &&
               fl_equal_ignore_case(policy, "HTTPS_ONLY");

    fl_free(resolver->site->mem, policy);
    return only;
}

static int resolve_remote(struct resolver *resolver, struct url *url)
{
    int http = !strcmp(url->scheme, "webhdfs") || !strcmp(url->scheme, "swebhdfs");

    if (!http && strcmp(url->scheme, "hdfs"))
        return flow_error_setf(resolver->err, FLOW_EINVAL,
                               "'%s' is no file system of this sink: there are hdfs, webhdfs, "
                               "swebhdfs and file",
                               url->scheme);
    if (!*url->authority)
        return flow_error_setf(resolver->err, FLOW_EINVAL, "'%s://' names no server", url->scheme);
    resolver->secure = !strcmp(url->scheme, "swebhdfs") || (!http && https_only(resolver));
    if (find_servers(resolver, url->authority, http))
        return fl_error_nomem(resolver->err);
    return FLOW_OK;
}

/* Completes a URL without scheme or authority from fs.defaultFS. */
static int apply_default(const struct resolver *resolver, struct url *url)
{
    const char *path = url->path;
    char *fs = NULL;
    int rc = FLOW_OK;

    if (*url->authority || (*url->scheme && strcmp(url->scheme, "hdfs")))
        return FLOW_OK;
    if (fl_hdfs_site_get(resolver->site, "fs.defaultFS", &fs))
        return fl_error_nomem(resolver->err);
    if (fs)
        rc = split(fs, url, resolver->err);
    else if (!*url->scheme)
        memcpy(url->scheme, "file", 5);
    url->path = path;
    fl_free(resolver->site->mem, fs);
    return rc;
}

int fl_hdfs_resolve(const struct fl_hdfs_site *site, const char *text, const char *user,
                    struct fl_hdfs_address *address, flow_error **err)
{
    struct resolver resolver = {.site = site, .address = address, .err = err};
    struct url url;

    memset(address, 0, sizeof *address);
    address->mem = site->mem;
    address->user = user;
    fl_vec_init(&address->urls, site->mem, sizeof(char *));
    int rc = split(text, &url, err);
    if (!rc)
        rc = apply_default(&resolver, &url);
    if (rc)
        return rc;
    address->local = !strcmp(url.scheme, "file");
    if (!address->local)
        rc = resolve_remote(&resolver, &url);
    if (!rc && set_path(address, url.path, user))
        rc = fl_error_nomem(err);
    if (rc)
        fl_hdfs_address_free(address);
    return rc;
}

void fl_hdfs_address_free(struct fl_hdfs_address *address)
{
    for (size_t i = 0; i < address->urls.count; i++)
        fl_free(address->mem, *(char **)fl_vec_at(&address->urls, i));
    fl_vec_free(&address->urls);
    fl_free(address->mem, address->path);
    address->path = NULL;
}
