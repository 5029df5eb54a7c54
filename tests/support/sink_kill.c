/* SPDX-License-Identifier: Apache-2.0 */

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <check.h>

#include "await.h"
#include "base/clock.h"
#include "core/channel.h"
#include "core/library.h"
#include "mortal.h"
#include "mortal_io.h"
#include "sink_kill.h"

#define ROUNDS_AT_ONCE 8 /* between two looks at the files */
#define NAMES 4096
#define BATCHES 3   /* before a stop */
#define FEED 4000u /* numbers */

#define CHANNEL                                                                                    \
    "a1.sources = r1\n"                                                                            \
    "a1.channels = c1\n"                                                                           \
    "a1.sinks = k1\n"                                                                              \
    "a1.sources.r1.channels = c1\n"                                                                \
    "a1.channels.c1.type = file\n"                                                                 \
    "a1.channels.c1.checkpointDir = %s\n"                                                          \
    "a1.channels.c1.dataDirs = %s\n"                                                               \
    "a1.channels.c1.minimumRequiredSpace = 1048576\n"                                              \
    "a1.channels.c1.checkpointInterval = 1000\n"                                                   \
    "a1.channels.c1.maxFileSize = 1048576\n"                                                       \
    "a1.channels.c1.keep-alive = 60\n"                                                             \
    "a1.channels.c1.capacity = 4000\n"                                                             \
    "a1.channels.c1.transactionCapacity = 1000\n"                                                  \
    "a1.sinks.k1.channel = c1\n"

static unsigned below(struct sink_kill *kill, unsigned limit)
{
    return (unsigned)rand_r(&kill->seed) % limit;
}

static void nap(unsigned us)
{
    const struct timespec time = {us / 1000000, (long)(us % 1000000) * 1000};

    nanosleep(&time, NULL);
}

static void folder_of(const struct sink_kill *kill, const char *name, char folder[96])
{
    snprintf(folder, 96, "%s/%s", kill->places.root, name);
}

static void up(struct sink_kill *kill, struct rig *rig)
{
    char text[4096], folder[96];
    size_t used =
        (size_t)snprintf(text, sizeof text, CHANNEL, kill->places.control, kill->places.data);

    folder_of(kill, "in", folder);
    used += (size_t)snprintf(text + used, sizeof text - used,
                             kill->source ? kill->source : "a1.sources.r1.type = inlet\n", folder,
                             folder);
    folder_of(kill, "out", folder);
    for (const char *const *line = kill->lines; *line; line++) {
        used += (size_t)snprintf(text + used, sizeof text - used, "a1.sinks.k1.");
        used += (size_t)snprintf(text + used, sizeof text - used, *line, folder);
        used += (size_t)snprintf(text + used, sizeof text - used, "\n");
    }
    rig_init(rig, 0);
    if (kill->io)
        rig->lib->io = kill->io;
    if (kill->prepare)
        kill->prepare(rig->lib);
    rig_build(rig, text);
    rig_start(rig);
}

/* ---- the process that is killed ---- */

static unsigned position_of(struct rig *rig)
{
    char text[16] = "";
    size_t size;
    int rc =
        flow_inlet_position(rig_inlet(rig, "r1"), "numbers", 7, text, sizeof text, &size, NULL);

    ck_assert_int_eq(rc, FLOW_OK);
    return (unsigned)strtoul(text, NULL, 10);
}

static void push(struct sink_kill *kill, struct rig *rig, unsigned *next)
{
    flow_batch *batch = rig_batch(rig, 0, 0);
    char text[16];

    for (unsigned count = 1 + below(kill, kill->most); count > 0; count--) {
        int size = snprintf(text, sizeof text, "%u", (*next)++);
        ck_assert_int_eq(flow_batch_add(batch, text, (size_t)size, NULL), FLOW_OK);
    }
    snprintf(text, sizeof text, "%010u", *next);
    ck_assert_int_eq(flow_batch_set_position(batch, "numbers", 7, text, 10, NULL), FLOW_OK);
    ck_assert_int_eq(flow_inlet_push_batch(rig_inlet(rig, "r1"), batch, -1, NULL), FLOW_OK);
    flow_batch_free(batch);
}

