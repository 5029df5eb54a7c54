/* SPDX-License-Identifier: Apache-2.0 */

/* The system's resolver is put aside (-Wl,--wrap) where a test decides what it answers. */

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <signal.h>
#include <string.h>

#include <arpa/inet.h>

#include "base/resolver.h"
#include "base/thread.h"
#include "suite.h"

int __real_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                       struct addrinfo **found);
int __wrap_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                       struct addrinfo **found);

static struct {
    int answer; /* 0: two addresses, that of version 6 first; 1: whatever the system's says */
    int system; /* errno */
    int asked;
    char thread[16]; /* that asked last */
    int signals;     /* it was open to one */
    int patience_s;  /* with each server */
} resolver;

static int is_number(const struct addrinfo *hints)
{
    return hints->ai_flags & AI_NUMERICHOST;
}

/* What a thread that asks is like. */
static void note_thread(void)
{
    sigset_t mask;

    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    resolver.signals = !sigismember(&mask, SIGINT) || !sigismember(&mask, SIGALRM);
    fl_thread_name(resolver.thread, sizeof resolver.thread);
    resolver.patience_s = _res.retrans * _res.retry;
}

int __wrap_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                       struct addrinfo **found)
{
    const struct addrinfo numbers = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};

    if (is_number(hints) || resolver.answer == 1)
        return __real_getaddrinfo(host, service, hints, found);
    resolver.asked++;
    note_thread();
    errno = resolver.system;
    if (resolver.answer)
        return resolver.answer;
    int rc = __real_getaddrinfo("::1", service, &numbers, found);
    return rc ? rc : __real_getaddrinfo("127.0.0.9", service, &numbers, &(*found)->ai_next);
}

static void setup(int answer, int system)
{
    memset(&resolver, 0, sizeof resolver);
    resolver.answer = answer;
    resolver.system = system;
}

/* Finds "somewhere" and expects that to fail so. */
static void expect_failure(int answer, int system, int code, const char *message)
{
    struct sockaddr_storage address;
    flow_error *err = NULL;

    setup(answer, system);
    ck_assert_int_eq(fl_resolver_find("somewhere", &address, &err), code);
    ck_assert_str_eq(flow_error_message(err), message);
    ck_assert_int_eq(flow_error_retriable(err), answer == EAI_AGAIN || answer == EAI_MEMORY);
    flow_error_free(err);
    ck_assert_int_eq(resolver.asked, 1);
}

START_TEST(says_why_there_is_no_address)
{
    expect_failure(EAI_AGAIN, 0, FLOW_EIO,
                   "cannot resolve somewhere: the name server does not answer");
    expect_failure(EAI_NONAME, 0, FLOW_EIO, "cannot resolve somewhere: no such host");
    expect_failure(EAI_NODATA, 0, FLOW_EIO, "cannot resolve somewhere: no such host");
    expect_failure(EAI_SYSTEM, EMFILE, FLOW_EIO, "cannot resolve somewhere: Too many open files");
    expect_failure(EAI_FAIL, 0, FLOW_EIO, "cannot resolve somewhere: the name cannot be resolved");
    expect_failure(EAI_MEMORY, 0, FLOW_ENOMEM, "out of memory");
}
END_TEST

START_TEST(asks_on_a_thread_of_ours_without_much_patience)
{
    struct sockaddr_storage address;
    char own[16];

    setup(0, 0);
    res_init();
    _res.retrans = 77;
    ck_assert_int_eq(fl_resolver_find("somewhere", &address, NULL), FLOW_OK);
    ck_assert_str_eq(resolver.thread, "flow-resolve");
    ck_assert_int_eq(resolver.signals, 0);
    ck_assert_int_ge(resolver.patience_s, 1); /* 0: not set up yet, so resolv.conf decides */
    ck_assert_int_le(resolver.patience_s, 2);
    ck_assert_str_eq(fl_thread_name(own, sizeof own), "");
    ck_assert_int_eq(_res.retrans, 77); /* the caller's settings are its own */
}
END_TEST

