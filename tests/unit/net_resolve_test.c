/* SPDX-License-Identifier: Apache-2.0 */

#include <string.h>

#include "net/resolve.h"
#include "suite.h"

static void expect(const char *host, uint16_t port, const char *expected)
{
    struct sockaddr_storage address;
    char text[FL_ADDRESS_TEXT];

    ck_assert_int_eq(fl_resolve(host, port, &address, NULL), FLOW_OK);
    fl_address_text(&address, text);
    ck_assert_str_eq(text, expected);
    ck_assert_uint_eq(fl_address_port(&address), port);
}

START_TEST(numbers_are_addresses)
{
    expect("127.0.0.1", 80, "127.0.0.1:80");
    expect("0.0.0.0", 65535, "0.0.0.0:65535");
    expect("::1", 0, "[::1]:0");
}
END_TEST

START_TEST(ipv4_is_preferred)
{
    expect("localhost", 7, "127.0.0.1:7");
}
END_TEST

START_TEST(unknown_name_is_named)
{
    struct sockaddr_storage address;
    flow_error *err = NULL;

    ck_assert_int_eq(fl_resolve("no-such-host.invalid", 1, &address, &err), FLOW_EIO);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "no-such-host.invalid"));
    flow_error_free(err);
}
END_TEST

START_TEST(no_address_has_no_text)
{
    const struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    char text[FL_ADDRESS_TEXT];

    fl_address_text(&address, text);
    ck_assert_str_eq(text, "?");
    ck_assert_uint_eq(fl_address_port(&address), 0);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"numbers", numbers_are_addresses},
        {"IPv4", ipv4_is_preferred},
        {"unknown", unknown_name_is_named},
        {"none", no_address_has_no_text},
    };

    return RUN_SUITE("net/resolve", tests);
}
