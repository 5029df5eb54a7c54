/* SPDX-License-Identifier: Apache-2.0 */

#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "beside.h"

static void become(const char *command, int end)
{
    dup2(end, STDIN_FILENO);
    dup2(end, STDOUT_FILENO);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

int beside_start(struct beside *beside, const char *command)
{
    int ends[2];

    memset(beside, 0, sizeof *beside);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
        return -1;
    beside->child = fork();
    if (beside->child == 0)
        become(command, ends[1]);
    close(ends[1]);
    beside->to = fdopen(ends[0], "w");
    beside->from = fdopen(dup(ends[0]), "r");
    return beside->child > 0 && beside->to && beside->from ? 0 : -1;
}

void beside_stop(struct beside *beside)
{
    if (beside->child <= 0)
        return;
    fclose(beside->to);
    shutdown(fileno(beside->from), SHUT_WR);
    fclose(beside->from);
    waitpid(beside->child, NULL, 0);
}

double beside_run(void *arg, uint64_t work)
{
    struct beside *beside = arg;
    uint64_t part = work / beside->share;
    double seconds;

    part -= part % beside->batch;
    fprintf(beside->to, "%zu %u %" PRIu64 "\n", beside->batch, beside->threads, part);
    if (fflush(beside->to) || fscanf(beside->from, "%lf", &seconds) != 1)
        return -1;
    return seconds * (double)work / (double)part;
}
