/* SPDX-License-Identifier: Apache-2.0 */

/* Files grow and are rotated while the process that follows them is killed at any moment, and what
 * it remembers is spoiled in between: each of two file channels has every line once, in order. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "await.h"
#include "base/clock.h"
#include "suite.h"
#include "twins.h"

#define RUN_MS 4000
#define ROUNDS_MIN 24
#define ROUNDS_AT_ONCE 4 /* between two looks at the channels */
#define FILES_MAX 4096
#define LOGS 2u /* files that grow */

/* A file of lines "FILE:NUMBER"; when all are read it may be emptied, and the numbers go on. */
struct written {
    unsigned lines;
    unsigned next[2]; /* the line that comes next in each channel */
    int is_rotated;
    int is_deleted;
};

struct scene {
    struct twins twins;
    struct written files[FILES_MAX];
    unsigned count;
    unsigned log[LOGS]; /* indices of the files that grow, a.log and b.log */
    int is_halving;     /* lines are written in two pieces, now and then */
    char half[32];      /* the end of a line of which the beginning is written */
    unsigned half_log;
};

/* ---- who writes ---- */

static void path_of(const struct scene *scene, char path[128], unsigned log)
{
    snprintf(path, 128, "%s/log/%c.log", scene->twins.places.root, 'a' + log);
}

