/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_CONTROL_H
#define CLI_CONTROL_H

/*
 * The control socket of an agent: a socket in the file system, for its owner alone (mode 0600),
 * through which `flow consumer` asks the running agent.
 *
 * A request is words, each followed by a NUL, of at most CONTROL_ROOM bytes; then whoever asks
 * shuts its side down.  The answer is an exit status in a line, and what is to be printed.
 */

#include <pthread.h>

#include <flow.h>

#include "log.h"

#define CONTROL_ROOM 4096u
#define CONTROL_WORDS 16u

struct control {
    pthread_t thread;
    pthread_mutex_t lock;    /* of `pipeline` */
    flow_pipeline *pipeline; /* that is asked; may be NULL */
    struct log *log;
    char *path;
    int listener; /* -1: nobody can ask */
    int stop;     /* readable when the thread is to end */
};

/* Opens the socket if --control-socket asks for it.  Returns EXIT_OK, or EXIT_FAILURE_RUN after it
 * has said why it cannot. */
int control_open(struct control *control, const struct options *options, struct log *log);
void control_close(struct control *control);

/* Lets PIPELINE be asked from now on, or, with NULL, none. */
void control_show(struct control *control, flow_pipeline *pipeline);

/* Answers COUNT words: prints to OUT, and returns the exit status.  See control_consumer.c. */
int control_answer(flow_pipeline *pipeline, const char *const *words, size_t count, FILE *out);

#endif
