/* SPDX-License-Identifier: Apache-2.0 */

/* Addresses: resolved by getaddrinfo on a thread that is started for it, and written as text. */

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>

#include "base/error.h"
#include "base/thread.h"
#include "net/resolve.h"

struct question {
    const char *host;
    int flags;
    int answer; /* of getaddrinfo */
    int system; /* errno, for EAI_SYSTEM */
    struct sockaddr_storage *address;
};

static const struct addrinfo *choose(const struct addrinfo *list)
{
    for (const struct addrinfo *one = list; one; one = one->ai_next) {
        if (one->ai_family == AF_INET)
            return one;
    }
    return list;
}

static void ask(void *arg)
{
    struct question *question = arg;
    struct addrinfo *list = NULL;
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
        .ai_flags = question->flags,
    };

    question->answer = getaddrinfo(question->host, NULL, &hints, &list);
    question->system = errno;
    if (question->answer)
        return;

    const struct addrinfo *chosen = choose(list);
    memset(question->address, 0, sizeof *question->address);
    memcpy(question->address, chosen->ai_addr, chosen->ai_addrlen);
    freeaddrinfo(list);
}

const char *fl_resolver_text(int answer, int system)
{
    switch (answer) {
    case EAI_AGAIN: return "the name server does not answer";
    case EAI_NONAME:
    case EAI_NODATA: return "no such host";
    case EAI_SYSTEM: return fl_errno_text(system);
    default: return "the name cannot be resolved";
    }
}

static void set_port(struct sockaddr_storage *address, uint16_t port)
{
    if (address->ss_family == AF_INET)
        ((struct sockaddr_in *)address)->sin_port = htons(port);
    else if (address->ss_family == AF_INET6)
        ((struct sockaddr_in6 *)address)->sin6_port = htons(port);
}

int fl_resolve(const char *host, uint16_t port, struct sockaddr_storage *address, flow_error **err)
{
    struct question question = {.host = host, .flags = AI_NUMERICHOST, .address = address};
    struct fl_thread thread;

    /* A number needs no name server, and so no thread. */
    ask(&question);
    if (question.answer == EAI_NONAME) {
        question.flags = 0;
        if (fl_thread_start(&thread, "resolve", ask, &question))
            return fl_error_nomem(err);
        fl_thread_join(&thread);
    }
    if (question.answer == EAI_MEMORY)
        return fl_error_nomem(err);
    if (question.answer) {
        flow_error_setf(err, FLOW_EIO, "cannot resolve %s: %s", host,
                        fl_resolver_text(question.answer, question.system));
        flow_error_set_retriable(err, question.answer == EAI_AGAIN);
        return FLOW_EIO;
    }
    set_port(address, port);
    return FLOW_OK;
}

void fl_address_text(const struct sockaddr_storage *address, char text[FL_ADDRESS_TEXT])
{
    char host[INET6_ADDRSTRLEN] = "";

    if (address->ss_family == AF_INET) {
        inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, host, sizeof host);
        snprintf(text, FL_ADDRESS_TEXT, "%s:%u", host, (unsigned)fl_address_port(address));
    } else if (address->ss_family == AF_INET6) {
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)address)->sin6_addr, host, sizeof host);
        snprintf(text, FL_ADDRESS_TEXT, "[%s]:%u", host, (unsigned)fl_address_port(address));
    } else {
        snprintf(text, FL_ADDRESS_TEXT, "?");
    }
}

uint16_t fl_address_port(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET)
        return ntohs(((const struct sockaddr_in *)address)->sin_port);
    if (address->ss_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)address)->sin6_port);
    return 0;
}
