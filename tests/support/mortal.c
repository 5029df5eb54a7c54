/* SPDX-License-Identifier: Apache-2.0 */

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <check.h>

#include "mortal.h"

#define DESCRIPTORS 64

/* Check's messages go to a file without a name, which is among the first that were opened. */
static void mute(void)
{
    int nowhere = open("/dev/null", O_WRONLY);
    struct stat info;

    for (int fd = 3; fd < DESCRIPTORS; fd++) {
        if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_nlink == 0)
            dup2(nowhere, fd);
    }
    close(nowhere);
}

pid_t fork_muted(void)
{
    pid_t child = fork();

    if (child == 0)
        mute();
    ck_assert_int_ge(child, 0);
    return child;
}

void kill_muted(pid_t child)
{
    int status;

    ck_assert_int_eq(kill(child, SIGKILL), 0);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
                  "the child failed before it was killed");
}
