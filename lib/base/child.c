/* SPDX-License-Identifier: Apache-2.0 */

/* Starting, signalling and ending child processes. */

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/error.h"

extern char **environ;

static void close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* What the child has open: an empty input, the ends OUTPUT and ERRORS, and nothing else. */
static int describe_files(posix_spawn_file_actions_t *actions, int output, int errors)
{
    int rc = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

    if (!rc)
        rc = posix_spawn_file_actions_adddup2(actions, output, STDOUT_FILENO);
    if (!rc && errors >= 0)
        rc = posix_spawn_file_actions_adddup2(actions, errors, STDERR_FILENO);
    return rc ? rc : posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
}

/* Our threads block all signals, and a host may ignore some; the child starts without either. */
static void describe_signals(posix_spawnattr_t *attributes, unsigned flags)
{
    short set = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    sigset_t none;
    sigset_t all;

    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &all);
    posix_spawnattr_setpgroup(attributes, 0);
    if (flags & FL_CHILD_GROUP)
        set |= POSIX_SPAWN_SETPGROUP;
    posix_spawnattr_setflags(attributes, set);
}

static int spawn(struct fl_child *child, char *const *words, int output, int errors)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int rc = posix_spawn_file_actions_init(&actions);

    if (rc)
        return rc;
    rc = posix_spawnattr_init(&attributes);
    if (rc) {
        posix_spawn_file_actions_destroy(&actions);
        return rc;
    }
    describe_signals(&attributes, child->flags);
    rc = describe_files(&actions, output, errors);
    if (!rc)
        rc = posix_spawnp(&child->pid, words[0], &actions, &attributes, words, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return rc;
}

/* Whether the number is still the child's: a host that took its status has freed it for others. */
static int is_ours(const struct fl_child *child)
{
    siginfo_t info;

    return waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

void fl_child_signal(const struct fl_child *child, int number)
{
    if (is_ours(child))
        kill(child->flags & FL_CHILD_GROUP ? -child->pid : child->pid, number);
}

void fl_child_end(struct fl_child *child, siginfo_t *info)
{
    memset(info, 0, sizeof *info);
    while (waitid(P_PID, (id_t)child->pid, info, WEXITED) && errno == EINTR)
        ;
    close_end(&child->output);
    close_end(&child->errors);
    close_end(&child->fd);
}

/* Ends a child that could not be awaited. */
static int give_up(struct fl_child *child, int number, const char *name, flow_error **err)
{
    siginfo_t info;

    fl_child_signal(child, SIGKILL);
    fl_child_end(child, &info);
    return fl_error_errno(err, number, "await", name);
}

int fl_child_start(struct fl_child *child, char *const *words, unsigned flags, flow_error **err)
{
    int output[2] = {-1, -1};
    int errors[2] = {-1, -1};
    int number = 0;

    *child = (struct fl_child){.flags = flags, .fd = -1, .output = -1, .errors = -1};
    if (pipe2(output, O_CLOEXEC) || ((flags & FL_CHILD_ERRORS) && pipe2(errors, O_CLOEXEC)))
        number = errno;
    else
        number = spawn(child, words, output[1], errors[1]);
    close_end(&output[1]);
    close_end(&errors[1]);
    if (number) {
        close_end(&output[0]);
        close_end(&errors[0]);
        return fl_error_errno(err, number, "run", words[0]);
    }
    child->output = output[0];
    child->errors = errors[0];
    child->fd = pidfd_open(child->pid, 0);
    /* A host that ignores SIGCHLD may have lost a short child already; what it printed is there. */
    if (child->fd >= 0 || errno == ESRCH)
        return FLOW_OK;
    return give_up(child, errno, words[0], err);
}

int fl_words_split(char *text, struct fl_vec *words)
{
    const char *none = NULL;
    char *rest = NULL;

    for (char *word = strtok_r(text, " \t\r\n\f", &rest); word;
         word = strtok_r(NULL, " \t\r\n\f", &rest))
        if (!fl_vec_push(words, &word))
            return FLOW_ENOMEM;
    if (!fl_vec_push(words, &none))
        return FLOW_ENOMEM;
    words->count--; /* what ends the list is there, but is no word */
    return FLOW_OK;
}
