/* SPDX-License-Identifier: Apache-2.0 */

#include "signals.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

static void fill(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGHUP);
}

int signals_open(void)
{
    sigset_t set;

    fill(&set);
    sigaddset(&set, SIGPIPE); /* nobody reads the log any more: no reason to stop */
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    fill(&set);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int signals_wait(int fd, long seconds)
{
    struct pollfd one = {.fd = fd, .events = POLLIN};
    long deadline = now_ms() + seconds * 1000;
    struct signalfd_siginfo info;

    for (;;) {
        long left = deadline - now_ms();
        /* A day at a time, so that any number of seconds fits. */
        int wait = seconds < 0 ? -1 : left > 86400000 ? 86400000 : left > 0 ? (int)left : 0;
        if (poll(&one, 1, wait) > 0 && read(fd, &info, sizeof info) == sizeof info)
            return (int)info.ssi_signo;
        if (seconds >= 0 && deadline <= now_ms())
            return 0;
    }
}

static void *end_at_next(void *unused)
{
    static const char text[] = "Warning: stopped at once by a second signal\n";
    sigset_t set;
    int number;

    fill(&set);
    if (sigwait(&set, &number) == 0) {
        if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
            errno = 0; /* nobody to tell */
        _exit(128 + number);
    }
    return NULL;
}

void signals_end_at_next(void)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, end_at_next, NULL) == 0)
        pthread_detach(thread);
}
