/* SPDX-License-Identifier: Apache-2.0 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <check.h>

#include "core/library.h"
#include "mortal.h"
#include "twins.h"

static const char channels[] = "a1.sources = r1\n"
                               "a1.channels = c1 c2\n"
                               "a1.sources.r1.channels = c1 c2\n"
                               "a1.channels.c1.type = file\n"
                               "a1.channels.c1.checkpointDir = @/c1\n"
                               "a1.channels.c1.dataDirs = @/d1\n"
                               "a1.channels.c1.minimumRequiredSpace = 1048576\n"
                               "a1.channels.c1.checkpointInterval = 1000\n"
                               "a1.channels.c2.type = file\n"
                               "a1.channels.c2.checkpointDir = @/c2\n"
                               "a1.channels.c2.dataDirs = @/d2, @/d3\n"
                               "a1.channels.c2.minimumRequiredSpace = 1048576\n"
                               "a1.channels.c2.maxFileSize = 1048576\n";

void twins_init(struct twins *twins)
{
    places_init(&twins->places, 1);
    twins->seed = (unsigned)time(NULL) ^ (unsigned)getpid();
    fprintf(stderr, "seed %u\n", twins->seed);
}

void twins_free(const struct twins *twins)
{
    places_free(&twins->places);
}

unsigned twins_below(struct twins *twins, unsigned limit)
{
    return (unsigned)rand_r(&twins->seed) % limit;
}

void twins_nap(unsigned us)
{
    const struct timespec time = {us / 1000000, (long)(us % 1000000) * 1000};

    nanosleep(&time, NULL);
}

/* Adds TEXT, with what its signs stand for. */
static char *expand(const struct twins *twins, char *to, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '@')
            to = stpcpy(to, twins->places.root);
        else if (*text == '%')
            to += sprintf(to, "%u", twins->batch_size);
        else
            *to++ = *text;
    }
    *to = '\0';
    return to;
}

void twins_start(struct twins *twins, struct rig *rig)
{
    char text[8192];

    expand(twins, expand(twins, text, channels), twins->source);
    rig_init(rig, 0);
    if (twins->io)
        rig->lib->io = twins->io;
    rig_build(rig, text);
    rig_start(rig);
}

static void wait_for_ever(void)
{
    for (;;)
        pause();
}

void twins_kill(struct twins *twins)
{
    int ready[2];
    char byte = 0;

    twins->batch_size = 1 + twins_below(twins, 400);
    unsigned wait_us = twins_below(twins, 40000), seed = twins->seed;
    int early = twins_below(twins, 4) == 0;
    ck_assert_int_eq(pipe(ready), 0);
    pid_t child = fork_muted();
    if (child == 0) {
        struct rig rig;
        twins->seed = seed;
        twins_start(twins, &rig);
        ck_assert_int_eq(write(ready[1], &byte, 1), 1);
        if (twins->work)
            twins->work(twins->arg, &rig);
        wait_for_ever();
    }
    close(ready[1]);
    if (!early)
        ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    if (twins->meanwhile)
        twins->meanwhile(twins->arg, wait_us);
    else
        twins_nap(wait_us);
    kill_muted(child);
    close(ready[0]);
}

void twins_take(struct rig *rig, const char *channel, void (*fn)(void *arg, const char *body),
                void *arg)
{
    const flow_event *const *events;
    size_t count = 1;

    while (count > 0) {
        flow_txn *txn = begin(rig_channel(rig, channel));
        ck_assert_int_eq(flow_txn_take(txn, 100, 0, &events, &count, NULL), FLOW_OK);
        for (size_t i = 0; i < count; i++) {
            char text[512];
            size_t size;
            const char *body = flow_event_body(events[i], &size);
            ck_assert_uint_lt(size, sizeof text);
            memcpy(text, body, size);
            text[size] = '\0';
            fn(arg, text);
        }
        commit(txn);
    }
}

void twins_spoil(struct twins *twins, const char *name)
{
    char path[160], old[168], command[512];

    snprintf(path, sizeof path, "%s/%s", twins->places.root, name);
    snprintf(old, sizeof old, "%s/old.%s", twins->places.root, strrchr(path, '/') + 1);
    switch (twins_below(twins, 4)) {
    case 0: unlink(path); break;
    case 1:
        snprintf(command, sizeof command, "cp %s %s 2>/dev/null", path, old);
        (void)!system(command);
        break;
    case 2:
        snprintf(command, sizeof command, "cp %s %s 2>/dev/null", old, path);
        (void)!system(command);
        break;
    default: break;
    }
}
