/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_TAIL_H
#define TESTS_SUPPORT_TAIL_H

/*
 * A taildir source in a harness with a folder of logs.  Bodies are compared as one text, each
 * followed by '|'.  Every fault fails the test.
 */

#include "stand.h"

struct tail {
    char path[64];      /* the folder: logs in "log", positions in "state/p.json" */
    struct stand stand; /* while it is started; its batch is what tail_read got */
    char bodies[65536];
};

void tail_init(struct tail *tail);
void tail_free(struct tail *tail);

/* Files of the logs' folder. */
void tail_path(char path[256], const struct tail *tail, const char *name);
void tail_append(struct tail *tail, const char *name, const char *text);
void tail_rename(struct tail *tail, const char *from, const char *to);
void tail_remove(struct tail *tail, const char *name);

/* Empties the file and writes TEXT, as copytruncate and its owner do. */
void tail_rewrite(struct tail *tail, const char *name, const char *text);
unsigned long tail_inode(struct tail *tail, const char *name);

/* Makes a file NAME that has the inode INODE; 0 when the file system does not give it again. */
int tail_reuse(struct tail *tail, const char *name, unsigned long inode, const char *text);

/* Starts a source of the group "g", *.log, with SETTINGS, pairs of key and value that end in NULL,
 * or NULL. */
void tail_start(struct tail *tail, const char *const *settings);
int tail_try_start(struct tail *tail, const char *const *settings, flow_error **err);
void tail_stop(struct tail *tail);

/* Leaves the source as a crash does: without its last positions. */
void tail_crash(struct tail *tail);

/* Lets the source look once; returns the bodies of all events there are now. */
const char *tail_read(struct tail *tail);
int tail_look(struct tail *tail);
void tail_advance(struct tail *tail, int64_t ms);
int64_t tail_count(struct tail *tail, const char *counter);

/* The number that is the body of the event at INDEX. */
unsigned long tail_number(struct tail *tail, size_t index);

/* The header NAME of the event at INDEX, or "". */
const char *tail_header(struct tail *tail, size_t index, const char *name);

/* How often TEXT is in the log. */
size_t tail_logged(struct tail *tail, const char *text);

/* The position file. */
const char *tail_positions(struct tail *tail);
void tail_set_positions(struct tail *tail, const char *text);

#define TAIL_SETTINGS(...)                                                                         \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

#endif
