/* SPDX-License-Identifier: Apache-2.0 */

/* Rules about who may connect, as wire descriptions of Flume have them. */

#include <string.h>

#include "base/resolver.h"
#include "failing.h"
#include "net/ip_filter.h"
#include "suite.h"

static int judge(const char *rules, const char *ip, const char *name)
{
    struct sockaddr_storage address;
    struct fl_ip_filter *filter;
    flow_error *err = NULL;

    ck_assert_msg(!fl_ip_filter_new(NULL, rules, &filter, &err), "%s", flow_error_message(err));
    ck_assert_int_eq(fl_resolver_find(ip, &address, NULL), FLOW_OK);
    int verdict = fl_ip_filter_judge(filter, &address, name);
    fl_ip_filter_free(filter);
    return verdict;
}

START_TEST(the_first_rule_that_matches_decides)
{
    const char *rules = "allow:ip:10.1.*, deny:ip:10.* ,allow:ip:10.2.3.4";

    ck_assert_int_eq(judge(rules, "10.1.2.3", NULL), FL_IP_ALLOWED);
    ck_assert_int_eq(judge(rules, "10.2.3.4", NULL), FL_IP_REFUSED);
    ck_assert_int_eq(judge(rules, "192.168.0.1", NULL), FL_IP_ALLOWED);
    ck_assert_int_eq(judge("deny:ip:*", "192.168.0.1", NULL), FL_IP_REFUSED);
}
END_TEST

START_TEST(a_pattern_matches_all_of_an_address)
{
    ck_assert_int_eq(judge("deny:ip:10.0.0.1", "10.0.0.1", NULL), FL_IP_REFUSED);
    ck_assert_int_eq(judge("deny:ip:10.0.0.1", "10.0.0.11", NULL), FL_IP_ALLOWED);
    ck_assert_int_eq(judge("deny:ip:10.0.0.?", "10.0.0.7", NULL), FL_IP_REFUSED);
    ck_assert_int_eq(judge("deny:ip:10.0.0.?", "10.0.0.71", NULL), FL_IP_ALLOWED);
    ck_assert_int_eq(judge("deny:ip:10.0.0.(1|2)", "10.0.0.2", NULL), FL_IP_REFUSED);
    ck_assert_int_eq(judge("deny:ip:10.0.0.[1-3]", "10.0.0.4", NULL), FL_IP_ALLOWED);
    ck_assert_int_eq(judge("deny:ip:1.0.0.*", "100.0.0.1", NULL), FL_IP_ALLOWED);
}
END_TEST

START_TEST(addresses_of_ipv6_go_by_what_java_writes_and_by_what_others_do)
{
    ck_assert_int_eq(judge("deny:ip:2001:db8:0:0:0:0:0:1", "2001:db8::1", NULL), FL_IP_REFUSED);
    ck_assert_int_eq(judge("deny:ip:2001:db8::1", "2001:db8::1", NULL), FL_IP_REFUSED);
    ck_assert_int_eq(judge("deny:ip:2001:db8:*", "2001:db9::1", NULL), FL_IP_ALLOWED);
    ck_assert_int_eq(judge("deny:ip:10.0.0.1", "::ffff:10.0.0.1", NULL), FL_IP_REFUSED);
}
END_TEST

START_TEST(names_are_asked_for_only_when_a_rule_needs_one)
{
    const char *rules = "allow:ip:10.1.*,deny:name:*.example.org";

    ck_assert_int_eq(judge(rules, "10.1.0.1", NULL), FL_IP_ALLOWED);
    ck_assert_int_eq(judge(rules, "10.2.0.1", NULL), FL_IP_UNKNOWN);
    ck_assert_int_eq(judge(rules, "10.2.0.1", "a.example.org"), FL_IP_REFUSED);
    ck_assert_int_eq(judge(rules, "10.2.0.1", "a.example.com"), FL_IP_ALLOWED);
}
END_TEST