static void push_for_ever(struct sink_kill *kill, struct rig *rig)
{
    unsigned next = kill->source ? 0 : position_of(rig);

    while (!kill->source)
        push(kill, rig, &next);
    for (;;)
        pause();
}

static void push_and_stop(struct sink_kill *kill, struct rig *rig)
{
    unsigned next = position_of(rig);

    for (int i = 0; i < BATCHES; i++) {
        push(kill, rig, &next);
        AWAIT(flow_channel_size(rig_channel(rig, "c1")) == 0);
    }
    rig_free(rig);
}

/* More for the source to read than a round takes. */
static void feed(struct sink_kill *kill)
{
    char folder[96];

    folder_of(kill, "in", folder);
    if (kill->source)
        kill->feed(kill, folder, FEED);
}

/* Soon after it has started, or while it starts; now and then after its files' time is over. */
static void run_and_kill(struct sink_kill *kill)
{
    int ready[2];
    char byte = 0;
    unsigned wait_us = below(kill, below(kill, 8) ? 60000 : 1500000), seed = kill->seed;
    int early = below(kill, 4) == 0;

    feed(kill);
    ck_assert_int_eq(pipe(ready), 0);
    pid_t child = fork_muted();
    if (child == 0) {
        struct rig rig;
        kill->seed = seed;
        up(kill, &rig);
        ck_assert_int_eq(write(ready[1], &byte, 1), 1);
        push_for_ever(kill, &rig);
    }
    close(ready[1]);
    if (!early)
        ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    nap(wait_us);
    kill_muted(child);
    close(ready[0]);
}

/* ---- what is in the files ---- */

void sink_kill_number(struct sink_kill *kill, const char *name, const char *text, size_t size)
{
    char number[16] = "";

    ck_assert_msg(size > 0 && size < sizeof number, "%s: %zu bytes are no number", name, size);
    memcpy(number, text, size);
    ck_assert_msg(strtoul(number, NULL, 10) == kill->next, "%s has '%s' instead of %u", name,
                  number, kill->next);
    kill->next++;
}

void sink_kill_lines(struct sink_kill *kill, const char *name, const char *data, size_t size)
{
    const char *end = data + size;

    while (data < end) {
        const char *newline = memchr(data, '\n', (size_t)(end - data));
        ck_assert_msg(newline != NULL, "%s ends within a line", name);
        sink_kill_number(kill, name, data, (size_t)(newline - data));
        data = newline + 1;
    }
}

/* Names are ordered by the numbers in them. */
static int by_numbers(const void *one, const void *other)
{
    const char *a = *(char *const *)one, *b = *(char *const *)other;

    while (*a && *b) {
        unsigned long long x = strtoull(a, (char **)&a, 10), y = strtoull(b, (char **)&b, 10);
        if (x != y)
            return x < y ? -1 : 1;
        a += strcspn(a, "0123456789");
        b += strcspn(b, "0123456789");
    }
    return strcmp(a, b);
}

static size_t list_names(const char *folder, char **names)
{
    DIR *dir = opendir(folder);
    size_t count = 0;

    ck_assert_ptr_nonnull(dir);
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        ck_assert_uint_lt(count, NAMES);
        names[count++] = strdup(entry->d_name);
    }
    closedir(dir);
    qsort(names, count, sizeof *names, by_numbers);
    return count;
}

static void read_file(struct sink_kill *kill, const char *folder, const char *name)
{
    char path[400];
    struct stat found;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fstat(fileno(file), &found), 0);
    size_t size = (size_t)found.st_size;
    char *data = malloc(size + 1);
    ck_assert_uint_eq(fread(data, 1, size, file), size);
    data[size] = '\0';
    kill->read(kill, name, data, size);
    free(data);
    fclose(file);
}

static int count_mark(void *arg, const flow_position *position)
{
    *(unsigned *)arg += *(const char *)position->key == '\0';
    return FLOW_OK;
}

