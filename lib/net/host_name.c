/* SPDX-License-Identifier: Apache-2.0 */
/* Who are we?  The machine's name, resolved by the system's resolver as Java does, on a thread of
 * ours: the resolver runs code of other libraries and keeps things for each thread. */

#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/thread.h"
#include "net/host_name.h"
#include "net/resolve.h"

struct question {
    char name[FL_HOST_NAME_ROOM];
    char *room;
    int flags;  /* of getnameinfo, which fills ROOM */
    int answer; /* of the resolver */
    int system; /* errno, for EAI_SYSTEM */
};

static int resolve(const char *name, int family, struct addrinfo **found)
{
    struct addrinfo wanted = {.ai_family = family, .ai_socktype = SOCK_STREAM};

    return getaddrinfo(name, NULL, &wanted, found);
}

static void ask(void *arg)
{
    struct question *question = arg;
    struct addrinfo *found;

    question->answer = resolve(question->name, AF_INET, &found);
    if (question->answer)
        question->answer = resolve(question->name, AF_INET6, &found);
    question->system = errno;
    if (question->answer)
        return;
    question->answer = getnameinfo(found->ai_addr, found->ai_addrlen, question->room,
                                   FL_HOST_NAME_ROOM, NULL, 0, question->flags);
    question->system = errno;
    freeaddrinfo(found);
}

static int describe_self(char room[FL_HOST_NAME_ROOM], int flags, flow_error **err)
{
    struct question question = {.room = room, .flags = flags};
    struct fl_thread thread;

    if (gethostname(question.name, sizeof question.name))
        return fl_error_errno(err, errno, "cannot read", "the machine's name");
    question.name[sizeof question.name - 1] = '\0';
    if (fl_thread_start(&thread, "resolve", ask, &question))
        return fl_error_nomem(err);
    fl_thread_join(&thread);
    if (question.answer == EAI_MEMORY)
        return fl_error_nomem(err);
    if (question.answer)
        return flow_error_setf(err, FLOW_EIO, "cannot resolve the machine's name %s: %s",
                               question.name, fl_resolver_text(question.answer, question.system));
    return FLOW_OK;
}

int fl_local_address(char room[FL_HOST_NAME_ROOM], flow_error **err)
{
    return describe_self(room, NI_NUMERICHOST, err);
}

int fl_local_full_name(char room[FL_HOST_NAME_ROOM], flow_error **err)
{
    return describe_self(room, 0, err);
}