static void write_text(const struct scene *scene, unsigned log, const char *text)
{
    char path[128];

    path_of(scene, path, log);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static void end_line(struct scene *scene)
{
    if (scene->half[0] != '\0')
        write_text(scene, scene->half_log, scene->half);
    scene->half[0] = '\0';
}

/* Adds up to 30 lines to a log; the last one may stop in its middle. */
static void append(struct scene *scene, unsigned log)
{
    char text[1024] = "";
    char *to = text;
    unsigned file = scene->log[log];

    for (unsigned count = 1 + twins_below(&scene->twins, 30); count > 0; count--)
        to += sprintf(to, "%u:%u\n", file, scene->files[file].lines++);
    if (scene->is_halving && twins_below(&scene->twins, 3) == 0) {
        char *cut = to - 1 - twins_below(&scene->twins, 3);
        strcpy(scene->half, cut);
        scene->half_log = log;
        *cut = '\0';
    }
    write_text(scene, log, text);
}

/* Gives a log another name, which matches too. */
static void rotate(struct scene *scene, unsigned log)
{
    char from[128], to[128];
    unsigned file = scene->log[log];

    if (scene->files[file].lines == 0)
        return;
    path_of(scene, from, log);
    snprintf(to, sizeof to, "%s/log/old.%u.log", scene->twins.places.root, file);
    ck_assert_int_eq(rename(from, to), 0);
    scene->files[file].is_rotated = 1;
    ck_assert_uint_lt(scene->count, FILES_MAX);
    scene->log[log] = scene->count++;
}

static void write_on(struct scene *scene)
{
    unsigned log = twins_below(&scene->twins, LOGS);

    end_line(scene);
    append(scene, log);
    if (twins_below(&scene->twins, 8) == 0) {
        end_line(scene);
        rotate(scene, log);
    }
}

static void write_meanwhile(void *arg, unsigned us)
{
    for (unsigned done = 0; done <= us; done += 1000) {
        write_on(arg);
        twins_nap(1000);
    }
}

/* ---- what arrives ---- */

struct end {
    struct scene *scene;
    unsigned channel;
};

static void expect_next(void *arg, const char *body)
{
    const struct end *end = arg;
    unsigned file, number;

    ck_assert_int_eq(sscanf(body, "%u:%u", &file, &number), 2);
    ck_assert_uint_lt(file, end->scene->count);
    unsigned *next = &end->scene->files[file].next[end->channel];
    ck_assert_msg(number == *next, "channel c%u has %s instead of line %u", end->channel + 1, body,
                  *next);
    ++*next;
}

static void take_both(struct scene *scene, struct rig *rig)
{
    for (unsigned i = 0; i < 2; i++) {
        struct end end = {scene, i};
        twins_take(rig, i ? "c2" : "c1", expect_next, &end);
    }
}

static int has_arrived(const struct written *file)
{
    return file->next[0] == file->lines && file->next[1] == file->lines;
}

static int have_all_arrived(const struct scene *scene)
{
    for (unsigned i = 0; i < scene->count; i++) {
        if (!has_arrived(&scene->files[i]))
            return 0;
    }
    return 1;
}

/* Deletes files that are read, so that others get their inodes; and now and then empties a log. */
static void clean_up(struct scene *scene)
{
    char path[128];

    for (unsigned i = 0; i < scene->count; i++) {
        struct written *file = &scene->files[i];
        if (file->is_rotated && !file->is_deleted && has_arrived(file)) {
            snprintf(path, sizeof path, "%s/log/old.%u.log", scene->twins.places.root, i);
            ck_assert_int_eq(unlink(path), 0);
            file->is_deleted = 1;
        }
    }
    for (unsigned i = 0; i < LOGS; i++) {
        const struct written *file = &scene->files[scene->log[i]];
        if (scene->half[0] == '\0' && file->lines > 0 && has_arrived(file)) {
            path_of(scene, path, i);
            ck_assert_int_eq(truncate(path, 0), 0);
        }
    }
}

/* Lets the source read all there is, or only a part. */
static void look(struct scene *scene, int to_the_end)
{
    struct rig rig;

    scene->twins.batch_size = 1 + twins_below(&scene->twins, 400);
    twins_start(&scene->twins, &rig);
    do {
        twins_nap(5000);
        take_both(scene, &rig);
    } while (to_the_end && !have_all_arrived(scene));
    rig_stop(&rig);
    ck_assert_int_eq(flow_pipeline_start(rig.pipeline, NULL), FLOW_OK);
    take_both(scene, &rig);
    rig_free(&rig);
}

#define TAILDIR                                                                                    \
    "a1.sources.r1.type = taildir\n"                                                               \
    "a1.sources.r1.filegroups = g\n"                                                               \
    "a1.sources.r1.filegroups.g = @/log/.*\\\\.log\n"                                              \
    "a1.sources.r1.positionFile = @/state/p.json\n"                                                \
    "a1.sources.r1.writePosInterval = 1\n"                                                         \
    "a1.sources.r1.batchSize = %\n"                                                                \
    "a1.sources.r1.backoffSleepIncrement = 1\n"                                                    \
    "a1.sources.r1.maxBackoffSleep = 2\n"

static void follow_and_kill(const char *source, int is_halving)
{
    struct scene *scene = calloc(1, sizeof *scene);
    int64_t end = fl_clock_after(fl_clock_system(), RUN_MS);
    char path[96];
    unsigned lines = 0;

    scene->twins = (struct twins){.source = source, .meanwhile = write_meanwhile, .arg = scene};
    scene->is_halving = is_halving;
    twins_init(&scene->twins);
    snprintf(path, sizeof path, "%s/log", scene->twins.places.root);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    for (unsigned i = 0; i < LOGS; i++)
        scene->log[i] = scene->count++;
    for (int round = 0; round < ROUNDS_MIN || fl_clock_now(fl_clock_system()) < end; round++) {
        twins_kill(&scene->twins);
        write_on(scene);
        twins_spoil(&scene->twins, "state/p.json");
        twins_spoil(&scene->twins, "state/p.json.ids");
        if (round % ROUNDS_AT_ONCE == 0) {
            end_line(scene);
            look(scene, twins_below(&scene->twins, 2));
            clean_up(scene);
        }
    }
    end_line(scene);
    look(scene, 1);
    for (unsigned i = 0; i < scene->count; i++)
        lines += scene->files[i].lines;
    fprintf(stderr, "%u lines in %u files\n", lines, scene->count);
    twins_free(&scene->twins);
    free(scene);
}

START_TEST(each_line_arrives_once)
{
    follow_and_kill(TAILDIR, 1);
}
END_TEST

START_TEST(each_line_arrives_once_while_files_are_closed_and_opened)
{
    follow_and_kill(TAILDIR "a1.sources.r1.idleTimeout = 0\n"
                            "a1.sources.r1.maxBatchCount = 1\n"
                            "a1.channels.c2.transactionCapacity = 20\n",
                    0);
}
END_TEST

int main(void)
{
    const struct test_entry tests[] = {
        {"each_line_arrives_once", each_line_arrives_once},
        {"each_line_arrives_once_while_files_are_closed_and_opened",
         each_line_arrives_once_while_files_are_closed_and_opened},
    };

    return RUN_SUITE("taildir_kill", tests);
}