static unsigned count_marks(struct rig *rig)
{
    const flow_channel *channel = rig_channel(rig, "c1");
    unsigned marks = 0;

    channel->ops->positions(channel->self, NULL, 0, count_mark, &marks);
    return marks;
}

static int64_t bytes_of_lines(unsigned count)
{
    int64_t bytes = 0;

    for (unsigned number = 0; number < count; number++)
        bytes += snprintf(NULL, 0, "%u\n", number);
    return bytes;
}

static int64_t bytes_below(const char *folder)
{
    static char *names[NAMES];
    size_t count = list_names(folder, names);
    int64_t bytes = 0;
    char path[400];
    struct stat found;

    for (size_t i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        if (stat(path, &found) == 0)
            bytes += found.st_size;
        free(names[i]);
    }
    return bytes;
}

/* Lets the sink deliver all there is; returns how many numbers that are, in all. */
static unsigned deliver(struct sink_kill *kill, struct rig *rig)
{
    char folder[96];

    if (kill->source) { /* lines, so their bytes tell */
        int64_t wanted = bytes_of_lines(kill->made);
        folder_of(kill, "out", folder);
        AWAIT(bytes_below(folder) >= wanted);
    }
    AWAIT(flow_channel_size(rig_channel(rig, "c1")) == 0);
    return kill->source ? kill->made : position_of(rig);
}

/* Lets the sink deliver and finish all there is, and looks at it. */
static void look(struct sink_kill *kill)
{
    static char *names[NAMES];
    char folder[96];
    struct rig rig;

    up(kill, &rig);
    unsigned wanted = deliver(kill, &rig);
    rig_stop(&rig);
    rig_start(&rig); /* for a look at the marks */
    ck_assert_uint_eq(count_marks(&rig), 0);
    rig_free(&rig);
    folder_of(kill, "out", folder);
    size_t count = list_names(folder, names);
    kill->next = 0;
    for (size_t i = 0; i < count; i++) {
        read_file(kill, folder, names[i]);
        free(names[i]);
    }
    ck_assert_uint_eq(kill->next, wanted);
}

static void begin_run(struct sink_kill *kill)
{
    char folder[96];

    places_init(&kill->places, 2);
    kill->seed = (unsigned)time(NULL) ^ (unsigned)getpid();
    fprintf(stderr, "seed %u\n", kill->seed);
    folder_of(kill, "in", folder);
    ck_assert_int_eq(mkdir(folder, 0777), 0);
    folder_of(kill, "out", folder);
    ck_assert_int_eq(mkdir(folder, 0777), 0);
}

static void end_run(struct sink_kill *kill, int kills)
{
    look(kill);
    fprintf(stderr, "%d kills, %u numbers\n", kills, kill->next);
    ck_assert_uint_gt(kill->next, 0);
    places_free(&kill->places);
}

/* Runs it up to STEP; 0 when it ended before. */
static int run_to_step(struct sink_kill *kill, unsigned step, int in_half)
{
    unsigned seed = kill->seed + step;
    int status;
    pid_t child = fork_muted();

    if (child == 0) {
        struct rig rig;
        kill->seed = seed;
        kill->io = mortal_io(step, in_half);
        up(kill, &rig);
        push_and_stop(kill, &rig);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status))
        return WTERMSIG(status) == SIGKILL;
    ck_assert_int_eq(WEXITSTATUS(status), 0);
    return 0;
}

void sink_kill_steps(struct sink_kill *kill, int in_half)
{
    unsigned step = 0;

    begin_run(kill);
    while (run_to_step(kill, ++step, in_half))
        look(kill);
    end_run(kill, (int)step - 1);
}

void sink_kill_run(struct sink_kill *kill, int64_t ms, int rounds)
{
    int64_t end = fl_clock_after(fl_clock_system(), ms);
    int round = 0;

    begin_run(kill);
    for (; round < rounds || fl_clock_now(fl_clock_system()) < end; round++) {
        run_and_kill(kill);
        if (round % ROUNDS_AT_ONCE == 0)
            look(kill);
    }
    end_run(kill, round);
}