START_TEST(localhost_is_this_machine_whatever_it_is_called)
{
    const char *rules = "allow:name:localhost,deny:ip:*";

    ck_assert_int_eq(judge(rules, "127.0.0.1", NULL), FL_IP_ALLOWED);
    ck_assert_int_eq(judge(rules, "192.0.2.1", "localhost"), FL_IP_REFUSED);
}
END_TEST

START_TEST(a_name_has_to_lead_back)
{
    struct sockaddr_storage address;
    struct fl_ip_filter *filter;

    fl_ip_filter_new(NULL, "allow:name:localhos?,allow:name:192.0.2.1,deny:ip:*", &filter, NULL);
    fl_resolver_find("127.0.0.1", &address, NULL);
    ck_assert_int_eq(fl_ip_filter_judge_by_name(filter, &address), FL_IP_ALLOWED);
    /* For documentation: it has no name, and is called by its address. */
    fl_resolver_find("192.0.2.1", &address, NULL);
    ck_assert_int_eq(fl_ip_filter_judge_by_name(filter, &address), FL_IP_ALLOWED);
    fl_resolver_find("192.0.2.2", &address, NULL);
    ck_assert_int_eq(fl_ip_filter_judge_by_name(filter, &address), FL_IP_REFUSED);
    fl_ip_filter_free(filter);
}
END_TEST

START_TEST(what_is_no_rule_is_refused_by_name)
{
    static const struct {
        const char *rules;
        const char *message;
    } cases[] = {
        {"", "the rule '' is not {allow|deny}:{ip|name}:PATTERN"},
        {"allow", "the rule 'allow' is not"},
        {"allow:ip", "the rule 'allow:ip' is not"},
        {"allow:ip:", "the rule 'allow:ip:' is not"},
        {"Allow:ip:*", "the rule 'Allow:ip:*' is not"},
        {"allow:host:*", "the rule 'allow:host:*' is not"},
        {"allow:ip:*,,deny:ip:*", "the rule '' is not"},
        {"allow:ip:*, deny;ip:* ", "the rule 'deny;ip:*' is not"},
        {"deny:ip:10.(1", "the rule 'deny:ip:10.(1' has a bad pattern: "},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fl_ip_filter *filter = NULL;
        flow_error *err = NULL;
        ck_assert_int_eq(fl_ip_filter_new(NULL, cases[i].rules, &filter, &err), FLOW_EPARSE);
        ck_assert_msg(strstr(flow_error_message(err), cases[i].message), "%s: %s", cases[i].rules,
                      flow_error_message(err));
        ck_assert_ptr_null(filter);
        flow_error_free(err);
    }
}
END_TEST

START_TEST(out_of_memory_is_an_error)
{
    struct failing failing;
    int rc = FLOW_ENOMEM;

    failing_init(&failing);
    for (int64_t grants = 0; rc == FLOW_ENOMEM; grants++) {
        struct fl_ip_filter *filter = NULL;
        failing_after(&failing, grants);
        rc = fl_ip_filter_new(&failing.allocator, "allow:ip:1.*,allow:name:localhost,deny:name:a*",
                              &filter, NULL);
        fl_ip_filter_free(filter);
        ck_assert_int_eq(failing.live, 0);
    }
    ck_assert_int_eq(rc, FLOW_OK);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"order", the_first_rule_that_matches_decides},
        {"patterns", a_pattern_matches_all_of_an_address},
        {"IPv6", addresses_of_ipv6_go_by_what_java_writes_and_by_what_others_do},
        {"names", names_are_asked_for_only_when_a_rule_needs_one},
        {"localhost", localhost_is_this_machine_whatever_it_is_called},
        {"back", a_name_has_to_lead_back},
        {"faults", what_is_no_rule_is_refused_by_name},
        {"no memory", out_of_memory_is_an_error},
    };

    return RUN_SUITE("net/ip_filter", tests);
}