START_TEST(prefers_ipv4)
{
    struct sockaddr_storage address;
    char name[FL_HOST_ROOM];

    setup(0, 0);
    ck_assert_int_eq(fl_resolver_find("somewhere", &address, NULL), FLOW_OK);
    ck_assert_int_eq(address.ss_family, AF_INET);
    ck_assert_int_eq(fl_resolver_own_address(name, NULL), FLOW_OK);
    ck_assert_str_eq(name, "127.0.0.9");
}
END_TEST

START_TEST(finds_all_addresses_for_which_there_is_room)
{
    struct sockaddr_storage addresses[3];
    size_t count;

    setup(0, 0);
    ck_assert_int_eq(fl_resolver_find_all("somewhere", addresses, 3, &count, NULL), FLOW_OK);
    ck_assert_uint_eq(count, 2);
    ck_assert_int_eq(addresses[0].ss_family, AF_INET);
    ck_assert_int_eq(addresses[1].ss_family, AF_INET6);
    ck_assert_int_eq(fl_resolver_find_all("somewhere", addresses, 1, &count, NULL), FLOW_OK);
    ck_assert_uint_eq(count, 1);
    ck_assert_int_eq(addresses[0].ss_family, AF_INET);
}
END_TEST

START_TEST(knows_the_names_of_addresses)
{
    struct sockaddr_storage address;
    char name[FL_HOST_ROOM];
    flow_error *err = NULL;

    setup(1, 0);
    ck_assert_int_eq(fl_resolver_find("127.0.0.1", &address, NULL), FLOW_OK);
    ck_assert_int_eq(fl_resolver_name_of(&address, name, NULL), FLOW_OK);
    ck_assert_str_eq(name, "localhost");
    /* Kept for documentation: nobody has it. */
    ck_assert_int_eq(fl_resolver_find("2001:db8::1", &address, NULL), FLOW_OK);
    ck_assert_int_eq(fl_resolver_name_of(&address, name, &err), FLOW_EIO);
    flow_error_free(err);
}
END_TEST

START_TEST(asks_nobody_about_numbers)
{
    struct sockaddr_storage address;

    setup(EAI_AGAIN, 0);
    ck_assert_int_eq(fl_resolver_find("127.0.0.1", &address, NULL), FLOW_OK);
    ck_assert_int_eq(address.ss_family, AF_INET);
    ck_assert_int_eq(fl_resolver_find("::1", &address, NULL), FLOW_OK);
    ck_assert_int_eq(address.ss_family, AF_INET6);
    ck_assert_int_eq(resolver.asked, 0);
}
END_TEST

START_TEST(knows_this_machine)
{
    char name[FL_HOST_ROOM], address[FL_HOST_ROOM], full[FL_HOST_ROOM];
    uint8_t bytes[16];

    setup(1, 0);
    ck_assert_int_eq(fl_resolver_own_name(name, NULL), FLOW_OK);
    ck_assert_str_ne(name, "");
    ck_assert_int_eq(fl_resolver_own_address(address, NULL), FLOW_OK);
    ck_assert(inet_pton(AF_INET, address, bytes) == 1 || inet_pton(AF_INET6, address, bytes) == 1);
    ck_assert_int_eq(fl_resolver_own_full_name(full, NULL), FLOW_OK);
    ck_assert_str_ne(full, "");
}
END_TEST

START_TEST(names_the_machine_that_has_no_address)
{
    char name[FL_HOST_ROOM], text[FL_HOST_ROOM];
    flow_error *err = NULL;

    setup(EAI_NONAME, 0);
    fl_resolver_own_name(name, NULL);
    ck_assert_int_eq(fl_resolver_own_full_name(text, &err), FLOW_EIO);
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), "cannot resolve the machine's name "));
    ck_assert_ptr_nonnull(strstr(flow_error_message(err), name));
    flow_error_free(err);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"failures", says_why_there_is_no_address},
        {"thread", asks_on_a_thread_of_ours_without_much_patience},
        {"IPv4", prefers_ipv4},
        {"all addresses", finds_all_addresses_for_which_there_is_room},
        {"names", knows_the_names_of_addresses},
        {"numbers", asks_nobody_about_numbers},
        {"this machine", knows_this_machine},
        {"no address", names_the_machine_that_has_no_address},
    };

    return RUN_SUITE("base/resolver", tests);
}
