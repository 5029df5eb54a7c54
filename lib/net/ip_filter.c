/* SPDX-License-Identifier: Apache-2.0 */

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/number.h"
#include "base/regex.h"
#include "base/resolver.h"
#include "base/vec.h"
#include "net/ip_filter.h"

#define NAMES_MOST 64 /* addresses of one name that are looked at */

struct rule {
    int allows;
    int by_name;
    struct fl_regex *pattern; /* NULL: any address of this machine */
};

struct fl_ip_filter {
    const flow_allocator *mem;
    struct fl_vec rules; /* of struct rule */
};

/* ---- reading ---- */

struct text {
    const char *at;
    size_t size;
};

static struct text trim(struct text text)
{
    while (text.size > 0 && fl_is_space(*text.at)) {
        text.at++;
        text.size--;
    }
    while (text.size > 0 && fl_is_space(text.at[text.size - 1]))
        text.size--;
    return text;
}

/* Cuts what is before the next SEPARATOR off TEXT. */
static struct text cut(struct text *text, char separator)
{
    const char *end = memchr(text->at, separator, text->size);
    struct text first = {text->at, end ? (size_t)(end - text->at) : text->size};
    size_t used = first.size + (end != NULL);

    text->at += used;
    text->size -= used;
    return first;
}

static int is(struct text text, const char *word)
{
    return strlen(word) == text.size && memcmp(text.at, word, text.size) == 0;
}

static int refuse(struct text rule, const char *why, flow_error **err)
{
    return flow_error_setf(err, FLOW_EPARSE, "the rule '%.*s' %s", (int)rule.size, rule.at, why);
}

/* Writes a pattern as a regular expression. */
static int translate(struct fl_buf *out, struct text pattern)
{
    int rc = FLOW_OK;

    for (size_t i = 0; i < pattern.size && !rc; i++) {
        switch (pattern.at[i]) {
        case '.': rc = fl_buf_text(out, "\\."); break;
        case '*': rc = fl_buf_text(out, ".*"); break;
        case '?': rc = fl_buf_byte(out, '.'); break;
        default: rc = fl_buf_byte(out, (uint8_t)pattern.at[i]);
        }
    }
    return rc;
}

static int compile(struct fl_ip_filter *filter, struct text whole, struct text pattern,
                   struct rule *rule, flow_error **err)
{
    struct fl_buf regex;
    flow_error *cause = NULL;

    fl_buf_init(&regex, filter->mem);
    const char *text = translate(&regex, pattern) ? NULL : fl_buf_cstr(&regex);
    int rc = text ? fl_regex_new(filter->mem, text, &rule->pattern, &cause) : FLOW_ENOMEM;
    fl_buf_free(&regex);
    if (rc == FLOW_ENOMEM)
        rc = fl_error_nomem(err);
    else if (rc)
        rc = flow_error_setf(err, FLOW_EPARSE, "the rule '%.*s' has a bad pattern: %s",
                             (int)whole.size, whole.at, fl_error_text(cause));
    flow_error_free(cause);
    return rc;
}

static int read_rule(struct fl_ip_filter *filter, struct text whole, flow_error **err)
{
    struct text rest = whole;
    struct text access = cut(&rest, ':');
    struct text kind = cut(&rest, ':');
    struct rule rule = {.allows = is(access, "allow"), .by_name = is(kind, "name")};

    if ((!rule.allows && !is(access, "deny")) || (!rule.by_name && !is(kind, "ip")) ||
        rest.size == 0)
        return refuse(whole, "is not {allow|deny}:{ip|name}:PATTERN", err);
    int is_local = rule.by_name && is(rest, "localhost");
    int rc = is_local ? FLOW_OK : compile(filter, whole, rest, &rule, err);
    if (rc)
        return rc;
    if (fl_vec_push(&filter->rules, &rule))
        return FLOW_OK;
    fl_regex_free(rule.pattern);
    return fl_error_nomem(err);
}

int fl_ip_filter_new(const flow_allocator *mem, const char *rules, struct fl_ip_filter **filter,
                     flow_error **err)
{
    struct fl_ip_filter *made = fl_zalloc(mem, sizeof *made);
    struct text text = {rules, strlen(rules)};
    int rc = FLOW_OK;

    if (!made)
        return fl_error_nomem(err);
    made->mem = mem;
    fl_vec_init(&made->rules, mem, sizeof(struct rule));
    do
        rc = read_rule(made, trim(cut(&text, ',')), err);
    while (!rc && text.size > 0);
    if (rc)
        fl_ip_filter_free(made);
    else
        *filter = made;
    return rc;
}

void fl_ip_filter_free(struct fl_ip_filter *filter)
{
    if (!filter)
        return;
    for (size_t i = 0; i < filter->rules.count; i++)
        fl_regex_free(((struct rule *)fl_vec_at(&filter->rules, i))->pattern);
    fl_vec_free(&filter->rules);
    fl_free(filter->mem, filter);
}

/* ---- addresses ---- */

/* An address without its port; one of IPv4 that came by a socket of IPv6 is what it is. */
struct ip {
    int family;
    uint8_t bytes[16];
};

