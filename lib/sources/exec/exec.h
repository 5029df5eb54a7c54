/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FL_SOURCES_EXEC_EXEC_H
#define FL_SOURCES_EXEC_EXEC_H

/* The exec source: its settings, and the threads that read what the command prints. */

#include <stdatomic.h>

#include <flow/source.h>

#include "base/charset.h"
#include "base/child.h"
#include "base/thread.h"

/* A line that is longer is cut into several events. */
#define EXEC_LINE_MAX ((size_t)16 << 20)

#define EXEC_READ_SIZE ((size_t)64 << 10)

/* Reads that are more than a pipe holds. */
#define EXEC_LAST_READS 16

/* Bytes on their way to lines: converted to UTF-8, then cut as Java's BufferedReader cuts. */
struct exec_lines {
    struct fl_charset *charset;
    struct fl_buf bytes; /* not converted so far: the piece of a character */
    struct fl_buf text;  /* converted */
    size_t start;        /* what was handed out of `text` */
    size_t searched;     /* bytes behind `start` that hold no line end */
    int skip_newline;    /* the last line ended in \r, so a \n belongs to it */
};

int exec_lines_open(struct exec_lines *lines, const flow_allocator *mem, const char *charset,
                    flow_error **err);
void exec_lines_close(struct exec_lines *lines);

/* Forgets what is left of another run. */
void exec_lines_reset(struct exec_lines *lines);

/* Adds SIZE bytes; at the END of the output a line without an end counts as one.  What fails for
 * lack of memory can be tried again. */
int exec_lines_feed(struct exec_lines *lines, const void *data, size_t size, int end,
                    flow_error **err);

/* The next line, lent until the next call; 0 when there is none so far. */
int exec_lines_next(struct exec_lines *lines, int end, const char **line, size_t *size);

/*
 * Reads standard error, which nothing may hold up: a command that cannot write there goes on with
 * nothing else.  So it has a thread of its own, one for each run of the command.
 */
struct exec_errors {
    flow_context *ctx;
    int is_logged; /* else what is read is dropped */
    struct exec_lines lines;
    int fd;    /* of the run, lent */
    int ended; /* an eventfd: no more is to be waited for */
    struct fl_thread thread;
};

int exec_errors_open(struct exec_errors *errors, flow_context *ctx, const char *charset,
                     flow_error **err);
void exec_errors_close(struct exec_errors *errors);

/* Reads FD from now on, until its end. */
int exec_errors_start(struct exec_errors *errors, int fd, flow_error **err);

/* Reads what is there by now and stops.  FD may have another end still: a process that the command
 * left behind can hold it open for ever. */
void exec_errors_finish(struct exec_errors *errors);

struct exec_source {
    flow_context *ctx;
    const flow_allocator *mem;
    char *text;          /* what `words` point into */
    struct fl_vec words; /* of char *, with NULL behind the last */
    struct exec_lines lines;
    struct exec_errors errors;
    flow_batch *batch;
    flow_counter *lost;
    const char *command;
    size_t batch_size;
    int64_t batch_timeout;
    int64_t restart_throttle;
    int restart;

    flow_emitter *emitter;
    struct fl_child child;
    struct fl_thread thread;
    int wake;            /* an eventfd that ends the thread's waiting */
    int64_t batch_since; /* when the oldest line of the batch came */
};

/* The thread: reads, emits, and begins anew where the settings say so, until it is to stop. */
void exec_run(void *self);

/* Starts the command, for the first time by the thread that starts the source. */
int exec_spawn(struct exec_source *source, flow_error **err);

/* Ends a command that nobody is going to follow. */
void exec_abandon(struct exec_source *source);

#endif
