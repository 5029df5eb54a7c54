/* SPDX-License-Identifier: Apache-2.0 */

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/resolver.h"
#include "base/thread.h"

#define TRY_S 1
#define TRIES 2

struct question {
    const char *host;
    int flags;                          /* of getaddrinfo */
    struct sockaddr_storage *addresses; /* room for `most` of them */
    size_t most;
    size_t count;
    char *name;     /* room for what the first address is called, or NULL */
    int name_flags; /* of getnameinfo */
    int answer;     /* of the resolver */
    int system;     /* errno, for EAI_SYSTEM */
};

static socklen_t size_of(const struct sockaddr_storage *address)
{
    return address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                          : sizeof(struct sockaddr_in);
}

static void keep(struct question *question, const struct addrinfo *one)
{
    struct sockaddr_storage *address = &question->addresses[question->count++];

    memset(address, 0, sizeof *address);
    memcpy(address, one->ai_addr, one->ai_addrlen);
}

/* Keeps what there is room for: first those of IPv4 or, without FIRST, the others. */
static void choose(struct question *question, const struct addrinfo *list, int first)
{
    for (const struct addrinfo *one = list; one && question->count < question->most;
         one = one->ai_next) {
        if ((one->ai_family == AF_INET) == first)
            keep(question, one);
    }
}

static void ask_name(struct question *question)
{
    const struct sockaddr_storage *address = question->addresses;

    question->answer = getnameinfo((const struct sockaddr *)address, size_of(address),
                                   question->name, FL_HOST_ROOM, NULL, 0, question->name_flags);
    question->system = errno;
}

static void ask(struct question *question)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = question->flags};
    struct addrinfo *list = NULL;

    question->answer = getaddrinfo(question->host, NULL, &hints, &list);
    question->system = errno;
    if (question->answer)
        return;

    question->count = 0;
    choose(question, list, 1);
    choose(question, list, 0);
    freeaddrinfo(list);
    if (question->name)
        ask_name(question);
}

/* The resolver's settings are each thread's own. */
static void limit_patience(void)
{
    if (res_init())
        return;
    if (_res.retrans > TRY_S)
        _res.retrans = TRY_S;
    if (_res.retry > TRIES)
        _res.retry = TRIES;
}

static void ask_impatiently(void *arg)
{
    limit_patience();
    ask(arg);
}

static int ask_on_thread(struct question *question, void (*ask_it)(void *question))
{
    struct fl_thread thread;

    if (fl_thread_start(&thread, "resolve", ask_it, question))
        return FLOW_ENOMEM;
    fl_thread_join(&thread);
    return question->answer == EAI_MEMORY ? FLOW_ENOMEM : FLOW_OK;
}

/* gai_strerror speaks the host's language. */
static const char *answer_text(const struct question *question)
{
    switch (question->answer) {
    case EAI_AGAIN: return "the name server does not answer";
    case EAI_NONAME:
    case EAI_NODATA: return "no such host";
    case EAI_SYSTEM: return fl_errno_text(question->system);
    default: return "the name cannot be resolved";
    }
}

/* Fills *ERR unless the question has been answered.  WHAT is what the host is, with a blank. */
static int judge(const struct question *question, const char *what, flow_error **err)
{
    if (!question->answer)
        return FLOW_OK;
    flow_error_setf(err, FLOW_EIO, "cannot resolve %s%s: %s", what, question->host,
                    answer_text(question));
    flow_error_set_retriable(err, question->answer == EAI_AGAIN);
    return FLOW_EIO;
}

int fl_resolver_find_all(const char *host, struct sockaddr_storage *addresses, size_t most,
                         size_t *count, flow_error **err)
{
    struct question question = {
        .host = host, .flags = AI_NUMERICHOST, .addresses = addresses, .most = most};

    /* A number needs no name server, and so no thread. */
    ask(&question);
    if (question.answer == EAI_NONAME) {
        question.flags = 0;
        if (ask_on_thread(&question, ask_impatiently))
            return fl_error_nomem(err);
    }
    *count = question.count;
    return judge(&question, "", err);
}

int fl_resolver_find(const char *host, struct sockaddr_storage *address, flow_error **err)
{
    size_t count;

    return fl_resolver_find_all(host, address, 1, &count, err);
}

static void ask_name_impatiently(void *arg)
{
    limit_patience();
    ask_name(arg);
}

int fl_resolver_name_of(const struct sockaddr_storage *address, char room[FL_HOST_ROOM],
                        flow_error **err)
{
    struct sockaddr_storage copy = *address;
    struct question question = {
        .host = "", .addresses = &copy, .name = room, .name_flags = NI_NAMEREQD};

    if (ask_on_thread(&question, ask_name_impatiently))
        return fl_error_nomem(err);
    return judge(&question, "the name of an address", err);
}

int fl_resolver_own_name(char room[FL_HOST_ROOM], flow_error **err)
{
    if (gethostname(room, FL_HOST_ROOM))
        return fl_error_errno(err, errno, "cannot read", "the machine's name");
    room[FL_HOST_ROOM - 1] = '\0';
    return FLOW_OK;
}

static int describe_self(char room[FL_HOST_ROOM], int flags, flow_error **err)
{
    struct sockaddr_storage address;
    char host[FL_HOST_ROOM];
    struct question question = {
        .host = host, .addresses = &address, .most = 1, .name = room, .name_flags = flags};
    int rc = fl_resolver_own_name(host, err);

    if (rc)
        return rc;
    if (ask_on_thread(&question, ask_impatiently))
        return fl_error_nomem(err);
    return judge(&question, "the machine's name ", err);
}

int fl_resolver_own_address(char room[FL_HOST_ROOM], flow_error **err)
{
    return describe_self(room, NI_NUMERICHOST, err);
}

int fl_resolver_own_full_name(char room[FL_HOST_ROOM], flow_error **err)
{
    return describe_self(room, 0, err);
}