static struct ip ip_of(const struct sockaddr *address)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    struct ip ip = {.family = address->sa_family};

    if (ip.family == AF_INET) {
        memcpy(ip.bytes, &((const struct sockaddr_in *)address)->sin_addr, 4);
    } else if (ip.family == AF_INET6) {
        memcpy(ip.bytes, &((const struct sockaddr_in6 *)address)->sin6_addr, 16);
        if (memcmp(ip.bytes, mapped, sizeof mapped) == 0) {
            ip.family = AF_INET;
            memmove(ip.bytes, ip.bytes + 12, 4);
            memset(ip.bytes + 4, 0, 12);
        }
    }
    return ip;
}

static int same(const struct ip *a, const struct ip *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

static int is_own(const struct ip *ip)
{
    struct ifaddrs *all;
    int found = 0;

    if (getifaddrs(&all))
        return 0;
    for (const struct ifaddrs *one = all; one && !found; one = one->ifa_next) {
        struct ip own = one->ifa_addr ? ip_of(one->ifa_addr) : (struct ip){0};
        found = same(ip, &own);
    }
    freeifaddrs(all);
    return found;
}

/* As Java writes an address of IPv6: all of it. */
static void write_long(const struct ip *ip, char text[INET6_ADDRSTRLEN])
{
    size_t at = 0;

    for (int i = 0; i < 16; i += 2)
        at += (size_t)snprintf(text + at, INET6_ADDRSTRLEN - at, "%s%x", i ? ":" : "",
                               ip->bytes[i] << 8 | ip->bytes[i + 1]);
}

/* ---- judging ---- */

static int matches(const struct fl_regex *pattern, const char *text)
{
    return fl_regex_matches(pattern, text, strlen(text)) > 0;
}

static int matches_ip(const struct rule *rule, const struct ip *ip)
{
    char text[INET6_ADDRSTRLEN] = "";

    inet_ntop(ip->family, ip->bytes, text, sizeof text);
    if (matches(rule->pattern, text))
        return 1;
    if (ip->family != AF_INET6)
        return 0;
    write_long(ip, text);
    return matches(rule->pattern, text);
}

int fl_ip_filter_judge(const struct fl_ip_filter *filter, const struct sockaddr_storage *address,
                       const char *name)
{
    const struct ip ip = ip_of((const struct sockaddr *)address);

    for (size_t i = 0; i < filter->rules.count; i++) {
        const struct rule *rule = fl_vec_at(&filter->rules, i);
        if (rule->by_name && rule->pattern && !name)
            return FL_IP_UNKNOWN;
        int hit = !rule->pattern   ? is_own(&ip)
                  : !rule->by_name ? matches_ip(rule, &ip)
                                   : matches(rule->pattern, name);
        if (hit)
            return rule->allows ? FL_IP_ALLOWED : FL_IP_REFUSED;
    }
    return FL_IP_ALLOWED;
}

/* Whether NAME has the address; anybody may call his address what he likes. */
static int leads_back(const char *name, const struct ip *ip)
{
    struct sockaddr_storage found[NAMES_MOST];
    size_t count = 0;

    if (fl_resolver_find_all(name, found, NAMES_MOST, &count, NULL))
        return 0;
    while (count > 0) {
        struct ip one = ip_of((const struct sockaddr *)&found[--count]);
        if (same(&one, ip))
            return 1;
    }
    return 0;
}

int fl_ip_filter_judge_by_name(const struct fl_ip_filter *filter,
                               const struct sockaddr_storage *address)
{
    const struct ip ip = ip_of((const struct sockaddr *)address);
    char name[FL_HOST_ROOM];

    if (fl_resolver_name_of(address, name, NULL) || !leads_back(name, &ip))
        inet_ntop(ip.family, ip.bytes, name, sizeof name);
    return fl_ip_filter_judge(filter, address, name);
}

/* ---- properties ---- */

static const flow_property properties[] = {
    {
        .name = "ipFilter",
        .type = FLOW_TYPE_BOOL,
        .default_value = "false",
        .help = "Look at ipFilterRules before a connection is taken.",
    },
    {
        .name = "ipFilterRules",
        .type = FLOW_TYPE_STRING,
        .help = "Who may connect: rules {allow|deny}:{ip|name}:PATTERN, separated by commas, of "
                "which the first that matches decides; who matches none may. In a pattern * is any "
                "text and ? any character. name:localhost is this machine.",
    },
};

const flow_schema fl_ip_filter_schema = {
    .struct_size = sizeof(flow_schema),
    .property_size = sizeof(flow_property),
    .properties = properties,
    .count = sizeof properties / sizeof properties[0],
    .summary = "Rules about who may connect.",
};

int fl_ip_filter_open(flow_context *ctx, struct fl_ip_filter **filter, flow_error **err)
{
    const flow_allocator *mem = flow_library_allocator(flow_context_library(ctx));
    const char *rules = flow_context_string(ctx, "ipFilterRules");
    flow_error *cause = NULL;

    *filter = NULL;
    if (!flow_context_bool(ctx, "ipFilter"))
        return FLOW_OK;
    if (!rules)
        return flow_context_refuse(ctx, "ipFilterRules", "ipFilter needs them", err);
    int rc = fl_ip_filter_new(mem, rules, filter, &cause);
    if (rc == FLOW_EPARSE)
        rc = flow_context_refuse(ctx, "ipFilterRules", fl_error_text(cause), err);
    else if (rc)
        rc = fl_error_nomem(err);
    flow_error_free(cause);
    return rc;
}
