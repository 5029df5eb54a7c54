/* SPDX-License-Identifier: Apache-2.0 */

/* Any text as rules about who may connect, by which some peers are judged. */

#include <stdlib.h>
#include <string.h>

#include "base/resolver.h"
#include "fuzz.h"
#include "net/ip_filter.h"

static void judge(const struct fl_ip_filter *filter, const char *ip)
{
    struct sockaddr_storage address;

    if (fl_resolver_find(ip, &address, NULL))
        abort();
    int verdict = fl_ip_filter_judge(filter, &address, NULL);
    int named = fl_ip_filter_judge(filter, &address, "host.example.org");
    if (named == FL_IP_UNKNOWN || (verdict != FL_IP_UNKNOWN && verdict != named))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fl_ip_filter *filter = NULL;
    flow_error *err = NULL;
    char *rules = malloc(size + 1);

    if (!rules)
        return 0;
    if (size > 0)
        memcpy(rules, data, size);
    rules[size] = '\0';
    if (fl_ip_filter_new(NULL, rules, &filter, &err)) {
        flow_error_free(err);
    } else {
        judge(filter, "127.0.0.1");
        judge(filter, "192.0.2.77");
        judge(filter, "2001:db8::1");
        fl_ip_filter_free(filter);
    }
    free(rules);
    return 0;
}
