/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "base/error.h"
#include "base/number.h"
#include "clients/hosts.h"

void fl_hosts_free(struct fl_hosts *hosts)
{
    for (size_t i = 0; i < hosts->count; i++)
        fl_free(hosts->mem, hosts->hosts[i].name);
    fl_free(hosts->mem, hosts->hosts);
    *hosts = (struct fl_hosts){.mem = hosts->mem};
}

static const char *find_alias(const flow_context *ctx, const char *alias)
{
    const char *key;
    const char *value;

    for (size_t i = 0; flow_context_below(ctx, "hosts.", i, &key, &value); i++)
        if (strcmp(key, alias) == 0)
            return value;
    return NULL;
}

static size_t count_aliases(const flow_context *ctx)
{
    size_t count = 0;

    while (flow_context_word(ctx, "hosts", count))
        count++;
    return count;
}

static int refuse(const flow_context *ctx, const char *alias, const char *why, flow_error **err)
{
    flow_error *text = NULL;

    flow_error_setf(&text, FLOW_ECONFIG, "the host '%s' %s", alias, why);
    int rc = flow_context_refuse(ctx, "hosts", flow_error_message(text), err);
    flow_error_free(text);
    return rc;
}

/* Takes "host:port" or "[address]:port" apart; 0 when it is neither. */
static int split(const char *text, const char **name, size_t *size, uint16_t *port)
{
    const char *colon = strrchr(text, ':');
    int64_t number;

    if (!colon || colon == text || fl_parse_int(colon + 1, strlen(colon + 1), &number) ||
        number < 1 || number > UINT16_MAX)
        return 0;
    *port = (uint16_t)number;
    *name = text;
    *size = (size_t)(colon - text);
    if (text[0] != '[')
        return memchr(text, ':', *size) == NULL;
    *name = text + 1;
    *size -= 2;
    return colon - text > 2 && colon[-1] == ']';
}

static int add(struct fl_hosts *hosts, const char *name, size_t size, uint16_t port,
               flow_error **err)
{
    struct fl_host *host = &hosts->hosts[hosts->count];

    host->port = port;
    host->name = fl_strndup(hosts->mem, name, size);
    if (!host->name)
        return fl_error_nomem(err);
    hosts->count++;
    return FLOW_OK;
}

static int add_alias(const flow_context *ctx, const char *alias, struct fl_hosts *hosts,
                     flow_error **err)
{
    const char *text = find_alias(ctx, alias);
    const char *name;
    uint16_t port;
    size_t size;

    if (!text)
        return refuse(ctx, alias, "has no address: hosts.ALIAS = HOST:PORT", err);
    if (!split(text, &name, &size, &port))
        return refuse(ctx, alias, "must be given as HOST:PORT", err);
    return add(hosts, name, size, port, err);
}

static int read_list(const flow_context *ctx, size_t count, struct fl_hosts *hosts,
                     flow_error **err)
{
    int rc = FLOW_OK;

    for (size_t i = 0; !rc && i < count; i++)
        rc = add_alias(ctx, flow_context_word(ctx, "hosts", i), hosts, err);
    return rc;
}

int fl_hosts_read(const flow_context *ctx, size_t least, struct fl_hosts *hosts, flow_error **err)
{
    const flow_allocator *mem = flow_library_allocator(flow_context_library(ctx));
    const char *hostname = flow_context_string(ctx, "hostname");
    size_t count = count_aliases(ctx);
    int rc;

    *hosts = (struct fl_hosts){.mem = mem};
    if (count == 0 && !hostname)
        return flow_context_refuse(ctx, "hosts", "names no host", err);
    hosts->hosts = fl_calloc(mem, count ? count : 1, sizeof *hosts->hosts);
    if (!hosts->hosts)
        return fl_error_nomem(err);
    if (count > 0)
        rc = read_list(ctx, count, hosts, err);
    else
        rc = add(hosts, hostname, strlen(hostname), (uint16_t)flow_context_int(ctx, "port"), err);
    if (!rc && hosts->count < least)
        rc = flow_context_refuse(ctx, "hosts", "needs at least two hosts to share the load", err);
    if (rc)
        fl_hosts_free(hosts);
    return rc;
}

void fl_hosts_warn_of_others(const struct fl_hosts *hosts, const flow_context *ctx)
{
    if (hosts->count > 1)
        flow_context_logf(ctx, FLOW_LOG_WARN,
                          "events go to the first of %zu hosts only, %s:%u: that is what this "
                          "type of client does",
                          hosts->count, hosts->hosts[0].name, hosts->hosts[0].port);
}
